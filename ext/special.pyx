"""Special orders on their way: into their places and out of them. See docs/orders.md, "Places", "Ends", "Stops"."""

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

from ext.bits cimport product
from ext.book cimport free_slot, list_order
from ext.dark cimport gain_discretion, generous_price, match_all, need_of, plant_dark, uproot_dark
from ext.desks.check cimport tell_warnings
from ext.dryrun cimport dry_run
from ext.events cimport emit_canceled, emit_triggered
from ext.fields cimport is_stop, may_rest, waits_for_auction
from ext.keys.check cimport tell_key_warnings
from ext.layout cimport (
    ACTIVATES, Account, BY_EXPIRY, COUNTS_NOT, Extra, Further, HAS_TIE, IS_DISCRETIONARY, IS_QUEUED, Instrument,
    MUST_END, Market, NEEDS_CARE, OF_KEY, Order, Unseen,
)
from ext.levels cimport index_of
from ext.links cimport activate, end_others
from ext.lots cimport add_reserve, emit_end, emit_lots, lose_lots, use_reserve
from ext.matching cimport RAN_OUT, come_to_rest, end_order, leave_book, pull
from ext.pegs cimport effective_price
from ext.pending cimport MUST_SERVE, count_dark, note_moved
from ext.places cimport (
    dequeue_met, forget_special, hold_lots, let_go, list_unseen, lose_discretion, lots_of, make_special, place_of,
    plant_call, plant_stop, set_calm, set_place, unlist_unseen, uproot_call, uproot_stop,
)
from ext.recheck cimport recheck
from ext.risk cimport Refusal, check_notional, free_of, market_price, reason_of_bound
from ext.ties cimport is_waiting
from ext.tree cimport plant
from ext.wire cimport *


cdef void dress(Market* m, uint32_t slot, const OrderCommand* c, const Further* f, int64_t water) noexcept nogil:
    cdef Extra* e = &m.extras[slot]
    make_special(m, slot)
    e.stop_price = f.stop_price
    e.offset = f.offset
    e.discretion = f.discretion
    e.display_qty = f.display_qty
    e.min_qty = c.qty if c.flags & ORDER_FLAG_ALL_OR_NONE else f.min_qty
    e.group = f.group
    e.self_trade_group = f.self_trade_group
    e.modes = f.modes
    e.peg = f.peg
    if c.order_type == ORDER_TYPE_TRAILING_STOP:
        e.stop_price = m.orders[slot].price
        e.water = water
    elif c.order_type == ORDER_TYPE_PEGGED:
        e.stop_price = c.price
    if f.expire_ns:
        plant(m, &m.expiries, slot, BY_EXPIRY, f.expire_ns)


# Unseen places

cdef void go_unseen(Market* m, Instrument* i, Account* a, uint32_t slot, uint32_t place, bint listed) noexcept nogil:
    """Have an order that is nowhere wait in a place, at the end of the list, with a new rank."""
    cdef Order* o = &m.orders[slot]
    cdef Unseen* u = &m.unseen[o.instrument]
    if not o.special:
        make_special(m, slot)
    set_place(o, place)
    m.rank += 1
    m.extras[slot].rank = m.rank
    list_unseen(m, slot)
    hold_lots(m, i, a, o, lots_of(m, slot))
    a.open_orders += 1
    if not listed:
        list_order(m, a, slot)
    if place == PLACE_STOP:
        plant_stop(m, u, slot)
        set_calm(m, i, u)
    elif place == PLACE_CALL:
        plant_call(m, u, slot)
    elif place == PLACE_DARK:
        plant_dark(m, u, slot)
        count_dark(m, i, o.instrument, 1)
        note_moved(m, o.instrument)


cdef void leave_unseen(Market* m, Instrument* i, Account* a, uint32_t slot) noexcept nogil:
    cdef Order* o = &m.orders[slot]
    cdef Unseen* u = &m.unseen[o.instrument]
    if o.special & IS_QUEUED:
        dequeue_met(m, slot)
    elif place_of(o) == PLACE_STOP:
        uproot_stop(m, u, slot)
        set_calm(m, i, u)
    if place_of(o) == PLACE_CALL:
        uproot_call(m, u, slot)
    elif place_of(o) == PLACE_DARK:
        uproot_dark(m, u, slot)
        count_dark(m, i, o.instrument, -1)
    unlist_unseen(m, slot)
    let_go(m, i, a, o, lots_of(m, slot))
    a.open_orders -= 1
    set_place(o, PLACE_BOOK)


