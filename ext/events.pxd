"""Writing events and market data. Buffers grow at most until the largest batch fits; then no more."""

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t
from libc.stdlib cimport abort, free, malloc
from libc.string cimport memcpy

from ext.bits cimport copy_four, copy_pair, likely, put_half, put_word, unlikely, word_at
from ext.layout cimport Account, Instrument, Level, Market, Order, Records, SHORT_RESTRICTED, Unseen
from ext.levels cimport best_index
from ext.wire cimport *


cdef inline char* grown(Records* r) noexcept nogil:
    """Twice the room for records; returns where the next one goes. Out of memory ends the process: going on would lose
    an event."""
    cdef size_t size = r.end - r.begin
    cdef char* larger = <char*> malloc(2 * size)
    if larger == NULL:
        abort()
    memcpy(larger, r.begin, size)
    free(r.spill)
    r.spill = r.begin = larger
    r.at = larger + size
    r.end = larger + 2 * size
    return r.at


cdef inline Event* next_event(Market* m) noexcept nogil:
    """Room for one more event."""
    cdef char* e = m.events.at
    if unlikely(e == m.events.end):
        e = grown(&m.events)
    m.events.at = e + sizeof(Event)
    return <Event*> e


cdef inline MarketData* next_data(Market* m) noexcept nogil:
    cdef char* d = m.data.at
    if unlikely(d == m.data.end):
        d = grown(&m.data)
    m.data.at = d + sizeof(MarketData)
    return <MarketData*> d


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


cdef inline char* emit_order(Market* m, Account* a, const Order* o, uint64_t what, uint32_t qty) noexcept nogil:
    """An event of an order and its account, most of it copied from the order, and what it needs for the rest: `what` is
    kind | reason << 16 | flags << 24. The caller writes price and leaves where they are not the order's, and trade_id.
    """
    cdef char* e = <char*> next_event(m)
    a.seq += 1
    copy_pair(e, &m.seq)  # and ts_ns
    put_word(e + 16, a.seq)
    put_word(e + 24, word_at(o) | what)
    copy_four(e + 32, &o.instrument)  # and level, order_id, client_order_id, price
    put_half(e + 36, qty)
    put_word(e + 64, word_at(&o.leaves))  # and filled
    return e


cdef inline void emit_accepted(
    Market* m, Account* a, const OrderCommand* c, uint32_t side, uint64_t order_id, int64_t price, uint32_t qty,
) noexcept nogil:
    """ACCEPTED. Not copied from the order: what was only just written in pieces is slow to read as one."""
    cdef char* e = <char*> next_event(m)
    a.seq += 1
    copy_pair(e, c)  # seq and ts_ns
    put_word(e + 16, a.seq)
    put_half(e + 24, EVENT_KIND_ACCEPTED | side << 8)
    put_word(e + 28, word_at(&c.account))  # and instrument
    put_half(e + 36, qty)
    put_word(e + 40, order_id)
    put_word(e + 48, c.client_order_id)
    put_word(e + 56, <uint64_t> price)
    put_word(e + 64, qty)  # leaves, and nothing filled
    put_word(e + 72, 0)


cdef inline void emit_replaced(Market* m, Account* a, const Order* o, uint64_t flags) noexcept nogil:
    """REPLACED: price and leaves are the new ones already."""
    put_word(emit_order(m, a, o, EVENT_KIND_REPLACED | flags << 24, o.leaves + o.filled) + 72, 0)


cdef inline void emit_triggered(Market* m, Account* a, const Order* o) noexcept nogil:
    """TRIGGERED: price is the one that the order goes to now."""
    put_word(emit_order(m, a, o, EVENT_KIND_TRIGGERED, o.leaves + o.filled) + 72, 0)


cdef inline void emit_fill_of_maker(
    Market* m, Account* a, const Order* o, uint32_t qty, uint64_t trade_id,
) noexcept nogil:
    """FILL at the order's price: leaves and filled are those after it."""
    put_word(emit_order(m, a, o, EVENT_KIND_FILL | <uint64_t> EVENT_FLAG_MAKER << 24, qty) + 72, trade_id)


cdef inline void emit_fill_of_taker(
    Market* m, Account* a, const Order* o, uint32_t instrument, uint32_t qty, int64_t price, uint64_t trade_id,
) noexcept nogil:
    """FILL at another price. Word by word as the order was written just now: see emit_accepted."""
    cdef char* e = <char*> next_event(m)
    a.seq += 1
    copy_pair(e, &m.seq)  # and ts_ns
    put_word(e + 16, a.seq)
    put_word(e + 24, word_at(o) | EVENT_KIND_FILL)
    put_word(e + 32, instrument | <uint64_t> qty << 32)
    put_word(e + 40, o.order_id)
    put_word(e + 48, o.client_order_id)
    put_word(e + 56, <uint64_t> price)
    put_word(e + 64, word_at(&o.leaves))
    put_word(e + 72, trade_id)


