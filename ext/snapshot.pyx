"""The state as bytes, and back: what is loaded goes on exactly as what was saved would have.

Head, instruments, accounts, positions in order of creation, orders (free slots keep their generation and their place in
the free list), pages, client order ids as they came. What follows from these (windows, name tables,
indexes) is not in it and is made anew. Fields that mean nothing (a free slot's price) are written as zeros.
"""

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t
from libc.string cimport memcpy, memset

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize

from ext.bits cimport lowest, word_at
from ext.borrow.saved cimport read_borrowing, write_borrowing
from ext.cash.saved cimport read_cash, write_cash
from ext.daytrading.saved cimport read_day_trades, write_day_trades
from ext.desks.saved cimport finish_desks, read_desks, write_desks
from ext.desks.settings cimport MOST_DESKS, MOST_PLACES, reserve_desks
from ext.fees cimport read_fees, write_fees
from ext.holds cimport books_hold, is_live, lists_hold
from ext.ids cimport hash_id, id_place, id_tag, index_id, open_generation, turn_ids
from ext.keys.saved cimport finish_keys, read_keys, write_keys
from ext.layout cimport (
    Account, AccountMore, BY_EXPIRY, Basis, CURRENCIES, Extra, HAS_TIE, IdEntry, Instrument, InstrumentText, Level,
    Link, Market, Order, Page, Position, Tie, Unseen,
)
from ext.ledger cimport find_position, index_position
from ext.levels cimport list_page
from ext.margin.saved cimport read_margin, write_margin
from ext.memory cimport Capacities, reserve
from ext.names cimport ACCOUNTS, INSTRUMENTS, add_name
from ext.pending cimport set_way
from ext.places cimport place_of
from ext.saved cimport Reader, Writer, get, put
from ext.tides cimport stop_price_of, tide_of, water_of
from ext.timers cimport MAX_TIMERS, read_timers, reserve_timers, write_timers
from ext.withdrawals cimport MAX_WITHDRAWALS, read_withdrawals, reserve_withdrawals, write_withdrawals
from ext.wire cimport AUCTION_KIND_VOLATILITY, AmendmentRow, INSTRUMENT_STATE_CALL, MAX_PRICE, PLACE_DARK, PLACE_STOP

cdef extern from *:
    """
    #define OB_SNAPSHOT_MAGIC 0x353145524F43424FULL  /* the bytes OBCORE15 */
    """
    const uint64_t MAGIC "OB_SNAPSHOT_MAGIC"

cdef struct Head:
    uint64_t magic
    uint64_t seq
    int64_t ts_ns
    int64_t day_end_ns
    Capacities capacity
    uint64_t configured
    uint64_t instruments
    uint64_t accounts
    uint64_t positions
    uint64_t order_top
    uint64_t order_free
    uint64_t order_live
    uint64_t page_top
    uint64_t page_free
    uint64_t page_live
    uint64_t id_count
    uint64_t id_epoch
    uint64_t rank
    uint64_t accepted
    uint64_t amendments
    uint64_t timers
    uint64_t timer_capacity
    uint64_t withdrawals
    uint64_t withdrawal_capacity
    uint64_t currencies
    uint64_t desk_capacity
    uint64_t place_capacity
    int64_t settle_date


cdef struct SavedOrder:  # its Extra follows where it is special
    Order order
    Link link


cdef struct SavedUnseen:  # what of Unseen does not follow from its orders
    uint32_t first
    uint32_t last
    uint32_t count
    uint8_t auction_kind
    uint8_t state_after
    uint8_t reason
    uint8_t ways
    int64_t auction_ns
    int64_t ends_ns
    int64_t next_indicative_ns
    int64_t extension_price
    uint32_t extensions
    uint32_t extension_reason


cdef struct SavedPage:
    uint64_t bits
    int64_t number
    uint32_t instrument
    uint32_t next_free


