"""The market's memory. Pools are zeroed by the system when first touched, so capacity that is not used costs nothing.

A CONFIGURE takes all new memory before it changes anything: without memory the market stays as it was.
"""

from libc.stdint cimport int64_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, malloc
from libc.string cimport memcpy

from ext.layout cimport Account, AccountText, IdEntry, Instrument, Market, Order, Page, Position
from ext.ledger cimport position_place
from ext.names cimport add_name
from ext.wire cimport Event, MarketData

cdef enum:
    FIRST_ROOM = 1024  # events; a larger command makes it larger


cdef uint64_t table_size(int64_t entries) noexcept nogil:
    """The places of a hash table at most half full."""
    cdef uint64_t size = 16
    while size < <uint64_t> entries * 2:
        size *= 2
    return size


cdef struct Pools:  # what a CONFIGURE takes new; NULL: that pool stays
    Account* accounts
    AccountText* account_texts
    uint32_t* account_names
    Instrument* instruments
    uint32_t* instrument_names
    uint32_t* windows
    uint64_t* window_bits
    uint64_t* window_summary
    uint32_t* touched
    Order* orders
    Page* pages
    Position* positions
    uint32_t* position_log
    IdEntry* ids0
    IdEntry* ids1


cdef void* zeroed(size_t count, size_t size, bint* failed) noexcept nogil:
    cdef void* memory = calloc(count, size)
    if memory == NULL:
        failed[0] = True
    return memory


cdef void discard(Pools* n) noexcept nogil:
    free(n.accounts)
    free(n.account_texts)
    free(n.account_names)
    free(n.instruments)
    free(n.instrument_names)
    free(n.windows)
    free(n.window_bits)
    free(n.window_summary)
    free(n.touched)
    free(n.orders)
    free(n.pages)
    free(n.positions)
    free(n.position_log)
    free(n.ids0)
    free(n.ids1)


cdef void* replaced(void* old, const void* new, size_t used_bytes) noexcept nogil:
    """Copy what is used of an old pool into the new one, and free the old."""
    if old != NULL:
        memcpy(<void*> new, old, used_bytes)
        free(old)
    return <void*> new


