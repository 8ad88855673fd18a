"""Channels of market data: growing lanes, frames made of them, and rings of what was sent last."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from libc.stdlib cimport calloc, free, realloc

from ext.wire cimport (
    CHANNEL_AUCTION, CHANNEL_BARS, CHANNEL_BOOK, CHANNEL_DEPTH, CHANNEL_STATISTICS, CHANNEL_STATUS, CHANNEL_TOP,
    CHANNEL_TRADES, Bar, Depth, MarketData, MarketDataHeader, Statistics, Trade,
)

cdef enum:
    FIRST_ROOM = 1 << 14
    VERSION = 1

cdef uint8_t[CHANNELS] LETTERS
cdef uint32_t[CHANNELS] SIZES
LETTERS[:] = [
    CHANNEL_BOOK, CHANNEL_DEPTH, CHANNEL_TOP, CHANNEL_TRADES, CHANNEL_STATUS, CHANNEL_AUCTION, CHANNEL_STATISTICS,
    CHANNEL_BARS,
]
SIZES[:] = [
    sizeof(MarketData), sizeof(Depth), sizeof(MarketData), sizeof(Trade), sizeof(MarketData), sizeof(MarketData),
    sizeof(Statistics), sizeof(Bar),
]


cdef uint32_t bits_of(letters) except? 0:
    """The bits of channels by their letters (b"BX"), for Lanes.wanted."""
    cdef int place
    cdef uint32_t bits = 0
    for place in range(CHANNELS):
        if LETTERS[place] in letters:
            bits |= <uint32_t> 1 << place
    return bits


cdef int widen(Lane* lane) except -1:
    """Twice the room."""
    cdef size_t room = lane.room * 2 if lane.room else <size_t> FIRST_ROOM
    cdef unsigned char* data = <unsigned char*> realloc(lane.data, room)
    if data == NULL:
        raise MemoryError
    lane.data = data
    lane.room = room
    return 0


cdef void free_lanes(Lanes* lanes) noexcept:
    cdef int place
    for place in range(CHANNELS):
        free(lanes.lane[place].data)


cdef int collect(Lanes* lanes, list frames, int place, uint32_t frame_records) except -1:
    """The channel's records as frames of at most so many records; its lane is empty then."""
    cdef Lane* lane = &lanes.lane[place]
    cdef size_t size = SIZES[place]
    cdef size_t count = lane.length // size
    cdef size_t begin = 0
    cdef size_t part
    cdef uint64_t first = lane.sequence - count + 1
    cdef MarketDataHeader* header
    cdef bytes frame
    while begin < count:
        part = min(count - begin, frame_records)
        frame = PyBytes_FromStringAndSize(NULL, sizeof(MarketDataHeader) + part * size)
        header = <MarketDataHeader*> PyBytes_AS_STRING(frame)
        header.channel = LETTERS[place]
        header.version = VERSION
        header.record_size = <uint16_t> size
        header.count = <uint32_t> part
        header.first_seq = first + begin
        memcpy(<unsigned char*> header + sizeof(MarketDataHeader), lane.data + begin * size, part * size)
        frames.append(frame)
        begin += part
    lane.length = 0
    return 0


cdef int make_ring(Ring* ring, size_t size, size_t capacity) except -1:
    """An empty ring of so many records."""
    ring.data = <unsigned char*> calloc(capacity, size)
    if ring.data == NULL:
        raise MemoryError
    ring.size = size
    ring.capacity = capacity
    ring.first = 1
    return 0


cdef tuple records_from(const Ring* ring, uint64_t last, object from_sequence):
    """The sequence of the first record from `from_sequence` on that is retained, and the records up to `last`."""
    cdef uint64_t first = min(max(int(from_sequence), ring.first), last + 1)
    cdef size_t count = last + 1 - first
    cdef size_t place = first % ring.capacity
    cdef size_t until_end = min(ring.capacity - place, count)
    cdef bytes records = PyBytes_FromStringAndSize(NULL, count * ring.size)
    cdef char* out = PyBytes_AS_STRING(records)
    memcpy(out, ring.data + place * ring.size, until_end * ring.size)
    memcpy(out + until_end * ring.size, ring.data, (count - until_end) * ring.size)
    return first, records
