"""Matching: price-time priority, trades at the maker's price, self-trade prevention; resting, and leaving the book."""

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

from ext.bits cimport likely, put_word, unlikely, word_at
from ext.book cimport dequeue, dequeue_first, enqueue, free_slot, unlist_order
from ext.events cimport emit_canceled, emit_data, emit_fill_of_maker, emit_fill_of_taker, level_at, touch
from ext.layout cimport Account, IS_WATCHED, Instrument, Level, Market, NEEDS_CARE, NEEDS_MORE, Order, Position
from ext.ledger cimport buy_shares, sell_shares
from ext.levels cimport key_of, level_for
from ext.margin.check cimport follow_trade
from ext.margin.exposure cimport change_lots, note_lots
from ext.meeting cimport meet
from ext.places cimport forget_special
from ext.risk cimport either, set_collar
from ext.special cimport pull_special
from ext.stops cimport meet_stops
from ext.wire cimport *

cdef enum:
    RAN_OUT = 0  # why matching stopped: no more to trade with, or nothing left; else a CANCEL_REASON


cdef inline void leave_book(Market* m, Instrument* i, Account* a, Order* o, uint32_t slot) noexcept nogil:
    """Take a resting order out of the book and its holds back; its slot, and its place among its account's, stay. Who
    calls this has noted the position down."""
    cdef const Level* level
    touch(m, i, o.instrument)
    a.hold -= either(o.side, o.price * o.leaves * i.multiplier, 0)
    m.positions[o.position].open[o.side] -= o.leaves
    a.open_orders -= 1
    level = dequeue(m, i, slot)
    if m.want_data:
        emit_data(m, BOOK_KIND_DELETE, o, o.order_id, o.leaves, 0, level, 0)


cdef inline void end_order(Market* m, Account* a, uint32_t slot) noexcept nogil:
    """The end of an order that is in its account's list and in no level."""
    unlist_order(m, a, slot)
    if unlikely(m.orders[slot].special != 0):
        forget_special(m, slot)
    free_slot(m, slot)


cdef inline void pull(Market* m, uint32_t slot, uint8_t reason) noexcept nogil:
    """Cancel a resting order."""
    cdef Order* o = &m.orders[slot]
    cdef Account* a = &m.accounts[o.account]
    cdef Instrument* i = &m.instruments[o.instrument]
    if unlikely(o.special | (a.flags & IS_WATCHED)):
        if o.special:
            pull_special(m, slot, reason)
            return
        change_lots(m, o.position, o.side, -<int64_t> o.leaves)
    emit_canceled(m, a, o, reason)
    leave_book(m, i, a, o, slot)
    end_order(m, a, slot)


cdef inline bint crosses(const Instrument* i, uint32_t side, int64_t index) noexcept nogil:
    """Whether an order at this price index trades at once."""
    return i.best[side ^ 1] <= key_of(side ^ 1, index)


cdef inline void fill(Order* o, uint32_t qty) noexcept nogil:
    """Less leaves, more filled: both at once, as the event will read them."""
    put_word(&o.leaves, word_at(&o.leaves) + (<uint64_t> qty << 32) - qty)


