"""One durable write at a time through Linux' io_uring: begun and found done without a thread and without waiting.

A thread that calls fdatasync costs two switches of threads and two waits for Python's lock a commit, as much as half of
what a disk takes. The kernel's own worker does the same: a write with RWF_DSYNC is complete when its data is on disk.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import platform
import struct
from typing import Final, Self

_SETUP, _ENTER, _REGISTER = 425, 426, 427  # system calls, with these numbers on all machines
_OP_WRITE, _REGISTER_EVENTFD, _GETEVENTS = 23, 4, 1
_OFFSET_SQ, _OFFSET_CQ, _OFFSET_SQES = 0, 0x8000000, 0x10000000
_ENTRIES = 4
_PARAMS = struct.Struct("<7I12x8I8x8I8x")  # struct io_uring_params: general, sq_off, cq_off
_SQE = struct.Struct("<BBHiQQIIQ24x")
_CQE = struct.Struct("<QiI")
# What reads a completion must not read it before it has seen that it is there. On these machines loads are in order.
_ORDERED_LOADS: Final = ("x86_64", "AMD64")
RWF_DSYNC: Final = getattr(os, "RWF_DSYNC", 2)


class Ring:
    """A ring for one write at a time of at most `capacity` bytes. `event`: an eventfd that counts completions.

    Raises OSError where the system has none, or does not allow it.
    """

    def __init__(self, event: int, capacity: int) -> None:
        if platform.machine() not in _ORDERED_LOADS:
            raise OSError(f"not used on {platform.machine()}")
        self._maps: list[mmap.mmap] = []
        self._descriptor = -1
        self._busy = False
        self.capacity = capacity
        self._call = ctypes.CDLL(None, use_errno=True).syscall
        self._call.restype = ctypes.c_long
        params = ctypes.create_string_buffer(_PARAMS.size)
        self._descriptor = self._checked(self._call(_SETUP, _ENTRIES, params))
        try:
            self._map(params.raw, capacity)
            self._checked(self._call(_REGISTER, self._descriptor, _REGISTER_EVENTFD, (ctypes.c_int * 1)(event), 1))
        except BaseException:
            self.close()
            raise

    def _map(self, params: bytes, capacity: int) -> None:
        sq_entries, cq_entries, _, _, _, _, _, *offsets = _PARAMS.unpack(params)
        sq, cq = offsets[:8], offsets[8:]  # head, tail, mask, entries, ...: see io_uring_setup(2)
        protection = mmap.PROT_READ | mmap.PROT_WRITE

        def shared(size: int, offset: int) -> mmap.mmap:
            made = mmap.mmap(self._descriptor, size, mmap.MAP_SHARED, protection, offset=offset)
            self._maps.append(made)
            return made

        self._sq = memoryview(shared(sq[6] + 4 * sq_entries, _OFFSET_SQ)).cast("I")
        self._cq_bytes = shared(cq[5] + _CQE.size * cq_entries, _OFFSET_CQ)
        self._cq = memoryview(self._cq_bytes).cast("I")
        self._sqes = shared(64 * sq_entries, _OFFSET_SQES)
        self._sq_tail, self._sq_mask, self._sq_array = sq[1] // 4, self._sq[sq[2] // 4], sq[6] // 4
        self._cq_head, self._cq_tail, self._cq_mask = cq[0] // 4, cq[1] // 4, self._cq[cq[2] // 4]
        self._cqes = cq[5]
        self._data = mmap.mmap(-1, capacity)
        self._maps.append(self._data)
        self._pinned = ctypes.c_char.from_buffer(self._data)
        self._address = ctypes.addressof(self._pinned)

    @classmethod
    def make(cls, event: int, capacity: int) -> Self | None:
        """A ring, or None where there can be none."""
        try:
            return cls(event, capacity)
        except OSError:
            return None

    def begin(self, descriptor: int, offset: int, data: bytes) -> bool:
        """Begin to write `data` at `offset`; False when the kernel does not take it (then nothing was written)."""
        if self._busy or len(data) > self.capacity:
            raise ValueError("one write at a time, of at most the ring's capacity")
        self._data[: len(data)] = data
        tail = self._sq[self._sq_tail]
        place = tail & self._sq_mask
        _SQE.pack_into(
            self._sqes, 64 * place, _OP_WRITE, 0, 0, descriptor, offset, self._address, len(data), RWF_DSYNC, 1
        )
        self._sq[self._sq_array + place] = place
        self._sq[self._sq_tail] = (tail + 1) & 0xFFFFFFFF
        if self._call(_ENTER, self._descriptor, 1, 0, 0, None, 0) != 1:
            self._sq[self._sq_tail] = tail
            return False
        self._busy = True
        return True

    def is_done(self) -> bool:
        """Whether the write that was begun is complete."""
        return self._busy and self._cq[self._cq_head] != self._cq[self._cq_tail]

    def take(self) -> int | None:
        """How many bytes are on disk, or the negative errno; None while it is not complete, or none was begun."""
        if not self.is_done():
            return None
        head = self._cq[self._cq_head]
        _, result, _ = _CQE.unpack_from(self._cq_bytes, self._cqes + _CQE.size * (head & self._cq_mask))
        self._cq[self._cq_head] = (head + 1) & 0xFFFFFFFF
        self._busy = False
        return int(result)

    def wait(self) -> None:
        """Block until the write that was begun is complete. Raises OSError."""
        while self._busy and not self.is_done():
            try:
                self._checked(self._call(_ENTER, self._descriptor, 0, 1, _GETEVENTS, None, 0))
            except InterruptedError:
                continue

    def close(self) -> None:
        """Free it; nothing may be under way."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
        for name in ("_sq", "_cq", "_pinned"):
            if hasattr(self, name):
                view = getattr(self, name)
                delattr(self, name)
                if isinstance(view, memoryview):
                    view.release()
        view = None
        for one in self._maps:
            one.close()
        self._maps.clear()

    def _checked(self, result: int) -> int:
        if result < 0:
            number = ctypes.get_errno()
            raise OSError(number, f"io_uring: {os.strerror(number)}")
        return result
