"""Tables of the state for queries, as records of docs/wire.md. They only read."""

from libc.stdint cimport uint32_t, uint64_t

from ext.layout cimport Market

cdef bytes orders_of_book(const Market* m, uint32_t instrument)
cdef bytes orders_of_account(const Market* m, uint32_t account, uint32_t instrument)
cdef bytes orders_of_market(const Market* m)
cdef bytes account_rows(const Market* m)
cdef bytes position_rows(const Market* m, uint32_t account)
cdef bytes instrument_rows(const Market* m)
cdef bytes depth_rows(const Market* m, uint32_t instrument, uint64_t levels)
cdef bytes book_records(const Market* m, uint32_t instrument)
