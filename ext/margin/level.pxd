"""Levels of MARGIN accounts: how their equity stands to what they must keep. docs/risk.md, "Levels"."""

from libc.stdint cimport uint32_t, uint8_t

from ext.layout cimport Market

cdef int by_id(const void* a, const void* b) noexcept nogil  # of accounts, for qsort
# As it is now, sums being up to date.
cdef uint8_t level_of(const Market* m, uint32_t account) noexcept nogil
# Have the level of each MARGIN account looked at.
cdef void note_all_accounts(Market* m) noexcept nogil
# Tell of each account that was noted down, and whose level is another one than it was told last.
cdef void judge(Market* m) noexcept nogil
