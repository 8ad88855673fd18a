"""Writing events and market data. Buffers grow at most until the largest batch fits; then no more."""

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t
from libc.stdlib cimport abort, free, malloc
from libc.string cimport memcpy

from ext.bits cimport copy_pair, likely, put_pair, unlikely
from ext.layout cimport Account, Instrument, Level, Market, Order, Page
from ext.levels cimport best_index
from ext.wire cimport *


cdef inline void* spill(void** memory, const void* records, size_t* room, size_t size) noexcept nogil:
    """Twice the room for records. Out of memory ends the process: going on would lose an event."""
    cdef void* larger = malloc(2 * room[0] * size)
    if larger == NULL:
        abort()
    memcpy(larger, records, room[0] * size)
    free(memory[0])
    memory[0] = larger
    room[0] *= 2
    return larger


cdef inline Event* next_event(Market* m) noexcept nogil:
    """Room for one more event."""
    if unlikely(m.event_count == m.event_room):
        m.events = <Event*> spill(&m.event_spill, m.events, &m.event_room, sizeof(Event))
    m.event_count += 1
    return &m.events[m.event_count - 1]


cdef inline MarketData* next_data(Market* m) noexcept nogil:
    if unlikely(m.data_count == m.data_room):
        m.data = <MarketData*> spill(&m.data_spill, m.data, &m.data_room, sizeof(MarketData))
    m.data_count += 1
    return &m.data[m.data_count - 1]


cdef inline uint64_t order_id_of(const Market* m, uint32_t slot) noexcept nogil:
    return (<uint64_t> m.orders[slot].generation) << 32 | slot


cdef inline void emit(
    Market* m, uint8_t kind, uint8_t side, uint8_t reason, uint8_t flags, uint32_t account, uint32_t instrument,
    uint32_t qty, uint64_t order_id, uint64_t client_order_id, int64_t price, uint32_t leaves, uint32_t filled,
    uint64_t trade_id,
) noexcept nogil:
    """An event of an account that is set up."""
    cdef Event* e = next_event(m)
    cdef Account* a = &m.accounts[account]
    a.seq += 1
    e.seq = m.seq
    e.ts_ns = m.ts_ns
    e.account_seq = a.seq
    e.kind = kind
    e.side = side
    e.reason = reason
    e.flags = flags
    e.account = account
    e.instrument = instrument
    e.qty = qty
    e.order_id = order_id
    e.client_order_id = client_order_id
    e.price = price
    e.leaves = leaves
    e.filled = filled
    e.trade_id = trade_id


cdef inline void emit_order(
    Market* m, Account* a, const Order* o, uint64_t order_id, uint32_t kind, uint32_t reason, uint32_t flags,
    uint32_t qty, int64_t price, uint32_t leaves, uint64_t trade_id,
) noexcept nogil:
    """An event of an order and its account, written in as large pieces as it has."""
    cdef char* e = <char*> next_event(m)
    a.seq += 1
    copy_pair(e, &m.seq)  # and ts_ns
    put_pair(e + 16, a.seq, kind | reason << 16 | flags << 24 | <uint32_t> o.side << 8 | <uint64_t> o.account << 32)
    put_pair(e + 32, o.instrument | <uint64_t> qty << 32, order_id)
    put_pair(e + 48, o.client_order_id, <uint64_t> price)
    put_pair(e + 64, leaves | <uint64_t> o.filled << 32, trade_id)


cdef inline void emit_market(
    Market* m, uint8_t kind, uint8_t side, uint8_t reason, uint32_t account, uint32_t instrument, uint32_t qty,
    int64_t price, uint32_t leaves, uint64_t client_order_id,
) noexcept nogil:
    """An event of the market (account_seq 0)."""
    cdef Event* e = next_event(m)
    e.seq = m.seq
    e.ts_ns = m.ts_ns
    e.account_seq = 0
    e.kind = kind
    e.side = side
    e.reason = reason
    e.flags = 0
    e.account = account
    e.instrument = instrument
    e.qty = qty
    e.order_id = 0
    e.client_order_id = client_order_id
    e.price = price
    e.leaves = leaves
    e.filled = 0
    e.trade_id = 0


