"""What moves orders that are tied to others: see docs/linked.md, "What moves the others".

What an order's own trade takes from the others, it takes at once; else they come into the queue of the market, so that
nobody who goes through a list of orders has one vanish from under his hands.
"""

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

from ext.bands cimport check_short, sells_short
from ext.bits cimport product
from ext.borrow.check cimport check_locate
from ext.cash.check cimport check_cash
from ext.desks.check cimport Asked, WAKES, check_limits
from ext.events cimport emit_canceled
from ext.fields cimport broken, is_leg_type
from ext.ids cimport find_id
from ext.layout cimport (
    ACTIVATES, Account, COUNTS_NOT, Extra, Further, HAS_CASH_RULE, IS_LIMITED, IS_MARGIN, IS_PARENT, IS_QUEUED,
    IdEntry, Instrument, MUST_END, Market, NEEDS_CARE, Order, SHORT_RESTRICTED, Unseen,
)
from ext.margin.check cimport Intent, check_margin
from ext.margin.exposure cimport note_lots
from ext.lots cimport emit_lots, is_at_rest, lose_lots
from ext.matching cimport end_order, pull
from ext.orders cimport live_slot
from ext.places cimport enqueue_met, lots_of, make_special, place_of, set_calm, uproot_stop
from ext.risk cimport Refusal, check_exposure, check_notional, reason_of_bound, refuse
from ext.special cimport arrive, go_unseen, leave_unseen
from ext.stops cimport trail_price
from ext.ties cimport (
    counted_of, has_limit, is_alone, is_full, is_parent, is_waiting, join_ring, make_tie,
)
from ext.wire cimport *


# Entry

cdef inline bint is_leg(const Market* m, uint32_t slot) noexcept nogil:
    """Whether a live order may be one of a ring."""
    cdef const Order* o = &m.orders[slot]
    cdef const Extra* e = &m.extras[slot]
    if not is_leg_type(o.order_type, o.tif, o.flags):
        return False
    return not o.special or (e.display_qty == 0 and e.min_qty == 0 and e.discretion == 0)


cdef inline bint fits(const Market* m, const OrderCommand* c, uint32_t role, uint32_t named) noexcept nogil:
    """Check 10b: whether a live order is one that this role may name."""
    cdef const Order* o = &m.orders[named]
    if role == ROLE_PARENT:
        return is_waiting(o) and m.ties[named].parent == 0
    if o.instrument != c.instrument or o.side != c.side:
        return False
    return is_waiting(o) if role == ROLE_CHILD else not is_waiting(o) and not is_parent(o)


cdef inline uint32_t live_named(Market* m, const OrderCommand* c, const Further* f) noexcept nogil:
    """The slot of the live order that link_id names, or 0."""
    cdef const IdEntry* entry = find_id(m, c.account, f.link_id)
    return live_slot(m, entry.order_id, c.account) if entry != NULL else 0


cdef uint8_t check_link(
    Market* m, const OrderCommand* c, const Further* f, uint32_t* named, Refusal* r,
) noexcept nogil:
    cdef uint32_t slot
    if f.link_id == 0:
        return 0
    slot = live_named(m, c, f)
    if slot == 0 or not fits(m, c, f.role, slot):
        return refuse(r, CHECK_LINK, 0, <int64_t> f.link_id, 0)
    if f.role != ROLE_PARENT:
        if c.qty != <uint64_t> m.orders[slot].filled + lots_of(m, slot):
            return broken(r, RULE_LINK, c.qty)
        if c.order_type == ORDER_TYPE_LIMIT and has_limit(m, slot):
            return broken(r, RULE_LINK, c.order_type)
        if not is_leg(m, slot):
            return broken(r, RULE_LINK, <int64_t> f.link_id)
        if is_full(m, slot):
            return refuse(r, CHECK_RING_SIZE, MAX_LEGS, MAX_LEGS + 1, 0)
    named[0] = slot
    return 0


cdef void tie_order(Market* m, uint32_t slot, uint32_t role, uint32_t named) noexcept nogil:
    cdef Order* o = &m.orders[slot]
    cdef Order* other
    cdef uint32_t lots, at
    make_tie(m, slot)
    if role == ROLE_PARENT:
        o.special |= IS_PARENT
        m.ties[slot].child = named
        at = named
        while True:
            m.ties[at].parent = slot
            at = m.ties[at].next
            if at == named:
                return
    if named == 0:
        return
    other = &m.orders[named]
    if role == ROLE_PEER:
        if not other.special:
            make_special(m, named)
        if other.level:
            other.special |= NEEDS_CARE
        make_tie(m, named)
        o.special |= COUNTS_NOT
    join_ring(m, slot, named)
    lots = lots_of(m, named)
    if lots < o.leaves:
        o.leaves = lots
        emit_lots(m, slot, EVENT_KIND_RESTATED | <uint64_t> RESTATE_REASON_LINKED << 16)


