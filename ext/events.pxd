"""Writing events and market data. Buffers grow at most until the largest command fits; then no more."""

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t
from libc.stdlib cimport abort, realloc

from ext.bits cimport unlikely
from ext.layout cimport Account, FAR_AWAY, Instrument, Level, Market, Order, Page
from ext.wire cimport *


cdef inline Event* next_event(Market* m) noexcept nogil:
    """Room for one more event. Out of memory ends the process: going on would lose an event."""
    if unlikely(m.event_count == m.event_room):
        m.event_room = m.event_room * 2
        m.events = <Event*> realloc(m.events, m.event_room * sizeof(Event))
        if m.events == NULL:
            abort()
    m.event_count += 1
    return &m.events[m.event_count - 1]


cdef inline MarketData* next_data(Market* m) noexcept nogil:
    if unlikely(m.data_count == m.data_room):
        m.data_room = m.data_room * 2
        m.data = <MarketData*> realloc(m.data, m.data_room * sizeof(MarketData))
        if m.data == NULL:
            abort()
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


cdef inline void emit_canceled(Market* m, uint32_t slot, uint8_t reason) noexcept nogil:
    """CANCELED for an order whose leaves are what is being cancelled."""
    cdef Order* o = &m.orders[slot]
    emit(m, EVENT_KIND_CANCELED, o.side, reason, 0, o.account, o.instrument, o.leaves, order_id_of(m, slot),
         o.client_order_id, o.price, 0, o.filled, 0)


cdef inline Level* level_at(const Market* m, uint32_t level) noexcept nogil:
    return &m.pages[level >> 6].levels[level & 63]


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
    cdef Level* level
    if not m.want_data or i.touched:
        return
    i.touched = 1
    m.touched[m.touched_count] = instrument
    m.touched_count += 1
    i.before_bid_price = i.before_ask_price = 0
    i.before_bid_qty = i.before_ask_qty = 0
    i.before_bid_orders = i.before_ask_orders = 0
    if i.bid_level:
        level = level_at(m, i.bid_level)
        i.before_bid_price = i.bid_index * i.tick_size
        i.before_bid_qty = level.qty
        i.before_bid_orders = level.count
    if i.ask_level:
        level = level_at(m, i.ask_level)
        i.before_ask_price = i.ask_index * i.tick_size
        i.before_ask_qty = level.qty
        i.before_ask_orders = level.count


cdef inline void emit_tops(Market* m) noexcept nogil:
    """A Top for each touched instrument whose best bid or offer is not what it was."""
    cdef Instrument* i
    cdef Top* t
    cdef Level* level
    cdef int64_t bid_price, ask_price
    cdef uint64_t bid_qty, ask_qty
    cdef uint32_t bid_orders, ask_orders, k
    for k in range(m.touched_count):
        i = &m.instruments[m.touched[k]]
        i.touched = 0
        bid_price = ask_price = 0
        bid_qty = ask_qty = 0
        bid_orders = ask_orders = 0
        if i.bid_level:
            level = level_at(m, i.bid_level)
            bid_price = i.bid_index * i.tick_size
            bid_qty = level.qty
            bid_orders = level.count
        if i.ask_level:
            level = level_at(m, i.ask_level)
            ask_price = i.ask_index * i.tick_size
            ask_qty = level.qty
            ask_orders = level.count
        if (bid_price == i.before_bid_price and ask_price == i.before_ask_price
                and bid_qty == i.before_bid_qty and ask_qty == i.before_ask_qty
                and bid_orders == i.before_bid_orders and ask_orders == i.before_ask_orders):
            continue
        t = <Top*> next_data(m)
        t.seq = m.seq
        t.ts_ns = m.ts_ns
        t.kind = BOOK_KIND_TOP
        t.side = 0
        t.state = i.state
        t.flags = 0
        t.instrument = m.touched[k]
        t.bid_price = bid_price
        t.ask_price = ask_price
        t.bid_qty = bid_qty
        t.ask_qty = ask_qty
        t.bid_orders = bid_orders
        t.ask_orders = ask_orders
    m.touched_count = 0
