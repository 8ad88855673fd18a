"""Restricted accounts buy with settled cash; what is not paid for is not sold."""

from libc.stdint cimport int64_t, uint8_t

from ext.cash.layout cimport CashAccount
from ext.cash.paid cimport proceeds_of, unpaid_lots
from ext.layout cimport Market, Position
from ext.margin.check cimport Intent
from ext.risk cimport Refusal, at_least_0, free_of, refuse
from ext.wire cimport CASH_RULE_REFUSE, CHECK_GOOD_FAITH, CHECK_SETTLED_CASH, SIDE_BUY, SIDE_SELL


cdef uint8_t check_cash(const Market* m, const Intent* wanted, Refusal* r) noexcept nogil:
    cdef const CashAccount* t = &m.cash.accounts[wanted.account]
    cdef const Position* p = &m.positions[wanted.position]
    cdef int64_t room
    if wanted.side == SIDE_BUY:
        if not t.restricted:
            return 0
        room = free_of(m, &m.accounts[wanted.account], wanted.notional, wanted.own_hold, wanted.others)
        room = at_least_0(room - proceeds_of(m, wanted.account))
        return refuse(r, CHECK_SETTLED_CASH, room, wanted.notional, room) if wanted.notional > room else 0
    if t.rule != CASH_RULE_REFUSE or wanted.lots <= wanted.own_lots:
        return 0
    room = at_least_0(p.qty - unpaid_lots(&m.cash.unpaid[wanted.position]) - p.open[SIDE_SELL] + wanted.own_lots)
    return refuse(r, CHECK_GOOD_FAITH, room, wanted.lots, room) if wanted.lots > room else 0
