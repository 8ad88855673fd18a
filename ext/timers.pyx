"""The table of guards: rows side by side, found by a hash of account and session; a heap knows which timer is next.

Rows have no order that shows: what is given out is sorted, and timers fire by deadline, account, session.
"""

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, qsort
from libc.string cimport memcpy, memset

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize

from ext.bits cimport add_cut
from ext.events cimport emit
from ext.layout cimport Market, Order, Timer, Timers
from ext.matching cimport pull
from ext.names cimport mix
from ext.orders cimport knows_account, reject_as_sent
from ext.saved cimport Reader, Writer, get, put
from ext.wire cimport *

cdef enum:
    ARM_FLAGS = ARM_FLAG_OF_ACCOUNT | ARM_FLAG_ON_DISCONNECT | ARM_FLAG_KEEP_GTC | ARM_FLAG_KEEP_AUCTION
    NOBODY = 0xFFFFFFFF   # no row has this number

cdef extern from *:
    """
    #define OB_LEAST_TIMEOUT_NS 1000000000LL
    #define OB_MOST_TIMEOUT_NS (3600LL * 1000000000LL)
    """
    const int64_t LEAST_TIMEOUT_NS "OB_LEAST_TIMEOUT_NS"
    const int64_t MOST_TIMEOUT_NS "OB_MOST_TIMEOUT_NS"


cdef inline uint64_t key_of(uint32_t account, uint32_t session) noexcept nogil:
    """Sorts as account, then session do."""
    return <uint64_t> account << 32 | session


# Rows by their key: cells hold numbers + 1

cdef uint32_t find(const Timers* t, uint64_t key) noexcept nogil:
    """The number of a row, or NOBODY."""
    cdef uint32_t place
    if t.count == 0:
        return NOBODY
    place = <uint32_t> mix(key) & t.mask
    while t.index[place]:
        if t.rows[t.index[place] - 1].key == key:
            return t.index[place] - 1
        place = (place + 1) & t.mask
    return NOBODY


cdef void list_row(Timers* t, uint32_t number) noexcept nogil:
    cdef uint32_t place = <uint32_t> mix(t.rows[number].key) & t.mask
    while t.index[place]:
        place = (place + 1) & t.mask
    t.index[place] = number + 1


cdef void unlist_row(Timers* t, uint32_t number) noexcept nogil:
    """What sits behind it closes up."""
    cdef uint32_t hole = <uint32_t> mix(t.rows[number].key) & t.mask
    cdef uint32_t place, home
    while t.index[hole] != number + 1:
        hole = (hole + 1) & t.mask
    place = (hole + 1) & t.mask
    while t.index[place]:
        home = <uint32_t> mix(t.rows[t.index[place] - 1].key) & t.mask
        if ((place - home) & t.mask) >= ((place - hole) & t.mask):
            t.index[hole] = t.index[place]
            hole = place
        place = (place + 1) & t.mask
    t.index[hole] = 0


# The heap of timers: numbers of rows, the one that fires first in front

cdef inline bint fires_before(const Timer* a, const Timer* b) noexcept nogil:
    return a.deadline_ns < b.deadline_ns or (a.deadline_ns == b.deadline_ns and a.key < b.key)


cdef inline void set_place(Timers* t, uint32_t place, uint32_t number) noexcept nogil:
    t.heap[place] = number
    t.rows[number].place = place + 1


cdef void settle(Timers* t, uint32_t place) noexcept nogil:
    """Move what is at a place up or down to where it belongs."""
    cdef uint32_t number = t.heap[place]
    cdef uint32_t other
    while place and fires_before(&t.rows[number], &t.rows[t.heap[(place - 1) >> 1]]):
        set_place(t, place, t.heap[(place - 1) >> 1])
        place = (place - 1) >> 1
    while True:
        other = 2 * place + 1
        if other >= t.armed:
            break
        if other + 1 < t.armed and fires_before(&t.rows[t.heap[other + 1]], &t.rows[t.heap[other]]):
            other += 1
        if not fires_before(&t.rows[t.heap[other]], &t.rows[number]):
            break
        set_place(t, place, t.heap[other])
        place = other
    set_place(t, place, number)


cdef void set_deadline(Timers* t, uint32_t number, int64_t deadline_ns) noexcept nogil:
    """When a row's timer fires; 0: it has none any more."""
    cdef Timer* row = &t.rows[number]
    cdef uint32_t place
    row.deadline_ns = deadline_ns
    if deadline_ns:
        if row.place == 0:
            t.armed += 1
            set_place(t, t.armed - 1, number)
        settle(t, row.place - 1)
    elif row.place:
        place = row.place - 1
        row.place = 0
        t.armed -= 1
        if place < t.armed:
            set_place(t, place, t.heap[t.armed])
            settle(t, place)


