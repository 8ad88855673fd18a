"""Violations of cash accounts, and restrictions to settled cash."""

from libc.stdint cimport int64_t, uint32_t, uint64_t
from libc.string cimport memmove

from ext.admin cimport account_is_known, reject
from ext.cash.layout cimport CashAccount, KEPT_VIOLATIONS, Unpaid, Violation
from ext.cash.paid cimport Left, recount
from ext.events cimport emit
from ext.layout cimport Market
from ext.risk cimport lesser
from ext.wire cimport *

cdef extern from *:
    """
    #define OB_MOST_TOLD 0xFFFFFFFFLL
    """
    const int64_t MOST_TOLD "OB_MOST_TOLD"  # lots, of an event


cdef int64_t days_of(int64_t date) noexcept nogil:
    cdef int64_t year = date / 10000 + 400  # so that none is below 0
    cdef int64_t month = date / 100 % 100
    if month <= 2:
        year -= 1
        month += 12
    return 365 * year + year / 4 - year / 100 + year / 400 + (153 * (month - 3) + 2) / 5 + date % 100


cdef inline bint is_over(const Market* m, uint32_t date, int64_t days) noexcept nogil:
    return days_of(m.settle_date) - days_of(date) >= days


cdef void drop(CashAccount* t, uint32_t place) noexcept nogil:
    t.count -= 1
    memmove(&t.violations[place], &t.violations[place + 1], (t.count - place) * sizeof(Violation))


cdef void tell_restriction(
    Market* m, uint32_t account, bint begins, uint32_t request, uint32_t number,
) noexcept nogil:
    cdef CashAccount* t = &m.cash.accounts[account]
    t.restricted = begins
    t.since = 0
    emit(m, EVENT_KIND_CASH_RESTRICTED, 0, begins, 0, account, 0, request, 0, 0, 0, 0, 0, number)


cdef void violate(
    Market* m, uint32_t position, uint32_t kind, int64_t lots, int64_t money, uint64_t order_id,
    uint64_t client_order_id,
) noexcept nogil:
    cdef uint32_t account = <uint32_t> m.positions[position].key
    cdef uint32_t instrument = <uint32_t> (m.positions[position].key >> 32)
    cdef CashAccount* t = &m.cash.accounts[account]
    cdef Unpaid* u = &m.cash.unpaid[position]
    if u.told >> kind & 1:
        return
    u.told |= <uint32_t> 1 << kind
    recount(m, position)
    if t.count == KEPT_VIOLATIONS:
        drop(t, 0)
    t.numbers += 1
    t.violations[t.count] = Violation(t.numbers, instrument, 0, kind)
    t.count += 1
    emit(m, EVENT_KIND_CASH_VIOLATION, SIDE_SELL, <unsigned char> kind, 0, account, instrument,
         <uint32_t> lesser(lots, MOST_TOLD), order_id, client_order_id, money, t.count, 0, t.numbers)
    if m.cash.restriction_days == 0:
        return
    if kind == CASH_VIOLATION_FREE_RIDING or (m.cash.most and t.count >= m.cash.most):
        tell_restriction(m, account, True, 0, t.numbers)


cdef void tell_violations(
    Market* m, uint32_t position, const Left* left, uint64_t order_id, uint64_t client_order_id,
) noexcept nogil:
    if left.lots[0]:
        violate(m, position, CASH_VIOLATION_GOOD_FAITH, left.lots[0], left.money[0], order_id, client_order_id)
    if left.lots[1]:
        violate(m, position, CASH_VIOLATION_FREE_RIDING, left.lots[1], left.money[1], order_id, client_order_id)


cdef void settle_violations(Market* m, uint32_t account) noexcept nogil:
    cdef CashAccount* t = &m.cash.accounts[account]
    cdef uint32_t k = 0
    while k < t.count:
        if t.violations[k].date == 0:
            t.violations[k].date = <uint32_t> m.settle_date
        if m.cash.span_days and is_over(m, t.violations[k].date, m.cash.span_days):
            drop(t, k)
        else:
            k += 1
    if not t.restricted:
        return
    if t.since == 0:
        t.since = <uint32_t> m.settle_date
    if is_over(m, t.since, m.cash.restriction_days):
        tell_restriction(m, account, False, 0, 0)


cdef void lift_cash(Market* m, const AdminCommand* c) noexcept nogil:
    cdef CashAccount* t
    cdef uint32_t k
    if not account_is_known(m, c):
        return
    t = &m.cash.accounts[c.account]
    if c.value0 == 0:
        if t.restricted:
            tell_restriction(m, c.account, False, c.request, 0)
        else:
            reject(m, c, CHECK_VALUE, 0, 1, 0, 0)
        return
    for k in range(t.count):
        if t.violations[k].number == c.value0:
            drop(t, k)
            emit(m, EVENT_KIND_CASH_LIFTED, 0, 0, 0, c.account, 0, c.request, 0, 0, 0, t.count, 0, <uint64_t> c.value0)
            return
    reject(m, c, CHECK_VALUE, 0, 0, c.value0, 0)
