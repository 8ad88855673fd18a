"""The network: sockets as ZeroMQ's for the ports, and links to them for simulated clients.

A link is a connection: what is sent on it arrives in order, each frame whole or not at all, some time later; links
know nothing of each other. A socket's descriptor tells of changes only, and any call on the socket swallows that.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable
from typing import Any, Final

import zmq
from openbell.connection import SocketSettings
from openbell.discovery import Market, find_market
from openbell.status import Status

from engine.simulate.world.dialing import Dealer, Watch, status
from engine.simulate.world.intake import MESSAGES
from engine.simulate.world.loop import Bell
from engine.simulate.world.process import SimulatedProcess
from engine.simulate.world.timeline import MS, US, Timeline

EVENTS, RCVMORE, LAST_ENDPOINT = int(zmq.EVENTS), int(zmq.RCVMORE), int(zmq.LAST_ENDPOINT)
NOTICE_NS: Final = 2 * MS  # until the other side of a connection that was cut knows it
UNREACHABLE: Final = int(zmq.EHOSTUNREACH)
Frame = tuple[bytes, ...]


class Link:
    """One connection between a client and a socket. `on_frame`, `on_lost`: the client's."""

    def __init__(self, network: Network, socket: SimulatedSocket, name: str) -> None:
        self.network, self.socket, self.name = network, socket, name
        self.is_up = True
        self.is_reading = True  # the client takes what arrives
        self.identity = network.new_identity()
        self.on_frame: Callable[[Frame], None] = lambda frame: None
        self.on_lost: Callable[[], None] = lambda: None
        self.delay_ns = round(network.generator.uniform(20, 400) * US)
        self.prefixes: list[bytes] = []
        self._arrives_ns = [0, 0]  # the last frame, of each direction
        self._waiting: deque[Frame] = deque()  # arrived, and not read
        self._on_the_way = 0
        self.last: Frame | None = None
        self.duplicates = 0  # of the next frames to the client, so many come twice
        self.machine = ""  # that the client is on; empty: somewhere

    def _when(self, direction: int) -> int:
        network = self.network
        pause_ns = round(self.delay_ns * network.generator.uniform(0.5, 1.5)) + network.lag_ns
        now_ns = max(network.timeline.now_ns, network.apart_until_ns(self.machine, self.socket.process.machine.name))
        when_ns = max(now_ns + pause_ns, self._arrives_ns[direction])
        self._arrives_ns[direction] = when_ns
        return when_ns

    # ------------------------------------------------------------ the client's side

    def send(self, *parts: bytes) -> None:
        """Send a frame to the socket; it may be lost with the connection."""
        if self.is_up:
            self.network.timeline.at(self._when(0), lambda: self._arrive(parts))

    def _arrive(self, parts: Frame) -> None:
        if self.is_up:
            self.network.trace(f"> {self.name}", b"".join(parts))
            self.socket.take(self, parts)

    def subscribe(self, prefix: bytes) -> None:
        """To what begins so."""

        def arrive() -> None:
            if self.is_up:
                self.prefixes.append(prefix)
                self.socket.subscribed(self, prefix)

        if self.is_up:
            self.network.timeline.at(self._when(0), arrive)

    def read_on(self) -> None:
        """Take what arrived while it was not read, and what comes."""
        self.is_reading = True
        while self._waiting and self.is_up and self.is_reading:
            self._read(self._waiting.popleft())

    def close(self) -> None:
        """The client's wish: the socket notices when what was sent has arrived."""
        if self.is_up:
            self.network.timeline.at(self._when(0), self._end)
            self.on_lost = lambda: None
            self.on_frame = lambda frame: None

    # ------------------------------------------------------------ the socket's side

    @property
    def queued(self) -> int:
        """Frames that the client has not taken."""
        return self._on_the_way + len(self._waiting)

    def deliver(self, frame: Frame) -> None:
        """Send a frame to the client."""
        self._on_the_way += 1
        self.network.timeline.at(self._when(1), lambda: self._delivered(frame))

    def _delivered(self, frame: Frame) -> None:
        self._on_the_way -= 1
        if not self.is_up:
            return
        if self.is_reading:
            self._read(frame)
        else:
            self._waiting.append(frame)

    def _read(self, frame: Frame) -> None:
        self.network.trace(f"< {self.name}", b"".join(frame))
        self.on_frame(frame)
        if self.duplicates and self.is_up:
            self.duplicates -= 1
            self.network.timeline.after(self.delay_ns, lambda: self._again(frame))

    def _again(self, frame: Frame) -> None:
        if self.is_up:
            self.on_frame(frame)

    # ------------------------------------------------------------ its end

    def cut(self) -> None:
        """The connection is lost, and all that is on its way."""
        if self.is_up:
            self._end()
            self.network.timeline.after(NOTICE_NS, lambda: self.on_lost())

    def _end(self) -> None:
        self.is_up = False
        self.socket.unlinked(self)


