"""A business day is over: SETTLE. See docs/ledger.md, "Settlement"."""

from libc.stdint cimport int64_t, uint32_t, uint64_t

from ext.admin cimport reject, value_is_within
from ext.cash.paid cimport settle_lots, settle_proceeds
from ext.cash.violations cimport settle_violations
from ext.daytrading.follow cimport settle_day_positions, settle_day_trader
from ext.events cimport emit, emit_market
from ext.layout cimport Account, AccountMore, HAS_CASH_RULE, HAS_DAY_RULE, Market, SETTLE_DAYS
from ext.wire cimport *

cdef int64_t settle(Account* a, AccountMore* t, int64_t days) noexcept nogil:
    """Returns what settles now."""
    cdef int64_t due = t.unsettled[0]
    cdef int64_t today = a.cash - t.day_cash
    cdef int k
    for k in range(1, SETTLE_DAYS):
        t.unsettled[k - 1] = t.unsettled[k]
    t.unsettled[SETTLE_DAYS - 1] = 0
    if days:
        t.unsettled[days - 1] += today
    else:
        due += today
    t.day_cash = a.cash
    return due


cdef void settle_day(Market* m, const AdminCommand* c) noexcept nogil:
    cdef Account* a
    cdef AccountMore* t
    cdef int64_t due
    cdef uint32_t told = 0
    cdef uint32_t k
    cdef bint is_first = m.settle_date == 0
    if not value_is_within(m, c, 0, 1, LAST_DATE):
        return
    if c.value0 <= m.settle_date:
        reject(m, c, CHECK_VALUE, 0, m.settle_date + 1, c.value0, 0)
        return
    if not value_is_within(m, c, 1, 0, SETTLE_DAYS):
        return
    m.settle_date = c.value0
    for k in range(m.account_top):
        a = &m.accounts[k]
        t = &m.account_more[k]
        if not a.is_set:
            continue
        if is_first:
            t.day_cash = a.cash
            due = 0
        else:
            due = settle(a, t, c.value1)
        if due:
            told += 1
            emit(m, EVENT_KIND_SETTLED, 0, 0, 0, k, 0, 0, 0, 0, due, 0, 0, <uint64_t> settled_cash(m, a, t))
        if a.flags & HAS_CASH_RULE:
            settle_proceeds(m, k, c.value1)
            settle_violations(m, k)
        if a.flags & HAS_DAY_RULE:
            settle_day_trader(m, k)
    if m.cash.used:
        settle_lots(m, c.value1)
    if m.day.used:
        settle_day_positions(m)
    emit_market(m, EVENT_KIND_SETTLEMENT, 0, 0, 0, 0, c.request, c.value0, told, <uint64_t> c.value1)
