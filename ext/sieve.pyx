"""Of market data, what those who watch over prices have to know (engine/volatility): trades added up by seconds, best
prices where they come to the bands or leave them, and the rest as it is.

A table of Followed, one an instrument by its id, belongs to the caller: he sets `what`, `tick` and `floor`, and `lower`
and `upper` anew where there is a table of ticks; all else is kept here. A record that changes what an instrument is
checked against ends a call, so that the table is then as of it. Trades are told before anything that comes after them,
and else when they are asked for, or one of another second comes.
"""

from cpython.buffer cimport PyBUF_SIMPLE, PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer
from libc.stddef cimport size_t
from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t

from ext.bits cimport likely
from ext.wire cimport (
    BOOK_KIND_BANDS, BOOK_KIND_CROSS, BOOK_KIND_EXECUTE, BOOK_KIND_HIDDEN_TRADE, BOOK_KIND_STATUS, BOOK_KIND_TIME,
    BOOK_KIND_TOP, DATA_FLAG_CROSS, DATA_FLAG_DAY_END, MarketData, Top,
)

BANDED, INDEXED, FLOORED = 1, 2, 4  # bits of `what`: Limit Up-Limit Down, in an index, told when it falls
LUMP, FALL = 64, 65  # kinds of notes beside those of BookKind
NOBODY = 0xFFFFFFFF
FOLLOWED_SIZE = sizeof(Followed)

cdef enum:
    IS_BANDED = 1
    IS_SUMMED = 3  # BANDED or INDEXED
    IS_FLOORED = 4
    NONE_PENDING = 0xFFFFFFFF

cdef extern from *:
    """
    #define OB_SIEVE_SECOND_NS 1000000000LL
    """
    const int64_t SECOND_NS "OB_SIEVE_SECOND_NS"


cdef struct Followed:
    int64_t tick        # tick_size
    int64_t lower       # the lowest price of a sell within the bands, and the highest of a buy; 0: no bands
    int64_t upper
    int64_t bid         # best displayed prices; 0: none
    int64_t ask
    int64_t last        # of the day's trades that make a price; 0: none
    int64_t close       # that of the last day with one
    int64_t floor       # trades there or below are told; 0: none
    int64_t price_sum   # of trades that are not told yet
    uint64_t round_lot  # fewer lots make no price
    uint32_t count
    uint32_t next       # instrument with such trades
    uint8_t what
    uint8_t at_limit    # a best price is at its band
    uint16_t reserved
    uint32_t reserved1


cdef inline bint is_at_limit(const Followed* row) noexcept:
    """Orders from before a change of ticks may be beyond the last price that is valid now."""
    return row.upper != 0 and (row.bid >= row.upper or 0 < row.ask <= row.lower)