cdef inline void trade(
    Market* m, Instrument* i, uint32_t side, uint32_t maker_slot, uint32_t taker_slot,
) noexcept nogil:
    """Trade what both have, at the maker's price, with the first order of the best level. side: the taker's."""
    cdef Order* maker = &m.orders[maker_slot]
    cdef Order* taker = &m.orders[taker_slot]
    cdef Account* a = &m.accounts[maker.account]
    cdef Account* b = &m.accounts[taker.account]
    cdef Position* p = &m.positions[maker.position]
    cdef Position* q = &m.positions[taker.position]
    cdef uint32_t level_id = maker.level
    cdef Level* level = level_at(m, level_id)
    cdef uint32_t qty = maker.leaves if maker.leaves < taker.leaves else taker.leaves
    cdef int64_t price = maker.price
    cdef int64_t multiplier = i.multiplier
    cdef int64_t cash = price * qty * multiplier
    cdef uint32_t left
    touch(m, i, maker.instrument)
    i.trades += 1
    i.volume += qty
    if i.reference_price != price:
        i.reference_price = price
        set_collar(i)
    if unlikely(<uint64_t> (price - i.calm_low) > i.calm_span):
        meet_stops(m, maker.instrument, price)
    fill(maker, qty)
    fill(taker, qty)
    level.qty -= qty
    p.open[side ^ 1] -= qty
    if side == SIDE_BUY:  # in one account the maker's side is booked first
        sell_shares(a, p, &m.bases[maker.position], price, qty, multiplier, cash)
        buy_shares(b, q, &m.bases[taker.position], price, qty, multiplier, cash)
    else:
        a.hold -= cash
        buy_shares(a, p, &m.bases[maker.position], price, qty, multiplier, cash)
        sell_shares(b, q, &m.bases[taker.position], price, qty, multiplier, cash)
    emit_fill_of_maker(m, a, maker, qty, i.trades)
    emit_fill_of_taker(m, b, taker, maker.instrument, qty, price, i.trades)
    if unlikely((a.flags | b.flags) & NEEDS_MORE):
        follow_trade(m, maker_slot, taker_slot, False, qty, price, i.trades)
    left = maker.leaves
    if left == 0:
        a.open_orders -= 1
        dequeue_first(m, i, maker, side ^ 1, maker_slot, level)
    if m.want_data:
        emit_data(m, BOOK_KIND_EXECUTE, maker, maker.order_id, qty, left, level, <uint32_t> i.trades)
    if left == 0:
        end_order(m, a, maker_slot)


cdef inline uint8_t match_side(
    Market* m, Instrument* i, Order* taker, uint32_t side, uint32_t slot, int64_t index,
) noexcept nogil:
    """match, for a constant side of the taker."""
    cdef const Order* maker
    cdef uint32_t maker_slot
    cdef uint8_t stopped
    while taker.leaves and crosses(i, side, index):
        maker_slot = level_at(m, i.best_level[side ^ 1]).head
        maker = &m.orders[maker_slot]
        if unlikely(maker.special & NEEDS_CARE):
            stopped = meet(m, i, maker_slot, slot, maker.price)
            if stopped != RAN_OUT:
                return stopped
            continue
        if unlikely(maker.account == taker.account) and taker.self_trade != SELF_TRADE_ALLOW:
            if taker.self_trade != SELF_TRADE_CANCEL_NEWEST:
                pull(m, maker_slot, CANCEL_REASON_SELF_TRADE)
            if taker.self_trade != SELF_TRADE_CANCEL_OLDEST:
                return CANCEL_REASON_SELF_TRADE
            continue
        if side == SIDE_BUY:
            if unlikely(m.accounts[maker.account].cash > MAX_CASH - MAX_NOTIONAL):
                pull(m, maker_slot, CANCEL_REASON_CASH_LIMIT)
                continue
        elif unlikely(m.accounts[taker.account].cash > MAX_CASH - MAX_NOTIONAL):
            return CANCEL_REASON_CASH_LIMIT
        trade(m, i, side, maker_slot, slot)
    return RAN_OUT


cdef inline uint8_t match(Market* m, Instrument* i, uint32_t slot, int64_t index) noexcept nogil:
    """Trade a plain order that is not in the book against the other side, which is all in the book, up to its price
    index. Returns why it stopped."""
    cdef Order* taker = &m.orders[slot]
    if taker.side == SIDE_BUY:
        return match_side(m, i, taker, SIDE_BUY, slot, index)
    return match_side(m, i, taker, SIDE_SELL, slot, index)


cdef inline bint come_to_rest(
    Market* m, Instrument* i, Account* a, Order* o, uint32_t slot, int64_t index,
) noexcept nogil:
    """Put what is left of an order at the end of its level. False when no page is free for a new level."""
    cdef uint32_t id
    touch(m, i, o.instrument)
    id = level_for(m, i, o.instrument, index)
    if unlikely(id == 0):
        return False
    note_lots(m, a, o.position)
    enqueue(m, i, o, o.side, slot, index, id)
    a.hold += either(o.side, o.price * o.leaves * i.multiplier, 0)
    m.positions[o.position].open[o.side] += o.leaves
    a.open_orders += 1
    if m.want_data:
        emit_data(m, BOOK_KIND_ADD, o, o.order_id, o.leaves, o.leaves, level_at(m, o.level), 0)
    return True
