"""Dues change by a dividend and by its payment, never else."""

from libc.stdint cimport int64_t, uint32_t

from ext.borrow.layout cimport Dues
from ext.desks.measure cimport move_account
from ext.layout cimport Market
from ext.margin.exposure cimport note_cash
from ext.margin.sums cimport add_sum, both


cdef void sum_due(Market* m, uint32_t account, int64_t amount) noexcept nogil:
    cdef Dues* sums = &m.borrowing.dues[account]
    add_sum(&sums.low, &sums.high, both(amount, 0))
    m.worths[account].has_due = sums.low != 0 or sums.high != 0


cdef void add_due(Market* m, uint32_t position, int64_t amount) noexcept nogil:
    cdef uint32_t account = <uint32_t> m.positions[position].key
    m.borrowing.claims[position].due += amount
    sum_due(m, account, amount)
    move_account(m, account, both(amount, 0))
    note_cash(m, account)
