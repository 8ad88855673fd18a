"""Two orders that meet, where one of them is more than a plain one: see docs/orders.md, "Matching"."""

from libc.stdint cimport int64_t, uint8_t, uint32_t

from ext.layout cimport Instrument, Market, Order

# All that happens when an order meets one that rests, in the book or in the dark, and would trade with it at a price:
# owners, cash limit, reduce-only, the trade. Returns RAN_OUT where matching goes on, from the beginning: the incoming
# order may have no leaves any more; the resting one may have ended and its slot be free, or may have shrunk and they
# meet anew. Else returns the reason for which what is left of
# the incoming order is to be cancelled. The incoming one may itself rest in the dark (a recheck): it then loses its
# holds here too, and stays in its place, even without leaves.
cdef uint8_t meet(Market* m, Instrument* i, uint32_t resting, uint32_t incoming, int64_t price) noexcept nogil


cdef inline bint have_same_owner(const Market* m, uint32_t one, uint32_t other) noexcept nogil:
    """Whether self-trade prevention has anything to say of two orders."""
    cdef const Order* o = &m.orders[one]
    cdef const Order* p = &m.orders[other]
    if o.account == p.account:
        return True
    if not (o.special and p.special):
        return False
    return m.extras[one].self_trade_group != 0 and m.extras[one].self_trade_group == m.extras[other].self_trade_group
