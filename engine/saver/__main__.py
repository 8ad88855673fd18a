"""`python -m engine.saver CONFIG`: waits for requests on standard input, and has engine.saver.work do each.

CONFIG is the descriptor of an open file that a worker reads. A request is a line, given to the worker as it is; what
the worker says goes to standard output, and after its end a line {"ended": exit code, "said": its last words}. The end
of standard input is the wish to end. Nothing large is imported here: this process is there as long as the engine is,
and starting a worker from it takes no time of the engine, as starting one from a large process would.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

NICE = 19
WORST = "1000"  # out of memory: this one goes first
LAST_WORDS = 2000


def main() -> int:
    """Run it. Returns the exit code."""
    descriptor = int(sys.argv[1])
    stand_back()
    running: list[subprocess.Popen[bytes]] = []
    for line in sys.stdin.buffer:
        threading.Thread(target=_run, args=(line, descriptor, running), daemon=True).start()
    for worker in running:
        worker.kill()
    return 0


def stand_back() -> None:
    """Let everything else on this machine go first. What the system does not allow is done without."""
    os.nice(NICE)
    try:
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
        Path("/proc/self/oom_score_adj").write_text(WORST, "ascii")
    except OSError:
        pass


def _run(request: bytes, descriptor: int, running: list[subprocess.Popen[bytes]]) -> None:
    """One request. The worker has our standard output, and ends when its standard input does: with this process."""
    with tempfile.TemporaryFile() as errors:
        command = [sys.executable, "-m", "engine.saver.work", str(descriptor)]
        worker = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=errors, pass_fds=[descriptor])
        running.append(worker)
        assert worker.stdin is not None
        try:
            worker.stdin.write(request)
            worker.stdin.flush()
        except OSError:
            pass  # it has ended
        code = worker.wait()
        running.remove(worker)
        errors.seek(0)
        words = errors.read().decode("utf-8", "replace").strip().splitlines()
    said = words[-1][-LAST_WORDS:] if words else ""
    os.write(sys.stdout.fileno(), json.dumps({"ended": code, "said": said}).encode() + b"\n")


if __name__ == "__main__":
    sys.exit(main())
