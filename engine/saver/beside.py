"""The engine's side of the process that saves: started with the engine, asked, heard, ended with it.

It is started before the market is brought back. To start a process from a large one may hold that up for longer than an
order may wait; from then on asking is a line into a pipe, and hearing one out of another.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from engine.config import Config
from engine.saver.request import Request, Told, config_file, words

ROOT: Final = Path(__file__).resolve().parents[2]
SILENT_S: Final = 600.0  # without a sign of life: it is ended
LINE_BYTES: Final = 1 << 16


class NotSaved(Exception):
    """No snapshot was made; the message says why."""


class Beside:
    """Saves the market in `data`, whose configuration is `config`. told: gets warnings of what it says on the way."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, data: Path, config: Config, told: Callable[[str], None]
    ) -> None:
        self._loop, self._data, self._config, self._told = loop, data, config, told
        self._process: subprocess.Popen[bytes] | None = None
        self._rest = b""
        self._last: Told | None = None  # the result that the worker told
        self._done: asyncio.Future[Told] | None = None
        self._heard_s = 0.0

    @property
    def pid(self) -> int | None:
        """The process that waits for requests; its child works. None: there is none."""
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Have the process; it waits then. Raises OSError."""
        if self._process is not None:
            return
        descriptor = config_file(self._config)
        try:
            self._process = process = subprocess.Popen(
                [sys.executable, "-m", "engine.saver", str(descriptor)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                pass_fds=[descriptor],
                process_group=0,  # Ctrl-C in the terminal is for the engine; and it is ended with its worker
                env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "client")])},
            )
        finally:
            os.close(descriptor)
        assert process.stdin is not None
        assert process.stdout is not None
        os.set_blocking(process.stdin.fileno(), False)
        os.set_blocking(process.stdout.fileno(), False)
        self._rest = b""
        self._loop.add_reader(process.stdout.fileno(), self._on_readable)

    async def save(self, seq: int, ts_ns: int, sequences: list[int], counts: list[int]) -> Told:
        """Have the state after `seq` saved, which is durable; what the worker told of it. One at a time.

        Raises NotSaved. Where this is cancelled the process goes on: `end` ends it.
        """
        self._done = self._loop.create_future()
        try:
            self.start()
            assert self._process is not None
            assert self._process.stdin is not None
            request = words(Request(str(self._data), seq, ts_ns, sequences, counts))
            os.write(self._process.stdin.fileno(), request)
        except OSError as error:
            self.end()
            raise NotSaved(f"the process that saves cannot be asked: {error}") from error
        self._last, self._heard_s = None, self._loop.time()
        while not self._done.done():
            await asyncio.wait({self._done}, timeout=SILENT_S / 4)
            if not self._done.done() and self._loop.time() - self._heard_s > SILENT_S:
                self.end(f"the process that saves was silent for {SILENT_S:g} s and was ended")
        told = self._done.result()
        if told.path is None:
            raise NotSaved(told.failed or f"the process that saves has ended with code {told.ended}: {told.said}")
        return told

    def end(self, why: str = "it was broken off") -> None:
        """End the process, and what it does. `save` starts another one."""
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None
        assert process.stdout is not None
        self._loop.remove_reader(process.stdout.fileno())
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)  # not waited for yet, so the number is still its own
        process.stdin.close()
        process.stdout.close()
        threading.Thread(
            target=process.wait, daemon=True
        ).start()  # it may take a while to die, as it lets all go first
        self._finish(Told(failed=why))

    def _finish(self, told: Told) -> None:
        if self._done is not None and not self._done.done():
            self._done.set_result(told)

    def _on_readable(self) -> None:
        process = self._process
        if process is None:
            return
        assert process.stdout is not None
        try:
            data = os.read(process.stdout.fileno(), LINE_BYTES)
        except BlockingIOError:
            return
        if not data:
            self.end("the process that saves has ended")
            return
        self._heard_s = self._loop.time()
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            try:
                self._hear(msgspec.json.decode(line, type=Told))
            except msgspec.MsgspecError as error:
                self.end(f"the process that saves said something else than it should: {error}")
                return

    def _hear(self, told: Told) -> None:
        if told.warning is not None:
            self._told(told.warning)
        elif told.path is not None or told.failed is not None:
            self._last = told
        elif told.ended is not None:
            self._finish(self._last or told)
