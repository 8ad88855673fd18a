"""All ports of a market together: their sockets opened, their protocols fed, and closed again."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Coroutine
from typing import Any, Final, Protocol

import zmq

from engine.keys import Keys
from engine.logs import Log
from engine.market import Market
from engine.ports import control, orders, snapshots
from engine.ports.commands import TOO_MUCH
from engine.ports.control import ControlProtocol
from engine.ports.frames import FrameError
from engine.ports.orders import OrderProtocol
from engine.ports.snapshots import SnapshotProtocol
from engine.ports.socket import LINGER_MS, Authenticator, Encryption, Router, bind, make_socket
from engine.ports.verbs.verb import Process
from engine.publisher import Publisher
from engine.standby import frames as standby_frames
from engine.standby.sender import Sender
from engine.world import here

SNAPSHOT_QUEUE: Final = 16  # answers that wait for one client: they may be large
CONTROL_QUEUE: Final = 256
SNAPSHOTS_A_TURN, CONTROLS_A_TURN, ORDERS_A_TURN = 1, 4, 128  # frames before the other ports have their turn
SERVED_BYTES: Final = 1 << 17  # that wait for the disk: then clients wait that sent a lot
SUBSCRIPTION_BYTES: Final = 1 << 10
STANDBY_QUEUE: Final = 10_000  # frames; of bytes there is a limit of its own
STANDBYS_A_TURN: Final = 16


class Surroundings(Process, Protocol):
    """What the ports need of the process around them."""

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run it beside everything else."""

    def look_out(self) -> None:
        """A commit may have begun that is done soon."""


