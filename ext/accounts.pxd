"""SET_ACCOUNT and SET_ACCOUNT_STATE."""

from libc.stdint cimport uint8_t, uint32_t

from ext.layout cimport Account, Market
from ext.wire cimport AdminCommand

cdef void set_account(Market* m, const AdminCommand* c) noexcept nogil
cdef void set_account_state(Market* m, const AdminCommand* c) noexcept nogil
# Cancel the orders of an account that could open a position, newest accepted first. Returns their number.
cdef uint32_t cancel_openers(Market* m, uint32_t account) noexcept nogil
# Bits of AccountFlag and of Care, and what the hot path has of them.
cdef void set_flags(Account* a, uint8_t flags) noexcept nogil
