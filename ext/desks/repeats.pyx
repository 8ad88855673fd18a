"""A short list of the last orders of an account or a key, the one that was sent last in front."""

from libc.stdint cimport int64_t, uint8_t, uint32_t
from libc.string cimport memmove, memset

from ext.desks.layout cimport REMEMBERED, Repeat, Repeats
from ext.layout cimport Market
from ext.risk cimport SECOND_NS
from ext.wire cimport SIDE_SELL


cdef inline bint is_over(const Market* m, const Repeat* r) noexcept nogil:
    return m.ts_ns - r.first_ns >= SECOND_NS


cdef Repeat* remember(
    const Market* m, Repeats* sent, uint32_t account, uint32_t instrument, uint32_t side, uint8_t order_type,
    int64_t price, uint32_t qty,
) noexcept nogil:
    cdef Repeat* orders = &sent.orders[0]
    cdef Repeat found
    cdef uint32_t k
    for k in range(REMEMBERED):
        if is_same(&orders[k], account, instrument, side, order_type, price, qty):
            break
    else:
        k = REMEMBERED - 1  # empty ones are behind
        memset(&orders[k], 0, sizeof(Repeat))
        orders[k].price = price
        orders[k].first_ns = m.ts_ns
        orders[k].account = account
        orders[k].instrument = instrument
        orders[k].qty = qty
        orders[k].is_set = 1
        orders[k].side = <uint8_t> side
        orders[k].order_type = order_type
    if is_over(m, &orders[k]):
        orders[k].first_ns = m.ts_ns
        orders[k].count = 0
    if k:
        found = orders[k]
        memmove(&orders[1], &orders[0], k * sizeof(Repeat))
        orders[0] = found
    return orders


cdef int64_t count_repeats(
    const Market* m, uint32_t account, uint32_t instrument, uint32_t side, uint8_t order_type, int64_t price,
    uint32_t qty,
) noexcept nogil:
    cdef const Repeat* orders = &m.desks.repeats[account].orders[0]
    cdef uint32_t k
    for k in range(REMEMBERED):
        if is_same(&orders[k], account, instrument, side, order_type, price, qty):
            return 0 if is_over(m, &orders[k]) else orders[k].count
    return 0


cdef bint are_sound(const Market* m, const Repeats* sent) noexcept nogil:
    cdef const Repeat* one
    cdef uint32_t k, byte
    for k in range(REMEMBERED):
        one = &sent.orders[k]
        if one.is_set > 1 or one.side > SIDE_SELL or one.first_ns > m.ts_ns:
            return False
        for byte in range(sizeof(one.unused)):
            if one.unused[byte]:
                return False
        if k and one.is_set and not sent.orders[k - 1].is_set:
            return False
    return True
