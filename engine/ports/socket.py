"""ROUTER sockets on uvloop: made, bound, drained, written to. Nothing here waits.

ZeroMQ's file descriptor tells of changes only ("edge-triggered"), and any call on the socket may swallow one. So after
a wake-up everything is taken that is there, and after sends it is looked again.
"""

from __future__ import annotations

import asyncio
import ctypes
import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import zmq
from zmq.backend import Socket as BackendSocket
from zmq.utils import z85

from engine.config import Ports, is_loopback
from engine.keys import CurveKeys
from engine.ports.frames import FrameError, error_frame, number_of
from engine.world import here
from ext.intake import FUNCTIONS, Intake

EVENTS: Final = int(zmq.EVENTS)
RCVMORE: Final = int(zmq.RCVMORE)
READABLE: Final = int(zmq.POLLIN)
NOBLOCK: Final = int(zmq.NOBLOCK)
MORE_TO_COME: Final = int(zmq.SNDMORE) | NOBLOCK
UNREAD_S: Final = 30
LARGE_BYTES: Final = 1 << 16  # of a part that is not copied, and counted until the system has it
LINGER_MS: Final = 300  # at the end, for what was sent last
ZEROMQ: Final = zmq.zmq_version_info()
_FUNCTIONS: Final = tuple(f"zmq_{name}" for name in FUNCTIONS)
ALL_COMMANDS: Final = 4096  # that are taken at once of a client that is alone
TURN_COMMANDS: Final = 256  # where there are others: some tenths of a millisecond, which these wait at most
SHARED_NS: Final = 250_000_000  # how long a client is not alone after others sent something
ODD_A_TURN: Final = 16  # frames of a turn that Python has to handle, refusals among them
_AUTOMATIC = 0  # first byte of the identities that ZeroMQ gives; a client cannot choose such a one
_MULTIPART = FrameError("bad_frame", "a message is one frame, this one has more parts", field="parts", limit=1)
_IDENTITY = FrameError(
    "bad_frame", "this client has set ZMQ_IDENTITY (ZMQ_ROUTING_ID): leave it to ZeroMQ", field="identity"
)
_BUG = FrameError("failed", "the engine could not handle this frame; its log says why")


class PortError(Exception):
    """A port could not be opened; the message names it and says why."""


@dataclass(frozen=True, slots=True)
class Encryption:
    """How sockets are encrypted. domain: of the ZAP authenticator, empty when every CURVE client may connect."""

    keys: CurveKeys
    domain: str = ""


def make_socket(
    context: zmq.Context[zmq.Socket[bytes]], kind: int, encryption: Encryption | None, max_bytes: int
) -> zmq.Socket[bytes]:
    """A socket for a port, not bound yet. max_bytes: of one part; a peer that sends more is disconnected."""
    made = context.socket(kind)
    made.linger = 0
    made.maxmsgsize = max_bytes
    made.tcp_keepalive = 1
    made.tcp_maxrt = UNREAD_S * 1000  # who takes nothing from a full connection is disconnected, and its queue freed
    made.handshake_ivl = 5000  # milliseconds: who connects and says nothing is disconnected
    if encryption is not None:
        made.curve_server = True
        made.curve_secretkey = encryption.keys.secret_key.encode()
        made.curve_publickey = encryption.keys.public_key.encode()
        if encryption.domain:
            made.zap_domain = encryption.domain.encode()
    return made


def bind(socket: zmq.Socket[bytes], name: str, ports: Ports, encrypted: bool) -> str:
    """Bind to the configured port of that name; the endpoint. Raises PortError."""
    port = getattr(ports, name)
    if not is_loopback(ports.host) and not encrypted:  # the configuration refuses this too
        raise PortError(f"ports.{name}: {ports.host} is not loopback, and without CURVE nothing else may be bound")
    host = f"[{ports.host}]" if ":" in ports.host else ports.host
    if ":" in ports.host:
        socket.ipv6 = True
    try:
        socket.bind(f"tcp://{host}:{port or '*'}")
    except zmq.ZMQError as error:
        hint = (
            " (another market? give another port, or 0 for a free one: openbell run --ports 0)"
            if error.errno == zmq.EADDRINUSE
            else ""
        )
        why = zmq.strerror(error.errno or 0)
        raise PortError(f"ports.{name}: cannot bind {ports.host}:{port}: {why}{hint}") from error
    bound = socket.getsockopt_string(zmq.LAST_ENDPOINT)
    return bound.replace("0.0.0.0", ports.host) if bound.startswith("tcp://0.0.0.0") else bound


