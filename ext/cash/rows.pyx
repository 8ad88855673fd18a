"""Tables of docs/cash.md, "Rows"."""

from libc.stdint cimport uint32_t, uint64_t
from libc.string cimport memcpy

from cpython.bytes cimport PyBytes_AS_STRING

from ext.cash.layout cimport CashAccount, HAS_UNPAID, Violation
from ext.cash.paid cimport funds_of
from ext.layout cimport HAS_CASH_RULE, Market
from ext.rows cimport room_for
from ext.wire cimport CashRow, UnpaidRow, ViolationRow


cdef inline bint has_rule(const Market* m, uint32_t account) noexcept nogil:
    return m.accounts[account].flags & HAS_CASH_RULE != 0


cdef bytes cash_rows(const Market* m):
    cdef const CashAccount* t
    cdef uint64_t rows = 0
    cdef uint32_t k
    cdef bytes result
    cdef CashRow* row
    for k in range(m.account_top):
        rows += has_rule(m, k)
    result = room_for(rows, sizeof(CashRow))
    row = <CashRow*> PyBytes_AS_STRING(result)
    for k in range(m.account_top):
        if has_rule(m, k):
            t = &m.cash.accounts[k]
            row.account = k
            row.rule = t.rule
            row.restricted = t.restricted
            row.violations = t.count
            row.since = t.since
            row.funds = funds_of(m, k)
            memcpy(&row.unused1, t.proceeds, sizeof(t.proceeds))
            row += 1
    return result


cdef bytes unpaid_rows(const Market* m):
    cdef uint64_t rows = 0
    cdef uint32_t k
    cdef bytes result
    cdef UnpaidRow* row
    for k in range(m.account_top):
        if has_rule(m, k):
            rows += m.cash.accounts[k].unpaid
    result = room_for(rows, sizeof(UnpaidRow))
    row = <UnpaidRow*> PyBytes_AS_STRING(result)
    if rows == 0:
        return result
    for k in range(1, m.position_count + 1):
        if m.cash.unpaid[k].counted & HAS_UNPAID:
            row.account = <uint32_t> m.positions[k].key
            row.instrument = <uint32_t> (m.positions[k].key >> 32)
            memcpy(&row.lots1, m.cash.unpaid[k].lots, sizeof(m.cash.unpaid[k].lots))
            memcpy(&row.money1, m.cash.unpaid[k].money, sizeof(m.cash.unpaid[k].money))
            row += 1
    return result


cdef bytes violation_rows(const Market* m):
    cdef const Violation* v
    cdef uint64_t rows = 0
    cdef uint32_t k, n
    cdef bytes result
    cdef ViolationRow* row
    for k in range(m.account_top):
        if has_rule(m, k):
            rows += m.cash.accounts[k].count
    result = room_for(rows, sizeof(ViolationRow))
    row = <ViolationRow*> PyBytes_AS_STRING(result)
    for k in range(m.account_top):
        if not has_rule(m, k):
            continue
        for n in range(m.cash.accounts[k].count):
            v = &m.cash.accounts[k].violations[n]
            row.account = k
            row.number = v.number
            row.instrument = v.instrument
            row.date = v.date
            row.kind = <unsigned char> v.kind
            row += 1
    return result
