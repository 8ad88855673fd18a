"""Looking ahead in a batch: what the coming commands will touch is fetched while it is not needed yet.

Where near caches hold the market one look is enough, some commands before its own. In a wide market, of many
instruments or orders, much is far from the processor: a command goes through four steps before it is applied, and each
asks the cache for what the step before found the address of. Looks are the same for every command, without a branch
that could be guessed wrong, though not every kind has use for all of it. Nothing here changes state, and applying does
not rely on what was found.
"""

from libc.stdint cimport uint32_t, uint64_t

from ext.bits cimport likely, pick, prefetch, word_at
from ext.events cimport level_at
from ext.ids cimport hash_id, id_place, id_tag, number_at
from ext.layout cimport Instrument, Market, Order
from ext.ledger cimport dense_cell, position_at, position_bucket, position_hash, position_tag
from ext.levels cimport index_of
from ext.wire cimport OrderCommand

cdef enum:
    CHUNK = 16  # commands that are looked at together
    RING = 64   # commands under way, a power of two: four chunks
    NEAR = 4    # commands between looking and applying, where near caches hold the market


cdef struct Ahead:  # what a step left for the next ones
    const uint32_t* cells   # of the position in its index
    uint64_t window_cell
    uint32_t place          # of the client order id in the index of ids
    uint32_t tag            # of it
    uint32_t position_tag
    uint32_t number         # of a known id in the log, or 0
    uint32_t position
    uint32_t slot           # of the order that the command names, or any other
    uint32_t level          # where an order of that price would rest: level id, or 0


cdef inline const Instrument* instrument_of(const Market* m, const OrderCommand* c) noexcept nogil:
    return &m.instruments[c.instrument if c.instrument < m.instrument_capacity else 0]


cdef inline void look_near(const Market* m, const OrderCommand* c) noexcept nogil:
    """The order that a client order id names, and the position."""
    cdef uint64_t hash = hash_id(m, c.account, c.client_order_id)
    cdef uint32_t slot = m.id_slot[number_at(m, id_place(m, hash, c.client_order_id), id_tag(m, hash))]
    cdef uint64_t cell = dense_cell(m, word_at(&c.account))
    prefetch(&m.orders[slot])
    prefetch(&m.links[slot])
    prefetch(&m.positions[m.position_index[cell if cell < m.position_cells else 0]])  # any, where the index has buckets


cdef inline void look_1(const Market* m, const OrderCommand* c, Ahead* a) noexcept nogil:
    """The account, the instrument, the cells of the id and of the position."""
    cdef uint64_t key = word_at(&c.account)
    cdef uint64_t hash = hash_id(m, c.account, c.client_order_id)
    cdef uint64_t cell
    a.place = id_place(m, hash, c.client_order_id)
    a.tag = id_tag(m, hash)
    prefetch(&m.id_index[a.place])
    prefetch(&m.accounts[c.account])
    prefetch(<const char*> &m.accounts[c.account] + 64)
    if likely(m.position_buckets == 0):
        cell = dense_cell(m, key)
        a.cells = &m.position_index[cell if cell < m.position_cells else 0]
    else:
        hash = position_hash(key)
        a.cells = position_bucket(m, hash)
        a.position_tag = position_tag(m, hash)
    prefetch(a.cells)
    prefetch(instrument_of(m, c))
    prefetch(<const char*> instrument_of(m, c) + 64)


cdef inline void look_2(const Market* m, const OrderCommand* c, Ahead* a) noexcept nogil:
    """Where the slot of a known id is; the position; the cell of the page that the price is in."""
    cdef const Instrument* i = instrument_of(m, c)
    cdef uint64_t place = <uint64_t> ((index_of(i, c.price) >> 6) - i.base)
    a.number = number_at(m, a.place, a.tag)
    a.window_cell = (i - m.instruments) * m.window_pages + (place if place < m.window_pages else 0)
    prefetch(&m.windows[a.window_cell])
    prefetch(&m.id_slot[a.number])
    a.position = a.cells[0] if likely(m.position_buckets == 0) else position_at(m, a.cells, a.position_tag)
    prefetch(&m.positions[a.position])


cdef inline void look_3(const Market* m, const OrderCommand* c, Ahead* a) noexcept nogil:
    """The order, the level."""
    cdef uint32_t slot = pick(a.number, m.id_slot[a.number], <uint32_t> c.order_id)
    a.slot = slot if slot <= m.order_top else 0
    prefetch(&m.orders[a.slot])
    prefetch(&m.links[a.slot])
    a.level = m.windows[a.window_cell] << 6 | <uint32_t> (index_of(instrument_of(m, c), c.price) & 63)
    prefetch(level_at(m, a.level))
    prefetch(&m.pages[a.level >> 6])


cdef inline void look_at_worth(const Market* m, const OrderCommand* c, const Ahead* a) noexcept nogil:
    """Beside look_3, where accounts are watched: what the position and the account are worth."""
    prefetch(&m.exposures[a.position])
    prefetch(&m.worths[c.account if c.account < m.account_capacity else 0])
    prefetch(&m.margins[instrument_of(m, c) - m.instruments])


cdef inline void look_4(const Market* m, const OrderCommand* c, const Ahead* a) noexcept nogil:
    """Neighbours: of the order that is named, and those that a new one would get."""
    cdef const Order* o = &m.orders[a.slot]
    prefetch(&m.links[m.links[a.slot].prev])
    prefetch(&m.links[m.links[a.slot].next])
    prefetch(level_at(m, o.level))
    prefetch(&m.pages[o.level >> 6])
    prefetch(&m.links[m.links[a.slot].newer])
    prefetch(&m.links[m.links[a.slot].older])
    prefetch(&m.links[level_at(m, a.level).tail])
    prefetch(&m.links[m.accounts[c.account if c.account < m.account_capacity else 0].newest])
