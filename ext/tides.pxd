"""Trailing stops that move together: those of an instrument, a side and a kind (amount, percent) with one water mark.

A trade that goes away from the market's stops raises all marks that it is beyond to one: their tides become one, the
smaller ones poured into the largest. So a mark moves in O(1) however many orders have it, and an order is moved
O(log n) times in its life. Of a tide only its front, the first to be met, is in the tree of its side's stops, and in
the tree of marks; the others wait behind it by their distance, which no move changes.
"""

from libc.stdint cimport int64_t, uint32_t

from ext.layout cimport BY_TURN, Market, Unseen
from ext.stops cimport trail_price
from ext.wire cimport ORDER_TYPE_TRAILING_STOP, SIDE_SELL

# Put an order into the tide of its water mark.
cdef void join_tide(Market* m, Unseen* u, uint32_t slot) noexcept nogil
# Take it out, with mark and stop price as they are now.
cdef void leave_tide(Market* m, Unseen* u, uint32_t slot) noexcept nogil
# Have the tides of a side follow a trade that goes away from them.
cdef void move_tides(Market* m, Unseen* u, uint32_t side, int64_t price) noexcept nogil
# Have all orders that are met up to a key of the tree of stops be in it, each for itself.
cdef void single_out(Market* m, Unseen* u, uint32_t side, int64_t last_key) noexcept nogil


cdef inline uint32_t tide_of(const Market* m, uint32_t slot) noexcept nogil:
    """Of an order in STOP that is not in the queue of the market; 0: none, it is for itself."""
    return m.extras[slot].queue_next if m.orders[slot].order_type == ORDER_TYPE_TRAILING_STOP else 0


cdef inline int64_t water_of(const Market* m, uint32_t slot) noexcept nogil:
    """The water mark of an order of a tide."""
    cdef uint32_t front = m.tides[tide_of(m, slot)].front
    cdef int64_t key = m.extras[front].nodes[<int> BY_TURN].key
    return key if m.orders[front].side == SIDE_SELL else -key


cdef inline int64_t stop_price_of(const Market* m, uint32_t slot) noexcept nogil:
    """The price that an order in STOP waits for now."""
    if tide_of(m, slot) == 0:
        return m.extras[slot].stop_price
    return trail_price(m.orders[slot].side, water_of(m, slot), m.extras[slot].offset, m.extras[slot].modes)
