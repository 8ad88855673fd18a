"""The commands of one order, the long way, and what follows when an accepted order meets the book."""

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

from ext.events cimport emit_reject
from ext.layout cimport Market, Order
from ext.wire cimport *

cdef void new_order(Market* m, const OrderCommand* c) noexcept nogil
cdef void new_special(Market* m, const SpecialCommand* c) noexcept nogil
# The ACCEPTED or REJECTED of a NEW_ORDER or NEW_SPECIAL, and nothing done but what its account counts.
cdef void answer_only(Market* m, const OrderCommand* c) noexcept nogil
cdef void cancel_order(Market* m, const OrderCommand* c) noexcept nogil
cdef void replace_order(Market* m, const OrderCommand* c) noexcept nogil

# Match an accepted or replaced order, and let the rest of it rest or end. listed: it is in its account's list.
cdef void finish(Market* m, uint32_t slot, int64_t index, bint listed) noexcept nogil


cdef inline uint32_t live_slot(const Market* m, uint64_t order_id, uint32_t account) noexcept nogil:
    """The slot of the live order of an account with this order id, or 0."""
    cdef uint32_t slot = <uint32_t> order_id
    cdef const Order* o = &m.orders[slot]
    if slot <= m.order_top and o.order_id == order_id and (o.level or o.special) and o.account == account:
        return slot
    return 0


cdef inline bint knows_account(const Market* m, uint32_t account) noexcept nogil:
    return account < m.account_capacity and m.accounts[account].is_set


cdef inline bint knows_instrument(const Market* m, uint32_t instrument) noexcept nogil:
    return instrument < m.instrument_capacity and m.instruments[instrument].is_set


cdef inline void reject_as_sent(
    Market* m, const OrderCommand* c, uint8_t kind, uint8_t check, uint64_t order_id, int64_t limit, int64_t value,
    int64_t headroom,
) noexcept nogil:
    """A reject of a trader's command with the fields that it came with."""
    emit_reject(m, kind, check, c.side, c.account, c.instrument, c.qty, order_id, c.client_order_id, limit, value,
                headroom, check != CHECK_ACCOUNT)
