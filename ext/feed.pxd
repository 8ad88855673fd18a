"""Market data by channel: the core's records in, numbered frames out, and the last trades."""

from libc.stddef cimport size_t
from libc.stdint cimport uint32_t, uint64_t

from ext.wire cimport Depth, MarketData, Trade

cdef enum:
    CHANNELS = 5

cdef enum Place:  # of a channel in what follows; their order in tuples
    BOOK
    DEPTH
    TOP
    TRADES
    STATUS


cdef struct Lane:  # records of a channel on their way into frames
    unsigned char* data
    size_t length           # bytes in use
    size_t room
    uint64_t sequence       # of the channel's last record


cdef class Feed:
    cdef Lane lanes[CHANNELS]
    cdef uint32_t wanted        # bit of each Place whose frames are asked for
    cdef uint32_t frame_records
    cdef Depth level            # the last Depth record: changes of one level by one command are one record
    cdef Trade* ring            # retained trades; a trade of sequence n is at n % ring_capacity
    cdef size_t ring_capacity
    cdef uint64_t first_trade   # sequence of the oldest one retained
    cdef uint64_t* trade_ids    # last trade_id of each instrument
    cdef size_t instruments

    cdef int grow_instruments(self, size_t count) except -1
    cdef int put(self, Place place, const void* record, size_t size) except -1
    cdef int put_level(self, const MarketData* record) except -1
    cdef int put_trade(self, const MarketData* record) except -1
    cdef int split(self, const unsigned char* data, size_t length) except -1
    cdef int collect(self, list frames, Place place) except -1
