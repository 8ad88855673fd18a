"""Auctions: trades at one price, and what follows. See docs/auctions.md, "Trades" to "Indicative"."""

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

from ext.bits cimport add_cut
from ext.book cimport dequeue
from ext.calls cimport end_calls, enter_calls, set_state
from ext.cross cimport BY_RANK, Cross, OFFSETS, Walk, allows, begin_walk, find_cross, step_walk
from ext.events cimport emit, emit_auction, emit_auction_execute, emit_market, level_at, touch
from ext.extension cimport extend
from ext.keys.orders cimport count_keyed
from ext.layout cimport Account, HAS_TIE, Instrument, Level, Market, NEEDS_MORE, Order, Unseen
from ext.ledger cimport buy_shares, sell_shares
from ext.links cimport lost_lots
from ext.margin.check cimport follow_trade
from ext.lots cimport use_reserve
from ext.matching cimport end_order, pull
from ext.places cimport let_go, lots_of
from ext.risk cimport set_collar
from ext.special cimport leave_unseen
from ext.stops cimport meet_stops
from ext.wire cimport *

cdef enum:
    INDICATIVE_NS = 1000000000  # from one to the next


cdef struct Trades:  # of one auction
    uint64_t lots
    uint32_t pairs


cdef uint32_t fill_from(Market* m, Instrument* i, uint32_t slot, uint32_t lots, int64_t price) noexcept nogil:
    """One side of a trade, its money apart. What an iceberg does not show goes first; returns what is shown less."""
    cdef Order* o = &m.orders[slot]
    cdef uint32_t unshown = 0
    let_go(m, i, &m.accounts[o.account], o, lots)
    if o.level:
        touch(m, i, o.instrument)
        if o.special:
            unshown = m.extras[slot].reserve if m.extras[slot].reserve < lots else lots
            use_reserve(m, slot, unshown)
        level_at(m, o.level).qty -= lots - unshown
    o.leaves -= lots - unshown
    o.filled += lots
    count_keyed(m, slot)
    emit(m, EVENT_KIND_FILL, o.side, 0, EVENT_FLAG_CROSS, o.account, o.instrument, lots, o.order_id,
         o.client_order_id, price, lots_of(m, slot), o.filled, i.trades)
    return lots - unshown


cdef void settle(Market* m, Instrument* i, uint32_t slot, uint32_t shown) noexcept nogil:
    """What follows from a FILL: the book's EXECUTE of so many lots, and the end of an order without any."""
    cdef Order* o = &m.orders[slot]
    cdef Account* a = &m.accounts[o.account]
    cdef const Level* level = level_at(m, o.level)
    if o.level == 0:
        if o.leaves:
            return
        leave_unseen(m, i, a, slot)
    else:
        if o.leaves == 0:
            a.open_orders -= 1
            dequeue(m, i, slot)
        if shown and m.want_data:
            emit_auction_execute(m, o, shown, level, i.trades)
        if o.leaves:
            return
    end_order(m, a, slot)


cdef void trade_pair(
    Market* m, Instrument* i, uint32_t buy, uint32_t sell, int64_t price, Trades* t,
) noexcept nogil:
    """Trade what both orders have."""
    cdef const Order* o = &m.orders[buy]
    cdef const Order* q = &m.orders[sell]
    cdef Account* a = &m.accounts[o.account]
    cdef Account* b = &m.accounts[q.account]
    cdef uint32_t lots = lots_of(m, buy)
    cdef uint32_t shown_bid, shown_offer
    cdef int64_t cash
    if lots_of(m, sell) < lots:
        lots = lots_of(m, sell)
    cash = price * lots * i.multiplier
    i.trades += 1
    i.volume += lots
    t.lots += lots
    t.pairs += 1
    buy_shares(a, &m.positions[o.position], &m.bases[o.position], price, lots, i.multiplier, cash)
    sell_shares(b, &m.positions[q.position], &m.bases[q.position], price, lots, i.multiplier, cash)
    shown_bid = fill_from(m, i, buy, lots, price)
    shown_offer = fill_from(m, i, sell, lots, price)
    if (a.flags | b.flags) & NEEDS_MORE:
        follow_trade(m, buy, sell, True, lots, price, i.trades)
    if o.special & HAS_TIE:
        lost_lots(m, buy)
    if q.special & HAS_TIE:
        lost_lots(m, sell)
    settle(m, i, buy, shown_bid)
    settle(m, i, sell, shown_offer)


