"""ZeroMQ sockets to a market: how they are set up, encrypted and watched."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import zmq
from zmq.backend import Socket as BackendSocket
from zmq.utils.monitor import parse_monitor_message

from openbell.discovery import Market
from openbell.errors import InvalidInput

KEYS: Final = ("server_key", "public_key", "secret_key")
_LIMIT_BYTES = 1 << 26  # a frame from the market larger than this is not ours


@dataclass(frozen=True, slots=True)
class SocketSettings:
    """How sockets are made.

    server_key, public_key, secret_key: CURVE keys (Z85), of the market and of this client. With a server_key alone, the
    pair that the market left on its own machine, else one made for this process.
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
        for name in KEYS:
            key = getattr(self, name)
            if key is not None and len(key) != 40:
                raise InvalidInput(f"{name} has {len(key)} characters; a CURVE key in Z85 has 40", field=name, limit=40)

    @classmethod
    def from_environment(cls) -> SocketSettings:
        """The defaults, with the CURVE keys of $OPENBELL_SERVER_KEY, $OPENBELL_PUBLIC_KEY and $OPENBELL_SECRET_KEY."""
        server_key, public_key, secret_key = (os.environ.get(f"OPENBELL_{name.upper()}") or None for name in KEYS)
        return cls(server_key, public_key, secret_key)


def open_socket(kind: int, endpoint: str, settings: SocketSettings, market: Market) -> zmq.Socket[bytes]:
    """A socket of the process' ZeroMQ context, connected to an endpoint of `market`. Raises InvalidInput."""
    socket: zmq.Socket[bytes] = zmq.Context.instance().socket(kind)
    socket.linger = 0
    socket.sndhwm, socket.rcvhwm = settings.send_queue, settings.receive_queue
    socket.maxmsgsize = _LIMIT_BYTES
    socket.reconnect_ivl, socket.reconnect_ivl_max = 20, 500
    key = settings.server_key or market.server_key
    if key is not None:
        if settings.public_key is not None and settings.secret_key is not None:
            public, secret = settings.public_key.encode(), settings.secret_key.encode()
        elif market.client_keys is not None:
            public, secret = (one.encode() for one in market.client_keys)
        else:
            public, secret = zmq.curve_keypair()
        socket.curve_serverkey, socket.curve_publickey, socket.curve_secretkey = key.encode(), public, secret
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
        self._monitor = socket.get_monitor_socket(
            zmq.EVENT_DISCONNECTED | zmq.EVENT_CONNECTED | zmq.EVENT_CONNECT_RETRIED
        )
        self.is_connected = self.is_refused = False  # as of the last call of `lost`; refused: nobody listens there

    def lost(self) -> bool:
        """Whether the connection broke since the last call."""
        broken = False
        while True:
            try:
                event = parse_monitor_message(self._monitor.recv_multipart(zmq.NOBLOCK))
            except zmq.Again:
                return broken
            self.is_connected = event["event"] == zmq.EVENT_CONNECTED
            self.is_refused = event["event"] == zmq.EVENT_CONNECT_RETRIED
            broken = broken or event["event"] == zmq.EVENT_DISCONNECTED

    def close(self) -> None:
        """Stop watching; before the socket is closed."""
        self._socket.disable_monitor()
