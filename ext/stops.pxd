"""Stops: what a trade meets of them, and the queue in which those that were met are served."""

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

from ext.layout cimport Market
from ext.wire cimport MAX_PRICE, MODE_FLAG_TRAIL_PERCENT, SIDE_BUY

cdef enum:
    TRAIL_SCALE = 10000  # basis points

# A trade at a price that is not calm for its instrument: move water marks, put the stops that it meets into the queue.
cdef void meet_stops(Market* m, uint32_t instrument, int64_t price) noexcept nogil


cdef inline int64_t trail_price(uint32_t side, int64_t water, int64_t offset, uint8_t modes) noexcept nogil:
    """The stop price of a trailing stop; water < 2**42 and offset <= 9999 where it is in basis points."""
    cdef int64_t amount = offset
    if modes & MODE_FLAG_TRAIL_PERCENT:
        amount = water * offset / TRAIL_SCALE
        if amount == 0:
            amount = 1
    return water + amount if side == SIDE_BUY else water - amount
