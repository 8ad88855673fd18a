"""From recorded steps to commands of the core, and from its events back to what was recorded."""

from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t

from ext.itch.book cimport LOCATES, Books
from ext.itch.scan cimport Step
from ext.wire cimport Event, OrderCommand

cdef enum:
    COMMANDS = 4096       # that one call of `translate` makes at most
    IN_FLIGHT = 1 << 16   # orders of each account sent and not answered, at most

cdef enum:                # why the engine did not, or could not, do what was recorded
    NOT_FIRST = 0         # an execution of an order that is not the first of its side's best queue
    OTHER_PRICE           # an execution at another price than the order's: no match of a book gives it
    EXECUTED_IN_HALT
    CROSSING              # an order that crosses the book: it waits until it does not
    UNKNOWN_REFERENCE
    DUPLICATE_REFERENCE
    EXCESS_SHARES         # more shares executed or cancelled than the order has
    ZERO_SHARES
    WRONG_MAKER           # the engine filled another order
    WRONG_FILL            # the engine filled the order at another price or less of it
    REJECTED              # by the engine; `actual` is the check
    TRADED_ON_ENTRY       # a resting order of the recording traded when it entered
    REASONS               # how many there are

cdef enum:                # bits of Placed.status
    SENT = 1              # the engine has it, or will when it has done what was sent
    WAITING = 2           # not sent: its instrument is halted, or it crosses
    SHRUNK = 4            # the engine has it with more shares: reduced in a halt
    LOST = 8              # the engine refused it


cdef struct Placed:       # of each slot of the books
    uint64_t engine_id    # 0 until the engine told it
    uint64_t client_id
    uint8_t status


cdef struct Expected:     # of each marketable order sent
    uint64_t maker_client_id
    uint64_t reference
    uint64_t ts_ns
    uint32_t shares
    uint32_t price
    uint32_t filled
    uint16_t locate
    uint8_t type
    uint8_t wrong


cdef struct HalfFill:     # one side of a trade whose other side has not come yet
    uint64_t seq
    uint64_t trade_id
    uint64_t client_id
    uint32_t instrument
    uint32_t qty
    uint32_t price
    uint8_t maker


cdef packed struct Difference:
    uint64_t ts_ns
    uint64_t reference
    uint64_t expected
    uint64_t actual
    uint16_t locate
    uint8_t type
    uint8_t reason


cdef class Translator:
    cdef readonly Books books
    cdef uint32_t maker_account, taker_account
    cdef uint32_t instruments[LOCATES]
    cdef uint8_t states[LOCATES]           # InstrumentState
    cdef uint8_t halts[LOCATES]            # bit 0: trading action, bit 1: operational halt
    cdef uint32_t waiting[LOCATES]         # orders WAITING or SHRUNK
    cdef Placed* placed
    cdef uint32_t placed_capacity
    cdef uint32_t* makers                  # ring: maker client id -> slot, while in flight
    cdef Expected* takers                  # ring: taker client id -> what its fill must be
    cdef readonly uint64_t maker_next, maker_done, taker_next, taker_done
    cdef OrderCommand* commands
    cdef readonly uint32_t command_count
    cdef HalfFill* halves
    cdef uint32_t half_count, half_capacity
    cdef uint64_t* repairs                 # engine ids of orders to cancel: a replace of theirs was refused
    cdef uint32_t* repair_instruments
    cdef uint32_t repair_count, repair_capacity
    cdef Difference* differences
    cdef uint32_t difference_count, difference_capacity
    cdef uint64_t counts[REASONS]
    cdef readonly uint64_t steps, skipped, executions, matched, matched_shares, executed_shares, prints, rejects
    cdef readonly uint64_t sent
    cdef bint out_of_memory

    cdef uint8_t state_after(self, const Step* step) noexcept nogil
    cdef void withdraw(self, uint32_t slot, uint32_t locate) noexcept nogil
    cdef void vacate(self, uint32_t slot, uint32_t locate) noexcept nogil
    cdef void lose(self, uint32_t slot, uint8_t check) noexcept nogil
    cdef Py_ssize_t run(self, const Step* steps, Py_ssize_t count) noexcept nogil
    cdef void one(self, const Step* step) noexcept nogil
    cdef void enter(self, const Step* step, uint32_t place, uint64_t engine_id, uint64_t client_id) noexcept nogil
    cdef void execute(self, const Step* step, uint32_t slot) noexcept nogil
    cdef void shrink(self, uint32_t slot, uint64_t shares, uint32_t locate) noexcept nogil
    cdef bint release(self, uint32_t locate) noexcept nogil
    cdef bint release_order(self, uint32_t slot, uint32_t locate) noexcept nogil
    cdef bint crosses(self, uint32_t place, uint32_t price) noexcept nogil
    cdef void new_order(self, uint32_t slot, uint32_t locate) noexcept nogil
    cdef OrderCommand* command(self, uint16_t kind, uint32_t account, uint32_t instrument) noexcept nogil
    cdef void name_order(self, OrderCommand* command, uint32_t slot) noexcept nogil
    cdef void differ(self, int reason, const Step* step, uint64_t expected, uint64_t actual) noexcept nogil
    cdef void differ_raw(self, int reason, uint64_t ts_ns, uint64_t reference, uint16_t locate, uint8_t type,
                         uint64_t expected, uint64_t actual) noexcept nogil
    cdef void event(self, const Event* event) noexcept nogil
    cdef void half(self, const Event* event) noexcept nogil
    cdef void traded(self, const HalfFill* maker, const HalfFill* taker) noexcept nogil
    cdef uint32_t slot_of_client(self, uint64_t client_id) noexcept nogil
    cdef bint room_for_slots(self) noexcept nogil