cdef inline void emit_reject(
    Market* m, uint8_t kind, uint8_t check, uint8_t side, uint32_t account, uint32_t instrument, uint32_t qty,
    uint64_t order_id, uint64_t client_order_id, int64_t limit, int64_t value, int64_t headroom, bint private,
) noexcept nogil:
    """A reject; private: of an account that is set up."""
    cdef Reject* e = <Reject*> next_event(m)
    e.seq = m.seq
    e.ts_ns = m.ts_ns
    e.account_seq = 0
    if private:
        m.accounts[account].seq += 1
        e.account_seq = m.accounts[account].seq
    e.kind = kind
    e.side = side
    e.check = check
    e.flags = 0
    e.account = account
    e.instrument = instrument
    e.qty = qty
    e.order_id = order_id
    e.client_order_id = client_order_id
    e.limit = limit
    e.value = value
    e.headroom = headroom


cdef inline void emit_canceled(Market* m, Account* a, const Order* o, uint64_t order_id, uint8_t reason) noexcept nogil:
    """CANCELED for an order whose leaves are what is being cancelled."""
    emit_order(m, a, o, order_id, EVENT_KIND_CANCELED, reason, 0, o.leaves, o.price, 0, 0)


cdef inline Level* level_at(const Market* m, uint32_t level) noexcept nogil:
    return &m.levels[level]


cdef inline void emit_data(
    Market* m, uint8_t kind, Order* o, uint64_t order_id, uint32_t qty, uint32_t leaves, const Level* level,
    uint32_t trade_no,
) noexcept nogil:
    """A change of a resting order; level: its level after the change."""
    cdef MarketData* d = next_data(m)
    d.seq = m.seq
    d.ts_ns = m.ts_ns
    d.kind = kind
    d.side = o.side
    d.state = 0
    d.flags = 0
    d.instrument = o.instrument
    d.order_id = order_id
    d.price = o.price
    d.qty = qty
    d.leaves = leaves
    d.level_qty = level.qty
    d.level_orders = level.count
    d.trade_no = trade_no


cdef inline void emit_status(Market* m, uint32_t instrument) noexcept nogil:
    cdef MarketData* d = next_data(m)
    cdef Instrument* i = &m.instruments[instrument]
    d.seq = m.seq
    d.ts_ns = m.ts_ns
    d.kind = BOOK_KIND_STATUS
    d.side = 0
    d.state = i.state
    d.flags = 0
    d.instrument = instrument
    d.order_id = 0
    d.price = i.reference_price
    d.qty = 0
    d.leaves = 0
    d.level_qty = 0
    d.level_orders = 0
    d.trade_no = 0


cdef inline void touch(Market* m, Instrument* i, uint32_t instrument) noexcept nogil:
    """Note an instrument's top down before its book changes, once a command."""
    cdef const Level* level
    cdef uint32_t side
    if likely(not m.want_data) or i.touched:
        return
    i.touched = 1
    m.touched[m.touched_count] = instrument
    m.touched_count += 1
    for side in range(2):
        level = level_at(m, i.best_level[side])  # of level 0, which is none's, all is 0
        i.before_price[side] = best_index(i, side) * i.tick_size if i.best_level[side] else 0
        i.before_qty[side] = level.qty
        i.before_orders[side] = level.count


cdef inline void emit_tops(Market* m) noexcept nogil:
    """A Top for each touched instrument whose best bid or offer is not what it was."""
    cdef Instrument* i
    cdef Top* t
    cdef const Level* level
    cdef int64_t[2] price
    cdef uint64_t[2] qty
    cdef uint32_t[2] orders
    cdef uint32_t k, side
    cdef bint same
    for k in range(m.touched_count):
        i = &m.instruments[m.touched[k]]
        i.touched = 0
        same = True
        for side in range(2):
            level = level_at(m, i.best_level[side])
            price[side] = best_index(i, side) * i.tick_size if i.best_level[side] else 0
            qty[side] = level.qty
            orders[side] = level.count
            same = (same and price[side] == i.before_price[side] and qty[side] == i.before_qty[side]
                    and orders[side] == i.before_orders[side])
        if same:
            continue
        t = <Top*> next_data(m)
        t.seq = m.seq
        t.ts_ns = m.ts_ns
        t.kind = BOOK_KIND_TOP
        t.side = 0
        t.state = i.state
        t.flags = 0
        t.instrument = m.touched[k]
        t.bid_price = price[SIDE_BUY]
        t.ask_price = price[SIDE_SELL]
        t.bid_qty = qty[SIDE_BUY]
        t.ask_qty = qty[SIDE_SELL]
        t.bid_orders = orders[SIDE_BUY]
        t.ask_orders = orders[SIDE_SELL]
    m.touched_count = 0
