"""Market data by channel: one pass over what the core says of its books gives the records of all channels.

Numbers of records depend on the commands alone, never on how they came in batches: a replay gives the same ones.
"""

from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from libc.stddef cimport size_t
from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, realloc
from libc.string cimport memcpy, memset

from ext.bits cimport likely, unlikely
from ext.wire cimport (
    BOOK_KIND_EXECUTE, BOOK_KIND_STATUS, BOOK_KIND_TOP, CHANNEL_BOOK, CHANNEL_DEPTH, CHANNEL_STATUS, CHANNEL_TOP,
    CHANNEL_TRADES, Depth, InstrumentRow, MarketData, MarketDataHeader, Trade,
)

cdef uint8_t LETTERS[CHANNELS]
cdef uint32_t SIZES[CHANNELS]
LETTERS[:] = [CHANNEL_BOOK, CHANNEL_DEPTH, CHANNEL_TOP, CHANNEL_TRADES, CHANNEL_STATUS]
SIZES[:] = [sizeof(MarketData), sizeof(Depth), sizeof(MarketData), sizeof(Trade), sizeof(MarketData)]

cdef enum:
    FIRST_ROOM = 1 << 14
    VERSION = 1


cdef class Feed:
    """The channels BOOK, DEPTH, TOP, TRADES, STATUS; tuples are in this order.

    trades: how many of the last trades are kept. frame_records: most records in a frame.
    """

    def __cinit__(self, size_t trades, size_t instruments=0, uint32_t frame_records=512):
        if trades < 1 or frame_records < 1:
            raise ValueError(f"trades and frame_records must be at least 1, got {trades} and {frame_records}")
        self.ring_capacity = trades
        self.ring = <Trade*> calloc(trades, sizeof(Trade))
        if self.ring == NULL:
            raise MemoryError
        self.first_trade = 1
        self.frame_records = frame_records
        self.wanted = (1 << CHANNELS) - 1
        self.grow_instruments(instruments if instruments else 1)

    def __dealloc__(self):
        cdef int place
        free(self.ring)
        free(self.trade_ids)
        for place in range(CHANNELS):
            free(self.lanes[place].data)

    @property
    def sequences(self):
        """The sequence of the last record of each channel."""
        return tuple([self.lanes[place].sequence for place in range(CHANNELS)])

    def advance(self, sequences):
        """Add to the sequences those of a snapshot, from which on `add` was called. Raises ValueError."""
        cdef uint64_t trade, first, place
        given = [int(sequence) for sequence in sequences]
        if len(given) != CHANNELS or min(given) < 0:
            raise ValueError(f"sequences must be {CHANNELS} numbers of at least 0, got {given}")
        cdef uint64_t by = given[<int> TRADES]
        cdef size_t kept = self.lanes[<int> TRADES].sequence + 1 - self.first_trade
        # a trade's place in the ring follows from its number
        cdef Trade* moved = <Trade*> calloc(self.ring_capacity, sizeof(Trade))
        if moved == NULL:
            raise MemoryError
        first = self.first_trade
        for trade in range(first, first + kept):
            moved[(trade + by) % self.ring_capacity] = self.ring[trade % self.ring_capacity]
        free(self.ring)
        self.ring = moved
        self.first_trade += by
        for place in range(CHANNELS):
            self.lanes[place].sequence += <uint64_t> given[place]

    def settle(self, instruments):
        """Take over the number of trades of each instrument (InstrumentRow records): the core tells only the low half
        of a trade_id, and a replay that began in the middle could not know the rest. Raises ValueError."""
        cdef Py_buffer view
        cdef const InstrumentRow* row
        cdef size_t index
        cdef uint64_t trade, last
        cdef Trade* kept
        PyObject_GetBuffer(instruments, &view, PyBUF_SIMPLE)
        try:
            if view.len % sizeof(InstrumentRow):
                raise ValueError(f"rows of {sizeof(InstrumentRow)} bytes expected, got {view.len} bytes")
            for index in range(<size_t> view.len // sizeof(InstrumentRow)):
                row = <const InstrumentRow*> view.buf + index
                if row.instrument >= self.instruments:
                    self.grow_instruments(<size_t> row.instrument + 1)
                self.trade_ids[row.instrument] = row.trades
        finally:
            PyBuffer_Release(&view)
        for trade in range(self.first_trade, self.lanes[<int> TRADES].sequence + 1):
            kept = &self.ring[trade % self.ring_capacity]
            last = self.trade_ids[kept.instrument]
            kept.trade_id = last - <uint32_t> (<uint32_t> last - <uint32_t> kept.trade_id)

    def want(self, letters):
        """Give frames of these channels only (b"BX"); all are numbered in any case."""
        cdef int place
        self.wanted = 0
        for place in range(CHANNELS):
            if LETTERS[place] in letters:
                self.wanted |= <uint32_t> 1 << place

    def add(self, data):
        """Number MarketData and Top records; the frames that are wanted, channel by channel. Raises ValueError."""
        cdef Py_buffer view
        cdef int place
        cdef list frames = []
        PyObject_GetBuffer(data, &view, PyBUF_SIMPLE)
        try:
            if view.len % sizeof(MarketData):
                raise ValueError(f"records of {sizeof(MarketData)} bytes expected, got {view.len} bytes")
            self.split(<const unsigned char*> view.buf, view.len)
        finally:
            PyBuffer_Release(&view)
        for place in range(CHANNELS):
            if self.lanes[place].length:
                self.collect(frames, <Place> place)
        return frames

    def trades(self, from_sequence):
        """The Trade records retained from `from_sequence` on, after the sequence of the first of them."""
        cdef uint64_t last = self.lanes[<int> TRADES].sequence
        cdef uint64_t first = min(max(int(from_sequence), self.first_trade), last + 1)
        cdef size_t count = last + 1 - first
        cdef size_t place = first % self.ring_capacity
        cdef size_t until_end = self.ring_capacity - place
        cdef bytes records = PyBytes_FromStringAndSize(NULL, count * sizeof(Trade))
        cdef char* out = PyBytes_AS_STRING(records)
        if count <= until_end:
            memcpy(out, &self.ring[place], count * sizeof(Trade))
        else:
            memcpy(out, &self.ring[place], until_end * sizeof(Trade))
            memcpy(out + until_end * sizeof(Trade), self.ring, (count - until_end) * sizeof(Trade))
        return first, records

    cdef int grow_instruments(self, size_t count) except -1:
        cdef size_t room = self.instruments if self.instruments else 64
        cdef uint64_t* grown
        while room < count:
            room *= 2
        if room == self.instruments:
            return 0
        grown = <uint64_t*> realloc(self.trade_ids, room * sizeof(uint64_t))
        if grown == NULL:
            raise MemoryError
        memset(grown + self.instruments, 0, (room - self.instruments) * sizeof(uint64_t))
        self.trade_ids = grown
        self.instruments = room
        return 0

    cdef int put(self, Place place, const void* record, size_t size) except -1:
        """One more record of a channel."""
        cdef Lane* lane = &self.lanes[<int> place]
        cdef size_t room
        cdef unsigned char* data
        lane.sequence += 1
        if not self.wanted >> <int> place & 1:
            return 0
        if unlikely(lane.length + size > lane.room):
            room = lane.room * 2 if lane.room else <size_t> FIRST_ROOM
            data = <unsigned char*> realloc(lane.data, room)
            if data == NULL:
                raise MemoryError
            lane.data = data
            lane.room = room
        memcpy(lane.data + lane.length, record, size)
        lane.length += size
        return 0

    cdef int put_level(self, const MarketData* record) except -1:
        """The level's totals; in place of what the same command said of the same level just before."""
        cdef Lane* lane = &self.lanes[<int> DEPTH]
        cdef Depth* level = &self.level
        cdef bint same = (
            level.seq == record.seq and level.price == record.price and level.instrument == record.instrument
            and level.side == record.side
        )
        level.level_qty = record.level_qty
        level.level_orders = record.level_orders
        if same:
            if lane.length:
                memcpy(lane.data + lane.length - sizeof(Depth), level, sizeof(Depth))
            return 0
        level.seq = record.seq
        level.ts_ns = record.ts_ns
        level.instrument = record.instrument
        level.side = record.side
        level.price = record.price
        return self.put(DEPTH, level, sizeof(Depth))

    cdef int put_trade(self, const MarketData* record) except -1:
        cdef Trade trade
        cdef uint64_t* last
        cdef uint64_t sequence
        if unlikely(record.instrument >= self.instruments):
            self.grow_instruments(<size_t> record.instrument + 1)
        last = &self.trade_ids[record.instrument]
        last[0] += <uint32_t> (record.trade_no - <uint32_t> last[0])
        trade.seq = record.seq
        trade.ts_ns = record.ts_ns
        trade.instrument = record.instrument
        trade.aggressor = 1 - record.side
        trade.price = record.price
        trade.trade_id = last[0]
        trade.qty = record.qty
        trade.reserved = 0
        self.put(TRADES, &trade, sizeof(Trade))
        sequence = self.lanes[<int> TRADES].sequence
        self.ring[sequence % self.ring_capacity] = trade
        if sequence - self.first_trade == self.ring_capacity:
            self.first_trade += 1
        return 0

    cdef int split(self, const unsigned char* data, size_t length) except -1:
        """Every record to the channels that it belongs to."""
        cdef const unsigned char* end = data + length
        cdef const MarketData* record
        while data < end:
            record = <const MarketData*> data
            if record.kind == BOOK_KIND_TOP:
                self.put(TOP, record, sizeof(MarketData))
            elif likely(record.kind < BOOK_KIND_STATUS):
                self.put(BOOK, record, sizeof(MarketData))
                self.put_level(record)
                if record.kind == BOOK_KIND_EXECUTE:
                    self.put_trade(record)
            elif record.kind == BOOK_KIND_STATUS:
                self.put(STATUS, record, sizeof(MarketData))
            data += sizeof(MarketData)
        return 0

    cdef int collect(self, list frames, Place place) except -1:
        """The channel's records as frames; its lane is empty then."""
        cdef Lane* lane = &self.lanes[<int> place]
        cdef size_t size = SIZES[<int> place]
        cdef size_t count = lane.length // size
        cdef size_t begin = 0
        cdef size_t part
        cdef uint64_t first = lane.sequence - count + 1
        cdef MarketDataHeader* header
        cdef bytes frame
        while begin < count:
            part = min(count - begin, self.frame_records)
            frame = PyBytes_FromStringAndSize(NULL, sizeof(MarketDataHeader) + part * size)
            header = <MarketDataHeader*> PyBytes_AS_STRING(frame)
            header.channel = LETTERS[<int> place]
            header.version = VERSION
            header.record_size = <uint16_t> size
            header.count = <uint32_t> part
            header.first_seq = first + begin
            memcpy(<unsigned char*> header + sizeof(MarketDataHeader), lane.data + begin * size, part * size)
            frames.append(frame)
            begin += part
        lane.length = 0
        return 0
