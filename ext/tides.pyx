"""Trailing stops that move together. See tides.pxd."""

from libc.stdint cimport int64_t, uint32_t

from ext.layout cimport BY_PLACE, BY_TURN, Extra, Market, Tide, Unseen
from ext.places cimport stop_key, water_key
from ext.stops cimport trail_price
from ext.tree cimport comes_before, first_from, first_of, next_in, plant, uproot
from ext.wire cimport MODE_FLAG_TRAIL_PERCENT


cdef inline uint32_t* waters_of(const Market* m, Unseen* u, uint32_t slot) noexcept nogil:
    """The tree of marks that an order's tide belongs to."""
    return &u.waters[m.orders[slot].side][1 if m.extras[slot].modes & MODE_FLAG_TRAIL_PERCENT else 0]


cdef uint32_t take_tide(Market* m) noexcept nogil:
    """There is one for each order."""
    cdef uint32_t t = m.tide_free
    if t:
        m.tide_free = m.tides[t].rest
    else:
        m.tide_top += 1
        t = m.tide_top
    m.tides[t].front = m.tides[t].rest = m.tides[t].count = 0
    return t


cdef void free_tide(Market* m, uint32_t t) noexcept nogil:
    m.tides[t].rest = m.tide_free
    m.tide_free = t


cdef void show_front(Market* m, Unseen* u, uint32_t t, int64_t water) noexcept nogil:
    """Have a tide's front be found, by its stop price and by the mark."""
    cdef uint32_t slot = m.tides[t].front
    cdef uint32_t side = m.orders[slot].side
    cdef const Extra* e = &m.extras[slot]
    plant(m, &u.stops[side], slot, BY_PLACE, stop_key(side, trail_price(side, water, e.offset, e.modes)))
    plant(m, waters_of(m, u, slot), slot, BY_TURN, water_key(side, water))


cdef void hide_front(Market* m, Unseen* u, uint32_t t) noexcept nogil:
    cdef uint32_t slot = m.tides[t].front
    uproot(m, &u.stops[m.orders[slot].side], slot, BY_PLACE)
    uproot(m, waters_of(m, u, slot), slot, BY_TURN)


cdef void wait_behind(Market* m, uint32_t t, uint32_t slot) noexcept nogil:
    plant(m, &m.tides[t].rest, slot, BY_PLACE, m.extras[slot].offset)


cdef uint32_t next_front(Market* m, uint32_t t) noexcept nogil:
    """Take the first of those behind the front; 0: there is none."""
    cdef uint32_t slot = first_of(m, m.tides[t].rest, BY_PLACE)
    if slot:
        uproot(m, &m.tides[t].rest, slot, BY_PLACE)
    return slot


cdef void add(Market* m, uint32_t t, uint32_t slot) noexcept nogil:
    """Have an order be one of a tide whose front is hidden: its front, or behind it. Those met first have the smaller
    distance; of equal ones, the lower rank."""
    cdef Tide* tide = &m.tides[t]
    cdef const Extra* e = &m.extras[slot]
    cdef const Extra* f = &m.extras[tide.front]
    m.extras[slot].queue_next = t
    tide.count += 1
    if tide.front == 0:
        tide.front = slot
    elif e.offset < f.offset or (e.offset == f.offset and e.rank < f.rank):
        wait_behind(m, t, tide.front)
        tide.front = slot
    else:
        wait_behind(m, t, slot)


cdef uint32_t pour(Market* m, uint32_t into, uint32_t t) noexcept nogil:
    """Make one tide of two whose fronts are hidden; which one it is."""
    cdef uint32_t slot
    if m.tides[into].count < m.tides[t].count:
        into, t = t, into
    slot = m.tides[t].front
    while slot:
        add(m, into, slot)
        slot = next_front(m, t)
    free_tide(m, t)
    return into


cdef void join_tide(Market* m, Unseen* u, uint32_t slot) noexcept nogil:
    cdef int64_t water = m.extras[slot].water
    cdef int64_t key = water_key(m.orders[slot].side, water)
    cdef uint32_t other = first_from(m, waters_of(m, u, slot)[0], BY_TURN, key)
    cdef uint32_t t
    if other and m.extras[other].nodes[<int> BY_TURN].key == key:
        t = m.extras[other].queue_next
        hide_front(m, u, t)
    else:
        t = take_tide(m)
    add(m, t, slot)
    show_front(m, u, t, water)


cdef void leave_tide(Market* m, Unseen* u, uint32_t slot) noexcept nogil:
    cdef Extra* e = &m.extras[slot]
    cdef uint32_t t = e.queue_next
    cdef Tide* tide = &m.tides[t]
    e.stop_price = stop_price_of(m, slot)
    e.water = water_of(m, slot)
    e.queue_next = 0
    tide.count -= 1
    if slot != tide.front:
        uproot(m, &tide.rest, slot, BY_PLACE)
        return
    hide_front(m, u, t)
    tide.front = next_front(m, t)
    if tide.front:
        show_front(m, u, t, e.water)
    else:
        free_tide(m, t)


cdef void move_tides(Market* m, Unseen* u, uint32_t side, int64_t price) noexcept nogil:
    cdef int64_t key = water_key(side, price)
    cdef uint32_t kind, slot, t, whole
    for kind in range(2):
        whole = 0
        slot = first_of(m, u.waters[side][kind], BY_TURN)
        # Those at the price itself stay where they are, but for others that come there.
        while slot and m.extras[slot].nodes[<int> BY_TURN].key < key + (whole != 0):
            t = m.extras[slot].queue_next
            hide_front(m, u, t)
            whole = pour(m, whole, t) if whole else t
            slot = first_of(m, u.waters[side][kind], BY_TURN)
        if whole:
            show_front(m, u, whole, price)


cdef void single_out(Market* m, Unseen* u, uint32_t side, int64_t last_key) noexcept nogil:
    cdef uint32_t slot = first_of(m, u.stops[side], BY_PLACE)
    cdef uint32_t t, front
    while slot and m.extras[slot].nodes[<int> BY_PLACE].key <= last_key:
        t = tide_of(m, slot)
        if t:
            leave_tide(m, u, slot)
            plant(m, &u.stops[side], slot, BY_PLACE, stop_key(side, m.extras[slot].stop_price))
            front = m.tides[t].front
            # Percents that are rounded to one price are met by rank, whatever the distance.
            if front and comes_before(m, front, slot, BY_PLACE):
                slot = front
                continue
        slot = next_in(m, u.stops[side], slot, BY_PLACE)
