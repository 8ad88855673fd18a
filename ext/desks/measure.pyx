"""The sums of accounts and desks as positions, orders and cash change."""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memset

from ext.accounts cimport set_flags
from ext.bits cimport add_cut
from ext.desks.layout cimport Bounds, Desk, Ground, LIMITS, Measure, Stretch, TALLIES, Tally
from ext.layout cimport (
    Account, COUNTS, COUNTS_FOR_LIMITS, FAR_AWAY, IS_LIMITED, IS_WATCHED, Market, Position,
)
from ext.ledger cimport find_position
from ext.margin.exposure cimport equity_of, mark_of
from ext.margin.sums cimport add_sum, both, less, sum_of, wide, worth
from ext.pending cimport MUST_JUDGE
from ext.risk cimport either, greater, lesser
from ext.wire cimport LIMIT_DAY_LOSS, MAX_CASH, SIDE_BUY, SIDE_SELL


cdef inline int64_t signed_worth(int64_t lots, int64_t mark, int64_t multiplier) noexcept nogil:
    cdef int64_t value = worth(lots, mark, multiplier, MAX_CASH)
    return value if lots >= 0 else -value


cdef inline int64_t size(int64_t x) noexcept nogil:
    return x if x >= 0 else -x


cdef void stretch_with(
    const Market* m, uint32_t position, uint32_t instrument, uint32_t side, int64_t open, Stretch* after,
) noexcept nogil:
    cdef const Position* p = &m.positions[position]
    cdef const Stretch* before = &m.desks.stretches[position]
    cdef int64_t multiplier = m.instruments[instrument].multiplier
    cdef int64_t mark = mark_of(m, position, instrument)
    cdef int64_t net = signed_worth(add_cut(p.qty, either(side, open, -open)), mark, multiplier)
    cdef int64_t other = before.net[side ^ 1]
    after.net[side] = net
    after.net[side ^ 1] = other
    after.gross = greater(greater(size(m.exposures[position].value), size(net)), size(other))
    after.open = before.open + (<uint64_t> worth(open, mark, multiplier, MAX_CASH)
                                - <uint64_t> worth(p.open[side], mark, multiplier, MAX_CASH))


cdef void find_stretch(const Market* m, uint32_t position, Stretch* s) noexcept nogil:
    cdef const Position* p = &m.positions[position]
    cdef int64_t multiplier = m.instruments[p.key >> 32].multiplier
    cdef int64_t mark = m.exposures[position].mark
    s.net[SIDE_BUY] = signed_worth(add_cut(p.qty, p.open[SIDE_BUY]), mark, multiplier)
    s.net[SIDE_SELL] = signed_worth(add_cut(p.qty, -p.open[SIDE_SELL]), mark, multiplier)
    s.gross = greater(worth(p.qty, mark, multiplier, MAX_CASH),
                      greater(size(s.net[SIDE_BUY]), size(s.net[SIDE_SELL])))
    s.open = (<uint64_t> worth(p.open[SIDE_BUY], mark, multiplier, MAX_CASH)
              + <uint64_t> worth(p.open[SIDE_SELL], mark, multiplier, MAX_CASH))


cdef void book_stretch(Market* m, uint32_t position, const Stretch* after, int orders) noexcept nogil:
    cdef uint32_t account = <uint32_t> m.positions[position].key
    cdef Stretch* before = &m.desks.stretches[position]
    cdef Measure* mine = &m.desks.measures[account]
    cdef Desk* d = desk_above(m, m.desks.of_account[account])
    mine.counted_orders += orders
    move_tally(&mine.tally, before, after)
    while d != NULL:
        d.open_orders += orders
        move_tally(&d.tally, before, after)
        d = desk_above(m, d.parent)
    before[0] = after[0]


cdef void change_stretch(Market* m, uint32_t position, uint32_t side, int64_t open, int orders) noexcept nogil:
    cdef Stretch after
    stretch_with(m, position, <uint32_t> (m.positions[position].key >> 32), side, open, &after)
    book_stretch(m, position, &after, orders)


cdef void note_desk(Market* m, uint32_t desk) noexcept nogil:
    cdef Desk* d = &m.desks.rows[desk]
    if d.is_moved:
        return
    d.is_moved = 1
    m.desks.moved[m.desks.moved_count] = <uint16_t> desk
    m.desks.moved_count += 1
    m.pending |= MUST_JUDGE


cdef inline void move_equity(Market* m, Desk* d, wide amount) noexcept nogil:
    add_sum(&d.equity_low, &d.equity_high, amount)
    if d.bounds.soft[<int> LIMIT_DAY_LOSS] or d.is_losing:
        note_desk(m, <uint32_t> (d - m.desks.rows))


cdef void restate_stretch(Market* m, uint32_t position, int64_t value_before, int64_t value_after) noexcept nogil:
    cdef uint32_t account = <uint32_t> m.positions[position].key
    cdef Desk* d = desk_above(m, m.desks.of_account[account])
    cdef Stretch after
    find_stretch(m, position, &after)
    book_stretch(m, position, &after, 0)
    if value_after != value_before:
        while d != NULL:
            move_equity(m, d, both(value_after, -value_before))
            d = desk_above(m, d.parent)
    settle_account(m, account)


cdef void settle_account(Market* m, uint32_t account) noexcept nogil:
    cdef const Account* a = &m.accounts[account]
    cdef Measure* mine = &m.desks.measures[account]
    cdef Ground* ground = &m.desks.grounds[account]
    cdef int64_t cash = a.cash - m.worths[account].withdrawals
    cdef int64_t orders = <int64_t> a.open_orders - mine.counted_orders
    cdef int64_t before = ground.counted_cash
    cdef Desk* d = desk_above(m, m.desks.of_account[account])
    mine.counted_orders = a.open_orders
    ground.counted_cash = cash
    while d != NULL:
        d.open_orders += orders
        if cash != before:
            move_equity(m, d, less(both(cash, 0), both(before, 0)))
        d = desk_above(m, d.parent)


