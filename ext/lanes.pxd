"""Records of the channels on their way into frames, and rings of the last ones of a channel."""

from libc.stddef cimport size_t
from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memcpy

from ext.bits cimport unlikely

cdef enum:
    CHANNELS = 8

cdef enum Place:  # of a channel in what follows; their order in tuples
    BOOK
    DEPTH
    TOP
    TRADES
    STATUS
    AUCTION
    STATISTICS
    BARS


cdef struct Lane:  # records of a channel that are not in frames yet
    unsigned char* data
    size_t length           # bytes in use
    size_t room
    uint64_t sequence       # of the channel's last record


cdef struct Lanes:
    Lane[CHANNELS] lane
    uint32_t wanted         # bit of each Place whose frames are asked for


cdef struct Ring:  # the last records of a channel; that of sequence n is at n % capacity
    unsigned char* data
    size_t size             # of a record
    size_t capacity         # records
    uint64_t first          # sequence of the oldest one retained


cdef uint32_t bits_of(letters) except? 0
cdef int widen(Lane* lane) except -1
cdef void free_lanes(Lanes* lanes) noexcept
cdef int collect(Lanes* lanes, list frames, int place, uint32_t frame_records) except -1
cdef int make_ring(Ring* ring, size_t size, size_t capacity) except -1
cdef tuple records_from(const Ring* ring, uint64_t last, object from_sequence)


cdef inline int put(Lanes* lanes, int place, const void* record, size_t size) except -1:
    """One more record of a channel."""
    cdef Lane* lane = &lanes.lane[place]
    lane.sequence += 1
    if not lanes.wanted >> place & 1:
        return 0
    if unlikely(lane.length + size > lane.room):
        widen(lane)
    memcpy(lane.data + lane.length, record, size)
    lane.length += size
    return 0


cdef inline void keep(Ring* ring, uint64_t sequence, const void* record) noexcept:
    """Retain a record; the oldest one goes."""
    memcpy(ring.data + sequence % ring.capacity * ring.size, record, ring.size)
    if sequence - ring.first == ring.capacity:
        ring.first += 1