# In the book

cdef bint come_to_book(Market* m, Instrument* i, Account* a, uint32_t slot, int64_t index) noexcept nogil:
    """Have an order that is nowhere rest, an iceberg with no more than it shows. False when no page is free."""
    cdef Order* o = &m.orders[slot]
    cdef const Extra* e = &m.extras[slot]
    cdef uint32_t hidden = 0
    if o.special == 0:
        return come_to_rest(m, i, a, o, slot, index)
    if e.display_qty and o.leaves > e.display_qty:
        hidden = o.leaves - e.display_qty
    o.leaves -= hidden
    if not come_to_rest(m, i, a, o, slot, index):
        o.leaves += hidden
        return False
    add_reserve(m, slot, hidden)
    hold_lots(m, i, a, o, hidden)
    if o.special & COUNTS_NOT:
        m.positions[o.position].open[o.side] -= o.leaves
    if e.display_qty or o.flags & ORDER_FLAG_REDUCE_ONLY or o.special & (HAS_TIE | OF_KEY):
        o.special |= NEEDS_CARE
    if e.discretion:
        gain_discretion(m, i, slot)
    return True


cdef void leave_displayed(Market* m, Instrument* i, Account* a, uint32_t slot) noexcept nogil:
    """Take an order out of the book, and its holds back; what it did not show is among its leaves then."""
    cdef Order* o = &m.orders[slot]
    cdef uint32_t hidden = m.extras[slot].reserve
    if o.special & IS_DISCRETIONARY:
        lose_discretion(m, i, slot)
    use_reserve(m, slot, hidden)
    let_go(m, i, a, o, hidden)  # which notes the position down
    if o.special & COUNTS_NOT:
        m.positions[o.position].open[o.side] += o.leaves
    leave_book(m, i, a, o, slot)
    o.leaves += hidden
    o.special &= ~<uint32_t> NEEDS_CARE


cdef void pull_special(Market* m, uint32_t slot, uint8_t reason) noexcept nogil:
    cdef Order* o = &m.orders[slot]
    cdef Account* a = &m.accounts[o.account]
    cdef Instrument* i = &m.instruments[o.instrument]
    emit_end(m, slot, reason)
    if o.level:
        leave_displayed(m, i, a, slot)
    else:
        leave_unseen(m, i, a, slot)
    end_order(m, a, slot)


cdef inline bint rests_dark(const Order* o) noexcept nogil:
    return o.flags & ORDER_FLAG_HIDDEN or o.order_type == ORDER_TYPE_PEGGED


cdef uint8_t meet_all(Market* m, Instrument* i, uint32_t slot) noexcept nogil:
    """Have an order that is nowhere meet the market, if it may. Returns why that stopped."""
    cdef const Order* o = &m.orders[slot]
    cdef int64_t limit = generous_price(m, slot)
    cdef uint64_t least = need_of(m, slot)
    if o.order_type == ORDER_TYPE_PEGGED:
        limit = effective_price(m, i, slot)
        if limit == 0:
            return RAN_OUT
    if o.tif == TIME_IN_FORCE_FOK:
        least = o.leaves
    if least and dry_run(m, i, slot, limit, least) < least:
        if o.tif == TIME_IN_FORCE_FOK:
            return CANCEL_REASON_FOK
        return CANCEL_REASON_MIN_QTY if o.tif == TIME_IN_FORCE_IOC else RAN_OUT
    return match_all(m, i, slot, limit)


cdef void arrive(Market* m, uint32_t slot, bint listed) noexcept nogil:
    cdef Order* o = &m.orders[slot]
    cdef Instrument* i = &m.instruments[o.instrument]
    cdef Account* a = &m.accounts[o.account]
    cdef uint8_t stopped
    if is_stop(o.order_type):
        go_unseen(m, i, a, slot, PLACE_STOP, listed)
        return
    if i.state == INSTRUMENT_STATE_CALL or waits_for_auction(o.tif):
        go_unseen(m, i, a, slot, PLACE_CALL, listed)
        return
    stopped = meet_all(m, i, slot)
    if o.leaves:
        if stopped == RAN_OUT:
            if rests_dark(o):
                go_unseen(m, i, a, slot, PLACE_DARK, listed)
                return
            if may_rest(o.tif):
                if come_to_book(m, i, a, slot, index_of(i, o.price)):
                    if not listed:
                        list_order(m, a, slot)
                    return
                stopped = CANCEL_REASON_LEVEL_CAPACITY
            else:
                stopped = CANCEL_REASON_IOC
        emit_canceled(m, a, o, stopped)
    if listed:
        end_order(m, a, slot)
        return
    if o.special:
        forget_special(m, slot)
    free_slot(m, slot)


