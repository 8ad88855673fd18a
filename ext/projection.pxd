"""From commands and events to rows of the read models, in PostgreSQL's binary COPY format. See docs/database.md."""

from libc.stddef cimport size_t
from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

from ext.copying cimport Rows
from ext.groups cimport Groups
from ext.transfers cimport Transfers
from ext.wire cimport Event, OrderCommand, SpecialCommand

cdef struct Live:  # an order that is open; LIVE_DTYPE in projection.pyx is the same
    uint64_t order_id           # 0: none in this slot
    uint64_t client_order_id
    int64_t price
    int64_t value               # sum of price x lots of its fills
    uint64_t accepted_seq
    int64_t accepted_ts_ns
    uint64_t seq                # of its last event
    int64_t ts_ns
    uint32_t account
    uint32_t instrument
    uint32_t qty
    uint32_t filled
    uint8_t side
    uint8_t order_type
    uint8_t tif
    uint8_t flags
    uint8_t self_trade
    uint8_t stored              # the table of open orders has a row of it
    uint8_t changed             # its slot is in the list of changed ones
    uint8_t modes
    int64_t stop_price          # this and what follows: of a SpecialCommand; 0: not used
    int64_t offset_value
    int64_t expire_ns
    int64_t discretion
    uint32_t display_qty
    uint32_t min_qty
    uint32_t order_group
    uint32_t self_trade_group
    uint64_t link_id            # as it came
    uint64_t link_group         # client_order_id of the first order of those that it is tied to; 0: it is not
    uint8_t peg
    uint8_t triggered           # a stop that was met
    uint8_t role                # as it came
    uint8_t waits               # a child whose parent has not ended
    uint8_t unused[4]


cdef struct Minute:  # the trades of one instrument in one minute
    int64_t minute          # since 1970
    int64_t open
    int64_t high
    int64_t low
    int64_t close
    int64_t volume
    int64_t value           # sum of price x lots
    int64_t trades          # 0: none since the last take_bars


cdef class Projection:
    cdef Live* live         # by slot
    cdef size_t slots
    cdef uint32_t* changed  # slots of orders that changed since the last take_open
    cdef size_t changed_count
    cdef size_t changed_room
    cdef Rows fills
    cdef Rows closed_orders
    cdef Rows rejects
    cdef Rows order_events
    cdef Rows market_events     # Event records as they are
    cdef Rows gone
    cdef Rows bars
    cdef readonly Transfers transfers
    cdef Minute* minutes       # by instrument: the bar that grows
    cdef size_t instruments
    cdef Groups groups

    cdef int room_for(self, size_t slot) noexcept nogil
    cdef int run(
        self, const unsigned char* commands, size_t command_bytes, const Event* events, size_t count
    ) noexcept nogil
    cdef int accept(self, const Event* e, const OrderCommand* c) noexcept nogil
    cdef int join_group(self, Live* order) noexcept nogil
    cdef uint64_t group_of(self, uint32_t account, uint64_t client_order_id) except 0
    cdef int follow(self, uint32_t account) except -1
    cdef int name(self, size_t slot) except -1
    cdef Live* find(self, const Event* e) noexcept nogil
    cdef int add_trade(self, const Event* e) noexcept nogil
    cdef int end_bar(self, size_t instrument) noexcept nogil
    cdef int touch(self, Live* order, const Event* e) noexcept nogil
    cdef int note_change(self, Live* order) noexcept nogil
    cdef int close(self, Live* order, const Event* e) noexcept nogil
