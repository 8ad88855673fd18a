"""The marketable orders of a replay: what each must fill, and what the engine filled."""

cimport cython
from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t

from ext.itch.differences cimport Differences
from ext.itch.scan cimport Step
from ext.wire cimport Event

cdef enum:
    IN_FLIGHT = 1 << 16   # orders of each account sent and not answered, at most


cdef struct Expected:     # of each marketable order sent
    uint64_t maker_client_id
    uint64_t reference
    uint64_t ts_ns
    uint32_t shares
    uint32_t price
    uint32_t filled
    uint16_t locate
    uint8_t type
    uint8_t wrong


cdef struct HalfFill:     # one side of a trade whose other side has not come yet
    uint64_t trade_id
    uint64_t client_id
    uint32_t instrument
    uint32_t qty
    uint32_t price
    uint8_t maker


@cython.final
cdef class Fills:
    cdef Differences differences
    cdef Expected* expected                # ring: client order id -> what its fill must be
    cdef HalfFill* halves
    cdef uint32_t half_count, half_capacity
    cdef readonly uint64_t next_id, done_id, matched, matched_shares, rejects
    cdef bint out_of_memory

    cdef uint64_t expect(self, const Step* step, uint64_t maker_client_id, uint32_t price) noexcept nogil
    cdef void taker(self, const Event* event) noexcept nogil
    cdef void half(self, const Event* event, bint maker) noexcept nogil
    cdef void traded(self, const HalfFill* maker, const HalfFill* taker) noexcept nogil
    cdef void wrong(self, Expected* expected, int reason, uint64_t should, uint64_t did) noexcept nogil
