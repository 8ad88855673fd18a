"""Lots of an instrument become more or fewer: its orders end, its positions, prices and locates follow."""

from libc.stdint cimport int64_t, uint32_t, uint64_t

from ext.admin cimport MAX_HELD, instrument_is_known, reject, value_is_within
from ext.bits cimport add_cut
from ext.borrow.amounts cimport lieu_of, released_by, rest_of, scaled
from ext.borrow.charges cimport charge_by_rule
from ext.borrow.layout cimport Lending
from ext.borrow.locates cimport put_located
from ext.cash.paid cimport split_lots
from ext.daytrading.follow cimport split_opened
from ext.desks.settings cimport MOST_LISTS
from ext.events cimport emit, emit_market, emit_status
from ext.layout cimport Account, Basis, Instrument, Market, Position
from ext.ledger cimport add_proceeds, clamp_cash, proceeds_of
from ext.margin.exposure cimport restate_instrument
from ext.mass cimport cancel_of_market
from ext.risk cimport greater, lesser, set_collar
from ext.wire cimport *

cdef enum:
    MOST_LOTS = 10000  # of one side of a split


# Checks

cdef inline int64_t size(int64_t lots) noexcept nogil:
    return lots if lots >= 0 else -lots


cdef bint lots_fit(Market* m, const AdminCommand* c, int64_t lots) noexcept nogil:
    cdef int64_t after = scaled(lots, c.value0, c.value1)
    return after <= MAX_HELD or reject(m, c, CHECK_VALUE, 3, MAX_HELD, after, 0)


cdef bint split_is_allowed(Market* m, const AdminCommand* c) noexcept nogil:
    cdef const Lending* lending
    cdef uint32_t position
    cdef uint8_t state
    if not instrument_is_known(m, c):
        return False
    state = m.instruments[c.instrument].state
    if state != INSTRUMENT_STATE_CLOSED and state != INSTRUMENT_STATE_HALTED:
        return reject(m, c, CHECK_INSTRUMENT_STATE, 0, INSTRUMENT_STATE_CLOSED, state, 0)
    if not value_is_within(m, c, 0, 1, MOST_LOTS) or not value_is_within(m, c, 1, 1, MOST_LOTS):
        return False
    if c.value0 == c.value1:
        return reject(m, c, CHECK_VALUE, 1, c.value0, c.value1, 0)
    if not value_is_within(m, c, 2, 0, MAX_PRICE):
        return False
    lending = &m.borrowing.lendings[c.instrument]
    if not lots_fit(m, c, lending.inventory) or not lots_fit(m, c, lending.lent):
        return False
    position = m.chains[c.instrument].first
    while position:
        if not lots_fit(m, c, size(m.positions[position].qty)):
            return False
        position = m.exposures[position].next
    return True


# Positions

cdef int64_t release(Market* m, const AdminCommand* c, uint32_t position, int64_t lots, int64_t rest) noexcept nogil:
    """The fraction of a lot goes. Returns what is paid for it; of a short position negative."""
    cdef Account* a = &m.accounts[<uint32_t> m.positions[position].key]
    cdef Basis* b = &m.bases[position]
    cdef int64_t lieu = lieu_of(rest, c.value2, m.instruments[c.instrument].multiplier, c.value0, MAX_CASH)
    cdef int64_t released = released_by(b.cost, rest, lots, c.value0)
    cdef int64_t before = proceeds_of(b)
    cdef int64_t gain
    b.cost -= released
    add_proceeds(a, proceeds_of(b) - before)
    if m.positions[position].qty > 0:
        gain = lieu - size(released)
    else:
        gain = size(released) - lieu
        lieu = -lieu
    b.realized_pnl = clamp_cash(add_cut(b.realized_pnl, gain))
    a.realized_pnl = clamp_cash(add_cut(a.realized_pnl, gain))
    return lieu


cdef bint split_position(Market* m, const AdminCommand* c, uint32_t position) noexcept nogil:
    """Whether its lots are another number now."""
    cdef Position* p = &m.positions[position]
    cdef uint32_t account = <uint32_t> p.key
    cdef int64_t lots = size(p.qty)
    cdef int64_t whole = scaled(lots, c.value0, c.value1)
    cdef int64_t rest = rest_of(lots, whole, c.value0, c.value1)
    cdef int64_t lieu = release(m, c, position, lots, rest) if rest else 0
    cdef bint changes = whole != lots
    if p.qty < 0:
        whole = -whole
    if changes:
        emit(m, EVENT_KIND_SPLIT_SHARES, 0, 0, 0, account, c.instrument, c.request, 0, 0, whole - p.qty, 0, 0,
             <uint64_t> whole)
    p.qty = whole
    if lieu:
        charge_by_rule(m, account, c.instrument, HOUSE_ACCOUNT_OTHER, -lieu, c.request, 0)
    return changes


# What else is counted in lots, or is a price

cdef inline int64_t price_after(const AdminCommand* c, int64_t price) noexcept nogil:
    return lesser(greater(scaled(price, c.value1, c.value0), 1), MAX_PRICE) if price else 0


cdef void rescale(Market* m, const AdminCommand* c) noexcept nogil:
    cdef Instrument* i = &m.instruments[c.instrument]
    cdef Lending* lending = &m.borrowing.lendings[c.instrument]
    cdef int64_t* volume = &m.desks.listings[c.instrument].average_volume
    cdef uint32_t position = m.chains[c.instrument].first
    lending.inventory = scaled(lending.inventory, c.value0, c.value1)
    volume[0] = lesser(scaled(volume[0], c.value0, c.value1), MOST_LISTS)
    i.reference_price = price_after(c, i.reference_price)
    m.margins[c.instrument].mark = price_after(c, m.margins[c.instrument].mark)
    m.margins[c.instrument].close = price_after(c, m.margins[c.instrument].close)
    lending.split_trades = i.trades
    set_collar(i)
    while position:
        put_located(m, position, scaled(m.borrowing.claims[position].located, c.value0, c.value1))
        m.exposures[position].mark = price_after(c, m.exposures[position].mark)
        if m.cash.used:
            split_lots(m, position, c)
        if m.day.used:
            split_opened(m, position, c)
        position = m.exposures[position].next
    restate_instrument(m, c.instrument)


cdef void split(Market* m, const AdminCommand* c) noexcept nogil:
    cdef uint32_t canceled, position
    cdef uint32_t changed = 0
    if not split_is_allowed(m, c):
        return
    canceled = cancel_of_market(m, c.instrument, False, CANCEL_REASON_CORPORATE_ACTION)
    position = m.chains[c.instrument].first
    while position:
        if m.positions[position].qty:
            changed += split_position(m, c, position)
        position = m.exposures[position].next
    rescale(m, c)
    emit_market(m, EVENT_KIND_SPLIT_DONE, 0, 0, 0, c.instrument, c.request, c.value0, changed, canceled)
    (<Event*> (m.events.at - sizeof(Event))).order_id = <uint64_t> c.value1
    (<Event*> (m.events.at - sizeof(Event))).trade_id = <uint64_t> c.value2
    if m.want_data:
        emit_status(m, c.instrument)
