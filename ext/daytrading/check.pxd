"""Check 24p of docs/daytrading.md: a pattern day trader with less than the least equity opens nothing."""

from libc.stdint cimport uint8_t

from ext.layout cimport Market
from ext.margin.check cimport Intent
from ext.risk cimport Refusal

# Of an account with the rule, sums being up to date.
cdef uint8_t check_day_trader(const Market* m, const Intent* wanted, Refusal* r) noexcept nogil
