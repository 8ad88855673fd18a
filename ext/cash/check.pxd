"""Check 24c of docs/cash.md: what an account with a rule may not buy or sell."""

from libc.stdint cimport uint8_t

from ext.layout cimport Market
from ext.margin.check cimport Intent
from ext.risk cimport Refusal

cdef uint8_t check_cash(const Market* m, const Intent* wanted, Refusal* r) noexcept nogil
