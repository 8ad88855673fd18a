"""Cash and shares that come from outside or go there."""

from libc.stdint cimport int64_t, uint32_t, uint64_t

from ext.layout cimport Account, Market
from ext.wire cimport AdminCommand

# Whether cash may move into an account, or (negative) out of it: else CASH_RANGE.
cdef bint cash_fits(
    Market* m, const AdminCommand* c, const Account* a, int64_t amount, uint64_t index,
) noexcept nogil
# A new position, of an account and an instrument that have none: its number; 0: it was refused.
cdef uint32_t position_for(Market* m, const AdminCommand* c) noexcept nogil
cdef void deposit(Market* m, const AdminCommand* c) noexcept nogil
cdef void deposit_shares(Market* m, const AdminCommand* c) noexcept nogil