cdef void move_account(Market* m, uint32_t account, wide amount) noexcept nogil:
    cdef Desk* d = desk_above(m, m.desks.of_account[account])
    if not m.accounts[account].flags & IS_LIMITED:
        return
    while d != NULL:
        move_equity(m, d, amount)
        d = desk_above(m, d.parent)


# Who is in which desk

cdef void add_account(Market* m, uint32_t account, Desk* d) noexcept nogil:
    cdef const Measure* mine = &m.desks.measures[account]
    cdef uint32_t k
    for k in range(TALLIES):
        add_sum(&d.tally.low[k], &d.tally.high[k], sum_of(mine.tally.low[k], mine.tally.high[k]))
    d.open_orders += mine.counted_orders
    d.watched += 1
    add_sum(&d.base_low, &d.base_high, base_of(m, account))
    move_equity(m, d, equity_of(m, account))


cdef void take_account(Market* m, uint32_t account, Desk* d) noexcept nogil:
    cdef const Measure* mine = &m.desks.measures[account]
    cdef wide nothing = both(0, 0)
    cdef uint32_t k
    for k in range(TALLIES):
        add_sum(&d.tally.low[k], &d.tally.high[k], less(nothing, sum_of(mine.tally.low[k], mine.tally.high[k])))
    d.open_orders -= mine.counted_orders
    d.watched -= 1
    add_sum(&d.base_low, &d.base_high, less(nothing, base_of(m, account)))
    move_equity(m, d, less(nothing, equity_of(m, account)))


cdef void join_desks(Market* m, uint32_t account) noexcept nogil:
    cdef Desk* d = desk_above(m, m.desks.of_account[account])
    if not m.accounts[account].flags & IS_LIMITED:
        return
    while d != NULL:
        add_account(m, account, d)
        d = desk_above(m, d.parent)


cdef void leave_desks(Market* m, uint32_t account) noexcept nogil:
    cdef Desk* d = desk_above(m, m.desks.of_account[account])
    if not m.accounts[account].flags & IS_LIMITED:
        return
    settle_account(m, account)
    while d != NULL:
        take_account(m, account, d)
        d = desk_above(m, d.parent)


# Who is measured

cdef void count_position(Market* m, uint32_t position, Measure* mine) noexcept nogil:
    cdef Stretch nothing
    memset(&nothing, 0, sizeof(Stretch))
    m.exposures[position].is_watched = COUNTS | COUNTS_FOR_LIMITS
    find_stretch(m, position, &m.desks.stretches[position])
    move_tally(&mine.tally, &nothing, &m.desks.stretches[position])


cdef void forget_position(Market* m, uint32_t position) noexcept nogil:
    m.exposures[position].is_watched &= COUNTS
    memset(&m.desks.stretches[position], 0, sizeof(Stretch))


cdef void visit_position(Market* m, uint32_t account, uint32_t position, bint counts) noexcept nogil:
    if position and <uint32_t> m.positions[position].key == account:
        if counts:
            count_position(m, position, &m.desks.measures[account])
        else:
            forget_position(m, position)


cdef void visit_positions(Market* m, uint32_t account, bint counts) noexcept nogil:
    """By instruments, or through all there are: whichever is shorter."""
    cdef uint32_t k
    if m.instrument_top < m.position_count:
        for k in range(m.instrument_top):
            visit_position(m, account, find_position(m, <uint64_t> k << 32 | account), counts)
    else:
        for k in range(1, m.position_count + 1):
            visit_position(m, account, k, counts)


cdef void measure_account(Market* m, uint32_t account) noexcept nogil:
    cdef Account* a = &m.accounts[account]
    cdef Measure* mine = &m.desks.measures[account]
    cdef bint is_limited = a.flags & IS_WATCHED != 0 and (
        m.desks.of_account[account] != 0 or mine.place != 0 or mine.lists != 0)
    if is_limited == (a.flags & IS_LIMITED != 0):
        return
    if not is_limited:
        forget_measures(m, account)
        return
    set_flags(a, a.flags | IS_LIMITED)
    memset(&mine.tally, 0, sizeof(Tally))
    visit_positions(m, account, True)
    mine.counted_orders = a.open_orders
    m.desks.grounds[account].counted_cash = a.cash - m.worths[account].withdrawals


cdef void forget_measures(Market* m, uint32_t account) noexcept nogil:
    if not m.accounts[account].flags & IS_LIMITED:
        return
    set_flags(&m.accounts[account], m.accounts[account].flags & ~<uint8_t> IS_LIMITED)
    visit_positions(m, account, False)
    memset(&m.desks.measures[account].tally, 0, sizeof(Tally))
    m.desks.measures[account].counted_orders = 0
    m.desks.grounds[account].counted_cash = 0


# Bounds

cdef void begin_bounds(Bounds* b) noexcept nogil:
    cdef uint32_t k
    memset(b, 0, sizeof(Bounds))
    for k in range(LIMITS):
        b.quick[k] = FAR_AWAY


cdef void set_bound(Bounds* b, uint32_t limit, int64_t hard, int64_t soft) noexcept nogil:
    b.hard[limit] = hard
    b.soft[limit] = soft
    b.quick[limit] = hard if hard else FAR_AWAY
    if soft and limit != LIMIT_DAY_LOSS:
        b.quick[limit] = lesser(b.quick[limit], soft)
