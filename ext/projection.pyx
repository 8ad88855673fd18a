"""From commands and events to rows of the read models, in PostgreSQL's binary COPY format. See docs/database.md.

`Projection` follows every open order, so that an order becomes one row when it ends, whatever happened to it. An event
goes to exactly one place: the fills, the rejects, the order events (neither a fill nor an order's begin or end), the
orders, the transfers (a fee), or the market events, which are few and are handed back as they came. What moves cash or
lots is a transfer besides.
"""

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t
from libc.stdlib cimport free, realloc
from libc.string cimport memcpy, memset

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE

from ext.bits cimport unlikely
from ext.copying cimport *
from ext.record cimport bytes_of
from ext.groups cimport Groups
from ext.transfers cimport Transfers
from ext.wire cimport *

import numpy as np

LIVE_DTYPE = np.dtype([
    ("order_id", "<u8"), ("client_order_id", "<u8"), ("price", "<i8"), ("value", "<i8"), ("accepted_seq", "<u8"),
    ("accepted_ts_ns", "<i8"), ("seq", "<u8"), ("ts_ns", "<i8"), ("account", "<u4"), ("instrument", "<u4"),
    ("qty", "<u4"), ("filled", "<u4"), ("side", "u1"), ("order_type", "u1"), ("tif", "u1"), ("flags", "u1"),
    ("self_trade", "u1"), ("stored", "u1"), ("changed", "u1"), ("modes", "u1"), ("stop_price", "<i8"),
    ("offset_value", "<i8"), ("expire_ns", "<i8"), ("discretion", "<i8"), ("display_qty", "<u4"), ("min_qty", "<u4"),
    ("order_group", "<u4"), ("self_trade_group", "<u4"), ("link_id", "<u8"), ("link_group", "<u8"), ("peg", "u1"),
    ("triggered", "u1"), ("role", "u1"), ("waits", "u1"), ("unused", "V4"),
])
assert LIVE_DTYPE.itemsize == sizeof(Live)

cdef extern from *:
    """
    #define OB_MINUTE_NS 60000000000LL
    """
    const int64_t MINUTE_NS "OB_MINUTE_NS"

# Columns of each table, in the order in which they are written.
FILL_COLUMNS = (
    "seq", "ts", "account", "account_seq", "instrument", "side", "maker", "order_id", "client_order_id", "price", "qty",
    "leaves", "trade_id", "auction",
)
OPEN_ORDER_COLUMNS = (
    "order_id", "client_order_id", "account", "instrument", "side", "order_type", "tif", "flags", "self_trade", "price",
    "qty", "filled", "value", "accepted_seq", "accepted_ts", "seq", "ts", "stop_price", "offset_value", "expire_ns",
    "discretion", "display_qty", "min_qty", "order_group", "self_trade_group", "modes", "peg", "triggered",
    "role", "link_id", "link_group", "waits",
)
CLOSED_ORDER_COLUMNS = (*OPEN_ORDER_COLUMNS, "status", "reason")
BAR_COLUMNS = ("instrument", "minute", "open", "high", "low", "close", "volume", "value", "trades")
REJECT_COLUMNS = (
    "seq", "ts", "account", "account_seq", "kind", "reason", "side", "instrument", "order_id", "client_order_id", "qty",
    "limit_value", "value", "headroom",
)
ORDER_EVENT_COLUMNS = (
    "seq", "ts", "account", "account_seq", "kind", "reason", "flags", "side", "instrument", "order_id",
    "client_order_id", "price", "qty", "leaves", "filled",
)