# Moving the others

cdef void leave_ring(Market* m, uint32_t slot) noexcept nogil:
    """Have an order be alone. Was it the one that counts among open lots, another one does from now on."""
    cdef Order* o = &m.orders[slot]
    cdef Order* heir
    cdef uint32_t next = m.ties[slot].next
    cdef uint32_t prev = m.ties[slot].prev
    cdef uint32_t at = next
    if next == slot:
        return
    m.ties[prev].next = next
    m.ties[next].prev = prev
    m.ties[slot].next = m.ties[slot].prev = slot
    if o.special & COUNTS_NOT or is_waiting(o):
        return
    while True:
        heir = &m.orders[at]
        if heir.special & COUNTS_NOT:
            heir.special &= ~<uint32_t> COUNTS_NOT
            if is_at_rest(heir):
                note_lots(m, &m.accounts[heir.account], heir.position)
                m.positions[heir.position].open[heir.side] += lots_of(m, at)
            return
        at = m.ties[at].next
        if at == next:
            return


cdef void have_end(Market* m, uint32_t slot) noexcept nogil:
    """Have the queue of the market cancel an order."""
    cdef Order* o = &m.orders[slot]
    o.special |= MUST_END
    if o.special & IS_QUEUED:
        return
    if place_of(o) == PLACE_STOP:
        uproot_stop(m, &m.unseen[o.instrument], slot)
        set_calm(m, &m.instruments[o.instrument], &m.unseen[o.instrument])
    enqueue_met(m, slot)


cdef void end_ring(Market* m, uint32_t first) noexcept nogil:
    """Have all of a ring end, in its order from here on. Until they do they are a ring, but nobody's children."""
    cdef uint32_t parent = m.ties[first].parent
    cdef uint32_t at = first
    if parent:
        m.orders[parent].special &= ~<uint32_t> IS_PARENT
        m.ties[parent].child = 0
    while True:
        m.ties[at].parent = 0
        have_end(m, at)
        at = m.ties[at].next
        if at == first:
            return


cdef void take_along(Market* m, const OrderCommand* c, const Further* f, uint32_t named) noexcept nogil:
    if named == 0 and (f.role == ROLE_CHILD or f.role == ROLE_PARENT) and f.link_id:
        named = live_named(m, c, f)
    if named == 0 or not (is_alone(m, named) if f.role == ROLE_PEER else fits(m, c, ROLE_PARENT, named)):
        return
    if not m.orders[named].special:
        make_special(m, named)
    make_tie(m, named)
    end_ring(m, named)


cdef void end_others(Market* m, uint32_t slot) noexcept nogil:
    cdef uint32_t at = m.ties[slot].next
    while at != slot:
        leave_ring(m, at)
        pull(m, at, CANCEL_REASON_LINKED)
        at = m.ties[slot].next


cdef void lost_lots(Market* m, uint32_t slot) noexcept nogil:
    cdef uint32_t lots = lots_of(m, slot)
    cdef uint32_t at = m.ties[slot].next
    if lots == 0:
        end_others(m, slot)
        return
    while at != slot:
        if lots_of(m, at) > lots:
            lose_lots(m, &m.instruments[m.orders[at].instrument], at, lots_of(m, at) - lots)
            emit_lots(m, at, EVENT_KIND_RESTATED | <uint64_t> RESTATE_REASON_LINKED << 16)
        at = m.ties[at].next


cdef void wake_children(Market* m, uint32_t parent) noexcept nogil:
    """A parent has ended with lots filled: its children come into the queue with as many."""
    cdef uint32_t first = m.ties[parent].child
    cdef uint32_t filled = m.orders[parent].filled
    cdef uint32_t at = first
    cdef Order* o
    while True:
        o = &m.orders[at]
        m.ties[at].parent = 0
        if o.leaves > filled:
            o.leaves = filled
        o.special |= ACTIVATES
        enqueue_met(m, at)
        at = m.ties[at].next
        if at == first:
            return


cdef void end_tie(Market* m, uint32_t slot) noexcept nogil:
    cdef Order* o = &m.orders[slot]
    cdef uint32_t next = m.ties[slot].next
    cdef uint32_t parent = m.ties[slot].parent
    if o.special & IS_PARENT:
        if o.filled:
            wake_children(m, slot)
        else:
            end_ring(m, m.ties[slot].child)
    if next != slot:
        leave_ring(m, slot)
        if not o.special & MUST_END:  # else the others are to end, too, already
            end_ring(m, next)
    elif parent:
        m.orders[parent].special &= ~<uint32_t> IS_PARENT
        m.ties[parent].child = 0


