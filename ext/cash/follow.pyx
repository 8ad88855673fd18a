"""Trades, busts and shares that leave, as buys and sales of accounts with a rule."""

from libc.stdint cimport int64_t, uint32_t

from ext.bits cimport product
from ext.cash.paid cimport Left, funds_of, note_buy, note_sale, undo_buy, undo_sale
from ext.cash.violations cimport tell_violations
from ext.layout cimport HAS_CASH_RULE, Market, Order
from ext.wire cimport SIDE_BUY


cdef inline void note_side(
    Market* m, uint32_t position, uint32_t side, int64_t lots, int64_t cash, Left* left,
) noexcept nogil:
    """Lots and cash are booked already."""
    cdef uint32_t account = <uint32_t> m.positions[position].key
    if side == SIDE_BUY:
        left.lots[0] = left.lots[1] = 0
        note_buy(m, position, lots, cash, m.positions[position].qty - lots, funds_of(m, account) + cash)
    else:
        note_sale(m, position, lots, cash, m.positions[position].qty + lots, left)


cdef void follow_side(Market* m, uint32_t slot, uint32_t qty, int64_t price) noexcept nogil:
    cdef const Order* o = &m.orders[slot]
    cdef Left left
    if not m.accounts[o.account].flags & HAS_CASH_RULE:
        return
    note_side(m, o.position, o.side, qty, product(price, qty, m.instruments[o.instrument].multiplier), &left)
    tell_violations(m, o.position, &left, o.order_id, o.client_order_id)


cdef void follow_cash_trade(
    Market* m, uint32_t first, uint32_t second, uint32_t qty, int64_t price,
) noexcept nogil:
    if m.orders[first].account != m.orders[second].account:
        follow_side(m, first, qty, price)
        follow_side(m, second, qty, price)


cdef void follow_undone(Market* m, uint32_t position, uint32_t side, int64_t lots, int64_t cash) noexcept nogil:
    if side == SIDE_BUY:
        undo_buy(m, position, lots, cash)
    else:
        undo_sale(m, position, cash)


cdef void follow_corrected(Market* m, uint32_t position, uint32_t side, int64_t lots, int64_t cash) noexcept nogil:
    cdef Left left
    note_side(m, position, side, lots, cash, &left)


cdef void follow_withdrawn(Market* m, uint32_t position, int64_t lots) noexcept nogil:
    cdef Left left
    note_sale(m, position, lots, 0, m.positions[position].qty + lots, &left)
    tell_violations(m, position, &left, 0, 0)
