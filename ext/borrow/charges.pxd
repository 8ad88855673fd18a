"""What accounts are charged, or get, by a rule: as far as their cash may move. docs/borrow.md, docs/actions.md."""

from libc.stdint cimport int64_t, uint32_t, uint64_t

from ext.layout cimport Market

# Charge an account as far as that may be (negative: it gets it), settled at once; the house account gets it. CHARGED,
# where that is not 0. Returns what was charged.
cdef int64_t charge_by_rule(
    Market* m, uint32_t account, uint32_t instrument, uint32_t house, int64_t amount, uint32_t request,
    uint64_t reference,
) noexcept nogil
