"""Desks and limits as bytes, and back."""

from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memcpy, memset

from ext.desks.layout cimport (
    Bounds, Desk, Ground, LIMITS, Listing, MOST_ABOVE, Measure, Repeats,
)
from ext.desks.loss cimport find_losers
from ext.desks.measure cimport base_of, begin_bounds, desk_above, set_bound, settle_account
from ext.desks.repeats cimport are_sound
from ext.desks.settings cimport MOST_LISTS, place_for, range_of
from ext.desks.states cimport find_desk_states, state_in_force
from ext.layout cimport IS_LIMITED, IS_WATCHED, Market
from ext.margin.exposure cimport due_of
from ext.margin.sums cimport add_sum
from ext.names cimport DESKS, NOBODY, add_name, find_name
from ext.pending cimport MUST_JUDGE
from ext.saved cimport Reader, Writer, get, put
from ext.wire cimport ACCOUNT_STATE_CLOSE_ONLY, LIMIT_MESSAGES, LIMIT_POSITION

cdef enum:
    HAS_PLACE = 1  # bits of SavedAccount.has
    HAS_REPEATS = 2


cdef struct SavedDesk:
    uint64_t rate_end
    uint32_t rate_count
    uint16_t parent
    uint8_t state
    uint8_t unused
    int64_t[LIMITS] hard
    int64_t[LIMITS] soft
    char name[32]


cdef struct SavedAccount:  # its limits follow, and what it sent last
    uint64_t lists
    uint64_t base_low
    int32_t base_high
    uint16_t desk
    uint16_t has


cdef bint has_repeats(const Market* m, uint32_t account) noexcept nogil:
    return m.desks.repeats[account].orders[0].is_set != 0


cdef void write_accounts(Writer* w, const Market* m) noexcept nogil:
    cdef SavedAccount saved
    cdef const Measure* mine
    cdef uint32_t k
    for k in range(m.account_top):
        if not m.accounts[k].is_set:
            continue
        mine = &m.desks.measures[k]
        saved = SavedAccount(mine.lists, m.desks.grounds[k].low, m.desks.grounds[k].high, m.desks.of_account[k],
                             (HAS_PLACE if mine.place else 0) | (HAS_REPEATS if has_repeats(m, k) else 0))
        put(w, &saved, sizeof(SavedAccount))
        if mine.place:
            put(w, m.desks.places[mine.place].hard, LIMITS * sizeof(int64_t))
            put(w, m.desks.places[mine.place].soft, LIMITS * sizeof(int64_t))
        if has_repeats(m, k):
            put(w, &m.desks.repeats[k], sizeof(Repeats))


cdef void write_desks(Writer* w, const Market* m) noexcept nogil:
    cdef SavedDesk saved
    cdef const Desk* d
    cdef uint32_t k
    for k in range(m.instrument_top):
        if m.instruments[k].is_set:
            put(w, &m.desks.listings[k], sizeof(Listing))
    for k in range(1, m.desks.capacity + 1):
        d = &m.desks.rows[k]
        if not d.is_set:
            continue
        memset(&saved, 0, sizeof(SavedDesk))
        saved.rate_end = d.rate_end
        saved.rate_count = d.rate_count
        saved.parent = d.parent
        saved.state = d.state
        memcpy(saved.hard, d.bounds.hard, sizeof(saved.hard))
        memcpy(saved.soft, d.bounds.soft, sizeof(saved.soft))
        memcpy(saved.name, d.name, sizeof(saved.name))
        put(w, &k, sizeof(uint32_t))
        put(w, &saved, sizeof(SavedDesk))
    k = 0
    put(w, &k, sizeof(uint32_t))  # no desk has this id: their end
    write_accounts(w, m)


cdef bint put_bounds(Bounds* b, const int64_t* hard, const int64_t* soft) noexcept nogil:
    cdef uint32_t limit
    if hard[0] or soft[0]:
        return False
    begin_bounds(b)
    for limit in range(LIMIT_POSITION, LIMIT_MESSAGES + 1):
        if not 0 <= hard[limit] <= range_of(limit) or not 0 <= soft[limit] <= range_of(limit):
            return False
        if hard[limit] and soft[limit] > hard[limit]:
            return False
        set_bound(b, limit, hard[limit], soft[limit])
    return True


