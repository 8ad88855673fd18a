"""Market data by channel: the core's records in, numbered frames out, and the last trades."""

from libc.stddef cimport size_t
from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t

from ext.lanes cimport Lanes, Ring
from ext.tape cimport Tape
from ext.wire cimport Depth, MarketData


cdef struct Told:  # the last record of each kind; kind 0: none
    MarketData status
    MarketData bands
    MarketData auction      # INDICATIVE or CROSS


cdef class Feed:
    cdef Lanes lanes
    cdef uint32_t frame_records
    cdef Depth level            # the last Depth record: changes of one level by one command are one record
    cdef Ring ring              # the last trades
    cdef Tape tape
    cdef Told* told             # by instrument
    cdef size_t instruments
    cdef bint watching          # whose depth changes
    cdef uint32_t* changed      # instruments
    cdef size_t changes

    cdef int grow(self, size_t count) except -1
    cdef int put_level(self, const MarketData* record) except -1
    cdef int put_trade(self, const MarketData* record, uint8_t aggressor, uint16_t flags, uint64_t qty) except -1
    cdef int put_amendment(self, const MarketData* record) except -1
    cdef int put_auction(self, const MarketData* record) except -1
    cdef int put_status(self, const MarketData* record) except -1
    cdef void mark(self, uint32_t instrument) noexcept
    cdef int split(self, const unsigned char* data, size_t length) except -1
    cdef int split_rare(self, const MarketData* record) except -1
    cdef tuple span(self, instrument)
