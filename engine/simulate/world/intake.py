"""What the compiled intake calls instead of ZeroMQ's functions: the same ones, of simulated sockets.

A message is 64 bytes that nobody looks into; its first eight are the number under which its part is kept here.
"""

from __future__ import annotations

import ctypes
import errno
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from engine.simulate.world.network import SimulatedSocket

_MESSAGE: Final = ctypes.POINTER(ctypes.c_uint64)
_CALL = ctypes.CFUNCTYPE(ctypes.c_int, _MESSAGE)
_MOVE = ctypes.CFUNCTYPE(ctypes.c_int, _MESSAGE, _MESSAGE)
_RECEIVE = ctypes.CFUNCTYPE(ctypes.c_int, _MESSAGE, ctypes.c_void_p, ctypes.c_int)
_DATA = ctypes.CFUNCTYPE(ctypes.c_void_p, _MESSAGE)
_SIZE = ctypes.CFUNCTYPE(ctypes.c_size_t, _MESSAGE)
_ERROR = ctypes.CFUNCTYPE(ctypes.c_int)


class Messages:
    """The functions, and the messages that are held. `sockets`: by the number that stands for their address."""

    def __init__(self) -> None:
        self.sockets: dict[int, SimulatedSocket] = {}
        self._held: dict[int, tuple[bytes, bool]] = {}
        self._number = 0
        # Kept: what the compiled code has are their addresses.
        self._functions = (
            _CALL(self._init),
            _CALL(self._close),
            _MOVE(self._move),
            _RECEIVE(self._receive),
            _DATA(self._data),
            _SIZE(self._size),
            _CALL(self._more),
            _ERROR(lambda: errno.EAGAIN),
        )
        self.addresses = tuple(ctypes.cast(one, ctypes.c_void_p).value or 0 for one in self._functions)

    def begin(self) -> None:
        """Another simulation: what the one before has left counts no more. Numbers go on: a message that is let go of
        late must be none of this one's."""
        self.sockets.clear()
        self._held.clear()

    def add(self, socket: SimulatedSocket) -> int:
        """The number of a socket."""
        self._number += 1
        self.sockets[self._number] = socket
        return self._number

    def _init(self, message: ctypes._Pointer[ctypes.c_uint64]) -> int:
        message[0] = 0
        return 0

    def _close(self, message: ctypes._Pointer[ctypes.c_uint64]) -> int:
        self._held.pop(message[0], None)
        return 0

    def _move(self, to: ctypes._Pointer[ctypes.c_uint64], source: ctypes._Pointer[ctypes.c_uint64]) -> int:
        self._held.pop(to[0], None)
        to[0], source[0] = source[0], 0
        return 0

    def _receive(self, message: ctypes._Pointer[ctypes.c_uint64], socket: int, flags: int) -> int:
        part = self.sockets[socket].take_part()
        if part is None:
            return -1
        self._held.pop(message[0], None)
        self._number += 1
        message[0] = self._number
        self._held[self._number] = part.bytes, part.more
        return len(part.bytes)

    def _data(self, message: ctypes._Pointer[ctypes.c_uint64]) -> int:
        return ctypes.cast(ctypes.c_char_p(self._held[message[0]][0]), ctypes.c_void_p).value or 0

    def _size(self, message: ctypes._Pointer[ctypes.c_uint64]) -> int:
        return len(self._held[message[0]][0])

    def _more(self, message: ctypes._Pointer[ctypes.c_uint64]) -> int:
        return int(self._held[message[0]][1])


MESSAGES: Final = Messages()  # never goes: an intake that is taken down late still calls it
