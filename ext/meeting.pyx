"""Two orders that meet, where one of them is more than a plain one. See docs/orders.md, "Matching".

Plain orders that meet plain ones do not come here: matching.pxd has the same for them, and no more than they need.
"""

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

from ext.bits cimport put_half, put_word
from ext.book cimport dequeue
from ext.events cimport emit_data, emit_hidden_trade, emit_order, level_at, touch
from ext.keys.orders cimport count_keyed
from ext.layout cimport Account, Extra, HAS_TIE, Instrument, Level, Market, NEEDS_MORE, Order, Position
from ext.ledger cimport buy_shares, sell_shares
from ext.links cimport lost_lots
from ext.margin.check cimport follow_trade
from ext.lots cimport emit_lots, is_at_rest, lose_lots, use_reserve
from ext.matching cimport RAN_OUT, end_order, fill, pull
from ext.places cimport let_go, lots_of
from ext.risk cimport set_collar
from ext.special cimport leave_unseen
from ext.stops cimport meet_stops
from ext.wire cimport *


# Self-trade prevention and reduce-only

cdef void restate(Market* m, Instrument* i, uint32_t slot, uint32_t lots, uint64_t reason) noexcept nogil:
    """Take some of an order's lots away in its place, and say so."""
    lose_lots(m, i, slot, lots)
    emit_lots(m, slot, EVENT_KIND_RESTATED | reason << 16)
    if m.orders[slot].special & HAS_TIE:
        lost_lots(m, slot)


cdef uint8_t decrement(Market* m, Instrument* i, uint32_t resting, uint32_t incoming) noexcept nogil:
    """Both lose what the smaller one has."""
    cdef uint32_t of_resting = lots_of(m, resting)
    cdef uint32_t of_incoming = lots_of(m, incoming)
    if of_resting <= of_incoming:
        pull(m, resting, CANCEL_REASON_SELF_TRADE)
    else:
        restate(m, i, resting, of_incoming, RESTATE_REASON_SELF_TRADE)
    if of_incoming <= of_resting:
        return CANCEL_REASON_SELF_TRADE
    restate(m, i, incoming, of_resting, RESTATE_REASON_SELF_TRADE)
    return RAN_OUT


cdef uint8_t prevent(Market* m, Instrument* i, uint32_t resting, uint32_t incoming) noexcept nogil:
    """Two orders of one owner meet, and the incoming one does not allow that."""
    cdef uint8_t mode = m.orders[incoming].self_trade
    if mode == SELF_TRADE_DECREMENT:
        return decrement(m, i, resting, incoming)
    if mode != SELF_TRADE_CANCEL_NEWEST:
        pull(m, resting, CANCEL_REASON_SELF_TRADE)
    return RAN_OUT if mode == SELF_TRADE_CANCEL_OLDEST else CANCEL_REASON_SELF_TRADE


cdef enum Reduction:
    FITS
    SHRUNK
    NOTHING_TO_REDUCE


cdef Reduction reduce_only(Market* m, Instrument* i, uint32_t slot) noexcept nogil:
    """Have an order that is reduce-only shrink to what of its account's position it may reduce."""
    cdef const Order* o = &m.orders[slot]
    cdef int64_t position = m.positions[o.position].qty
    cdef int64_t reducible = position if o.side == SIDE_SELL else -position
    cdef uint32_t lots = lots_of(m, slot)
    if not o.flags & ORDER_FLAG_REDUCE_ONLY or reducible >= lots:
        return FITS
    if reducible <= 0:
        return NOTHING_TO_REDUCE
    restate(m, i, slot, lots - <uint32_t> reducible, RESTATE_REASON_REDUCE_ONLY)
    return SHRUNK


# The trade

cdef void emit_fill(
    Market* m, uint32_t slot, uint64_t flags, uint32_t qty, int64_t price, uint64_t trade_id,
) noexcept nogil:
    cdef const Order* o = &m.orders[slot]
    cdef char* e = emit_order(m, &m.accounts[o.account], o, EVENT_KIND_FILL | flags << 24, qty)
    put_word(e + 56, <uint64_t> price)
    put_half(e + 64, lots_of(m, slot))
    put_word(e + 72, trade_id)


cdef void show_again(Market* m, Instrument* i, uint32_t slot, uint32_t qty) noexcept nogil:
    """What an iceberg showed has traded away: its next part comes to the end of its level."""
    cdef Order* o = &m.orders[slot]
    cdef Extra* e = &m.extras[slot]
    cdef Level* level = level_at(m, o.level)
    cdef Level without = level[0]
    cdef uint32_t next = m.links[slot].next
    cdef uint32_t prev = m.links[slot].prev
    cdef uint32_t shown = e.display_qty if e.display_qty < e.reserve else e.reserve
    without.count -= 1
    if m.want_data:
        emit_data(m, BOOK_KIND_EXECUTE, o, o.order_id, qty, 0, &without, <uint32_t> i.trades)
    use_reserve(m, slot, shown)
    o.leaves = shown
    level.qty += shown
    if next:  # the level stays as it is where nobody waits behind
        if prev:
            m.links[prev].next = next
        else:
            level.head = next
        m.links[next].prev = prev
        m.links[level.tail].next = slot
        m.links[slot].prev = level.tail
        m.links[slot].next = 0
        level.tail = slot
    if m.want_data:
        emit_data(m, BOOK_KIND_ADD, o, o.order_id, shown, shown, level, 0)


