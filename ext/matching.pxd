"""Matching: price-time priority, trades at the maker's price, self-trade prevention; resting, and leaving the book."""

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

from ext.bits cimport likely, unlikely
from ext.book cimport dequeue, enqueue, free_slot, list_order, unlist_order
from ext.events cimport emit, emit_canceled, emit_data, level_at, order_id_of, touch
from ext.layout cimport Account, Instrument, Level, Market, Order, Position
from ext.ledger cimport buy_shares, sell_shares
from ext.levels cimport index_above, index_below, index_of, level_of_index
from ext.risk cimport set_collar
from ext.wire cimport *

cdef enum:
    RAN_OUT = 0  # why matching stopped: no more to trade with, or nothing left; else a CANCEL_REASON


cdef inline void hold_lots(Market* m, const Instrument* i, const Order* o) noexcept nogil:
    """Take cash and lots of an order that comes to rest into its account's holds."""
    if o.side == SIDE_BUY:
        m.accounts[o.account].hold += o.price * o.leaves * i.multiplier
        m.positions[o.position].open_buy += o.leaves
    else:
        m.positions[o.position].open_sell += o.leaves


cdef inline void free_lots(Market* m, const Instrument* i, const Order* o, uint32_t lots) noexcept nogil:
    """Give the holds of some lots of a resting order back."""
    if o.side == SIDE_BUY:
        m.accounts[o.account].hold -= o.price * lots * i.multiplier
        m.positions[o.position].open_buy -= lots
    else:
        m.positions[o.position].open_sell -= lots


cdef inline void leave_book(Market* m, Instrument* i, uint32_t slot) noexcept nogil:
    """Take a resting order out of the book and its holds back; its slot, and its place among its account's, stay."""
    cdef Order* o = &m.orders[slot]
    cdef const Level* level
    touch(m, i, o.instrument)
    free_lots(m, i, o, o.leaves)
    level = dequeue(m, i, slot)
    m.accounts[o.account].open_orders -= 1
    if m.want_data:
        emit_data(m, BOOK_KIND_DELETE, o, order_id_of(m, slot), o.leaves, 0, level, 0)


cdef inline void end_order(Market* m, uint32_t slot) noexcept nogil:
    """The end of an order that is in its account's list and in no level."""
    unlist_order(m, slot)
    free_slot(m, slot)


cdef inline void pull(Market* m, uint32_t slot, uint8_t reason) noexcept nogil:
    """Cancel a resting order."""
    emit_canceled(m, slot, reason)
    leave_book(m, &m.instruments[m.orders[slot].instrument], slot)
    end_order(m, slot)


cdef inline bint crosses(const Instrument* i, uint8_t side, int64_t index) noexcept nogil:
    """Whether an order at this price index trades at once."""
    return i.ask_index <= index if side == SIDE_BUY else i.bid_index >= index


cdef inline bint fills_whole(const Market* m, const Instrument* i, const Order* taker, int64_t index) noexcept nogil:
    """Whether the book can fill a fill-or-kill order, with its self-trade prevention."""
    cdef uint64_t needed = taker.leaves
    cdef int64_t best = i.ask_index if taker.side == SIDE_BUY else i.bid_index
    cdef uint32_t slot
    cdef const Level* level
    while 0 <= best and (best <= index if taker.side == SIDE_BUY else best >= index):
        level = level_at(m, level_of_index(m, i, taker.instrument, best))
        if taker.self_trade == SELF_TRADE_ALLOW:
            if level.qty >= needed:
                return True
            needed -= level.qty
        else:
            slot = level.head
            while slot:
                if m.orders[slot].account != taker.account:
                    if m.orders[slot].leaves >= needed:
                        return True
                    needed -= m.orders[slot].leaves
                elif taker.self_trade != SELF_TRADE_CANCEL_OLDEST:
                    return False
                slot = m.orders[slot].next
        if taker.side == SIDE_BUY:
            best = index_above(m, i, taker.instrument, best)
        else:
            best = index_below(m, i, taker.instrument, best)
    return False