cdef void write(Writer* w, const Market* m) noexcept nogil:
    cdef Head h
    cdef uint32_t k
    memset(&h, 0, sizeof(Head))
    h.magic = MAGIC
    h.seq = m.seq
    h.ts_ns = m.ts_ns
    h.day_end_ns = m.day_end_ns
    h.capacity = Capacities(m.account_capacity, m.instrument_capacity, m.order_capacity, m.page_capacity,
                            m.position_capacity, m.id_window, m.window_pages, m.amendment_capacity)
    h.configured = m.configured
    for k in range(m.instrument_top):
        h.instruments += m.instruments[k].is_set
    for k in range(m.account_top):
        h.accounts += m.accounts[k].is_set
    h.positions = m.position_count
    h.order_top = m.order_top
    h.order_free = m.order_free
    h.order_live = m.order_live
    h.page_top = m.page_top
    h.page_free = m.page_free
    h.page_live = m.page_live
    h.id_count = m.id_count
    h.id_epoch = m.id_epoch
    h.rank = m.rank
    h.accepted = m.accepted
    h.amendments = m.amendment_count
    h.timers = m.timers.count
    h.timer_capacity = m.timers.capacity
    h.withdrawals = m.withdrawal_count
    h.withdrawal_capacity = m.withdrawal_capacity
    h.currencies = m.currency_count
    h.desk_capacity = m.desks.capacity
    h.place_capacity = m.desks.place_capacity
    h.settle_date = m.settle_date
    put(w, &h, sizeof(Head))
    if m.configured:
        write_instruments(w, m)
        write_accounts(w, m)
        put(w, m.amendments, m.amendment_count * sizeof(AmendmentRow))
        write_orders(w, m)
        write_pages(w, m)
        write_ids(w, m)
        write_timers(w, m)
        put(w, m.currencies, sizeof(m.currencies))
        put(w, m.house, sizeof(m.house))
        write_fees(w, m)
        write_withdrawals(w, m)
        write_borrowing(w, m)
        write_cash(w, m)
        write_day_trades(w, m)
        write_keys(w, m)
        write_desks(w, m)
        write_margin(w, m)


cdef void write_instruments(Writer* w, const Market* m) noexcept nogil:
    cdef Instrument copy
    cdef SavedUnseen saved
    cdef const Unseen* u
    cdef uint32_t k
    for k in range(m.instrument_top):
        if not m.instruments[k].is_set:
            continue
        memcpy(&copy, &m.instruments[k], sizeof(Instrument))
        copy.touched = 0
        copy.far = NULL
        copy.far_count = copy.far_room = copy.page_count = 0
        memset(copy.before_price, 0, sizeof(copy.before_price))
        memset(copy.before_qty, 0, sizeof(copy.before_qty))
        memset(copy.before_orders, 0, sizeof(copy.before_orders))
        put(w, &k, sizeof(uint32_t))
        put(w, &copy, sizeof(Instrument))
        put(w, &m.instrument_texts[k], sizeof(InstrumentText))
        u = &m.unseen[k]
        saved = SavedUnseen(u.first, u.last, u.count, u.auction_kind, u.state_after, u.reason, u.ways, u.auction_ns,
                            u.ends_ns, u.next_indicative_ns, u.extension_price, u.extensions, u.extension_reason)
        put(w, &saved, sizeof(SavedUnseen))


cdef void write_accounts(Writer* w, const Market* m) noexcept nogil:
    cdef uint32_t k
    for k in range(m.account_top):
        if m.accounts[k].is_set:
            put(w, &k, sizeof(uint32_t))
            put(w, &m.accounts[k], sizeof(Account))
            put(w, &m.account_more[k], sizeof(AccountMore))
            put(w, &m.worths[k].withdrawals, sizeof(int64_t))
    put(w, &m.positions[1], <size_t> m.position_count * sizeof(Position))
    put(w, &m.bases[1], <size_t> m.position_count * sizeof(Basis))


cdef void write_orders(Writer* w, const Market* m) noexcept nogil:
    cdef SavedOrder copy
    cdef Extra extra
    cdef uint32_t k, branch
    for k in range(1, m.order_top + 1):
        if is_live(m, k):
            copy.order = m.orders[k]
            copy.link = m.links[k]
        else:
            memset(&copy, 0, sizeof(SavedOrder))
            copy.order.order_id = m.orders[k].order_id
            copy.link.next = m.links[k].next
        put(w, &copy, sizeof(SavedOrder))
        if m.orders[k].special:
            extra = m.extras[k]
            if place_of(&m.orders[k]) == PLACE_STOP and tide_of(m, k):
                extra.water = water_of(m, k)
                extra.stop_price = stop_price_of(m, k)
                extra.queue_next = 0
            elif place_of(&m.orders[k]) == PLACE_DARK:
                extra.water = 0  # of a peg it follows from its price
            for branch in range(3):  # the trees are made anew
                extra.nodes[branch].left = extra.nodes[branch].right = 0
                if branch != BY_EXPIRY:
                    extra.nodes[branch].key = 0
            put(w, &extra, sizeof(Extra))
            if m.orders[k].special & HAS_TIE:
                put(w, &m.ties[k], sizeof(Tie))


