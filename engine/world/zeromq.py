"""ZeroMQ as the ports use it. Imported when the first port is opened: tools that only read files need none of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class ZeroMQ:
    """The library itself."""

    def context(self) -> Any:
        """A context for the sockets of the ports."""
        import zmq

        return zmq.Context(io_threads=1)

    def plain_send(self, socket: Any) -> Callable[[bytes, int], object]:
        """The socket's send without what pyzmq puts around it for sockets of other kinds."""
        from engine.ports.socket import plain_send

        return plain_send(socket)

    def functions(self) -> tuple[int, ...] | None:
        """The addresses of the functions that an Intake needs, in its order; None where they cannot be had."""
        from engine.ports.socket import zeromq_functions

        return zeromq_functions()
