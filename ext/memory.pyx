"""The market's memory: one block, laid out anew by each CONFIGURE.

It is taken before anything changes, so without memory the market stays as it was. The system gives its pages when they
are first written, so capacity that nobody uses costs nothing; `touch_all` has it give them now, and no event waits for
one later. Only the far pages of books (levels.pxd) and the buffers of events lie elsewhere and grow.
"""

from libc.stdint cimport int64_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, malloc
from libc.string cimport memcpy

from ext.bits cimport touch_page
from ext.layout cimport Account, AccountText, IdEntry, Instrument, Market, Order, Page, Position
from ext.ledger cimport position_place
from ext.names cimport add_name
from ext.wire cimport Event, MarketData

cdef enum:
    LINE = 64             # bytes of a cache line: every pool begins with one
    BLOCK = 2 * 1024 * 1024  # the pools begin with a huge page, where the system has such
    SMALLEST_PAGE = 4096  # of memory
    FIRST_ROOM = 1024     # events; a larger command makes it larger


cdef struct Pools:
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
    IdEntry* id_logs[2]
    uint32_t* id_index[3]


cdef uint64_t table_size(int64_t entries) noexcept nogil:
    """The places of a hash table at most half full."""
    cdef uint64_t size = 16
    while size < <uint64_t> entries * 2:
        size *= 2
    return size


