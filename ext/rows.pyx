"""Tables of the state for queries: orders, accounts, positions, instruments, depth, and a book order by order."""

from libc.stdint cimport int64_t, uint32_t, uint64_t
from libc.string cimport memcpy, memset

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize

from ext.events cimport level_at
from ext.layout cimport (
    ACCOUNT_FLAGS, Account, AccountMore, BY_EXPIRY, HAS_TIE, Instrument, Level, Market, Order, Position,
    SHORT_RESTRICTED, Tie, Unseen,
)
from ext.levels cimport best_index, level_of_index, next_index
from ext.margin.settings cimport risk_type_of
from ext.places cimport hold_price, lots_of, place_of
from ext.settled cimport settled_cash, withdrawable_cash
from ext.tides cimport stop_price_of
from ext.ties cimport is_parent, is_waiting
from ext.wire cimport *


cdef bytes room_for(uint64_t rows, size_t size):
    """Zeroed bytes for so many rows."""
    cdef bytes result = PyBytes_FromStringAndSize(NULL, <Py_ssize_t> (rows * size))
    memset(PyBytes_AS_STRING(result), 0, rows * size)
    return result


cdef uint64_t hold_of(const Market* m, uint32_t slot) noexcept nogil:
    cdef const Order* o = &m.orders[slot]
    if is_waiting(o):
        return 0
    return hold_price(m, o) * lots_of(m, slot) * m.instruments[o.instrument].multiplier if o.side == SIDE_BUY else 0


cdef int64_t trigger_of(const Market* m, uint32_t slot) noexcept nogil:
    """The price that a waiting stop waits for; 0 of other orders, and of a trailing child, which gets it when awake."""
    cdef const Order* o = &m.orders[slot]
    if place_of(o) == PLACE_STOP:
        return stop_price_of(m, slot)
    return m.extras[slot].stop_price if is_waiting(o) and o.order_type != ORDER_TYPE_TRAILING_STOP else 0


cdef void put_ties(const Market* m, uint32_t slot, OrderRow* row) noexcept nogil:
    """What an order that has a Tie is tied to."""
    cdef const Order* o = &m.orders[slot]
    cdef const Tie* t = &m.ties[slot]
    if is_parent(o):
        row.role = ROLE_PARENT
        row.link_id = m.orders[t.child].client_order_id
        return
    if t.next != slot:
        row.role = ROLE_PEER
        row.link_id = m.orders[t.next].client_order_id
    if is_waiting(o):
        row.role = ROLE_CHILD
        row.parent_id = m.orders[t.parent].client_order_id if t.parent else 0


cdef void order_row(const Market* m, uint32_t slot, uint64_t ahead, OrderRow* row) noexcept nogil:
    cdef const Order* o = &m.orders[slot]
    memset(row, 0, sizeof(OrderRow))
    row.order_id = m.orders[slot].order_id
    row.client_order_id = o.client_order_id
    row.price = o.price
    row.account = o.account
    row.instrument = o.instrument
    row.leaves = lots_of(m, slot)
    row.filled = o.filled
    row.order_type = o.order_type
    if o.special:
        row.place = place_of(o)
        row.peg = m.extras[slot].peg
        row.modes = m.extras[slot].modes
        row.group = m.extras[slot].group
        row.stop_price = trigger_of(m, slot)
        row.cap = m.extras[slot].stop_price if o.order_type == ORDER_TYPE_PEGGED else 0
        row.offset = m.extras[slot].offset
        row.expire_ns = m.extras[slot].nodes[<int> BY_EXPIRY].key if o.tif == TIME_IN_FORCE_GTD else 0
        if o.special & HAS_TIE:
            put_ties(m, slot, row)
    row.shown = o.leaves if o.level else 0
    row.side = o.side
    row.tif = o.tif
    row.flags = o.flags
    row.self_trade = o.self_trade
    row.level_qty_ahead = ahead
    row.hold = hold_of(m, slot)
    row.session = o.session


cdef OrderRow* book_rows(const Market* m, uint32_t instrument, OrderRow* row) noexcept nogil:
    """Write an instrument's orders: bids best first, then offers, each in the order of its queue, then the unseen.
    Returns the end."""
    cdef const Instrument* i = &m.instruments[instrument]
    cdef int64_t index
    cdef uint64_t ahead
    cdef uint32_t side, slot
    for side in range(2):
        index = best_index(i, side)
        while index >= 0:
            ahead = 0
            slot = level_at(m, level_of_index(m, i, instrument, index)).head
            while slot:
                order_row(m, slot, ahead, row)
                row += 1
                ahead += m.orders[slot].leaves
                slot = m.links[slot].next
            index = next_index(m, i, instrument, side, index)
    slot = m.unseen[instrument].first
    while slot:
        order_row(m, slot, 0, row)
        row += 1
        slot = m.links[slot].next
    return row


