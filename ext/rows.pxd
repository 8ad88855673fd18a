"""Tables of the state for queries, as records of docs/wire.md. They only read (sums that are behind are made anew)."""

from libc.stdint cimport uint32_t, uint64_t

from ext.layout cimport Market
from ext.wire cimport AccountRow, PositionRow

cdef bytes room_for(uint64_t rows, size_t size)  # zeroed
cdef bytes orders_of_book(const Market* m, uint32_t instrument)
cdef bytes orders_of_account(const Market* m, uint32_t account, uint32_t instrument)
cdef bytes orders_of_market(const Market* m)
cdef bytes account_rows(Market* m)
cdef void account_row(Market* m, uint32_t k, AccountRow* row) noexcept nogil
cdef bytes position_rows(const Market* m, uint32_t account)
cdef void position_row(const Market* m, uint32_t k, PositionRow* row) noexcept nogil  # by its number
cdef bytes instrument_rows(const Market* m)
cdef bytes depth_rows(const Market* m, uint32_t instrument, uint64_t levels)
cdef bytes book_records(const Market* m, uint32_t instrument)