cdef uint32_t words_of(const Capacities* c) noexcept nogil:
    return <uint32_t> ((c.window_pages + 63) // 64)


cdef void* carve(char* block, size_t* at, uint64_t count, size_t size) noexcept nogil:
    """The next pool of a block."""
    cdef size_t begin = at[0]
    at[0] += (count * size + LINE - 1) // LINE * LINE
    return block + begin if block != NULL else NULL


cdef size_t lay_out(Pools* n, char* block, const Capacities* c) noexcept nogil:
    """Where everything lies in a block (NULL: nowhere yet). Returns how many bytes that takes."""
    cdef size_t at = 0
    cdef uint32_t k
    n.accounts = <Account*> carve(block, &at, c.accounts, sizeof(Account))
    n.orders = <Order*> carve(block, &at, c.orders + 1, sizeof(Order))
    n.positions = <Position*> carve(block, &at, table_size(c.positions), sizeof(Position))
    n.instruments = <Instrument*> carve(block, &at, c.instruments, sizeof(Instrument))
    n.pages = <Page*> carve(block, &at, c.pages + 1, sizeof(Page))
    n.windows = <uint32_t*> carve(block, &at, c.instruments * c.window_pages, sizeof(uint32_t))
    n.window_bits = <uint64_t*> carve(block, &at, c.instruments * words_of(c), sizeof(uint64_t))
    n.window_summary = <uint64_t*> carve(block, &at, c.instruments, sizeof(uint64_t))
    n.touched = <uint32_t*> carve(block, &at, c.instruments, sizeof(uint32_t))
    n.account_texts = <AccountText*> carve(block, &at, c.accounts, sizeof(AccountText))
    n.account_names = <uint32_t*> carve(block, &at, table_size(c.accounts), sizeof(uint32_t))
    n.instrument_names = <uint32_t*> carve(block, &at, table_size(c.instruments), sizeof(uint32_t))
    n.position_log = <uint32_t*> carve(block, &at, c.positions, sizeof(uint32_t))
    for k in range(3):
        n.id_index[k] = <uint32_t*> carve(block, &at, table_size(c.id_window), sizeof(uint32_t))
    for k in range(2):
        n.id_logs[k] = <IdEntry*> carve(block, &at, c.id_window, sizeof(IdEntry))
    return at


cdef void move(Market* m, Pools* n, const Capacities* c) noexcept nogil:
    """Copy what is used into new pools of the same window and id sizes. Positions go by themselves."""
    cdef size_t top = m.instrument_top
    cdef uint32_t k
    memcpy(n.accounts, m.accounts, m.account_top * sizeof(Account))
    memcpy(n.account_texts, m.account_texts, m.account_top * sizeof(AccountText))
    memcpy(n.instruments, m.instruments, top * sizeof(Instrument))
    memcpy(n.windows, m.windows, top * m.window_pages * sizeof(uint32_t))
    memcpy(n.window_bits, m.window_bits, top * m.window_words * sizeof(uint64_t))
    memcpy(n.window_summary, m.window_summary, top * sizeof(uint64_t))
    memcpy(n.orders, m.orders, (<size_t> m.order_top + 1) * sizeof(Order))
    memcpy(n.pages, m.pages, (<size_t> m.page_top + 1) * sizeof(Page))
    for k in range(3):
        memcpy(n.id_index[k], m.id_index[k], (m.id_mask + 1) * sizeof(uint32_t))
    for k in range(2):
        memcpy(n.id_logs[k], m.id_logs[k], <size_t> m.id_window * sizeof(IdEntry))


cdef void move_positions(Market* m, Pools* n) noexcept nogil:
    """Put the positions into the new table in the order of their creation; then resting orders find theirs anew.

    m has the new table already, n the old one.
    """
    cdef Position* p
    cdef Order* o
    cdef uint32_t k, place
    for k in range(m.position_count):
        p = &n.positions[n.position_log[k]]
        place = position_place(m, p.account, p.instrument)
        m.positions[place] = p[0]
        m.position_log[k] = place
    for k in range(1, m.order_top + 1):
        o = &m.orders[k]
        if o.level:
            o.position = position_place(m, o.account, o.instrument)


cdef void install(Market* m, const Pools* n, const Capacities* c) noexcept nogil:
    cdef uint32_t k
    m.accounts = n.accounts
    m.account_texts = n.account_texts
    m.account_names = n.account_names
    m.account_names_mask = <uint32_t> (table_size(c.accounts) - 1)
    m.account_capacity = <uint32_t> c.accounts
    m.instruments = n.instruments
    m.instrument_names = n.instrument_names
    m.instrument_names_mask = <uint32_t> (table_size(c.instruments) - 1)
    m.instrument_capacity = <uint32_t> c.instruments
    m.windows = n.windows
    m.window_bits = n.window_bits
    m.window_summary = n.window_summary
    m.window_pages = <uint32_t> c.window_pages
    m.window_words = words_of(c)
    m.touched = n.touched
    m.orders = n.orders
    m.order_capacity = <uint32_t> c.orders
    m.pages = n.pages
    m.page_capacity = <uint32_t> c.pages
    m.positions = n.positions
    m.position_log = n.position_log
    m.position_mask = table_size(c.positions) - 1
    m.position_capacity = <uint32_t> c.positions
    for k in range(3):
        m.id_index[k] = n.id_index[k]
    for k in range(2):
        m.id_logs[k] = n.id_logs[k]
    m.id_window = <uint32_t> c.id_window
    m.id_mask = table_size(c.id_window) - 1
    m.id_sweep = <uint32_t> ((m.id_mask + m.id_window) // m.id_window)
    m.id_number_mask = 1
    while m.id_number_mask < m.id_window:
        m.id_number_mask = m.id_number_mask * 2 + 1


cdef void list_names(Market* m) noexcept nogil:
    cdef uint32_t k
    for k in range(m.account_top):
        if m.accounts[k].is_set:
            add_name(m, True, k)
    for k in range(m.instrument_top):
        if m.instruments[k].is_set:
            add_name(m, False, k)


cdef bint reserve(Market* m, const Capacities* c) noexcept nogil:
    cdef Pools n
    cdef Pools old
    cdef size_t size = lay_out(&n, NULL, c)
    cdef char* block = <char*> calloc(size + BLOCK, 1)
    if block == NULL:
        return False
    lay_out(&n, block + (BLOCK - <size_t> block % BLOCK), c)
    if m.configured:
        move(m, &n, c)
    old.positions = m.positions
    old.position_log = m.position_log
    install(m, &n, c)
    if m.configured:
        move_positions(m, &old)
        list_names(m)
    else:
        m.id_epoch = 1
        m.configured = True
    free(m.block)
    m.block = block
    m.block_size = size + BLOCK
    return True


cdef size_t touch_all(Market* m) noexcept nogil:
    cdef size_t at = 0
    while at < m.block_size:
        touch_page(m.block + at)
        at += SMALLEST_PAGE
    return m.block_size


cdef bint start_buffers(Market* m) noexcept nogil:
    m.event_room = m.data_room = FIRST_ROOM
    m.events = <Event*> malloc(FIRST_ROOM * sizeof(Event))
    m.data = <MarketData*> malloc(FIRST_ROOM * sizeof(MarketData))
    return m.events != NULL and m.data != NULL


cdef void release(Market* m) noexcept nogil:
    cdef uint32_t k
    for k in range(m.instrument_top):
        free(m.instruments[k].far)
    free(m.block)
    free(m.events)
    free(m.data)
