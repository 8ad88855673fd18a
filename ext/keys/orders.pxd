"""Orders of keys: what a key's open orders are, and count. docs/session-limits.md, "Limits".

They are special orders, so that who sends plain ones never comes here: each has OF_KEY, its key's number in its Extra,
and in the book NEEDS_CARE, which has those it trades with meet it the longer way. Whoever changes the lots of a special
order has it counted anew.
"""

from libc.stdint cimport int64_t, uint32_t

from ext.bits cimport unlikely
from ext.keys.layout cimport Key
from ext.layout cimport Market, OF_KEY


cdef inline Key* key_of(const Market* m, uint32_t number) noexcept nogil:
    """The key that a command's byte names; NULL: none."""
    return &m.keys.rows[number] if number and m.keys.rows[number].is_set else NULL


cdef inline Key* key_of_order(const Market* m, uint32_t slot) noexcept nogil:
    """NULL: it is of none."""
    return &m.keys.rows[m.extras[slot].key] if m.orders[slot].special & OF_KEY else NULL


# An order that was accepted just now is the key's, where there is such a key. price: that its lots count at.
cdef void take_key(Market* m, uint32_t slot, uint32_t number, int64_t price) noexcept nogil
# An order of a key counts at another price from now on; its lots are counted after that.
cdef void price_keyed(Market* m, uint32_t slot, int64_t price) noexcept nogil
cdef void count_lots(Market* m, uint32_t slot) noexcept nogil
cdef void forget_keyed(Market* m, uint32_t slot) noexcept nogil


cdef inline void count_keyed(Market* m, uint32_t slot) noexcept nogil:
    """Lots of an order have changed: have its key know."""
    if unlikely(m.orders[slot].special & OF_KEY):
        count_lots(m, slot)