# Replacing

cdef void replace_special(Market* m, uint32_t slot, int64_t price, uint32_t lots, bint keeps) noexcept nogil:
    cdef Order* o = &m.orders[slot]
    cdef Account* a = &m.accounts[o.account]
    cdef Instrument* i = &m.instruments[o.instrument]
    if is_waiting(o):
        o.price = price
        if o.order_type == ORDER_TYPE_STOP:
            m.extras[slot].stop_price = price
        emit_lots(m, slot, EVENT_KIND_REPLACED | <uint64_t> EVENT_FLAG_PRIORITY_KEPT << 24)
        tell_key_warnings(m, o.account, o.instrument, o.client_order_id)
        return
    if keeps:
        lose_lots(m, i, slot, lots_of(m, slot) - lots)
        emit_lots(m, slot, EVENT_KIND_REPLACED | <uint64_t> EVENT_FLAG_PRIORITY_KEPT << 24)
        tell_key_warnings(m, o.account, o.instrument, o.client_order_id)
        tell_warnings(m, o.account, o.instrument, o.client_order_id)
        return
    if o.level:
        leave_displayed(m, i, a, slot)
    else:
        leave_unseen(m, i, a, slot)
    o.price = price
    if o.order_type == ORDER_TYPE_STOP:
        m.extras[slot].stop_price = price
    o.leaves = lots
    emit_lots(m, slot, EVENT_KIND_REPLACED)
    tell_key_warnings(m, o.account, o.instrument, o.client_order_id)
    tell_warnings(m, o.account, o.instrument, o.client_order_id)
    arrive(m, slot, True)


# Stops: serving

cdef uint8_t become_active(Market* m, Instrument* i, Account* a, Order* o) noexcept nogil:
    """Make of a stop what it is after its trigger. Returns why it cannot be that, or 0."""
    cdef Refusal r
    cdef int64_t notional
    cdef uint8_t reason
    if o.order_type == ORDER_TYPE_STOP_LIMIT:
        o.order_type = ORDER_TYPE_LIMIT
    else:
        o.order_type = ORDER_TYPE_MARKET
        o.tif = TIME_IN_FORCE_IOC
        o.price = market_price(i, o.side, False)
    emit_triggered(m, a, o)
    if o.special & HAS_TIE:
        end_others(m, <uint32_t> o.order_id)
    reason = reason_of_bound(i, o.side, o.price)
    if reason:
        return reason
    if o.side == SIDE_SELL:
        return 0
    notional = product(o.price, o.leaves, i.multiplier)
    if check_notional(a, i, notional, &r):
        return CANCEL_REASON_ORDER_NOTIONAL
    return CANCEL_REASON_BUYING_POWER if notional > free_of(m, a, notional, 0, a.open_orders) else 0


cdef void serve(Market* m, uint32_t slot) noexcept nogil:
    cdef Order* o = &m.orders[slot]
    cdef Instrument* i = &m.instruments[o.instrument]
    cdef Account* a = &m.accounts[o.account]
    cdef uint8_t reason
    if o.special & MUST_END:
        pull(m, slot, CANCEL_REASON_LINKED)
        return
    if o.special & ACTIVATES:
        activate(m, slot)
        return
    leave_unseen(m, i, a, slot)
    if i.state != INSTRUMENT_STATE_OPEN:
        go_unseen(m, i, a, slot, PLACE_STOP, True)
        return
    reason = become_active(m, i, a, o)
    if reason:
        emit_canceled(m, a, o, reason)
        end_order(m, a, slot)
    else:
        arrive(m, slot, True)


cdef void serve_pending(Market* m) noexcept nogil:
    recheck(m)
    while m.queue_first:
        serve(m, m.queue_first)
        recheck(m)
    m.pending &= ~<uint32_t> MUST_SERVE
