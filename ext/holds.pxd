"""Whether what was read from a snapshot is a state that can be. What follows from it is made on the way."""

from libc.stdint cimport uint32_t

from ext.layout cimport Market

cdef bint books_hold(Market* m) noexcept nogil  # all live orders are in queues that hold, or unseen; no book is crossed
cdef bint lists_hold(const Market* m) noexcept nogil  # the accounts' lists have all live orders, the free list the rest


cdef inline bint is_live(const Market* m, uint32_t slot) noexcept nogil:
    return m.orders[slot].level or m.orders[slot].special
