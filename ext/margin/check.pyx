"""Checks 24m and 24p: whether an account's equity carries what an order would have it keep. docs/risk.md, "Margin"."""

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

from ext.bits cimport add_cut
from ext.cash.check cimport check_cash
from ext.cash.follow cimport follow_cash_trade
from ext.daytrading.check cimport check_day_trader
from ext.daytrading.counts cimport without_kept
from ext.daytrading.follow cimport follow_day_trade
from ext.desks.check cimport passes_limits
from ext.desks.layout cimport Stretch
from ext.desks.measure cimport book_stretch
from ext.fees cimport charge_trade, fee_reserve
from ext.layout cimport (
    Account, Exposure, FAR_AWAY, HAS_CASH_RULE, HAS_DAY_RULE, HAS_PLAN, IS_LIMITED, IS_MARGIN, IS_WATCHED, Instrument,
    Margin, Market, Position,
)
from ext.levels cimport key_of
from ext.margin.exposure cimport (
    bring_up_to_date, change_initial, excess_of, initial_of, mark_of, needs, note_account, note_position, put_initial,
)
from ext.margin.sums cimport both, cut, is_below, less, wide, worth
from ext.risk cimport Refusal, at_least_0, either, free_of, greater, lesser, refuse, room_to_reduce
from ext.wire cimport CHECK_MARGIN, CHECK_NO_PRICE, MAX_CASH


cdef int64_t reserve_for(const Market* m, const Intent* wanted) noexcept nogil:
    """What the account's plan keeps back."""
    cdef const Account* a = &m.accounts[wanted.account]
    cdef int64_t spent = either(wanted.side, wanted.notional, 0)
    if not a.flags & HAS_PLAN:
        return 0
    return fee_reserve(m, a, add_cut(a.hold - wanted.own_hold, spent), wanted.others + 1)


cdef uint8_t check_needs(Market* m, Intent* wanted, Refusal* r) noexcept nogil:
    cdef const Position* p = &m.positions[wanted.position]
    cdef const Exposure* x = &m.exposures[wanted.position]
    cdef const Margin* g = &m.margins[wanted.instrument]
    cdef uint32_t side = wanted.side
    cdef int64_t multiplier = m.instruments[wanted.instrument].multiplier
    cdef int64_t mark = mark_of(m, wanted.position, wanted.instrument)
    cdef int64_t open = p.open[side] - wanted.own_lots + wanted.lots
    cdef int64_t need, loss, value
    cdef wide room
    if mark == 0 and wanted.lots > room_to_reduce(p, side, wanted.own_lots):
        return refuse(r, CHECK_NO_PRICE, 0, 0, 0)
    bring_up_to_date(m)
    wanted.needed = needs(g, multiplier, mark, add_cut(p.qty, either(side, open, -open)), g.initial)
    need = greater(greater(wanted.needed, x.initial[side ^ 1]), x.maintenance) - initial_of(x)
    if need <= 0:
        return 0
    value = worth(wanted.lots, mark, multiplier, MAX_CASH)
    loss = at_least_0(either(side, wanted.notional - value, value - wanted.notional))
    room = less(excess_of(m, wanted.account), reserve_for(m, wanted))
    if not is_below(room, both(need, loss)):
        return 0
    value = at_least_0(cut(room))
    return refuse(r, CHECK_MARGIN, value, add_cut(need, loss), value)


cdef uint8_t check_margin(Market* m, Intent* wanted, Refusal* r) noexcept nogil:
    cdef uint8_t check = check_needs(m, wanted, r)
    if check == 0 and m.accounts[wanted.account].flags & HAS_DAY_RULE:
        return check_day_trader(m, wanted, r)
    return check


cdef bint passes(
    Market* m, const Account* a, uint32_t instrument, uint32_t position, uint32_t side, int64_t qty, int64_t notional,
    int64_t index,
) noexcept nogil:
    cdef const Instrument* i = &m.instruments[instrument]
    cdef Refusal r
    cdef Intent wanted
    cdef Stretch after
    cdef uint32_t account = <uint32_t> (a - m.accounts)
    cdef int64_t spent = either(side, notional, 0)
    cdef bint rests = i.way == 0 and i.best[side ^ 1] > key_of(side ^ 1, index)
    if a.flags & IS_MARGIN:
        wanted = Intent(account, instrument, position, side, qty, notional, 0, 0, a.open_orders, 0)
        if check_margin(m, &wanted, &r):
            return False
    elif a.flags & HAS_PLAN and spent and spent > free_of(m, a, spent, 0, a.open_orders):
        return False
    if a.flags & HAS_CASH_RULE:
        wanted = Intent(account, instrument, position, side, qty, notional, 0, 0, a.open_orders, 0)
        if check_cash(m, &wanted, &r):
            return False
    if a.flags & IS_LIMITED and not passes_limits(
            m, a, account, instrument, position, side, qty, notional, index * i.tick_size, &after):
        return False
    if not rests:
        note_position(m, position)
        return True
    if a.flags & IS_MARGIN:
        put_initial(m, account, &m.exposures[position], side, wanted.needed)
    else:
        change_initial(m, position, side, qty)
    if a.flags & IS_LIMITED:
        book_stretch(m, position, &after, 1)
    return True


cdef void follow_trade(
    Market* m, uint32_t first, uint32_t second, bint in_auction, uint32_t qty, int64_t price, uint64_t trade_id,
) noexcept nogil:
    cdef uint32_t a = m.orders[first].account
    cdef uint32_t b = m.orders[second].account
    cdef uint8_t flags = m.accounts[a].flags
    cdef uint8_t others = m.accounts[b].flags
    if (flags | others) & HAS_DAY_RULE:
        follow_day_trade(m, first, second, qty, trade_id)
    if (flags | others) & HAS_CASH_RULE:
        follow_cash_trade(m, first, second, qty, price)
    if (flags | others) & HAS_PLAN:
        charge_trade(m, first, second, in_auction, qty, price, trade_id)
    if flags & IS_WATCHED:
        note_position(m, m.orders[first].position)
        if flags & (IS_MARGIN | IS_LIMITED):
            note_account(m, a)
    if others & IS_WATCHED:
        note_position(m, m.orders[second].position)
        if others & (IS_MARGIN | IS_LIMITED):
            note_account(m, b)


cdef int64_t withdrawable(Market* m, uint32_t account) noexcept nogil:
    cdef const Account* a = &m.accounts[account]
    cdef int64_t amount = lesser(add_cut(a.cash - a.hold, MAX_CASH), FAR_AWAY - a.hold)
    bring_up_to_date(m)
    amount = at_least_0(lesser(cut(excess_of(m, account)), amount))
    return without_kept(&m.day.accounts[account], amount) if a.flags & HAS_DAY_RULE else amount
