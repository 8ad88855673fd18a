"""Price bands, restricted short sales and tick tables, as operators and what watches the market set them."""

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

from ext.admin cimport MAX_STEP, answer, instrument_is_known, reject, value_is_within, value_of
from ext.dark cimport generous_price
from ext.events cimport emit_market, emit_status, level_at, next_data
from ext.layout cimport HAS_TICKS, Instrument, InstrumentText, Market, SHORT_RESTRICTED, TICK_STEPS, Unseen
from ext.levels cimport best_index, level_of_index, next_index
from ext.matching cimport pull
from ext.pending cimport note_moved, set_way
from ext.places cimport place_of
from ext.risk cimport is_beyond_band, set_collar
from ext.wire cimport *


# Bands

cdef void tell_bands(Market* m, uint32_t instrument, int64_t lower, int64_t upper, int64_t reference) noexcept nogil:
    """The record of market data."""
    cdef MarketData* d
    if not m.want_data:
        return
    d = next_data(m)
    d.seq = m.seq
    d.ts_ns = m.ts_ns
    d.kind = BOOK_KIND_BANDS
    d.side = 0
    d.state = 0
    d.flags = 0
    d.instrument = instrument
    d.order_id = <uint64_t> upper
    d.price = lower
    d.qty = 0
    d.leaves = 0
    d.level_qty = <uint64_t> reference
    d.level_orders = 0
    d.trade_no = 0


cdef void have_bands(Instrument* i, int64_t lower, int64_t upper) noexcept nogil:
    i.band_lower = lower
    i.band_room = MAX_PRICE - upper if upper else 0
    set_collar(i)


cdef void drop_bands(Market* m, uint32_t instrument) noexcept nogil:
    cdef Instrument* i = &m.instruments[instrument]
    if i.band_lower:
        have_bands(i, 0, 0)
        tell_bands(m, instrument, 0, 0, 0)


cdef inline bint must_go(const Market* m, const Instrument* i, uint32_t slot) noexcept nogil:
    return is_beyond_band(i, m.orders[slot].side, generous_price(m, slot))


cdef void pull_of_side(Market* m, Instrument* i, uint32_t instrument, uint32_t side) noexcept nogil:
    """Cancel what the book has beyond the bands, the best first: those at such prices are in front; others only where
    there is discretion."""
    cdef const Unseen* u = &m.unseen[instrument]
    cdef int64_t index = best_index(i, side)
    cdef uint32_t slot, next
    cdef uint32_t generous = u.discretions[side].front
    while index >= 0 and (is_beyond_band(i, side, index * i.tick_size) or (generous and must_go(m, i, generous))):
        slot = level_at(m, level_of_index(m, i, instrument, index)).head
        while slot:
            next = m.links[slot].next
            if must_go(m, i, slot):
                pull(m, slot, CANCEL_REASON_PRICE_BAND)
            slot = next
        index = next_index(m, i, instrument, side, index)
        generous = u.discretions[side].front


cdef void pull_hidden(Market* m, Instrument* i, uint32_t instrument) noexcept nogil:
    """The same of hidden orders, in the order of the list of all unseen ones."""
    cdef const Unseen* u = &m.unseen[instrument]
    cdef uint32_t side, next
    cdef uint32_t slot = 0
    for side in range(2):
        next = u.hidden[side].front
        if next and must_go(m, i, next):
            slot = u.first
    while slot:
        next = m.links[slot].next
        if place_of(&m.orders[slot]) == PLACE_DARK and m.orders[slot].order_type == ORDER_TYPE_LIMIT and (
                must_go(m, i, slot)):
            pull(m, slot, CANCEL_REASON_PRICE_BAND)
        slot = next


