"""ZeroMQ as the ports use it. Imported when the first port is opened: tools that only read files need none of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from openbell.connection import SocketSettings
    from openbell.discovery import Market
    from openbell.status import Status


class ZeroMQ:
    """The library itself."""

    def context(self) -> Any:
        """A context for the sockets of the ports."""
        import zmq

        return zmq.Context(io_threads=1)

    def dial(self, endpoint: str, settings: SocketSettings, market: Market) -> Any:
        """A DEALER socket that connects to another market's port. Raises OpenBellError."""
        import zmq
        from openbell.connection import open_socket

        return open_socket(zmq.DEALER, endpoint, settings, market)

    def watch(self, socket: Any) -> Any:
        """What tells whether the connection of such a socket was lost."""
        from openbell.connection import Watch

        return Watch(socket)

    def status(self, of: str, token: str, settings: SocketSettings, timeout_s: float) -> Status:
        """What the market at this address answers to an operator's `status`. Blocks. Raises OpenBellError."""
        from openbell.operator import Operator

        with Operator(of, name="standby", token=token, timeout_s=timeout_s, settings=settings) as operator:
            return operator.status()

    def plain_send(self, socket: Any) -> Callable[[bytes, int], object]:
        """The socket's send without what pyzmq puts around it for sockets of other kinds."""
        from engine.ports.socket import plain_send

        return plain_send(socket)

    def functions(self) -> tuple[int, ...] | None:
        """The addresses of the functions that an Intake needs, in its order; None where they cannot be had."""
        from engine.ports.socket import zeromq_functions

        return zeromq_functions()
