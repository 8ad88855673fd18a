"""Positions' parts of the sums of accounts, and the list of those that are to be made anew."""

from libc.stdint cimport int64_t, uint32_t, uint64_t
from libc.string cimport memset

from ext.bits cimport add_cut, prefetch
from ext.layout cimport (
    AHEAD, COUNTS, COUNTS_FOR_LIMITS, Chain, Exposure, IS_LIMITED, IS_MARGIN, IS_WATCHED, Margin, Market, Position,
    SUM_COST, SUM_INITIAL, SUM_MAINTENANCE, SUM_VALUE, Worth,
)
from ext.desks.measure cimport change_stretch, restate_stretch
from ext.ledger cimport index_position
from ext.margin.sums cimport move_sum, worth
from ext.pending cimport MUST_JUDGE
from ext.risk cimport either
from ext.wire cimport MAX_CASH, SIDE_BUY, SIDE_SELL

cdef enum:
    MANY = 64  # stale positions that are worked off as a command ends, though nobody asks: lines are still near


cdef void find_stake(const Market* m, uint32_t position, Stake* s) noexcept nogil:
    cdef const Position* p = &m.positions[position]
    cdef uint32_t instrument = <uint32_t> (p.key >> 32)
    cdef const Margin* g = &m.margins[instrument]
    cdef int64_t multiplier = m.instruments[instrument].multiplier
    cdef int64_t mark = m.exposures[position].mark
    cdef int64_t value = worth(p.qty, mark, multiplier, MAX_CASH)
    s.value = value if p.qty >= 0 else -value
    s.maintenance = needs(g, multiplier, mark, p.qty, g.maintenance)
    s.initial[SIDE_BUY] = needs(g, multiplier, mark, add_cut(p.qty, p.open[SIDE_BUY]), g.initial)
    s.initial[SIDE_SELL] = needs(g, multiplier, mark, add_cut(p.qty, -p.open[SIDE_SELL]), g.initial)


cdef inline void move(Worth* w, uint32_t which, int64_t before, int64_t after) noexcept nogil:
    move_sum(&w.low[which], &w.high[which], before, after)


cdef void restate(Market* m, uint32_t position) noexcept nogil:
    cdef Exposure* x = &m.exposures[position]
    cdef Worth* w = &m.worths[<uint32_t> m.positions[position].key]
    cdef int64_t initial = initial_of(x)
    cdef int64_t cost = m.bases[position].cost
    cdef int64_t value = x.value
    cdef Stake s
    find_stake(m, position, &s)
    move(w, SUM_VALUE, x.value, s.value)
    move(w, SUM_MAINTENANCE, x.maintenance, s.maintenance)
    move(w, SUM_COST, x.cost, cost)
    x.value = s.value
    x.cost = cost
    x.maintenance = s.maintenance
    x.initial[SIDE_BUY] = s.initial[SIDE_BUY]
    x.initial[SIDE_SELL] = s.initial[SIDE_SELL]
    move(w, SUM_INITIAL, initial, initial_of(x))
    if x.is_watched & COUNTS_FOR_LIMITS:
        restate_stretch(m, position, value, s.value)


cdef void work_off(Market* m) noexcept nogil:
    cdef uint32_t position
    while m.stale_count:
        m.stale_count -= 1
        position = m.stale[m.stale_count]
        m.exposures[position].is_stale = 0
        if m.exposures[position].is_watched:  # it may not be any more
            restate(m, position)


cdef void note_position(Market* m, uint32_t position) noexcept nogil:
    cdef Exposure* x = &m.exposures[position]
    if x.is_stale or not x.is_watched:
        return
    x.is_stale = 1
    m.stale[m.stale_count] = position
    m.stale_count += 1
    if m.stale_count > MANY:
        m.pending |= MUST_JUDGE