cdef void shrink_displayed(Market* m, Instrument* i, uint32_t slot, uint32_t qty, int64_t price) noexcept nogil:
    """An order of the book has traded at a price: its own, or one within its discretion."""
    cdef Order* o = &m.orders[slot]
    cdef Account* a = &m.accounts[o.account]
    cdef const Level* level = level_at(m, o.level)
    cdef bint is_hidden = price != o.price
    cdef uint8_t kind = BOOK_KIND_EXECUTE
    if is_hidden:
        kind = BOOK_KIND_REDUCE if o.leaves else BOOK_KIND_DELETE
    if o.leaves == 0:
        if o.special and m.extras[slot].reserve:
            show_again(m, i, slot, qty)
            return
        a.open_orders -= 1
        level = dequeue(m, i, slot)
    if m.want_data:
        emit_data(m, kind, o, o.order_id, qty, o.leaves, level, 0 if is_hidden else <uint32_t> i.trades)
        if is_hidden:
            emit_hidden_trade(m, o.instrument, o.side, price, qty, <uint32_t> i.trades)
    if o.leaves == 0:
        end_order(m, a, slot)


cdef void shrink_dark(Market* m, Instrument* i, uint32_t slot, uint32_t qty, int64_t price) noexcept nogil:
    """An order that rests in the dark has traded."""
    cdef Order* o = &m.orders[slot]
    cdef Account* a = &m.accounts[o.account]
    if m.want_data:
        emit_hidden_trade(m, o.instrument, o.side, price, qty, <uint32_t> i.trades)
    if o.leaves == 0:
        leave_unseen(m, i, a, slot)
        end_order(m, a, slot)


cdef void trade_at(Market* m, Instrument* i, uint32_t resting, uint32_t incoming, int64_t price) noexcept nogil:
    """Trade what both have: of an iceberg, what it shows."""
    cdef Order* maker = &m.orders[resting]
    cdef Order* taker = &m.orders[incoming]
    cdef Account* a = &m.accounts[maker.account]
    cdef Account* b = &m.accounts[taker.account]
    cdef Position* p = &m.positions[maker.position]
    cdef Position* q = &m.positions[taker.position]
    cdef uint32_t qty = maker.leaves if maker.leaves < taker.leaves else taker.leaves
    cdef int64_t multiplier = i.multiplier
    cdef int64_t cash = price * qty * multiplier
    if maker.level:
        touch(m, i, maker.instrument)
    i.trades += 1
    i.volume += qty
    if i.reference_price != price:
        i.reference_price = price
        set_collar(i)
    if <uint64_t> (price - i.calm_low) > i.calm_span:
        meet_stops(m, maker.instrument, price)
    fill(maker, qty)
    fill(taker, qty)
    count_keyed(m, resting)
    count_keyed(m, incoming)
    let_go(m, i, a, maker, qty)
    if is_at_rest(taker):
        let_go(m, i, b, taker, qty)
    if maker.side == SIDE_SELL:  # in one account the maker's side is booked first
        sell_shares(a, p, &m.bases[maker.position], price, qty, multiplier, cash)
        buy_shares(b, q, &m.bases[taker.position], price, qty, multiplier, cash)
    else:
        buy_shares(a, p, &m.bases[maker.position], price, qty, multiplier, cash)
        sell_shares(b, q, &m.bases[taker.position], price, qty, multiplier, cash)
    emit_fill(m, resting, EVENT_FLAG_MAKER, qty, price, i.trades)
    emit_fill(m, incoming, 0, qty, price, i.trades)
    if (a.flags | b.flags) & NEEDS_MORE:
        follow_trade(m, resting, incoming, False, qty, price, i.trades)
    if maker.special & HAS_TIE:
        lost_lots(m, resting)
    if taker.special & HAS_TIE:
        lost_lots(m, incoming)
    if maker.level:
        level_at(m, maker.level).qty -= qty
        shrink_displayed(m, i, resting, qty, price)
    else:
        shrink_dark(m, i, resting, qty, price)


cdef uint8_t meet(Market* m, Instrument* i, uint32_t resting, uint32_t incoming, int64_t price) noexcept nogil:
    cdef const Order* maker = &m.orders[resting]
    cdef const Order* taker = &m.orders[incoming]
    cdef bint maker_sells = maker.side == SIDE_SELL
    cdef Reduction reduction
    if taker.self_trade != SELF_TRADE_ALLOW and have_same_owner(m, resting, incoming):
        return prevent(m, i, resting, incoming)
    if m.accounts[maker.account if maker_sells else taker.account].cash > MAX_CASH - MAX_NOTIONAL:
        if not maker_sells:
            return CANCEL_REASON_CASH_LIMIT
        pull(m, resting, CANCEL_REASON_CASH_LIMIT)
        return RAN_OUT
    reduction = reduce_only(m, i, resting)
    if reduction == NOTHING_TO_REDUCE:
        pull(m, resting, CANCEL_REASON_REDUCE_ONLY)
    if reduction != FITS:
        return RAN_OUT
    reduction = reduce_only(m, i, incoming)
    if reduction == NOTHING_TO_REDUCE:
        return CANCEL_REASON_REDUCE_ONLY
    if reduction == FITS:
        trade_at(m, i, resting, incoming, price)
    return RAN_OUT
