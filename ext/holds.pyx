"""Whether books, unseen orders and lists of a state that was read hold together: else its bytes are damaged."""

from libc.stdint cimport int64_t, uint32_t, uint64_t

from ext.bits cimport lowest
from ext.dark cimport plant_dark, plant_discretion
from ext.layout cimport BY_EXPIRY, Extra, FAR_AWAY, IS_DISCRETIONARY, Instrument, Level, Market, Order, Page, Unseen
from ext.levels cimport best_index, key_of
from ext.pending cimport count_dark
from ext.places cimport place_of, plant_call, plant_stop, set_calm
from ext.sound cimport is_sound, is_sound_in_book
from ext.ties cimport ties_hold
from ext.tree cimport plant
from ext.wire cimport PLACE_CALL, PLACE_DARK, PLACE_STOP, SIDE_BUY, SIDE_SELL


cdef bint queue_holds(const Market* m, const Page* p, uint32_t id) noexcept nogil:
    """Whether a level's queue is what the level says, of orders of its price and of one side."""
    cdef const Level* level = &m.levels[id]
    cdef const Order* o
    cdef uint32_t slot = level.head
    cdef uint32_t before = 0
    cdef uint64_t qty = 0
    cdef uint64_t hidden = 0
    cdef int64_t price = ((p.number << 6) + (id & 63)) * m.instruments[p.instrument].tick_size
    for _count in range(level.count):
        o = &m.orders[slot]
        if slot == 0 or o.level != id or m.links[slot].prev != before:
            return False
        if o.instrument != p.instrument or o.price != price:
            return False
        if o.side != m.orders[level.head].side or o.leaves == 0:
            return False
        if o.special:
            if not is_sound_in_book(o, &m.extras[slot]):
                return False
            hidden += m.extras[slot].reserve
        qty += o.leaves
        before = slot
        slot = m.links[slot].next
    return (level.count != 0 and slot == 0 and before == level.tail and qty == level.qty
            and hidden == level.reserve)


cdef bint unseen_hold(Market* m, uint64_t* seen) noexcept nogil:
    """Whether the lists of unseen orders are what they say. Makes their trees, and what follows from these."""
    cdef Unseen* u
    cdef const Order* o
    cdef const Extra* e
    cdef uint32_t k, slot, before, _count
    for k in range(m.instrument_top):
        u = &m.unseen[k]
        slot = u.first
        before = 0
        for _count in range(u.count):
            o = &m.orders[slot]
            e = &m.extras[slot]
            if slot == 0 or slot > m.order_top or o.instrument != k or m.links[slot].prev != before:
                return False
            if not is_sound(o, e) or e.rank > m.rank:
                return False
            if place_of(o) == PLACE_STOP:
                plant_stop(m, u, slot)
            elif place_of(o) == PLACE_CALL:
                plant_call(m, u, slot)
            elif place_of(o) == PLACE_DARK:
                plant_dark(m, u, slot)
                count_dark(m, &m.instruments[k], k, 1)
            before = slot
            slot = m.links[slot].next
        if slot or before != u.last:
            return False
        seen[0] += u.count
        m.unseen_live += u.count
        if m.instruments[k].is_set:
            set_calm(m, &m.instruments[k], u)
    return True


cdef bint extras_hold(Market* m) noexcept nogil:
    """Make the trees of what expires, and of discretion in books."""
    cdef const Extra* e
    cdef uint32_t instrument
    cdef uint32_t k
    for k in range(1, m.order_top + 1):
        if not m.orders[k].special:
            continue
        e = &m.extras[k]
        if e.accepted > m.accepted or (e.reserve and m.orders[k].level == 0):
            return False
        if m.orders[k].special & IS_DISCRETIONARY:
            instrument = m.orders[k].instrument
            plant_discretion(m, &m.unseen[instrument], k)
            count_dark(m, &m.instruments[instrument], instrument, 1)
        if e.nodes[<int> BY_EXPIRY].key:
            plant(m, &m.expiries, k, BY_EXPIRY, e.nodes[<int> BY_EXPIRY].key)
    return True


cdef bint books_hold(Market* m) noexcept nogil:
    """Whether all live orders are in queues that hold, or unseen, and no book is crossed. Finds the best prices on the
    way."""
    cdef const Page* p
    cdef const Level* level
    cdef Instrument* i
    cdef uint64_t bits
    cdef uint64_t seen = 0
    cdef int64_t key
    cdef uint32_t k, id, side
    for k in range(m.instrument_top):
        i = &m.instruments[k]
        i.orders = 0
        for side in range(2):
            i.best[side] = FAR_AWAY
            i.best_level[side] = 0
    for k in range(1, m.page_top + 1):
        p = &m.pages[k]
        i = &m.instruments[p.instrument]
        bits = p.bits
        while bits:
            id = k << 6 | <uint32_t> lowest(bits)
            level = &m.levels[id]
            if not queue_holds(m, p, id):
                return False
            side = m.orders[level.head].side
            key = key_of(side, (p.number << 6) + (id & 63))
            if key < i.best[side]:
                i.best[side] = key
                i.best_level[side] = id
            i.orders += level.count
            seen += level.count
            bits &= bits - 1
    for k in range(m.instrument_top):
        i = &m.instruments[k]
        if i.best_level[SIDE_SELL] and best_index(i, SIDE_BUY) >= best_index(i, SIDE_SELL):
            return False
    return unseen_hold(m, &seen) and extras_hold(m) and ties_hold(m) and seen == m.order_live


cdef bint lists_hold(const Market* m) noexcept nogil:
    """Whether the accounts' lists have all live orders once, and the free list all other slots."""
    cdef uint64_t seen = 0
    cdef uint32_t k, slot, before
    for k in range(m.account_top):
        slot = m.accounts[k].newest
        before = 0
        while slot:
            if not is_live(m, slot) or m.links[slot].newer != before or m.orders[slot].account != k:
                return False
            seen += 1
            if seen > m.order_live:
                return False
            before = slot
            slot = m.links[slot].older
    if seen != m.order_live:
        return False
    slot = m.order_free
    while slot:
        if is_live(m, slot):
            return False
        seen += 1
        if seen > m.order_top:
            return False
        slot = m.links[slot].next
    return seen == m.order_top
