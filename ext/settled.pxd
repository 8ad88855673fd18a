"""What of an account's cash has settled, and what of it may be taken out: docs/ledger.md, "Settlement"."""

from libc.stdint cimport int64_t, uint32_t

from ext.bits cimport add_cut
from ext.cash.paid cimport funds_of
from ext.layout cimport Account, AccountMore, HAS_CASH_RULE, IS_MARGIN, Market, SETTLE_DAYS
from ext.ledger cimport free_cash
from ext.margin.check cimport withdrawable
from ext.wire cimport ACCOUNT_FLAG_CREDIT_UNLIMITED, AdminCommand, MAX_CASH


cdef enum:
    LAST_DATE = 99991231    # YYYYMMDD


cdef inline int64_t settled_cash(const Market* m, const Account* a, const AccountMore* t) noexcept nogil:
    cdef int64_t settled = t.day_cash
    cdef int k
    if m.settle_date == 0:
        return a.cash
    for k in range(SETTLE_DAYS):
        settled -= t.unsettled[k]
    return settled


cdef inline int64_t owed(int64_t amount) noexcept nogil:
    return amount if amount < 0 else 0


cdef inline int64_t withdrawable_cash(Market* m, uint32_t account) noexcept nogil:
    cdef const Account* a = &m.accounts[account]
    cdef const AccountMore* t = &m.account_more[account]
    cdef int64_t cash = settled_cash(m, a, t) - m.worths[account].withdrawals
    cdef int64_t free
    cdef int k
    if a.flags & IS_MARGIN:
        return withdrawable(m, account)
    if m.settle_date:
        cash += owed(a.cash - t.day_cash)
        for k in range(SETTLE_DAYS):
            cash += owed(t.unsettled[k])
    if a.flags & ACCOUNT_FLAG_CREDIT_UNLIMITED:
        free = add_cut(a.cash - a.hold, MAX_CASH)
    else:
        free = free_cash(a)
    if free < cash:
        cash = free
    if a.flags & HAS_CASH_RULE and funds_of(m, account) < cash:
        cash = funds_of(m, account)
    return cash if cash > 0 else 0


cdef void settle_day(Market* m, const AdminCommand* c) noexcept nogil  # SETTLE