class Network:
    """All sockets that are bound, by their endpoints. `lag_ns`: added to every frame's way."""

    def __init__(self, timeline: Timeline) -> None:
        self.timeline = timeline
        self.generator: random.Random = timeline.random("network")
        self.bound: dict[str, SimulatedSocket] = {}
        self.links: list[Link] = []
        self.messages = MESSAGES
        self.messages.begin()
        self.has_intake = True
        self.lag_ns = 0
        self.apart: dict[tuple[str, str], int] = {}  # machines between which nothing arrives, until then
        self.on_sent: Callable[[SimulatedSocket, Frame], None] = lambda socket, frame: None
        self._identities = 0

    def new_identity(self) -> bytes:
        self._identities += 1
        return b"\0" + self._identities.to_bytes(4, "big")

    def trace(self, what: str, data: bytes) -> None:
        self.timeline.trace_data(what, data)

    def apart_until_ns(self, client: str, machine: str) -> int:
        """When these machines hear each other again; what they say meanwhile comes then."""
        if not self.apart or client == machine:
            return 0
        return max(self.apart.get((client, machine), 0), self.apart.get((machine, client), 0))

    def connect(self, endpoint: str, name: str, machine: str = "") -> Link | None:
        """A connection to what is bound there, of a client on that machine (empty: somewhere); None where nothing is,
        or no way leads there now."""
        socket = self.bound.get(endpoint)
        if socket is None or socket.closed or socket.process.is_dead:
            return None
        if self.apart_until_ns(machine, socket.process.machine.name) > self.timeline.now_ns:
            return None
        link = Link(self, socket, name)
        link.machine = machine
        self.links = [one for one in self.links if one.is_up]
        self.links.append(link)
        socket.links[link.identity] = link
        return link

    def died(self, process: SimulatedProcess) -> None:
        """A process has ended: its connections break."""
        for endpoint, socket in list(self.bound.items()):
            if socket.process is process:
                del self.bound[endpoint]
                socket.closed = True
                for link in list(socket.links.values()):
                    link.cut()
        for link in process.links:
            link.cut()


class Message:
    """One part, as zmq.Frame."""

    __slots__ = ("bytes", "more")

    def __init__(self, data: bytes, more: bool) -> None:
        self.bytes, self.more = data, more