# Rows

cdef uint32_t add_row(Timers* t, uint64_t key) noexcept nogil:
    """There must be room."""
    cdef uint32_t number = t.count
    memset(&t.rows[number], 0, sizeof(Timer))
    t.rows[number].key = key
    t.count += 1
    list_row(t, number)
    return number


cdef void drop_row(Timers* t, uint32_t number) noexcept nogil:
    """The last row takes its number."""
    cdef uint32_t last = t.count - 1
    set_deadline(t, number, 0)
    unlist_row(t, number)
    if number != last:
        unlist_row(t, last)
        t.rows[number] = t.rows[last]
        list_row(t, number)
        if t.rows[number].place:
            t.heap[t.rows[number].place - 1] = number
    t.count = last


cdef inline bint is_spared(uint32_t tif, uint32_t flags) noexcept nogil:
    if tif == TIME_IN_FORCE_GTC or tif == TIME_IN_FORCE_GTD:
        return flags & ARM_FLAG_KEEP_GTC != 0
    if tif == TIME_IN_FORCE_AT_OPEN or tif == TIME_IN_FORCE_AT_CLOSE or tif == TIME_IN_FORCE_AUCTION:
        return flags & ARM_FLAG_KEEP_AUCTION != 0
    return False


cdef void cancel_guarded(Market* m, const Timer* row, uint8_t reason) noexcept nogil:
    """Cancel a row's orders, newest accepted first, and say how many they were. row: a copy, or one that stays."""
    cdef uint32_t account = <uint32_t> (row.key >> 32)
    cdef uint32_t session = <uint32_t> row.key
    cdef uint32_t slot = m.accounts[account].newest
    cdef uint32_t older
    cdef uint32_t count = 0
    cdef const Order* o
    while slot:
        older = m.links[slot].older
        o = &m.orders[slot]
        if (row.flags & ARM_FLAG_OF_ACCOUNT or o.session == session) and not is_spared(o.tif, row.flags):
            pull(m, slot, reason)
            count += 1
        slot = older
    emit(m, EVENT_KIND_MASS_CANCELED, SIDE_BOTH, reason, 0, account, ANY, count, 0, 0, row.deadline_ns, session, 0, 0)


# Commands

cdef void arm(Market* m, const OrderCommand* c) noexcept nogil:
    cdef Timers* t = &m.timers
    cdef uint32_t session = 0 if c.flags & ARM_FLAG_OF_ACCOUNT else c.session
    cdef uint64_t key = key_of(c.account, session)
    cdef bint guards = c.price != 0 or c.flags & ARM_FLAG_ON_DISCONNECT
    cdef int64_t deadline_ns = add_cut(m.ts_ns, c.price) if c.price else 0
    cdef uint32_t allowed = ARM_FLAGS
    cdef uint32_t number
    if not knows_account(m, c.account):
        reject_as_sent(m, c, EVENT_KIND_ARM_REJECTED, CHECK_ACCOUNT, c.order_id, 0, c.account, 0)
        return
    if c.flags & ARM_FLAG_OF_ACCOUNT:
        allowed &= ~<uint32_t> ARM_FLAG_ON_DISCONNECT
    if c.flags & ~allowed:
        reject_as_sent(m, c, EVENT_KIND_ARM_REJECTED, CHECK_FLAGS, c.order_id, allowed, c.flags, 0)
        return
    if c.price != 0 and not LEAST_TIMEOUT_NS <= c.price <= MOST_TIMEOUT_NS:
        reject_as_sent(m, c, EVENT_KIND_ARM_REJECTED, CHECK_TIMEOUT, c.order_id,
                       LEAST_TIMEOUT_NS if c.price < LEAST_TIMEOUT_NS else MOST_TIMEOUT_NS, c.price, 0)
        return
    number = find(t, key)
    if guards:
        if number == NOBODY:
            if t.count >= t.capacity:
                reject_as_sent(m, c, EVENT_KIND_ARM_REJECTED, CHECK_TIMER_CAPACITY, c.order_id, t.capacity,
                               <int64_t> t.capacity + 1, 0)
                return
            number = add_row(t, key)
        t.rows[number].flags = c.flags
        set_deadline(t, number, deadline_ns)
    elif number != NOBODY:
        drop_row(t, number)
    emit(m, EVENT_KIND_ARMED, 0, c.flags, 0, c.account, 0, session, 0, c.client_order_id, deadline_ns, 0, 0, 0)


