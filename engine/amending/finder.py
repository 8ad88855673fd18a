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
    """MOST_WAITING wait for their trades already."""

    def __init__(self) -> None:
        super().__init__(f"{MOST_WAITING} trades are looked for already, and one after the other: try again")


class SearchTimeout(TimeoutError):
    """A search took longer than patience_s."""

    def __init__(self, trade_id: int, patience_s: float) -> None:
        super().__init__(
            f"the search of trade {trade_id:,} was ended after {patience_s:g} s: what there is to replay between the "
            "last snapshot before the trade and the trade takes longer"
        )
        self.patience_s = patience_s


class TradeFinder:
    """The trades of the market in `data`. One is searched at a time; the last found ones are kept."""

    def __init__(self, data: Path, patience_s: float = PATIENCE_S) -> None:
        self._data = data
        self._patience_s = patience_s
        self._found: dict[tuple[int, int], Facts] = {}
        self._turn = asyncio.Lock()
        self._waiting = 0

    async def find(self, instrument: int, trade_id: int, last_seq: int) -> Facts:
        """The facts of a trade, if the command that made it is `last_seq` or before.

        Raises TradeNotFound, FinderBusy, SearchTimeout (the wait for its turn does not count), OSError where no
        process can be started or it fails.
        """
        key = instrument, trade_id
        if (known := self._found.get(key)) is not None:
            return known
        if self._waiting >= MOST_WAITING:
            raise FinderBusy
        self._waiting += 1
        try:
            async with self._turn:
                if (known := self._found.get(key)) is not None:
                    return known  # whoever had the turn before looked for the same one
                facts = await self._search_in_time(*key, last_seq)
        finally:
            self._waiting -= 1
        self._found[key] = facts
        if len(self._found) > KEPT:
            del self._found[next(iter(self._found))]
        return facts

    async def _search_in_time(self, instrument: int, trade_id: int, last_seq: int) -> Facts:
        try:
            return await asyncio.wait_for(self._search(instrument, trade_id, last_seq), self._patience_s)
        except TimeoutError:
            raise SearchTimeout(trade_id, self._patience_s) from None

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
