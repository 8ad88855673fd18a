"""Lots of shares by account and instrument, first in, first out. See docs/lots.md."""

from libc.stddef cimport size_t
from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t

from ext.wire cimport Event


cdef struct Lot:
    int64_t ts_ns
    uint64_t seq
    uint64_t trade_id       # 0: it was no trade
    int64_t qty             # of both sides above 0
    int64_t cost            # what it was bought, or sold, for
    uint64_t number         # the pairs count; 0: it is open
    uint32_t next           # of its row, the later one; 0: none
    uint32_t prev
    uint32_t newer          # of all that are paired
    uint32_t older
    uint32_t holding
    uint8_t side
    uint8_t flags           # LotFlag
    uint16_t part           # of lots that went elsewhere at once: which one, from 1 on


cdef struct Row:  # of lots, the earliest first
    uint32_t first
    uint32_t last


cdef struct Holding:
    uint64_t key            # account | instrument << 32
    int64_t realized
    int64_t before          # of it, what came before today
    uint64_t day            # of `before`
    Row[2] open             # by side: one of the two is empty
    Row[2] paired           # by side: what is kept of them
    uint32_t next           # of the same instrument; 0: none
    uint32_t reserved


cdef class TaxLots:
    cdef Lot* lots              # 0 is none
    cdef size_t lot_room
    cdef size_t lot_end         # those from here on were never used
    cdef uint32_t lot_free
    cdef Holding* holdings      # 0 is none
    cdef size_t holding_room
    cdef size_t holding_count   # with number 0
    cdef uint32_t* places       # of holdings, by their keys
    cdef size_t place_mask
    cdef int64_t* multipliers   # of instruments: cash units a price unit and lot; 0: to be looked up
    cdef uint32_t* of_instrument    # the last holding made of each
    cdef size_t instrument_room
    cdef size_t paired          # lots that are kept of pairs
    cdef size_t most_paired
    cdef uint32_t newest
    cdef uint32_t oldest
    cdef uint64_t number
    cdef uint64_t day
    cdef Lot voided              # what was busted last: a correction takes its place

    cdef int room_for_lots(self) noexcept nogil
    cdef int room_for_instrument(self, uint32_t instrument) noexcept nogil
    cdef int room_for_places(self) noexcept nogil
    cdef uint32_t find(self, uint64_t key) noexcept nogil
    cdef uint32_t found_or_made(self, uint32_t account, uint32_t instrument) noexcept nogil
    cdef uint32_t make(self, uint32_t holding, uint8_t side, const Lot* like) noexcept nogil
    cdef void drop(self, uint32_t lot) noexcept nogil
    cdef void put_last(self, Row* row, uint32_t lot) noexcept nogil
    cdef void put_before(self, Row* row, uint32_t lot, uint32_t later) noexcept nogil
    cdef void take_out(self, Row* row, uint32_t lot) noexcept nogil
    cdef uint32_t part_of(self, Row* row, uint32_t lot, int64_t qty) noexcept nogil
    cdef void list_paired(self, uint32_t lot) noexcept nogil
    cdef void unlist(self, uint32_t lot) noexcept nogil
    cdef void forget_beyond(self) noexcept nogil
    cdef bint joins(self, uint32_t lot, uint32_t other) noexcept nogil
    cdef void pair(self, Holding* h, uint32_t lot) noexcept nogil
    cdef void reopen(self, Holding* h, uint32_t lot) noexcept nogil
    cdef void realize(self, Holding* h, int64_t gain) noexcept nogil
    cdef int enter(self, uint32_t holding, uint8_t side, const Lot* like) noexcept nogil
    cdef int leave(self, uint32_t holding, const Event* e) noexcept nogil
    cdef int undo(self, uint32_t holding, const Event* e, int64_t each) noexcept nogil
    cdef int64_t take_away(self, Row* row, uint64_t trade_id, int64_t most) noexcept nogil
    cdef int redo(self, uint32_t holding, const Event* e, int64_t each) noexcept nogil
    cdef uint32_t later_than(self, const Row* row, const Lot* lot) noexcept nogil
    cdef int split(self, const Event* e) noexcept nogil
    cdef void split_holding(self, Holding* h, const Event* e) noexcept nogil
    cdef int take(self, const Event* e) noexcept nogil
    cdef size_t take_all(self, const Event* e, size_t count, int* fault) noexcept nogil
