"""Day trades are counted as fills come, and forgotten as days go."""

from libc.stdint cimport int64_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memmove, memset

from ext.borrow.amounts cimport scaled
from ext.daytrading.counts cimport day_trades_of, trades_of
from ext.daytrading.layout cimport DAYS, DayPosition, DayTrader, KEPT_DAYS
from ext.events cimport emit
from ext.layout cimport HAS_DAY_RULE, Market, Order
from ext.margin.exposure cimport bring_up_to_date, equity_of
from ext.margin.sums cimport both, cut, is_below, less, wide
from ext.risk cimport at_least_0, lesser
from ext.wire cimport AdminCommand, EVENT_KIND_DAY_TRADE, MAX_CASH, SIDE_BUY

cdef enum:
    ALL = 10000             # 1e-4
    MOST_COUNTED = 65535    # a day


cdef inline int64_t size_of(int64_t lots) noexcept nogil:
    return lots if lots > 0 else -lots


cdef inline void count(uint16_t* counted) noexcept nogil:
    counted[0] += counted[0] < MOST_COUNTED


cdef bint makes_pattern(const Market* m, const DayTrader* t, int64_t day_trades, int64_t trades) noexcept nogil:
    if t.is_pattern or m.day.least == 0 or day_trades < m.day.least:
        return False
    return day_trades * ALL > trades * m.day.share


cdef void tell_day_trade(Market* m, const Order* o, uint64_t trade_id) noexcept nogil:
    cdef DayTrader* t = &m.day.accounts[o.account]
    cdef int64_t day_trades, trades
    cdef bint made
    count(&t.day_trades[0])
    day_trades = day_trades_of(m, t)
    trades = trades_of(m, t)
    made = makes_pattern(m, t, day_trades, trades)
    if made:
        t.is_pattern = 1
    emit(m, EVENT_KIND_DAY_TRADE, o.side, 0, made, o.account, o.instrument, <uint32_t> day_trades, o.order_id,
         o.client_order_id, 0, <uint32_t> trades, 0, trade_id)


cdef void follow_side(Market* m, const Order* o, int64_t lots, uint64_t trade_id) noexcept nogil:
    cdef DayPosition* d = &m.day.positions[o.position]
    cdef int64_t before = m.positions[o.position].qty
    cdef int64_t closed = 0
    cdef bint is_day_trade = False
    if o.order_id != d.last:
        d.last = o.order_id
        count(&m.day.accounts[o.account].trades[0])
    before += -lots if o.side == SIDE_BUY else lots
    if before < 0 if o.side == SIDE_BUY else before > 0:
        closed = lesser(lots, size_of(before))
    if closed and d.opened:
        is_day_trade = d.run != <uint64_t> o.side + 1
        d.run = <uint64_t> o.side + 1
        d.opened = at_least_0(d.opened - closed)
    if closed and closed == size_of(before):
        d.opened = 0
    if lots > closed:
        d.opened += lots - closed
        d.run = 0
    if is_day_trade:
        tell_day_trade(m, o, trade_id)


cdef void follow_day_trade(Market* m, uint32_t first, uint32_t second, uint32_t qty, uint64_t trade_id) noexcept nogil:
    cdef const Order* a = &m.orders[first]
    cdef const Order* b = &m.orders[second]
    if a.account == b.account:
        return
    if m.accounts[a.account].flags & HAS_DAY_RULE:
        follow_side(m, a, qty, trade_id)
    if m.accounts[b.account].flags & HAS_DAY_RULE:
        follow_side(m, b, qty, trade_id)


cdef inline bint has_rule(const Market* m, uint32_t position) noexcept nogil:
    return m.accounts[<uint32_t> m.positions[position].key].flags & HAS_DAY_RULE != 0


cdef void follow_lots(Market* m, uint32_t position, int64_t before) noexcept nogil:
    cdef DayPosition* d = &m.day.positions[position]
    cdef int64_t after = m.positions[position].qty
    if has_rule(m, position):
        d.opened = lesser(d.opened, size_of(after)) if (before < 0) == (after < 0) else 0


cdef void split_opened(Market* m, uint32_t position, const AdminCommand* c) noexcept nogil:
    if has_rule(m, position):
        m.day.positions[position].opened = scaled(m.day.positions[position].opened, c.value0, c.value1)


cdef void keep_deposit(Market* m, uint32_t account, int64_t amount) noexcept nogil:
    cdef DayTrader* t = &m.day.accounts[account]
    cdef wide missing
    if not t.is_pattern:
        return
    bring_up_to_date(m)
    missing = less(both(m.day.least_equity, 0), equity_of(m, account))
    if is_below(both(0, 0), missing):
        t.kept[0] += lesser(lesser(amount, cut(missing)), MAX_CASH - t.kept[0])


cdef void settle_day_trader(Market* m, uint32_t account) noexcept nogil:
    cdef DayTrader* t = &m.day.accounts[account]
    memmove(&t.day_trades[1], t.day_trades, (<size_t> DAYS - 1) * sizeof(uint16_t))
    memmove(&t.trades[1], t.trades, (<size_t> DAYS - 1) * sizeof(uint16_t))
    memmove(&t.kept[1], t.kept, (<size_t> KEPT_DAYS - 1) * sizeof(int64_t))
    t.day_trades[0] = t.trades[0] = 0
    t.kept[0] = 0


cdef void settle_day_positions(Market* m) noexcept nogil:
    cdef uint32_t position
    for position in range(1, m.position_count + 1):
        if has_rule(m, position):
            memset(&m.day.positions[position], 0, sizeof(DayPosition))