cdef void write_pages(Writer* w, const Market* m) noexcept nogil:
    cdef SavedPage head
    cdef const Page* p
    cdef uint64_t bits
    cdef uint32_t k
    for k in range(1, m.page_top + 1):
        p = &m.pages[k]
        head = SavedPage(p.bits, p.number if p.bits else 0, p.instrument if p.bits else 0, 0 if p.bits else p.next_free)
        put(w, &head, sizeof(SavedPage))
        bits = p.bits
        while bits:
            put(w, &m.levels[k << 6 | <uint32_t> lowest(bits)], sizeof(Level))
            bits &= bits - 1


cdef void write_ids(Writer* w, const Market* m) noexcept nogil:
    """The logs, the older generation first."""
    if m.id_epoch > 1:
        put(w, m.id_logs[(m.id_epoch - 1) & 1], <size_t> m.id_window * sizeof(IdEntry))
    put(w, m.id_log, <size_t> m.id_count * sizeof(IdEntry))


cdef bytes save(const Market* m):
    cdef Writer w
    cdef bytes result
    w = Writer(NULL, 0)
    with nogil:
        write(&w, m)
    result = PyBytes_FromStringAndSize(NULL, <Py_ssize_t> w.size)
    w = Writer(PyBytes_AS_STRING(result), 0)
    with nogil:
        write(&w, m)
    return result


cdef bint read_instruments(Reader* r, Market* m, uint64_t count) noexcept nogil:
    cdef Instrument* i
    cdef Unseen* u
    cdef SavedUnseen saved
    cdef uint32_t k
    cdef uint64_t _n
    for _n in range(count):
        if not get(r, &k, sizeof(uint32_t)) or k < m.instrument_top or k >= m.instrument_capacity:
            return False
        i = &m.instruments[k]
        if (not get(r, i, sizeof(Instrument)) or not get(r, &m.instrument_texts[k], sizeof(InstrumentText))
                or not get(r, &saved, sizeof(SavedUnseen))):
            memset(i, 0, sizeof(Instrument))
            return False
        u = &m.unseen[k]
        u.first = saved.first
        u.last = saved.last
        u.count = saved.count
        u.auction_kind = saved.auction_kind
        u.state_after = saved.state_after
        u.reason = saved.reason
        u.ways = saved.ways
        u.auction_ns = saved.auction_ns
        u.ends_ns = saved.ends_ns
        u.next_indicative_ns = saved.next_indicative_ns
        u.extension_price = saved.extension_price
        u.extensions = saved.extensions
        u.extension_reason = saved.extension_reason
        i.far = NULL
        i.far_count = i.far_room = i.page_count = 0
        i.touched = 0
        set_way(i, u)
        m.instrument_top = k + 1
        m.in_call += i.state == INSTRUMENT_STATE_CALL
        if i.state > INSTRUMENT_STATE_CALL or u.auction_kind > AUCTION_KIND_VOLATILITY:
            return False
        if i.state == INSTRUMENT_STATE_CALL and u.auction_kind == 0:
            return False
        if not i.is_set or not 1 <= i.tick_size <= MAX_PRICE or not 0 <= i.base <= MAX_PRICE:
            return False
        add_name(m, INSTRUMENTS, k)
    return True


