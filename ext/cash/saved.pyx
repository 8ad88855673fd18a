"""What is kept of accounts with a rule, and of their few positions with unpaid lots. Counts are made anew."""

from libc.stdint cimport int64_t, uint32_t, uint64_t
from libc.string cimport memset

from ext.admin cimport MAX_HELD
from ext.cash.layout cimport CashAccount, KEPT_VIOLATIONS, PROCEEDS, STEPS, Unpaid, Violation
from ext.cash.paid cimport recount, unpaid_lots
from ext.cash.violations cimport MOST_CASH_DAYS
from ext.layout cimport HAS_CASH_RULE, Market
from ext.risk cimport at_least_0
from ext.saved cimport Reader, Writer, get, put
from ext.settled cimport LAST_DATE
from ext.wire cimport CASH_RULE_REFUSE, CASH_VIOLATION_FREE_RIDING, CASH_VIOLATION_GOOD_FAITH, MAX_CASH

cdef struct SavedUnpaid:
    uint64_t position
    int64_t[STEPS] lots
    int64_t[STEPS] money
    uint64_t told


cdef void write_cash(Writer* w, const Market* m) noexcept nogil:
    cdef CashAccount account
    cdef SavedUnpaid saved
    cdef uint32_t left = m.cash.used
    cdef uint64_t used = left
    cdef uint32_t k
    put(w, &m.cash.most, sizeof(int64_t))
    put(w, &m.cash.span_days, sizeof(int64_t))
    put(w, &m.cash.restriction_days, sizeof(int64_t))
    for k in range(m.account_top):
        if m.accounts[k].flags & HAS_CASH_RULE:
            account = m.cash.accounts[k]
            account.unpaid = 0
            memset(&account.violations[account.count], 0, (KEPT_VIOLATIONS - account.count) * sizeof(Violation))
            put(w, &account, sizeof(CashAccount))
    put(w, &used, sizeof(uint64_t))
    k = 0
    while left:
        k += 1
        if m.cash.unpaid[k].counted:
            left -= 1
            saved.position = k
            saved.lots = m.cash.unpaid[k].lots
            saved.money = m.cash.unpaid[k].money
            saved.told = m.cash.unpaid[k].told
            put(w, &saved, sizeof(SavedUnpaid))


cdef inline bint is_date(int64_t date) noexcept nogil:
    return 0 <= date <= LAST_DATE


cdef bint account_holds(const CashAccount* t) noexcept nogil:
    cdef int64_t proceeds = 0
    cdef int k
    if not 1 <= t.rule <= CASH_RULE_REFUSE or t.restricted > 1 or t.count > KEPT_VIOLATIONS or t.unpaid:
        return False
    for k in range(<int> PROCEEDS):
        if not 0 <= t.proceeds[k] <= MAX_CASH - proceeds:
            return False
        proceeds += t.proceeds[k]
    for k in range(t.count):
        if t.violations[k].number == 0 or t.violations[k].number > t.numbers or not is_date(t.violations[k].date):
            return False
        if not CASH_VIOLATION_GOOD_FAITH <= t.violations[k].kind <= CASH_VIOLATION_FREE_RIDING:
            return False
    return is_date(t.since)


cdef bint lots_hold(const Market* m, uint32_t position) noexcept nogil:
    cdef const Unpaid* u = &m.cash.unpaid[position]
    cdef int k
    for k in range(<int> STEPS):
        if not 0 <= u.lots[k] <= MAX_HELD or not 0 <= u.money[k] <= MAX_CASH or (u.money[k] and u.lots[k] == 0):
            return False
    return unpaid_lots(u) <= at_least_0(m.positions[position].qty)


cdef bint read_positions(Reader* r, Market* m) noexcept nogil:
    cdef SavedUnpaid saved
    cdef uint64_t count
    cdef uint64_t last = 0
    cdef uint64_t _n
    cdef uint32_t position
    cdef Unpaid* u
    if not get(r, &count, sizeof(uint64_t)):
        return False
    for _n in range(count):
        if not get(r, &saved, sizeof(SavedUnpaid)) or not last < saved.position <= m.position_count:
            return False
        last = saved.position
        position = <uint32_t> last
        if not m.accounts[<uint32_t> m.positions[position].key].flags & HAS_CASH_RULE:
            return False
        if saved.told & ~<uint64_t> (1 << CASH_VIOLATION_GOOD_FAITH | 1 << CASH_VIOLATION_FREE_RIDING):
            return False
        u = &m.cash.unpaid[position]
        u.lots = saved.lots
        u.money = saved.money
        u.told = <uint32_t> saved.told
        recount(m, position)
        if u.counted == 0 or not lots_hold(m, position):
            return False
    return True


cdef inline bint is_days(int64_t days) noexcept nogil:
    return 0 <= days <= MOST_CASH_DAYS


cdef bint read_cash(Reader* r, Market* m) noexcept nogil:
    cdef uint32_t k
    if not get(r, &m.cash.most, sizeof(int64_t)) or not 0 <= m.cash.most <= KEPT_VIOLATIONS:
        return False
    if not get(r, &m.cash.span_days, sizeof(int64_t)) or not is_days(m.cash.span_days):
        return False
    if not get(r, &m.cash.restriction_days, sizeof(int64_t)) or not is_days(m.cash.restriction_days):
        return False
    for k in range(m.account_top):
        if m.accounts[k].flags & HAS_CASH_RULE and (
                not get(r, &m.cash.accounts[k], sizeof(CashAccount)) or not account_holds(&m.cash.accounts[k])):
            return False
    return read_positions(r, m)
