"""A short list of each account's last orders, the one that was sent last in front."""

from libc.stdint cimport int64_t, uint8_t, uint32_t
from libc.string cimport memmove

from ext.desks.layout cimport REMEMBERED, Repeat
from ext.layout cimport Market
from ext.risk cimport SECOND_NS


cdef inline bint is_over(const Market* m, const Repeat* r) noexcept nogil:
    return m.ts_ns - r.first_ns >= SECOND_NS


cdef Repeat* remember(
    Market* m, uint32_t account, uint32_t instrument, uint32_t side, uint8_t order_type, int64_t price, uint32_t qty,
) noexcept nogil:
    cdef Repeat* orders = &m.desks.repeats[account].orders[0]
    cdef Repeat found
    cdef uint32_t k
    for k in range(REMEMBERED):
        if is_same(&orders[k], instrument, side, order_type, price, qty):
            break
    else:
        k = REMEMBERED - 1  # empty ones are behind
        orders[k] = Repeat(price, m.ts_ns, instrument, qty, 0, 1, <uint8_t> side, order_type, 0)
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
        if is_same(&orders[k], instrument, side, order_type, price, qty):
            return 0 if is_over(m, &orders[k]) else orders[k].count
    return 0