cdef inline void emit_canceled(Market* m, Account* a, const Order* o, uint64_t reason) noexcept nogil:
    """CANCELED for an order whose leaves are what is being cancelled."""
    cdef char* e = emit_order(m, a, o, EVENT_KIND_CANCELED | reason << 16, o.leaves)
    put_half(e + 64, 0)
    put_word(e + 72, 0)


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


cdef inline Level* level_at(const Market* m, uint32_t level) noexcept nogil:
    return &m.levels[level]


cdef inline void emit_data(
    Market* m, uint8_t kind, const Order* o, uint64_t order_id, uint32_t qty, uint32_t leaves, const Level* level,
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


cdef inline void emit_hidden_trade(
    Market* m, uint32_t instrument, uint8_t side, int64_t price, uint32_t qty, uint32_t trade_no,
) noexcept nogil:
    """A trade with an order that is not in the book, or not at this price. side: the resting order's."""
    cdef MarketData* d = next_data(m)
    d.seq = m.seq
    d.ts_ns = m.ts_ns
    d.kind = BOOK_KIND_HIDDEN_TRADE
    d.side = side
    d.state = 0
    d.flags = 0
    d.instrument = instrument
    d.order_id = 0
    d.price = price
    d.qty = qty
    d.leaves = 0
    d.level_qty = 0
    d.level_orders = 0
    d.trade_no = trade_no


cdef inline void emit_auction_execute(
    Market* m, const Order* o, uint32_t qty, const Level* level, uint64_t trade_no,
) noexcept nogil:
    """EXECUTE of a displayed order in an auction; level: its level after it."""
    emit_data(m, BOOK_KIND_EXECUTE, o, o.order_id, qty, o.leaves, level, <uint32_t> trade_no)
    (<MarketData*> m.data.at - 1).flags = DATA_FLAG_CROSS


cdef inline void emit_auction(
    Market* m, uint8_t kind, uint32_t instrument, uint8_t auction_kind, int64_t price, uint64_t lots, uint64_t leaves,
    uint8_t side, uint32_t pairs, uint64_t trade_no,
) noexcept nogil:
    """CROSS of an auction that was held, or INDICATIVE."""
    cdef MarketData* d = next_data(m)
    d.seq = m.seq
    d.ts_ns = m.ts_ns
    d.kind = kind
    d.side = side
    d.state = auction_kind
    d.flags = 0
    d.instrument = instrument
    d.order_id = 0
    d.price = price
    d.qty = <uint32_t> lots
    d.leaves = <uint32_t> leaves
    d.level_qty = lots
    d.level_orders = pairs
    d.trade_no = <uint32_t> trade_no


cdef inline void emit_status(Market* m, uint32_t instrument) noexcept nogil:
    """STATUS: what state an instrument is in."""
    cdef const Unseen* u = &m.unseen[instrument]
    cdef MarketData* d = next_data(m)
    cdef Instrument* i = &m.instruments[instrument]
    d.seq = m.seq
    d.ts_ns = m.ts_ns
    d.kind = BOOK_KIND_STATUS
    d.side = 0
    d.state = i.state
    d.flags = u.auction_kind if i.state == INSTRUMENT_STATE_CALL else u.reason
    if u.ways & SHORT_RESTRICTED:
        d.flags |= DATA_FLAG_SHORT_RESTRICTED
    d.instrument = instrument
    d.order_id = 0
    d.price = i.reference_price
    d.qty = <uint32_t> m.instrument_texts[instrument].round_lot
    d.leaves = 0
    d.level_qty = <uint64_t> u.auction_ns
    d.level_orders = u.extensions
    d.trade_no = u.extension_reason


cdef inline void emit_time(Market* m, uint8_t flags, int64_t day_end_ns) noexcept nogil:
    """TIME of a TICK. day_end_ns: the next end of the day."""
    cdef MarketData* d = next_data(m)
    d.seq = m.seq
    d.ts_ns = m.ts_ns
    d.kind = BOOK_KIND_TIME
    d.side = 0
    d.state = 0
    d.flags = flags
    d.instrument = 0
    d.order_id = 0
    d.price = day_end_ns
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
