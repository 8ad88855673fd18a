"""What a position owes with an order's lots, beside what was located for it."""

from libc.stdint cimport int64_t, uint8_t, uint32_t

from ext.bits cimport add_cut
from ext.layout cimport Market, Position
from ext.risk cimport Refusal, at_least_0, refuse
from ext.wire cimport BORROW_NONE, CHECK_LOCATE, SIDE_SELL


cdef uint8_t check_located(
    const Market* m, uint32_t instrument, uint32_t position, int64_t qty, int64_t own_qty, Refusal* r,
) noexcept nogil:
    cdef const Position* p = &m.positions[position]
    cdef int64_t owed = add_cut(p.open[SIDE_SELL] - own_qty + qty, -p.qty)
    cdef int64_t located = m.borrowing.claims[position].located
    if owed <= 0:
        return 0
    if m.borrowing.lendings[instrument].borrow == BORROW_NONE:
        return refuse(r, CHECK_LOCATE, 0, owed, 0)
    if owed <= located:
        return 0
    return refuse(r, CHECK_LOCATE, located, owed, at_least_0(located - at_least_0(owed - qty)))
