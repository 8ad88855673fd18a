"""The processes of one market: the engine, and the workers of the demo that trade in it."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from engine.supervisor.child import Child, Restarts

WORKERS_STOP_S = 1.0  # they cancel their orders and log out
ENGINE_STOP_S = 30.0  # far more than it ever takes; then it is killed, and the journal has everything that was acked


class AlreadyRunning(Exception):
    """Another engine has this directory."""


def refuse_second(data: Path) -> None:
    """Raise AlreadyRunning, in words, when an engine runs in `data`. What really decides is the engine's own lock."""
    pid = engine_file(data).get("pid")
    if not isinstance(pid, int) or not Path(f"/proc/{pid}").exists():
        return
    # A process of that number lives. Is it an engine, or one that got the number of an engine that was killed?
    try:
        descriptor = os.open(data / "run" / "lock", os.O_RDWR)
    except OSError:
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise AlreadyRunning(f"a market runs in {data} already (process {pid})") from None
    finally:
        os.close(descriptor)


def engine_file(data: Path) -> dict[str, Any]:
    """What the running engine tells in run/engine.json; empty without one."""
    try:
        body = json.loads((data / "run" / "engine.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return body if isinstance(body, dict) else {}


class MarketProcesses:
    """The engine and its workers. All methods return soon; nothing here waits for the market to be live."""

    def __init__(self, data: Path, engine: Sequence[str], workers: Sequence[Sequence[str]], *, logs: bool) -> None:
        """engine, workers: their commands. logs: write what they say to DIR/log/*.log instead of standard error."""
        self.data = data
        log = data / "log"
        self.engine = Child("engine", engine, log=log / "engine.log" if logs else None)
        # A worker needs no threads of its own; NumPy's libraries would make one a core.
        env = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        self.workers = [
            Child(f"demo worker {number}", command, log=log / "demo.log" if logs else None, env=env)
            for number, command in enumerate(workers, 1)
        ]
        self._restarts = [Restarts() for _ in workers]
        self._wanted = False  # the workers shall run

    def engine_is_live(self) -> bool:
        """Whether the engine that was started here takes orders."""
        return self.engine.is_running and engine_file(self.data).get("pid") == self.engine.pid

    def start_workers(self) -> None:
        """Start all workers, and from now on start those again that die."""
        self._wanted = True
        for worker in self.workers:
            worker.start()

    def look_after(self, now_s: float) -> list[str]:
        """Start workers again that died, later and later; what happened, in words. now_s: monotonic."""
        news: list[str] = []
        if not self._wanted:
            return news
        for worker, restarts in zip(self.workers, self._restarts, strict=True):
            if worker.is_running:
                continue
            if restarts.due_s is None:
                pause_s = restarts.died(worker.started_s, now_s)
                said = worker.words(1)
                why = f" ({said[0].strip()})" if said else ""
                when = f"in {pause_s:g} s" if pause_s else "now"
                news.append(f"{worker.name} ended: {worker.end_in_words}{why}; starting it again {when}")
            if restarts.due_s is not None and now_s >= restarts.due_s:
                restarts.started()
                worker.start()
        return news

    @property
    def running_workers(self) -> int:
        """How many workers run."""
        return sum(worker.is_running for worker in self.workers)

    def stop_workers(self) -> None:
        """Have the workers cancel their orders and end; kill those that hang."""
        self._wanted = False
        for worker in self.workers:
            worker.signal(signal.SIGTERM)
        deadline_s = time.monotonic() + WORKERS_STOP_S
        for worker in self.workers:
            if not worker.wait(max(0.0, deadline_s - time.monotonic())):
                worker.signal(signal.SIGKILL)
                worker.wait(1.0)

    def stop_engine(self) -> bool:
        """Have the engine stop in order; whether it did (else it was killed)."""
        self.engine.signal(signal.SIGTERM)
        if self.engine.wait(ENGINE_STOP_S):
            return True
        self.engine.signal(signal.SIGKILL)
        self.engine.wait(5.0)
        return False
