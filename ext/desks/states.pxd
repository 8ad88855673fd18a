"""The state in force for an account: the strictest of its own and of those of the desks above it. docs/desks.md."""

from libc.stdint cimport uint8_t, uint32_t

from ext.layout cimport Market

# As its own state and its desks' say; Account.state is what it was last put to.
cdef uint8_t state_in_force(const Market* m, uint32_t account) noexcept nogil
# Have each desk know the state that is in force for it.
cdef void find_desk_states(Market* m) noexcept nogil
# Put an account's state in force, and tell it in ACCOUNT_STATE where it is another one; those of all accounts in desks.
cdef void tell_state(Market* m, uint32_t account, uint32_t request) noexcept nogil
cdef void tell_states(Market* m, uint32_t request) noexcept nogil
# ACCOUNT_STATE as it is.
cdef void emit_state(Market* m, uint32_t account, uint32_t request) noexcept nogil