class SimulatedSocket:
    """A ROUTER or XPUB socket as the ports use it. Options are attributes, as with pyzmq."""

    rcvhwm = sndhwm = 1_000

    def __init__(self, network: Network, process: SimulatedProcess, kind: int) -> None:
        self.network, self.process, self.kind = network, process, kind
        self.closed = False
        self.bell = Bell()
        self.links: dict[bytes, Link] = {}
        self.underlying = network.messages.add(self)
        self._is_within = False  # more parts of a message are to be taken
        self.is_market_data = kind == zmq.XPUB
        self._endpoint = ""
        self._descriptor = process.descriptor(self)
        self._parts: deque[Message] = deque()
        self._sending: list[bytes] = []
        self._prefixes: dict[bytes, int] = {}

    # ------------------------------------------------------------ what comes

    def take(self, link: Link, parts: Frame) -> None:
        """A frame has arrived."""
        if self.kind == zmq.ROUTER:
            last = len(parts) - 1
            self._put(Message(link.identity, True), *(Message(data, at < last) for at, data in enumerate(parts)))

    def subscribed(self, link: Link, prefix: bytes) -> None:
        """A subscriber wants what begins so; the first one is told of."""
        self._prefixes[prefix] = self._prefixes.get(prefix, 0) + 1
        if self._prefixes[prefix] == 1:
            self._put(Message(b"\1" + prefix, False))

    def unlinked(self, link: Link) -> None:
        """A connection has ended."""
        self.links.pop(link.identity, None)
        if self.closed:
            return
        for prefix in link.prefixes:
            self._prefixes[prefix] -= 1
            if not self._prefixes[prefix]:
                self._put(Message(b"\0" + prefix, False))

    def _put(self, *parts: Message) -> None:
        if self.closed or self.process.is_dead:
            return
        is_asleep = not self._parts
        self._parts.extend(parts)
        if is_asleep:
            self.bell.ring()

    @property
    def endpoint(self) -> str:
        """Where it is bound."""
        return self._endpoint

    # ------------------------------------------------------------ as pyzmq

    def fileno(self) -> int:
        return self._descriptor

    def bind(self, endpoint: str) -> None:
        host, _, port = endpoint.rpartition(":")
        if port == "*":
            port = str(40_000 + self._descriptor)
        self._endpoint = f"{host}:{port}"
        self.network.bound[self._endpoint] = self

    def getsockopt_string(self, option: int) -> str:
        if option != LAST_ENDPOINT:
            raise zmq.ZMQError(zmq.EINVAL)
        return self._endpoint

    def get(self, option: int) -> int:
        if option == RCVMORE:
            return int(self._is_within)
        self.bell.is_readable = False
        return int(zmq.POLLOUT) | (int(zmq.POLLIN) if self._parts else 0)

    def recv(self, flags: int = 0, copy: bool = True) -> Any:
        part = self.take_part()
        if part is None:
            raise zmq.Again
        return part.bytes if copy else part

    def take_part(self) -> Message | None:
        """The next part; None where there is none."""
        self.bell.is_readable = False
        if not self._parts:
            return None
        part = self._parts.popleft()
        self._is_within = part.more
        return part

    def send(self, data: bytes, flags: int = 0, copy: bool = True, track: bool = False) -> Any:
        if self.process.is_dead:
            self.process.leave()
        self.bell.is_readable = False
        if self.kind == zmq.XPUB:
            self._publish(bytes(data))
            return None
        if not self._sending:
            link = self.links.get(data)
            if link is None:
                raise zmq.ZMQError(UNREACHABLE)
            if link.queued >= self.sndhwm:
                raise zmq.Again
        self._sending.append(bytes(data))
        if not flags & zmq.SNDMORE:
            identity, *frame = self._sending
            self._sending = []
            found = self.links.get(identity)
            if found is not None:
                self.network.trace(f"sent {found.name}", b"".join(frame))
                self.network.on_sent(self, tuple(frame))
                found.deliver(tuple(frame))
        return _Sent() if track else None

    def _publish(self, data: bytes) -> None:
        self.network.on_sent(self, (data,))
        for link in list(self.links.values()):
            if any(data.startswith(prefix) for prefix in link.prefixes) and link.queued < self.sndhwm:
                link.deliver((data,))

    def close(self, linger: int = 0) -> None:
        if not self.closed:
            self.closed = True
            if self.network.bound.get(self._endpoint) is self:
                del self.network.bound[self._endpoint]
            for link in list(self.links.values()):  # what was sent goes out
                self.network.timeline.at(link._when(1), link.cut)


class _Sent:
    """As zmq.MessageTracker: it is on its way."""

    done = True


class SimulatedZeroMQ:
    """As engine/world/doors.Network."""

    def __init__(self, network: Network, process: SimulatedProcess) -> None:
        self._network, self._process = network, process

    def context(self) -> SimulatedZeroMQ:
        return self

    def socket(self, kind: int) -> SimulatedSocket:
        return SimulatedSocket(self._network, self._process, kind)

    def destroy(self, linger: int = 0) -> None:
        """As zmq.Context."""

    def dial(self, endpoint: str, settings: SocketSettings, market: Market) -> Dealer:
        return Dealer(self._network, self._process, endpoint, f"{self._process.machine.name}'s standby")

    def watch(self, socket: Dealer) -> Watch:
        return Watch(socket)

    def status(self, of: str, token: str, settings: SocketSettings, timeout_s: float) -> Status:
        return status(self._network, self._process, find_market(of), token, timeout_s)

    def plain_send(self, socket: SimulatedSocket) -> Callable[[bytes, int], object]:
        return socket.send

    def functions(self) -> tuple[int, ...] | None:
        return self._network.messages.addresses if self._network.has_intake else None