cdef bint read_accounts(Reader* r, Market* m, uint64_t accounts, uint64_t positions) noexcept nogil:
    cdef uint64_t key
    cdef uint32_t k
    cdef uint64_t _n
    for _n in range(accounts):
        if not get(r, &k, sizeof(uint32_t)) or k < m.account_top or k >= m.account_capacity:
            return False
        if (not get(r, &m.accounts[k], sizeof(Account)) or not get(r, &m.account_more[k], sizeof(AccountMore))
                or not get(r, &m.worths[k].withdrawals, sizeof(int64_t))):
            return False
        m.account_top = k + 1
        if not m.accounts[k].is_set or m.accounts[k].newest > m.order_capacity:
            return False
        add_name(m, ACCOUNTS, k)
    if positions > m.position_capacity:
        return False
    if not get(r, &m.positions[1], positions * sizeof(Position)) or not get(r, &m.bases[1], positions * sizeof(Basis)):
        return False
    for k in range(1, <uint32_t> positions + 1):
        key = m.positions[k].key
        if <uint32_t> key >= m.account_top or key >> 32 >= m.instrument_top or find_position(m, key):
            return False
        index_position(m, k)
        m.position_count = k
    return True


cdef bint read_amendments(Reader* r, Market* m, uint64_t count) noexcept nogil:
    cdef const AmendmentRow* row
    cdef uint32_t k
    if count > m.amendment_capacity or not get(r, m.amendments, count * sizeof(AmendmentRow)):
        return False
    for k in range(<uint32_t> count):
        row = &m.amendments[k]
        if row.instrument >= m.instrument_top or row.changes == 0 or row.reserved:
            return False
        if not 1 <= row.trade_id <= m.instruments[row.instrument].trades:
            return False
    m.amendment_count = <uint32_t> count
    return True


cdef bint read_orders(Reader* r, Market* m) noexcept nogil:
    cdef SavedOrder saved
    cdef Order* o
    cdef uint32_t k
    if m.order_top > m.order_capacity or m.order_free > m.order_top:
        return False
    for k in range(1, m.order_top + 1):
        if not get(r, &saved, sizeof(SavedOrder)):
            return False
        o = &m.orders[k]
        o[0] = saved.order
        m.links[k] = saved.link
        if (saved.link.next > m.order_top or saved.link.prev > m.order_top
                or saved.link.newer > m.order_top or saved.link.older > m.order_top):
            return False
        if <uint32_t> o.order_id != k:
            return False
        if o.special and not get(r, &m.extras[k], sizeof(Extra)):
            return False
        if o.special & HAS_TIE and not get(r, &m.ties[k], sizeof(Tie)):
            return False
        if not is_live(m, k):
            continue
        if o.account >= m.account_top or o.instrument >= m.instrument_top or o.level >> 6 > m.page_top or o.side > 1:
            return False
        if o.position > m.position_count or m.positions[o.position].key != word_at(&o.account):
            return False
    return True


cdef bint read_pages(Reader* r, Market* m) noexcept nogil:
    cdef SavedPage head
    cdef Page* p
    cdef Level* level
    cdef uint64_t bits
    cdef uint32_t k
    if m.page_top > m.page_capacity or m.page_free > m.page_top:
        return False
    for k in range(1, m.page_top + 1):
        p = &m.pages[k]
        if not get(r, &head, sizeof(SavedPage)) or head.next_free > m.page_top or not 0 <= head.number <= MAX_PRICE:
            return False
        p.bits = head.bits
        p.number = head.number
        p.instrument = head.instrument
        p.next_free = head.next_free
        bits = p.bits
        while bits:
            level = &m.levels[k << 6 | <uint32_t> lowest(bits)]
            if not get(r, level, sizeof(Level)) or level.head > m.order_top or level.tail > m.order_top:
                return False
            bits &= bits - 1
        if p.bits:
            if p.instrument >= m.instrument_top:
                return False
            m.instruments[p.instrument].page_count += 1
            list_page(m, &m.instruments[p.instrument], p.instrument, k, p.number)
    return True


cdef bint read_ids(Reader* r, Market* m) noexcept nogil:
    """The logs, and their indexes anew."""
    cdef uint32_t newest = m.id_epoch
    cdef uint32_t count = m.id_count
    if count > m.id_window or newest == 0:
        return False
    if newest > 1:
        open_generation(m, newest - 1)
        if not read_log(r, m, m.id_window):
            return False
    open_generation(m, newest)
    return read_log(r, m, count)


