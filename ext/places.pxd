"""Where special orders are: their Extra, the list of unseen orders, the trees that they are found in, their holds.

Plain orders rest in the book and have nothing of this. An unseen order is linked into its instrument's list through
its Link's next and prev, which a displayed one needs for its level's queue.
"""

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t
from libc.string cimport memset

from ext.bits cimport unlikely
from ext.fields cimport is_stop
from ext.layout cimport (
    Account, BY_EXPIRY, BY_PLACE, BY_TURN, COUNTS_NOT, Extra, HAS_TIE, IS_DISCRETIONARY, IS_QUEUED, IS_SPECIAL,
    Instrument, Market, OF_KEY, Order, PLACE_BITS, PLACE_SHIFT, Unseen,
)
from ext.keys.orders cimport forget_keyed
from ext.links cimport end_tie
from ext.margin.exposure cimport note_lots
from ext.pending cimport MUST_SERVE, count_dark
from ext.risk cimport either
from ext.tides cimport join_tide, leave_tide, tide_of
from ext.ties cimport is_waiting
from ext.tree cimport first_of, plant, uproot, uproot_sorted
from ext.wire cimport *

cdef extern from *:
    """
    #define OB_LAST_PRICE (INT64_MAX / 2)
    """
    const int64_t LAST_PRICE "OB_LAST_PRICE"  # beyond all prices


cdef inline uint8_t place_of(const Order* o) noexcept nogil:
    return <uint8_t> ((o.special & PLACE_BITS) >> PLACE_SHIFT)


cdef inline void set_place(Order* o, uint32_t place) noexcept nogil:
    o.special = (o.special & ~<uint32_t> PLACE_BITS) | place << PLACE_SHIFT


cdef inline uint32_t lots_of(const Market* m, uint32_t slot) noexcept nogil:
    """All open lots of an order, those that do not show too."""
    cdef const Order* o = &m.orders[slot]
    return o.leaves + m.extras[slot].reserve if o.special else o.leaves


cdef inline int64_t rank_key(uint32_t side, int64_t price) noexcept nogil:
    """The better price for those who trade against this side has the lower key."""
    return -price if side == SIDE_BUY else price


cdef inline int64_t price_of(uint32_t side, int64_t key) noexcept nogil:
    """That of a key which rank_key gave."""
    return -key if side == SIDE_BUY else key


cdef inline void make_special(Market* m, uint32_t slot) noexcept nogil:
    """Give an order that has none an Extra without anything in it."""
    memset(&m.extras[slot], 0, sizeof(Extra))
    m.accepted += 1
    m.extras[slot].accepted = m.accepted
    m.orders[slot].special = IS_SPECIAL


cdef inline int64_t hold_price(const Market* m, const Order* o) noexcept nogil:
    """What a buy holds of cash for each lot: its price, and the discretion that it may spend."""
    return o.price + m.extras[<uint32_t> o.order_id].discretion if o.special else o.price


cdef inline void hold_lots(Market* m, const Instrument* i, Account* a, const Order* o, uint32_t lots) noexcept nogil:
    """What an order's lots hold of cash, and count among its account's open ones."""
    if is_waiting(o):
        note_lots(m, a, o.position)  # it is an open order
        return
    a.hold += either(o.side, hold_price(m, o) * lots * i.multiplier, 0)
    note_lots(m, a, o.position)
    if not o.special & COUNTS_NOT:
        m.positions[o.position].open[o.side] += lots


cdef inline void let_go(Market* m, const Instrument* i, Account* a, const Order* o, uint32_t lots) noexcept nogil:
    if is_waiting(o):
        note_lots(m, a, o.position)
        return
    a.hold -= either(o.side, hold_price(m, o) * lots * i.multiplier, 0)
    note_lots(m, a, o.position)
    if not o.special & COUNTS_NOT:
        m.positions[o.position].open[o.side] -= lots


# The list of unseen orders

cdef inline void list_unseen(Market* m, uint32_t slot) noexcept nogil:
    cdef Unseen* u = &m.unseen[m.orders[slot].instrument]
    m.links[slot].next = 0
    m.links[slot].prev = u.last
    if u.last:
        m.links[u.last].next = slot
    else:
        u.first = slot
    u.last = slot
    u.count += 1
    m.unseen_live += 1


cdef inline void unlist_unseen(Market* m, uint32_t slot) noexcept nogil:
    cdef Unseen* u = &m.unseen[m.orders[slot].instrument]
    cdef uint32_t next = m.links[slot].next
    cdef uint32_t prev = m.links[slot].prev
    if prev:
        m.links[prev].next = next
    else:
        u.first = next
    if next:
        m.links[next].prev = prev
    else:
        u.last = prev
    u.count -= 1
    m.unseen_live -= 1


# Stops

cdef inline int64_t stop_key(uint32_t side, int64_t price) noexcept nogil:
    """The stop that a moving market meets first has the lowest key: of buys the lowest, of sells the highest."""
    return price if side == SIDE_BUY else -price


cdef inline int64_t water_key(uint32_t side, int64_t water) noexcept nogil:
    """Those that a market moving away from the stops moves first: of sells the lowest mark, of buys the highest."""
    return water if side == SIDE_SELL else -water


