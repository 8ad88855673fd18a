"""Check 23b of docs/borrow.md: whether what an order would sell short can be delivered."""

from libc.stdint cimport int64_t, uint8_t, uint32_t

from ext.layout cimport Market, NOT_EASY
from ext.risk cimport Refusal
from ext.wire cimport SIDE_SELL

# Of a sell in an instrument that is not EASY.
cdef uint8_t check_located(
    const Market* m, uint32_t instrument, uint32_t position, int64_t qty, int64_t own_qty, Refusal* r,
) noexcept nogil


cdef inline uint8_t check_locate(
    const Market* m, uint32_t instrument, uint32_t position, uint32_t side, int64_t qty, int64_t own_qty, Refusal* r,
) noexcept nogil:
    """position: 0, if it is not there yet. own_qty: open lots that are free, as of check 23."""
    if m.instruments[instrument].way & NOT_EASY and side == SIDE_SELL:
        return check_located(m, instrument, position, qty, own_qty, r)
    return 0
