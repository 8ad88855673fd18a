"""Looking ahead in a batch: what the coming commands will touch is fetched while the present ones run.

A command passes four stages before it is applied, a few commands apart; each asks the cache for what the one before it
found the address of: accounts and index cells, then log entries and windows, then orders and levels, then neighbours.
Nothing here changes state, and nothing that it finds is trusted: applying looks everything up again, in a warm cache.
"""

from libc.stdint cimport int64_t, uint32_t, uint64_t

from ext.bits cimport prefetch
from ext.events cimport level_at
from ext.ids cimport hash_id, id_place, id_tag
from ext.layout cimport IdEntry, Instrument, Market, Order
from ext.ledger cimport position_key
from ext.levels cimport index_of
from ext.wire cimport COMMAND_KIND_CANCEL, COMMAND_KIND_NEW_ORDER, COMMAND_KIND_REPLACE, OrderCommand

cdef enum:
    AHEAD_RING = 32  # commands under way, a power of two above STAGE_1
    STAGE_1 = 24     # commands before the one that is applied
    STAGE_2 = 17
    STAGE_3 = 11
    STAGE_4 = 5


cdef struct Ahead:  # what a stage left for the next one
    uint64_t hash
    uint64_t place


cdef inline void look_1(const Market* m, const OrderCommand* c, Ahead* a) noexcept nogil:
    """Account, index cell, position; the order where the command names its id."""
    a.place = 0
    prefetch(&m.accounts[c.account])
    if c.kind == COMMAND_KIND_NEW_ORDER:
        prefetch(<const char*> &m.accounts[c.account] + 64)
        a.hash = hash_id(c.account, c.client_order_id)
        prefetch(&m.id_index[m.id_epoch % 3][id_place(m, a.hash, c.client_order_id)])
        prefetch(&m.positions[position_key(c.account, c.instrument) & m.position_mask])
    elif c.order_id:
        a.place = <uint32_t> c.order_id
        prefetch(&m.orders[a.place])
    else:
        a.hash = hash_id(c.account, c.client_order_id)
        prefetch(&m.id_index[m.id_epoch % 3][id_place(m, a.hash, c.client_order_id)])


cdef inline void look_2(const Market* m, const OrderCommand* c, Ahead* a) noexcept nogil:
    """CANCEL, REPLACE: the log entry of the id."""
    cdef uint32_t cell
    if c.kind == COMMAND_KIND_NEW_ORDER or c.order_id:
        return
    cell = m.id_index[m.id_epoch % 3][id_place(m, a.hash, c.client_order_id)]
    if cell and cell & ~m.id_number_mask == id_tag(m, a.hash):
        a.place = cell & m.id_number_mask
        prefetch(&m.id_logs[m.id_epoch & 1][a.place - 1])


cdef inline void look_3(const Market* m, const OrderCommand* c, Ahead* a) noexcept nogil:
    """CANCEL, REPLACE: the order."""
    if c.kind == COMMAND_KIND_NEW_ORDER or c.order_id or a.place == 0:
        return
    a.place = <uint32_t> m.id_logs[m.id_epoch & 1][a.place - 1].order_id
    prefetch(&m.orders[a.place])


cdef inline void look_4(const Market* m, const OrderCommand* c, Ahead* a) noexcept nogil:
    """CANCEL, REPLACE: the order's level, position and neighbours."""
    cdef const Order* o
    if c.kind == COMMAND_KIND_NEW_ORDER or a.place == 0 or a.place > m.order_top:
        return
    o = &m.orders[a.place]
    prefetch(&m.orders[o.prev])
    prefetch(&m.orders[o.next])
    prefetch(&m.orders[o.newer])
    prefetch(&m.orders[o.older])
    prefetch(level_at(m, o.level))
    prefetch(&m.positions[o.position])