cdef inline unsigned char* put_order(unsigned char* at, const Live* o) noexcept nogil:
    """The fields that open and closed orders share."""
    at = put_8(at, o.order_id)
    at = put_8(at, o.client_order_id)
    at = put_4(at, o.account)
    at = put_4(at, o.instrument)
    at = put_2(at, o.side)
    at = put_2(at, o.order_type)
    at = put_2(at, o.tif)
    at = put_2(at, o.flags)
    at = put_2(at, o.self_trade)
    at = put_8(at, <uint64_t> o.price)
    at = put_8(at, o.qty)
    at = put_8(at, o.filled)
    at = put_8(at, <uint64_t> o.value)
    at = put_8(at, o.accepted_seq)
    at = put_time(at, o.accepted_ts_ns)
    at = put_8(at, o.seq)
    at = put_time(at, o.ts_ns)
    at = put_given(at, o.stop_price)
    at = put_given(at, o.offset_value)
    at = put_given(at, o.expire_ns)
    at = put_given(at, o.discretion)
    at = put_given(at, o.display_qty)
    at = put_given(at, o.min_qty)
    at = put_given(at, o.order_group)
    at = put_given(at, o.self_trade_group)
    at = put_2(at, o.modes) if o.modes else put_null(at)
    at = put_2(at, o.peg) if o.peg else put_null(at)
    at = put_1(at, o.triggered) if is_stop(o) else put_null(at)
    at = put_2(at, o.role) if o.role else put_null(at)
    at = put_given(at, <int64_t> o.link_id)
    at = put_given(at, <int64_t> o.link_group)
    return put_1(at, o.waits) if o.role == ROLE_CHILD else put_null(at)


cdef inline bint is_stop(const Live* o) noexcept nogil:
    return ORDER_TYPE_STOP <= o.order_type <= ORDER_TYPE_TRAILING_STOP


cdef int put_fill(Rows* rows, const Event* e) noexcept nogil:
    cdef unsigned char* at = begin(rows, 14)
    if at == NULL:
        return NO_MEMORY
    at = put_8(at, e.seq)
    at = put_time(at, e.ts_ns)
    at = put_4(at, e.account)
    at = put_8(at, e.account_seq)
    at = put_4(at, e.instrument)
    at = put_2(at, e.side)
    at = put_1(at, (e.flags & EVENT_FLAG_MAKER) != 0)
    at = put_8(at, e.order_id)
    at = put_8(at, e.client_order_id)
    at = put_8(at, <uint64_t> e.price)
    at = put_8(at, e.qty)
    at = put_8(at, e.leaves)
    at = put_8(at, e.trade_id)
    at = put_1(at, (e.flags & EVENT_FLAG_CROSS) != 0)
    end(rows, at)
    return 0


cdef int put_reject(Rows* rows, const Reject* e) noexcept nogil:
    cdef unsigned char* at = begin(rows, 14)
    if at == NULL:
        return NO_MEMORY
    at = put_8(at, e.seq)
    at = put_time(at, e.ts_ns)
    at = put_8(at, e.account)
    at = put_8(at, e.account_seq)
    at = put_2(at, e.kind)
    at = put_2(at, e.check)
    at = put_2(at, e.side)
    at = put_8(at, e.instrument)
    at = put_8(at, e.order_id)
    at = put_8(at, e.client_order_id)
    at = put_8(at, e.qty)
    at = put_8(at, <uint64_t> e.limit)
    at = put_8(at, <uint64_t> e.value)
    at = put_8(at, <uint64_t> e.headroom)
    end(rows, at)
    return 0


cdef int put_order_event(Rows* rows, const Event* e) noexcept nogil:
    cdef unsigned char* at = begin(rows, 15)
    if at == NULL:
        return NO_MEMORY
    at = put_8(at, e.seq)
    at = put_time(at, e.ts_ns)
    at = put_8(at, e.account)
    at = put_8(at, e.account_seq)
    at = put_2(at, e.kind)
    at = put_2(at, e.reason)
    at = put_2(at, e.flags)
    at = put_2(at, e.side)
    at = put_8(at, e.instrument)
    at = put_8(at, e.order_id)
    at = put_8(at, e.client_order_id)
    at = put_8(at, <uint64_t> e.price)
    at = put_8(at, e.qty)
    at = put_8(at, e.leaves)
    at = put_8(at, e.filled)
    end(rows, at)
    return 0