cdef bint read_rows(Reader* r, Market* m) noexcept nogil:
    cdef SavedDesk saved
    cdef Desk* d
    cdef uint32_t last = 0
    cdef uint32_t id
    while True:
        if not get(r, &id, sizeof(uint32_t)):
            return False
        if id == 0:
            return True
        if not get(r, &saved, sizeof(SavedDesk)) or id <= last or id > m.desks.capacity:
            return False
        last = id
        if saved.state > ACCOUNT_STATE_CLOSE_ONLY or saved.parent > m.desks.capacity or saved.unused:
            return False
        d = &m.desks.rows[last]
        if not put_bounds(&d.bounds, saved.hard, saved.soft):
            return False
        d.is_set = 1
        d.parent = saved.parent
        d.state = saved.state
        d.rate_end = saved.rate_end
        d.rate_count = saved.rate_count
        memcpy(d.name, saved.name, sizeof(saved.name))
        if d.name[0] == 0 or find_name(m, DESKS, d.name) != NOBODY:
            return False
        add_name(m, DESKS, last)


cdef bint chains_hold(const Market* m) noexcept nogil:
    """Whether each desk's parent is one, and none is above itself."""
    cdef uint32_t k, desk, above
    for k in range(1, m.desks.capacity + 1):
        desk = k if m.desks.rows[k].is_set else 0
        above = 0
        while desk:
            above += 1
            if above > MOST_ABOVE or not m.desks.rows[desk].is_set:
                return False
            desk = m.desks.rows[desk].parent
    return True


cdef bint read_limits(Reader* r, Market* m, uint32_t account) noexcept nogil:
    cdef int64_t[LIMITS] hard
    cdef int64_t[LIMITS] soft
    if m.desks.place_count >= m.desks.place_capacity:
        return False
    if not get(r, hard, sizeof(hard)) or not get(r, soft, sizeof(soft)):
        return False
    return put_bounds(&m.desks.places[place_for(m, account)], hard, soft)


cdef bint read_repeats(Reader* r, Market* m, uint32_t account) noexcept nogil:
    if not get(r, &m.desks.repeats[account], sizeof(Repeats)) or not m.accounts[account].flags & IS_WATCHED:
        return False
    return are_sound(m, &m.desks.repeats[account]) and m.desks.repeats[account].orders[0].is_set != 0


cdef bint read_account(Reader* r, Market* m, uint32_t account) noexcept nogil:
    cdef SavedAccount saved
    cdef Ground* ground = &m.desks.grounds[account]
    if not get(r, &saved, sizeof(SavedAccount)) or saved.desk > m.desks.capacity or saved.has > 3:
        return False
    if saved.desk and not m.desks.rows[saved.desk].is_set or saved.lists > <uint64_t> MOST_LISTS:
        return False
    m.desks.of_account[account] = saved.desk
    if saved.desk:
        m.desks.rows[saved.desk].accounts += 1
    m.desks.measures[account].lists = saved.lists
    ground.low = saved.base_low
    ground.high = saved.base_high
    if not m.accounts[account].flags & IS_WATCHED and (ground.low or ground.high):
        return False
    if saved.has & HAS_PLACE and not read_limits(r, m, account):
        return False
    return not saved.has & HAS_REPEATS or read_repeats(r, m, account)


cdef bint read_desks(Reader* r, Market* m) noexcept nogil:
    cdef Listing* listing
    cdef uint32_t k
    for k in range(m.instrument_top):
        listing = &m.desks.listings[k]
        if m.instruments[k].is_set and (not get(r, listing, sizeof(Listing))
                                        or not 0 <= listing.average_volume <= MOST_LISTS
                                        or listing.lists > <uint64_t> MOST_LISTS):
            return False
    if not read_rows(r, m) or not chains_hold(m):
        return False
    find_desk_states(m)
    for k in range(m.account_top):
        if not m.accounts[k].is_set:
            continue
        if not read_account(r, m, k):
            return False
        if m.account_more[k].state > ACCOUNT_STATE_CLOSE_ONLY or m.accounts[k].state != state_in_force(m, k):
            return False
    return True


cdef bint is_limited(const Market* m, uint32_t account) noexcept nogil:
    cdef const Measure* mine = &m.desks.measures[account]
    return m.accounts[account].flags & IS_WATCHED != 0 and (
        m.desks.of_account[account] != 0 or mine.place != 0 or mine.lists != 0)


cdef bint finish_desks(Market* m) noexcept nogil:
    cdef Desk* d
    cdef uint32_t k
    for k in range(m.account_top):
        if is_limited(m, k) != (m.accounts[k].flags & IS_LIMITED != 0):
            return False
        if not m.accounts[k].flags & IS_LIMITED:
            continue
        settle_account(m, k)
        d = desk_above(m, m.desks.of_account[k])
        while d != NULL:
            d.watched += 1
            add_sum(&d.base_low, &d.base_high, base_of(m, k))
            add_sum(&d.equity_low, &d.equity_high, due_of(m, k))
            d = desk_above(m, d.parent)
    for k in range(m.desks.moved_count):  # nothing has moved: it was as it is
        m.desks.rows[m.desks.moved[k]].is_moved = 0
    m.desks.moved_count = 0
    m.pending &= ~<uint32_t> MUST_JUDGE
    find_losers(m)
    return True
