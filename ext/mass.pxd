"""Commands that cancel many orders: mass cancel, an operator's cancel, the end of the day."""

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

from ext.bits cimport add_cut
from ext.borrow.locates cimport return_locates
from ext.desks.loss cimport begin_day
from ext.events cimport emit, emit_market, emit_time, level_at
from ext.layout cimport BY_EXPIRY, Instrument, Market, Order
from ext.levels cimport best_index, level_of_index, next_index
from ext.margin.sweep cimport note_close
from ext.matching cimport pull
from ext.fields cimport may_outlive_day
from ext.orders cimport knows_account, knows_instrument, reject_as_sent
from ext.tree cimport first_of
from ext.wire cimport *

cdef enum:
    EVERY_SESSION = -1
    EVERY_GROUP = -1
    MASS_FLAGS = MASS_FLAG_BY_SESSION | MASS_FLAG_BY_GROUP

cdef extern from *:
    """
    #define OB_DAY_NS (86400LL * 1000000000LL)
    """
    const int64_t DAY_NS "OB_DAY_NS"


cdef inline uint32_t group_of(const Market* m, uint32_t slot) noexcept nogil:
    return m.extras[slot].group if m.orders[slot].special else 0


cdef inline uint32_t cancel_of_account(
    Market* m, uint32_t account, uint32_t instrument, int64_t side, int64_t session, int64_t group, uint8_t reason,
) noexcept nogil:
    """Cancel an account's orders, newest accepted first: of an instrument or ANY, a side or SIDE_BOTH, a session or
    EVERY_SESSION, a group or EVERY_GROUP. Returns their number."""
    cdef uint32_t slot = m.accounts[account].newest
    cdef uint32_t older
    cdef uint32_t count = 0
    while slot:
        older = m.links[slot].older
        if (instrument == ANY or m.orders[slot].instrument == instrument) and (
                side == SIDE_BOTH or m.orders[slot].side == side) and (
                session == EVERY_SESSION or m.orders[slot].session == session) and (
                group == EVERY_GROUP or group_of(m, slot) == group):
            pull(m, slot, reason)
            count += 1
        slot = older
    return count


cdef inline uint32_t cancel_of_level(Market* m, uint32_t level, bint day_only, uint8_t reason) noexcept nogil:
    cdef uint32_t slot = level_at(m, level).head
    cdef uint32_t next
    cdef uint32_t count = 0
    while slot:
        next = m.links[slot].next
        if not day_only or not may_outlive_day(m.orders[slot].tif):
            pull(m, slot, reason)
            count += 1
        slot = next
    return count


cdef inline uint32_t cancel_of_instrument(Market* m, uint32_t instrument, bint day_only, uint8_t reason) noexcept nogil:
    """Cancel an instrument's orders: bids from best to worst, first in queue first, offers likewise, then the unseen in
    the order of their list; day_only: but GTC and GTD. Returns their number."""
    cdef Instrument* i = &m.instruments[instrument]
    cdef uint32_t count = 0
    cdef uint32_t side, slot, next
    cdef int64_t index
    for side in range(2):
        index = best_index(i, side)
        while index >= 0:
            count += cancel_of_level(m, level_of_index(m, i, instrument, index), day_only, reason)
            index = next_index(m, i, instrument, side, index)
    slot = m.unseen[instrument].first
    while slot:
        next = m.links[slot].next
        if not day_only or not may_outlive_day(m.orders[slot].tif):
            pull(m, slot, reason)
            count += 1
        slot = next
    return count


cdef inline uint32_t cancel_of_market(Market* m, uint32_t instrument, bint day_only, uint8_t reason) noexcept nogil:
    """The same of one instrument, or of ANY: all of them, ascending."""
    cdef uint32_t count = 0
    cdef uint32_t k
    if instrument != ANY:
        return cancel_of_instrument(m, instrument, day_only, reason)
    for k in range(m.instrument_top):
        if m.instruments[k].is_set:
            count += cancel_of_instrument(m, k, day_only, reason)
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
    if c.flags & ~<uint8_t> MASS_FLAGS:
        reject_as_sent(m, c, EVENT_KIND_CANCEL_REJECTED, CHECK_FLAGS, c.order_id, MASS_FLAGS, c.flags, 0)
        return
    count = cancel_of_account(
        m, c.account, c.instrument, c.side, <int64_t> c.session if c.flags & MASS_FLAG_BY_SESSION else EVERY_SESSION,
        <int64_t> c.qty if c.flags & MASS_FLAG_BY_GROUP else EVERY_GROUP, CANCEL_REASON_MASS)
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
    """Time passes: orders may expire, the day may end."""
    cdef uint32_t count
    cdef uint32_t slot = first_of(m, m.expiries, BY_EXPIRY)
    while slot and m.extras[slot].nodes[<int> BY_EXPIRY].key <= m.ts_ns:
        pull(m, slot, CANCEL_REASON_EXPIRED)
        slot = first_of(m, m.expiries, BY_EXPIRY)
    if not day_ends(m):
        return
    count = cancel_of_market(m, ANY, True, CANCEL_REASON_DAY_END)
    begin_day(m)
    note_close(m)
    return_locates(m)
    m.day_end_ns = next_day_end(m)
    emit_market(m, EVENT_KIND_DAY_ENDED, 0, 0, 0, 0, count, m.day_end_ns, 0, 0)