cdef bytes orders_of_book(const Market* m, uint32_t instrument):
    cdef bytes result = room_for(m.instruments[instrument].orders + m.unseen[instrument].count, sizeof(OrderRow))
    book_rows(m, instrument, <OrderRow*> PyBytes_AS_STRING(result))
    return result


cdef bytes orders_of_market(const Market* m):
    cdef bytes result = room_for(m.order_live, sizeof(OrderRow))
    cdef OrderRow* row = <OrderRow*> PyBytes_AS_STRING(result)
    cdef uint32_t k
    for k in range(m.instrument_top):
        if m.instruments[k].is_set:
            row = book_rows(m, k, row)
    return result


cdef bytes orders_of_account(const Market* m, uint32_t account, uint32_t instrument):
    """An account's orders in one instrument, or in ANY; newest accepted first."""
    cdef uint32_t slot = m.accounts[account].newest
    cdef uint32_t before
    cdef uint64_t ahead
    cdef uint64_t rows = 0
    cdef bytes result
    cdef OrderRow* row
    while slot:
        rows += instrument == ANY or m.orders[slot].instrument == instrument
        slot = m.links[slot].older
    result = room_for(rows, sizeof(OrderRow))
    row = <OrderRow*> PyBytes_AS_STRING(result)
    slot = m.accounts[account].newest
    while slot:
        if instrument == ANY or m.orders[slot].instrument == instrument:
            ahead = 0
            before = m.links[slot].prev if m.orders[slot].level else 0
            while before:
                ahead += m.orders[before].leaves
                before = m.links[before].prev
            order_row(m, slot, ahead, row)
            row += 1
        slot = m.links[slot].older
    return result


cdef void account_row(Market* m, uint32_t k, AccountRow* row) noexcept nogil:
    cdef const Account* a = &m.accounts[k]
    cdef const AccountMore* t = &m.account_more[k]
    memset(row, 0, sizeof(AccountRow))
    row.account = k
    row.state = <uint8_t> t.state
    row.flags = a.flags & ACCOUNT_FLAGS
    row.risk_type = risk_type_of(m, k)
    row.cash = a.cash
    row.hold = a.hold
    row.short_proceeds = a.short_proceeds
    row.account_seq = a.seq
    row.max_order_qty = t.set_max_order_qty
    row.max_order_notional = t.set_max_order_notional
    row.max_position = t.set_max_position
    row.max_open_orders = t.set_max_open_orders
    row.max_messages = t.set_max_messages
    row.open_orders = a.open_orders
    row.realized_pnl = a.realized_pnl
    row.last_client_order_id = a.last_id
    row.plan = a.plan
    row.settled = settled_cash(m, a, t)
    row.unsettled = a.cash - row.settled
    row.withdrawals = m.worths[k].withdrawals
    row.withdrawable = withdrawable_cash(m, k)
    row.fees = t.fees
    memcpy(row.currency, &t.currency, 8)
    memcpy(row.name, t.name, 32)


cdef bytes account_rows(Market* m):
    cdef uint64_t rows = 0
    cdef uint32_t k
    cdef bytes result
    cdef AccountRow* row
    for k in range(m.account_top):
        rows += m.accounts[k].is_set
    result = room_for(rows, sizeof(AccountRow))
    row = <AccountRow*> PyBytes_AS_STRING(result)
    for k in range(m.account_top):
        if m.accounts[k].is_set:
            account_row(m, k, row)
            row += 1
    return result


cdef void position_row(const Market* m, uint32_t k, PositionRow* row) noexcept nogil:
    cdef const Position* p = &m.positions[k]
    memset(row, 0, sizeof(PositionRow))
    row.account = <uint32_t> p.key
    row.instrument = <uint32_t> (p.key >> 32)
    row.qty = p.qty
    row.cost = m.bases[k].cost
    row.realized_pnl = m.bases[k].realized_pnl
    row.open_buy = p.open[SIDE_BUY]
    row.open_sell = p.open[SIDE_SELL]


cdef bytes position_rows(const Market* m, uint32_t account):
    """In the order of their creation; of one account, or of ANY."""
    cdef uint64_t rows = 0
    cdef uint32_t k
    cdef bytes result
    cdef PositionRow* row
    for k in range(1, m.position_count + 1):
        rows += account == ANY or <uint32_t> m.positions[k].key == account
    result = room_for(rows, sizeof(PositionRow))
    row = <PositionRow*> PyBytes_AS_STRING(result)
    for k in range(1, m.position_count + 1):
        if account == ANY or <uint32_t> m.positions[k].key == account:
            position_row(m, k, row)
            row += 1
    return result


