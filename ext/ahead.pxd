"""Looking ahead in a batch: what the coming commands will touch is found, and fetched, while it is not needed yet.

A command goes through steps before it is applied; each asks the cache for what the step before found the address of.
They do the same for every command, without a branch that could be guessed wrong, though not every kind has use for all
of it. Nothing here changes state. What they find is handed on to applying, which checks that it still holds: the
position of a new order, the slot of the order that a CANCEL or REPLACE names.
"""

from libc.stdint cimport int64_t, uint32_t, uint64_t

from ext.bits cimport likely, pick, prefetch, word_at
from ext.events cimport level_at
from ext.ids cimport hash_id, id_place, id_tag
from ext.layout cimport Instrument, Market, Order
from ext.ledger cimport dense_cell, position_at, position_bucket, position_hash, position_tag
from ext.levels cimport index_of
from ext.wire cimport OrderCommand

# An id is looked up only where the window of ids is no shorter than the ring: then one that is known now cannot have
# been dropped by the time its command is applied.
cdef enum:
    CHUNK = 16  # commands that are looked at together
    RING = 64   # commands under way, a power of two: four chunks


cdef struct Found:  # what was found about a command, handed on to applying
    uint32_t place          # of the client order id in an index of ids: id_place
    uint32_t tag            # of it
    uint32_t slot           # of the order that the client order id names; else what the command names, or 0
    uint32_t position       # number, or any other


cdef inline void look_id(const Market* m, const OrderCommand* c, Found* f) noexcept nogil:
    """The place of the client order id, and its tag."""
    cdef uint64_t hash = hash_id(c.account, c.client_order_id)
    f.place = id_place(m, hash, c.client_order_id)
    f.tag = id_tag(m, hash)


cdef inline uint32_t look_number(const Market* m, const Found* f) noexcept nogil:
    """The number of a known id in the log, or 0."""
    cdef uint32_t other = m.id_index[f.place] ^ f.tag  # the number alone where the tags are the same
    return pick((other > m.id_number_mask) | (m.id_window < RING), 0, other)


cdef inline void look_order(const Market* m, const OrderCommand* c, Found* f, uint32_t number) noexcept nogil:
    """The order."""
    f.slot = pick(number, m.id_slot[number], <uint32_t> c.order_id)
    prefetch(&m.orders[f.slot])


cdef inline void look_near_1(const Market* m, const OrderCommand* c, Found* f) noexcept nogil:
    """Where near caches hold the market: the id, the account."""
    look_id(m, c, f)
    prefetch(&m.id_index[f.place])
    prefetch(&m.accounts[c.account])
    prefetch(<const char*> &m.accounts[c.account] + 64)


cdef inline void look_near_2(const Market* m, const OrderCommand* c, Found* f) noexcept nogil:
    """The order."""
    look_order(m, c, f, look_number(m, f))
    f.position = 0
    prefetch(&m.links[f.slot])


# In a wide market, of many instruments or orders, more is far away: where the slot of an id is, an order's neighbours,
# the instrument, the position, and the way to a new order's level.

cdef struct Ahead:  # what a step left for the next ones
    const uint32_t* cells   # of the position in its index
    uint64_t window_cell
    uint32_t position_tag
    uint32_t number         # of the id in the log, or 0
    uint32_t position
    uint32_t level          # where an order of that price would rest: level id, or 0


cdef inline const Instrument* instrument_of(const Market* m, const OrderCommand* c) noexcept nogil:
    return &m.instruments[c.instrument if c.instrument < m.instrument_capacity else 0]


cdef inline void look_wide_1(const Market* m, const OrderCommand* c, Found* f, Ahead* a) noexcept nogil:
    """The account, the instrument, the cells of the id and of the position."""
    cdef uint64_t key = word_at(&c.account)
    cdef uint64_t hash, cell
    if likely(m.position_buckets == 0):
        cell = dense_cell(m, key)
        a.cells = &m.position_index[cell if cell < m.position_cells else 0]
    else:
        hash = position_hash(key)
        a.cells = position_bucket(m, hash)
        a.position_tag = position_tag(m, hash)
    look_id(m, c, f)
    prefetch(&m.id_index[f.place])
    prefetch(&m.accounts[c.account])
    prefetch(<const char*> &m.accounts[c.account] + 64)
    prefetch(a.cells)
    prefetch(instrument_of(m, c))
    prefetch(<const char*> instrument_of(m, c) + 64)


cdef inline void look_wide_2(const Market* m, const OrderCommand* c, const Found* f, Ahead* a) noexcept nogil:
    """Where the slot of a known id is; the position; the cell of the page that the price is in."""
    cdef const Instrument* i = instrument_of(m, c)
    cdef uint64_t place = <uint64_t> ((index_of(i, c.price) >> 6) - i.base)
    a.number = look_number(m, f)
    a.window_cell = (i - m.instruments) * m.window_pages + (place if place < m.window_pages else 0)
    prefetch(&m.windows[a.window_cell])
    prefetch(&m.id_slot[a.number])
    a.position = a.cells[0] if likely(m.position_buckets == 0) else position_at(m, a.cells, a.position_tag)
    prefetch(&m.positions[a.position])


cdef inline void look_wide_3(const Market* m, const OrderCommand* c, Found* f, Ahead* a) noexcept nogil:
    """The order, the level."""
    look_order(m, c, f, a.number)
    f.position = a.position
    a.level = m.windows[a.window_cell] << 6 | <uint32_t> (index_of(instrument_of(m, c), c.price) & 63)
    prefetch(level_at(m, a.level))
    prefetch(&m.pages[a.level >> 6])
    prefetch(&m.links[f.slot])


cdef inline void look_wide_4(const Market* m, const OrderCommand* c, uint32_t slot, const Ahead* a) noexcept nogil:
    """Neighbours: of the order that is named, and those that a new one would get."""
    cdef const Order* o
    slot = slot if slot <= m.order_top else 0
    o = &m.orders[slot]
    prefetch(&m.links[m.links[slot].prev])
    prefetch(&m.links[m.links[slot].next])
    prefetch(level_at(m, o.level))
    prefetch(&m.pages[o.level >> 6])
    prefetch(&m.links[m.links[slot].newer])
    prefetch(&m.links[m.links[slot].older])
    prefetch(&m.links[level_at(m, a.level).tail])
    prefetch(&m.links[m.accounts[c.account if c.account < m.account_capacity else 0].newest])
