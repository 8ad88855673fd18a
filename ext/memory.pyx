"""The market's memory: one block, laid out anew by each CONFIGURE.

It is taken before anything changes, so without memory the market stays as it was. The system gives its pages when they
are first written, so capacity that nobody uses costs nothing; `touch_all` has it give them now, and no event waits for
one later. Only the far pages of books (levels.pxd) and the buffers of events lie elsewhere and grow.
"""

from libc.stdint cimport int64_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy, memset

from ext.bits cimport touch_page
from ext.borrow.layout cimport Claim, Dues, Lending
from ext.cash.layout cimport CashAccount, Unpaid
from ext.daytrading.layout cimport DayPosition, DayTrader
from ext.desks.layout cimport Ground, Listing, Measure, Repeats, Stretch
from ext.desks.settings cimport release_desks
from ext.ids cimport ID_BLOCK, TAG_OF_ACCOUNT, open_generation
from ext.keys.layout cimport KEYS, Key, KeyedOrder
from ext.layout cimport (
    Account, AccountMore, Basis, Chain, Charge, Exposure, Extra, HAS_CASH_RULE, HAS_DAY_RULE, IdEntry, Instrument,
    InstrumentText, Level, Link, Margin, Market, OF_KEY, Order, PLANS, Page, Plan, Position, Tide, Tie, Unseen,
    Worth,
)
from ext.ledger cimport DENSE_CELLS, POSITION_BUCKET, index_position
from ext.names cimport ACCOUNTS, INSTRUMENTS, add_name
from ext.wire cimport AmendmentRow
from ext.timers cimport release_timers

cdef extern from *:
    """
    #include <sys/mman.h>
    /* Advice only: where the system has no huge pages, or gives none, memory stays as it is. */
    static void ob_want_huge_pages(void *at, size_t size) {
    #ifdef MADV_HUGEPAGE
        madvise(at, size, MADV_HUGEPAGE);
    #endif
    }
    """
    void want_huge_pages "ob_want_huge_pages"(void* at, size_t size) noexcept nogil

cdef enum:
    LEVELS_A_PAGE = 64
    LINE = 64             # bytes of a cache line: every pool begins with one
    BLOCK = 2 * 1024 * 1024  # the pools begin with a huge page, where the system has such
    SMALLEST_PAGE = 4096  # of memory


cdef struct Pools:
    Account* accounts
    AccountMore* account_more
    uint32_t* account_names
    Instrument* instruments
    InstrumentText* instrument_texts
    uint32_t* instrument_names
    uint32_t* windows
    uint64_t* window_bits
    uint64_t* window_summary
    uint32_t* touched
    Order* orders
    Link* links
    Page* pages
    Level* levels
    Position* positions
    Basis* bases
    uint32_t* position_index
    IdEntry* id_logs[2]
    uint32_t* id_slots[2]
    uint32_t* id_indexes[3]
    Unseen* unseen
    uint32_t* moved
    AmendmentRow* amendments
    Extra* extras
    Tie* ties
    Tide* tides
    Plan* plans
    Charge* charges
    Exposure* exposures
    Chain* chains
    Margin* margins
    Worth* worths
    uint32_t* stale
    uint32_t* moved_accounts
    uint16_t* desks_of_account
    Measure* measures
    Ground* grounds
    Stretch* stretches
    Listing* listings
    Repeats* repeats
    Claim* claims
    Lending* lendings
    Dues* dues
    CashAccount* cash_accounts
    Unpaid* unpaid
    DayTrader* day_traders
    DayPosition* day_positions
    Key* keys
    KeyedOrder* keyed_orders


cdef uint64_t table_size(int64_t entries) noexcept nogil:
    """The places of a hash table at most half full."""
    cdef uint64_t size = 16
    while size < <uint64_t> entries * 2:
        size *= 2
    return size


cdef uint32_t mask_above(int64_t largest) noexcept nogil:
    """The bits that numbers up to the largest take."""
    cdef uint32_t mask = 1
    while mask < largest:
        mask = mask * 2 + 1
    return mask