cdef class Sieve:
    """`sift` one stretch of market data after the other."""

    cdef Followed* table
    cdef size_t size
    cdef uint32_t first     # of the instruments with trades that are not told yet
    cdef int64_t second     # theirs
    cdef uint64_t seq
    cdef int64_t ts_ns      # of the last trade

    def __cinit__(self):
        self.first = NONE_PENDING

    def sift(self, data, table, size_t offset, list notes):
        """Add notes of the records from `offset` on; where to go on, the length of the data where all is done.

        A note: (kind, instrument, seq, ts_ns, x, y, z). LUMP: x sum of prices, y trades, of one second. FALL: x price.
        TOP: x bid, y ask. CROSS: x price, y AuctionKind. STATUS: x state, y flags, z reference price. BANDS: x lower,
        y upper, z reference. TIME: the day has ended. Raises ValueError for bytes that are no records.
        """
        cdef Py_buffer records, rows
        PyObject_GetBuffer(data, &records, PyBUF_SIMPLE)
        try:
            if records.len % sizeof(MarketData) or offset % sizeof(MarketData):
                size = sizeof(MarketData)
                raise ValueError(f"records of {size} bytes expected, got {records.len} bytes from {offset}")
            PyObject_GetBuffer(table, &rows, PyBUF_WRITABLE)
            try:
                self.table = <Followed*> rows.buf
                self.size = rows.len // sizeof(Followed)
                return self.go(<const unsigned char*> records.buf, records.len, offset, notes)
            finally:
                PyBuffer_Release(&rows)
        finally:
            PyBuffer_Release(&records)

    @property
    def has_trades(self):
        """Whether there are trades that are not told yet."""
        return self.first != NONE_PENDING

    def tell(self, table, list notes):
        """Add notes of the trades that are not told yet."""
        cdef Py_buffer rows
        PyObject_GetBuffer(table, &rows, PyBUF_WRITABLE)
        try:
            self.table = <Followed*> rows.buf
            self.tell_trades(notes)
        finally:
            PyBuffer_Release(&rows)

    cdef size_t go(self, const unsigned char* data, size_t length, size_t offset, list notes) except? 0:
        cdef const MarketData* record
        cdef Followed* row
        while offset < length:
            record = <const MarketData*> (data + offset)
            offset += sizeof(MarketData)
            if record.kind == BOOK_KIND_STATUS:
                self.tell_status(record, notes)
                return offset
            if record.kind == BOOK_KIND_TIME:
                if record.flags & DATA_FLAG_DAY_END:
                    self.end_day(record, notes)
                    return offset
                continue
            if record.instrument >= self.size:
                continue
            row = &self.table[record.instrument]
            if likely(not row.what):
                continue
            if record.kind == BOOK_KIND_TOP:
                if row.what & IS_BANDED:
                    self.see_top(<const Top*> record, row, notes)
            elif record.kind == BOOK_KIND_EXECUTE:
                if not record.flags & DATA_FLAG_CROSS and record.qty >= row.round_lot:
                    self.see_trade(record, row, notes)
            elif record.kind == BOOK_KIND_HIDDEN_TRADE:
                if record.qty >= row.round_lot:
                    self.see_trade(record, row, notes)
            elif record.kind == BOOK_KIND_CROSS:
                if record.price:
                    self.see_cross(record, row, notes)
                    return offset
            elif record.kind == BOOK_KIND_BANDS:
                self.see_bands(record, row, notes)
                return offset
        return offset

    cdef int see_trade(self, const MarketData* record, Followed* row, list notes) except -1:
        cdef int64_t second = record.ts_ns // SECOND_NS
        row.last = record.price
        if row.what & IS_FLOORED and record.price <= row.floor:
            self.tell_trades(notes)
            notes.append((FALL, record.instrument, record.seq, record.ts_ns, record.price, 0, 0))
        if not row.what & IS_SUMMED:
            return 0
        if second != self.second:
            self.tell_trades(notes)
            self.second = second
        if not row.count:
            row.next = self.first
            self.first = record.instrument
        row.price_sum += record.price
        row.count += 1
        self.seq = record.seq
        self.ts_ns = record.ts_ns
        return 0

    cdef int tell_trades(self, list notes) except -1:
        """Those that were added up; they are all of one second."""
        cdef Followed* row
        while self.first != NONE_PENDING:
            row = &self.table[self.first]
            notes.append((LUMP, self.first, self.seq, self.ts_ns, row.price_sum, row.count, 0))
            row.price_sum = 0
            row.count = 0
            self.first = row.next
        return 0

    cdef int see_top(self, const Top* top, Followed* row, list notes) except -1:
        """Told where a best price is at its band, and where that is over."""
        cdef bint at_limit
        row.bid = top.bid_price
        row.ask = top.ask_price
        at_limit = is_at_limit(row)
        if at_limit or row.at_limit:
            row.at_limit = at_limit
            self.tell_trades(notes)
            notes.append((BOOK_KIND_TOP, top.instrument, top.seq, top.ts_ns, row.bid, row.ask, 0))
        return 0

    cdef int see_cross(self, const MarketData* record, Followed* row, list notes) except -1:
        row.last = record.price
        self.tell_trades(notes)
        if row.what & IS_FLOORED and record.price <= row.floor:
            notes.append((FALL, record.instrument, record.seq, record.ts_ns, record.price, 0, 0))
        notes.append((BOOK_KIND_CROSS, record.instrument, record.seq, record.ts_ns, record.price, record.state, 0))
        return 0

    cdef int see_bands(self, const MarketData* record, Followed* row, list notes) except -1:
        """The best prices that they meet are told after them."""
        cdef int64_t upper = <int64_t> record.order_id
        self.tell_trades(notes)
        row.lower = (record.price + row.tick - 1) // row.tick * row.tick if row.tick else record.price
        row.upper = upper // row.tick * row.tick if row.tick else upper
        row.at_limit = is_at_limit(row)
        notes.append(
            (BOOK_KIND_BANDS, record.instrument, record.seq, record.ts_ns, record.price, upper, record.level_qty)
        )
        notes.append((BOOK_KIND_TOP, record.instrument, record.seq, record.ts_ns, row.bid, row.ask, 0))
        return 0

    cdef int tell_status(self, const MarketData* record, list notes) except -1:
        """Of every instrument: one that nobody knew may be meant, too."""
        self.tell_trades(notes)
        if record.instrument < self.size:
            self.table[record.instrument].round_lot = record.qty
        notes.append(
            (BOOK_KIND_STATUS, record.instrument, record.seq, record.ts_ns, record.state, record.flags, record.price)
        )
        return 0

    cdef int end_day(self, const MarketData* record, list notes) except -1:
        cdef size_t instrument
        cdef Followed* row
        self.tell_trades(notes)
        for instrument in range(self.size):
            row = &self.table[instrument]
            if row.what and row.last:
                row.close = row.last
                row.last = 0
        notes.append((BOOK_KIND_TIME, NOBODY, record.seq, record.ts_ns, 0, 0, 0))
        return 0
