"""From recorded steps to commands of the core, and from its events back to what was recorded."""

cimport cython
from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t

from ext.itch.book cimport LOCATES, Books
from ext.itch.differences cimport Differences
from ext.itch.fills cimport Fills
from ext.itch.scan cimport Step
from ext.wire cimport Event, OrderCommand

cdef enum:
    COMMANDS = 4096       # that one call of `translate` makes at most

cdef enum:                # bits of Placed.status
    SENT = 1              # the engine has it, or will when it has done what was sent
    WAITING = 2           # not sent: its instrument is halted, or it crosses
    SHRUNK = 4            # the engine has it with more shares: reduced in a halt
    LOST = 8              # the engine refused it


cdef struct Placed:       # of each slot of the books
    uint64_t engine_id    # 0 until the engine told it
    uint64_t client_id
    uint8_t status


cdef struct Repair:       # an order to cancel: a replace of it was refused
    uint64_t order_id
    uint32_t instrument


@cython.final
cdef class Translator:
    cdef readonly Books books
    cdef readonly Differences differences
    cdef readonly Fills fills
    cdef uint32_t maker_account, taker_account
    cdef uint32_t instruments[LOCATES]
    cdef uint8_t states[LOCATES]           # InstrumentState
    cdef uint8_t halts[LOCATES]            # bit 0: trading action, bit 1: operational halt
    cdef uint32_t waiting[LOCATES]         # orders WAITING or SHRUNK
    cdef Placed* placed
    cdef uint32_t placed_capacity
    cdef uint32_t* makers                  # ring: maker client id -> slot, while in flight
    cdef readonly uint64_t maker_first, maker_next, maker_done
    cdef OrderCommand* commands
    cdef readonly uint32_t command_count
    cdef Repair* repairs
    cdef uint32_t repair_count, repair_capacity
    cdef readonly uint64_t steps, skipped, executions, executed_shares, prints, sent
    cdef uint64_t rejects
    cdef bint out_of_memory

    cdef uint8_t state_after(self, const Step* step) noexcept nogil
    cdef void withdraw(self, uint32_t slot) noexcept nogil
    cdef void vacate(self, uint32_t slot) noexcept nogil
    cdef void lose(self, uint32_t slot, uint8_t check) noexcept nogil
    cdef Py_ssize_t run(self, const Step* steps, Py_ssize_t count) noexcept nogil
    cdef void mend(self) noexcept nogil
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
    cdef void maker_event(self, const Event* event) noexcept nogil
    cdef void repair(self, const Event* event) noexcept nogil
    cdef int check_memory(self) except -1
    cdef uint32_t slot_of_client(self, uint64_t client_id) noexcept nogil
    cdef bint room_for_slots(self) noexcept nogil
