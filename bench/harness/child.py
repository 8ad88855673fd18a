"""A module in a process of its own that prints one word when it is ready and ends when its standard input closes."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from pathlib import Path
from types import TracebackType

ROOT = Path(__file__).resolve().parent.parent.parent


def environment() -> dict[str, str]:
    """This process's environment, with the clone's packages importable."""
    return dict(os.environ, PYTHONPATH=os.pathsep.join([str(ROOT), str(ROOT / "client")]))


class Child:
    """`with Child("bench.floor.echo") as child:` then `child.word` is the first line that it printed."""

    def __init__(self, module: str, *arguments: str, ready_timeout_s: float = 20.0) -> None:
        self.command = [sys.executable, "-m", module, *arguments]
        self.ready_timeout_s = ready_timeout_s
        self.word = ""

    def __enter__(self) -> Child:
        self.process = subprocess.Popen(
            self.command, env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        assert self.process.stdout is not None
        if not select.select([self.process.stdout], [], [], self.ready_timeout_s)[0]:
            self._stop()
            raise TimeoutError(f"{' '.join(self.command)} was not ready in {self.ready_timeout_s} s")
        self.word = self.process.stdout.readline().strip()
        if not self.word:
            self._stop()
            raise RuntimeError(
                f"{' '.join(self.command)} ended with code {self.process.returncode} before it was ready"
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def _stop(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()
