"""A day's interest on cash, and fees for shares that are owed."""

from libc.stdint cimport int64_t, uint32_t, uint64_t

from ext.admin cimport reject, value_is_within
from ext.borrow.amounts cimport borrow_fee_of, interest_of
from ext.borrow.charges cimport charge_by_rule
from ext.borrow.layout cimport Rate
from ext.borrow.locates cimport MOST_YEARLY
from ext.events cimport emit_market
from ext.house cimport find_currency
from ext.layout cimport Account, AccountMore, CURRENCIES, Market, Position, SETTLE_DAYS
from ext.margin.sums cimport both, less, wide
from ext.settled cimport LAST_DATE
from ext.wire cimport *

cdef enum:
    MOST_DAYS = 31


cdef void set_rates(Market* m, const AdminCommand* c) noexcept nogil:
    cdef uint32_t currency = find_currency(m, <uint64_t> c.value0)
    cdef Event* e
    if currency == CURRENCIES:
        reject(m, c, CHECK_VALUE, 0, 0, c.value0, 0)
        return
    if not value_is_within(m, c, 1, 0, MOST_YEARLY) or not value_is_within(m, c, 2, 0, MOST_YEARLY):
        return
    if c.value3 != SHORT_YEAR and c.value3 != LONG_YEAR:
        reject(m, c, CHECK_VALUE, 3, SHORT_YEAR if c.value3 < LONG_YEAR else LONG_YEAR, c.value3, 0)
        return
    m.borrowing.rates[currency] = Rate(c.value1, c.value2, c.value3)
    emit_market(m, EVENT_KIND_RATES_SET, 0, 0, 0, 0, c.request, c.value1, <uint32_t> c.value3, <uint64_t> c.value0)
    e = <Event*> (m.events.at - sizeof(Event))
    e.order_id = <uint64_t> c.value2


cdef wide base_of(const Market* m, uint32_t account) noexcept nogil:
    """Settled cash without what short sales brought."""
    cdef const Account* a = &m.accounts[account]
    cdef const AccountMore* t = &m.account_more[account]
    cdef wide base = both(a.cash, 0)
    cdef int k
    if m.settle_date:
        base = both(t.day_cash, 0)
        for k in range(SETTLE_DAYS):
            base = less(base, both(t.unsettled[k], 0))
    return less(base, both(a.short_proceeds, 0))


cdef uint32_t charge_interest(Market* m, const AdminCommand* c) noexcept nogil:
    """Of all accounts. Returns the number of charges."""
    cdef const Rate* rate
    cdef uint32_t charged = 0
    cdef uint32_t k
    cdef int64_t amount
    for k in range(m.account_top):
        if not m.accounts[k].is_set or m.accounts[k].flags & ACCOUNT_FLAG_CREDIT_UNLIMITED:
            continue
        rate = &m.borrowing.rates[m.account_more[k].currency_number]
        if rate.debit == 0 and rate.credit == 0:
            continue
        amount = interest_of(base_of(m, k), rate.debit, rate.credit, c.value1, rate.days, MAX_CASH)
        charged += charge_by_rule(m, k, 0, HOUSE_ACCOUNT_INTEREST, amount, c.request, <uint64_t> c.value0) != 0
    return charged


cdef bint has_fees(const Market* m) noexcept nogil:
    cdef uint32_t k
    for k in range(m.instrument_top):
        if m.borrowing.lendings[k].fee:
            return True
    return False


cdef uint32_t charge_borrowing(Market* m, const AdminCommand* c) noexcept nogil:
    """Of all positions below 0. Returns the number of charges."""
    cdef const Position* p
    cdef uint32_t charged = 0
    cdef uint32_t k, account, instrument
    cdef int64_t amount
    if not has_fees(m):
        return 0
    for k in range(1, m.position_count + 1):
        p = &m.positions[k]
        account = <uint32_t> p.key
        instrument = <uint32_t> (p.key >> 32)
        if p.qty >= 0 or m.borrowing.lendings[instrument].fee == 0:
            continue
        if m.accounts[account].flags & ACCOUNT_FLAG_CREDIT_UNLIMITED:
            continue
        amount = borrow_fee_of(p.qty, m.exposures[k].mark, m.instruments[instrument].multiplier,
                               m.borrowing.lendings[instrument].fee, c.value1, MAX_CASH)
        charged += charge_by_rule(m, account, instrument, HOUSE_ACCOUNT_BORROW, amount, c.request,
                                  <uint64_t> c.value0) != 0
    return charged


cdef void accrue(Market* m, const AdminCommand* c) noexcept nogil:
    cdef uint32_t charged
    if not value_is_within(m, c, 0, 1, LAST_DATE):
        return
    if c.value0 <= m.borrowing.accrue_date:
        reject(m, c, CHECK_VALUE, 0, m.borrowing.accrue_date + 1, c.value0, 0)
        return
    if not value_is_within(m, c, 1, 1, MOST_DAYS):
        return
    m.borrowing.accrue_date = c.value0
    charged = charge_interest(m, c)
    charged += charge_borrowing(m, c)
    emit_market(m, EVENT_KIND_ACCRUED, 0, 0, 0, 0, c.request, c.value0, charged, <uint64_t> c.value1)
