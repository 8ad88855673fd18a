"""Lots of shares by account and instrument, first in, first out, from the events of the core: docs/lots.md.

What an account bought is one row of lots, what it sold another; the n-th share of the one and the n-th of the other
are a pair (Treasury Reg. 1.1012-1(c)(1): what is sold is charged against the earliest lot). Of each row the paired
lots come first, and the last of these are kept: a bust takes its trade's lot out, and moves the seam.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from libc.stdlib cimport calloc, free, realloc
from libc.string cimport memset

from ext.bits cimport add_cut, likely, product, share, unlikely
from ext.borrow.amounts cimport lieu_of, released_by, rest_of, scaled
from ext.wire cimport *

cdef enum:
    FIRST_LOTS = 1024
    FIRST_HOLDINGS = 256
    KEPT = 1 << 18          # of what is paired
    NO_MEMORY = 1           # faults
    UNKNOWN = 2             # an instrument of which it is not known what a lot is

cdef inline size_t place_of(uint64_t key) noexcept nogil:
    return key * 0x9E3779B97F4A7C15ULL >> 20


cdef inline uint64_t bit(uint8_t kind) noexcept nogil:
    return <uint64_t> 1 << kind


cdef inline int64_t least(int64_t a, int64_t b) noexcept nogil:
    return a if a < b else b


cdef inline int64_t within_cash(int64_t amount) noexcept nogil:
    return MAX_CASH if amount > MAX_CASH else -MAX_CASH if amount < -MAX_CASH else amount


cdef inline int64_t gain_of(uint8_t side, int64_t cost, int64_t of_other) noexcept nogil:
    """Of a pair: `cost` of the lot of that side, and what the other one was bought or sold for."""
    return of_other - cost if side == SIDE_BUY else cost - of_other


cdef inline bint is_later(const Lot* a, const Lot* b) noexcept nogil:
    return a.seq > b.seq or (a.seq == b.seq and a.trade_id > b.trade_id)


cdef inline Lot lot_of(const Event* e, uint64_t trade_id, int64_t qty, int64_t cost) noexcept nogil:
    return Lot(e.ts_ns, e.seq, trade_id, qty, cost, 0, 0, 0, 0, 0, 0, 0, 0, 0)


cdef class TaxLots:
    """most_paired: how many lots are kept of what is paired."""

    def __cinit__(self, size_t most_paired=KEPT):
        self.most_paired = most_paired
        self.lot_end = self.holding_count = 1
        self.day = 1
        self.holdings = <Holding*> calloc(FIRST_HOLDINGS, sizeof(Holding))
        self.places = <uint32_t*> calloc(2 * FIRST_HOLDINGS, sizeof(uint32_t))
        if self.holdings == NULL or self.places == NULL or self.room_for_lots():
            raise MemoryError
        self.holding_room = FIRST_HOLDINGS
        self.place_mask = 2 * FIRST_HOLDINGS - 1

    def __dealloc__(self):
        free(self.lots)
        free(self.holdings)
        free(self.places)
        free(self.multipliers)
        free(self.of_instrument)

    # ------------------------------------------------------------ memory

    cdef int room_for_lots(self) noexcept nogil:
        """For one more."""
        cdef size_t room
        cdef Lot* grown
        if likely(self.lot_free or self.lot_end < self.lot_room):
            return 0
        room = self.lot_room * 2 if self.lot_room else FIRST_LOTS
        if room > <size_t> 1 << 32:
            return NO_MEMORY
        grown = <Lot*> realloc(self.lots, room * sizeof(Lot))
        if grown == NULL:
            return NO_MEMORY
        self.lots = grown
        self.lot_room = room
        return 0

    cdef int room_for_instrument(self, uint32_t instrument) noexcept nogil:
        cdef size_t before = self.instrument_room, room = before if before else 64
        cdef void* grown
        if likely(instrument < before):
            return 0
        while room <= instrument:
            room *= 2
        grown = realloc(self.multipliers, room * sizeof(int64_t))
        if grown == NULL:
            return NO_MEMORY
        self.multipliers = <int64_t*> grown
        grown = realloc(self.of_instrument, room * sizeof(uint32_t))
        if grown == NULL:
            return NO_MEMORY
        self.of_instrument = <uint32_t*> grown
        memset(self.multipliers + before, 0, (room - before) * sizeof(int64_t))
        memset(self.of_instrument + before, 0, (room - before) * sizeof(uint32_t))
        self.instrument_room = room
        return 0

    cdef int room_for_places(self) noexcept nogil:
        """For one more holding: the table is at most half full."""
        cdef size_t room = self.holding_room * 2, place
        cdef uint32_t number
        cdef uint32_t* places
        cdef Holding* grown
        if likely(self.holding_count < self.holding_room):
            return 0
        grown = <Holding*> realloc(self.holdings, room * sizeof(Holding))
        if grown == NULL:
            return NO_MEMORY
        self.holdings = grown
        places = <uint32_t*> calloc(2 * room, sizeof(uint32_t))
        if places == NULL:
            return NO_MEMORY
        free(self.places)
        self.places = places
        self.holding_room = room
        self.place_mask = 2 * room - 1
        for number in range(1, <uint32_t> self.holding_count):
            place = place_of(grown[number].key) & self.place_mask
            while places[place]:
                place = (place + 1) & self.place_mask
            places[place] = number
        return 0

    cdef uint32_t find(self, uint64_t key) noexcept nogil:
        """The number of the holding; 0: there is none."""
        cdef size_t place = place_of(key) & self.place_mask
        while self.places[place] and self.holdings[self.places[place]].key != key:
            place = (place + 1) & self.place_mask
        return self.places[place]

    cdef uint32_t found_or_made(self, uint32_t account, uint32_t instrument) noexcept nogil:
        """0: there is no memory."""
        cdef uint64_t key = account | <uint64_t> instrument << 32
        cdef uint32_t number = self.find(key)
        cdef size_t place
        cdef Holding* h
        if likely(number != 0):
            return number
        if self.room_for_places() or self.room_for_instrument(instrument):
            return 0
        number = <uint32_t> self.holding_count
        self.holding_count += 1
        h = &self.holdings[number]
        memset(h, 0, sizeof(Holding))
        h.key = key
        h.day = self.day
        h.next = self.of_instrument[instrument]
        self.of_instrument[instrument] = number
        place = place_of(key) & self.place_mask
        while self.places[place]:
            place = (place + 1) & self.place_mask
        self.places[place] = number
        return number

    # ------------------------------------------------------------ lots and their rows

    cdef uint32_t make(self, uint32_t holding, uint8_t side, const Lot* like) noexcept nogil:
        """A lot of which nobody knows yet; 0: there is no memory. like: may be anywhere but in the pool."""
        cdef uint32_t number
        if self.room_for_lots():
            return 0
        if self.lot_free:
            number = self.lot_free
            self.lot_free = self.lots[number].next
        else:
            number = <uint32_t> self.lot_end
            self.lot_end += 1
        self.lots[number] = like[0]
        self.lots[number].holding = holding
        self.lots[number].side = side
        return number

    cdef void drop(self, uint32_t lot) noexcept nogil:
        """It is in no row any more."""
        self.lots[lot].next = self.lot_free
        self.lot_free = lot

    cdef void put_last(self, Row* row, uint32_t lot) noexcept nogil:
        self.lots[lot].next = 0
        self.lots[lot].prev = row.last
        if row.last:
            self.lots[row.last].next = lot
        else:
            row.first = lot
        row.last = lot

    cdef void put_before(self, Row* row, uint32_t lot, uint32_t later) noexcept nogil:
        """later: of the row; 0: last."""
        if later == 0:
            self.put_last(row, lot)
            return
        self.lots[lot].next = later
        self.lots[lot].prev = self.lots[later].prev
        if self.lots[later].prev:
            self.lots[self.lots[later].prev].next = lot
        else:
            row.first = lot
        self.lots[later].prev = lot

    cdef void take_out(self, Row* row, uint32_t lot) noexcept nogil:
        cdef const Lot* one = &self.lots[lot]
        if one.prev:
            self.lots[one.prev].next = one.next
        else:
            row.first = one.next
        if one.next:
            self.lots[one.next].prev = one.prev
        else:
            row.last = one.prev

    cdef uint32_t part_of(self, Row* row, uint32_t lot, int64_t qty) noexcept nogil:
        """The earlier `qty` of a lot as a lot of their own, before the rest; the lot itself where that is all of it.
        0: there is no memory."""
        cdef Lot like = self.lots[lot]
        cdef uint32_t found
        if like.qty <= qty:
            return lot
        like.cost = share(like.cost, qty, like.qty)
        like.qty = qty
        found = self.make(like.holding, like.side, &like)
        if found == 0:
            return 0
        self.lots[lot].qty -= qty
        self.lots[lot].cost -= like.cost
        self.put_before(row, found, lot)
        if like.number:  # right before it among all that are paired
            if like.older:
                self.lots[like.older].newer = found
            else:
                self.oldest = found
            self.lots[found].newer = lot
            self.lots[lot].older = found
            self.paired += 1
        return found

    cdef void list_paired(self, uint32_t lot) noexcept nogil:
        self.number += 1
        self.lots[lot].number = self.number
        self.lots[lot].newer = 0
        self.lots[lot].older = self.newest
        if self.newest:
            self.lots[self.newest].newer = lot
        else:
            self.oldest = lot
        self.newest = lot
        self.paired += 1

    cdef void unlist(self, uint32_t lot) noexcept nogil:
        cdef Lot* one = &self.lots[lot]
        if one.older:
            self.lots[one.older].newer = one.newer
        else:
            self.oldest = one.newer
        if one.newer:
            self.lots[one.newer].older = one.older
        else:
            self.newest = one.older
        one.number = 0
        self.paired -= 1

    cdef void forget_beyond(self) noexcept nogil:
        """Of what is paired, the earliest of the row whose turn it is: what a row keeps are its last ones."""
        cdef const Lot* one
        cdef uint32_t lot
        while unlikely(self.paired > self.most_paired):
            one = &self.lots[self.oldest]
            lot = self.holdings[one.holding].paired[one.side].first
            self.take_out(&self.holdings[one.holding].paired[one.side], lot)
            self.unlist(lot)
            self.drop(lot)

    cdef bint joins(self, uint32_t lot, uint32_t other) noexcept nogil:
        """A lot in no row becomes one with its neighbour, where both are parts of what came at once, at one cost."""
        cdef const Lot* one = &self.lots[lot]
        cdef Lot* o = &self.lots[other]
        if other == 0 or one.seq != o.seq or one.trade_id != o.trade_id or one.flags != o.flags:
            return False
        if one.trade_id == 0 and one.side == SIDE_SELL and (one.part == 0 or one.part != o.part):
            return False  # shares that went elsewhere, each at the cost of their lot
        o.qty += one.qty
        o.cost += one.cost
        self.drop(lot)
        return True

    cdef void pair(self, Holding* h, uint32_t lot) noexcept nogil:
        """An open lot, the first one, has found its partner."""
        cdef uint8_t side = self.lots[lot].side
        self.take_out(&h.open[side], lot)
        if self.joins(lot, h.paired[side].last):
            return
        self.put_last(&h.paired[side], lot)
        self.list_paired(lot)

    cdef void reopen(self, Holding* h, uint32_t lot) noexcept nogil:
        """A paired lot, the last one, has lost its partner."""
        cdef uint8_t side = self.lots[lot].side
        self.take_out(&h.paired[side], lot)
        self.unlist(lot)
        if not self.joins(lot, h.open[side].first):
            self.put_before(&h.open[side], lot, h.open[side].first)

    cdef void realize(self, Holding* h, int64_t gain) noexcept nogil:
        if h.day != self.day:
            h.day = self.day
            h.before = h.realized
        h.realized = within_cash(add_cut(h.realized, gain))

    # ------------------------------------------------------------ what happens

    cdef int enter(self, uint32_t holding, uint8_t side, const Lot* like) noexcept nogil:
        """A lot more at the end of a row; what is open of the other one finds its partners."""
        cdef Holding* h = &self.holdings[holding]
        cdef uint8_t other = 1 - side
        cdef uint32_t first, lot = self.make(holding, side, like)
        cdef int64_t qty
        if lot == 0:
            return NO_MEMORY
        self.put_last(&h.open[side], lot)
        while h.open[other].first and h.open[side].first:
            first, lot = h.open[other].first, h.open[side].first
            qty = least(self.lots[first].qty, self.lots[lot].qty)
            first = self.part_of(&h.open[other], first, qty)
            lot = self.part_of(&h.open[side], lot, qty)
            if first == 0 or lot == 0:
                return NO_MEMORY
            self.realize(h, gain_of(side, self.lots[lot].cost, self.lots[first].cost))
            self.pair(h, first)
            self.pair(h, lot)
        self.forget_beyond()
        return 0

    cdef int leave(self, uint32_t holding, const Event* e) noexcept nogil:
        """Shares go elsewhere, the earliest ones, at what they cost."""
        cdef Holding* h = &self.holdings[holding]
        cdef int64_t left = -e.price
        cdef uint32_t first, gone, part = 0
        cdef Lot like
        while left and h.open[SIDE_BUY].first:
            first = self.part_of(&h.open[SIDE_BUY], h.open[SIDE_BUY].first, left)
            if first == 0:
                return NO_MEMORY
            part += 1
            like = lot_of(e, 0, self.lots[first].qty, self.lots[first].cost)
            like.part = <uint16_t> part
            gone = self.make(holding, SIDE_SELL, &like)
            if gone == 0:
                return NO_MEMORY
            left -= like.qty
            self.pair(h, first)
            self.put_last(&h.paired[SIDE_SELL], gone)
            self.list_paired(gone)
        self.forget_beyond()
        return 0

    cdef int64_t take_away(self, Row* row, uint64_t trade_id, int64_t most) noexcept nogil:
        """The trade's lots go out of a row, the latest first; how much that was, below 0: there is no memory."""
        cdef uint32_t lot = row.last, before
        cdef int64_t qty = 0
        while lot and qty < most:
            if self.lots[lot].trade_id == trade_id and self.lots[lot].qty > most - qty:
                if not self.part_of(row, lot, self.lots[lot].qty - (most - qty)):
                    return -1
            before = self.lots[lot].prev
            if self.lots[lot].trade_id == trade_id:
                qty += self.lots[lot].qty
                self.voided.seq, self.voided.ts_ns = self.lots[lot].seq, self.lots[lot].ts_ns
                self.take_out(row, lot)
                if self.lots[lot].number:
                    self.unlist(lot)
                self.drop(lot)
            lot = before
        return qty

    cdef int undo(self, uint32_t holding, const Event* e, int64_t each) noexcept nogil:
        """A trade is void. each: what a lot of it was traded for."""
        cdef Holding* h = &self.holdings[holding]
        cdef uint8_t side = e.side, other = 1 - e.side
        cdef int64_t need = <int64_t> e.qty, found
        cdef uint32_t lot
        cdef Lot like
        self.voided = lot_of(e, e.trade_id, 0, 0)
        self.voided.seq = 0  # as if it were the earliest, where nothing is known of it any more
        found = self.take_away(&h.open[side], e.trade_id, need)
        need -= found
        if found < 0 or self.take_away(&h.paired[side], e.trade_id, need) < 0:
            return NO_MEMORY
        self.voided.flags = 0 if self.voided.seq else LOT_FLAG_RESTATED
        while need > 0 and h.open[side].first:  # later ones of its row take its place
            lot = self.part_of(&h.open[side], h.open[side].first, need)
            if lot == 0:
                return NO_MEMORY
            need -= self.lots[lot].qty
            self.realize(h, gain_of(side, self.lots[lot].cost - each * self.lots[lot].qty, 0))
            self.pair(h, lot)
        while need > 0 and h.paired[other].last:  # the last of the other row have no partners any more
            lot = h.paired[other].last
            if self.lots[lot].qty > need and not self.part_of(&h.paired[other], lot, self.lots[lot].qty - need):
                return NO_MEMORY
            need -= self.lots[lot].qty
            self.realize(h, -gain_of(side, each * self.lots[lot].qty, self.lots[lot].cost))
            self.reopen(h, lot)
        if need > 0:  # of these nothing is known any more
            like = lot_of(e, e.trade_id, need, each * need)
            like.flags = LOT_FLAG_RESTATED
            lot = self.make(holding, other, &like)
            if lot == 0:
                return NO_MEMORY
            self.put_before(&h.open[other], lot, h.open[other].first)
        self.forget_beyond()
        return 0

    cdef uint32_t later_than(self, const Row* row, const Lot* lot) noexcept nogil:
        """The first of a row that came after it; 0: none."""
        cdef uint32_t found = 0, at = row.last
        while at and is_later(&self.lots[at], lot):
            found, at = at, self.lots[at].prev
        return found

    cdef int redo(self, uint32_t holding, const Event* e, int64_t each) noexcept nogil:
        """What counts instead of the trade that was void last. each: what a lot of it was traded for."""
        cdef Holding* h = &self.holdings[holding]
        cdef uint8_t side = e.side, other = 1 - e.side
        cdef int64_t need = <int64_t> e.qty
        cdef uint32_t lot, later
        cdef Lot like = self.voided
        like.qty, like.cost = need, each * need
        later = self.later_than(&h.paired[side], &like)
        if later == 0 and h.open[side].first == 0:
            return self.enter(holding, side, &like)
        lot = self.make(holding, side, &like)
        if lot == 0:
            return NO_MEMORY
        if later == 0:
            self.put_before(&h.open[side], lot, self.later_than(&h.open[side], &like))
            return 0
        self.put_before(&h.paired[side], lot, later)
        self.list_paired(lot)
        while need > 0 and h.open[other].first:  # there is somebody more to be paired with
            lot = self.part_of(&h.open[other], h.open[other].first, need)
            if lot == 0:
                return NO_MEMORY
            need -= self.lots[lot].qty
            self.realize(h, gain_of(side, each * self.lots[lot].qty, self.lots[lot].cost))
            self.pair(h, lot)
        while need > 0:  # the last of its row have to go without
            lot = h.paired[side].last
            if self.lots[lot].qty > need and not self.part_of(&h.paired[side], lot, self.lots[lot].qty - need):
                return NO_MEMORY
            need -= self.lots[lot].qty
            self.realize(h, gain_of(side, each * self.lots[lot].qty - self.lots[lot].cost, 0))
            self.reopen(h, lot)
        self.forget_beyond()
        return 0

    cdef int split(self, const Event* e) noexcept nogil:
        """SPLIT_DONE: all lots of the instrument become more or fewer."""
        cdef uint32_t number
        if self.room_for_instrument(e.instrument):
            return NO_MEMORY
        if self.multipliers[e.instrument] == 0:
            return UNKNOWN
        number = self.of_instrument[e.instrument]
        while number:
            self.split_holding(&self.holdings[number], e)
            number = self.holdings[number].next
        return 0

    cdef void split_holding(self, Holding* h, const Event* e) noexcept nogil:
        cdef int64_t new_lots = e.price, old_lots = <int64_t> e.order_id
        cdef int64_t total = 0, given = 0, carried = 0, rest, left, had, lieu, released = 0
        cdef int side
        cdef uint32_t lot, before
        cdef Lot* one
        for side in range(2):
            while h.paired[side].first:
                lot = h.paired[side].first
                self.take_out(&h.paired[side], lot)
                self.unlist(lot)
                self.drop(lot)
        side = SIDE_BUY if h.open[SIDE_BUY].first else SIDE_SELL
        lot = h.open[side].first
        while lot:
            total += self.lots[lot].qty
            lot = self.lots[lot].next
        rest = left = rest_of(total, scaled(total, new_lots, old_lots), new_lots, old_lots)
        lot = h.open[side].first
        while left and lot:  # rest is less than 10,000: a lot that has as many has enough
            one = &self.lots[lot]
            had = left if one.qty >= left else least(left, one.qty * new_lots)
            carried = released_by(one.cost, had, one.qty, new_lots)
            one.cost -= carried
            released += carried
            left -= had
            lot = one.next
        if rest:
            lieu = lieu_of(rest, <int64_t> e.trade_id, self.multipliers[e.instrument], new_lots, MAX_CASH)
            self.realize(h, gain_of(<uint8_t> side, released, lieu))
        total = carried = 0
        lot = h.open[side].last
        while lot:
            one, before = &self.lots[lot], self.lots[lot].prev
            total += one.qty
            one.qty = scaled(total, new_lots, old_lots) - given
            given += one.qty
            one.cost += carried
            carried = 0
            if one.qty == 0:
                carried = one.cost
                self.take_out(&h.open[side], lot)
                self.drop(lot)
            lot = before

    cdef int take(self, const Event* e) noexcept nogil:
        cdef uint32_t holding
        cdef int64_t each
        cdef Lot like
        if e.kind == EVENT_KIND_DAY_ENDED:
            self.day += 1
            return 0
        if self.room_for_instrument(e.instrument):
            return NO_MEMORY
        if e.kind == EVENT_KIND_INSTRUMENT_SET:
            self.multipliers[e.instrument] = e.price * (CASH_SCALE // PRICE_SCALE)
            return 0
        if e.kind == EVENT_KIND_SPLIT_DONE:
            return self.split(e)
        each = self.multipliers[e.instrument]
        if unlikely(each == 0):
            return UNKNOWN
        holding = self.found_or_made(e.account, e.instrument)
        if unlikely(holding == 0):
            return NO_MEMORY
        if e.kind == EVENT_KIND_SHARES:
            if e.price < 0:
                return self.leave(holding, e)
            like = lot_of(e, 0, e.price, product(e.price, <int64_t> e.order_id, 1))
            return self.enter(holding, SIDE_BUY, &like)
        each *= e.price
        if likely(e.kind == EVENT_KIND_FILL):
            like = lot_of(e, e.trade_id, <int64_t> e.qty, each * <int64_t> e.qty)
            return self.enter(holding, e.side, &like)
        return self.undo(holding, e, each) if e.kind == EVENT_KIND_TRADE_BUSTED else self.redo(holding, e, each)

    cdef size_t take_all(self, const Event* e, size_t count, int* fault) noexcept nogil:
        """How many were taken before there was a fault, or all."""
        cdef size_t index
        cdef uint64_t wanted = (
            bit(EVENT_KIND_FILL) | bit(EVENT_KIND_SHARES) | bit(EVENT_KIND_TRADE_BUSTED) | bit(EVENT_KIND_SPLIT_DONE)
            | bit(EVENT_KIND_TRADE_CORRECTED) | bit(EVENT_KIND_DAY_ENDED) | bit(EVENT_KIND_INSTRUMENT_SET)
        )
        for index in range(count):
            if e[index].kind < 64 and wanted >> e[index].kind & 1:
                fault[0] = self.take(&e[index])
                if unlikely(fault[0]):
                    return index
        return count

    def learn(self, bytes instruments not None):
        """Take up what a lot of each instrument is: InstrumentRow records. Raises MemoryError."""
        cdef const InstrumentRow* row = <const InstrumentRow*> PyBytes_AS_STRING(instruments)
        cdef size_t index
        for index in range(PyBytes_GET_SIZE(instruments) // sizeof(InstrumentRow)):
            if self.room_for_instrument(row[index].instrument):
                raise MemoryError
            self.multipliers[row[index].instrument] = row[index].lot_size * (CASH_SCALE // PRICE_SCALE)

    def apply(self, bytes events not None, look_up):
        """What happened, as Event records. look_up: gives InstrumentRow records where a lot's size is to be known.

        Raises ValueError for what are no events, or of no instrument; MemoryError.
        """
        cdef const Event* event = <const Event*> PyBytes_AS_STRING(events)
        cdef size_t count = PyBytes_GET_SIZE(events) // sizeof(Event), done = 0
        cdef int fault = 0
        if PyBytes_GET_SIZE(events) % sizeof(Event):
            raise ValueError(f"{len(events)} bytes are not whole events of {sizeof(Event)} bytes")
        while True:
            with nogil:
                done += self.take_all(event + done, count - done, &fault)
            if likely(fault == 0):
                return
            if fault == NO_MEMORY:
                raise MemoryError
            self.learn(look_up())
            if event[done].instrument >= self.instrument_room or self.multipliers[event[done].instrument] == 0:
                raise ValueError(f"instrument {event[done].instrument} of an event is not set up")
            fault = 0