cdef void disconnect(Market* m, const OrderCommand* c) noexcept nogil:
    cdef Timer row
    cdef uint32_t number = find(&m.timers, key_of(c.account, c.session))
    if number == NOBODY:
        return
    row = m.timers.rows[number]
    row.deadline_ns = 0
    drop_row(&m.timers, number)
    cancel_guarded(m, &row, CANCEL_REASON_DISCONNECT)


cdef void lapse_timers(Market* m) noexcept nogil:
    cdef Timers* t = &m.timers
    cdef Timer row
    cdef uint32_t number
    while t.armed:
        number = t.heap[0]
        if t.rows[number].deadline_ns > m.ts_ns:
            break
        row = t.rows[number]
        if row.flags & ARM_FLAG_ON_DISCONNECT:
            set_deadline(t, number, 0)
        else:
            drop_row(t, number)
        cancel_guarded(m, &row, CANCEL_REASON_DEAD_MAN)


# Memory

cdef bint reserve_timers(Market* m, int64_t capacity) noexcept nogil:
    cdef Timers* t = &m.timers
    cdef uint64_t cells = 16
    cdef char* block
    cdef Timer* rows
    cdef uint32_t k
    if capacity == t.capacity:
        return True
    while cells < <uint64_t> capacity * 2:
        cells *= 2
    block = <char*> calloc(capacity * (sizeof(Timer) + sizeof(uint32_t)) + cells * sizeof(uint32_t), 1)
    if block == NULL:
        return False
    rows = <Timer*> block
    if t.count:
        memcpy(rows, t.rows, t.count * sizeof(Timer))
        memcpy(rows + capacity, t.heap, t.armed * sizeof(uint32_t))
    free(t.rows)
    t.rows = rows
    t.heap = <uint32_t*> (rows + capacity)
    t.index = t.heap + capacity
    t.mask = <uint32_t> (cells - 1)
    t.capacity = <uint32_t> capacity
    for k in range(t.count):
        list_row(t, k)
    return True


cdef void release_timers(Market* m) noexcept nogil:
    free(m.timers.rows)


# Snapshots

cdef void write_timers(Writer* w, const Market* m) noexcept nogil:
    cdef Timer copy
    cdef uint32_t k
    for k in range(m.timers.count):
        copy = m.timers.rows[k]
        copy.place = 0  # the heap is made anew
        put(w, &copy, sizeof(Timer))


cdef bint read_timers(Reader* r, Market* m, uint64_t count) noexcept nogil:
    cdef Timers* t = &m.timers
    cdef Timer saved
    cdef uint32_t number
    cdef uint64_t _n
    for _n in range(count):
        if not get(r, &saved, sizeof(Timer)) or saved.deadline_ns < 0 or t.count >= t.capacity:
            return False
        if not knows_account(m, <uint32_t> (saved.key >> 32)) or find(t, saved.key) != NOBODY:
            return False
        number = add_row(t, saved.key)
        t.rows[number].flags = saved.flags
        set_deadline(t, number, saved.deadline_ns)
    return True


# Rows for Python

cdef int by_key(const void* a, const void* b) noexcept nogil:
    cdef const TimerRow* mine = <const TimerRow*> a
    cdef const TimerRow* other = <const TimerRow*> b
    cdef uint64_t key = key_of(mine.account, mine.session)
    cdef uint64_t other_key = key_of(other.account, other.session)
    return <int> (key > other_key) - <int> (key < other_key)


cdef bytes timer_rows(const Market* m):
    cdef uint32_t count = m.timers.count
    cdef bytes result = PyBytes_FromStringAndSize(NULL, count * <Py_ssize_t> sizeof(TimerRow))
    cdef TimerRow* row = <TimerRow*> PyBytes_AS_STRING(result)
    cdef const Timer* timer
    cdef uint32_t k
    memset(row, 0, count * sizeof(TimerRow))
    for k in range(count):
        timer = &m.timers.rows[k]
        row[k].deadline_ns = timer.deadline_ns
        row[k].account = <uint32_t> (timer.key >> 32)
        row[k].session = <uint32_t> timer.key
        row[k].flags = <uint8_t> timer.flags
    qsort(row, count, sizeof(TimerRow), by_key)
    return result
