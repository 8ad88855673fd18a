"""Scanner of length-prefixed Nasdaq TotalView-ITCH 5.0 streams: whole buffers in, arrays of records out, no I/O.

`Scanner` streams: feed it chunks cut anywhere, get the order flow as STEP records. `split` gives every field of every
message of a buffer as one structured array a message type (dtypes of `ext.itch.messages`).

A stream is a 2-byte big-endian length before each message. A length of zero ends the session. A type that the table
does not have is counted and passed over; a known type with another length than the specification's is an error.
"""

cimport cython
from libc.string cimport memcpy, memset

import numpy as np

from ext.itch cimport layout
from ext.itch.bytes cimport load16, load32, load48, load64
from ext.itch.messages import BY_TYPE, LENGTHS, dtype_of

STEP_DTYPE = np.dtype([
    ("ts_ns", "<u8"), ("reference", "<u8"), ("other", "<u8"), ("shares", "<u8"), ("price", "<u4"), ("locate", "<u2"),
    ("type", "u1"), ("code", "u1"),
])
assert STEP_DTYPE.itemsize == sizeof(Step)

cdef enum:
    CENT = 100  # 1e-4 of a dollar

SMALLEST_STEP_BYTES = 2 + 12  # a system event and its length prefix

cdef uint16_t known_length[256]
memset(known_length, 0, sizeof(known_length))
for _code, _length in LENGTHS.items():
    known_length[_code] = _length


class ItchError(ValueError):
    """A stream that is not valid ITCH 5.0. `offset` is the byte offset of the message's length prefix in the stream."""

    def __init__(self, offset: int, problem: str) -> None:
        super().__init__(f"ITCH stream, offset {offset}: {problem}")
        self.offset = offset


cdef object wrong(uint64_t offset, ScanStatus status, const unsigned char* prefix):
    """The error of the message at `prefix`, whose bytes are all there."""
    cdef uint32_t length = load16(prefix)
    if status == SCAN_AFTER_END:
        return ItchError(offset, "data after the message of length 0 that ends the session")
    known = BY_TYPE[chr(prefix[2])]
    if status == SCAN_WRONG_LENGTH:
        return ItchError(
            offset,
            f"message type {known.type} ({known.name}) has length {length}, the specification says {known.length}",
        )
    return ItchError(offset, f"message type {known.type} ({known.name}): side is neither B nor S")


