"""Orders that rest in the dark, and what an incoming order meets of them and of the book: docs/orders.md, "Matching".

Hidden orders are sorted by price, pegs as pegs.pxd says; displayed orders with discretion by what they would go to.
Where an instrument has way 0 there are none of these, and nothing here is asked.
"""

from libc.stdint cimport INT64_MAX, int64_t, uint8_t, uint32_t

from ext.layout cimport Instrument, Market, Order, Unseen
from ext.levels cimport best_index
from ext.places cimport lots_of, rank_key
from ext.wire cimport ORDER_FLAG_ALL_OR_NONE, SIDE_BUY

cdef extern from *:
    """
    #define OB_ANY_LOTS 0xFFFFFFFFU
    """
    const uint32_t ANY_LOTS "OB_ANY_LOTS"  # more than any minimum quantity

# Put an order that is in DARK into its trees, and take it out of them.
cdef void plant_dark(Market* m, Unseen* u, uint32_t slot) noexcept nogil
cdef void uproot_dark(Market* m, Unseen* u, uint32_t slot) noexcept nogil
# Put a displayed order with discretion into their tree.
cdef void plant_discretion(Market* m, Unseen* u, uint32_t slot) noexcept nogil
# Begin the discretion of an order that has come to the book.
cdef void gain_discretion(Market* m, Instrument* i, uint32_t slot) noexcept nogil
# The first dark order of a side at a limit or better that trades with so many lots, and its price; 0: there is none.
# top: the best displayed prices. passed: the last hidden order that fewer lots cannot have, or 0; goes on from there.
cdef uint32_t first_dark(
    Market* m, const Instrument* i, Unseen* u, uint32_t side, const int64_t* top, int64_t limit, uint32_t lots,
    uint32_t* passed, int64_t* price) noexcept nogil
# Trade an order that is nowhere against book and dark up to a limit. Returns why it stopped, as match does.
cdef uint8_t match_all(Market* m, Instrument* i, uint32_t slot, int64_t limit) noexcept nogil
# Find the best prices at which anything but the book may be met. Returns whether an order in the dark and another one
# have prices at which they could trade.
cdef bint look_for_nearest(Market* m, const Instrument* i, uint32_t instrument) noexcept nogil
# The best price of a side at which anything rests, displayed or dark; 0: nothing does.
cdef int64_t best_of_all(const Market* m, const Instrument* i, uint32_t instrument, uint32_t side) noexcept nogil


cdef inline bint is_within(uint32_t side, int64_t price, int64_t limit) noexcept nogil:
    """Whether a price of a side's resting order is at a limit, or better for who comes."""
    return rank_key(side, price) <= rank_key(side, limit)


cdef inline int64_t endless_limit(uint32_t side) noexcept nogil:
    """A limit that all prices of a side's resting orders are within."""
    return 0 if side == SIDE_BUY else INT64_MAX


cdef inline uint32_t need_of(const Market* m, uint32_t slot) noexcept nogil:
    """The fewest lots that a resting order trades with at once."""
    cdef const Order* o = &m.orders[slot]
    cdef uint32_t min_qty
    if not o.special:
        return 0
    min_qty = m.extras[slot].min_qty
    return o.leaves if o.flags & ORDER_FLAG_ALL_OR_NONE or min_qty > o.leaves else min_qty


cdef inline int64_t generous_price(const Market* m, uint32_t slot) noexcept nogil:
    """How far an order goes: its price with its discretion."""
    cdef const Order* o = &m.orders[slot]
    if not o.special:
        return o.price
    return o.price + m.extras[slot].discretion if o.side == SIDE_BUY else o.price - m.extras[slot].discretion


cdef inline int64_t best_opposite(
    const Market* m, const Instrument* i, uint32_t instrument, uint32_t side,
) noexcept nogil:
    """The best price at which anything rests on the side that is not this one; 0: nothing does."""
    cdef uint32_t other = side ^ 1
    if i.way:
        return best_of_all(m, i, instrument, other)
    return best_index(i, other) * i.tick_size if i.best_level[other] else 0


cdef inline bint may_meet_dark(
    Market* m, const Instrument* i, uint32_t instrument, uint32_t side, int64_t price,
) noexcept nogil:
    """Whether an order at this price may meet anything but the book; only where an instrument has HAS_DARK."""
    if not m.unseen[instrument].knows_nearest:
        look_for_nearest(m, i, instrument)
    return m.unseen[instrument].nearest[side ^ 1] <= rank_key(side ^ 1, price)
