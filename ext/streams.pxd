"""The accounts' private streams: what happened to each, kept for a while, and who listens."""

from libc.stddef cimport size_t
from libc.stdint cimport uint32_t, uint64_t

from ext.wire cimport Event

cdef enum:
    CHUNK_EVENTS = 32
    NO_CHUNK = 0xFFFFFFFF
    NO_LINK = 0xFFFFFFFF
    KINDS = 64              # of events that are counted


cdef struct Chunk:  # events of one account in a row
    uint32_t account
    uint32_t count
    uint32_t next           # of the account's chunks, towards the newest; in the free list: the next free one
    uint32_t queued         # in the queue of all chunks, towards the newest
    Event events[CHUNK_EVENTS]


cdef struct Stream:  # of one account
    uint64_t last_seq       # account_seq of its last event
    uint64_t first_seq      # of the oldest one kept; last_seq + 1 when none is
    uint32_t first_chunk
    uint32_t last_chunk
    uint32_t chunks
    uint32_t link           # its first listener


cdef struct Link:  # a session that listens to an account
    uint32_t slot
    uint32_t next           # of the account's; in the free list: the next free one


cdef struct Slot:  # a session's share of the events at hand
    uint32_t count
    unsigned char* out


cdef class Streams:
    cdef Stream* streams
    cdef size_t accounts
    cdef Chunk* chunks
    cdef uint32_t chunk_capacity
    cdef uint32_t chunk_top     # chunks below were used
    cdef uint32_t chunk_free
    cdef uint32_t oldest        # queue of all chunks in use
    cdef uint32_t newest
    cdef Link* links
    cdef size_t link_room
    cdef uint32_t link_free
    cdef Slot* slots
    cdef size_t slot_room
    cdef uint32_t* touched
    cdef uint32_t frame_events
    cdef uint64_t kinds[KINDS]

    cdef int grow_accounts(self, size_t count) except -1
    cdef int grow_slots(self, size_t count) except -1
    cdef uint32_t take_chunk(self) noexcept nogil
    cdef void forget(self, Stream* stream) noexcept nogil
    cdef void keep(self, const Event* event) noexcept nogil
    cdef int store(self, const Event* events, size_t count, bint deal) except -1
    cdef int deal(self, const Event* events, size_t count, size_t touched, list frames) except -1
