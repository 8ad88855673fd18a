"""States of instruments, and orders on their way out of CALL: see docs/auctions.md, "States" and "After"."""

from libc.stdint cimport int64_t, uint8_t, uint32_t

from ext.bands cimport drop_bands
from ext.events cimport emit_market, emit_status
from ext.extension cimport end_of_call
from ext.fields cimport may_rest
from ext.layout cimport Account, BY_EXPIRY, Extra, IS_QUEUED, IS_SPECIAL, Instrument, Market, Order, Unseen
from ext.levels cimport index_of
from ext.lots cimport emit_lots
from ext.matching cimport pull
from ext.orders cimport finish
from ext.pending cimport note_moved
from ext.places cimport hold_lots, let_go, place_of, plant_call, uproot_call
from ext.risk cimport greater, lesser
from ext.special cimport leave_unseen
from ext.wire cimport *


cdef void set_state(
    Market* m, uint32_t instrument, uint8_t state, uint8_t detail, int64_t auction_ns, uint8_t state_after,
    uint32_t request,
) noexcept nogil:
    cdef Instrument* i = &m.instruments[instrument]
    cdef Unseen* u = &m.unseen[instrument]
    m.in_call -= i.state == INSTRUMENT_STATE_CALL
    m.in_call += state == INSTRUMENT_STATE_CALL
    i.state = state
    u.auction_kind = detail if state == INSTRUMENT_STATE_CALL else 0
    u.reason = detail if state == INSTRUMENT_STATE_HALTED else 0
    u.auction_ns = auction_ns
    u.ends_ns = end_of_call(m, instrument, auction_ns)
    u.extension_price = 0
    u.extensions = 0
    u.extension_reason = 0
    u.state_after = state_after
    u.next_indicative_ns = 0
    emit_market(m, EVENT_KIND_INSTRUMENT_STATE, detail, state, 0, instrument, request, auction_ns, 0, 0)
    if m.want_data:
        emit_status(m, instrument)
    if state != INSTRUMENT_STATE_OPEN:
        drop_bands(m, instrument)


cdef inline bint is_over(const Order* o, uint8_t kind, int64_t price) noexcept nogil:
    """Whether an order in CALL ends with an auction, or with an opening without one."""
    if o.tif == TIME_IN_FORCE_AUCTION:
        return kind != NO_AUCTION
    if o.tif == TIME_IN_FORCE_AT_CLOSE:
        return kind == AUCTION_KIND_CLOSING
    return (o.tif == TIME_IN_FORCE_AT_OPEN or o.order_type == ORDER_TYPE_MARKET
            or (o.order_type == ORDER_TYPE_MARKET_TO_LIMIT and price == 0))


cdef void become_limit(Market* m, uint32_t slot, int64_t price) noexcept nogil:
    """A MARKET_TO_LIMIT order after its auction: at the auction's price, or its own where that is worse for others."""
    cdef Order* o = &m.orders[slot]
    cdef Account* a = &m.accounts[o.account]
    cdef Instrument* i = &m.instruments[o.instrument]
    cdef Unseen* u = &m.unseen[o.instrument]
    uproot_call(m, u, slot)
    let_go(m, i, a, o, o.leaves)
    o.order_type = ORDER_TYPE_LIMIT
    o.price = lesser(o.price, price) if o.side == SIDE_BUY else greater(o.price, price)
    hold_lots(m, i, a, o, o.leaves)
    plant_call(m, u, slot)
    emit_lots(m, slot, EVENT_KIND_RESTATED | <uint64_t> RESTATE_REASON_PRICED << 16)


cdef void end_calls(Market* m, uint32_t instrument, uint8_t kind, int64_t price) noexcept nogil:
    cdef uint32_t slot = m.unseen[instrument].first
    cdef uint32_t next
    cdef const Order* o
    while slot:
        next = m.links[slot].next
        o = &m.orders[slot]
        if place_of(o) == PLACE_CALL:
            if is_over(o, kind, price):
                pull(m, slot, CANCEL_REASON_AUCTION_END)
            elif o.order_type == ORDER_TYPE_MARKET_TO_LIMIT and may_rest(o.tif):
                become_limit(m, slot, price)
        slot = next


cdef inline uint32_t some_entering(const Market* m, uint32_t slot) noexcept nogil:
    """This unseen order, or the first behind it that enters continuous trading."""
    while slot and not (place_of(&m.orders[slot]) == PLACE_CALL and may_rest(m.orders[slot].tif)):
        slot = m.links[slot].next
    return slot


cdef inline bint is_bare(const Market* m, uint32_t slot) noexcept nogil:
    """Whether nothing is left of what made an order special."""
    cdef const Order* o = &m.orders[slot]
    cdef const Extra* e = &m.extras[slot]
    return (o.special == IS_SPECIAL and o.flags & ~<uint8_t> ORDER_FLAG_DO_NOT_ROUTE == 0
            and o.self_trade != SELF_TRADE_DECREMENT and e.group == 0 and e.self_trade_group == 0
            and e.display_qty == 0 and e.nodes[<int> BY_EXPIRY].key == 0)


cdef void enter_calls(Market* m, uint32_t instrument) noexcept nogil:
    cdef Instrument* i = &m.instruments[instrument]
    cdef uint32_t slot = some_entering(m, m.unseen[instrument].first)
    cdef uint32_t next, queued
    cdef Order* o
    if i.way:
        note_moved(m, instrument)
    while slot:
        next = some_entering(m, m.links[slot].next)  # what an order meets on its way in is not in CALL
        o = &m.orders[slot]
        queued = o.special & IS_QUEUED  # to be cancelled, when it is served: it keeps its place there
        o.special ^= queued
        leave_unseen(m, i, &m.accounts[o.account], slot)
        o.special |= queued
        if is_bare(m, slot):
            o.special = 0
        finish(m, slot, index_of(i, o.price), True)
        slot = next