cdef inline void set_calm(Market* m, Instrument* i, const Unseen* u) noexcept nogil:
    """The prices at which a trade meets no stop and moves no water mark."""
    cdef int64_t low = 0
    cdef int64_t high = LAST_PRICE
    cdef uint32_t kind
    cdef uint32_t slot = first_of(m, u.stops[SIDE_BUY], BY_PLACE)
    if slot:
        high = m.extras[slot].nodes[<int> BY_PLACE].key - 1
    for kind in range(2):
        slot = first_of(m, u.waters[SIDE_SELL][kind], BY_TURN)
        if slot and m.extras[slot].nodes[<int> BY_TURN].key < high:
            high = m.extras[slot].nodes[<int> BY_TURN].key
    slot = first_of(m, u.stops[SIDE_SELL], BY_PLACE)
    if slot:
        low = 1 - m.extras[slot].nodes[<int> BY_PLACE].key
    for kind in range(2):
        slot = first_of(m, u.waters[SIDE_BUY][kind], BY_TURN)
        if slot and -m.extras[slot].nodes[<int> BY_TURN].key > low:
            low = -m.extras[slot].nodes[<int> BY_TURN].key
    i.calm_low = low if low <= high else LAST_PRICE
    i.calm_span = <uint64_t> (high - low) if low <= high else 0


cdef inline void plant_stop(Market* m, Unseen* u, uint32_t slot) noexcept nogil:
    cdef const Order* o = &m.orders[slot]
    if o.order_type == ORDER_TYPE_TRAILING_STOP:
        join_tide(m, u, slot)
    else:
        plant(m, &u.stops[o.side], slot, BY_PLACE, stop_key(o.side, m.extras[slot].stop_price))


cdef inline void uproot_stop(Market* m, Unseen* u, uint32_t slot) noexcept nogil:
    if tide_of(m, slot):
        leave_tide(m, u, slot)
    else:
        uproot(m, &u.stops[m.orders[slot].side], slot, BY_PLACE)


# Auctions

cdef inline bint is_market_in_call(const Order* o) noexcept nogil:
    """Whether an order of CALL is one that trades ahead of all limits."""
    return o.order_type == ORDER_TYPE_MARKET or o.order_type == ORDER_TYPE_MARKET_TO_LIMIT


cdef inline void plant_call(Market* m, Unseen* u, uint32_t slot) noexcept nogil:
    cdef const Order* o = &m.orders[slot]
    plant(m, &u.calls[o.side], slot, BY_PLACE, rank_key(o.side, o.price))
    if is_market_in_call(o):
        plant(m, &u.markets[o.side], slot, BY_TURN, 0)


cdef inline void uproot_call(Market* m, Unseen* u, uint32_t slot) noexcept nogil:
    cdef const Order* o = &m.orders[slot]
    uproot(m, &u.calls[o.side], slot, BY_PLACE)
    if is_market_in_call(o):
        uproot(m, &u.markets[o.side], slot, BY_TURN)


# The queue of the market

cdef inline void enqueue_met(Market* m, uint32_t slot) noexcept nogil:
    """Put a stop that was met, and is in no tree any more, at the end of the queue."""
    cdef Extra* e = &m.extras[slot]
    e.queue_next = 0
    e.queue_prev = m.queue_last
    if m.queue_last:
        m.extras[m.queue_last].queue_next = slot
    else:
        m.queue_first = slot
    m.queue_last = slot
    m.orders[slot].special |= IS_QUEUED
    m.pending |= MUST_SERVE


cdef inline void dequeue_met(Market* m, uint32_t slot) noexcept nogil:
    cdef Extra* e = &m.extras[slot]
    if e.queue_prev:
        m.extras[e.queue_prev].queue_next = e.queue_next
    else:
        m.queue_first = e.queue_next
    if e.queue_next:
        m.extras[e.queue_next].queue_prev = e.queue_prev
    else:
        m.queue_last = e.queue_prev
    m.orders[slot].special &= ~<uint32_t> IS_QUEUED


# Discretion of displayed orders

cdef inline void lose_discretion(Market* m, Instrument* i, uint32_t slot) noexcept nogil:
    """Before an order with discretion leaves the book, or after its last lot."""
    cdef Order* o = &m.orders[slot]
    o.special &= ~<uint32_t> IS_DISCRETIONARY
    uproot_sorted(m, &m.unseen[o.instrument].discretions[o.side], slot, BY_PLACE)
    m.accounts[o.account].hold -= either(o.side, m.extras[slot].discretion * o.leaves * i.multiplier, 0)
    count_dark(m, i, o.instrument, -1)


cdef inline void forget_special(Market* m, uint32_t slot) noexcept nogil:
    """The end of a special order that is in no place any more: nothing of it is left in its slot."""
    cdef Order* o = &m.orders[slot]
    if o.special & IS_QUEUED:
        dequeue_met(m, slot)
    if o.special & IS_DISCRETIONARY:
        lose_discretion(m, &m.instruments[o.instrument], slot)
    if m.extras[slot].nodes[<int> BY_EXPIRY].key:
        uproot(m, &m.expiries, slot, BY_EXPIRY)
    if o.special & HAS_TIE:
        end_tie(m, slot)
    if unlikely(o.special & OF_KEY):
        forget_keyed(m, slot)
    o.special = 0