cdef uint32_t position_buckets(const Capacities* c) noexcept nogil:
    """0 where the index is a table; else as many as positions: four cells each, of which a quarter may be in use."""
    return 0 if c.accounts * c.instruments <= DENSE_CELLS else <uint32_t> c.positions


cdef uint64_t position_cells(const Capacities* c) noexcept nogil:
    cdef uint64_t buckets = position_buckets(c)
    return buckets * POSITION_BUCKET if buckets else <uint64_t> (c.accounts * c.instruments)


cdef uint32_t id_blocks(const Capacities* c) noexcept nogil:
    """Cache lines of an index of ids, at most a quarter full: a probe that misses costs more than the memory."""
    return <uint32_t> ((4 * c.id_window + ID_BLOCK - 1) // ID_BLOCK)


cdef uint32_t id_stride(uint32_t blocks) noexcept nogil:
    """Cells from one to try to the next: about 0.38 of an index further, and without a common divisor with it."""
    cdef uint32_t stride = (blocks // 8 * 3 + 1) * ID_BLOCK + 1
    cdef uint32_t a, b
    while True:
        a = blocks
        b = stride % blocks
        while b:
            a, b = b, a % b
        if a == 1:
            return stride % (blocks * ID_BLOCK)
        stride += ID_BLOCK


cdef uint64_t id_factor(uint32_t blocks) noexcept nogil:
    """A block further with each account, and another tag."""
    return (((<uint64_t> 1 << 32) + blocks - 1) // blocks << 32) + TAG_OF_ACCOUNT


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
    n.links = <Link*> carve(block, &at, c.orders + 1, sizeof(Link))
    n.positions = <Position*> carve(block, &at, c.positions + 1, sizeof(Position))
    n.bases = <Basis*> carve(block, &at, c.positions + 1, sizeof(Basis))
    n.position_index = <uint32_t*> carve(block, &at, position_cells(c), sizeof(uint32_t))
    n.instruments = <Instrument*> carve(block, &at, c.instruments, sizeof(Instrument))
    n.levels = <Level*> carve(block, &at, (c.pages + 1) * LEVELS_A_PAGE, sizeof(Level))
    n.pages = <Page*> carve(block, &at, c.pages + 1, sizeof(Page))
    n.windows = <uint32_t*> carve(block, &at, c.instruments * c.window_pages, sizeof(uint32_t))
    n.window_bits = <uint64_t*> carve(block, &at, c.instruments * words_of(c), sizeof(uint64_t))
    n.window_summary = <uint64_t*> carve(block, &at, c.instruments, sizeof(uint64_t))
    n.touched = <uint32_t*> carve(block, &at, c.instruments, sizeof(uint32_t))
    n.instrument_texts = <InstrumentText*> carve(block, &at, c.instruments, sizeof(InstrumentText))
    n.account_more = <AccountMore*> carve(block, &at, c.accounts, sizeof(AccountMore))
    n.account_names = <uint32_t*> carve(block, &at, table_size(c.accounts), sizeof(uint32_t))
    n.instrument_names = <uint32_t*> carve(block, &at, table_size(c.instruments), sizeof(uint32_t))
    for k in range(3):
        n.id_indexes[k] = <uint32_t*> carve(block, &at, id_blocks(c) * ID_BLOCK, sizeof(uint32_t))
    for k in range(2):
        n.id_slots[k] = <uint32_t*> carve(block, &at, c.id_window + 1, sizeof(uint32_t))
        n.id_logs[k] = <IdEntry*> carve(block, &at, c.id_window, sizeof(IdEntry))
    n.unseen = <Unseen*> carve(block, &at, c.instruments, sizeof(Unseen))
    n.moved = <uint32_t*> carve(block, &at, c.instruments, sizeof(uint32_t))
    n.amendments = <AmendmentRow*> carve(block, &at, c.amendments, sizeof(AmendmentRow))
    n.exposures = <Exposure*> carve(block, &at, c.positions + 1, sizeof(Exposure))
    n.chains = <Chain*> carve(block, &at, c.instruments, sizeof(Chain))
    n.margins = <Margin*> carve(block, &at, c.instruments, sizeof(Margin))
    n.worths = <Worth*> carve(block, &at, c.accounts, sizeof(Worth))
    n.stale = <uint32_t*> carve(block, &at, c.positions, sizeof(uint32_t))
    n.moved_accounts = <uint32_t*> carve(block, &at, c.accounts, sizeof(uint32_t))
    n.desks_of_account = <uint16_t*> carve(block, &at, c.accounts, sizeof(uint16_t))
    n.measures = <Measure*> carve(block, &at, c.accounts, sizeof(Measure))
    n.grounds = <Ground*> carve(block, &at, c.accounts, sizeof(Ground))
    n.stretches = <Stretch*> carve(block, &at, c.positions + 1, sizeof(Stretch))
    n.listings = <Listing*> carve(block, &at, c.instruments, sizeof(Listing))
    n.lendings = <Lending*> carve(block, &at, c.instruments, sizeof(Lending))
    n.dues = <Dues*> carve(block, &at, c.accounts, sizeof(Dues))
    n.plans = <Plan*> carve(block, &at, PLANS, sizeof(Plan))
    n.keys = <Key*> carve(block, &at, KEYS, sizeof(Key))
    n.extras = <Extra*> carve(block, &at, c.orders + 1, sizeof(Extra))  # from here on: see touch_all
    n.ties = <Tie*> carve(block, &at, c.orders + 1, sizeof(Tie))
    n.tides = <Tide*> carve(block, &at, c.orders + 1, sizeof(Tide))
    n.charges = <Charge*> carve(block, &at, c.orders + 1, sizeof(Charge))
    n.repeats = <Repeats*> carve(block, &at, c.accounts, sizeof(Repeats))
    n.claims = <Claim*> carve(block, &at, c.positions + 1, sizeof(Claim))
    n.cash_accounts = <CashAccount*> carve(block, &at, c.accounts, sizeof(CashAccount))
    n.unpaid = <Unpaid*> carve(block, &at, c.positions + 1, sizeof(Unpaid))
    n.day_traders = <DayTrader*> carve(block, &at, c.accounts, sizeof(DayTrader))
    n.day_positions = <DayPosition*> carve(block, &at, c.positions + 1, sizeof(DayPosition))
    n.keyed_orders = <KeyedOrder*> carve(block, &at, c.orders + 1, sizeof(KeyedOrder))
    return at


cdef void move(Market* m, Pools* n, const Capacities* c) noexcept nogil:
    """Copy what is used into new pools of the same window and id sizes."""
    cdef size_t top = m.instrument_top
    cdef uint32_t k
    memcpy(n.accounts, m.accounts, m.account_top * sizeof(Account))
    memcpy(n.account_more, m.account_more, m.account_top * sizeof(AccountMore))
    memcpy(n.instruments, m.instruments, top * sizeof(Instrument))
    memcpy(n.instrument_texts, m.instrument_texts, top * sizeof(InstrumentText))
    memcpy(n.windows, m.windows, top * m.window_pages * sizeof(uint32_t))
    memcpy(n.window_bits, m.window_bits, top * m.window_words * sizeof(uint64_t))
    memcpy(n.window_summary, m.window_summary, top * sizeof(uint64_t))
    memcpy(n.orders, m.orders, (<size_t> m.order_top + 1) * sizeof(Order))
    memcpy(n.positions, m.positions, (<size_t> m.position_count + 1) * sizeof(Position))
    memcpy(n.bases, m.bases, (<size_t> m.position_count + 1) * sizeof(Basis))
    memcpy(n.links, m.links, (<size_t> m.order_top + 1) * sizeof(Link))
    memcpy(n.unseen, m.unseen, top * sizeof(Unseen))
    memcpy(n.amendments, m.amendments, m.amendment_count * sizeof(AmendmentRow))
    for k in range(1, m.order_top + 1):  # not the memory of those that never were special
        if m.orders[k].special:
            n.extras[k] = m.extras[k]
            n.ties[k] = m.ties[k]
        if m.orders[k].special & OF_KEY:
            n.keyed_orders[k] = m.keys.orders[k]
    memcpy(n.tides, m.tides, (<size_t> m.tide_top + 1) * sizeof(Tide))
    memcpy(n.exposures, m.exposures, (<size_t> m.position_count + 1) * sizeof(Exposure))
    memcpy(n.chains, m.chains, top * sizeof(Chain))
    memcpy(n.margins, m.margins, top * sizeof(Margin))
    memcpy(n.worths, m.worths, m.account_top * sizeof(Worth))
    memcpy(n.stale, m.stale, m.stale_count * sizeof(uint32_t))
    memcpy(n.moved_accounts, m.moved_accounts, m.moved_account_count * sizeof(uint32_t))
    memcpy(n.desks_of_account, m.desks.of_account, m.account_top * sizeof(uint16_t))
    memcpy(n.measures, m.desks.measures, m.account_top * sizeof(Measure))
    memcpy(n.grounds, m.desks.grounds, m.account_top * sizeof(Ground))
    memcpy(n.stretches, m.desks.stretches, (<size_t> m.position_count + 1) * sizeof(Stretch))
    memcpy(n.listings, m.desks.listings, top * sizeof(Listing))
    for k in range(m.account_top):
        if m.desks.repeats[k].orders[0].is_set:
            n.repeats[k] = m.desks.repeats[k]
    memcpy(n.lendings, m.borrowing.lendings, top * sizeof(Lending))
    memcpy(n.dues, m.borrowing.dues, m.account_top * sizeof(Dues))
    for k in range(1, m.position_count + 1):
        if m.borrowing.claims[k].located or m.borrowing.claims[k].due:
            n.claims[k] = m.borrowing.claims[k]
    for k in range(m.account_top):
        if m.accounts[k].flags & HAS_CASH_RULE:
            n.cash_accounts[k] = m.cash.accounts[k]
        if m.accounts[k].flags & HAS_DAY_RULE:
            n.day_traders[k] = m.day.accounts[k]
    for k in range(1, m.position_count + 1):
        if m.accounts[<uint32_t> m.positions[k].key].flags & HAS_CASH_RULE:
            n.unpaid[k] = m.cash.unpaid[k]
        if m.accounts[<uint32_t> m.positions[k].key].flags & HAS_DAY_RULE:
            n.day_positions[k] = m.day.positions[k]
    memcpy(n.plans, m.plans, PLANS * sizeof(Plan))
    memcpy(n.keys, m.keys.rows, KEYS * sizeof(Key))
    memcpy(n.charges, m.charges, (<size_t> m.order_top + 1) * sizeof(Charge))
    memcpy(n.pages, m.pages, (<size_t> m.page_top + 1) * sizeof(Page))
    memcpy(n.levels, m.levels, (<size_t> m.page_top + 1) * LEVELS_A_PAGE * sizeof(Level))
    for k in range(3):
        memcpy(n.id_indexes[k], m.id_indexes[k], <size_t> m.id_blocks * ID_BLOCK * sizeof(uint32_t))
    for k in range(2):
        memcpy(n.id_slots[k], m.id_slots[k], (<size_t> m.id_window + 1) * sizeof(uint32_t))
        memcpy(n.id_logs[k], m.id_logs[k], <size_t> m.id_window * sizeof(IdEntry))


cdef void install(Market* m, const Pools* n, const Capacities* c) noexcept nogil:
    cdef uint32_t k
    m.accounts = n.accounts
    m.account_more = n.account_more
    m.account_names = n.account_names
    m.account_names_mask = <uint32_t> (table_size(c.accounts) - 1)
    m.account_capacity = <uint32_t> c.accounts
    m.instruments = n.instruments
    m.instrument_texts = n.instrument_texts
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
    m.links = n.links
    m.unseen = n.unseen
    m.moved = n.moved
    m.amendments = n.amendments
    m.amendment_capacity = <uint32_t> c.amendments
    m.extras = n.extras
    m.ties = n.ties
    m.tides = n.tides
    m.exposures = n.exposures
    m.chains = n.chains
    m.margins = n.margins
    m.worths = n.worths
    m.stale = n.stale
    m.moved_accounts = n.moved_accounts
    m.desks.of_account = n.desks_of_account
    m.desks.measures = n.measures
    m.desks.grounds = n.grounds
    m.desks.stretches = n.stretches
    m.desks.listings = n.listings
    m.desks.repeats = n.repeats
    m.borrowing.claims = n.claims
    m.borrowing.lendings = n.lendings
    m.borrowing.dues = n.dues
    m.cash.accounts = n.cash_accounts
    m.cash.unpaid = n.unpaid
    m.day.accounts = n.day_traders
    m.day.positions = n.day_positions
    m.keys.rows = n.keys
    m.keys.orders = n.keyed_orders
    m.plans = n.plans
    m.charges = n.charges
    m.order_capacity = <uint32_t> c.orders
    m.pages = n.pages
    m.levels = n.levels
    m.page_capacity = <uint32_t> c.pages
    m.positions = n.positions
    m.bases = n.bases
    m.position_index = n.position_index
    m.position_buckets = position_buckets(c)
    m.position_cells = position_cells(c)
    m.position_number_mask = mask_above(c.positions)
    m.position_capacity = <uint32_t> c.positions
    for k in range(3):
        m.id_indexes[k] = n.id_indexes[k]
    for k in range(2):
        m.id_slots[k] = n.id_slots[k]
        m.id_logs[k] = n.id_logs[k]
    m.id_window = <uint32_t> c.id_window
    m.id_blocks = id_blocks(c)
    m.id_stride = id_stride(m.id_blocks)
    m.id_factor = id_factor(m.id_blocks)
    m.id_sweep = (m.id_blocks * ID_BLOCK + m.id_window - 1) // m.id_window
    m.id_number_mask = mask_above(c.id_window)


cdef void go_on_with_ids(Market* m, uint32_t count) noexcept nogil:
    """The present generation in its new place, and the next index clean at once."""
    memset(m.id_indexes[(m.id_epoch + 1) % 3], 0, <size_t> m.id_blocks * ID_BLOCK * sizeof(uint32_t))
    open_generation(m, m.id_epoch)
    m.id_count = count
    m.id_turn = m.id_window


cdef void list_positions(Market* m) noexcept nogil:
    cdef uint32_t k
    for k in range(1, m.position_count + 1):
        index_position(m, k)


cdef void list_names(Market* m) noexcept nogil:
    cdef uint32_t k
    for k in range(m.account_top):
        if m.accounts[k].is_set:
            add_name(m, ACCOUNTS, k)
    for k in range(m.instrument_top):
        if m.instruments[k].is_set:
            add_name(m, INSTRUMENTS, k)


cdef bint reserve(Market* m, const Capacities* c) noexcept nogil:
    cdef Pools n
    cdef uint32_t ids = m.id_count
    cdef size_t size = lay_out(&n, NULL, c)
    cdef char* block = <char*> calloc(size + BLOCK, 1)
    cdef char* pools
    if block == NULL:
        return False
    pools = block + (BLOCK - <size_t> block % BLOCK)
    if size >= BLOCK:  # a market's memory is touched here and there: with small pages each touch needs its own address
        want_huge_pages(pools, size // BLOCK * BLOCK)
    lay_out(&n, pools, c)
    if m.configured:
        move(m, &n, c)
    install(m, &n, c)
    if m.configured:
        list_positions(m)
        list_names(m)
        go_on_with_ids(m, ids)
    else:
        open_generation(m, 1)
        m.configured = True
    free(m.block)
    m.block = block
    m.block_size = size + BLOCK
    return True


cdef size_t touch_all(Market* m) noexcept nogil:
    cdef size_t at = 0
    cdef size_t end = m.block_size
    if m.configured:  # special orders, fees, REPEATS, claims, rules, keys are given theirs as they come: as much again
        end = <char*> m.extras - m.block
    while at < end:
        touch_page(m.block + at)
        at += SMALLEST_PAGE
    return end


cdef void release(Market* m) noexcept nogil:
    cdef uint32_t k
    for k in range(m.instrument_top):
        free(m.instruments[k].far)
    free(m.block)
    free(m.withdrawals)
    release_timers(m)
    release_desks(m)
    free(m.events.spill)
    free(m.data.spill)