cdef void set_bands(Market* m, const AdminCommand* c) noexcept nogil:
    cdef Instrument* i
    if not instrument_is_known(m, c):
        return
    i = &m.instruments[c.instrument]
    if c.value0 or c.value1:
        if i.state != INSTRUMENT_STATE_OPEN:
            reject(m, c, CHECK_INSTRUMENT_STATE, 0, INSTRUMENT_STATE_OPEN, i.state, 0)
            return
        if not value_is_within(m, c, 0, 1, MAX_PRICE):
            return
        if not value_is_within(m, c, 1, c.value0, MAX_PRICE):
            return
    if not value_is_within(m, c, 2, 0, MAX_PRICE):
        return
    have_bands(i, c.value0, c.value1)
    emit_market(m, EVENT_KIND_BANDS_SET, 0, 0, 0, c.instrument, c.request, c.value0, 0, <uint64_t> c.value2)
    (<Event*> (m.events.at - sizeof(Event))).order_id = <uint64_t> c.value1
    tell_bands(m, c.instrument, c.value0, c.value1, c.value2)
    if c.value0:
        pull_of_side(m, i, c.instrument, SIDE_BUY)
        pull_of_side(m, i, c.instrument, SIDE_SELL)
        pull_hidden(m, i, c.instrument)
    if m.unseen[c.instrument].dark_count:
        note_moved(m, c.instrument)


# Short sales

cdef void set_short_sale(Market* m, const AdminCommand* c) noexcept nogil:
    cdef Unseen* u
    if not instrument_is_known(m, c) or not value_is_within(m, c, 0, 0, 1):
        return
    u = &m.unseen[c.instrument]
    u.ways &= ~<uint8_t> SHORT_RESTRICTED
    if c.value0:
        u.ways |= SHORT_RESTRICTED
    set_way(&m.instruments[c.instrument], u)
    answer(m, c, EVENT_KIND_SHORT_SALE_SET, <uint8_t> c.value0, c.instrument, 0)
    if m.want_data:
        emit_status(m, c.instrument)


# Ticks

cdef bint step_is_allowed(Market* m, const AdminCommand* c, int k) noexcept nogil:
    """Whether a step of a table goes on from the one before it."""
    cdef int64_t tick_size = m.instruments[c.instrument].tick_size
    cdef int64_t price = value_of(c, 2 * k)
    cdef int64_t tick = value_of(c, 2 * k + 1)
    cdef int64_t before = value_of(c, 2 * k - 1) if k else tick
    if not value_is_within(m, c, 2 * k, value_of(c, 2 * k - 2) + 1 if k else 0, MAX_PRICE if k else 0):
        return False
    if not value_is_within(m, c, 2 * k + 1, tick_size, MAX_STEP):
        return False
    if tick % tick_size:
        return reject(m, c, CHECK_VALUE, 2 * k + 1, tick_size, tick, 0)
    if price % before:
        return reject(m, c, CHECK_VALUE, 2 * k, before, price, 0)
    return price % tick == 0 or reject(m, c, CHECK_VALUE, 2 * k, tick, price, 0)


cdef void set_ticks(Market* m, const AdminCommand* c) noexcept nogil:
    cdef InstrumentText* text
    cdef Unseen* u
    cdef int steps = TICK_STEPS
    cdef int k
    if not instrument_is_known(m, c):
        return
    while steps and value_of(c, 2 * steps - 2) == 0 and value_of(c, 2 * steps - 1) == 0:
        steps -= 1
    for k in range(steps):
        if not step_is_allowed(m, c, k):
            return
    text = &m.instrument_texts[c.instrument]
    u = &m.unseen[c.instrument]
    for k in range(TICK_STEPS):
        text.tick_prices[k] = value_of(c, 2 * k)
        text.tick_sizes[k] = value_of(c, 2 * k + 1)
    u.ways &= ~<uint8_t> HAS_TICKS
    if steps:
        u.ways |= HAS_TICKS
    set_way(&m.instruments[c.instrument], u)
    answer(m, c, EVENT_KIND_TICKS_SET, 0, c.instrument, steps)
    if m.want_data:
        emit_status(m, c.instrument)