cdef void change_initial(Market* m, uint32_t position, uint32_t side, int64_t change) noexcept nogil:
    cdef const Position* p = &m.positions[position]
    cdef Exposure* x = &m.exposures[position]
    cdef uint32_t instrument = <uint32_t> (p.key >> 32)
    cdef const Margin* g = &m.margins[instrument]
    cdef int64_t open = p.open[side] + change
    if x.is_stale or not x.is_watched:
        return
    put_initial(m, <uint32_t> p.key, x, side, needs(g, m.instruments[instrument].multiplier, x.mark,
                                                    add_cut(p.qty, either(side, open, -open)), g.initial))


cdef void change_lots(Market* m, uint32_t position, uint32_t side, int64_t change) noexcept nogil:
    cdef const Exposure* x = &m.exposures[position]
    change_initial(m, position, side, change)
    if x.is_watched & COUNTS_FOR_LIMITS and not x.is_stale:
        change_stretch(m, position, side, m.positions[position].open[side] + change, 1 if change > 0 else -1)


cdef void note_account(Market* m, uint32_t account) noexcept nogil:
    cdef Worth* w = &m.worths[account]
    if w.is_moved:
        return
    w.is_moved = 1
    m.moved_accounts[m.moved_account_count] = account
    m.moved_account_count += 1
    m.pending |= MUST_JUDGE


cdef void note_cash(Market* m, uint32_t account) noexcept nogil:
    if m.accounts[account].flags & (IS_MARGIN | IS_LIMITED):
        note_account(m, account)


cdef void note_trade(Market* m, uint32_t position) noexcept nogil:
    note_position(m, position)
    note_cash(m, <uint32_t> m.positions[position].key)


cdef void list_exposure(Market* m, uint32_t position) noexcept nogil:
    cdef uint64_t key = m.positions[position].key
    cdef Exposure* x = &m.exposures[position]
    cdef Chain* c = &m.chains[key >> 32]
    x.mark = m.margins[key >> 32].mark
    x.is_watched = 0
    if m.accounts[<uint32_t> key].flags & IS_WATCHED:
        x.is_watched = COUNTS
    if m.accounts[<uint32_t> key].flags & IS_LIMITED:
        x.is_watched |= COUNTS_FOR_LIMITS
    if c.count == 0:
        c.first = position
    else:
        m.exposures[c.recent[(c.count - 1) & (AHEAD - 1)]].next = position
    if c.count >= AHEAD:
        m.exposures[c.recent[c.count & (AHEAD - 1)]].ahead = position
    c.recent[c.count & (AHEAD - 1)] = position
    c.count += 1


cdef uint32_t open_position(Market* m, uint64_t key) noexcept nogil:
    m.position_count += 1
    m.positions[m.position_count].key = key
    index_position(m, m.position_count)
    list_exposure(m, m.position_count)
    return m.position_count


cdef void watch_positions(Market* m, uint32_t account, bint is_watched) noexcept nogil:
    cdef Worth* w = &m.worths[account]
    cdef Exposure* x
    cdef uint32_t k
    if is_watched:
        memset(w.low, 0, sizeof(w.low))
        memset(w.high, 0, sizeof(w.high))
    for k in range(1, m.position_count + 1):
        if <uint32_t> m.positions[k].key != account:
            continue
        x = &m.exposures[k]
        x.is_watched = COUNTS if is_watched else 0
        if is_watched:
            x.value = x.cost = x.maintenance = x.initial[SIDE_BUY] = x.initial[SIDE_SELL] = 0
            restate(m, k)


cdef void restate_instrument(Market* m, uint32_t instrument) noexcept nogil:
    cdef uint32_t position = m.chains[instrument].first
    cdef const Exposure* x
    while position:
        x = &m.exposures[position]
        prefetch(&m.exposures[x.ahead])
        prefetch(&m.positions[x.ahead])
        if x.is_watched:
            restate(m, position)
            note_cash(m, <uint32_t> m.positions[position].key)
        position = x.next
