"""The plain books of an ITCH stream: what the messages say rests, order by order, with no matching of its own."""

cimport cython
from libc.stdint cimport uint8_t, uint32_t, uint64_t

from ext.itch.scan cimport Step

cdef enum:
    NONE = 0xFFFFFFFF  # no order, no level
    LOCATES = 65536


cdef struct RestingOrder:
    uint64_t reference
    uint32_t shares
    uint32_t price
    uint32_t level
    uint32_t previous   # towards the head of the queue
    uint32_t next       # also the link of the free list
    uint32_t place      # locate * 2 + side


cdef struct Level:
    uint64_t shares
    uint32_t price
    uint32_t head
    uint32_t tail
    uint32_t orders


cdef struct Entry:      # of the hash table: reference -> slot of the order
    uint64_t reference
    uint32_t slot
    uint32_t used


cdef struct SideEntry:
    uint32_t price
    uint32_t level


cdef struct Side:       # levels sorted by price, the best last
    SideEntry* entries
    uint32_t count
    uint32_t capacity


cdef struct Anomalies:
    uint64_t unknown_reference    # E C X D U of an order that does not rest in this stock: nothing changes
    uint64_t duplicate_reference  # A F U with the reference of a resting order: the old one goes
    uint64_t excess_shares        # E C X of more shares than rest: the order goes
    uint64_t zero_shares          # A F U of 0 shares: nothing rests


@cython.final
cdef class Books:
    cdef RestingOrder* orders
    cdef uint32_t orders_capacity, orders_used, free_order
    cdef Level* levels
    cdef uint32_t levels_capacity, levels_used, free_level
    cdef Entry* table
    cdef uint64_t table_mask
    cdef int table_shift
    cdef Side sides[2 * LOCATES]
    cdef Anomalies anomalies
    cdef readonly uint64_t live
    cdef readonly uint64_t executions
    cdef readonly uint64_t executed_shares
    cdef bint out_of_memory

    cdef uint32_t find(self, uint64_t reference) noexcept nogil
    cdef uint32_t add(self, uint64_t reference, uint32_t place, uint32_t shares, uint32_t price) noexcept nogil
    cdef void reduce(self, uint32_t slot, uint64_t shares) noexcept nogil
    cdef void remove(self, uint32_t slot) noexcept nogil
    cdef void step(self, const Step* step) noexcept nogil
    cdef void prefetch(self, uint64_t reference) noexcept nogil
    cdef void prefetch_order(self, uint64_t reference) noexcept nogil
    cdef uint32_t best_level(self, uint32_t place) noexcept nogil

    cdef uint64_t home(self, uint64_t reference) noexcept nogil
    cdef void forget(self, uint64_t reference) noexcept nogil
    cdef int grow_table(self) noexcept nogil
    cdef uint32_t level_at(self, uint32_t place, uint32_t price) noexcept nogil
    cdef void drop_level(self, uint32_t place, uint32_t price) noexcept nogil
