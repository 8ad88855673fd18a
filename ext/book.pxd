"""The book: queues at levels, the best prices, the order pool. Nothing here knows of accounts' money."""

from libc.stdint cimport int64_t, uint32_t, uint64_t

from ext.bits cimport likely, pick, put_word, unlikely
from ext.layout cimport Account, FAR_AWAY, Instrument, Level, Market, Order
from ext.levels cimport drop_page, key_of, level_for, level_of_index, next_index


cdef inline uint32_t take_slot(Market* m) noexcept nogil:
    """A slot for an order; the caller has seen that one is free."""
    cdef uint32_t slot = m.order_free
    if likely(slot != 0):
        m.order_free = m.links[slot].next
    else:
        m.order_top += 1
        slot = m.order_top
        m.orders[slot].generation = 1
    m.order_live += 1
    return slot


cdef inline void free_slot(Market* m, uint32_t slot) noexcept nogil:
    """The slot of an order that is in no level (any more)."""
    m.orders[slot].generation += 1
    m.links[slot].next = m.order_free
    m.order_free = slot
    m.order_live -= 1


cdef inline bint has_slot(const Market* m) noexcept nogil:
    return m.order_live < m.order_capacity


cdef inline bint has_page(const Market* m) noexcept nogil:
    return m.page_live < m.page_capacity


# Queues and lists are linked without asking whether there is a neighbour: where there is none, slot 0 is written to,
# which nobody reads.

cdef inline bint enqueue(Market* m, Instrument* i, Order* o, uint32_t slot, int64_t index) noexcept nogil:
    """Put an order at the end of its level. False when no page is free for a new level."""
    cdef uint32_t id = level_for(m, i, o.instrument, index)
    cdef uint32_t side = o.side
    cdef uint32_t tail, count
    cdef Level* level
    if unlikely(id == 0):
        return False
    level = &m.levels[id]
    tail = level.tail
    count = level.count
    o.level = id
    put_word(&m.links[slot].next, <uint64_t> tail << 32)  # next: 0, prev: tail
    m.links[tail].next = slot
    put_word(&level.tail, slot | (<uint64_t> count + 1) << 32)
    level.qty += o.leaves
    if count == 0:
        level.head = slot
        m.pages[id >> 6].bits |= (<uint64_t> 1) << (id & 63)
        if key_of(side, index) < i.best[side]:
            i.best[side] = key_of(side, index)
            i.best_level[side] = id
    i.orders += 1
    return True


cdef inline void close_level(Market* m, Instrument* i, uint32_t instrument, uint32_t side, uint32_t id) noexcept nogil:
    """An emptied level: clear its bit, find the next best where it was the best, give an empty page back."""
    cdef uint32_t page = id >> 6
    cdef int64_t index
    m.pages[page].bits &= ~((<uint64_t> 1) << (id & 63))
    if id == i.best_level[side]:
        index = next_index(m, i, instrument, side, key_of(side, i.best[side]))
        if likely(index >= 0):
            i.best[side] = key_of(side, index)
            i.best_level[side] = level_of_index(m, i, instrument, index)
        else:
            i.best[side] = FAR_AWAY
            i.best_level[side] = 0
    if m.pages[page].bits == 0:
        drop_page(m, i, instrument, page)


cdef inline Level* dequeue(Market* m, Instrument* i, uint32_t slot) noexcept nogil:
    """Take an order out of its level's queue; close the level after its last. Returns the level (closed: all 0)."""
    cdef Order* o = &m.orders[slot]
    cdef uint32_t id = o.level
    cdef uint32_t next = m.links[slot].next
    cdef uint32_t prev = m.links[slot].prev
    cdef Level* level = &m.levels[id]
    cdef uint32_t count = level.count - 1
    level.qty -= o.leaves
    i.orders -= 1
    o.level = 0
    m.links[prev].next = next
    m.links[next].prev = prev
    level.head = pick(prev, level.head, next)
    put_word(&level.tail, pick(next, level.tail, prev) | <uint64_t> count << 32)
    if count == 0:
        close_level(m, i, o.instrument, o.side, id)
    return level


cdef inline void list_order(Market* m, Account* a, uint32_t slot) noexcept nogil:
    """Put an order at the head of its account's list."""
    put_word(&m.links[slot].newer, <uint64_t> a.newest << 32)  # newer: 0, older: newest
    m.links[a.newest].newer = slot
    a.newest = slot


cdef inline void unlist_order(Market* m, Account* a, uint32_t slot) noexcept nogil:
    cdef uint32_t newer = m.links[slot].newer
    cdef uint32_t older = m.links[slot].older
    m.links[newer].older = older
    m.links[older].newer = newer
    a.newest = pick(newer, a.newest, older)
