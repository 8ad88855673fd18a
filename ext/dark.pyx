"""Orders in the dark: their trees, and which order an incoming one meets next. See dark.pxd."""

from libc.stdint cimport int64_t, uint8_t, uint32_t

from ext.events cimport level_at
from ext.layout cimport BY_PLACE, Instrument, IS_DISCRETIONARY, Market, Order, Unseen
from ext.levels cimport best_index
from ext.matching cimport RAN_OUT
from ext.meeting cimport meet
from ext.pegs cimport PEG_TREES, displayed_tops, first_peg, plant_peg, uproot_peg
from ext.pending cimport count_dark
from ext.places cimport LAST_PRICE, lots_of, price_of, rank_key
from ext.risk cimport either
from ext.tree cimport next_in, plant_sorted, uproot_sorted
from ext.wire cimport ORDER_FLAG_POST_ONLY, ORDER_TYPE_PEGGED, SIDE_BUY, SIDE_SELL


cdef void plant_dark(Market* m, Unseen* u, uint32_t slot) noexcept nogil:
    cdef const Order* o = &m.orders[slot]
    if o.order_type == ORDER_TYPE_PEGGED:
        plant_peg(m, u, slot)
    else:
        plant_sorted(m, &u.hidden[o.side], slot, BY_PLACE, rank_key(o.side, o.price))


cdef void uproot_dark(Market* m, Unseen* u, uint32_t slot) noexcept nogil:
    cdef const Order* o = &m.orders[slot]
    if o.order_type == ORDER_TYPE_PEGGED:
        uproot_peg(m, u, slot)
    else:
        uproot_sorted(m, &u.hidden[o.side], slot, BY_PLACE)


cdef void plant_discretion(Market* m, Unseen* u, uint32_t slot) noexcept nogil:
    cdef uint32_t side = m.orders[slot].side
    plant_sorted(m, &u.discretions[side], slot, BY_PLACE, rank_key(side, generous_price(m, slot)))


cdef void gain_discretion(Market* m, Instrument* i, uint32_t slot) noexcept nogil:
    cdef Order* o = &m.orders[slot]
    m.rank += 1
    m.extras[slot].rank = m.rank
    o.special |= IS_DISCRETIONARY
    plant_discretion(m, &m.unseen[o.instrument], slot)
    m.accounts[o.account].hold += either(o.side, m.extras[slot].discretion * o.leaves * i.multiplier, 0)
    count_dark(m, i, o.instrument, 1)


cdef inline int64_t shown_key(const int64_t* top, uint32_t side) noexcept nogil:
    """Of the best displayed price; LAST_PRICE: there is none."""
    return rank_key(side, top[side]) if top[side] else LAST_PRICE


cdef inline uint32_t first_hidden(
    const Market* m, const Unseen* u, uint32_t side, int64_t limit, uint32_t lots, uint32_t* passed,
) noexcept nogil:
    cdef uint32_t root = u.hidden[side].root
    cdef uint32_t slot = next_in(m, root, passed[0], BY_PLACE) if passed[0] else u.hidden[side].front
    while slot and is_within(side, m.orders[slot].price, limit):
        if need_of(m, slot) <= lots:
            return slot
        passed[0] = slot
        slot = next_in(m, root, slot, BY_PLACE)
    return 0


cdef inline bint is_earlier(
    const Market* m, uint32_t side, uint32_t slot, int64_t price, uint32_t than, int64_t its_price,
) noexcept nogil:
    """Whether a dark order comes before another one, or there is no other."""
    if than == 0 or price != its_price:
        return than == 0 or rank_key(side, price) < rank_key(side, its_price)
    return m.extras[slot].rank < m.extras[than].rank


