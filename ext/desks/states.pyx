"""How states of desks come down to their accounts."""

from libc.stdint cimport uint8_t, uint32_t

from ext.desks.layout cimport Desk
from ext.desks.measure cimport desk_above
from ext.events cimport emit
from ext.layout cimport Market
from ext.wire cimport (
    ACCOUNT_STATE_ACTIVE, ACCOUNT_STATE_BLOCKED, EVENT_KIND_ACCOUNT_STATE,
)


cdef inline uint8_t stricter(uint8_t a, uint8_t b) noexcept nogil:
    if a == ACCOUNT_STATE_BLOCKED or b == ACCOUNT_STATE_BLOCKED:
        return ACCOUNT_STATE_BLOCKED
    return a if a > b else b  # the others lie in order


cdef uint8_t state_in_force(const Market* m, uint32_t account) noexcept nogil:
    cdef const Desk* d = desk_above(m, m.desks.of_account[account])
    cdef uint8_t own = <uint8_t> m.account_more[account].state
    return own if d == NULL else stricter(own, d.in_force)


cdef void find_desk_states(Market* m) noexcept nogil:
    cdef const Desk* d
    cdef uint32_t k
    for k in range(1, m.desks.capacity + 1):
        m.desks.rows[k].in_force = ACCOUNT_STATE_ACTIVE
        d = &m.desks.rows[k] if m.desks.rows[k].is_set else NULL
        while d != NULL:
            m.desks.rows[k].in_force = stricter(m.desks.rows[k].in_force, d.state)
            d = desk_above(m, d.parent)


cdef void emit_state(Market* m, uint32_t account, uint32_t request) noexcept nogil:
    emit(m, EVENT_KIND_ACCOUNT_STATE, 0, <uint8_t> m.account_more[account].state, m.accounts[account].state, account, 0,
         request, 0, 0, 0, 0, 0, 0)


cdef void tell_state(Market* m, uint32_t account, uint32_t request) noexcept nogil:
    cdef uint8_t state = state_in_force(m, account)
    if state != m.accounts[account].state:
        m.accounts[account].state = state
        emit_state(m, account, request)


cdef void tell_states(Market* m, uint32_t request) noexcept nogil:
    cdef uint32_t k
    for k in range(m.account_top):
        if m.desks.of_account[k]:
            tell_state(m, k, request)
