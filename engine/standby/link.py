"""The connection of a standby to its primary: found, opened, greeted, and listened to until it is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import zmq
from openbell.connection import SocketSettings
from openbell.discovery import Market, find_market, find_operator_token
from openbell.errors import OpenBellError
from openbell.operator import LOCAL_OPERATOR
from openbell.records import HEADER
from openbell.wire import FrameType

from engine.ports.socket import EVENTS, NOBLOCK, READABLE
from engine.standby.errors import StandbyError
from engine.standby.frames import BEAT_S, SILENT_S, Said, body_of, said_frame
from engine.world import here

ASK_S: Final = 3.0  # for the answer to the first question
FRAMES_A_TURN: Final = 64
PROMPT: Final = "$OPENBELL_OPERATOR_TOKEN, or --of the directory of a primary on this machine, which has its token"
Heard = Callable[[dict[str, Any], bytes], None]


@dataclass(frozen=True, slots=True)
class Primary:
    """Where a primary is. address: of its order port, for people and clients; stream: endpoint of its standby port."""

    market: Market
    address: str
    stream: str
    token: str = field(repr=False)


def look_up(of: str, settings: SocketSettings, known_token: str | None = None) -> Primary:
    """Ask the market at `of` (as for `openbell.connect`) where its standby port is. Blocks. Raises OpenBellError, and
    StandbyError where it is no primary that can be followed. known_token: of an operator there (default: as the SDK
    finds one)."""
    market = find_market(of, settings.server_key)
    token = known_token or find_operator_token(market, LOCAL_OPERATOR) or find_operator_token(market)
    if not token:
        raise StandbyError(f"no token of an operator of the market at {of}: give {PROMPT}", "no_token")
    status = here.network.status(of, token, settings, ASK_S)
    told = status.raw.get("standby") or {}
    if told.get("role") != "primary":
        hint = told.get("primary") or "not known"
        raise StandbyError(f"{of} is a standby itself; the primary that it follows is {hint}", "no_primary")
    endpoint = status.ports.get("standby")
    if endpoint is None:
        raise StandbyError(
            f"the market at {of} takes no standby: give it a port for that (ports.standby = 7705, or --port "
            "standby=7705) and start it again",
            "no_port",
        )
    host = market.control.rpartition(":")[0]
    return Primary(market, market.orders.removeprefix("tcp://"), f"{host}:{endpoint.rpartition(':')[2]}", token)


class Link:
    """One connection. `heard` gets the JSON and the bytes of each frame; `run` returns when it is lost."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, primary: Primary, settings: SocketSettings, heard: Heard
    ) -> None:
        self._loop, self._heard = loop, heard
        self._socket = here.network.dial(primary.stream, settings, primary.market)
        self._watch = here.network.watch(self._socket)
        self._descriptor = int(self._socket.getsockopt(zmq.FD))
        self._lost: asyncio.Future[None] = loop.create_future()
        self.heard_s = here.clock.monotonic()

    async def run(self, hello: Said) -> None:
        """Greet, and take what comes. Raises StandbyError where the primary refuses, or what it says makes no sense."""
        self._loop.add_reader(self._descriptor, self._drain)
        try:
            self.say(hello)
            while not self._lost.done():
                await asyncio.wait([self._lost], timeout=BEAT_S / 2)
                self._drain()
                if self._watch.lost() or here.clock.monotonic() - self.heard_s > SILENT_S:
                    return
            self._lost.result()
        finally:
            if self._lost.done():
                self._lost.exception()  # it was met, also where the connection was lost at the same time
            self.close()

    def say(self, said: Said) -> None:
        """Send a frame."""
        try:
            self._socket.send(said_frame(said), NOBLOCK)
        except zmq.Again:
            return  # it is gone: that is noticed
        if int(self._socket.get(EVENTS)) & READABLE:
            self._loop.call_soon(self._drain)  # the send swallowed the descriptor's signal

    def end(self, error: Exception | None = None) -> None:
        """Listen no longer."""
        if not self._lost.done():
            if error is None:
                self._lost.set_result(None)
            else:
                self._lost.set_exception(error)

    def _drain(self) -> None:
        try:
            for _ in range(FRAMES_A_TURN):
                if self._lost.done() or self._socket.closed:
                    return
                parts = self._socket.recv_multipart(NOBLOCK)
                self.heard_s = here.clock.monotonic()
                self._take(parts)
            self._loop.call_soon(self._drain)
        except zmq.Again:
            pass
        except Exception as error:
            self.end(error)

    def _take(self, parts: list[bytes]) -> None:
        kind = HEADER.unpack_from(parts[0])[2]
        body = body_of(parts[0])
        if kind == FrameType.ERROR:
            raise StandbyError(str(body.get("text")), str(body.get("code")))
        self._heard(body, parts[1] if len(parts) > 1 else b"")

    def close(self) -> None:
        """Disconnect."""
        if not self._socket.closed:
            self._loop.remove_reader(self._descriptor)
            self._watch.close()
            self._socket.close()


PASSING: Final = (OpenBellError, OSError)  # the primary may be there later
