"""What trades come to: the day's statistics of each instrument, and bars."""

from libc.stddef cimport size_t
from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t

from ext.lanes cimport Lanes, Ring
from ext.wire cimport Bar, Statistics, Trade

cdef enum Period:
    SECOND
    MINUTE
    FIVE_MINUTES
    HOUR
    DAY
    CLOCKED = DAY           # periods that the clock ends
    PERIODS


cdef struct Sums:  # of the trades of a period; open 0: none of them made a price
    int64_t open
    int64_t high
    int64_t low
    int64_t close
    uint64_t volume
    uint64_t turnover
    uint64_t trades


cdef struct Running:  # a bar that has not closed
    Sums sums
    uint64_t seq            # of its last trade


cdef struct Hot:  # of an instrument: all that a trade touches
    Running second
    int64_t ts_ns           # of its last trade
    uint64_t trade_id       # of its last trade
    int64_t day_begin_ns    # of the bar of its day
    uint32_t round_lot      # lots; 0: none
    uint16_t listed         # bit of each Period with a running bar
    uint8_t has_price       # this day has an open: the next trade is not the FIRST
    uint8_t changed         # the feed's: its depth has


cdef struct Amended:  # of an instrument: what busts and corrections of trades of the day change of its statistics
    uint64_t day_before     # the last trade_id of the days that are over
    uint64_t volume_less    # from here on: since the statistics were told last
    uint64_t volume_more
    uint64_t turnover_less
    uint64_t turnover_more
    uint64_t trades_less
    int64_t high            # of the prices of corrections; 0: none made one
    int64_t low
    int64_t close
    uint64_t close_id       # the trade that `close` is of
    uint64_t seq            # of the last of them; 0: there is none
    int64_t ts_ns


cdef struct History:  # the last bars of one period; the next one goes to `count` modulo those kept
    Bar* bars
    uint64_t count


cdef class Tape:
    cdef Lanes* lanes
    cdef Hot* hot           # by instrument, as what follows
    cdef Running* longer    # minute, five minutes, hour
    cdef Statistics* statistics
    cdef Amended* amended
    cdef History* history   # by Period
    cdef uint32_t* lists[PERIODS]  # instruments with a running bar
    cdef size_t[PERIODS] counts
    cdef int64_t[CLOCKED] ends  # of the running bars
    cdef size_t instruments
    cdef uint32_t kept      # bars of an instrument and period
    cdef Ring ring          # the last bars of all

    cdef int grow(self, size_t count) except -1
    cdef int book(self, Trade* trade) except -1
    cdef int amend(self, const Trade* trade, uint64_t old_qty, int64_t old_price) except -1
    cdef int turn(self, int64_t ts_ns) except -1
    cdef int end_day(self, int64_t ts_ns) except -1
    cdef int64_t due_ns(self) noexcept
    cdef int close_period(self, int period) except -1
    cdef int close_days(self) except -1
    cdef int into_day(self, uint32_t instrument) except -1
    cdef void put_right(self, uint32_t instrument, Sums* sums) noexcept
    cdef int close_bar(
        self, uint32_t instrument, int period, const Sums* sums, uint64_t seq, int64_t begin_ns,
    ) except -1
    cdef int remember(self, uint32_t instrument, int period, const Bar* bar) except -1
    cdef void enlist(self, uint32_t instrument, int period) noexcept
    cdef bytes last_bars(self, size_t first, size_t end, int period, size_t most)
    cdef bytes all_statistics(self, size_t first, size_t end)
    cdef list state(self)
    cdef size_t load(self, const unsigned char* data, size_t length) except 0


cdef int regrow(void** array, size_t size, size_t before, size_t after) except -1
cdef int period_of(object seconds) except -2
