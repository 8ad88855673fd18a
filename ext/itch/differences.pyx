"""Where an engine and a recording part: the reasons, and the list of what differed."""

cimport cython
from libc.stdlib cimport free, malloc, realloc
from libc.string cimport memset

import numpy as np

DIFFERENCE_DTYPE = np.dtype([
    ("ts_ns", "<u8"), ("reference", "<u8"), ("expected", "<u8"), ("actual", "<u8"), ("locate", "<u2"), ("type", "u1"),
    ("reason", "u1"),
])
assert DIFFERENCE_DTYPE.itemsize == sizeof(Difference)

REASON_NAMES = (
    "not_first_in_queue", "executed_at_another_price", "executed_in_a_halt", "crosses_the_book", "unknown_reference",
    "duplicate_reference", "more_shares_than_the_order_has", "no_shares", "engine_filled_another_order",
    "engine_filled_otherwise", "engine_rejected", "engine_traded_on_entry",
    "traded_with_a_stranger",
)
assert len(REASON_NAMES) == REASONS

cdef enum:
    KEPT = 100000

MAX_DIFFERENCES = KEPT  # kept one by one; all are counted


@cython.final
cdef class Differences:
    """Differences in the order in which they were found. Raises MemoryError."""

    def __cinit__(self):
        self.capacity = 1024
        self.kept = <Difference*>malloc(self.capacity * sizeof(Difference))
        if self.kept == NULL:
            raise MemoryError("no memory for the differences")
        memset(self.counts, 0, sizeof(self.counts))

    def __dealloc__(self):
        free(self.kept)

    cdef void add(self, int reason, uint64_t ts_ns, uint64_t reference, uint16_t locate, uint8_t type,
                  uint64_t expected, uint64_t actual) noexcept nogil:
        cdef Difference* grown
        cdef Difference* difference
        self.counts[reason] += 1
        if self.count == KEPT:
            return
        if self.count == self.capacity:
            grown = <Difference*>realloc(self.kept, 2 * <size_t>self.capacity * sizeof(Difference))
            if grown == NULL:
                self.out_of_memory = True
                return
            self.kept, self.capacity = grown, 2 * self.capacity
        difference = &self.kept[self.count]
        difference.ts_ns, difference.reference, difference.locate, difference.type = ts_ns, reference, locate, type
        difference.expected, difference.actual, difference.reason = expected, actual, <uint8_t>reason
        self.count += 1

    @property
    def total(self):
        """How many there are so far, of all reasons."""
        cdef uint64_t total = 0
        cdef int reason
        for reason in range(REASONS):
            total += self.counts[reason]
        return total

    def counts_by_reason(self):
        """Return {name of the reason: how many} of the reasons that occurred."""
        cdef int reason
        return {REASON_NAMES[reason]: self.counts[reason] for reason in range(REASONS) if self.counts[reason]}

    def since(self, uint32_t first=0):
        """Return those kept (at most MAX_DIFFERENCES), from index `first` on, as an array of DIFFERENCE_DTYPE."""
        if first >= self.count:
            return np.empty(0, DIFFERENCE_DTYPE)
        return np.frombuffer((<char*>(self.kept + first))[:(self.count - first) * sizeof(Difference)], DIFFERENCE_DTYPE)
