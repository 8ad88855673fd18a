"""Recorded steps (ITCH or LOBSTER) to commands of the core, and the core's events held against what was recorded.

Two accounts trade. The maker owns every recorded order. An execution becomes an immediate-or-cancel order of the
taker at the price of the recorded order; the engine must fill exactly that order. The translator keeps the plain
books of the messages (`ext.itch.book`), so it knows before it sends what the record says the engine holds, and what
no matching engine could reproduce: an execution that is not of the first order of the best queue, or one in a halt.
Such an execution takes its shares from the order without a match, so that the books stay equal, and is counted under
its reason. One at another price than its order's (C) is matched at the order's, and counted as a difference.

Rules of the translation:
    A F     NEW_ORDER, GTC, post-only. In a halt, or where it crosses the book, it waits in here until it may enter.
    E C     NEW_ORDER of the taker, IOC, at the price of the recorded order.
    X       REPLACE in place (keeps priority).      D  CANCEL.
    U       REPLACE with REQUEUE (loses priority, as in the record).
    H h     the state of the instrument: `translate` stops there, the caller sets it (`state_change`, `state_changed`).
    P Q B S no command.
Orders are named by the engine's id once an event told it, before that by the client order id.
"""

cimport cython
from libc.stdlib cimport calloc, free, malloc, realloc
from libc.string cimport memset

from ext.itch.book cimport LOCATES, NONE, Side
from ext.itch.differences cimport (
    CROSSING, DUPLICATE_REFERENCE, EXCESS_SHARES, EXECUTED_IN_HALT, NOT_FIRST, OTHER_PRICE, REJECTED, TRADED_ON_ENTRY,
    UNKNOWN_REFERENCE, ZERO_SHARES,
)
from ext.itch.fills cimport IN_FLIGHT
from ext.wire cimport (
    CHECK_UNKNOWN_ORDER, COMMAND_KIND_CANCEL, COMMAND_KIND_NEW_ORDER, COMMAND_KIND_REPLACE, EVENT_FLAG_MAKER,
    EVENT_KIND_ACCEPTED, EVENT_KIND_FILL, EVENT_KIND_REJECTED, EVENT_KIND_REPLACE_REJECTED, INSTRUMENT_STATE_CLOSED,
    INSTRUMENT_STATE_HALTED, INSTRUMENT_STATE_OPEN, ORDER_FLAG_POST_ONLY, ORDER_FLAG_QTY_IS_LEAVES,
    ORDER_FLAG_REQUEUE, Reject, TIME_IN_FORCE_GTC, TIME_IN_FORCE_IOC,
)

cdef enum:
    NO_INSTRUMENT = 0xFFFFFFFF
    ROOM_A_STEP = 4  # commands that one step makes at most, releases apart


