"""The deterministic core: commands in, events out. See docs/core.md."""

import hashlib

from libc.stdint cimport int64_t, uint32_t, uint64_t
from libc.stdlib cimport free
from libc.string cimport memset

from cpython.buffer cimport PyBUF_READ, PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport (
    PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_FromStringAndSize, PyBytes_GET_SIZE, _PyBytes_Resize,
)
from cpython.memoryview cimport PyMemoryView_FromMemory
from cpython.ref cimport Py_INCREF, Py_XDECREF, PyObject

from ext.batch cimport FINE, NOT_CONFIGURE, TRUNCATED, UNKNOWN_KIND, WRONG_SEQ, Fault, apply_all, apply_single
from ext.bits cimport likely, unlikely
from ext.borrow.rows cimport borrow_rows, due_rows, locate_rows, rate_rows
from ext.busts cimport amendment_rows, preview_of
from ext.cash.rows cimport cash_rows, unpaid_rows, violation_rows
from ext.daytrading.rows cimport day_trader_rows
from ext.desks.rows cimport desk_rows, limit_rows, member_rows
from ext.extension cimport next_end
from ext.keys.rows cimport key_rows
from ext.fees cimport fee_rows
from ext.house cimport house_rows
from ext.layout cimport HAS_TICKS, InstrumentText, Market, Records, TICK_STEPS
from ext.margin.preview cimport preview_of_order
from ext.margin.rows cimport exposure_rows, margin_rows, risk_rows
from ext.margin.standing cimport standing_rows
from ext.memory cimport release, touch_all
from ext.rows cimport (
    account_rows, book_records, depth_rows, instrument_rows, orders_of_account, orders_of_book, orders_of_market,
    position_rows,
)
from ext.snapshot cimport load, save
from ext.timers cimport timer_rows
from ext.withdrawals cimport withdrawal_rows
from ext.wire cimport *

cdef extern from "<stdlib.h>":
    void* aligned_alloc(size_t alignment, size_t size) noexcept

cdef enum:
    HASH_BYTES = 16
    LINE = 64             # bytes of a cache line
    FIRST_ROOM = 1024     # records a buffer has room for; a larger batch makes it larger
    WORTH_LETTING_GO = 4096  # bytes of commands; fewer take less time than to let other threads run and come back
    WORTH_A_COPY = 4096   # bytes; from there on handing the buffer over costs less


cdef PyObject* new_buffer(Records* r, size_t size) except NULL:
    """Bytes to be written into."""
    cdef bytes fresh = PyBytes_FromStringAndSize(NULL, <Py_ssize_t> size)
    Py_INCREF(fresh)
    r.begin = r.at = PyBytes_AS_STRING(fresh)
    r.end = r.begin + size
    return <PyObject*> fresh


cdef bytes take(PyObject** buffer, Records* r, size_t record):
    """What was written so far: a copy where it is little, else the buffer itself, with a new one in its place."""
    cdef size_t size = r.at - r.begin
    cdef size_t room = r.end - r.begin
    cdef bytes taken
    if r.spill == NULL and size <= WORTH_A_COPY:
        r.at = r.begin
        return PyBytes_FromStringAndSize(r.begin, <Py_ssize_t> size)
    if r.spill == NULL and room > FIRST_ROOM * record and size * 16 < room:
        room //= 2  # it was an exception that needed so much
    if r.spill != NULL:
        taken = PyBytes_FromStringAndSize(r.spill, <Py_ssize_t> size)
        fresh = new_buffer(r, room)
        free(r.spill)
        r.spill = NULL
    else:
        fresh = new_buffer(r, room)
        _PyBytes_Resize(buffer, <Py_ssize_t> size)
        taken = <bytes> buffer[0]
    Py_XDECREF(buffer[0])
    buffer[0] = fresh
    return taken


cdef tuple records_of(const Records* r, size_t record):
    """How many records there are, and for how many there is room."""
    return (r.at - r.begin) // record, (r.end - r.begin) // record


