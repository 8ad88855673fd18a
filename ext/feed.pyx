"""Market data by channel: one pass over what the core says of its books gives the records of all channels.

Numbers of records depend on the commands alone, never on how they came in batches: a replay gives the same ones.
"""

from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from libc.stdlib cimport free
from libc.string cimport memcpy

from ext.bits cimport likely, unlikely
from ext.lanes cimport (
    AUCTION, BARS, BOOK, CHANNELS, DEPTH, STATUS, TOP, TRADES, bits_of, collect, free_lanes, keep, make_ring, put,
    records_from,
)
from ext.tape cimport Tape, period_of, regrow
from ext.wire cimport (
    AUCTION_KIND_CLOSING, AUCTION_KIND_OPENING, BOOK_KIND_BANDS, BOOK_KIND_BUST, BOOK_KIND_CORRECTION, BOOK_KIND_CROSS,
    BOOK_KIND_DELETE, BOOK_KIND_EXECUTE, BOOK_KIND_HIDDEN_TRADE, BOOK_KIND_INDICATIVE, BOOK_KIND_STATUS, BOOK_KIND_TIME,
    BOOK_KIND_TOP, DATA_FLAG_CROSS, DATA_FLAG_DAY_END, SIDE_BOTH, TRADE_FLAG_BUST, TRADE_FLAG_CLOSING,
    TRADE_FLAG_CORRECTION, TRADE_FLAG_CROSS, TRADE_FLAG_HIDDEN, TRADE_FLAG_ODD_LOT, TRADE_FLAG_OPENING,
    TRADE_FLAG_REOPENING, Trade,
)

cdef enum:
    MOST_INSTRUMENTS = 1 << 24
    MAGIC = 0x32454546  # "FEE2"


cdef struct Head:  # of a state; what follows: sequences, Told, the tape's
    uint64_t magic
    uint64_t channels
    uint64_t instruments


cdef int append_told(list records, const MarketData* record) except -1:
    """A record that was told, if it was."""
    if record.kind:
        records.append((<const char*> record)[:sizeof(MarketData)])
    return 0