# Waking

cdef uint8_t check_active(Market* m, Instrument* i, Account* a, uint32_t slot) noexcept nogil:
    """Why a child cannot be an order like others, or 0. Gives a trailing stop its price."""
    cdef Order* o = &m.orders[slot]
    cdef Extra* e = &m.extras[slot]
    cdef uint32_t other = counted_of(m, slot)
    cdef Intent wanted
    cdef Asked asked
    cdef Refusal r
    cdef int64_t notional
    cdef uint8_t reason
    if o.order_type == ORDER_TYPE_TRAILING_STOP:
        e.water = i.reference_price
        o.price = trail_price(o.side, e.water, e.offset, e.modes) if e.water else 0
        e.stop_price = o.price
        if not 1 <= o.price <= MAX_PRICE:
            return CANCEL_REASON_EXPOSURE
    notional = product(o.price, o.leaves, i.multiplier)
    if check_notional(a, i, notional, &r) or check_exposure(
            m, a, &m.positions[o.position], o.side, o.leaves, notional, lots_of(m, other) if other else 0, 0, &r):
        return CANCEL_REASON_EXPOSURE
    if i.way & SHORT_RESTRICTED and o.side == SIDE_SELL and sells_short(
            &m.positions[o.position], o.leaves, lots_of(m, other) if other else 0):
        if check_short(i, &m.instrument_texts[o.instrument], o.order_type, PEG_NONE, o.price, False, &r):
            return CANCEL_REASON_EXPOSURE
    if check_locate(m, o.instrument, o.position, o.side, o.leaves, lots_of(m, other) if other else 0, &r):
        return CANCEL_REASON_EXPOSURE
    if a.flags & IS_MARGIN:
        wanted = Intent(o.account, o.instrument, o.position, o.side, o.leaves, notional,
                        lots_of(m, other) if other else 0, 0, a.open_orders, 0)
        if check_margin(m, &wanted, &r):
            return CANCEL_REASON_EXPOSURE
    if a.flags & HAS_CASH_RULE:
        wanted = Intent(o.account, o.instrument, o.position, o.side, o.leaves, notional,
                        lots_of(m, other) if other else 0, 0, a.open_orders, 0)
        if check_cash(m, &wanted, &r):
            return CANCEL_REASON_EXPOSURE
    if a.flags & IS_LIMITED:
        asked = Asked(WAKES, o.account, o.instrument, o.position, o.side, o.leaves, lots_of(m, other) if other else 0,
                      o.leaves, notional, o.price, o.order_type)
        if check_limits(m, a, &asked, &r):
            return CANCEL_REASON_EXPOSURE
    if o.order_type == ORDER_TYPE_LIMIT and i.state == INSTRUMENT_STATE_OPEN:
        reason = reason_of_bound(i, o.side, o.price)
        if reason:
            return reason
    o.special &= ~<uint32_t> COUNTS_NOT
    if other:
        o.special |= COUNTS_NOT
    return 0


cdef inline bint is_met(const Instrument* i, const Order* o, const Extra* e) noexcept nogil:
    cdef int64_t reference = i.reference_price
    if o.order_type == ORDER_TYPE_TRAILING_STOP or reference == 0:
        return False
    return e.stop_price <= reference if o.side == SIDE_BUY else e.stop_price >= reference


cdef void activate(Market* m, uint32_t slot) noexcept nogil:
    cdef Order* o = &m.orders[slot]
    cdef Instrument* i = &m.instruments[o.instrument]
    cdef Account* a = &m.accounts[o.account]
    cdef Unseen* u = &m.unseen[o.instrument]
    cdef uint8_t reason
    leave_unseen(m, i, a, slot)
    o.special &= ~<uint32_t> ACTIVATES
    reason = check_active(m, i, a, slot)
    emit_lots(m, slot, EVENT_KIND_RESTATED | <uint64_t> RESTATE_REASON_ACTIVE << 16)
    if reason:
        emit_canceled(m, a, o, reason)
        end_order(m, a, slot)
    elif o.order_type != ORDER_TYPE_LIMIT:
        go_unseen(m, i, a, slot, PLACE_STOP, True)
        if is_met(i, o, &m.extras[slot]):
            uproot_stop(m, u, slot)
            set_calm(m, i, u)
            enqueue_met(m, slot)
    elif i.state == INSTRUMENT_STATE_OPEN:
        arrive(m, slot, True)
    else:
        go_unseen(m, i, a, slot, PLACE_CALL, True)
