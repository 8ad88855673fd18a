"""Charges by a rule: interest, fees for borrowing, dividends, fractions of a split."""

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

from ext.events cimport emit
from ext.house cimport post
from ext.layout cimport Account, AccountMore, Market
from ext.margin.exposure cimport note_cash
from ext.risk cimport at_least_0, greater, lesser
from ext.wire cimport EVENT_KIND_CHARGED, MAX_CASH, SIDE_BOTH


cdef int64_t bounded(const Account* a, int64_t amount) noexcept nogil:
    """As much of it as leaves cash - hold at -MAX_CASH or above, and cash at MAX_CASH or below."""
    cdef int64_t room = MAX_CASH
    if amount > 0:
        if a.cash < a.hold:
            room = at_least_0(a.cash - a.hold + MAX_CASH)
        return lesser(amount, room)
    if a.cash > 0:
        room = MAX_CASH - a.cash
    return greater(amount, -room)


cdef int64_t charge_by_rule(
    Market* m, uint32_t account, uint32_t instrument, uint32_t house, int64_t amount, uint32_t request,
    uint64_t reference,
) noexcept nogil:
    cdef Account* a = &m.accounts[account]
    cdef AccountMore* t = &m.account_more[account]
    amount = bounded(a, amount)
    if amount == 0:
        return 0
    a.cash -= amount
    t.day_cash -= amount
    note_cash(m, account)
    post(m, t, house, amount)
    emit(m, EVENT_KIND_CHARGED, SIDE_BOTH, <uint8_t> house, 0, account, instrument, request, 0, 0, amount, 0, 0,
         reference)
    return amount
