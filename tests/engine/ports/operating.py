"""The control port's protocol over a market, with the process around it: for tests."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import numpy as np
from openbell import wire
from openbell.wire import FrameType

from engine.amending.facts import Facts, find
from engine.amending.finder import TradeFinder
from engine.journal.reader import JournalReader
from engine.ports.control import ControlProtocol
from engine.ports.frames import FrameError
from tests.engine.trading import Trading, decoded, json_frame

A = b"\0aaaa"


class Surroundings:
    """The process around the market: it remembers what was asked of it."""

    def __init__(self, folder: Path, last_seq: Callable[[], int]) -> None:
        self.asked: list[str] = []
        self.folder = folder
        self.last_seq = last_seq
        self.finder: TradeFinder | None = None  # else trades are searched without a process

    def status(self) -> dict[str, Any]:
        return {"sequence": 5}

    async def save(self) -> tuple[str, int]:
        self.asked.append("save")
        if len(self.asked) > 1:
            raise FrameError("failed", "no room")
        return "path", 7

    def shut_down(self) -> None:
        self.asked.append("shut down")

    async def find_trade(self, instrument: int, trade_id: int) -> Facts:
        if self.finder is not None:
            return await self.finder.find(instrument, trade_id, self.last_seq())
        return await asyncio.to_thread(find, self.folder, instrument, trade_id, self.last_seq())


class Operating:
    """The protocol over a market, used as a certain operator."""

    def __init__(self, trading: Trading) -> None:
        self.trading = trading
        self.sent: list[bytes] = []
        self.process = Surroundings(trading.folder, lambda: trading.market.journal.durable_seq)
        self.tasks: set[asyncio.Task[None]] = set()
        self.protocol = ControlProtocol(trading.market, trading.keys, self.process, self._send, self._spawn)
        self.token, _ = trading.keys.add_operator("local", any_name=True)

    def _send(self, identity: bytes, message: bytes) -> bool:
        self.sent.append(message)
        return True

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        self.tasks.add(asyncio.ensure_future(work))

    def ask(self, verb: str, reason: str | None = "because", **more: Any) -> dict[str, Any]:
        """What is answered at once: the result of a REPLY, or an ERROR with its code."""
        self.request(verb, reason, **more)
        return self.answer()

    async def ask_slowly(self, verb: str, **more: Any) -> dict[str, Any]:
        """As `ask`, of what takes a while."""
        self.request(verb, "because", **more)
        await asyncio.gather(*self.tasks)
        return self.answer()

    def request(self, verb: str, reason: str | None, **more: Any) -> None:
        body = {"verb": verb, "operator": "ann", "token": self.token, **more}
        if reason is not None:
            body["reason"] = reason
        self.protocol.receive(A, json_frame(FrameType.QUERY, body, 3))

    def answer(self) -> dict[str, Any]:
        ((kind, body),) = map(decoded, self.sent)
        self.sent.clear()
        assert body["number"] == 3
        if kind is FrameType.REPLY:
            assert body["ok"] is True
            assert body["seq"] == self.trading.market.core.seq
            return dict(body["result"])
        assert kind is FrameType.ERROR
        return dict(body)

    def journal(self) -> np.ndarray[Any, Any]:
        """The admin commands that are in the journal after those of the configuration."""
        self.trading.journal.close()
        with JournalReader(self.trading.folder / "journal", 1) as reader:
            data = b""
            while more := reader.read():
                data += more
        commands, offset = [], 0
        while offset < len(data):
            kind = int.from_bytes(data[offset + 16 : offset + 18], "little")
            size = 256 if kind >= wire.ADMIN_KIND else 128 if kind >= wire.SPECIAL_KIND else 64
            if size == 256:
                commands.append(np.frombuffer(data, wire.ADMIN_COMMAND, 1, offset)[0])
            offset += size
        made = np.array(commands, wire.ADMIN_COMMAND)
        return made[made["operator"] != b"configuration"]
