"""SET_ACCOUNT and SET_ACCOUNT_STATE."""

from libc.stdint cimport uint8_t

from ext.layout cimport Account, Market
from ext.wire cimport AdminCommand

cdef void set_account(Market* m, const AdminCommand* c) noexcept nogil
cdef void set_account_state(Market* m, const AdminCommand* c) noexcept nogil
# Bits of AccountFlag and of Care, and what the hot path has of them.
cdef void set_flags(Account* a, uint8_t flags) noexcept nogil