cdef void trade_all(
    Market* m, Instrument* i, Walk* buys, Walk* sells, int64_t price, Trades* t,
) noexcept nogil:
    """Trade the first of both sides until one has no more."""
    cdef uint32_t buy, sell
    while (buys.slot and sells.slot and allows(SIDE_BUY, buys.price, price)
           and allows(SIDE_SELL, sells.price, price)):
        buy = buys.slot
        sell = sells.slot
        if m.accounts[m.orders[sell].account].cash > MAX_CASH - MAX_NOTIONAL:
            pull(m, sell, CANCEL_REASON_CASH_LIMIT)
            step_walk(m, sells)
            continue
        trade_pair(m, i, buy, sell, price, t)
        if m.orders[buy].leaves == 0:
            step_walk(m, buys)
        if m.orders[sell].leaves == 0:
            step_walk(m, sells)


cdef void trade_at(Market* m, uint32_t instrument, int64_t price, Trades* t) noexcept nogil:
    cdef Instrument* i = &m.instruments[instrument]
    cdef uint8_t kind = m.unseen[instrument].auction_kind
    cdef Walk buys, sells
    begin_walk(m, &buys, instrument, SIDE_BUY, BY_RANK, kind, price)
    begin_walk(m, &sells, instrument, SIDE_SELL, BY_RANK, kind, price)
    trade_all(m, i, &buys, &sells, price, t)
    if buys.slot and allows(SIDE_BUY, buys.price, price):
        begin_walk(m, &sells, instrument, SIDE_SELL, OFFSETS, kind, price)
    elif sells.slot and allows(SIDE_SELL, sells.price, price):
        begin_walk(m, &buys, instrument, SIDE_BUY, OFFSETS, kind, price)
    else:
        return
    trade_all(m, i, &buys, &sells, price, t)


cdef void hold_auction(Market* m, uint32_t instrument, uint32_t request) noexcept nogil:
    cdef Instrument* i = &m.instruments[instrument]
    cdef uint8_t kind = m.unseen[instrument].auction_kind
    cdef uint8_t after = m.unseen[instrument].state_after
    cdef Cross cross
    cdef Trades trades
    trades.lots = 0
    trades.pairs = 0
    find_cross(m, instrument, &cross)
    if cross.price:
        trade_at(m, instrument, cross.price, &trades)
    if trades.lots == 0:
        cross.price = cross.imbalance = cross.side = 0
    elif i.reference_price != cross.price:
        i.reference_price = cross.price
        set_collar(i)
    if m.want_data:
        emit_auction(m, BOOK_KIND_CROSS, instrument, kind, cross.price, trades.lots, 0, 0, trades.pairs,
                     i.trades if trades.lots else 0)
    emit_market(m, EVENT_KIND_AUCTION, cross.side, kind, 0, instrument, <uint32_t> trades.lots, cross.price,
                <uint32_t> cross.imbalance, 0)
    set_state(m, instrument, after, 0, 0, 0, request)
    end_calls(m, instrument, kind, cross.price)
    if after == INSTRUMENT_STATE_OPEN:
        if cross.price:
            meet_stops(m, instrument, cross.price)
        enter_calls(m, instrument)


cdef void tell_indicative(Market* m, uint32_t instrument) noexcept nogil:
    cdef Cross cross
    find_cross(m, instrument, &cross)
    emit_auction(m, BOOK_KIND_INDICATIVE, instrument, m.unseen[instrument].auction_kind, cross.price, cross.lots,
                 cross.imbalance, cross.side, 0, 0)


cdef void tick_calls(Market* m) noexcept nogil:
    cdef Unseen* u
    cdef uint32_t k
    for k in range(m.instrument_top):
        u = &m.unseen[k]
        if m.instruments[k].state == INSTRUMENT_STATE_CALL and u.auction_ns != 0 and m.ts_ns >= u.ends_ns:
            if not extend(m, k):
                hold_auction(m, k, 0)
    for k in range(m.instrument_top):
        u = &m.unseen[k]
        if m.instruments[k].state == INSTRUMENT_STATE_CALL and m.ts_ns >= u.next_indicative_ns:
            u.next_indicative_ns = add_cut(m.ts_ns, INDICATIVE_NS)
            if m.want_data:
                tell_indicative(m, k)
