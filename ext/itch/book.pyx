"""The plain books of an ITCH stream: all symbols, every order in its queue, kept from the messages alone.

Rules (Nasdaq TotalView-ITCH 5.0, sections 4.3 to 4.6): A and F put an order at the end of its price's queue; E, C and
X take shares and keep its place; D removes it; U removes the old reference and adds the new one at the end of the
queue of its price, same stock and side; P, Q, B and all others leave the book alone.

This is the oracle of a replay (`--check`), so it shares nothing with the matching core. Orders sit in a pool, levels
in another; each side is an array of levels sorted by price with the best at its end, where the activity is.
"""

cimport cython
from libc.stdlib cimport free, malloc, realloc
from libc.string cimport memmove, memset

import numpy as np

cdef extern from *:
    """
    #define PREFETCH(address) __builtin_prefetch(address)
    """
    void PREFETCH(const void* address) noexcept nogil

cdef enum:
    AHEAD = 24         # steps between the prefetch of a hash entry and its use: covers a miss to memory
    ORDER_AHEAD = 12   # steps between the prefetch of an order, found by its entry, and its use
    NEAR_THE_BEST = 12  # levels searched one by one from the best before the search turns binary


@cython.final
cdef class Books:
    """Books of every stock locate. `apply` steps (arrays of `ext.itch.scan.STEP_DTYPE`), then read levels and queues.

    `reserve` is the number of resting orders to have room for at the start; all grows when needed. Raises MemoryError.
    """

    def __cinit__(self, uint32_t reserve=1 << 16):
        cdef uint64_t entries = 1 << 10
        while entries < 2 * <uint64_t>reserve:
            entries *= 2
        self.orders_capacity = max(reserve, 16)
        self.levels_capacity = 1 << 12
        self.orders = <RestingOrder*>malloc(self.orders_capacity * sizeof(RestingOrder))
        self.levels = <Level*>malloc(self.levels_capacity * sizeof(Level))
        self.table = <Entry*>malloc(entries * sizeof(Entry))
        if self.orders == NULL or self.levels == NULL or self.table == NULL:
            raise MemoryError("no memory for the books")
        memset(self.table, 0, entries * sizeof(Entry))
        memset(self.sides, 0, sizeof(self.sides))
        memset(&self.anomalies, 0, sizeof(self.anomalies))
        self.table_mask = entries - 1
        self.table_shift = 64
        while entries > 1:
            entries >>= 1
            self.table_shift -= 1
        self.orders_used = self.levels_used = 0
        self.free_order = self.free_level = NONE
        self.live = self.executions = self.executed_shares = 0
        self.out_of_memory = False

    def __dealloc__(self):
        cdef int place
        for place in range(2 * LOCATES):
            free(self.sides[place].entries)
        free(self.orders)
        free(self.levels)
        free(self.table)

    # The hash table: linear probing, backward shift on removal, at most half full.

    cdef uint64_t home(self, uint64_t reference) noexcept nogil:
        return (reference * <uint64_t>0x9E3779B97F4A7C15) >> self.table_shift

    cdef uint32_t find(self, uint64_t reference) noexcept nogil:
        """The slot of a resting order, or NONE."""
        cdef uint64_t at = self.home(reference)
        while self.table[at].used:
            if self.table[at].reference == reference:
                return self.table[at].slot
            at = (at + 1) & self.table_mask
        return NONE

    cdef void prefetch(self, uint64_t reference) noexcept nogil:
        """Load the hash entry of an order that a step soon needs."""
        PREFETCH(self.table + self.home(reference))

    cdef void prefetch_order(self, uint64_t reference) noexcept nogil:
        """Load the order itself; its hash entry should have come by now. One that collided is not looked for."""
        cdef Entry* entry = self.table + self.home(reference)
        if entry.used and entry.reference == reference:
            PREFETCH(self.orders + entry.slot)

    cdef void forget(self, uint64_t reference) noexcept nogil:
        cdef uint64_t hole = self.home(reference), at, wants
        while self.table[hole].reference != reference or not self.table[hole].used:
            hole = (hole + 1) & self.table_mask
        at = hole
        while True:
            at = (at + 1) & self.table_mask
            if not self.table[at].used:
                break
            wants = self.home(self.table[at].reference)
            if ((at - wants) & self.table_mask) >= ((at - hole) & self.table_mask):
                self.table[hole] = self.table[at]
                hole = at
        self.table[hole].used = 0

    cdef int grow_table(self) noexcept nogil:
        cdef Entry* old = self.table
        cdef uint64_t entries = self.table_mask + 1, i, at
        cdef Entry* bigger = <Entry*>malloc(2 * entries * sizeof(Entry))
        if bigger == NULL:
            self.out_of_memory = True
            return 0
        memset(bigger, 0, 2 * entries * sizeof(Entry))
        self.table = bigger
        self.table_mask = 2 * entries - 1
        self.table_shift -= 1
        for i in range(entries):
            if old[i].used:
                at = self.home(old[i].reference)
                while bigger[at].used:
                    at = (at + 1) & self.table_mask
                bigger[at] = old[i]
        free(old)
        return 1

    # Levels.

    cdef uint32_t level_at(self, uint32_t place, uint32_t price) noexcept nogil:
        """The level of a price, made if it is not there. NONE when memory ran out."""
        cdef Side* side = &self.sides[place]
        cdef uint32_t low = 0, high = side.count, middle, level, capacity
        cdef uint32_t lower_is_better = place & 1
        cdef SideEntry* entries = side.entries
        cdef Level* grown
        # `high` becomes the number of entries that are worse than `price`
        while high > 0 and side.count - high < NEAR_THE_BEST:
            if entries[high - 1].price == price:
                return entries[high - 1].level
            if (entries[high - 1].price > price) == lower_is_better:
                break
            high -= 1
        else:
            while low < high:
                middle = (low + high) >> 1
                if entries[middle].price == price:
                    return entries[middle].level
                if (entries[middle].price > price) == lower_is_better:
                    low = middle + 1
                else:
                    high = middle
        if side.count == side.capacity:
            capacity = side.capacity * 2 if side.capacity else 16
            entries = <SideEntry*>realloc(entries, capacity * sizeof(SideEntry))
            if entries == NULL:
                self.out_of_memory = True
                return NONE
            side.entries, side.capacity = entries, capacity
        if self.free_level != NONE:
            level = self.free_level
            self.free_level = self.levels[level].head
        else:
            if self.levels_used == self.levels_capacity:
                grown = <Level*>realloc(self.levels, 2 * <size_t>self.levels_capacity * sizeof(Level))
                if grown == NULL:
                    self.out_of_memory = True
                    return NONE
                self.levels, self.levels_capacity = grown, self.levels_capacity * 2
            level = self.levels_used
            self.levels_used += 1
        memmove(entries + high + 1, entries + high, (side.count - high) * sizeof(SideEntry))
        entries[high].price, entries[high].level = price, level
        side.count += 1
        self.levels[level].shares, self.levels[level].price, self.levels[level].orders = 0, price, 0
        self.levels[level].head = self.levels[level].tail = NONE
        return level

    cdef void drop_level(self, uint32_t place, uint32_t price) noexcept nogil:
        cdef Side* side = &self.sides[place]
        cdef uint32_t at = side.count - 1, low, high
        cdef uint32_t lower_is_better = place & 1
        if side.entries[at].price != price:
            low, high = 0, at
            while True:
                at = (low + high) >> 1
                if side.entries[at].price == price:
                    break
                if (side.entries[at].price > price) == lower_is_better:
                    low = at + 1
                else:
                    high = at
        self.levels[side.entries[at].level].head = self.free_level
        self.free_level = side.entries[at].level
        side.count -= 1
        memmove(side.entries + at, side.entries + at + 1, (side.count - at) * sizeof(SideEntry))

    cdef uint32_t best_level(self, uint32_t place) noexcept nogil:
        cdef Side* side = &self.sides[place]
        return side.entries[side.count - 1].level if side.count else <uint32_t>NONE

    # Orders.

    cdef uint32_t add(self, uint64_t reference, uint32_t place, uint32_t shares, uint32_t price) noexcept nogil:
        """Rest an order at the end of its queue; return its slot, NONE when nothing rests."""
        cdef uint64_t at
        cdef uint32_t slot, level
        cdef RestingOrder* grown
        cdef RestingOrder* order
        cdef Level* queue
        if shares == 0:
            self.anomalies.zero_shares += 1
            return NONE
        if 2 * (self.live + 1) > self.table_mask and not self.grow_table():
            return NONE
        at = self.home(reference)
        while self.table[at].used:
            if self.table[at].reference == reference:
                self.anomalies.duplicate_reference += 1
                self.remove(self.table[at].slot)
                return self.add(reference, place, shares, price)
            at = (at + 1) & self.table_mask
        level = self.level_at(place, price)
        if level == NONE:
            return NONE
        if self.free_order != NONE:
            slot = self.free_order
            self.free_order = self.orders[slot].next
        else:
            if self.orders_used == self.orders_capacity:
                grown = <RestingOrder*>realloc(self.orders, 2 * <size_t>self.orders_capacity * sizeof(RestingOrder))
                if grown == NULL:
                    self.out_of_memory = True
                    return NONE
                self.orders, self.orders_capacity = grown, self.orders_capacity * 2
            slot = self.orders_used
            self.orders_used += 1
        self.table[at].reference, self.table[at].slot, self.table[at].used = reference, slot, 1
        order, queue = &self.orders[slot], &self.levels[level]
        order.reference, order.shares, order.price, order.level, order.place = reference, shares, price, level, place
        order.previous, order.next = queue.tail, NONE
        if queue.tail == NONE:
            queue.head = slot
        else:
            self.orders[queue.tail].next = slot
        queue.tail = slot
        queue.shares += shares
        queue.orders += 1
        self.live += 1
        return slot

    cdef void remove(self, uint32_t slot) noexcept nogil:
        cdef RestingOrder* order = &self.orders[slot]
        cdef Level* queue = &self.levels[order.level]
        if order.previous == NONE:
            queue.head = order.next
        else:
            self.orders[order.previous].next = order.next
        if order.next == NONE:
            queue.tail = order.previous
        else:
            self.orders[order.next].previous = order.previous
        queue.shares -= order.shares
        queue.orders -= 1
        if queue.orders == 0:
            self.drop_level(order.place, order.price)
        self.forget(order.reference)
        order.next = self.free_order
        self.free_order = slot
        self.live -= 1

    cdef void reduce(self, uint32_t slot, uint64_t shares) noexcept nogil:
        """Take shares from an order; with none left it goes."""
        cdef RestingOrder* order = &self.orders[slot]
        if shares >= order.shares:
            if shares > order.shares:
                self.anomalies.excess_shares += 1
            self.remove(slot)
        else:
            order.shares -= <uint32_t>shares
            self.levels[order.level].shares -= shares

    cdef void step(self, const Step* step) noexcept nogil:
        """Do what one message says."""
        cdef uint32_t slot, place
        cdef uint8_t kind = step.type
        if kind == c"A" or kind == c"F":
            self.add(step.reference, 2 * <uint32_t>step.locate + (step.code == c"S"), <uint32_t>step.shares, step.price)
            return
        if not (kind == c"D" or kind == c"U" or kind == c"E" or kind == c"X" or kind == c"C"):
            return
        slot = self.find(step.reference)
        if slot == NONE or self.orders[slot].place >> 1 != step.locate:
            self.anomalies.unknown_reference += 1
            return
        if kind == c"D":
            self.remove(slot)
        elif kind == c"U":
            place = self.orders[slot].place
            self.remove(slot)
            self.add(step.other, place, <uint32_t>step.shares, step.price)
        else:
            if kind != c"X":
                self.executions += 1
                self.executed_shares += step.shares
            self.reduce(slot, step.shares)

    def apply(self, const Step[::1] steps not None):
        """Do what the steps say, in order. Raises MemoryError; anomalies are counted, see `anomalies_by_name`."""
        cdef Py_ssize_t count = steps.shape[0], i
        cdef const Step* data
        if count == 0:
            return
        data = &steps[0]
        with nogil:
            for i in range(count):
                if i + AHEAD < count:
                    self.prefetch(data[i + AHEAD].reference)
                    self.prefetch_order(data[i + ORDER_AHEAD].reference)
                self.step(data + i)
                if self.out_of_memory:
                    break
        if self.out_of_memory:
            raise MemoryError(f"no memory for the books with {self.live} orders resting")

    def levels_of(self, uint32_t locate, uint32_t side, Py_ssize_t limit=-1):
        """Return the levels of one side (0 buy, 1 sell), best first: arrays (price 1e-4, shares, orders) of at most
        `limit`.
        """
        cdef Side* levels
        cdef Py_ssize_t count, i
        cdef Level* level
        if locate >= LOCATES or side > 1:
            raise ValueError(f"locate is 0..65535 and side 0 or 1, got {locate} and {side}")
        levels = &self.sides[2 * locate + side]
        count = levels.count if limit < 0 else min(<Py_ssize_t>levels.count, limit)
        prices, shares, orders = np.empty(count, np.int64), np.empty(count, np.int64), np.empty(count, np.int64)
        for i in range(count):
            level = &self.levels[levels.entries[levels.count - 1 - i].level]
            prices[i], shares[i], orders[i] = level.price, level.shares, level.orders
        return prices, shares, orders

    def queue_of(self, uint32_t locate, uint32_t side, uint32_t price):
        """Return the queue of one price in order of priority: a list of (reference, shares); empty when nothing
        rests there.
        """
        cdef Side* levels
        cdef uint32_t i, slot
        if locate >= LOCATES or side > 1:
            raise ValueError(f"locate is 0..65535 and side 0 or 1, got {locate} and {side}")
        levels, result = &self.sides[2 * locate + side], []
        for i in range(levels.count):
            if levels.entries[i].price == price:
                slot = self.levels[levels.entries[i].level].head
                while slot != NONE:
                    result.append((self.orders[slot].reference, self.orders[slot].shares))
                    slot = self.orders[slot].next
        return result

    def best(self, uint32_t locate):
        """Return (bid price, bid shares, ask price, ask shares) of one locate; zeros for an empty side."""
        cdef uint32_t bid, ask
        if locate >= LOCATES:
            raise ValueError(f"locate is 0..65535, got {locate}")
        bid, ask = self.best_level(2 * locate), self.best_level(2 * locate + 1)
        return (
            self.levels[bid].price if bid != NONE else 0, self.levels[bid].shares if bid != NONE else 0,
            self.levels[ask].price if ask != NONE else 0, self.levels[ask].shares if ask != NONE else 0,
        )

    def anomalies_by_name(self):
        """Return how many messages did not fit the book, by kind; all zero for a sound stream read from its start."""
        return dict(self.anomalies)
