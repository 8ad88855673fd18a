"""A wire that can be cut: TCP connections to another loopback address, handed on until somebody cuts them."""

from __future__ import annotations

import contextlib
import socket
import threading
from types import TracebackType
from typing import Final

HOST: Final = "127.0.0.2"  # every address of 127.0.0.0/8 is this machine
PIECE_BYTES: Final = 1 << 16


class Wire:
    """Listens on HOST at the ports given, and hands on to 127.0.0.1 at the same ones. `cut()`: nothing passes any more,
    and nobody is told, as when a network fails."""

    def __init__(self, *ports: int) -> None:
        self._is_cut = threading.Event()
        self._sockets: list[socket.socket] = []
        for port in ports:
            listener = socket.create_server((HOST, port))
            self._sockets.append(listener)
            threading.Thread(target=self._listen, args=(listener, port), daemon=True).start()

    def cut(self) -> None:
        """Nothing passes from now on."""
        self._is_cut.set()

    def _listen(self, listener: socket.socket, port: int) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = listener.accept()
                if self._is_cut.is_set():
                    self._sockets.append(near)  # it hangs
                    continue
                far = socket.create_connection(("127.0.0.1", port))
                self._sockets += [near, far]
                for one, other in ((near, far), (far, near)):
                    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    threading.Thread(target=self._hand_on, args=(one, other), daemon=True).start()

    def _hand_on(self, one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while (data := one.recv(PIECE_BYTES)) and not self._is_cut.is_set():
                other.sendall(data)
            if not self._is_cut.is_set():
                other.shutdown(socket.SHUT_WR)

    def __enter__(self) -> Wire:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for one in self._sockets:
            one.close()