cdef inline bint is_told_of_trade(const Event* e) noexcept nogil:
    """Whether this is the one of a trade's two fills that stands for it: the taker's, in an auction the buyer's."""
    return e.side == SIDE_BUY if e.flags & EVENT_FLAG_CROSS else not e.flags & EVENT_FLAG_MAKER


cdef int put_market_event(Rows* rows, const Event* e) noexcept nogil:
    if need(rows, sizeof(Event)):
        return NO_MEMORY
    memcpy(rows.data + rows.length, e, sizeof(Event))
    rows.length += sizeof(Event)
    rows.count += 1
    return 0


cdef inline const unsigned char* command_of(
    uint64_t seq, const unsigned char* commands, const unsigned char* last,
) noexcept nogil:
    """The command of that number, from `commands` on; `last`, the end, where it is not there."""
    while commands < last and (<const OrderCommand*> commands).seq != seq:
        commands += bytes_of((<const OrderCommand*> commands).kind)
    return commands if commands < last else last


cdef inline const AdminCommand* admin_at(const unsigned char* command, const unsigned char* last) noexcept nogil:
    if command == last or (<const OrderCommand*> command).kind < ADMIN_KIND:
        return NULL
    return <const AdminCommand*> command


cdef class Projection:
    """Follows the open orders, and writes rows of what happens. Begins with no order, or with those of `restore`."""

    def __cinit__(self):
        self.groups = Groups()
        self.transfers = Transfers()

    def __dealloc__(self):
        free(self.live)
        free(self.changed)
        free(self.fills.data)
        free(self.closed_orders.data)
        free(self.rejects.data)
        free(self.order_events.data)
        free(self.market_events.data)
        free(self.gone.data)
        free(self.bars.data)
        free(self.minutes)

    cdef int room_for(self, size_t slot) noexcept nogil:
        cdef size_t slots = self.slots if self.slots else 1024
        cdef Live* live
        if slot < self.slots:
            return 0
        while slots <= slot:
            slots *= 2
        live = <Live*> realloc(self.live, slots * sizeof(Live))
        if live == NULL:
            return NO_MEMORY
        memset(live + self.slots, 0, (slots - self.slots) * sizeof(Live))
        self.live = live
        self.slots = slots
        return 0

    cdef Live* find(self, const Event* e) noexcept nogil:
        """The open order that an event is of; NULL where that is not open."""
        cdef size_t slot = <uint32_t> e.order_id
        if unlikely(slot >= self.slots or self.live[slot].order_id != e.order_id):
            return NULL
        return &self.live[slot]

    cdef int end_bar(self, size_t instrument) noexcept nogil:
        """The row of an instrument's bar, which begins anew."""
        cdef Minute* b = &self.minutes[instrument]
        cdef unsigned char* at = begin(&self.bars, 9)
        if at == NULL:
            return NO_MEMORY
        at = put_4(at, <uint32_t> instrument)
        at = put_time(at, b.minute * MINUTE_NS)
        at = put_8(at, <uint64_t> b.open)
        at = put_8(at, <uint64_t> b.high)
        at = put_8(at, <uint64_t> b.low)
        at = put_8(at, <uint64_t> b.close)
        at = put_8(at, <uint64_t> b.volume)
        at = put_8(at, <uint64_t> b.value)
        end(&self.bars, put_8(at, <uint64_t> b.trades))
        b.trades = 0
        return 0

    cdef int add_trade(self, const Event* e) noexcept nogil:
        """Add a trade to its bar: one fill of it."""
        cdef size_t count = self.instruments if self.instruments else 64
        cdef int64_t minute = e.ts_ns // MINUTE_NS
        cdef Minute* b
        if unlikely(e.instrument >= self.instruments):
            while count <= e.instrument:
                count *= 2
            b = <Minute*> realloc(self.minutes, count * sizeof(Minute))
            if b == NULL:
                return NO_MEMORY
            memset(b + self.instruments, 0, (count - self.instruments) * sizeof(Minute))
            self.minutes = b
            self.instruments = count
        b = &self.minutes[e.instrument]
        if b.trades and b.minute != minute and self.end_bar(e.instrument):
            return NO_MEMORY
        if b.trades == 0:
            b.minute = minute
            b.open = b.high = b.low = e.price
            b.volume = b.value = 0
        elif e.price > b.high:
            b.high = e.price
        elif e.price < b.low:
            b.low = e.price
        b.close = e.price
        b.volume += e.qty
        b.value += e.price * <int64_t> e.qty
        b.trades += 1
        return 0

    cdef int touch(self, Live* order, const Event* e) noexcept nogil:
        """Something happened to an order."""
        order.seq = e.seq
        order.ts_ns = e.ts_ns
        return self.note_change(order)

    cdef int note_change(self, Live* order) noexcept nogil:
        """Its row is another one now."""
        cdef size_t room
        cdef uint32_t* changed
        if order.changed:
            return 0
        if self.changed_count == self.changed_room:
            room = self.changed_room * 2 if self.changed_room else 1024
            changed = <uint32_t*> realloc(self.changed, room * sizeof(uint32_t))
            if changed == NULL:
                return NO_MEMORY
            self.changed = changed
            self.changed_room = room
        order.changed = 1
        self.changed[self.changed_count] = <uint32_t> order.order_id
        self.changed_count += 1
        return 0

    cdef int accept(self, const Event* e, const OrderCommand* c) noexcept nogil:
        cdef size_t slot = <uint32_t> e.order_id
        cdef Live* o
        cdef const SpecialCommand* s
        cdef uint8_t changed
        if unlikely(self.room_for(slot)):
            return NO_MEMORY
        o = &self.live[slot]
        if unlikely(o.order_id != 0):
            return OUT_OF_STEP
        changed = o.changed  # an order before it in this slot changed, and is in the list
        memset(o, 0, sizeof(Live))
        o.changed = changed
        o.order_id = e.order_id
        o.client_order_id = e.client_order_id
        o.price = e.price
        o.accepted_seq = e.seq
        o.accepted_ts_ns = e.ts_ns
        o.account = e.account
        o.instrument = e.instrument
        o.qty = e.qty
        o.side = e.side
        o.order_type = c.order_type
        o.tif = c.tif
        o.flags = c.flags
        o.self_trade = c.self_trade
        if c.kind == COMMAND_KIND_NEW_SPECIAL:
            s = <const SpecialCommand*> c
            o.stop_price = s.stop_price
            o.offset_value = s.offset
            o.expire_ns = s.expire_ns
            o.discretion = s.discretion
            o.display_qty = s.display_qty
            o.min_qty = s.min_qty
            o.order_group = s.group
            o.self_trade_group = s.self_trade_group
            o.modes = s.modes
            o.peg = s.peg
            if s.role:
                o.role = s.role
                o.link_id = s.link_id
                o.waits = s.role == ROLE_CHILD
                if self.join_group(o):
                    return NO_MEMORY
        if unlikely(self.groups.is_followed(o.account)) and self.groups.note(o.account, o.client_order_id, slot):
            return NO_MEMORY
        return self.touch(o, e)

    cdef int join_group(self, Live* order) noexcept nogil:
        """Find the group of an order that is tied to others, and note it down for those that will name this one."""
        with gil:
            try:
                order.link_group = self.group_of(order.account, order.link_id or order.client_order_id)
                self.groups.of[order.account, order.client_order_id] = order.link_group
            except MemoryError:
                return NO_MEMORY
        return 0

    cdef uint64_t group_of(self, uint32_t account, uint64_t client_order_id) except 0:
        """The group of an order. Of one that has none yet it is its own id, and it has it from now on."""
        cdef object found = self.groups.of.get((account, client_order_id))
        cdef Live* first
        if found is not None:
            return found
        if not self.groups.is_followed(account):
            self.follow(account)
        found = self.groups.named[account].get(client_order_id)
        if found is not None:
            first = &self.live[<size_t> found]
            first.link_group = client_order_id
            self.groups.of[account, client_order_id] = client_order_id
            if self.note_change(first):
                raise MemoryError
        return client_order_id

    cdef int follow(self, uint32_t account) except -1:
        cdef size_t slot
        self.groups.follow(account)
        for slot in range(self.slots):
            if self.live[slot].account == account:
                self.name(slot)
        return 0

    cdef int name(self, size_t slot) except -1:
        """Note down the open order in a slot, if its account is followed."""
        cdef const Live* order = &self.live[slot]
        if order.order_id and self.groups.is_followed(order.account):
            self.groups.named[order.account][order.client_order_id] = slot
        return 0

    cdef int close(self, Live* order, const Event* e) noexcept nogil:
        """An order ended: its row, and its slot is free."""
        cdef unsigned char* at = begin(&self.closed_orders, 34)
        if at == NULL:
            return NO_MEMORY
        if unlikely(self.groups.is_followed(order.account)) and self.groups.forget(
            order.account, order.client_order_id
        ):
            return NO_MEMORY
        order.seq = e.seq
        order.ts_ns = e.ts_ns
        at = put_order(at, order)
        at = put_2(at, e.kind)
        at = put_2(at, e.reason if e.kind == EVENT_KIND_CANCELED else 0)
        end(&self.closed_orders, at)
        if order.stored:
            at = begin(&self.gone, 1)
            if at == NULL:
                return NO_MEMORY
            end(&self.gone, put_8(at, order.order_id))
        order.order_id = 0
        return 0

    cdef int run(
        self, const unsigned char* commands, size_t command_bytes, const Event* events, size_t count
    ) noexcept nogil:
        cdef const unsigned char* last = commands + command_bytes
        cdef const Event* e
        cdef Live* o
        cdef size_t k
        cdef int fault = 0
        for k in range(count):
            e = &events[k]
            if e.kind == EVENT_KIND_FILL:
                o = self.find(e)
                if unlikely(o == NULL):
                    return OUT_OF_STEP
                o.filled += e.qty
                o.value += e.price * <int64_t> e.qty
                fault = put_fill(&self.fills, e) | self.transfers.add_fill(e)
                if is_told_of_trade(e):
                    fault |= self.add_trade(e)
                if e.leaves == 0:
                    fault |= self.close(o, e)
                else:
                    fault |= self.touch(o, e)
            elif e.kind == EVENT_KIND_ACCEPTED and not e.flags & EVENT_FLAG_DUPLICATE:
                # The command tells what the event does not.
                commands = command_of(e.seq, commands, last)
                if unlikely(commands == last):
                    return NO_COMMAND
                fault = self.accept(e, <const OrderCommand*> commands)
            elif e.kind == EVENT_KIND_CANCELED:
                o = self.find(e)
                if unlikely(o == NULL):
                    return OUT_OF_STEP
                fault = self.close(o, e)
            elif e.kind == EVENT_KIND_REPLACED or e.kind == EVENT_KIND_RESTATED or e.kind == EVENT_KIND_TRIGGERED:
                o = self.find(e)
                if unlikely(o == NULL):
                    return OUT_OF_STEP
                o.price = e.price
                if e.kind == EVENT_KIND_TRIGGERED:
                    o.triggered = 1
                else:
                    o.qty = e.qty
                    if o.order_type == ORDER_TYPE_STOP and not o.triggered:  # its price is what it waits for
                        o.stop_price = e.price
                    if e.kind == EVENT_KIND_RESTATED and e.reason == RESTATE_REASON_ACTIVE:
                        o.waits = 0
                fault = self.touch(o, e) | put_order_event(&self.order_events, e)
            elif EVENT_KIND_REJECTED <= e.kind <= EVENT_KIND_REPLACE_REJECTED or e.kind == EVENT_KIND_ARM_REJECTED:
                fault = put_reject(&self.rejects, <const Reject*> e)
            elif e.kind == EVENT_KIND_ACCEPTED or e.kind == EVENT_KIND_MASS_CANCELED or e.kind == EVENT_KIND_ARMED:
                fault = put_order_event(&self.order_events, e)
            else:
                commands = command_of(e.seq, commands, last)
                fault = self.transfers.add(e, admin_at(commands, last))
                if e.kind != EVENT_KIND_CHARGED or e.order_id == 0:  # fees are no answers
                    fault |= put_market_event(&self.market_events, e)
            if unlikely(fault):
                return fault
        return 0

    def restore(self, bytes records not None):
        """Take up the open orders of a database: LIVE_DTYPE records. Raises ValueError for two in one slot."""
        cdef const Live* source = <const Live*> PyBytes_AS_STRING(records)
        cdef size_t k, slot
        for k in range(PyBytes_GET_SIZE(records) // sizeof(Live)):
            slot = <uint32_t> source[k].order_id
            if self.room_for(slot):
                raise MemoryError
            if self.live[slot].order_id:
                raise ValueError(f"orders {self.live[slot].order_id} and {source[k].order_id} cannot both be open")
            self.live[slot] = source[k]
            self.live[slot].stored = 1
            self.live[slot].changed = 0
            if self.live[slot].link_group:
                self.groups.of[source[k].account, source[k].client_order_id] = source[k].link_group
                if not self.groups.is_followed(source[k].account):
                    self.groups.follow(source[k].account)
        for slot in range(self.slots):
            self.name(slot)

    def apply(self, bytes commands not None, bytes events not None):
        """Take up the Event records that followed from `commands`.

        Raises ValueError when they do not go on from what was before: an event of an order that is not open.
        """
        cdef const unsigned char* first = <const unsigned char*> PyBytes_AS_STRING(commands)
        cdef size_t size = PyBytes_GET_SIZE(commands)
        cdef const Event* of = <const Event*> PyBytes_AS_STRING(events)
        cdef size_t count = PyBytes_GET_SIZE(events) // sizeof(Event)
        cdef int fault
        with nogil:
            fault = self.run(first, size, of, count)
        if fault == OUT_OF_STEP:
            raise ValueError("an event of an order that is not open, or of one that is open already")
        if fault == NO_COMMAND:
            raise ValueError("an event of a command that is not among those given")
        if fault:
            raise MemoryError

    def take(self):
        """Rows since the last time: bytes of fills, closed orders, rejects, order events and transfers, for COPY
        without its head and end, and of market events as Event records."""
        return (
            taken(&self.fills), taken(&self.closed_orders), taken(&self.rejects), taken(&self.order_events),
            self.transfers.take(), taken(&self.market_events),
        )

    def take_open(self):
        """What has to be done to the table of open orders since the last time.

        Rows for COPY, without its head and end: order ids that are gone; whole rows of those that changed; whole rows
        of new ones. In this order.
        """
        cdef Rows rows[2]  # new, changed
        cdef Live* o
        cdef unsigned char* at
        cdef size_t k
        memset(rows, 0, sizeof(rows))
        try:
            for k in range(self.changed_count):
                o = &self.live[self.changed[k]]
                o.changed = 0
                if o.order_id == 0:
                    continue
                at = begin(&rows[o.stored], 32)
                if at == NULL:
                    raise MemoryError
                end(&rows[o.stored], put_order(at, o))
                o.stored = 1
            self.changed_count = 0
            return taken(&self.gone), taken(&rows[1]), taken(&rows[0])
        finally:
            free(rows[0].data)
            free(rows[1].data)

    def take_bars(self):
        """Rows for COPY, without its head and end, of the one-minute bars of the trades since the last time.

        A bar that was begun before is told of what came since: the table adds it up.
        """
        cdef size_t k
        for k in range(self.instruments):
            if self.minutes[k].trades and self.end_bar(k):
                raise MemoryError
        return taken(&self.bars)

    def open_orders(self):
        """The open orders as LIVE_DTYPE records, by slot."""
        cdef size_t k
        cdef list found = []
        for k in range(self.slots):
            if self.live[k].order_id:
                found.append(PyBytes_FromStringAndSize(<const char*> &self.live[k], sizeof(Live)))
        return b"".join(found)
