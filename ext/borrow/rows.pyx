"""Tables of what can be lent, of what was located, of interest, and of what is due."""

from libc.stdint cimport uint32_t, uint64_t

from cpython.bytes cimport PyBytes_AS_STRING

from ext.borrow.layout cimport Lending, RATES
from ext.borrow.locates cimport short_of
from ext.layout cimport Market
from ext.rows cimport room_for
from ext.wire cimport BorrowRow, DueRow, LocateRow, RateRow


cdef bytes borrow_rows(const Market* m):
    cdef const Lending* lending
    cdef uint64_t rows = 0
    cdef uint32_t k
    cdef bytes result
    cdef BorrowRow* row
    for k in range(m.instrument_top):
        rows += m.instruments[k].is_set
    result = room_for(rows, sizeof(BorrowRow))
    row = <BorrowRow*> PyBytes_AS_STRING(result)
    for k in range(m.instrument_top):
        if m.instruments[k].is_set:
            lending = &m.borrowing.lendings[k]
            row.instrument = k
            row.borrow = lending.borrow
            row.fee = lending.fee
            row.inventory = lending.inventory
            row.lent = lending.lent
            row += 1
    return result


cdef bytes locate_rows(const Market* m):
    cdef bytes result = room_for(m.borrowing.located_count, sizeof(LocateRow))
    cdef LocateRow* row = <LocateRow*> PyBytes_AS_STRING(result)
    cdef uint32_t k
    for k in range(1, m.position_count + 1):
        if m.borrowing.claims[k].located:
            row.account = <uint32_t> m.positions[k].key
            row.instrument = <uint32_t> (m.positions[k].key >> 32)
            row.located = m.borrowing.claims[k].located
            row.short = short_of(m, k)
            row += 1
    return result


cdef bytes rate_rows(const Market* m):
    cdef uint64_t rows = 0
    cdef uint32_t k
    cdef bytes result
    cdef RateRow* row
    for k in range(RATES):
        rows += m.borrowing.rates[k].days != 0
    result = room_for(rows, sizeof(RateRow))
    row = <RateRow*> PyBytes_AS_STRING(result)
    for k in range(RATES):
        if m.borrowing.rates[k].days:
            row.currency = m.currencies[k]
            row.debit = m.borrowing.rates[k].debit
            row.credit = m.borrowing.rates[k].credit
            row.days = <uint32_t> m.borrowing.rates[k].days
            row += 1
    return result


cdef bytes due_rows(const Market* m):
    cdef uint64_t rows = 0
    cdef uint32_t k
    cdef bytes result
    cdef DueRow* row
    for k in range(1, m.position_count + 1):
        rows += m.borrowing.claims[k].due != 0
    result = room_for(rows, sizeof(DueRow))
    row = <DueRow*> PyBytes_AS_STRING(result)
    for k in range(1, m.position_count + 1):
        if m.borrowing.claims[k].due:
            row.account = <uint32_t> m.positions[k].key
            row.instrument = <uint32_t> (m.positions[k].key >> 32)
            row.due = m.borrowing.claims[k].due
            row += 1
    return result
