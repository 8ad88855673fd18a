"""Every execution of a recording becomes one marketable order; here its fill is held against what was recorded.

The two sides of a trade are events of two accounts, which a running engine sends apart: they are paired by instrument
and trade number, in whatever order they come.
"""

cimport cython
from libc.stdlib cimport calloc, free, malloc, realloc

from ext.itch.differences cimport REJECTED, STRANGER, WRONG_FILL, WRONG_MAKER
from ext.wire cimport EVENT_KIND_ACCEPTED, EVENT_KIND_CANCELED, EVENT_KIND_FILL, EVENT_KIND_REJECTED, Reject


@cython.final
cdef class Fills:
    """What the taker's orders must fill. `first_client_id` is the first of their client order ids. Raises MemoryError.
    """

    def __cinit__(self, Differences differences not None, uint64_t first_client_id=1):
        self.differences = differences
        self.half_capacity = 64
        self.expected = <Expected*>calloc(IN_FLIGHT, sizeof(Expected))
        self.halves = <HalfFill*>malloc(self.half_capacity * sizeof(HalfFill))
        if self.expected == NULL or self.halves == NULL:
            raise MemoryError("no memory for the fills")
        self.next_id = self.done_id = first_client_id

    def __dealloc__(self):
        free(self.expected)
        free(self.halves)

    def settled(self):
        """Say that every event has come: a side of a trade that still has no other was a trade with a stranger."""
        cdef uint32_t i
        for i in range(self.half_count):
            self.differences.add(STRANGER, 0, self.halves[i].client_id, 0, 0, 0, self.halves[i].qty)
        self.half_count = 0

    cdef uint64_t expect(self, const Step* step, uint64_t maker_client_id, uint32_t price) noexcept nogil:
        """Note that the next order must fill an order of the maker at its price; return its client order id."""
        cdef Expected* expected = &self.expected[self.next_id & (IN_FLIGHT - 1)]
        expected.maker_client_id, expected.reference = maker_client_id, step.reference
        expected.ts_ns, expected.locate, expected.type = step.ts_ns, step.locate, step.type
        expected.shares, expected.price, expected.filled, expected.wrong = <uint32_t>step.shares, price, 0, 0
        self.next_id += 1
        return self.next_id - 1

    cdef void taker(self, const Event* event) noexcept nogil:
        """Take an event of the taker's account."""
        cdef Expected* expected = &self.expected[event.client_order_id & (IN_FLIGHT - 1)]
        if event.kind == EVENT_KIND_ACCEPTED:
            self.done_id = max(self.done_id, event.client_order_id)  # its fills come after it: done with the next one
        elif event.kind == EVENT_KIND_FILL:
            self.half(event, False)
        elif event.kind == EVENT_KIND_CANCELED:
            self.wrong(expected, WRONG_FILL, expected.shares, expected.shares - event.qty)
        elif event.kind == EVENT_KIND_REJECTED:
            self.rejects += 1
            self.done_id = max(self.done_id, event.client_order_id + 1)
            self.wrong(expected, REJECTED, 0, (<const Reject*>event).check)

    cdef void half(self, const Event* event, bint maker) noexcept nogil:
        """Take one side of a trade; with both sides there, hold it against the record."""
        cdef HalfFill mine, other
        cdef HalfFill* grown
        cdef uint32_t i = self.half_count
        mine.trade_id, mine.instrument, mine.client_id = event.trade_id, event.instrument, event.client_order_id
        mine.qty, mine.price, mine.maker = event.qty, <uint32_t>event.price, maker
        while i > 0:
            i -= 1
            other = self.halves[i]
            if other.trade_id == mine.trade_id and other.instrument == mine.instrument and other.maker != mine.maker:
                self.half_count -= 1
                self.halves[i] = self.halves[self.half_count]
                if maker:
                    self.traded(&mine, &other)
                else:
                    self.traded(&other, &mine)
                return
        if self.half_count == self.half_capacity:
            grown = <HalfFill*>realloc(self.halves, 2 * <size_t>self.half_capacity * sizeof(HalfFill))
            if grown == NULL:
                self.out_of_memory = True
                return
            self.halves, self.half_capacity = grown, 2 * self.half_capacity
        self.halves[self.half_count] = mine
        self.half_count += 1

    cdef void traded(self, const HalfFill* maker, const HalfFill* taker) noexcept nogil:
        cdef Expected* expected = &self.expected[taker.client_id & (IN_FLIGHT - 1)]
        expected.filled += taker.qty
        if maker.client_id != expected.maker_client_id:
            self.wrong(expected, WRONG_MAKER, expected.maker_client_id, maker.client_id)
        elif taker.price != expected.price or expected.filled > expected.shares:
            self.wrong(expected, WRONG_FILL, expected.price, taker.price)
        elif expected.filled == expected.shares and not expected.wrong:
            self.matched += 1
            self.matched_shares += expected.shares

    cdef void wrong(self, Expected* expected, int reason, uint64_t should, uint64_t did) noexcept nogil:
        """Note a difference of an execution: the first one only, the others follow from it."""
        if not expected.wrong:
            expected.wrong = 1
            self.differences.add(reason, expected.ts_ns, expected.reference, expected.locate, expected.type, should,
                                 did)