cdef class Feed:
    """The channels BOOK, DEPTH, TOP, TRADES, STATUS, AUCTION, STATISTICS, BARS; tuples are in this order.

    trades, bars: how many of the last ones are kept. bars_of_each: of each instrument and period. frame_records: most
    records in a frame.
    """

    def __cinit__(
        self, size_t trades, size_t instruments=0, uint32_t frame_records=512, *, size_t bars=1000,
        uint32_t bars_of_each=60,
    ):
        if trades < 1 or frame_records < 1 or bars < 1 or bars_of_each < 1:
            raise ValueError(
                f"trades, frame_records, bars, bars_of_each must be at least 1, got {trades}, {frame_records}, {bars}, "
                f"{bars_of_each}"
            )
        make_ring(&self.ring, sizeof(Trade), trades)
        self.frame_records = frame_records
        self.lanes.wanted = (1 << CHANNELS) - 1
        self.tape = Tape(bars, bars_of_each)
        self.tape.lanes = &self.lanes
        self.grow(instruments if instruments else 1)

    def __dealloc__(self):
        free(self.ring.data)
        free(self.told)
        free(self.changed)
        free_lanes(&self.lanes)

    # ------------------------------------------------------------ records in

    def want(self, letters):
        """Give frames of these channels only (b"BX"); all are numbered in any case."""
        self.lanes.wanted = bits_of(letters)

    def add(self, data):
        """Number MarketData and Top records; the frames that are wanted, channel by channel. Raises ValueError."""
        cdef Py_buffer view
        cdef int place
        cdef list frames = []
        PyObject_GetBuffer(data, &view, PyBUF_SIMPLE)
        try:
            if view.len % sizeof(MarketData):
                raise ValueError(f"records of {sizeof(MarketData)} bytes expected, got {view.len} bytes")
            if view.len:
                self.split(<const unsigned char*> view.buf, view.len)
        finally:
            PyBuffer_Release(&view)
        for place in range(CHANNELS):
            if self.lanes.lane[place].length:
                collect(&self.lanes, frames, place, self.frame_records)
        return frames

    @property
    def sequences(self):
        """The sequence of the last record of each channel."""
        return tuple([self.lanes.lane[place].sequence for place in range(CHANNELS)])

    @property
    def due_ns(self):
        """The journaled time from which on there is something to send that waits for nothing else; 0: there is not."""
        return self.tape.due_ns()

    # ------------------------------------------------------------ what is kept

    def trades(self, from_sequence):
        """The Trade records retained from `from_sequence` on, after the sequence of the first of them."""
        return records_from(&self.ring, self.lanes.lane[<int> TRADES].sequence, from_sequence)

    def bars(self, from_sequence):
        """The Bar records retained from `from_sequence` on, after the sequence of the first of them."""
        return records_from(&self.tape.ring, self.lanes.lane[<int> BARS].sequence, from_sequence)

    def last_bars(self, instrument, period_s, most):
        """The last Bar records of a period, oldest first; of one instrument, or of all (None). Raises ValueError."""
        cdef int period = period_of(period_s)
        if period < 0:
            raise ValueError(f"period_s must be 1, 60, 300, 3600 or 86400, got {period_s}")
        if most < 0:
            raise ValueError(f"most must be at least 0, got {most}")
        first, end = self.span(instrument)
        return self.tape.last_bars(first, end, period, min(most, 1 << 32))

    def statistics(self, instrument=None):
        """Statistics of one instrument or of all, as they were told last; of those that have ever traded."""
        first, end = self.span(instrument)
        return self.tape.all_statistics(first, end)

    def auctions(self, instrument=None):
        """The last INDICATIVE or CROSS record of one instrument or of all; of those that have one."""
        cdef size_t place
        cdef list records = []
        first, end = self.span(instrument)
        for place in range(<size_t> first, <size_t> end):
            append_told(records, &self.told[place].auction)
        return b"".join(records)

    def statuses(self, instrument=None):
        """The last STATUS and the last BANDS of one instrument or of all; of those that have one."""
        cdef size_t place
        cdef list records = []
        first, end = self.span(instrument)
        for place in range(<size_t> first, <size_t> end):
            append_told(records, &self.told[place].status)
            append_told(records, &self.told[place].bands)
        return b"".join(records)

    # ------------------------------------------------------------ whose depth changes

    def watch(self, bint watching):
        """Note from now on the instruments whose depth changes, or do not."""
        cdef size_t place
        for place in range(self.changes):
            self.tape.hot[self.changed[place]].changed = 0
        self.changes = 0
        self.watching = watching

    def take_changed(self):
        """The instruments noted since the last call."""
        cdef list instruments = [self.changed[place] for place in range(self.changes)]
        self.watch(self.watching)
        return instruments

    cdef tuple span(self, instrument):
        """First and end of the instruments asked for; none where it has no data."""
        if instrument is None:
            return 0, self.instruments
        if not 0 <= instrument < self.instruments:
            return 0, 0
        return instrument, instrument + 1

    # ------------------------------------------------------------ state

    def state(self):
        """What a feed that goes on from here needs, but for the last trades and bars of all."""
        cdef Head head
        head.magic = MAGIC
        head.channels = CHANNELS
        head.instruments = self.instruments
        sequences = b"".join([int(one).to_bytes(8, "little") for one in self.sequences])
        told = (<const char*> self.told)[:self.instruments * sizeof(Told)]
        return b"".join([(<const char*> &head)[:sizeof(Head)], sequences, told, *self.tape.state()])

    def load(self, state):
        """Go on from the state of another feed; the first call of all. Raises ValueError, and has changed nothing."""
        cdef Head head
        cdef Tape tape
        cdef const unsigned char* data = state
        cdef size_t length = len(state)
        cdef size_t at = sizeof(Head) + CHANNELS * sizeof(uint64_t)
        cdef size_t told
        cdef int place
        if any(self.sequences):
            raise ValueError("a feed takes a state before anything else")
        if length < at:
            raise ValueError(f"the state of a feed has {length} bytes, less than its head")
        memcpy(&head, data, sizeof(Head))
        if head.magic != MAGIC or head.channels != CHANNELS:
            raise ValueError("the state of the feed is of another version")
        if head.instruments > MOST_INSTRUMENTS or head.instruments > (length - at) // sizeof(Told):
            raise ValueError("the state of the feed ends too early")
        tape = Tape(self.tape.ring.capacity, self.tape.kept)
        tape.lanes = &self.lanes
        told = head.instruments * sizeof(Told)
        if at + told + tape.load(data + at + told, length - at - told) != length:
            raise ValueError("the state of the feed goes on behind its end")
        tape.grow(max(head.instruments, self.instruments))
        self.grow(head.instruments)
        tape.grow(self.instruments)
        self.tape = tape
        memcpy(self.told, data + at, told)
        for place in range(CHANNELS):
            memcpy(&self.lanes.lane[place].sequence, data + sizeof(Head) + place * sizeof(uint64_t), sizeof(uint64_t))
        self.ring.first = self.lanes.lane[<int> TRADES].sequence + 1
        tape.ring.first = self.lanes.lane[<int> BARS].sequence + 1

    # ------------------------------------------------------------ one record

    cdef int grow(self, size_t count) except -1:
        """Room for instruments up to `count`."""
        cdef size_t before = self.instruments
        self.tape.grow(count)
        if self.tape.instruments == before:
            return 0
        regrow(<void**> &self.told, sizeof(Told), before, self.tape.instruments)
        regrow(<void**> &self.changed, sizeof(uint32_t), before, self.tape.instruments)
        self.instruments = self.tape.instruments
        return 0

    cdef int put_level(self, const MarketData* record) except -1:
        """The level's totals; in place of what the same command said of the same level just before."""
        cdef Depth* level = &self.level
        cdef size_t length = self.lanes.lane[<int> DEPTH].length
        cdef bint same = (
            level.seq == record.seq and level.price == record.price and level.instrument == record.instrument
            and level.side == record.side
        )
        level.level_qty = record.level_qty
        level.level_orders = record.level_orders
        if same:
            if length:
                memcpy(self.lanes.lane[<int> DEPTH].data + length - sizeof(Depth), level, sizeof(Depth))
            return 0
        level.seq = record.seq
        level.ts_ns = record.ts_ns
        level.instrument = record.instrument
        level.side = record.side
        level.price = record.price
        if unlikely(self.watching):
            if record.instrument >= self.instruments:
                self.grow(<size_t> record.instrument + 1)
            self.mark(record.instrument)
        return put(&self.lanes, DEPTH, level, sizeof(Depth))

    cdef int put_trade(self, const MarketData* record, uint8_t aggressor, uint16_t flags, uint64_t qty) except -1:
        cdef Trade trade
        cdef uint64_t* last
        if unlikely(record.instrument >= self.instruments):
            self.grow(<size_t> record.instrument + 1)
        last = &self.tape.hot[record.instrument].trade_id
        trade.trade_id = last[0] + <uint32_t> (record.trade_no - <uint32_t> last[0])
        if qty < self.tape.hot[record.instrument].round_lot and not flags & TRADE_FLAG_CROSS:
            flags |= TRADE_FLAG_ODD_LOT
        trade.seq = record.seq
        trade.ts_ns = record.ts_ns
        trade.instrument = record.instrument
        trade.aggressor = aggressor
        trade.flags = flags
        trade.reserved = 0
        trade.price = record.price
        trade.qty = qty
        self.tape.book(&trade)  # which may end a second before it: until then the last trade is another one
        last[0] = trade.trade_id
        put(&self.lanes, TRADES, &trade, sizeof(Trade))
        keep(&self.ring, self.lanes.lane[<int> TRADES].sequence, &trade)
        return 0

    cdef int put_amendment(self, const MarketData* record) except -1:
        """A trade that was busted or corrected, on the channel on which it was told."""
        cdef bint is_bust = record.kind == BOOK_KIND_BUST
        cdef Trade trade
        if record.instrument >= self.instruments:
            self.grow(<size_t> record.instrument + 1)
        trade.seq = record.seq
        trade.ts_ns = record.ts_ns
        trade.instrument = record.instrument
        trade.aggressor = SIDE_BOTH
        trade.flags = TRADE_FLAG_BUST if is_bust else TRADE_FLAG_CORRECTION
        if record.flags & DATA_FLAG_CROSS:
            trade.flags |= TRADE_FLAG_CROSS
        trade.reserved = 0
        trade.price = record.price
        trade.trade_id = record.order_id
        trade.qty = record.qty
        if is_bust:
            self.tape.amend(&trade, record.qty, record.price)
        else:
            self.tape.amend(&trade, record.leaves, <int64_t> record.level_qty)
        put(&self.lanes, TRADES, &trade, sizeof(Trade))
        keep(&self.ring, self.lanes.lane[<int> TRADES].sequence, &trade)
        return 0

    cdef int put_auction(self, const MarketData* record) except -1:
        if record.instrument >= self.instruments:
            self.grow(<size_t> record.instrument + 1)
        self.told[record.instrument].auction = record[0]
        return put(&self.lanes, AUCTION, record, sizeof(MarketData))

    cdef int put_status(self, const MarketData* record) except -1:
        if record.instrument >= self.instruments:
            self.grow(<size_t> record.instrument + 1)
        if record.kind == BOOK_KIND_STATUS:
            self.tape.hot[record.instrument].round_lot = record.qty
            self.told[record.instrument].status = record[0]
        else:
            self.told[record.instrument].bands = record[0]
            if not record.order_id:
                self.told[record.instrument].bands.kind = 0  # there are none any more
        return put(&self.lanes, STATUS, record, sizeof(MarketData))

    cdef void mark(self, uint32_t instrument) noexcept:
        """Its depth has changed."""
        if not self.tape.hot[instrument].changed:
            self.tape.hot[instrument].changed = 1
            self.changed[self.changes] = instrument
            self.changes += 1

    cdef int split(self, const unsigned char* data, size_t length) except -1:
        """Every record to the channels that it belongs to."""
        cdef const unsigned char* end = data + length
        cdef const MarketData* record = NULL
        while data < end:
            record = <const MarketData*> data
            if record.kind == BOOK_KIND_TOP:
                put(&self.lanes, TOP, record, sizeof(MarketData))
            elif likely(record.kind <= BOOK_KIND_DELETE):
                put(&self.lanes, BOOK, record, sizeof(MarketData))
                self.put_level(record)
                if record.kind == BOOK_KIND_EXECUTE and not record.flags & DATA_FLAG_CROSS:
                    self.put_trade(record, 1 - record.side, 0, record.qty)
            else:
                self.split_rare(record)
            data += sizeof(MarketData)
        return self.tape.turn(record.ts_ns)

    cdef int split_rare(self, const MarketData* record) except -1:
        cdef uint16_t flags = TRADE_FLAG_CROSS
        if record.kind == BOOK_KIND_STATUS or record.kind == BOOK_KIND_BANDS:
            self.put_status(record)
        elif record.kind == BOOK_KIND_HIDDEN_TRADE:
            self.put_trade(record, 1 - record.side, TRADE_FLAG_HIDDEN, record.qty)
        elif record.kind == BOOK_KIND_INDICATIVE:
            self.put_auction(record)
        elif record.kind == BOOK_KIND_CROSS:
            self.put_auction(record)
            if record.level_qty:
                if record.state == AUCTION_KIND_OPENING:
                    flags |= TRADE_FLAG_OPENING
                elif record.state == AUCTION_KIND_CLOSING:
                    flags |= TRADE_FLAG_CLOSING
                else:
                    flags |= TRADE_FLAG_REOPENING
                self.put_trade(record, SIDE_BOTH, flags, record.level_qty)
        elif record.kind == BOOK_KIND_BUST or record.kind == BOOK_KIND_CORRECTION:
            self.put_amendment(record)
        elif record.kind == BOOK_KIND_TIME and record.flags & DATA_FLAG_DAY_END:
            self.tape.end_day(record.ts_ns)
        return 0