cdef bint read_log(Reader* r, Market* m, uint32_t count) noexcept nogil:
    cdef const IdEntry* entry
    cdef uint64_t hash
    cdef uint32_t k
    if not get(r, m.id_log, <size_t> count * sizeof(IdEntry)):
        return False
    for k in range(count):
        entry = &m.id_log[k]
        if <uint32_t> entry.order_id > m.order_top:
            return False
        if m.id_count == m.id_turn:
            turn_ids(m)
        hash = hash_id(m, entry.account, entry.client_order_id)
        index_id(m, id_place(m, hash, entry.client_order_id), id_tag(m, hash), <uint32_t> entry.order_id)
    return True


cdef bint read_ledger(Reader* r, Market* m, const Head* h) noexcept nogil:
    cdef const AccountMore* t
    cdef uint32_t k
    if h.currencies >= CURRENCIES or h.settle_date < 0:
        return False
    if not get(r, m.currencies, sizeof(m.currencies)) or not get(r, m.house, sizeof(m.house)):
        return False
    for k in range(m.account_top):
        t = &m.account_more[k]
        if t.currency_number > h.currencies or m.currencies[t.currency_number] != t.currency:
            return False
    return read_fees(r, m) and read_withdrawals(r, m, h.withdrawals)


cdef bint read(Reader* r, Market* m, const Head* h) noexcept nogil:
    m.seq = h.seq
    m.ts_ns = h.ts_ns
    m.day_end_ns = h.day_end_ns
    if not m.configured:
        return r.at == r.size
    m.order_top = <uint32_t> h.order_top
    m.order_free = <uint32_t> h.order_free
    m.order_live = <uint32_t> h.order_live
    m.page_top = <uint32_t> h.page_top
    m.page_free = <uint32_t> h.page_free
    m.page_live = <uint32_t> h.page_live
    m.id_count = <uint32_t> h.id_count
    m.id_epoch = <uint32_t> h.id_epoch
    m.rank = h.rank
    m.accepted = h.accepted
    m.settle_date = h.settle_date
    m.currency_count = <uint32_t> h.currencies
    return (read_instruments(r, m, h.instruments) and read_accounts(r, m, h.accounts, h.positions)
            and read_amendments(r, m, h.amendments)
            and read_orders(r, m) and read_pages(r, m) and read_ids(r, m) and read_timers(r, m, h.timers)
            and read_ledger(r, m, h) and read_borrowing(r, m) and read_cash(r, m)
            and read_day_trades(r, m) and read_keys(r, m) and read_desks(r, m)
            and read_margin(r, m) and finish_desks(m) and finish_keys(m)
            and books_hold(m) and lists_hold(m) and r.at == r.size)


cdef object load(Market* m, const char* data, size_t size):
    cdef Reader r
    cdef Head h
    cdef bint sound
    r = Reader(data, size, 0)
    if not get(&r, &h, sizeof(Head)) or h.magic != MAGIC:
        raise ValueError("these bytes are no snapshot of this core: the first 8 are not those of version 15")
    if h.configured:
        if not (1 <= h.capacity.accounts <= 1 << 24 and 1 <= h.capacity.instruments <= 1 << 24
                and 1 <= h.capacity.orders < 1 << 31 and 1 <= h.capacity.pages <= 1 << 25
                and 1 <= h.capacity.positions < 1 << 31 and 1 <= h.capacity.id_window <= 1 << 28
                and 2 <= h.capacity.window_pages <= 4096
                and h.capacity.window_pages & (h.capacity.window_pages - 1) == 0
                and 0 <= h.capacity.amendments <= 1 << 16
                and h.timer_capacity <= MAX_TIMERS and h.withdrawal_capacity <= MAX_WITHDRAWALS
                and h.desk_capacity <= MOST_DESKS and h.place_capacity <= MOST_PLACES):
            raise ValueError("the snapshot's capacities are out of range: it is damaged")
        if not reserve(m, &h.capacity) or not reserve_timers(m, <int64_t> h.timer_capacity) or (
                not reserve_withdrawals(m, <int64_t> h.withdrawal_capacity)
                or not reserve_desks(m, <int64_t> h.desk_capacity, <int64_t> h.place_capacity)):
            raise MemoryError("no memory for the capacities of the snapshot")
    with nogil:
        sound = read(&r, m, &h)
    if not sound:
        raise ValueError(f"the snapshot is damaged near byte {r.at:,} of {r.size:,}")
    return None
