"""Commands that cancel many orders: mass cancel, an operator's cancel, the end of the day."""

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

from ext.bits cimport add_cut
from ext.events cimport emit, emit_market, emit_time, level_at
from ext.layout cimport Instrument, Market, Order
from ext.levels cimport best_index, level_of_index, next_index
from ext.matching cimport pull
from ext.orders cimport knows_account, knows_instrument, reject_as_sent
from ext.wire cimport *

cdef enum:
    EVERY_TIF = -1

cdef extern from *:
    """
    #define OB_DAY_NS (86400LL * 1000000000LL)
    """
    const int64_t DAY_NS "OB_DAY_NS"


cdef inline uint32_t cancel_of_account(
    Market* m, uint32_t account, uint32_t instrument, int64_t side, uint8_t reason,
) noexcept nogil:
    """Cancel an account's orders, newest accepted first. Returns their number."""
    cdef uint32_t slot = m.accounts[account].newest
    cdef uint32_t older
    cdef uint32_t count = 0
    while slot:
        older = m.links[slot].older
        if (instrument == ANY or m.orders[slot].instrument == instrument) and (
                side == SIDE_BOTH or m.orders[slot].side == side):
            pull(m, slot, reason)
            count += 1
        slot = older
    return count


cdef inline uint32_t cancel_of_level(Market* m, uint32_t level, int tif, uint8_t reason) noexcept nogil:
    cdef uint32_t slot = level_at(m, level).head
    cdef uint32_t next
    cdef uint32_t count = 0
    while slot:
        next = m.links[slot].next
        if tif == EVERY_TIF or m.orders[slot].tif == tif:
            pull(m, slot, reason)
            count += 1
        slot = next
    return count


cdef inline uint32_t cancel_of_instrument(Market* m, uint32_t instrument, int tif, uint8_t reason) noexcept nogil:
    """Cancel the orders of a book: bids from best to worst, first in queue first, then offers. Returns their number."""
    cdef Instrument* i = &m.instruments[instrument]
    cdef uint32_t count = 0
    cdef uint32_t side
    cdef int64_t index
    for side in range(2):
        index = best_index(i, side)
        while index >= 0:
            count += cancel_of_level(m, level_of_index(m, i, instrument, index), tif, reason)
            index = next_index(m, i, instrument, side, index)
    return count


cdef inline uint32_t cancel_of_market(Market* m, uint32_t instrument, int tif, uint8_t reason) noexcept nogil:
    """The same of one instrument, or of ANY: all of them, ascending."""
    cdef uint32_t count = 0
    cdef uint32_t k
    if instrument != ANY:
        return cancel_of_instrument(m, instrument, tif, reason)
    for k in range(m.instrument_top):
        if m.instruments[k].is_set:
            count += cancel_of_instrument(m, k, tif, reason)
    return count


cdef inline void mass_cancel(Market* m, const OrderCommand* c) noexcept nogil:
    cdef uint32_t count
    if not knows_account(m, c.account):
        reject_as_sent(m, c, EVENT_KIND_CANCEL_REJECTED, CHECK_ACCOUNT, c.order_id, 0, c.account, 0)
        return
    if c.instrument != ANY and not knows_instrument(m, c.instrument):
        reject_as_sent(m, c, EVENT_KIND_CANCEL_REJECTED, CHECK_INSTRUMENT, c.order_id, 0, c.instrument, 0)
        return
    if c.side > SIDE_BOTH:
        reject_as_sent(m, c, EVENT_KIND_CANCEL_REJECTED, CHECK_SIDE, c.order_id, SIDE_BOTH, c.side, 0)
        return
    count = cancel_of_account(m, c.account, c.instrument, c.side, CANCEL_REASON_MASS)
    emit(m, EVENT_KIND_MASS_CANCELED, c.side, 0, 0, c.account, c.instrument, count, 0, c.client_order_id, 0, 0, 0, 0)


cdef inline bint day_ends(const Market* m) noexcept nogil:
    return m.day_end_ns != 0 and m.ts_ns >= m.day_end_ns


cdef inline int64_t next_day_end(const Market* m) noexcept nogil:
    """The first end of day after one that has come."""
    return add_cut(m.day_end_ns, ((m.ts_ns - m.day_end_ns) / DAY_NS + 1) * DAY_NS)


cdef inline void tell_time(Market* m) noexcept nogil:
    """To market data, before what a TICK brings."""
    if day_ends(m):
        emit_time(m, DATA_FLAG_DAY_END, next_day_end(m))
    else:
        emit_time(m, 0, m.day_end_ns)


cdef inline void tick(Market* m) noexcept nogil:
    """Time passes: the day may end."""
    cdef uint32_t count
    if not day_ends(m):
        return
    count = cancel_of_market(m, ANY, TIME_IN_FORCE_DAY, CANCEL_REASON_DAY_END)
    m.day_end_ns = next_day_end(m)
    emit_market(m, EVENT_KIND_DAY_ENDED, 0, 0, 0, 0, count, m.day_end_ns, 0, 0)
