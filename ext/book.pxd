"""The book: queues at levels, the best prices, the order pool. Nothing here knows of accounts' money."""

from libc.stdint cimport int64_t, uint32_t, uint64_t

from ext.bits cimport likely, unlikely
from ext.layout cimport FAR_AWAY, Instrument, Level, Market, Order
from ext.levels cimport drop_page, index_above, index_below, level_for, level_of_index
from ext.wire cimport SIDE_BUY


cdef inline uint32_t take_slot(Market* m) noexcept nogil:
    """A slot for an order; the caller has seen that one is free."""
    cdef uint32_t slot = m.order_free
    if slot:
        m.order_free = m.orders[slot].next
    else:
        m.order_top += 1
        slot = m.order_top
        m.orders[slot].generation = 1
    m.order_live += 1
    return slot


cdef inline void free_slot(Market* m, uint32_t slot) noexcept nogil:
    cdef Order* o = &m.orders[slot]
    o.generation += 1
    o.level = 0
    o.leaves = 0
    o.next = m.order_free
    m.order_free = slot
    m.order_live -= 1


cdef inline bint has_slot(const Market* m) noexcept nogil:
    return m.order_free != 0 or m.order_top < m.order_capacity


cdef inline bint has_page(const Market* m) noexcept nogil:
    return m.page_free != 0 or m.page_top < m.page_capacity


cdef inline bint enqueue(Market* m, Instrument* i, uint32_t slot, int64_t index) noexcept nogil:
    """Put an order at the end of its level. False when no page is free for a new level."""
    cdef Order* o = &m.orders[slot]
    cdef uint32_t id = level_for(m, i, o.instrument, index)
    cdef Level* level
    if unlikely(id == 0):
        return False
    level = &m.pages[id >> 6].levels[id & 63]
    o.level = id
    o.next = 0
    o.prev = level.tail
    if level.count:
        m.orders[level.tail].next = slot
    else:
        level.head = slot
        m.pages[id >> 6].bits |= (<uint64_t> 1) << (id & 63)
        if o.side == SIDE_BUY:
            if index > i.bid_index:
                i.bid_index = index
                i.bid_level = id
        elif index < i.ask_index:
            i.ask_index = index
            i.ask_level = id
    level.tail = slot
    level.count += 1
    level.qty += o.leaves
    i.orders += 1
    return True


cdef inline void close_level(Market* m, Instrument* i, uint32_t instrument, uint32_t id) noexcept nogil:
    """An emptied level: clear its bit, find the next best where it was the best, give an empty page back."""
    cdef uint32_t page = id >> 6
    cdef int64_t index
    m.pages[page].bits &= ~((<uint64_t> 1) << (id & 63))
    if id == i.bid_level:
        index = index_below(m, i, instrument, i.bid_index)
        i.bid_index = index
        i.bid_level = level_of_index(m, i, instrument, index) if index >= 0 else 0
    elif id == i.ask_level:
        index = index_above(m, i, instrument, i.ask_index)
        i.ask_index = index if index >= 0 else FAR_AWAY
        i.ask_level = level_of_index(m, i, instrument, index) if index >= 0 else 0
    if m.pages[page].bits == 0:
        drop_page(m, i, instrument, page)


cdef inline Level* dequeue(Market* m, Instrument* i, uint32_t slot) noexcept nogil:
    """Take an order out of its level's queue; close the level after its last. Returns the level (closed: all 0)."""
    cdef Order* o = &m.orders[slot]
    cdef uint32_t id = o.level
    cdef Level* level = &m.pages[id >> 6].levels[id & 63]
    level.qty -= o.leaves
    level.count -= 1
    i.orders -= 1
    o.level = 0
    if o.prev:
        m.orders[o.prev].next = o.next
    else:
        level.head = o.next
    if o.next:
        m.orders[o.next].prev = o.prev
    else:
        level.tail = o.prev
    if level.count == 0:
        close_level(m, i, o.instrument, id)
    return level


cdef inline void list_order(Market* m, uint32_t slot) noexcept nogil:
    """Put an order at the head of its account's list."""
    cdef Order* o = &m.orders[slot]
    cdef uint32_t head = m.accounts[o.account].newest
    o.newer = 0
    o.older = head
    if head:
        m.orders[head].newer = slot
    m.accounts[o.account].newest = slot


cdef inline void unlist_order(Market* m, uint32_t slot) noexcept nogil:
    cdef Order* o = &m.orders[slot]
    if o.newer:
        m.orders[o.newer].older = o.older
    else:
        m.accounts[o.account].newest = o.older
    if o.older:
        m.orders[o.older].newer = o.newer
