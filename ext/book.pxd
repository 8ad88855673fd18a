"""The book: queues at levels, the best prices, the order pool. Nothing here knows of accounts' money."""

from libc.stdint cimport int64_t, uint32_t, uint64_t

from ext.bits cimport highest, likely, lowest, pick, put_word, unlikely
from ext.layout cimport Account, FAR_AWAY, Instrument, Level, Market, Order, Page
from ext.levels cimport drop_page, key_of, level_of_index, next_index
from ext.pending cimport note_moved
from ext.wire cimport SIDE_BUY

cdef enum:
    FRESH = 63  # slots that join the free list where it has run out, beside the one that is taken


cdef inline uint32_t take_slot(Market* m) noexcept nogil:
    """A slot for an order; the caller has seen that one is free."""
    cdef uint32_t slot = m.order_free
    if likely(slot != 0):
        m.order_free = m.links[slot].next
    else:
        slot = fresh_slots(m)
    m.order_live += 1
    return slot


cdef inline uint32_t fresh_slots(Market* m) noexcept nogil:
    """A slot that was never used; some more become the free list, which is empty: they will be taken in their order."""
    cdef uint32_t slot = m.order_top + 1
    cdef uint32_t last = slot + FRESH if m.order_capacity - slot > FRESH else m.order_capacity
    cdef uint32_t k
    for k in range(slot, last + 1):
        m.orders[k].order_id = <uint64_t> 1 << 32 | k
        m.links[k].next = k + 1
    m.links[last].next = 0
    m.order_free = m.links[slot].next
    m.order_top = last
    return slot


cdef inline void free_slot(Market* m, uint32_t slot) noexcept nogil:
    """The slot of an order that is in no level (any more)."""
    m.orders[slot].order_id += <uint64_t> 1 << 32
    m.links[slot].next = m.order_free
    m.order_free = slot
    m.order_live -= 1


cdef inline bint has_slot(const Market* m) noexcept nogil:
    return m.order_live < m.order_capacity


cdef inline bint has_page(const Market* m) noexcept nogil:
    return m.page_live < m.page_capacity


# Queues and lists are linked without asking whether there is a neighbour: where there is none, slot 0 is written to,
# which nobody reads.

cdef inline void enqueue(
    Market* m, Instrument* i, Order* o, uint32_t side, uint32_t slot, int64_t index, uint32_t id,
) noexcept nogil:
    """Put an order at the end of its level: that of a price index, and of this id."""
    cdef Level* level = &m.levels[id]
    cdef uint32_t tail = level.tail
    cdef uint32_t count = level.count
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
            if unlikely(i.way):
                note_moved(m, o.instrument)
    i.orders += 1


cdef inline void find_next_best(Market* m, Instrument* i, uint32_t instrument, uint32_t side) noexcept nogil:
    """The next best level, when the best one has emptied."""
    cdef int64_t index = next_index(m, i, instrument, side, key_of(side, i.best[side]))
    if likely(index >= 0):
        i.best[side] = key_of(side, index)
        i.best_level[side] = level_of_index(m, i, instrument, index)
    else:
        i.best[side] = FAR_AWAY
        i.best_level[side] = 0


cdef inline void close_level(Market* m, Instrument* i, uint32_t instrument, uint32_t side, uint32_t id) noexcept nogil:
    """An emptied level: clear its bit, find the next best where it was the best, give an empty page back."""
    cdef Page* page = &m.pages[id >> 6]
    cdef uint32_t place = id & 63
    cdef uint64_t bits = page.bits & ~(<uint64_t> 1 << place)
    cdef uint64_t worse
    cdef uint32_t steps
    page.bits = bits
    if id == i.best_level[side]:
        worse = bits & ((<uint64_t> 1 << place) - 1) if side == SIDE_BUY else bits >> place
        if likely(worse != 0):  # mostly it is in the same page
            steps = place - highest(worse) if side == SIDE_BUY else lowest(worse)
            i.best[side] += steps
            i.best_level[side] = id - steps if side == SIDE_BUY else id + steps
        else:
            find_next_best(m, i, instrument, side)
        if unlikely(i.way):
            note_moved(m, instrument)
    if unlikely(bits == 0):
        drop_page(m, i, instrument, id >> 6)


cdef inline void dequeue_first(
    Market* m, Instrument* i, Order* o, uint32_t side, uint32_t slot, Level* level,
) noexcept nogil:
    """Take the first order of a level, nothing of which is left, out of the queue; close the level after its last."""
    cdef uint32_t next = m.links[slot].next
    cdef uint32_t id = o.level
    i.orders -= 1
    o.level = 0
    level.count -= 1
    level.head = next
    m.links[next].prev = 0
    if next == 0:
        level.tail = 0
        close_level(m, i, o.instrument, side, id)


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