cdef class Core:
    """One market's state. Not for use by several threads at once."""

    cdef Market* market  # begins with a cache line: where it lies must not decide how quick it is
    cdef PyObject* events  # bytes that events are written into; they are handed out cut to what is in them
    cdef PyObject* data

    def __cinit__(self):
        cdef Market* m = <Market*> aligned_alloc(LINE, (sizeof(Market) + LINE - 1) // LINE * LINE)
        if m == NULL:
            raise MemoryError("no memory for a market")
        memset(m, 0, sizeof(Market))
        self.market = m
        self.events = new_buffer(&m.events, FIRST_ROOM * sizeof(Event))
        self.data = new_buffer(&m.data, FIRST_ROOM * sizeof(MarketData))

    def __dealloc__(self):
        if self.market != NULL:
            release(self.market)
            free(self.market)
        Py_XDECREF(self.events)
        Py_XDECREF(self.data)

    def apply(self, commands, bint market_data=False):
        """Apply whole command records that lie back to back, and return their number.

        `commands`: bytes or any contiguous buffer; OrderCommands of 64 bytes and AdminCommands of 256, in the order of
        their seq. `market_data`: also write MarketData and Top records. Raises ValueError, and applies nothing, when a
        record is cut off or of an unknown kind, when seq does not go on from the last one by 1, when ts_ns falls, or
        when something else comes before the first CONFIGURE that is accepted. Raises MemoryError when a CONFIGURE asks
        for more memory than there is; what came before it is applied then.
        """
        cdef Py_buffer view
        if PyBytes_CheckExact(commands):
            return self.run(PyBytes_AS_STRING(commands), <size_t> PyBytes_GET_SIZE(commands), market_data)
        PyObject_GetBuffer(commands, &view, PyBUF_SIMPLE)
        try:
            return self.run(<const char*> view.buf, <size_t> view.len, market_data)
        finally:
            PyBuffer_Release(&view)

    def apply_one(self, command, /):
        """Apply one OrderCommand without market data: as `apply`, and the quickest way for an order a call."""
        cdef Market* m = self.market
        if likely(PyBytes_CheckExact(command) and PyBytes_GET_SIZE(command) == sizeof(OrderCommand)):
            m.want_data = False
            if likely(apply_single(m, <const OrderCommand*> PyBytes_AS_STRING(command))):
                return 1
        return self.apply(command)

    cdef run(self, const char* data, size_t size, bint market_data):
        cdef Market* m = self.market
        cdef size_t done = 0
        cdef int64_t count = 0
        cdef Fault fault
        m.want_data = market_data
        if size <= WORTH_LETTING_GO:
            fault = apply_all(m, data, size, &done, &count)
        else:
            with nogil:
                fault = apply_all(m, data, size, &done, &count)
        if unlikely(fault != FINE):
            raise ValueError(self.words_for(fault, data, size, done, count))
        if unlikely(done < size):
            raise MemoryError(f"no memory for the capacities of CONFIGURE, command {m.seq + 1}")
        return count

    cdef words_for(self, Fault fault, const char* data, size_t size, size_t at, int64_t count):
        """What is wrong with the command at a byte of a buffer."""
        cdef const OrderCommand* c = <const OrderCommand*> (data + at)
        where = f"command {count} of the buffer, at byte {at:,}"
        if fault == TRUNCATED:
            return f"{where}: only {size - at} bytes are left, not a whole record"
        if fault == UNKNOWN_KIND:
            return f"{where}: kind {c.kind} is unknown"
        if fault == WRONG_SEQ:
            return f"{where}: seq must be {self.market.seq + <uint64_t> count + 1}, got {c.seq}"
        if fault == NOT_CONFIGURE:
            return f"{where}: CONFIGURE ({COMMAND_KIND_CONFIGURE}) must come first, got kind {c.kind}"
        return f"{where}: ts_ns must not fall, got {c.ts_ns}"

    def take_events(self):
        """The Event records (80 bytes each) since the last time."""
        return take(&self.events, &self.market.events, sizeof(Event))

    def take_market_data(self):
        """The MarketData and Top records (64 bytes each) since the last time."""
        return take(&self.data, &self.market.data, sizeof(MarketData))

    def view_market_data(self):
        """As take_market_data, without a copy: a memoryview that is good until the next call of this core."""
        cdef Records* r = &self.market.data
        cdef Py_ssize_t size = r.at - r.begin
        r.at = r.begin
        return PyMemoryView_FromMemory(r.begin, size, PyBUF_READ)

    @property
    def seq(self):
        """Number of the last command applied; 0 before the first."""
        return self.market.seq

    @property
    def ts_ns(self):
        """Time of the last command applied."""
        return self.market.ts_ns

    @property
    def call_ends_ns(self):
        """When the next call ends, its random end included: a TICK is due then. 2**63 - 1: none does by itself."""
        return next_end(self.market)

    cdef uint32_t account_of(self, account) except? 0xFFFFFFFF:
        cdef int64_t id = account
        if not (0 <= id < self.market.account_top and self.market.accounts[id].is_set):
            raise ValueError(f"account {account} is not set up")
        return <uint32_t> id

    cdef uint32_t instrument_of(self, instrument) except? 0xFFFFFFFF:
        cdef int64_t id = instrument
        if not (0 <= id < self.market.instrument_top and self.market.instruments[id].is_set):
            raise ValueError(f"instrument {instrument} is not set up")
        return <uint32_t> id

    def orders(self, account=None, instrument=None):
        """OrderRow records of the live orders, of one account, of one instrument, or of both.

        Of an account newest accepted first; else by instrument, bids best first, then offers, each in the order of its
        queue. Raises ValueError for an account or instrument that is not set up.
        """
        cdef uint32_t id
        if account is not None:
            id = self.account_of(account)
            return orders_of_account(self.market, id, ANY if instrument is None else self.instrument_of(instrument))
        if instrument is not None:
            return orders_of_book(self.market, self.instrument_of(instrument))
        return orders_of_market(self.market)

    def accounts(self):
        """AccountRow records, ids ascending."""
        return account_rows(self.market)

    def positions(self, account=None):
        """PositionRow records in the order of their creation. Raises ValueError for an account that is not set up."""
        return position_rows(self.market, ANY if account is None else self.account_of(account))

    def instruments(self):
        """InstrumentRow records, ids ascending."""
        return instrument_rows(self.market)

    def amendments(self):
        """AmendmentRow records of the trades that were busted or corrected, in the order in which they first were."""
        return amendment_rows(self.market)

    def house(self):
        """HouseRow records of the balances of the house that are not 0, by currency as listed and HouseAccount."""
        return house_rows(self.market)

    def fees(self):
        """FeeRow records of the components of the plans of fees, by plan and component."""
        return fee_rows(self.market)

    def withdrawals(self):
        """WithdrawalRow records of the withdrawals that are on their way, by account and number."""
        return withdrawal_rows(self.market)

    def risk(self, account=None):
        """RiskRow records of the accounts that are watched, ids ascending, or of one, if it is. Raises ValueError for
        one that is not set up."""
        return risk_rows(self.market, ANY if account is None else self.account_of(account))

    def exposures(self, account=None):
        """ExposureRow records in the order of positions. Raises ValueError for an account that is not set up."""
        return exposure_rows(self.market, ANY if account is None else self.account_of(account))

    def standings(self, bytes accounts not None):
        """Of these accounts (u32 ids) that are watched: AccountRow and RiskRow records in the order given, PositionRow
        and ExposureRow records of their positions that are not 0, by account as given and instrument."""
        cdef const uint32_t* ids = <const uint32_t*> PyBytes_AS_STRING(accounts)
        if len(accounts) % sizeof(uint32_t):
            raise ValueError(f"{len(accounts)} bytes are no whole ids of accounts")
        return standing_rows(self.market, ids, len(accounts) // sizeof(uint32_t))

    def margins(self):
        """MarginRow records of the instruments, ids ascending."""
        return margin_rows(self.market)

    def desks(self):
        """DeskRow records of the desks and what they measure, by id."""
        return desk_rows(self.market)

    def members(self):
        """MemberRow records of the accounts that are in a desk, by id."""
        return member_rows(self.market)

    def limits(self):
        """LimitRow records of all limits, of accounts by id, then of desks by id, then of keys by number."""
        return limit_rows(self.market)

    def keys(self):
        """KeyRow records of the keys and what they have in the market, by number."""
        return key_rows(self.market)

    @property
    def risk_settings(self):
        """value0 to value2 of SET_RISK that are in force: steps of a TICK, bounds of ALERT and LIQUIDATION."""
        return self.market.sweep.units, self.market.sweep.alert, self.market.sweep.liquidation

    @property
    def sweeping(self):
        """Whether the last TICK may have left marks to take, having done as much as SET_RISK lets it."""
        return self.market.sweep.is_used_up != 0

    @property
    def settle_date(self):
        """The last business day that SETTLE ended, as YYYYMMDD; 0 before the first."""
        return self.market.settle_date

    def preview(self, command):
        """What an AmendCommand would do now: its Event records, and the AccountRow and PositionRow records of its
        accounts after it (one where buyer and seller are the same). Changes nothing. Raises ValueError for anything but
        one AmendCommand, and before the first CONFIGURE."""
        cdef const AdminCommand* c
        cdef bytes data = bytes(command)
        c = <const AdminCommand*> PyBytes_AS_STRING(data)
        if len(data) != sizeof(AdminCommand) or not self.market.configured or not (
                COMMAND_KIND_BUST_TRADE <= c.kind <= COMMAND_KIND_CORRECT_TRADE):
            raise ValueError("only a BUST_TRADE or CORRECT_TRADE can be previewed, of a market that is configured")
        return preview_of(self.market, c)

    def preview_order(self, command):
        """What a NEW_ORDER or NEW_SPECIAL would do now: its ACCEPTED or REJECTED, and the RiskRow of its account as it
        is and with the order's lots among the open ones. Changes nothing. Raises ValueError for anything but one such
        command, and before the first CONFIGURE."""
        cdef const OrderCommand* c
        cdef bytes data = bytes(command)
        cdef size_t size = len(data)
        c = <const OrderCommand*> PyBytes_AS_STRING(data)
        if not self.market.configured or size < sizeof(OrderCommand) or not (
                (c.kind == COMMAND_KIND_NEW_ORDER and size == sizeof(OrderCommand))
                or (c.kind == COMMAND_KIND_NEW_SPECIAL and size == sizeof(SpecialCommand))):
            raise ValueError("only a NEW_ORDER or NEW_SPECIAL can be previewed, of a market that is configured")
        return preview_of_order(self.market, c)

    def borrows(self):
        """BorrowRow records of the instruments, by id."""
        return borrow_rows(self.market)

    def locates(self):
        """LocateRow records of the positions with located lots, in order of creation."""
        return locate_rows(self.market)

    def rates(self):
        """RateRow records of the currencies whose interest was set, in the order of their list."""
        return rate_rows(self.market)

    def dues(self):
        """DueRow records of the positions to which a dividend is due, in order of creation."""
        return due_rows(self.market)

    def cash(self):
        """CashRow records of the accounts with a CashRule, ids ascending."""
        return cash_rows(self.market)

    def unpaid(self):
        """UnpaidRow records of the positions with lots that are not paid for, in order of creation."""
        return unpaid_rows(self.market)

    def violations(self):
        """ViolationRow records of what counts, by account, oldest first."""
        return violation_rows(self.market)

    def day_traders(self):
        """DayTradeRow records of the accounts with a DayTradeRule, ids ascending."""
        return day_trader_rows(self.market)

    @property
    def day_trade_settings(self):
        """value0 to value3 of SET_DAY_TRADES in force: day trades, days that count, share of trades, least equity."""
        cdef Market* m = self.market
        return m.day.least, m.day.earlier_days + 1, m.day.share, m.day.least_equity

    @property
    def cash_settings(self):
        """value5 to value7 of SET_RISK that are in force: violations, days that one counts, days of a restriction."""
        return self.market.cash.most, self.market.cash.span_days, self.market.cash.restriction_days

    @property
    def accrue_date(self):
        """The last day whose interest was charged, as YYYYMMDD; 0 before the first."""
        return self.market.borrowing.accrue_date

    def timers(self):
        """TimerRow records of the guards of orders, by account and session."""
        return timer_rows(self.market)

    @property
    def timer_ns(self):
        """When the next dead-man timer fires: a TICK of that time or later cancels; 0: none is armed."""
        cdef const Market* m = self.market
        return m.timers.rows[m.timers.heap[0]].deadline_ns if m.timers.armed else 0

    def tick_size(self, instrument):
        """Raises ValueError."""
        return self.market.instruments[<uint32_t> self.instrument_of(instrument)].tick_size

    def ticks(self, instrument):
        """Its table of ticks by price: (price from which on, tick) of each step; empty: tick_size holds for all. Raises
        ValueError."""
        cdef const InstrumentText* text = &self.market.instrument_texts[<uint32_t> self.instrument_of(instrument)]
        if not self.market.instruments[<uint32_t> self.instrument_of(instrument)].way & HAS_TICKS:
            return []
        return [(text.tick_prices[k], text.tick_sizes[k]) for k in range(<int> TICK_STEPS) if text.tick_sizes[k]]

    def depth(self, instrument, levels):
        """Depth records: at most `levels` of the bids, best first, then of the offers. Raises ValueError."""
        if levels < 0:
            raise ValueError(f"levels must be at least 0, got {levels}")
        return depth_rows(self.market, self.instrument_of(instrument), levels)

    def book(self, instrument):
        """The book as MarketData ADD records in priority order: bids, then offers. Raises ValueError."""
        return book_records(self.market, self.instrument_of(instrument))

    def stats(self):
        """Use and capacity of each pool: {pool: {"used", "capacity"}}. Event buffers grow by themselves."""
        cdef Market* m = self.market
        cdef uint64_t accounts = 0
        cdef uint64_t instruments = 0
        cdef uint64_t desks = 0
        cdef uint32_t k
        for k in range(1, m.desks.capacity + 1):
            desks += m.desks.rows[k].is_set
        for k in range(m.account_top):
            accounts += m.accounts[k].is_set
        for k in range(m.instrument_top):
            instruments += m.instruments[k].is_set
        pools = {
            "accounts": (accounts, m.account_capacity),
            "instruments": (instruments, m.instrument_capacity),
            "orders": (m.order_live, m.order_capacity),
            "pages": (m.page_live, m.page_capacity),
            "positions": (m.position_count, m.position_capacity),
            "ids": (m.id_count, m.id_window),
            "amendments": (m.amendment_count, m.amendment_capacity),
            "timers": (m.timers.count, m.timers.capacity),
            "withdrawals": (m.withdrawal_count, m.withdrawal_capacity),
            "desks": (desks, m.desks.capacity),
            "limits": (m.desks.place_count, m.desks.place_capacity),
            "events": records_of(&m.events, sizeof(Event)),
            "market_data": records_of(&m.data, sizeof(MarketData)),
        }
        return {name: {"used": used, "capacity": capacity} for name, (used, capacity) in pools.items()}

    def touch_memory(self):
        """Have the system give all memory of the capacities now, so that no command waits for it; returns its bytes.

        Without this, memory that was never used yet is given when it is first written. State does not change.
        """
        cdef size_t size
        with nogil:
            size = touch_all(self.market)
        return size

    def snapshot(self):
        """The whole state as bytes, for `restore`. Events not taken yet are not part of it."""
        return save(self.market)

    @staticmethod
    def restore(snapshot):
        """A core that goes on exactly as the one that wrote this snapshot would. Raises ValueError, MemoryError."""
        cdef Core core = Core()
        cdef Py_buffer view
        PyObject_GetBuffer(snapshot, &view, PyBUF_SIMPLE)
        try:
            load(core.market, <const char*> view.buf, <size_t> view.len)
        finally:
            PyBuffer_Release(&view)
        return core

    def state_hash(self):
        """BLAKE2b-128 of the snapshot, in hexadecimal."""
        return hashlib.blake2b(save(self.market), digest_size=HASH_BYTES).hexdigest()
