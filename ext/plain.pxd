"""The short way for what nearly every command is: a limit order that may rest and passes all checks, and a cancel.

The short way makes all checks at once, in the order that costs least, and before anything changes. Where one of them
does not pass, or anything else is out of the ordinary, it does nothing and says so: then orders.pyx takes the command
the long way, check by check. Both ways must give the same events and the same state; tests compare them.
"""

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

from ext.bits cimport half_at, likely, product_fits, put_half, put_word, quarter_at, unlikely, word_at
from ext.book cimport enqueue, has_page, list_order
from ext.dark cimport may_meet_dark
from ext.events cimport emit_accepted, emit_data, level_at, touch
from ext.ids cimport append_id, hash_id, id_place, id_tag, number_at
from ext.layout cimport (
    Account, IS_ACTIVE, IS_OPEN, Instrument, MUCH_CASH, Market, NEEDS_MORE, OPEN_BITS, Order, Position,
)
from ext.ledger cimport find_position
from ext.levels cimport index_of, near_level
from ext.margin.check cimport passes
from ext.matching cimport crosses, pull
from ext.orders cimport finish
from ext.wire cimport *

cdef extern from *:
    """
    /* bits that side, order_type, tif, flags, self_trade and key of a limit order that may rest do not have */
    #define OB_BEYOND_RESTING 0xFFFCFFFEFFFE0000ULL
    """
    const uint64_t BEYOND_RESTING "OB_BEYOND_RESTING"


cdef inline bint enter_plain(Market* m, const OrderCommand* c) noexcept nogil:
    """Enter a NEW_ORDER. False: nothing was done."""
    cdef uint32_t account = c.account
    cdef uint32_t instrument = c.instrument
    cdef Account* a = &m.accounts[account]
    cdef Instrument* i = &m.instruments[instrument]
    cdef uint32_t side, qty, slot, level, position
    cdef int64_t price, index, notional, sells, cash_needed, lots_needed
    cdef uint64_t hash
    cdef Position* p
    cdef Order* o
    if unlikely(word_at(&c.kind) & BEYOND_RESTING or account >= m.account_capacity
                or instrument >= m.instrument_capacity):
        return False
    if unlikely(quarter_at(&a.is_set) != IS_ACTIVE or half_at(&i.is_set) & OPEN_BITS != IS_OPEN):
        return False
    # An id above all those of its account is above its floor, too, and in no generation. Id 0 is above none.
    if unlikely(c.client_order_id <= a.last_id or a.id_epoch != m.id_epoch or m.id_count == m.id_turn):
        return False
    if unlikely(<uint64_t> m.ts_ns >= a.rate_end or a.rate_count >= a.max_messages):
        return False
    qty = c.qty
    if unlikely(qty - 1 >= a.max_order_qty or qty - 1 >= i.max_order_qty):  # 0 is as good as 2**32
        return False
    side = c.side
    price = c.price
    index = index_of(i, price)
    if unlikely(<uint64_t> price - <uint64_t> i.lowest[side] > i.span[side] or index * i.tick_size != price):
        return False
    if unlikely(not product_fits(price, qty, i.multiplier, &notional)):
        return False
    if unlikely(notional > a.max_order_notional or notional > i.max_order_notional):
        return False
    if unlikely(a.open_orders >= a.max_open_orders):
        return False
    position = find_position(m, word_at(&c.account))
    p = &m.positions[position]
    sells = -<int64_t> side  # all bits, or none
    if unlikely((p.qty ^ sells) - sells + p.open[side] + qty > a.max_position or position == 0):
        return False
    # Proceeds do not count where credit is unlimited; as long as they are small the sum below is too small at most.
    if unlikely(<uint64_t> a.short_proceeds > <uint64_t> MUCH_CASH):
        return False
    cash_needed = notional & ~sells
    lots_needed = qty & sells
    if unlikely(cash_needed > a.cash - a.hold - a.short_proceeds + a.credit):
        return False
    if unlikely(lots_needed > p.qty - p.open[SIDE_SELL] + a.short_room):
        return False
    slot = m.order_free
    level = near_level(m, i, instrument, index)
    if unlikely(slot == 0 or level >> 6 == 0 or not has_page(m)):
        return False
    if unlikely(a.flags & NEEDS_MORE) and not passes(
            m, a, instrument, position, side, qty, notional, index):
        return False

    a.rate_count += 1
    a.last_id = c.client_order_id
    a.id_current = c.client_order_id
    m.order_free = m.links[slot].next
    m.order_live += 1
    o = &m.orders[slot]
    put_half(o, side << 8)
    put_word(&o.account, word_at(&c.account))  # and instrument
    o.client_order_id = c.client_order_id
    o.price = price
    put_word(&o.leaves, qty)  # and filled
    o.position = position
    put_half(&o.order_type, half_at(&c.order_type))  # and tif, flags, self_trade
    o.session = c.session
    hash = hash_id(m, account, c.client_order_id)
    append_id(m, c, id_place(m, hash, c.client_order_id), id_tag(m, hash), o.order_id)
    emit_accepted(m, a, c, side, o.order_id, price, qty)
    if unlikely(crosses(i, side, index)) or unlikely(i.way != 0) and may_meet_dark(m, i, instrument, side, price):
        finish(m, slot, index, False)
        return True
    touch(m, i, instrument)
    enqueue(m, i, o, side, slot, index, level)
    list_order(m, a, slot)
    a.hold += cash_needed
    p.open[side] += qty
    a.open_orders += 1
    if m.want_data:
        emit_data(m, BOOK_KIND_ADD, o, o.order_id, qty, qty, level_at(m, level), 0)
    return True


cdef inline bint cancel_plain(Market* m, const OrderCommand* c) noexcept nogil:
    """Take a CANCEL of a live order. False: nothing was done."""
    cdef uint64_t hash = hash_id(m, c.account, c.client_order_id)
    cdef uint32_t slot = <uint32_t> c.order_id
    cdef const Order* o
    if c.order_id == 0:  # what is found at first sight need not be it, and is looked at
        slot = m.id_slot[number_at(m, id_place(m, hash, c.client_order_id), id_tag(m, hash))]
        o = &m.orders[slot]
        if unlikely(o.client_order_id != c.client_order_id):
            return False
    else:
        o = &m.orders[slot]
        if unlikely(slot > m.order_top or o.order_id != c.order_id):
            return False
    if unlikely(o.account != c.account or o.level == 0):
        return False
    pull(m, slot, CANCEL_REASON_USER)
    return True
