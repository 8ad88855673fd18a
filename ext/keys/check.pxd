"""Checks 13k and 19k of docs/session-limits.md: what limits of a key say to a command."""

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

from ext.layout cimport Market
from ext.risk cimport Refusal

cdef struct KeyAsked:  # an order as check 19k sees it
    uint32_t account
    uint32_t instrument
    uint32_t side
    uint32_t replaced       # slot of the order that it replaces; 0: it is new
    int64_t qty
    int64_t notional
    int64_t price           # as sent
    uint8_t order_type


# Check 13k, of a command with a byte that is not 0. Counts nothing: count_key_message does where 13 and 13a pass, too,
# and tells what it has to say.
cdef uint8_t check_key_messages(Market* m, uint32_t number, Refusal* r) noexcept nogil
cdef void count_key_message(
    Market* m, uint32_t number, uint32_t account, uint32_t instrument, uint64_t client_order_id,
) noexcept nogil
# Check 19k, of a command with a byte that is not 0, or of the order of a key. Keeps what is to be told when the order
# is accepted.
cdef uint8_t check_key(Market* m, uint32_t number, const KeyAsked* asked, Refusal* r) noexcept nogil
# A reject was told just now: if it is of a limit, its flags say how far above the account the holder is.
cdef void say_distance(Market* m, uint8_t check, const Refusal* r) noexcept nogil
cdef void tell_kept_warnings(
    Market* m, uint32_t account, uint32_t instrument, uint64_t client_order_id,
) noexcept nogil


cdef inline void tell_key_warnings(
    Market* m, uint32_t account, uint32_t instrument, uint64_t client_order_id,
) noexcept nogil:
    """What check 19k of the order that is told just now kept."""
    if m.keys.warning_count:
        tell_kept_warnings(m, account, instrument, client_order_id)