cdef inline void trade(Market* m, Instrument* i, Level* level, uint32_t maker_slot, uint32_t taker_slot) noexcept nogil:
    """Trade what both have, at the maker's price."""
    cdef Order* maker = &m.orders[maker_slot]
    cdef Order* taker = &m.orders[taker_slot]
    cdef Account* a = &m.accounts[maker.account]
    cdef Account* b = &m.accounts[taker.account]
    cdef Position* p = &m.positions[maker.position]
    cdef Position* q = &m.positions[taker.position]
    cdef uint32_t qty = maker.leaves if maker.leaves < taker.leaves else taker.leaves
    cdef int64_t price = maker.price
    cdef int64_t cash = price * qty * i.multiplier
    touch(m, i, maker.instrument)
    i.trades += 1
    i.volume += qty
    if i.reference_price != price:
        i.reference_price = price
        set_collar(i)
    maker.leaves -= qty
    maker.filled += qty
    taker.leaves -= qty
    taker.filled += qty
    level.qty -= qty
    if maker.side == SIDE_BUY:
        a.hold -= cash
        p.open_buy -= qty
        buy_shares(a, p, price, qty, i.multiplier, cash)
        sell_shares(b, q, price, qty, i.multiplier, cash)
    else:
        p.open_sell -= qty
        sell_shares(a, p, price, qty, i.multiplier, cash)
        buy_shares(b, q, price, qty, i.multiplier, cash)
    emit(m, EVENT_KIND_FILL, maker.side, 0, EVENT_FLAG_MAKER, maker.account, maker.instrument, qty,
         order_id_of(m, maker_slot), maker.client_order_id, price, maker.leaves, maker.filled, i.trades)
    emit(m, EVENT_KIND_FILL, taker.side, 0, 0, taker.account, taker.instrument, qty,
         order_id_of(m, taker_slot), taker.client_order_id, price, taker.leaves, taker.filled, i.trades)
    if maker.leaves == 0:
        a.open_orders -= 1
        dequeue(m, i, maker_slot)
    if m.want_data:
        emit_data(m, BOOK_KIND_EXECUTE, maker, order_id_of(m, maker_slot), qty, maker.leaves, level,
                  <uint32_t> i.trades)
    if maker.leaves == 0:
        end_order(m, maker_slot)


cdef inline uint8_t match(Market* m, Instrument* i, uint32_t slot, int64_t index) noexcept nogil:
    """Trade an order that is not in the book against the other side, up to its price index. Returns why it stopped."""
    cdef Order* taker = &m.orders[slot]
    cdef Order* maker
    cdef Level* level
    cdef uint32_t maker_slot
    while taker.leaves and crosses(i, taker.side, index):
        level = level_at(m, i.ask_level if taker.side == SIDE_BUY else i.bid_level)
        maker_slot = level.head
        maker = &m.orders[maker_slot]
        if unlikely(maker.account == taker.account) and taker.self_trade != SELF_TRADE_ALLOW:
            if taker.self_trade != SELF_TRADE_CANCEL_NEWEST:
                pull(m, maker_slot, CANCEL_REASON_SELF_TRADE)
            if taker.self_trade != SELF_TRADE_CANCEL_OLDEST:
                return CANCEL_REASON_SELF_TRADE
            continue
        if taker.side == SIDE_BUY:
            if unlikely(m.accounts[maker.account].cash > MAX_CASH - MAX_NOTIONAL):
                pull(m, maker_slot, CANCEL_REASON_CASH_LIMIT)
                continue
        elif unlikely(m.accounts[taker.account].cash > MAX_CASH - MAX_NOTIONAL):
            return CANCEL_REASON_CASH_LIMIT
        trade(m, i, level, maker_slot, slot)
    return RAN_OUT


cdef inline bint come_to_rest(Market* m, Instrument* i, uint32_t slot, int64_t index) noexcept nogil:
    """Put what is left of an order at the end of its level. False when no page is free for a new level."""
    cdef Order* o = &m.orders[slot]
    touch(m, i, o.instrument)
    if unlikely(not enqueue(m, i, slot, index)):
        return False
    hold_lots(m, i, o)
    m.accounts[o.account].open_orders += 1
    if m.want_data:
        emit_data(m, BOOK_KIND_ADD, o, order_id_of(m, slot), o.leaves, o.leaves, level_at(m, o.level), 0)
    return True
