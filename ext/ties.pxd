"""Rings of orders that trade at each other's expense, as links from one to the next: docs/linked.md.

An order with HAS_TIE in `special` has a Tie; it is alone where that names itself. Of a ring at most one order counts
among the open lots of its position: all others have COUNTS_NOT.
"""

from libc.stdint cimport int64_t, uint32_t

from ext.layout cimport (
    COUNTS_NOT, HAS_TIE, IS_PARENT, Market, Order, PLACE_BITS, PLACE_SHIFT, TIE_BITS, Tie,
)
from ext.wire cimport *

cdef enum:
    IN_WAIT = PLACE_WAIT << PLACE_SHIFT


cdef inline bint is_waiting(const Order* o) noexcept nogil:
    return o.special & PLACE_BITS == IN_WAIT


cdef inline bint is_parent(const Order* o) noexcept nogil:
    return o.special & IS_PARENT != 0


cdef inline bint is_alone(const Market* m, uint32_t slot) noexcept nogil:
    """Whether an order moves no other one of a ring."""
    return not m.orders[slot].special & HAS_TIE or m.ties[slot].next == slot


cdef inline void make_tie(Market* m, uint32_t slot) noexcept nogil:
    """Give a special order a Tie, if it has none: a ring of its own."""
    if m.orders[slot].special & HAS_TIE:
        return
    m.orders[slot].special |= HAS_TIE
    m.ties[slot].next = m.ties[slot].prev = slot
    m.ties[slot].parent = m.ties[slot].child = 0


cdef inline void join_ring(Market* m, uint32_t slot, uint32_t other) noexcept nogil:
    """Have an order that is alone come right before another one."""
    cdef uint32_t prev = m.ties[other].prev
    m.ties[slot].prev = prev
    m.ties[slot].next = other
    m.ties[prev].next = slot
    m.ties[other].prev = slot
    m.ties[slot].parent = m.ties[other].parent


cdef inline bint has_limit(const Market* m, uint32_t slot) noexcept nogil:
    """Whether one of a ring is a limit order."""
    cdef uint32_t at = slot
    while True:
        if m.orders[at].order_type == ORDER_TYPE_LIMIT:
            return True
        if is_alone(m, slot):
            return False
        at = m.ties[at].next
        if at == slot:
            return False


cdef inline bint is_full(const Market* m, uint32_t slot) noexcept nogil:
    """Whether a ring has as many orders as one may have."""
    cdef uint32_t at
    cdef int64_t legs = 1
    if is_alone(m, slot):
        return False
    at = m.ties[slot].next
    while at != slot and legs < MAX_LEGS:
        legs += 1
        at = m.ties[at].next
    return legs >= MAX_LEGS


cdef inline uint32_t counted_of(const Market* m, uint32_t slot) noexcept nogil:
    """The other one of an order's ring that counts among open lots, or 0."""
    cdef uint32_t at
    if is_alone(m, slot):
        return 0
    at = m.ties[slot].next
    while at != slot:
        if not m.orders[at].special & COUNTS_NOT and not is_waiting(&m.orders[at]):
            return at
        at = m.ties[at].next
    return 0


# Snapshots

cdef inline bint tie_holds(const Market* m, uint32_t slot) noexcept nogil:
    cdef const Order* o = &m.orders[slot]
    cdef const Tie* t = &m.ties[slot]
    cdef const Order* other
    if not 1 <= t.next <= m.order_top or not 1 <= t.prev <= m.order_top or t.parent > m.order_top:
        return False
    other = &m.orders[t.next]
    if not other.special & HAS_TIE or m.ties[t.next].prev != slot or m.ties[t.next].parent != t.parent:
        return False
    if other.account != o.account or other.instrument != o.instrument or other.side != o.side:
        return False
    if is_waiting(other) != is_waiting(o) or other.leaves != o.leaves:
        return False
    if t.parent and (not is_waiting(o) or not m.orders[t.parent].special & IS_PARENT or not m.ties[t.parent].child):
        return False
    if o.special & IS_PARENT:
        return 1 <= t.child <= m.order_top and m.ties[t.child].parent == slot
    return t.child == 0


cdef inline bint ties_hold(const Market* m) noexcept nogil:
    """Whether what is tied to others is tied to what there is, and of each ring that trades one order counts."""
    cdef uint32_t k
    for k in range(1, m.order_top + 1):
        if not m.orders[k].special & TIE_BITS:
            continue
        if not m.orders[k].special & HAS_TIE or not tie_holds(m, k):
            return False
        if not is_waiting(&m.orders[k]) and (counted_of(m, k) != 0) != (m.orders[k].special & COUNTS_NOT != 0):
            return False
    return True
