"""ZeroMQ sockets to a market: how they are set up, encrypted and watched."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import zmq
from zmq.backend import Socket as BackendSocket
from zmq.utils.monitor import parse_monitor_message

from openbell.errors import InvalidInput

_LIMIT_BYTES = 1 << 26  # a frame from the market larger than this is not ours


@dataclass(frozen=True, slots=True)
class SocketSettings:
    """How sockets are made.

    server_key, public_key, secret_key: CURVE keys (Z85). With a server_key alone, a pair is made for this process.
    send_queue, receive_queue: frames (ZMQ_SNDHWM, ZMQ_RCVHWM). options: further ZeroMQ socket options by number.
    """

    server_key: str | None = None
    public_key: str | None = None
    secret_key: str | None = field(default=None, repr=False)
    send_queue: int = 100_000
    receive_queue: int = 1_000_000
    options: Mapping[int, int | bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if (self.public_key is None) != (self.secret_key is None):
            raise InvalidInput("public_key and secret_key go together", field="secret_key")
        for name in ("server_key", "public_key", "secret_key"):
            key = getattr(self, name)
            if key is not None and len(key) != 40:
                raise InvalidInput(f"{name} has {len(key)} characters; a CURVE key in Z85 has 40", field=name, limit=40)


def open_socket(kind: int, endpoint: str, settings: SocketSettings, server_key: str | None = None) -> zmq.Socket[bytes]:
    """A connected socket of the process' ZeroMQ context. Raises InvalidInput for an endpoint that is none."""
    socket: zmq.Socket[bytes] = zmq.Context.instance().socket(kind)
    socket.linger = 0
    socket.sndhwm, socket.rcvhwm = settings.send_queue, settings.receive_queue
    socket.maxmsgsize = _LIMIT_BYTES
    socket.reconnect_ivl, socket.reconnect_ivl_max = 20, 500
    key = settings.server_key or server_key
    if key is not None:
        public, secret = settings.public_key, settings.secret_key
        if public is None or secret is None:
            made_public, made_secret = zmq.curve_keypair()
            public, secret = made_public.decode(), made_secret.decode()
        socket.curve_serverkey, socket.curve_publickey, socket.curve_secretkey = (
            key.encode(),
            public.encode(),
            secret.encode(),
        )
    for option, value in settings.options.items():
        socket.setsockopt(option, value)
    try:
        socket.connect(endpoint)
    except zmq.ZMQError as error:
        socket.close()
        raise InvalidInput(f"address {endpoint!r}: {error}", field="address", value=endpoint) from error
    return socket


def plain_send(socket: zmq.Socket[bytes]) -> Callable[[bytes], object]:
    """The socket's blocking send of one frame, without what pyzmq puts around it for other kinds of sockets."""
    bound: Callable[[bytes], object] = BackendSocket.send.__get__(socket, type(socket))
    return bound


class Watch:
    """Tells whether a socket's connection was lost, without touching its traffic."""

    def __init__(self, socket: zmq.Socket[bytes]) -> None:
        self._socket = socket
        self._monitor = socket.get_monitor_socket(zmq.EVENT_DISCONNECTED)

    def lost(self) -> bool:
        """Whether the connection broke since the last call."""
        broken = False
        while True:
            try:
                event = parse_monitor_message(self._monitor.recv_multipart(zmq.NOBLOCK))
            except zmq.Again:
                return broken
            broken = broken or event["event"] == zmq.EVENT_DISCONNECTED

    def close(self) -> None:
        """Stop watching; before the socket is closed."""
        self._socket.disable_monitor()
