"""Lots of special orders: what an iceberg does not show, and what orders lose where they are.

Of an order in the book `leaves` is what it shows, and its Extra has its reserve; everywhere else all its lots are its
leaves. Events tell the sum of both.
"""

from libc.stdint cimport uint8_t, uint32_t, uint64_t

from ext.bits cimport put_half, put_word
from ext.events cimport emit_data, emit_order, level_at, touch
from ext.keys.orders cimport count_keyed
from ext.layout cimport Account, Instrument, Level, Market, Order, PLACE_BITS
from ext.places cimport let_go, lots_of
from ext.wire cimport BOOK_KIND_REDUCE, EVENT_KIND_CANCELED


cdef inline bint is_at_rest(const Order* o) noexcept nogil:
    """Whether an order is somewhere: only then it holds cash and counts among the open ones."""
    return o.level != 0 or o.special & PLACE_BITS


cdef inline void add_reserve(Market* m, uint32_t slot, uint32_t lots) noexcept nogil:
    """Of an order in the book."""
    m.extras[slot].reserve += lots
    level_at(m, m.orders[slot].level).reserve += lots


cdef inline void use_reserve(Market* m, uint32_t slot, uint32_t lots) noexcept nogil:
    m.extras[slot].reserve -= lots
    level_at(m, m.orders[slot].level).reserve -= lots


cdef inline void lose_shown(Market* m, Instrument* i, Order* o, uint32_t lots) noexcept nogil:
    """Shrink an order in the book, in its place."""
    cdef Level* level = level_at(m, o.level)
    touch(m, i, o.instrument)
    level.qty -= lots
    o.leaves -= lots
    if m.want_data:
        emit_data(m, BOOK_KIND_REDUCE, o, o.order_id, lots, o.leaves, level, 0)


cdef inline void lose_lots(Market* m, Instrument* i, uint32_t slot, uint32_t lots) noexcept nogil:
    """Take some, but not all, of an order's lots away, wherever it is: in the book what does not show first."""
    cdef Order* o = &m.orders[slot]
    cdef uint32_t hidden = 0
    if is_at_rest(o):
        let_go(m, i, &m.accounts[o.account], o, lots)
    if o.level == 0:
        o.leaves -= lots
        return
    if o.special:
        hidden = m.extras[slot].reserve if m.extras[slot].reserve < lots else lots
        use_reserve(m, slot, hidden)
    if lots > hidden:
        lose_shown(m, i, o, lots - hidden)


cdef inline void emit_lots(Market* m, uint32_t slot, uint64_t what) noexcept nogil:
    """REPLACED or RESTATED: what an order is now. `what` as of emit_order."""
    cdef Order* o = &m.orders[slot]
    cdef uint32_t lots = lots_of(m, slot)
    cdef char* e = emit_order(m, &m.accounts[o.account], o, what, lots + o.filled)
    count_keyed(m, slot)
    put_half(e + 64, lots)
    put_word(e + 72, 0)


cdef inline void emit_end(Market* m, uint32_t slot, uint64_t reason) noexcept nogil:
    """CANCELED."""
    cdef Order* o = &m.orders[slot]
    cdef char* e = emit_order(m, &m.accounts[o.account], o, EVENT_KIND_CANCELED | reason << 16, lots_of(m, slot))
    put_half(e + 64, 0)
    put_word(e + 72, 0)