@cython.final
cdef class Scanner:
    """Streaming scanner: `feed` chunks, `finish` at the end of the stream.

    `counts()` has the messages seen by type, unknown types too; `symbols()` the stock directory so far.
    """

    def __cinit__(self):
        memset(self.counts, 0, sizeof(self.counts))
        memset(self.symbols, 0, sizeof(self.symbols))
        memset(self.priced, 0, sizeof(self.priced))
        self.offset_bytes = 0
        self.messages = 0
        self.ended = False
        self.part_bytes = 0

    cdef int message(self, const unsigned char* body, uint32_t length, Step* out) noexcept nogil:
        """Decode one message with a right length into `out`: 1 if it is a step, 0 if it is not, -1 for a wrong side."""
        cdef uint8_t kind = body[0]
        cdef const layout.add_order* add
        cdef const layout.order_executed* executed
        cdef const layout.order_executed_with_price* priced
        cdef const layout.order_cancel* cancel
        cdef const layout.order_replace* replace
        cdef const layout.trade* trade
        cdef const layout.cross_trade* cross
        out.locate = load16(body + 1)
        out.ts_ns = load48(body + 5)
        out.type = kind
        if kind == c"A" or kind == c"F":  # F begins as A does
            add = <const layout.add_order*>body
            out.reference = load64(add.order_reference)
            out.other = 0
            out.shares = load32(add.shares)
            out.price = load32(add.price)
            out.code = add.side
            self.priced[out.locate] |= 3 if out.price % CENT else 1
            return 1 if add.side == c"B" or add.side == c"S" else -1
        if kind == c"D":
            out.reference = load64((<const layout.order_delete*>body).order_reference)
            out.other = out.shares = out.price = 0
            out.code = 0
            return 1
        if kind == c"U":
            replace = <const layout.order_replace*>body
            out.reference = load64(replace.original_order_reference)
            out.other = load64(replace.new_order_reference)
            out.shares = load32(replace.shares)
            out.price = load32(replace.price)
            out.code = 0
            self.priced[out.locate] |= 3 if out.price % CENT else 1
            return 1
        if kind == c"E":
            executed = <const layout.order_executed*>body
            out.reference = load64(executed.order_reference)
            out.other = load64(executed.match_number)
            out.shares = load32(executed.executed_shares)
            out.price = 0
            out.code = 0
            return 1
        if kind == c"X":
            cancel = <const layout.order_cancel*>body
            out.reference = load64(cancel.order_reference)
            out.shares = load32(cancel.cancelled_shares)
            out.other = out.price = 0
            out.code = 0
            return 1
        if kind == c"C":
            priced = <const layout.order_executed_with_price*>body
            out.reference = load64(priced.order_reference)
            out.other = load64(priced.match_number)
            out.shares = load32(priced.executed_shares)
            out.price = load32(priced.execution_price)
            out.code = priced.printable
            return 1
        if kind == c"P":
            trade = <const layout.trade*>body
            out.reference = load64(trade.order_reference)
            out.other = load64(trade.match_number)
            out.shares = load32(trade.shares)
            out.price = load32(trade.price)
            out.code = trade.side
            return 1 if trade.side == c"B" or trade.side == c"S" else -1
        if kind == c"Q":
            cross = <const layout.cross_trade*>body
            out.reference = 0
            out.other = load64(cross.match_number)
            out.shares = load64(cross.shares)
            out.price = load32(cross.cross_price)
            out.code = cross.cross_type
            return 1
        out.reference = out.other = out.shares = out.price = 0
        out.code = 0
        if kind == c"B":
            out.other = load64((<const layout.broken_trade*>body).match_number)
            return 1
        if kind == c"S":
            out.code = (<const layout.system_event*>body).event_code
            return 1
        if kind == c"H":
            out.code = (<const layout.stock_trading_action*>body).trading_state
            if self.priced[out.locate] == 0:
                self.priced[out.locate] = 4
            return 1
        if kind == c"h":
            out.code = (<const layout.operational_halt*>body).halt_action
            return 1
        if kind == c"R":
            memcpy(&self.symbols[out.locate][0], (<const layout.stock_directory*>body).stock, 8)
        return 0

    cdef Py_ssize_t decode(self, const unsigned char* data, Py_ssize_t size, Step* out, Py_ssize_t* taken,
                           ScanStatus* status) noexcept nogil:
        """Decode the whole messages of `data`; return the steps written, `taken` the bytes used, `status` why it
        stopped.
        """
        cdef Py_ssize_t at = 0, steps = 0
        cdef uint32_t length, must
        cdef int is_step
        status[0] = SCAN_OK
        while size - at >= 2:
            if self.ended:
                status[0] = SCAN_AFTER_END
                break
            length = load16(data + at)
            if length == 0:
                self.ended = True
                at += 2
                continue
            if size - at - 2 < length:
                break
            must = known_length[data[at + 2]]
            if must == length:
                is_step = self.message(data + at + 2, length, out + steps)
                if is_step < 0:
                    status[0] = SCAN_WRONG_SIDE
                    break
                steps += is_step
            elif must:
                status[0] = SCAN_WRONG_LENGTH
                break
            self.counts[data[at + 2]] += 1
            self.messages += 1
            at += 2 + length
        taken[0] = at
        self.offset_bytes += at
        return steps

    def feed(self, const unsigned char[::1] chunk not None):
        """Decode a chunk (bytes, mmap, any contiguous buffer; cut anywhere) and return its steps as an array of
        STEP_DTYPE.

        Raises ItchError with the offset of the message that is wrong; the messages before it in this chunk are lost.
        """
        cdef Py_ssize_t size = chunk.shape[0], at = 0, steps = 0, taken = 0, missing
        cdef ScanStatus status = SCAN_OK
        if size == 0:
            return np.empty(0, STEP_DTYPE)
        out = np.empty((size + self.part_bytes) // SMALLEST_STEP_BYTES + 2, STEP_DTYPE)
        cdef Step[::1] view = out
        cdef const unsigned char* data = &chunk[0]
        if self.part_bytes:  # complete the message that the last chunk cut
            if self.part_bytes < 2:
                self.part[1] = data[0]
                self.part_bytes = 2
                at = 1
            missing = 2 + load16(self.part) - self.part_bytes
            if size - at < missing:
                memcpy(self.part + self.part_bytes, data + at, size - at)
                self.part_bytes += <uint32_t>(size - at)
                return out[:0]
            memcpy(self.part + self.part_bytes, data + at, missing)
            steps = self.decode(self.part, self.part_bytes + missing, &view[0], &taken, &status)
            if status != SCAN_OK:
                raise wrong(self.offset_bytes, status, self.part)
            at += missing
            self.part_bytes = 0
        with nogil:
            steps += self.decode(data + at, size - at, &view[steps], &taken, &status)
        at += taken
        if status == SCAN_AFTER_END:
            raise ItchError(self.offset_bytes, "data after the message of length 0 that ends the session")
        if status != SCAN_OK:
            raise wrong(self.offset_bytes, status, data + at)
        if self.ended and at < size:
            raise ItchError(self.offset_bytes, "data after the message of length 0 that ends the session")
        memcpy(self.part, data + at, size - at)
        self.part_bytes = <uint32_t>(size - at)
        return out[:steps]

    def finish(self):
        """Say that the stream is over. Raises ItchError when it ends inside a message."""
        if self.part_bytes == 1:
            raise ItchError(self.offset_bytes, "the stream ends inside a length prefix: 1 byte of 2")
        if self.part_bytes:
            raise ItchError(
                self.offset_bytes,
                f"the stream ends inside a message: its length is {load16(self.part)}, "
                f"{self.part_bytes - 2} bytes are there",
            )

    @property
    def offset(self):
        """Bytes of the stream decoded so far: the offset of the next message's length prefix."""
        return self.offset_bytes

    def counts_by_type(self):
        """Return the messages seen by type character, unknown types too (those above 0x7f as Latin-1 characters)."""
        return {chr(code): self.counts[code] for code in range(256) if self.counts[code]}

    @property
    def unknown(self):
        """Messages of types that the specification does not have."""
        return sum(self.counts[code] for code in range(256) if not known_length[code])

    def symbols_by_locate(self):
        """Return the stock directory so far: stock locate -> symbol without padding."""
        cdef int locate
        return {
            locate: bytes(self.symbols[locate][:8]).decode("ascii", "replace").rstrip()
            for locate in range(65536) if self.symbols[locate][0]
        }

    def ticks_by_locate(self):
        """Return, of each locate that orders were entered in so far, the tick that fits their prices: 100 (a cent)
        or 1 (1e-4).
        """
        cdef int locate
        return {locate: 1 if self.priced[locate] & 2 else CENT for locate in range(65536) if self.priced[locate] & 1}

    def open_locates(self):
        """Return the locates in which orders were entered before any trading action: the stream began within the day.
        """
        cdef int locate
        return [locate for locate in range(65536) if self.priced[locate] & 5 == 1]


def split(const unsigned char[::1] buffer not None, str types=None):
    """Decode a buffer of whole messages into structured arrays, one a message type: {type: (records, numbers)}.

    `records` has the dtype `ext.itch.messages.dtype_of(type)`, in the order of the stream; `numbers` (u64) says which
    message of the buffer, from 0, each record was, so that the types can be merged again. `types` limits the result to
    these type characters. Raises ItchError, as Scanner does, also for a message cut off at the end.
    """
    cdef Py_ssize_t size = buffer.shape[0], at = 0
    cdef uint64_t number = 0
    cdef uint64_t counts[256]
    cdef unsigned char* into[256]
    cdef uint64_t* numbers[256]
    cdef uint16_t length, must
    cdef uint8_t kind
    cdef unsigned char[::1] record_bytes
    cdef uint64_t[::1] number_view
    cdef const unsigned char* data
    wanted = [ord(t) for t in (BY_TYPE if types is None else types)]
    result = {}
    for kind in wanted:
        if not known_length[kind]:
            raise ValueError(f"unknown ITCH message type {chr(kind)!r}")
    if size == 0:
        return {chr(code): (np.empty(0, dtype_of(chr(code))), np.empty(0, np.uint64)) for code in wanted}
    data = &buffer[0]
    memset(counts, 0, sizeof(counts))
    memset(into, 0, sizeof(into))
    while at < size:
        if size - at < 2:
            raise ItchError(at, "the stream ends inside a length prefix: 1 byte of 2")
        length = load16(data + at)
        if length == 0:
            if at + 2 < size:
                raise ItchError(at + 2, "data after the message of length 0 that ends the session")
            size = at
            break
        if size - at - 2 < length:
            raise ItchError(
                at, f"the stream ends inside a message: its length is {length}, {size - at - 2} bytes are there"
            )
        must = known_length[data[at + 2]]
        if must and must != length:
            raise wrong(at, SCAN_WRONG_LENGTH, data + at)
        counts[data[at + 2]] += 1
        at += 2 + length
    for kind in wanted:
        records = np.empty(counts[kind], dtype_of(chr(kind)))
        where = np.empty(counts[kind], np.uint64)
        result[chr(kind)] = (records, where)
        if counts[kind]:
            record_bytes = records.view(np.uint8)
            number_view = where
            into[kind] = &record_bytes[0]
            numbers[kind] = &number_view[0]
    with nogil:
        at = 0
        while at < size:
            length = load16(data + at)
            kind = data[at + 2]
            if into[kind] != NULL:
                memcpy(into[kind], data + at + 2, length)
                into[kind] += length
                numbers[kind][0] = number
                numbers[kind] += 1
            number += 1
            at += 2 + length
    return result
