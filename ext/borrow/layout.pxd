"""What the core keeps of borrowing, interest, dividends and splits: docs/borrow.md, docs/actions.md."""

from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t, uint64_t

cdef enum:
    RATES = 8               # as many as currencies


cdef struct Claim:  # of the position with the same number; few have one
    int64_t located         # lots
    int64_t due             # of dividends


cdef struct Lending:  # of the instrument with the same id
    int64_t fee             # 1e-6 of the value a year
    int64_t inventory       # lots
    int64_t lent            # lots: the sum of what is located
    uint64_t split_trades   # trades that were made before its last split
    uint8_t borrow          # Borrow


cdef struct Dues:  # of the account with the same id: the sum of what is due
    uint64_t low            # of 96 bits
    int32_t high


cdef struct Rate:  # of the currency with the same number
    int64_t debit           # 1e-6 a year
    int64_t credit
    int64_t days            # a year; 0: it was never set


cdef struct Borrowing:
    Claim* claims
    Lending* lendings
    Dues* dues
    Rate[RATES] rates
    int64_t accrue_date     # of the last ACCRUE; 0: there was none
    uint32_t located_count  # positions with located lots
