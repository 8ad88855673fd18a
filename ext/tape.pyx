"""Statistics of the day and bars, from trades and journaled time alone.

A trade is added to its instrument's running second and to nothing else. When a second is over, those instruments that
traded in it close their bars: a second's into the minute's and the day's, a minute's into that of five minutes, and so
on. Bars are numbered by their end, then their period, then their instrument, however late that time is noticed: a
replay gives the same ones.

An odd lot counts in volume, turnover and trades, and makes no price; all others do, crosses and hidden ones too: as the
US tapes have it (The UTP Plan, UTP Trade Data Feed specification, sale conditions: I, odd lot trade, updates volume and
neither high and low nor last; @, regular, O, 5, 6, prints of opening, reopening and closing, update all of them).
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from libc.stdlib cimport calloc, free, qsort, realloc
from libc.string cimport memcpy, memset

from ext.bits cimport add_product, unlikely
from ext.lanes cimport BARS, STATISTICS, keep, make_ring, put
from ext.wire cimport (
    STATISTICS_FLAG_ADJUSTED, STATISTICS_FLAG_FINAL, TRADE_FLAG_CORRECTION, TRADE_FLAG_CROSS, TRADE_FLAG_FIRST,
    TRADE_FLAG_ODD_LOT,
)

cdef enum:
    FIRST_INSTRUMENTS = 64

cdef extern from *:
    """
    #define OB_SECOND_NS 1000000000LL
    """
    const int64_t SECOND_NS "OB_SECOND_NS"

cdef uint32_t[PERIODS] SECONDS
SECONDS[:] = [1, 60, 300, 3600, 86400]


cdef struct Head:  # of a state; what follows: Hot, Running, Statistics, Amended, lists, bars
    uint64_t sizes          # of the structs, so that another layout is noticed
    uint64_t instruments
    uint64_t[PERIODS] counts
    int64_t[CLOCKED] ends
    uint64_t histories


cdef struct HistoryHead:
    uint32_t instrument
    uint32_t period
    uint64_t bars


cdef int ascending(const void* a, const void* b) noexcept nogil:
    cdef uint32_t first = (<const uint32_t*> a)[0]
    cdef uint32_t second = (<const uint32_t*> b)[0]
    return (first > second) - (first < second)


cdef inline int64_t length_ns(int period) noexcept:
    return SECONDS[period] * SECOND_NS


cdef inline int64_t end_after(int64_t ts_ns, int64_t length) noexcept:
    """Of the period that a time is in."""
    return (ts_ns // length + 1) * length


cdef inline void add_price(Sums* sums, int64_t high, int64_t low) noexcept:
    if high > sums.high:
        sums.high = high
    if low < sums.low:
        sums.low = low


cdef void merge(Sums* into, const Sums* later) noexcept:
    """Add what came after it."""
    if later.open:
        if into.open:
            add_price(into, later.high, later.low)
        else:
            into.open = later.open
            into.high = later.high
            into.low = later.low
        into.close = later.close
    into.volume += later.volume
    into.turnover = add_product(into.turnover, later.turnover, 1)
    into.trades += later.trades


cdef inline uint64_t less(uint64_t sum, uint64_t part) noexcept:
    """A sum that stopped at its bound stays there."""
    if sum == <uint64_t> -1:
        return sum
    return sum - part if sum > part else 0


cdef int64_t mean(uint64_t turnover, uint64_t volume) noexcept:
    """At most 2^63 - 1: a turnover that stopped at its bound may stand beside a small volume, once trades are void."""
    cdef uint64_t exact = turnover // volume if volume else 0
    return <int64_t> (exact if exact < <uint64_t> 1 << 63 else (<uint64_t> 1 << 63) - 1)


cdef int period_of(object seconds) except -2:
    """-1 for what is none."""
    cdef int period
    for period in range(PERIODS):
        if SECONDS[period] == seconds:
            return period
    return -1


cdef int regrow(void** array, size_t size, size_t before, size_t after) except -1:
    """Make an array larger, new places zero."""
    cdef char* grown = <char*> realloc(array[0], after * size)
    if grown == NULL:
        raise MemoryError
    memset(grown + before * size, 0, (after - before) * size)
    array[0] = grown
    return 0


cdef uint64_t sizes_of_structs() noexcept:
    return sizeof(Hot) | sizeof(Running) << 16 | sizeof(Statistics) << 32 | <uint64_t> sizeof(Bar) << 48


cdef class Tape:
    """Made by a Feed, whose lanes it fills."""

    def __cinit__(self, size_t bars, uint32_t kept):
        make_ring(&self.ring, sizeof(Bar), bars)
        self.kept = kept

    def __dealloc__(self):
        cdef size_t place
        cdef int period
        for place in range(self.instruments * PERIODS):
            free(self.history[place].bars)
        for period in range(PERIODS):
            free(self.lists[period])
        free(self.hot)
        free(self.longer)
        free(self.statistics)
        free(self.amended)
        free(self.history)
        free(self.ring.data)

    cdef int grow(self, size_t count) except -1:
        """Room for instruments up to `count`."""
        cdef size_t before = self.instruments
        cdef size_t room = before if before else <size_t> FIRST_INSTRUMENTS
        cdef int period
        while room < count:
            room *= 2
        if room == before:
            return 0
        regrow(<void**> &self.hot, sizeof(Hot), before, room)
        regrow(<void**> &self.longer, 3 * sizeof(Running), before, room)
        regrow(<void**> &self.statistics, sizeof(Statistics), before, room)
        regrow(<void**> &self.amended, sizeof(Amended), before, room)
        regrow(<void**> &self.history, PERIODS * sizeof(History), before, room)
        for period in range(PERIODS):
            regrow(<void**> &self.lists[period], sizeof(uint32_t), before, room)
        self.instruments = room
        return 0

    cdef int book(self, Trade* trade) except -1:
        """A trade, whose flag FIRST is set here. There is room for its instrument."""
        cdef Hot* hot = &self.hot[trade.instrument]
        cdef Sums* sums = &hot.second.sums
        if unlikely(trade.ts_ns >= self.ends[<int> SECOND]):
            self.turn(trade.ts_ns)
            self.ends[<int> SECOND] = end_after(trade.ts_ns, SECOND_NS)
        if not hot.listed & 1:
            self.enlist(trade.instrument, SECOND)
        if not trade.flags & TRADE_FLAG_ODD_LOT:
            if sums.open:
                add_price(sums, trade.price, trade.price)
            else:
                sums.open = sums.high = sums.low = trade.price
                if not hot.has_price:
                    hot.has_price = 1
                    trade.flags |= TRADE_FLAG_FIRST
            sums.close = trade.price
        sums.volume += trade.qty
        sums.turnover = add_product(sums.turnover, <uint64_t> trade.price, trade.qty)
        sums.trades += 1
        hot.second.seq = trade.seq
        hot.ts_ns = trade.ts_ns
        return 0

    cdef int amend(self, const Trade* trade, uint64_t old_qty, int64_t old_price) except -1:
        """A trade was busted, or is what is said here: where it is of this day, its statistics are put right when the
        second is over. There is room for its instrument. See docs/busts.md."""
        cdef Hot* hot = &self.hot[trade.instrument]
        cdef Amended* a = &self.amended[trade.instrument]
        if trade.ts_ns >= self.ends[<int> SECOND]:
            self.turn(trade.ts_ns)
            self.ends[<int> SECOND] = end_after(trade.ts_ns, SECOND_NS)
        if trade.trade_id <= a.day_before:
            return 0
        if not hot.listed & 1:
            self.enlist(trade.instrument, SECOND)
        a.seq = trade.seq
        a.ts_ns = trade.ts_ns
        a.volume_less += old_qty
        a.turnover_less = add_product(a.turnover_less, <uint64_t> old_price, old_qty)
        if not trade.flags & TRADE_FLAG_CORRECTION:
            a.trades_less += not trade.flags & TRADE_FLAG_CROSS
            return 0
        a.volume_more += trade.qty
        a.turnover_more = add_product(a.turnover_more, <uint64_t> trade.price, trade.qty)
        if trade.flags & TRADE_FLAG_CROSS or trade.qty >= hot.round_lot:
            if trade.price > a.high:
                a.high = trade.price
            if a.low == 0 or trade.price < a.low:
                a.low = trade.price
            if trade.trade_id == hot.trade_id:
                a.close = trade.price
                a.close_id = trade.trade_id
        return 0

    cdef void put_right(self, uint32_t instrument, Sums* sums) noexcept:
        """The day's sums, by what was amended since they were told last."""
        cdef Amended* a = &self.amended[instrument]
        sums.volume = less(sums.volume + a.volume_more, a.volume_less)
        sums.turnover = less(add_product(sums.turnover, a.turnover_more, 1), a.turnover_less)
        sums.trades = less(sums.trades, a.trades_less)
        if sums.volume == 0:
            sums.open = sums.high = sums.low = sums.close = 0
            self.hot[instrument].has_price = 0  # the next one is the first again
        elif a.high:
            if sums.open == 0:
                sums.open = sums.high = sums.low = sums.close = a.high
                self.hot[instrument].has_price = 1
            add_price(sums, a.high, a.low)
            if a.close_id == self.hot[instrument].trade_id:
                sums.close = a.close
        memset(&a.volume_less, 0, sizeof(Amended) - sizeof(a.day_before))

    cdef void enlist(self, uint32_t instrument, int period) noexcept:
        self.hot[instrument].listed |= <uint16_t> (1 << period)
        self.lists[period][self.counts[period]] = instrument
        self.counts[period] += 1

    cdef int64_t due_ns(self) noexcept:
        """When the next bar closes; 0: none is running."""
        cdef int64_t due = 0
        cdef int period
        for period in range(CLOCKED):
            if self.counts[period] and (due == 0 or self.ends[period] < due):
                due = self.ends[period]
        return due

    cdef int turn(self, int64_t ts_ns) except -1:
        """It is that late: close the bars whose time is over."""
        cdef int period
        for period in range(CLOCKED):
            if self.counts[period] and ts_ns >= self.ends[period]:
                self.close_period(period)
        return 0

    cdef int end_day(self, int64_t ts_ns) except -1:
        """The day ends, and every bar with it."""
        cdef int period
        self.turn(ts_ns)
        for period in range(CLOCKED):
            if self.counts[period]:
                self.close_period(period)
        self.close_days()
        return 0

    cdef int close_period(self, int period) except -1:
        """Close the running bars of a period; they become part of the next longer one's."""
        cdef uint32_t* instruments = self.lists[period]
        cdef size_t count = self.counts[period]
        cdef size_t place
        cdef uint32_t instrument
        cdef Running* running
        cdef int64_t begin_ns = self.ends[period] - length_ns(period)
        qsort(instruments, count, sizeof(uint32_t), ascending)
        if period < HOUR:
            self.ends[period + 1] = end_after(begin_ns, length_ns(period + 1))
        for place in range(count):
            instrument = instruments[place]
            running = &self.hot[instrument].second if period == SECOND else &self.longer[3 * instrument + period - 1]
            self.hot[instrument].listed &= <uint16_t> ~(1 << period)
            if period == SECOND:
                if running.sums.trades == 0:  # something was amended, and nothing traded
                    self.into_day(instrument)
                    continue
                self.close_bar(instrument, period, &running.sums, running.seq, begin_ns)
                self.into_day(instrument)
            else:
                self.close_bar(instrument, period, &running.sums, running.seq, begin_ns)
            if period < HOUR:
                merge(&self.longer[3 * instrument + period].sums, &running.sums)
                self.longer[3 * instrument + period].seq = running.seq
                if not self.hot[instrument].listed >> (period + 1) & 1:
                    self.enlist(instrument, period + 1)
            memset(running, 0, sizeof(Running))
        self.counts[period] = 0
        return 0

    cdef int into_day(self, uint32_t instrument) except -1:
        """A second is over: add it to the day's statistics, put them right, and tell them."""
        cdef Amended* a = &self.amended[instrument]
        cdef Hot* hot = &self.hot[instrument]
        cdef Statistics* day = &self.statistics[instrument]
        cdef Sums sums
        if day.flags & STATISTICS_FLAG_FINAL:
            if day.close:
                day.previous_close = day.close
            day.flags = 0
            day.open = day.high = day.low = day.close = 0
            day.volume = day.turnover = day.trades = 0
        sums = Sums(day.open, day.high, day.low, day.close, day.volume, day.turnover, day.trades)
        merge(&sums, &hot.second.sums)
        if hot.second.sums.trades:
            day.seq = hot.second.seq
            day.ts_ns = hot.ts_ns
        if a.seq:
            if a.seq > day.seq:
                day.seq = a.seq
                day.ts_ns = a.ts_ns
            self.put_right(instrument, &sums)
            day.flags |= STATISTICS_FLAG_ADJUSTED
        day.instrument = instrument
        day.open = sums.open
        day.high = sums.high
        day.low = sums.low
        day.close = sums.close
        day.volume = sums.volume
        day.turnover = sums.turnover
        day.vwap = mean(sums.turnover, sums.volume)
        day.trades = sums.trades
        if not hot.listed >> <int> DAY & 1:
            hot.day_begin_ns = self.ends[<int> SECOND] - SECOND_NS
            self.enlist(instrument, DAY)
        return put(self.lanes, STATISTICS, day, sizeof(Statistics))

    cdef int close_days(self) except -1:
        """Every instrument's day that had a trade."""
        cdef size_t count = self.counts[<int> DAY]
        cdef size_t place
        cdef uint32_t instrument
        cdef Statistics* day
        cdef Sums sums
        qsort(self.lists[<int> DAY], count, sizeof(uint32_t), ascending)
        for place in range(count):
            instrument = self.lists[<int> DAY][place]
            day = &self.statistics[instrument]
            sums = Sums(day.open, day.high, day.low, day.close, day.volume, day.turnover, day.trades)
            self.close_bar(instrument, DAY, &sums, day.seq, self.hot[instrument].day_begin_ns)
            day.flags |= STATISTICS_FLAG_FINAL
            put(self.lanes, STATISTICS, day, sizeof(Statistics))
            self.hot[instrument].has_price = 0
            self.amended[instrument].day_before = self.hot[instrument].trade_id
            self.hot[instrument].listed &= <uint16_t> ~(1 << <int> DAY)
        self.counts[<int> DAY] = 0
        return 0

    cdef int close_bar(
        self, uint32_t instrument, int period, const Sums* sums, uint64_t seq, int64_t begin_ns,
    ) except -1:
        cdef Bar bar
        bar.seq = seq
        bar.ts_ns = begin_ns
        bar.instrument = instrument
        bar.period_s = SECONDS[period]
        bar.open = sums.open
        bar.high = sums.high
        bar.low = sums.low
        bar.close = sums.close
        bar.volume = sums.volume
        bar.turnover = sums.turnover
        bar.vwap = mean(sums.turnover, sums.volume)
        bar.trades = sums.trades
        put(self.lanes, BARS, &bar, sizeof(Bar))
        keep(&self.ring, self.lanes.lane[<int> BARS].sequence, &bar)
        return self.remember(instrument, period, &bar)

    cdef int remember(self, uint32_t instrument, int period, const Bar* bar) except -1:
        """Among the instrument's last ones."""
        cdef History* history = &self.history[PERIODS * instrument + period]
        if history.bars == NULL:
            history.bars = <Bar*> calloc(self.kept, sizeof(Bar))
            if history.bars == NULL:
                raise MemoryError
        history.bars[history.count % self.kept] = bar[0]
        history.count += 1
        return 0

    cdef bytes last_bars(self, size_t first, size_t end, int period, size_t most):
        """The last bars of a period, of each instrument from `first` to before `end`, oldest first."""
        cdef size_t instrument
        cdef uint64_t bars = 0
        cdef uint64_t place, count
        cdef const History* history
        cdef bytes result
        cdef Bar* out
        most = min(most, self.kept)
        end = min(end, self.instruments)
        for instrument in range(first, end):
            bars += min(self.history[PERIODS * instrument + period].count, most)
        result = PyBytes_FromStringAndSize(NULL, bars * sizeof(Bar))
        out = <Bar*> PyBytes_AS_STRING(result)
        for instrument in range(first, end):
            history = &self.history[PERIODS * instrument + period]
            count = history.count
            for place in range(count - min(count, most), count):
                out[0] = history.bars[place % self.kept]
                out += 1
        return result

    cdef bytes all_statistics(self, size_t first, size_t end):
        """Of those instruments from `first` to before `end` that have ever traded, as they were told last."""
        cdef size_t instrument
        cdef size_t rows = 0
        cdef bytes result
        cdef Statistics* out
        end = min(end, self.instruments)
        for instrument in range(first, end):
            rows += self.statistics[instrument].seq != 0
        result = PyBytes_FromStringAndSize(NULL, rows * sizeof(Statistics))
        out = <Statistics*> PyBytes_AS_STRING(result)
        for instrument in range(first, end):
            if self.statistics[instrument].seq:
                out[0] = self.statistics[instrument]
                out += 1
        return result

    # ------------------------------------------------------------ state

    cdef list state(self):
        """All of it but the ring, for `load`."""
        cdef Head head
        cdef HistoryHead history_head
        cdef const History* history
        cdef size_t place
        cdef int period
        cdef bytes hot
        cdef list parts = [b""]
        head.sizes = sizes_of_structs()
        head.instruments = self.instruments
        head.histories = 0
        for period in range(PERIODS):
            head.counts[period] = self.counts[period]
        for period in range(CLOCKED):
            head.ends[period] = self.ends[period]
        hot = (<const char*> self.hot)[:self.instruments * sizeof(Hot)]
        for place in range(self.instruments):
            (<Hot*> PyBytes_AS_STRING(hot))[place].changed = 0  # that is of who looks, not of what happened
        parts.append(hot)
        parts.append((<const char*> self.longer)[:self.instruments * 3 * sizeof(Running)])
        parts.append((<const char*> self.statistics)[:self.instruments * sizeof(Statistics)])
        parts.append((<const char*> self.amended)[:self.instruments * sizeof(Amended)])
        for period in range(PERIODS):
            parts.append((<const char*> self.lists[period])[:self.counts[period] * sizeof(uint32_t)])
        for place in range(self.instruments * PERIODS):
            history = &self.history[place]
            if history.count:
                period = place % PERIODS
                history_head = HistoryHead(place // PERIODS, period, min(history.count, <uint64_t> self.kept))
                parts.append((<const char*> &history_head)[:sizeof(HistoryHead)])
                parts.append(self.last_bars(place // PERIODS, place // PERIODS + 1, period, self.kept))
                head.histories += 1
        parts[0] = (<const char*> &head)[:sizeof(Head)]
        return parts

    cdef size_t load(self, const unsigned char* data, size_t length) except 0:
        """Take a state over, as new; its length. Raises ValueError for what is none, and is of no use then."""
        cdef Head head
        cdef HistoryHead history_head
        cdef size_t at = sizeof(Head)
        cdef uint64_t place
        cdef int period
        if length < at:
            raise ValueError("the state of the tape has no head")
        memcpy(&head, data, sizeof(Head))
        if head.sizes != sizes_of_structs():
            raise ValueError("the state of the tape is of another version")
        if head.instruments > 1 << 25:
            raise ValueError(f"the state of the tape has {head.instruments} instruments")
        self.grow(head.instruments)
        at = take(self.hot, data, at, length, head.instruments, sizeof(Hot))
        at = take(self.longer, data, at, length, 3 * head.instruments, sizeof(Running))
        at = take(self.statistics, data, at, length, head.instruments, sizeof(Statistics))
        at = take(self.amended, data, at, length, head.instruments, sizeof(Amended))
        for place in range(head.instruments):
            self.hot[place].listed = 0
            self.hot[place].changed = 0
        for period in range(PERIODS):
            if head.counts[period] > head.instruments:
                raise ValueError("the state of the tape lists more instruments than it has")
            at = take(self.lists[period], data, at, length, head.counts[period], sizeof(uint32_t))
            for place in range(head.counts[period]):
                instrument = self.lists[period][place]
                if instrument >= head.instruments or self.hot[instrument].listed >> period & 1:
                    raise ValueError("the state of the tape lists an instrument that is none, or lists it twice")
                self.hot[instrument].listed |= <uint16_t> (1 << period)
            self.counts[period] = head.counts[period]
        for period in range(CLOCKED):
            self.ends[period] = head.ends[period]
        for _ in range(head.histories):
            at = take(&history_head, data, at, length, 1, sizeof(HistoryHead))
            if (history_head.instrument >= head.instruments or history_head.period >= PERIODS
                    or history_head.bars > (length - at) // sizeof(Bar)):
                raise ValueError("the state of the tape has bars of an instrument that is none, or ends too early")
            for _ in range(history_head.bars):
                self.remember(history_head.instrument, history_head.period, <const Bar*> (data + at))
                at += sizeof(Bar)
        return at


cdef size_t take(
    void* to, const unsigned char* data, size_t at, size_t length, uint64_t count, size_t size,
) except 0:
    """Copy so many structs; where they end. Raises ValueError where there are fewer."""
    if count > (length - at) // size:
        raise ValueError("the state of the tape ends too early")
    memcpy(to, data + at, count * size)
    return at + count * size
