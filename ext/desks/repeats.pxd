"""What orders an account, or a key, sent last, for REPEATS: docs/desks.md, "Limits"."""

from libc.stdint cimport int64_t, uint8_t, uint32_t

from ext.desks.layout cimport REMEMBERED, Repeat, Repeats
from ext.layout cimport Market


cdef inline bint is_same(
    const Repeat* r, uint32_t account, uint32_t instrument, uint32_t side, uint8_t order_type, int64_t price,
    uint32_t qty,
) noexcept nogil:
    return (r.is_set and r.price == price and r.instrument == instrument and r.qty == qty and r.side == side
            and r.order_type == order_type and r.account == account)


# The order among those sent: it is the first one from then on, with no count where its second is over.
cdef Repeat* remember(
    const Market* m, Repeats* sent, uint32_t account, uint32_t instrument, uint32_t side, uint8_t order_type,
    int64_t price, uint32_t qty,
) noexcept nogil
# How many of it its account sent within this second, nothing being changed.
cdef int64_t count_repeats(
    const Market* m, uint32_t account, uint32_t instrument, uint32_t side, uint8_t order_type, int64_t price,
    uint32_t qty,
) noexcept nogil
# Whether what a snapshot tells of them can be.
cdef bint are_sound(const Market* m, const Repeats* sent) noexcept nogil