cdef bytes instrument_rows(const Market* m):
    cdef uint64_t rows = 0
    cdef uint32_t k
    cdef bytes result
    cdef InstrumentRow* row
    cdef const Instrument* i
    cdef const Unseen* u
    for k in range(m.instrument_top):
        rows += m.instruments[k].is_set
    result = room_for(rows, sizeof(InstrumentRow))
    row = <InstrumentRow*> PyBytes_AS_STRING(result)
    for k in range(m.instrument_top):
        i = &m.instruments[k]
        u = &m.unseen[k]
        if not i.is_set:
            continue
        row.instrument = k
        row.state = i.state
        row.halt_reason = u.reason
        row.auction_kind = u.auction_kind
        row.short_restricted = i.way & SHORT_RESTRICTED != 0
        row.tick_size = i.tick_size
        row.lot_size = i.lot_size
        row.reference_price = i.reference_price
        row.collar_bps = i.collar_bps
        row.max_order_qty = i.set_max_order_qty
        row.max_order_notional = m.instrument_texts[k].set_max_order_notional
        if i.best_level[SIDE_BUY]:
            row.bid_price = best_index(i, SIDE_BUY) * i.tick_size
            row.bid_qty = level_at(m, i.best_level[SIDE_BUY]).qty
        if i.best_level[SIDE_SELL]:
            row.ask_price = best_index(i, SIDE_SELL) * i.tick_size
            row.ask_qty = level_at(m, i.best_level[SIDE_SELL]).qty
        row.trades = i.trades
        row.volume = i.volume
        row.orders = i.orders
        memcpy(row.symbol, m.instrument_texts[k].symbol, 32)
        memcpy(row.currency, m.instrument_texts[k].currency, 8)
        row.round_lot = m.instrument_texts[k].round_lot
        row.auction_ns = u.auction_ns
        row.extensions = u.extensions
        row.extension_reason = u.extension_reason
        row.band_lower = i.band_lower
        row.band_upper = MAX_PRICE - i.band_room if i.band_lower else 0
        row += 1
    return result


cdef bytes depth_rows(const Market* m, uint32_t instrument, uint64_t levels):
    """The best so many levels of each side: bids best first, then offers best first."""
    cdef const Instrument* i = &m.instruments[instrument]
    cdef uint64_t rows = 0
    cdef uint64_t left
    cdef int64_t index
    cdef uint32_t side
    cdef bytes result
    cdef Depth* row
    cdef const Level* level
    for side in range(2):
        index = best_index(i, side)
        left = levels
        while index >= 0 and left:
            rows += 1
            left -= 1
            index = next_index(m, i, instrument, side, index)
    result = room_for(rows, sizeof(Depth))
    row = <Depth*> PyBytes_AS_STRING(result)
    for side in range(2):
        index = best_index(i, side)
        left = levels
        while index >= 0 and left:
            level = level_at(m, level_of_index(m, i, instrument, index))
            row.seq = m.seq
            row.ts_ns = m.ts_ns
            row.instrument = instrument
            row.side = side
            row.price = index * i.tick_size
            row.level_qty = level.qty
            row.level_orders = level.count
            row += 1
            left -= 1
            index = next_index(m, i, instrument, side, index)
    return result


cdef bytes book_records(const Market* m, uint32_t instrument):
    """ADD records of all resting orders in priority order: bids, then offers; each level's totals as they grow."""
    cdef const Instrument* i = &m.instruments[instrument]
    cdef bytes result = room_for(i.orders, sizeof(MarketData))
    cdef MarketData* d = <MarketData*> PyBytes_AS_STRING(result)
    cdef const Order* o
    cdef int64_t index
    cdef uint64_t qty
    cdef uint32_t side, slot, count
    for side in range(2):
        index = best_index(i, side)
        while index >= 0:
            qty = 0
            count = 0
            slot = level_at(m, level_of_index(m, i, instrument, index)).head
            while slot:
                o = &m.orders[slot]
                qty += o.leaves
                count += 1
                d.seq = m.seq
                d.ts_ns = m.ts_ns
                d.kind = BOOK_KIND_ADD
                d.side = o.side
                d.instrument = instrument
                d.order_id = m.orders[slot].order_id
                d.price = o.price
                d.qty = o.leaves
                d.leaves = o.leaves
                d.level_qty = qty
                d.level_orders = count
                d += 1
                slot = m.links[slot].next
            index = next_index(m, i, instrument, side, index)
    return result