cdef bint reserve(Market* m, const Capacities* c) noexcept nogil:
    cdef Pools n
    cdef bint failed = False
    cdef uint32_t k
    cdef uint32_t words = <uint32_t> ((c.window_pages + 63) // 64)
    n = Pools(NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)
    if c.accounts > m.account_capacity:
        n.accounts = <Account*> zeroed(c.accounts, sizeof(Account), &failed)
        n.account_texts = <AccountText*> zeroed(c.accounts, sizeof(AccountText), &failed)
        n.account_names = <uint32_t*> zeroed(table_size(c.accounts), sizeof(uint32_t), &failed)
    if c.instruments > m.instrument_capacity:
        n.instruments = <Instrument*> zeroed(c.instruments, sizeof(Instrument), &failed)
        n.instrument_names = <uint32_t*> zeroed(table_size(c.instruments), sizeof(uint32_t), &failed)
        n.windows = <uint32_t*> zeroed(c.instruments * c.window_pages, sizeof(uint32_t), &failed)
        n.window_bits = <uint64_t*> zeroed(c.instruments * words, sizeof(uint64_t), &failed)
        n.window_summary = <uint64_t*> zeroed(c.instruments, sizeof(uint64_t), &failed)
        n.touched = <uint32_t*> zeroed(c.instruments, sizeof(uint32_t), &failed)
    if c.orders > m.order_capacity:
        n.orders = <Order*> zeroed(c.orders + 1, sizeof(Order), &failed)
    if c.pages > m.page_capacity:
        n.pages = <Page*> zeroed(c.pages + 1, sizeof(Page), &failed)
    if c.positions > m.position_capacity:
        n.positions = <Position*> zeroed(table_size(c.positions), sizeof(Position), &failed)
        n.position_log = <uint32_t*> zeroed(c.positions, sizeof(uint32_t), &failed)
    if not m.configured:
        n.ids0 = <IdEntry*> zeroed(table_size(c.id_window), sizeof(IdEntry), &failed)
        n.ids1 = <IdEntry*> zeroed(table_size(c.id_window), sizeof(IdEntry), &failed)
    if failed:
        discard(&n)
        return False

    if n.accounts != NULL:
        m.accounts = <Account*> replaced(m.accounts, n.accounts, m.account_top * sizeof(Account))
        m.account_texts = <AccountText*> replaced(m.account_texts, n.account_texts, m.account_top * sizeof(AccountText))
        free(m.account_names)
        m.account_names = n.account_names
        m.account_names_mask = <uint32_t> (table_size(c.accounts) - 1)
        m.account_capacity = <uint32_t> c.accounts
        for k in range(m.account_top):
            if m.accounts[k].is_set:
                add_name(m, True, k)
    if n.instruments != NULL:
        take_instruments(m, &n, c, words)
    if n.orders != NULL:
        m.orders = <Order*> replaced(m.orders, n.orders, (<size_t> m.order_top + 1) * sizeof(Order))
        m.order_capacity = <uint32_t> c.orders
    if n.pages != NULL:
        m.pages = <Page*> replaced(m.pages, n.pages, (<size_t> m.page_top + 1) * sizeof(Page))
        m.page_capacity = <uint32_t> c.pages
    if n.positions != NULL:
        take_positions(m, &n, c)
    if not m.configured:
        m.ids[0] = n.ids0
        m.ids[1] = n.ids1
        m.id_mask = table_size(c.id_window) - 1
        m.id_window = <uint32_t> c.id_window
        m.id_epoch = 1
        m.configured = True
    return True


cdef void take_instruments(Market* m, Pools* n, const Capacities* c, uint32_t words) noexcept nogil:
    cdef size_t top = m.instrument_top
    cdef uint32_t k
    m.instruments = <Instrument*> replaced(m.instruments, n.instruments, top * sizeof(Instrument))
    m.windows = <uint32_t*> replaced(m.windows, n.windows, top * c.window_pages * sizeof(uint32_t))
    m.window_bits = <uint64_t*> replaced(m.window_bits, n.window_bits, top * words * sizeof(uint64_t))
    m.window_summary = <uint64_t*> replaced(m.window_summary, n.window_summary, top * sizeof(uint64_t))
    free(m.touched)
    free(m.instrument_names)
    m.touched = n.touched
    m.instrument_names = n.instrument_names
    m.instrument_names_mask = <uint32_t> (table_size(c.instruments) - 1)
    m.instrument_capacity = <uint32_t> c.instruments
    m.window_pages = <uint32_t> c.window_pages
    m.window_words = words
    for k in range(m.instrument_top):
        if m.instruments[k].is_set:
            add_name(m, False, k)


cdef void take_positions(Market* m, Pools* n, const Capacities* c) noexcept nogil:
    """Put the positions into a larger table, in the order of their creation; then resting orders find theirs anew."""
    cdef Position* old = m.positions
    cdef Position* p
    cdef Order* o
    cdef uint32_t k, place
    m.positions = n.positions
    m.position_mask = table_size(c.positions) - 1
    m.position_capacity = <uint32_t> c.positions
    for k in range(m.position_count):
        p = &old[m.position_log[k]]
        place = position_place(m, p.account, p.instrument)
        m.positions[place] = p[0]
        n.position_log[k] = place
    free(old)
    free(m.position_log)
    m.position_log = n.position_log
    for k in range(1, m.order_top + 1):
        o = &m.orders[k]
        if o.level:
            o.position = position_place(m, o.account, o.instrument)


cdef bint start_buffers(Market* m) noexcept nogil:
    m.event_room = m.data_room = FIRST_ROOM
    m.events = <Event*> malloc(FIRST_ROOM * sizeof(Event))
    m.data = <MarketData*> malloc(FIRST_ROOM * sizeof(MarketData))
    return m.events != NULL and m.data != NULL


cdef void release(Market* m) noexcept nogil:
    cdef uint32_t k
    for k in range(m.instrument_top):
        free(m.instruments[k].far)
    free(m.accounts)
    free(m.account_texts)
    free(m.account_names)
    free(m.instruments)
    free(m.instrument_names)
    free(m.windows)
    free(m.window_bits)
    free(m.window_summary)
    free(m.touched)
    free(m.orders)
    free(m.pages)
    free(m.positions)
    free(m.position_log)
    free(m.ids[0])
    free(m.ids[1])
    free(m.events)
    free(m.data)