class Doors:
    """Opens on `open`, which raises PortError with nothing left open."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, market: Market, keys: Keys, process: Surroundings, log: Log,
        sender: Sender | None = None,
    ) -> None:  # fmt: skip
        """sender: what standbys get; without it none may follow."""
        self._loop, self._market, self._keys, self._process, self._log = loop, market, keys, process, log
        self._sender = sender
        self.addresses: dict[str, str] = {}
        self.server_key: str | None = None
        self._context: zmq.Context[Any] | None = None
        self._authenticator: Authenticator | None = None
        self._routers: list[Router] = []
        self._publisher: Publisher | None = None
        self._pause_bytes = market.config.journal.pending_bytes // 4
        self.is_paused = False
        self.is_refusing = False

    def open(self) -> None:
        """Bind all ports and begin to serve. Raises PortError."""
        try:
            self._open()
        except BaseException:
            self.close()
            raise

    def _open(self) -> None:
        ports = self._market.config.ports
        self._context = here.network.context()
        encryption = None
        if ports.curve:
            curve = self._keys.ensure_curve()
            self.server_key = curve.public_key
            encryption = Encryption(curve, Authenticator.DOMAIN if ports.client_keys else "")
            if ports.client_keys:
                allowed = [*ports.client_keys, self._keys.ensure_local_client().public_key]
                self._authenticator = Authenticator(self._loop, self._context, allowed)
        sockets = {}
        for name, kind, max_bytes in (
            ("orders", zmq.ROUTER, orders.MAX_FRAME_BYTES),
            ("market_data", zmq.XPUB, SUBSCRIPTION_BYTES),
            ("snapshots", zmq.ROUTER, snapshots.MAX_FRAME_BYTES),
            ("control", zmq.ROUTER, control.MAX_FRAME_BYTES),
        ):
            sockets[name] = make_socket(self._context, kind, encryption, max_bytes)
        order_router = self.order_router = self._router(sockets["orders"], ORDERS_A_TURN, ports.send_queue)
        snapshot_router = self._router(sockets["snapshots"], SNAPSHOTS_A_TURN, SNAPSHOT_QUEUE)
        control_router = self._router(sockets["control"], CONTROLS_A_TURN, CONTROL_QUEUE)
        self._publisher = Publisher(
            self._loop, sockets["market_data"], self._market.feed, self._market.depths, queue=ports.feed_queue
        )
        if self._sender is not None:
            sockets["standby"] = make_socket(self._context, zmq.ROUTER, encryption, standby_frames.MAX_FRAME_BYTES)
            standby_router = self._router(sockets["standby"], STANDBYS_A_TURN, STANDBY_QUEUE)
        for name, socket in sockets.items():
            self.addresses[name] = bind(socket, name, ports, encryption is not None)
        market, keys = self._market, self._keys
        self.orders = OrderProtocol(market, keys, order_router.send, market.config.market.name)
        self.control = ControlProtocol(market, keys, self._process, control_router.send, self._process.spawn)
        market.gate.broken = self._broken
        market.send_events = self.orders.send_events
        market.send_data = self._publisher.publish
        order_router.start(
            self.orders.receive, self._turn, self.orders.refuse, self.orders.intake, self._begin, TOO_MUCH
        )
        order_router.may_serve = self._may_serve
        answers = SnapshotProtocol(market, snapshot_router.send, snapshot_router.send_two, snapshot_router.unread_bytes)
        snapshot_router.start(answers.receive)
        control_router.start(self._receive_verb, lambda taken_ns: self.after_sends())
        self._publisher.start(lambda: market.journal.durable_seq)
        if self._sender is not None:
            self._sender.begin(standby_router.send, standby_router.send_two)
            standby_router.start(self._sender.receive)

    def _router(self, socket: zmq.Socket[bytes], frames_a_turn: int, send_queue: int) -> Router:
        router = Router(self._loop, socket, broken=self._broken, frames_a_turn=frames_a_turn, send_queue=send_queue)
        self._routers.append(router)
        return router

    # ------------------------------------------------------------ running

    def _begin(self) -> None:
        """Frames are about to be taken. Where the engine is late, what was due meanwhile is done without them: they
        came after it, or nobody can say that they came before."""
        if self._market.sequencer.is_due():
            self._turn(here.clock.perf_counter_ns())
            self.after_sends()

    def _receive_verb(self, identity: bytes, message: bytes) -> None:
        """An operator waits: orders are taken in small turns for a while."""
        self.order_router.share()
        self.control.receive(identity, message)

    def _may_serve(self) -> bool:
        """Whether what waits of clients that sent a lot may go on: not before most of it is on disk, as a commit takes
        the longer the more is in it, and others wait for it, too."""
        return self._market.in_memory or self._market.journal.pending_bytes < SERVED_BYTES

    def _turn(self, taken_ns: int) -> None:
        """The commands of one wake-up go on their way."""
        self.orders.settle()
        self._market.sequencer.flush(taken_ns)
        self._process.look_out()
        if self._market.journal.pending_bytes > self._pause_bytes and not self.is_refusing:
            self.is_paused = True
            self.order_router.pause()

    def after_sends(self) -> None:
        """Something was sent outside of a port's own turn: look at the sockets again."""
        for router in self._routers:
            router.look_again()
        if self.is_paused and self._market.journal.pending_bytes < self._pause_bytes // 2:
            self.is_paused = False
            self.order_router.go_on()

    def sweep(self, now_s: float) -> None:
        """Log out silent clients, and look at all sockets: what was sent outside of a port's own turn (the end of a
        session, the answer to a verb that took a while) may have swallowed the news of a frame that came."""
        self.orders.sweep(now_s, is_reading=not self.is_paused)
        if self.orders.settle():
            self._market.sequencer.flush(here.clock.perf_counter_ns())
        self.after_sends()

    def refuse_orders(self, why: FrameError | None) -> None:
        """Refuse all orders, saying why; or take them again."""
        self.orders.refusing = why
        self.is_refusing = why is not None
        self.is_paused = False
        self.order_router.go_on()

    def restrict(self, why: FrameError | None) -> None:
        """Take only what makes the market smaller, saying why; or all again."""
        self.orders.restricting = why
        self.control.restricting = why

    def refuse(self, why: FrameError | None) -> None:
        """Refuse everything that changes the market, saying why; or take it again."""
        self.control.refusing = why
        self.refuse_orders(why)

    def sessions(self) -> list[dict[str, Any]]:
        """Who is logged in at the order port."""
        return self.orders.rows()

    def figures(self) -> dict[str, Any]:
        """For `status`."""
        return {
            "frames": self.order_router.frames,
            "refused_frames": self.order_router.refused,
            "sessions": self.orders.sessions,
            "dropped_sessions": self.orders.dropped,
            "subscriptions": self._publisher.wanted.decode() if self._publisher is not None else "",
            "ports": self.addresses,
        }

    def _broken(self, error: Exception) -> None:
        self._log.error("a frame was not handled", error=repr(error), where=traceback.format_exc(limit=-4))

    def close(self) -> None:
        """Close all ports; what was sent goes out, for at most LINGER_MS."""
        for router in self._routers:
            router.close()
        self._routers.clear()
        if self._publisher is not None:
            self._publisher.close(LINGER_MS)
            self._publisher = None
        if self._authenticator is not None:
            self._authenticator.close()
        if self._context is not None:
            self._context.destroy(linger=0)  # closes what was not bound
            self._context = None
