"""What an engine did not do as it was recorded: kept one by one while there is room, counted by reason always."""

cimport cython
from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t

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
    STRANGER              # somebody who is not of the replay traded with one of its orders
    REASONS               # how many there are


cdef packed struct Difference:
    uint64_t ts_ns
    uint64_t reference
    uint64_t expected
    uint64_t actual
    uint16_t locate
    uint8_t type
    uint8_t reason


@cython.final
cdef class Differences:
    cdef Difference* kept
    cdef uint32_t count, capacity
    cdef uint64_t counts[REASONS]
    cdef bint out_of_memory

    cdef void add(self, int reason, uint64_t ts_ns, uint64_t reference, uint16_t locate, uint8_t type,
                  uint64_t expected, uint64_t actual) noexcept nogil