@cython.final
cdef class Translator:
    """`instruments` maps stock locates to the engine's instrument ids; steps of other locates are passed over.

    Instruments begin closed and a trading action opens them, but those of the locates in `opened` are open now.
    `first_client_id` is the first client order id of both accounts. Raises ValueError for a locate, MemoryError.
    """

    def __cinit__(self, dict instruments, uint32_t maker_account, uint32_t taker_account, *, opened=(),
                  uint64_t first_client_id=1, uint32_t reserve=1 << 16):
        cdef uint32_t locate
        self.books = Books(reserve)
        self.differences = Differences()
        self.fills = Fills(self.differences, first_client_id)
        self.maker_account, self.taker_account = maker_account, taker_account
        for locate in range(LOCATES):
            self.instruments[locate] = NO_INSTRUMENT
        memset(self.states, INSTRUMENT_STATE_CLOSED, sizeof(self.states))
        memset(self.halts, 0, sizeof(self.halts))
        memset(self.waiting, 0, sizeof(self.waiting))
        for key, value in instruments.items():
            if not 0 <= key < LOCATES:
                raise ValueError(f"a stock locate is 0..65535, got {key}")
            self.instruments[<uint32_t>key] = value
        for key in opened:
            if not 0 <= key < LOCATES:
                raise ValueError(f"a stock locate is 0..65535, got {key}")
            self.states[<uint32_t>key] = INSTRUMENT_STATE_OPEN
        self.placed_capacity = self.books.orders_capacity
        self.repair_capacity = 64
        self.placed = <Placed*>calloc(self.placed_capacity, sizeof(Placed))
        self.makers = <uint32_t*>malloc(IN_FLIGHT * sizeof(uint32_t))
        self.commands = <OrderCommand*>calloc(COMMANDS, sizeof(OrderCommand))
        self.repairs = <Repair*>malloc(self.repair_capacity * sizeof(Repair))
        if self.placed == NULL or self.makers == NULL or self.commands == NULL or self.repairs == NULL:
            raise MemoryError("no memory for the translator")
        memset(self.makers, 0xFF, IN_FLIGHT * sizeof(uint32_t))  # NONE everywhere
        self.maker_first = self.maker_next = self.maker_done = first_client_id

    def __dealloc__(self):
        free(self.placed)
        free(self.makers)
        free(self.commands)
        free(self.repairs)

    # Steps to commands.

    def translate(self, const Step[::1] steps not None, Py_ssize_t start=0):
        """Turn steps from index `start` on into commands; return the index of the first step not done.

        Stops at the end, when COMMANDS are made or in flight, and before a change of state (`state_change` tells it).
        Take the commands with `take_commands` before the next call.
        """
        cdef Py_ssize_t count = steps.shape[0], done = 0
        if not 0 <= start <= count:
            raise ValueError(f"start is 0..{count}, got {start}")
        self.mend()
        if start < count:
            with nogil:
                done = self.run(&steps[start], count - start)
        self.check_memory()
        return start + done

    def take_commands(self):
        """Return the commands made since the last call as OrderCommand records (bytes); seq and ts_ns are 0."""
        cdef bytes result = (<char*>self.commands)[:self.command_count * sizeof(OrderCommand)]
        self.sent += self.command_count
        self.command_count = 0
        return result

    def state_change(self, const Step[::1] steps not None, Py_ssize_t at):
        """Return (locate, new InstrumentState) when the step at `at` changes the state of its instrument, else None."""
        if at >= steps.shape[0]:
            return None
        cdef uint8_t state = self.state_after(&steps[at])
        return None if state == self.states[steps[at].locate] else (steps[at].locate, state)

    def state_changed(self, const Step[::1] steps not None, Py_ssize_t at):
        """Say that the engine has the state of the step at `at`; `translate` goes on at `at + 1`."""
        cdef const Step* step = &steps[at]
        self.states[step.locate] = self.state_after(step)
        if step.type == c"h":
            self.halts[step.locate] = (self.halts[step.locate] & 1) | (2 if step.code != c"T" else 0)
        else:
            self.halts[step.locate] = (self.halts[step.locate] & 2) | (1 if step.code != c"T" else 0)
        self.steps += 1

    cdef uint8_t state_after(self, const Step* step) noexcept nogil:
        """The state that the instrument of a step has after it."""
        cdef uint8_t halts = self.halts[step.locate]
        if self.instruments[step.locate] == NO_INSTRUMENT:
            return self.states[step.locate]
        if step.type == c"H":
            halts = (halts & 2) | (1 if step.code != c"T" else 0)
        elif step.type == c"h":
            halts = (halts & 1) | (2 if step.code != c"T" else 0)
            if self.states[step.locate] == INSTRUMENT_STATE_CLOSED:
                return INSTRUMENT_STATE_CLOSED
        else:
            return self.states[step.locate]
        return INSTRUMENT_STATE_HALTED if halts else INSTRUMENT_STATE_OPEN

    cdef Py_ssize_t run(self, const Step* steps, Py_ssize_t count) noexcept nogil:
        cdef Py_ssize_t i
        cdef uint32_t locate
        for i in range(count):
            if self.command_count > COMMANDS - ROOM_A_STEP or self.out_of_memory:
                return i
            if self.maker_next - self.maker_done > IN_FLIGHT - ROOM_A_STEP:
                return i
            if self.fills.next_id - self.fills.done_id >= IN_FLIGHT:
                return i
            locate = steps[i].locate
            if self.instruments[locate] == NO_INSTRUMENT:
                self.skipped += 1
                self.steps += 1
                continue
            if self.state_after(steps + i) != self.states[locate]:
                return i
            if self.waiting[locate] and self.states[locate] == INSTRUMENT_STATE_OPEN and not self.release(locate):
                return i
            if i + 16 < count:
                self.books.prefetch(steps[i + 16].reference)
            self.one(steps + i)
            self.steps += 1
        return count

    cdef void mend(self) noexcept nogil:
        """Cancel the orders whose replace was refused."""
        cdef OrderCommand* cancel
        while self.repair_count and self.command_count < COMMANDS:
            self.repair_count -= 1
            cancel = self.command(COMMAND_KIND_CANCEL, self.maker_account, self.repairs[self.repair_count].instrument)
            cancel.order_id = self.repairs[self.repair_count].order_id

    cdef void one(self, const Step* step) noexcept nogil:
        """Send what a step asks for, then do it in the books."""
        cdef uint8_t kind = step.type
        cdef uint32_t slot, locate = step.locate, instrument = self.instruments[step.locate]
        cdef uint64_t engine_id = 0, client_id = 0
        cdef uint8_t status
        cdef OrderCommand* cancel
        if kind == c"A" or kind == c"F":
            if step.shares == 0:
                self.differ(ZERO_SHARES, step, 1, 0)
                return
            slot = self.books.find(step.reference)
            if slot != NONE:
                self.differ(DUPLICATE_REFERENCE, step, step.reference, step.reference)
                self.withdraw(slot)
            self.enter(step, 2 * locate + (step.code == c"S"), 0, 0)
            return
        if kind == c"P" or kind == c"Q":
            self.prints += 1
            return
        if not (kind == c"D" or kind == c"U" or kind == c"E" or kind == c"X" or kind == c"C"):
            return
        slot = self.books.find(step.reference)
        if slot == NONE or self.books.orders[slot].place >> 1 != locate:
            self.differ(UNKNOWN_REFERENCE, step, step.reference, 0)
            if kind == c"E" or kind == c"C":
                self.executions += 1
                self.executed_shares += step.shares
            return
        if kind == c"D":
            self.withdraw(slot)
        elif kind == c"X":
            if step.shares > self.books.orders[slot].shares:
                self.differ(EXCESS_SHARES, step, step.shares, self.books.orders[slot].shares)
            self.shrink(slot, step.shares, locate)
        elif kind == c"U":
            status = self.placed[slot].status
            if step.shares == 0:
                self.differ(ZERO_SHARES, step, 1, 0)
                self.withdraw(slot)
            elif status & SENT and self.states[locate] == INSTRUMENT_STATE_OPEN:
                engine_id, client_id = self.placed[slot].engine_id, self.placed[slot].client_id
                self.enter(step, self.books.orders[slot].place, engine_id, client_id)
            else:
                if status & SENT:
                    cancel = self.command(COMMAND_KIND_CANCEL, self.maker_account, instrument)
                    self.name_order(cancel, slot)
                self.enter(step, self.books.orders[slot].place, 0, 0)
        else:
            self.execute(step, slot)

    cdef void withdraw(self, uint32_t slot) noexcept nogil:
        """Take an order off the engine's book and ours."""
        cdef OrderCommand* cancel
        cdef uint32_t locate = self.books.orders[slot].place >> 1
        if self.placed[slot].status & SENT:
            cancel = self.command(COMMAND_KIND_CANCEL, self.maker_account, self.instruments[locate])
            self.name_order(cancel, slot)
        self.vacate(slot)
        self.books.remove(slot)

    cdef void vacate(self, uint32_t slot) noexcept nogil:
        """Forget what we know of a slot whose order goes."""
        if self.placed[slot].status & (WAITING | SHRUNK):
            self.waiting[self.books.orders[slot].place >> 1] -= 1
        if self.placed[slot].client_id >= self.maker_done and self.placed[slot].status & SENT:
            self.makers[self.placed[slot].client_id & (IN_FLIGHT - 1)] = NONE  # its answer names no slot any more
        self.placed[slot].status = 0

    cdef void enter(self, const Step* step, uint32_t place, uint64_t engine_id, uint64_t client_id) noexcept nogil:
        """A new order of A, F (client_id 0) or U; of a U with a client_id the engine's order is replaced."""
        cdef uint64_t reference = step.reference
        cdef uint32_t locate = step.locate, slot
        cdef OrderCommand* replace
        if step.type == c"U":
            slot = self.books.find(reference)
            self.vacate(slot)
            self.books.remove(slot)
            reference = step.other
            slot = self.books.find(reference)
            if slot != NONE:
                self.differ(DUPLICATE_REFERENCE, step, reference, reference)
                self.withdraw(slot)
        cdef bint blocked = self.states[locate] != INSTRUMENT_STATE_OPEN
        if not blocked and self.crosses(place, step.price):
            self.differ(CROSSING, step, step.price, self.books.levels[self.books.best_level(place ^ 1)].price)
            blocked = True
        slot = self.books.add(reference, place, <uint32_t>step.shares, step.price)
        if slot == NONE or not self.room_for_slots():
            self.out_of_memory = True
            return
        if blocked:
            if client_id:
                replace = self.command(COMMAND_KIND_CANCEL, self.maker_account, self.instruments[locate])
                if engine_id:
                    replace.order_id = engine_id
                else:
                    replace.client_order_id = client_id
            self.placed[slot].status = WAITING
            self.placed[slot].client_id = self.placed[slot].engine_id = 0
            self.waiting[locate] += 1
        elif client_id:
            self.placed[slot].client_id, self.placed[slot].engine_id = client_id, engine_id
            self.placed[slot].status = SENT
            if client_id >= self.maker_done:
                self.makers[client_id & (IN_FLIGHT - 1)] = slot
            replace = self.command(COMMAND_KIND_REPLACE, self.maker_account, self.instruments[locate])
            self.name_order(replace, slot)
            replace.price, replace.qty = step.price, <uint32_t>step.shares
            replace.flags = ORDER_FLAG_QTY_IS_LEAVES | ORDER_FLAG_REQUEUE
        else:
            self.new_order(slot, locate)

    cdef void new_order(self, uint32_t slot, uint32_t locate) noexcept nogil:
        """Send a resting order of the books as it is now."""
        cdef OrderCommand* order = self.command(COMMAND_KIND_NEW_ORDER, self.maker_account, self.instruments[locate])
        order.client_order_id = self.maker_next
        order.side = self.books.orders[slot].place & 1
        order.price, order.qty = self.books.orders[slot].price, self.books.orders[slot].shares
        order.tif, order.flags = TIME_IN_FORCE_GTC, ORDER_FLAG_POST_ONLY
        self.placed[slot].client_id, self.placed[slot].engine_id = self.maker_next, 0
        self.placed[slot].status = SENT
        self.makers[self.maker_next & (IN_FLIGHT - 1)] = slot
        self.maker_next += 1

    cdef void execute(self, const Step* step, uint32_t slot) noexcept nogil:
        """E and C: a marketable order of the taker where a matching engine can give this execution, else shrink the
        order.
        """
        cdef uint32_t locate = step.locate, place = self.books.orders[slot].place
        cdef uint32_t price = self.books.orders[slot].price, shares = self.books.orders[slot].shares
        cdef uint32_t best = self.books.best_level(place)
        cdef uint32_t first = self.books.levels[best].head
        cdef OrderCommand* order
        cdef int obstacle = -1
        self.executions += 1
        self.executed_shares += step.shares
        if step.shares > shares:
            obstacle = EXCESS_SHARES
        elif step.shares == 0:
            obstacle = ZERO_SHARES
        elif self.states[locate] != INSTRUMENT_STATE_OPEN:
            obstacle = EXECUTED_IN_HALT
        elif first != slot:
            obstacle = NOT_FIRST
        elif not self.placed[slot].status & SENT:
            obstacle = CROSSING if self.placed[slot].status & WAITING else REJECTED
        if step.type == c"C" and step.price != price:
            self.differ(OTHER_PRICE, step, step.price, price)
        elif obstacle == NOT_FIRST:
            self.differ(NOT_FIRST, step, step.reference, self.books.orders[first].reference)
        elif obstacle >= 0:
            self.differ(obstacle, step, step.shares, shares if obstacle == EXCESS_SHARES else 0)
        if obstacle >= 0:
            self.shrink(slot, step.shares, locate)
            return
        order = self.command(COMMAND_KIND_NEW_ORDER, self.taker_account, self.instruments[locate])
        order.client_order_id = self.fills.expect(step, self.placed[slot].client_id, price)
        order.side = (place & 1) ^ 1
        order.price, order.qty, order.tif = price, <uint32_t>step.shares, TIME_IN_FORCE_IOC
        if step.shares == shares:
            self.vacate(slot)
        self.books.reduce(slot, step.shares)

    cdef void shrink(self, uint32_t slot, uint64_t shares, uint32_t locate) noexcept nogil:
        """Take shares from an order without a trade; with none left it goes."""
        cdef OrderCommand* replace
        if shares >= self.books.orders[slot].shares:
            self.withdraw(slot)
            return
        self.books.reduce(slot, shares)
        if not self.placed[slot].status & SENT:
            return
        if self.states[locate] != INSTRUMENT_STATE_OPEN:
            if not self.placed[slot].status & SHRUNK:
                self.placed[slot].status |= SHRUNK
                self.waiting[locate] += 1
            return
        replace = self.command(COMMAND_KIND_REPLACE, self.maker_account, self.instruments[locate])
        self.name_order(replace, slot)
        replace.price, replace.qty = self.books.orders[slot].price, self.books.orders[slot].shares
        replace.flags = ORDER_FLAG_QTY_IS_LEAVES

    cdef bint crosses(self, uint32_t place, uint32_t price) noexcept nogil:
        cdef uint32_t other = self.books.best_level(place ^ 1)
        if other == NONE:
            return False
        if place & 1:
            return self.books.levels[other].price >= price
        return self.books.levels[other].price <= price

    cdef bint release(self, uint32_t locate) noexcept nogil:
        """Send what waited in this instrument and need not any more; False when the commands are full before the
        end.
        """
        cdef uint32_t side, i, slot, following, left = self.waiting[locate]
        cdef Side* levels
        for side in range(2):
            levels = &self.books.sides[2 * locate + side]
            for i in range(levels.count):
                slot = self.books.levels[levels.entries[levels.count - 1 - i].level].head
                while slot != NONE:
                    following = self.books.orders[slot].next
                    if self.placed[slot].status & (WAITING | SHRUNK):
                        left -= 1
                        if self.command_count > COMMANDS - ROOM_A_STEP:
                            return False
                        if self.maker_next - self.maker_done >= IN_FLIGHT:
                            return False
                        self.release_order(slot, locate)
                        if left == 0:
                            return True  # those that cross wait near the best: no need to see the whole book
                    slot = following
        return True

    cdef bint release_order(self, uint32_t slot, uint32_t locate) noexcept nogil:
        cdef OrderCommand* replace
        cdef uint32_t place = self.books.orders[slot].place
        if self.placed[slot].status & SHRUNK:
            replace = self.command(COMMAND_KIND_REPLACE, self.maker_account, self.instruments[locate])
            self.name_order(replace, slot)
            replace.price, replace.qty = self.books.orders[slot].price, self.books.orders[slot].shares
            replace.flags = ORDER_FLAG_QTY_IS_LEAVES
            self.placed[slot].status = SENT
        elif self.crosses(place, self.books.orders[slot].price):
            return False
        else:
            self.new_order(slot, locate)
        self.waiting[locate] -= 1
        return True

    cdef OrderCommand* command(self, uint16_t kind, uint32_t account, uint32_t instrument) noexcept nogil:
        cdef OrderCommand* command = &self.commands[self.command_count]
        self.command_count += 1
        memset(command, 0, sizeof(OrderCommand))
        command.kind, command.account, command.instrument = kind, account, instrument
        return command

    cdef void name_order(self, OrderCommand* command, uint32_t slot) noexcept nogil:
        if self.placed[slot].engine_id:
            command.order_id = self.placed[slot].engine_id
        else:
            command.client_order_id = self.placed[slot].client_id

    cdef bint room_for_slots(self) noexcept nogil:
        cdef Placed* grown
        if self.placed_capacity >= self.books.orders_capacity:
            return True
        grown = <Placed*>realloc(self.placed, self.books.orders_capacity * sizeof(Placed))
        if grown == NULL:
            return False
        memset(grown + self.placed_capacity, 0, (self.books.orders_capacity - self.placed_capacity) * sizeof(Placed))
        self.placed, self.placed_capacity = grown, self.books.orders_capacity
        return True

    # Events back.

    def observe(self, const unsigned char[::1] events not None):
        """Take the core's events (Event records back to back, in order within each account) of both accounts;
        others are passed over.

        Raises ValueError for a length that is no multiple of a record.
        """
        cdef Py_ssize_t size = events.shape[0], at = 0
        if size % <Py_ssize_t>sizeof(Event):
            raise ValueError(f"events are records of {sizeof(Event)} bytes, got {size} bytes")
        if size == 0:
            return
        cdef const unsigned char* data = &events[0]
        cdef const Event* event
        with nogil:
            while at < size:
                event = <const Event*>(data + at)
                if event.account == self.maker_account:
                    if event.client_order_id - self.maker_first < self.maker_next - self.maker_first:
                        self.maker_event(event)
                elif event.account == self.taker_account:
                    self.fills.taker(event)
                at += sizeof(Event)
        self.check_memory()

    cdef int check_memory(self) except -1:
        if self.out_of_memory or self.books.out_of_memory or self.fills.out_of_memory or self.differences.out_of_memory:
            raise MemoryError(f"no memory for the translator with {self.books.live} orders resting")
        return 0

    cdef void maker_event(self, const Event* event) noexcept nogil:
        """Take an event of one of the maker's orders of this replay."""
        cdef uint32_t slot = self.makers[event.client_order_id & (IN_FLIGHT - 1)]
        if slot != NONE and self.placed[slot].client_id != event.client_order_id:
            slot = NONE  # of an order that went since
        if event.kind == EVENT_KIND_ACCEPTED:
            self.maker_done = max(self.maker_done, event.client_order_id + 1)
            if slot != NONE:
                self.placed[slot].engine_id = event.order_id
        elif event.kind == EVENT_KIND_FILL:
            if event.flags & EVENT_FLAG_MAKER:
                self.fills.half(event, True)
            else:
                self.differences.add(TRADED_ON_ENTRY, 0, event.client_order_id, 0, 0, 0, event.qty)
        elif event.kind == EVENT_KIND_REJECTED:
            self.rejects += 1
            self.maker_done = max(self.maker_done, event.client_order_id + 1)
            if slot != NONE:
                self.lose(slot, (<const Reject*>event).check)
        elif event.kind == EVENT_KIND_REPLACE_REJECTED:
            if (<const Reject*>event).check == CHECK_UNKNOWN_ORDER:
                return  # of an order that was refused before: counted then
            self.rejects += 1
            slot = self.slot_of_client(event.client_order_id)
            if slot != NONE:
                self.lose(slot, (<const Reject*>event).check)
            self.repair(event)

    cdef void repair(self, const Event* event) noexcept nogil:
        """Note that an order whose replace was refused must leave the engine's book."""
        cdef Repair* grown
        if self.repair_count == self.repair_capacity:
            grown = <Repair*>realloc(self.repairs, 2 * <size_t>self.repair_capacity * sizeof(Repair))
            if grown == NULL:
                self.out_of_memory = True
                return
            self.repairs, self.repair_capacity = grown, 2 * self.repair_capacity
        self.repairs[self.repair_count].order_id = event.order_id
        self.repairs[self.repair_count].instrument = event.instrument
        self.repair_count += 1

    cdef void lose(self, uint32_t slot, uint8_t check) noexcept nogil:
        """The engine refused an order that rests in the record."""
        cdef uint32_t locate = self.books.orders[slot].place >> 1
        if self.placed[slot].status & (WAITING | SHRUNK):
            self.waiting[locate] -= 1
        self.placed[slot].status = LOST
        self.differences.add(REJECTED, 0, self.books.orders[slot].reference, <uint16_t>locate, c"A", 0, check)

    cdef uint32_t slot_of_client(self, uint64_t client_id) noexcept nogil:
        """The slot of a resting order, by the slow way."""
        cdef uint32_t slot
        for slot in range(self.books.orders_used):
            if self.placed[slot].status and self.placed[slot].client_id == client_id:
                return slot
        return NONE

    cdef void differ(self, int reason, const Step* step, uint64_t expected, uint64_t actual) noexcept nogil:
        self.differences.add(reason, step.ts_ns, step.reference, step.locate, step.type, expected, actual)

    @property
    def in_flight(self):
        """Orders of both accounts whose acceptance has not been observed (the last taker order counts until the
        next).
        """
        return self.maker_next - self.maker_done + self.fills.next_id - self.fills.done_id

    @property
    def rejected(self):
        """Commands of both accounts that the engine rejected."""
        return self.rejects + self.fills.rejects

    def references_by_client_id(self):
        """Return {maker client order id: reference} of the resting orders that the engine has."""
        cdef uint32_t slot
        return {
            self.placed[slot].client_id: self.books.orders[slot].reference
            for slot in range(self.books.orders_used) if self.placed[slot].status & SENT
        }

    def waiting_locates(self):
        """Return the locates with orders that wait for the end of a halt or of a crossing."""
        cdef uint32_t locate
        return [locate for locate in range(LOCATES) if self.waiting[locate]]