cdef uint32_t first_dark(
    Market* m, const Instrument* i, Unseen* u, uint32_t side, const int64_t* top, int64_t limit, uint32_t lots,
    uint32_t* passed, int64_t* price,
) noexcept nogil:
    cdef uint32_t found = first_hidden(m, u, side, limit, lots, passed)
    cdef uint32_t tree, slot
    cdef int64_t key = 0
    price[0] = m.orders[found].price
    if u.peg_counts[side]:
        for tree in range(PEG_TREES):
            slot = first_peg(m, i, u, side, tree, top, &key)
            if slot and is_earlier(m, side, slot, price_of(side, key), found, price[0]):
                found = slot
                price[0] = price_of(side, key)
    return found if is_within(side, price[0], limit) else 0


cdef int64_t nearest_dark(
    const Market* m, const Instrument* i, Unseen* u, uint32_t side, const int64_t* top,
) noexcept nogil:
    """The key of the best price of a side's dark orders; LAST_PRICE: there is none."""
    cdef int64_t found = u.hidden[side].key if u.hidden[side].front else LAST_PRICE
    cdef uint32_t tree
    cdef int64_t key = 0
    if u.peg_counts[side]:
        for tree in range(PEG_TREES):
            if first_peg(m, i, u, side, tree, top, &key) and key < found:
                found = key
    return found


cdef uint32_t next_counter(
    Market* m, const Instrument* i, Unseen* u, uint32_t side, const int64_t* top, int64_t limit, uint32_t lots,
    bint meets_discretion, uint32_t* passed, int64_t* price,
) noexcept nogil:
    """The order of a side that one which comes up to a limit meets next, and the price at which they trade; or 0."""
    cdef uint32_t dark = first_dark(m, i, u, side, top, limit, lots, passed, price)
    cdef int64_t displayed = best_index(i, side) * i.tick_size
    cdef uint32_t slot
    if i.best_level[side] and is_within(side, displayed, limit) and (
            dark == 0 or is_within(side, displayed, price[0])):
        price[0] = displayed
        return level_at(m, i.best_level[side]).head
    if dark:
        return dark
    if not meets_discretion:
        return 0
    slot = u.discretions[side].front
    price[0] = limit
    return slot if slot and is_within(side, generous_price(m, slot), limit) else 0


cdef uint8_t match_all(Market* m, Instrument* i, uint32_t slot, int64_t limit) noexcept nogil:
    cdef const Order* taker = &m.orders[slot]
    cdef Unseen* u = &m.unseen[taker.instrument]
    cdef uint32_t passed = 0
    cdef uint32_t maker
    cdef int64_t[2] top  # as the order found them: pegs follow when it is done
    cdef int64_t price = 0
    cdef uint8_t stopped = RAN_OUT
    displayed_tops(i, top)
    while taker.leaves and stopped == RAN_OUT:
        maker = next_counter(m, i, u, taker.side ^ 1, top, limit, lots_of(m, slot),
                             not taker.flags & ORDER_FLAG_POST_ONLY, &passed, &price)
        if maker == 0:
            break
        stopped = meet(m, i, maker, slot, price)
    return stopped


cdef int64_t best_of_all(const Market* m, const Instrument* i, uint32_t instrument, uint32_t side) noexcept nogil:
    cdef int64_t[2] top
    cdef int64_t key
    displayed_tops(i, top)
    key = nearest_dark(m, i, &m.unseen[instrument], side, top)
    return price_of(side, key) if key < shown_key(top, side) else top[side]


cdef bint look_for_nearest(Market* m, const Instrument* i, uint32_t instrument) noexcept nogil:
    cdef Unseen* u = &m.unseen[instrument]
    cdef int64_t[2] top
    cdef int64_t[2] dark
    cdef uint32_t side
    displayed_tops(i, top)
    for side in range(2):
        dark[side] = nearest_dark(m, i, u, side, top)
        u.nearest[side] = dark[side]
        if u.discretions[side].front and u.discretions[side].key < dark[side]:
            u.nearest[side] = u.discretions[side].key
    u.knows_nearest = 1
    # A buy's key is its price below 0: with a sell's it comes to more than 0 where they are apart.
    return (dark[SIDE_BUY] + dark[SIDE_SELL] <= 0 or dark[SIDE_BUY] + shown_key(top, SIDE_SELL) <= 0
            or shown_key(top, SIDE_BUY) + dark[SIDE_SELL] <= 0)