def plain_send(socket: zmq.Socket[bytes]) -> Callable[[bytes, int], object]:
    """The socket's send without what pyzmq puts around it for sockets of other kinds."""
    bound: Callable[[bytes, int], object] = BackendSocket.send.__get__(socket, type(socket))
    return bound


@functools.cache
def zeromq_functions(of: tuple[int, int, int] = ZEROMQ) -> tuple[int, ...] | None:
    """The addresses of the functions that an Intake needs, in its order; None where they cannot be had, or are of
    another version of ZeroMQ than the sockets, which are `of` this one."""
    version = [ctypes.c_int() for _ in range(3)]
    try:
        from zmq.backend.cython import _zmq  # pyzmq has other backends, too

        library = ctypes.CDLL(_zmq.__file__)  # and what it is linked to
        library.zmq_version(*map(ctypes.byref, version))
        addresses = tuple(ctypes.cast(getattr(library, name), ctypes.c_void_p).value or 0 for name in _FUNCTIONS)
    except (ImportError, OSError, AttributeError):
        return None
    same = tuple(part.value for part in version) == of
    return addresses if same and all(addresses) else None


class Router:
    """A ROUTER socket on the loop. At most `frames_a_turn` are taken before the loop goes on.

    `broken(error)` is told of a bug in what handles frames: it costs that frame and no more.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        socket: zmq.Socket[bytes],
        *,
        broken: Callable[[Exception], None],
        frames_a_turn: int = 256,
        send_queue: int = 1_000,
    ) -> None:
        self._loop = loop
        self._socket = socket
        socket.router_mandatory = True  # a client that is gone, or does not read, is an error and not silence
        socket.sndhwm = send_queue
        socket.rcvhwm = 1_000
        self._broken = broken
        self._receive: Callable[[bytes, bytes], None]
        self._begin: Callable[[], None] | None = None
        self._turn: Callable[[int], None] | None = None
        self._refuse: Callable[[bytes, FrameError, int], None] = self._answer_error
        self._frames_a_turn = frames_a_turn
        self._get: Callable[..., Any] = socket.get
        self._recv: Callable[..., Any] = socket.recv
        self._send = here.network.plain_send(socket)
        self._descriptor = socket.fileno()
        self._large: list[tuple[zmq.MessageTracker, int]] = []
        self._paused = False
        self._again: asyncio.Handle | None = None
        self._intake: Intake | None = None
        self._too_much = _BUG
        self.may_serve: Callable[[], bool] = lambda: True  # whether frames that wait may have their turn now
        self._changes = self._shared_until_ns = 0
        self.frames = 0  # taken since the start
        self.refused = 0  # of these, as too many of their sender wait

    def start(
        self,
        receive: Callable[[bytes, bytes], None],
        turn: Callable[[int], None] | None = None,
        refuse: Callable[[bytes, FrameError, int], None] | None = None,
        make_intake: Callable[[Sequence[int], int], Intake] | None = None,
        begin: Callable[[], None] | None = None,
        too_much: FrameError | None = None,
    ) -> None:
        """Begin to take frames; after bind.

        receive: gets identity and frame. begin: called before the frames of one wake-up are taken. turn: called after
        them, with the time (perf_counter) at which they were begun. refuse: gets what is no single frame, as identity,
        error and number; by default that is answered here. make_intake: makes what takes frames first, from ZeroMQ's
        functions and the socket; where those cannot be had, and for the frames that it does not take, there is
        `receive`. too_much: what a frame is refused with when too many of its sender wait in the intake.
        """
        self._receive, self._begin, self._turn = receive, begin, turn
        self._too_much = too_much or _BUG
        if refuse is not None:
            self._refuse = refuse
        functions = here.network.functions()
        if make_intake is not None and functions is not None:
            self._intake = make_intake(functions, self._socket.underlying)
        self._loop.add_reader(self._descriptor, self.on_readable)
        self._soon()

    def on_readable(self) -> None:
        """The system tells of frames. The first one goes on its way before anything else is looked at."""
        if not self._paused:
            self._take(1)

    def _on_again(self) -> None:
        """There was more than one: take many at once, each costs less then."""
        self._again = None
        if not self._paused:
            self._take(self._frames_a_turn)

    def _take(self, limit: int) -> None:
        """Take up to `limit` frames, then let them take effect."""
        if self._begin is not None:
            self._begin()
        taken_ns = here.clock.perf_counter_ns()
        left = limit - self._take_in(limit) if self._intake is not None else self._take_all(limit)
        if left != limit:
            self.frames += limit - left
            if self._turn is not None:
                self._turn(taken_ns)
        if self._serve(taken_ns) or left != limit:
            self.look_again()

    def _take_in(self, limit: int) -> int:
        """Take up to `limit` frames through the intake, which leaves the odd ones; their number."""
        intake = self._intake
        assert intake is not None
        intake.room = self._room()
        taken = odd = 0
        while taken < limit and odd < ODD_A_TURN:
            taken += intake.take(limit - taken)
            if intake.odd is None:
                break
            taken += 1
            odd += 1
            self._take_odd(intake, intake.odd)
        return taken

    def share(self) -> None:
        """Somebody waits for this thread: take less at once for a while."""
        self._shared_until_ns = here.clock.perf_counter_ns() + SHARED_NS

    def _room(self) -> int:
        """How many commands are taken at once."""
        if self._intake is not None and self._intake.changes != self._changes:
            self._changes = self._intake.changes
            self.share()
        return TURN_COMMANDS if here.clock.perf_counter_ns() < self._shared_until_ns else ALL_COMMANDS

    def _serve(self, taken_ns: int) -> bool:
        """What waits in the intake has its turn, after those who sent little: in a batch of its own, so that these are
        not held up by it. Whether anything did."""
        intake = self._intake
        if intake is None or not intake.is_busy or self._paused or not self.may_serve():
            return False
        intake.room = self._room()
        for _ in range(ODD_A_TURN):
            intake.serve()
            if intake.odd is None:
                break
            self._take_odd(intake, intake.odd)
        if self._turn is not None:
            self._turn(taken_ns)
        return True

    def _take_odd(self, intake: Intake, odd: tuple[bytes, bytes, bool]) -> None:
        """A frame that the intake leaves."""
        identity, message, more = odd
        if intake.is_too_much:
            self.refused += 1
            self._refuse(identity, self._too_much, number_of(message))
            return
        if more:
            self._drop_parts()
        self._handle(identity, message, more)

    def _take_all(self, limit: int) -> int:
        """Take up to `limit` frames one by one; how many less there were."""
        recv = self._recv
        left = limit
        try:
            while left:
                identity: bytes = recv(NOBLOCK)
                part = recv(NOBLOCK, False)
                left -= 1
                if part.more:
                    self._drop_parts()
                self._handle(identity, part.bytes, part.more)
        except zmq.Again:
            pass
        return left

    def _handle(self, identity: bytes, message: bytes, more: bool) -> None:
        """Take one frame; `more`: there were further parts."""
        if more:
            self._refuse(identity, _MULTIPART, 0)
        elif identity[0] != _AUTOMATIC:
            self._refuse(identity, _IDENTITY, number_of(message))
        else:
            try:
                self._receive(identity, message)
            except Exception as error:
                self._broken(error)
                self._refuse(identity, _BUG, number_of(message))

    def look_again(self) -> None:
        """After sends: take what came meanwhile, and what waits, in the next turn of the loop."""
        if self._get(EVENTS) & READABLE or (self._intake is not None and self._intake.is_busy and self.may_serve()):
            self._soon()

    def _soon(self) -> None:
        if self._again is None and not self._socket.closed:
            self._again = self._loop.call_soon(self._on_again)

    def _drop_parts(self) -> None:
        while self._get(RCVMORE):
            self._recv(NOBLOCK)

    def _answer_error(self, identity: bytes, error: FrameError, number: int) -> None:
        self.send(identity, error_frame(number, error))

    def send(self, identity: bytes, message: bytes) -> bool:
        """Send a frame; False when the client is gone or its queue is full: it does not read."""
        send = self._send
        try:
            send(identity, MORE_TO_COME)
        except zmq.ZMQError as error:
            if not self._send_again(identity, error):
                return False
        send(message, NOBLOCK)
        return True

    def send_two(self, identity: bytes, head: bytes, body: bytes) -> bool:
        """As `send`, of a message of two parts."""
        send = self._send
        try:
            send(identity, MORE_TO_COME)
        except zmq.ZMQError as error:
            if not self._send_again(identity, error):
                return False
        send(head, MORE_TO_COME)
        if len(body) < LARGE_BYTES:
            send(body, NOBLOCK)
        else:
            self._large.append((self._socket.send(body, NOBLOCK, copy=False, track=True), len(body)))
        return True

    def unread_bytes(self) -> int:
        """Of large parts that wait for clients to read."""
        self._large = [(sent, size) for sent, size in self._large if not sent.done]
        return sum(size for _, size in self._large)

    def _send_again(self, identity: bytes, error: zmq.ZMQError) -> bool:
        """What a client has taken from its queue is seen only when the socket looks: once more, then it is full."""
        if error.errno != zmq.EAGAIN:
            return False
        self._get(EVENTS)
        try:
            self._send(identity, MORE_TO_COME)
        except zmq.ZMQError:
            return False
        return True

    def pause(self) -> None:
        """Take no frames until `go_on`: what comes waits in the queues of ZeroMQ and of the system."""
        self._paused = True

    def go_on(self) -> None:
        """Take frames again."""
        if self._paused:
            self._paused = False
            self._soon()

    def close(self) -> None:
        """Stop taking frames; what was sent goes out for a moment more."""
        self._loop.remove_reader(self._descriptor)
        if self._again is not None:
            self._again.cancel()
        self._intake = None  # it reads the socket by its address
        self._socket.close(linger=LINGER_MS)


def zap_answer(parts: Sequence[bytes], allowed: frozenset[bytes]) -> list[bytes] | None:
    """What the authenticator answers to a request of ZAP 1.0 (RFC 27): a CURVE client whose key is allowed may connect.

    parts: version, request id, domain, address, identity, mechanism, credentials. None for what is no request.
    """
    if len(parts) < 6 or parts[0] != b"1.0":
        return None
    known = parts[5] == b"CURVE" and len(parts) == 7 and len(parts[6]) == 32 and parts[6] in allowed
    status = (b"200", b"OK") if known else (b"400", b"this CURVE key may not connect")
    return [b"1.0", parts[1], *status, b"", b""]


class Authenticator:
    """The ZAP authenticator of a context: who of the CURVE clients may connect."""

    DOMAIN: Final = "openbell"

    def __init__(self, loop: asyncio.AbstractEventLoop, context: zmq.Context[Any], client_keys: Sequence[str]) -> None:
        """client_keys: public keys in Z85. Raises PortError for what is none."""
        try:
            self._allowed = frozenset(z85.decode(key.encode()) for key in client_keys)
        except Exception as error:
            raise PortError(f"ports.client_keys: not a key in Z85: {error!r}") from error
        self._loop = loop
        self._socket = context.socket(zmq.REP)
        self._socket.linger = 0
        self._socket.bind("inproc://zeromq.zap.01")
        self._descriptor = self._socket.fileno()
        loop.add_reader(self._descriptor, self._on_readable)

    def _on_readable(self) -> None:
        while self._socket.get(EVENTS) & READABLE:
            answer = zap_answer(self._socket.recv_multipart(NOBLOCK), self._allowed)
            self._socket.send_multipart(answer or [b"1.0", b"", b"500", b"no ZAP 1.0 request", b"", b""])

    def close(self) -> None:
        """Nobody new may connect."""
        self._loop.remove_reader(self._descriptor)
        self._socket.close()
