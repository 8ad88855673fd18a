"""Showing what is being prepared and how long it took, and ending with words that help."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

SHOWN_LINES = 25  # of a failed command's output


class Trouble(Exception):
    """A step failed: what happened, and what the person can do about it."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what)
        self.remedy = remedy


class Step:
    """`with Step("compiling ext/"):` prints the title, then how long it took, on standard error."""

    def __init__(self, title: str) -> None:
        self.title = title

    def __enter__(self) -> None:
        self.began_s = time.monotonic()
        print(f"openbell: {self.title} ...", end="", file=sys.stderr, flush=True)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        end = "" if kind is None else " failed after"
        print(f"{end} {time.monotonic() - self.began_s:.1f} s", file=sys.stderr, flush=True)


def run_logged(command: Sequence[str | Path], log: Path, env: Mapping[str, str], cwd: Path, remedy: str) -> None:
    """Run a command with its output in `log`; on failure raise Trouble with the last lines of that output."""
    with log.open("wb") as file:
        file.write(f"$ {' '.join(map(str, command))}\n".encode())
        file.flush()
        done = subprocess.run(command, stdout=file, stderr=subprocess.STDOUT, env=env, cwd=cwd, check=False)
    if done.returncode:
        # Where a tool says what is wrong before its traceback, the traceback (in the log, too) only hides it.
        text = log.read_text("utf-8", "replace")
        said = re.split(r"^(?:concurrent\S*_RemoteTraceback|Traceback \(most)", text, maxsplit=1, flags=re.MULTILINE)[0]
        lines = (said if "error" in said.lower() else text).rstrip().splitlines()
        errors = [number for number, line in enumerate(lines) if "error" in line.lower()]
        start = max(0, len(lines) - SHOWN_LINES)
        if errors and errors[-1] < start:  # what comes after it is long: pip lists every hash it would have taken
            start = errors[0]
        tail = "\n".join(f"    {line}" for line in lines[start : start + SHOWN_LINES])
        raise Trouble(f"exit code {done.returncode}; from {log}:\n{tail}", remedy)
