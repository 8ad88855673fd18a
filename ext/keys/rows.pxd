"""KeyRow, and LimitRow of keys: docs/session-limits.md, "Rows"."""

from libc.stdint cimport uint64_t

from ext.layout cimport Market
from ext.wire cimport LimitRow

cdef bytes key_rows(const Market* m)
cdef uint64_t count_key_limits(const Market* m) noexcept nogil
# Write all of them from a row on.
cdef void put_key_limits(const Market* m, LimitRow* row) noexcept nogil
