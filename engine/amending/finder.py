"""Finds trades for the verbs of operators, each in a process of its own: a replay takes long, and a processor."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from pathlib import Path
from typing import Final

import msgspec

from engine.amending.__main__ import REFUSED
from engine.amending.facts import Facts, TradeNotFound

ROOT: Final = Path(__file__).resolve().parents[2]
KEPT: Final = 1000  # trades that were found
MOST_WAITING: Final = 8
PATIENCE_S: Final = 600.0


class FinderBusy(Exception):
    """As many wait for their trades already as may."""


class TradeFinder:
    """The trades of the market in `data`. One is searched at a time; the last found ones are kept."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._found: dict[tuple[int, int], Facts] = {}
        self._turn = asyncio.Lock()
        self._waiting = 0

    async def find(self, instrument: int, trade_id: int, last_seq: int) -> Facts:
        """The facts of a trade, if the command that made it is `last_seq` or before.

        Raises TradeNotFound, FinderBusy, TimeoutError, OSError where no process can be started or it fails.
        """
        key = instrument, trade_id
        if key not in self._found:
            if self._waiting >= MOST_WAITING:
                raise FinderBusy
            self._waiting += 1
            try:
                async with self._turn:
                    facts = await asyncio.wait_for(self._search(*key, last_seq), PATIENCE_S)
            finally:
                self._waiting -= 1
            self._found[key] = facts
            if len(self._found) > KEPT:
                del self._found[next(iter(self._found))]
        return self._found[key]

    async def _search(self, instrument: int, trade_id: int, last_seq: int) -> Facts:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "engine.amending", "--data", str(self._data), "--instrument", str(instrument)),
            *("--trade-id", str(trade_id), "--last-seq", str(last_seq)),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "client")])},
        )
        try:
            said, complaints = await process.communicate()
        except BaseException:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            raise
        if process.returncode == REFUSED:
            refusal = msgspec.json.decode(said)
            raise TradeNotFound(refusal["code"], refusal["text"])
        if process.returncode:
            words = complaints.decode("utf-8", "replace").strip().splitlines()
            raise OSError(words[-1] if words else f"the search ended with code {process.returncode}")
        return msgspec.json.decode(said, type=Facts)
