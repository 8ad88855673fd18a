"""Matching: price-time priority, trades at the maker's price, self-trade prevention; resting, and leaving the book."""

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

from ext.bits cimport likely, pick, unlikely
from ext.book cimport dequeue, enqueue, free_slot, unlist_order
from ext.events cimport emit_canceled, emit_data, emit_order, level_at, order_id_of, touch
from ext.layout cimport Account, Instrument, Level, Market, Order
from ext.ledger cimport buy_shares, sell_shares
from ext.levels cimport best_index, key_of, level_of_index, next_index
from ext.risk cimport either, set_collar
from ext.wire cimport *

cdef enum:
    RAN_OUT = 0  # why matching stopped: no more to trade with, or nothing left; else a CANCEL_REASON


cdef inline void leave_book(
    Market* m, Instrument* i, Account* a, Order* o, uint32_t slot, uint64_t order_id,
) noexcept nogil:
    """Take a resting order out of the book and its holds back; its slot, and its place among its account's, stay."""
    cdef const Level* level
    touch(m, i, o.instrument)
    a.hold -= either(o.side, o.price * o.leaves * i.multiplier, 0)
    m.positions[o.position].open[o.side] -= o.leaves
    a.open_orders -= 1
    level = dequeue(m, i, slot)
    if m.want_data:
        emit_data(m, BOOK_KIND_DELETE, o, order_id, o.leaves, 0, level, 0)


cdef inline void end_order(Market* m, Account* a, uint32_t slot) noexcept nogil:
    """The end of an order that is in its account's list and in no level."""
    unlist_order(m, a, slot)
    free_slot(m, slot)


cdef inline void pull(Market* m, uint32_t slot, uint8_t reason) noexcept nogil:
    """Cancel a resting order."""
    cdef Order* o = &m.orders[slot]
    cdef Account* a = &m.accounts[o.account]
    cdef Instrument* i = &m.instruments[o.instrument]
    cdef uint64_t order_id = order_id_of(m, slot)
    emit_canceled(m, a, o, order_id, reason)
    leave_book(m, i, a, o, slot, order_id)
    end_order(m, a, slot)


cdef inline bint crosses(const Instrument* i, uint32_t side, int64_t index) noexcept nogil:
    """Whether an order at this price index trades at once."""
    return i.best[side ^ 1] <= key_of(side ^ 1, index)


cdef inline bint fills_whole(const Market* m, const Instrument* i, const Order* taker, int64_t index) noexcept nogil:
    """Whether the book can fill a fill-or-kill order, with its self-trade prevention."""
    cdef uint64_t needed = taker.leaves
    cdef uint32_t other = taker.side ^ 1
    cdef int64_t best = best_index(i, other)
    cdef uint32_t slot
    cdef const Level* level
    while best >= 0 and key_of(other, best) <= key_of(other, index):
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
                slot = m.links[slot].next
        best = next_index(m, i, taker.instrument, other, best)
    return False


cdef inline void book_purchase(
    Market* m, uint32_t account, uint32_t position, int64_t price, int64_t qty, int64_t multiplier, int64_t cash,
) noexcept nogil:
    buy_shares(&m.accounts[account], &m.positions[position], &m.bases[position], price, qty, multiplier, cash)


cdef inline void book_sale(
    Market* m, uint32_t account, uint32_t position, int64_t price, int64_t qty, int64_t multiplier, int64_t cash,
) noexcept nogil:
    sell_shares(&m.accounts[account], &m.positions[position], &m.bases[position], price, qty, multiplier, cash)


cdef inline void trade(Market* m, Instrument* i, Level* level, uint32_t maker_slot, uint32_t taker_slot) noexcept nogil:
    """Trade what both have, at the maker's price."""
    cdef Order* maker = &m.orders[maker_slot]
    cdef Order* taker = &m.orders[taker_slot]
    cdef Account* a = &m.accounts[maker.account]
    cdef Account* b = &m.accounts[taker.account]
    cdef uint32_t maker_sells = maker.side
    cdef uint32_t qty = maker.leaves if maker.leaves < taker.leaves else taker.leaves
    cdef int64_t price = maker.price
    cdef int64_t cash = price * qty * i.multiplier
    cdef uint64_t maker_id
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
    m.positions[maker.position].open[maker_sells] -= qty
    a.hold -= either(maker_sells, cash, 0)
    if unlikely(a == b) and maker_sells:  # in one account the maker's side is booked first
        book_sale(m, maker.account, maker.position, price, qty, i.multiplier, cash)
        book_purchase(m, maker.account, maker.position, price, qty, i.multiplier, cash)
    else:
        book_purchase(m, pick(maker_sells, taker.account, maker.account),
                      pick(maker_sells, taker.position, maker.position), price, qty, i.multiplier, cash)
        book_sale(m, pick(maker_sells, maker.account, taker.account),
                  pick(maker_sells, maker.position, taker.position), price, qty, i.multiplier, cash)
    maker_id = order_id_of(m, maker_slot)
    emit_order(m, a, maker, maker_id, EVENT_KIND_FILL, 0, EVENT_FLAG_MAKER, qty, price, maker.leaves, i.trades)
    emit_order(m, b, taker, order_id_of(m, taker_slot), EVENT_KIND_FILL, 0, 0, qty, price, taker.leaves, i.trades)
    if maker.leaves == 0:
        a.open_orders -= 1
        dequeue(m, i, maker_slot)
    if m.want_data:
        emit_data(m, BOOK_KIND_EXECUTE, maker, maker_id, qty, maker.leaves, level, <uint32_t> i.trades)
    if maker.leaves == 0:
        end_order(m, a, maker_slot)


cdef inline uint8_t match(Market* m, Instrument* i, uint32_t slot, int64_t index) noexcept nogil:
    """Trade an order that is not in the book against the other side, up to its price index. Returns why it stopped."""
    cdef Order* taker = &m.orders[slot]
    cdef Order* maker
    cdef Level* level
    cdef uint32_t maker_slot
    while taker.leaves and crosses(i, taker.side, index):
        level = level_at(m, i.best_level[taker.side ^ 1])
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


cdef inline bint come_to_rest(
    Market* m, Instrument* i, Account* a, Order* o, uint32_t slot, int64_t index, int64_t notional,
) noexcept nogil:
    """Put what is left of an order at the end of its level. False when no page is free for a new level."""
    touch(m, i, o.instrument)
    if unlikely(not enqueue(m, i, o, slot, index)):
        return False
    a.hold += either(o.side, notional, 0)
    m.positions[o.position].open[o.side] += o.leaves
    a.open_orders += 1
    if m.want_data:
        emit_data(m, BOOK_KIND_ADD, o, order_id_of(m, slot), o.leaves, o.leaves, level_at(m, o.level), 0)
    return True
