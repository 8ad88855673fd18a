"""Desks as operators set them up, who is in them, and what all of them may do."""

from libc.stddef cimport size_t
from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy

from ext.accounts cimport cancel_openers
from ext.admin cimport (
    INT32_MAX, account_is_known, answer_account, answer_canceled, name_is_free, reject, value_is_within,
)
from ext.desks.layout cimport Bounds, Desk, MOST_ABOVE, TALLIES
from ext.desks.measure cimport (
    begin_bounds, desk_above, desk_equity, join_desks, leave_desks, measure_account, note_desk, set_bound,
)
from ext.desks.states cimport find_desk_states, tell_state, tell_states
from ext.events cimport emit_market
from ext.layout cimport Market
from ext.margin.exposure cimport bring_up_to_date, note_account
from ext.margin.sums cimport add_sum, both, less, sum_of, wide
from ext.mass cimport EVERY_GROUP, EVERY_SESSION, cancel_of_account
from ext.names cimport DESKS, add_name, copy_name, drop_name
from ext.orders cimport knows_account
from ext.risk cimport SECOND_NS
from ext.wire cimport *

cdef enum:
    LINE = 64        # bytes of a cache line: the first desk begins with one
    MOST_PART = 1000000  # of an average volume, 1e-4


# Room

cdef uint32_t names_size(int64_t desks) noexcept nogil:
    """The places of a hash table at most half full."""
    cdef uint32_t size = 16
    while size < 2 * desks:
        size *= 2
    return size


cdef bint reserve_rows(Market* m, int64_t desks) noexcept nogil:
    cdef size_t rows = (<size_t> desks + 1) * sizeof(Desk)
    cdef size_t names = names_size(desks) * sizeof(uint32_t)
    cdef char* block
    cdef char* begin
    cdef Desk* before = m.desks.rows
    cdef uint32_t k
    if desks <= m.desks.capacity:
        return True
    block = <char*> calloc(rows + names + <size_t> desks * sizeof(uint16_t) + LINE, 1)
    if block == NULL:
        return False
    begin = block + (LINE - <size_t> block % LINE)
    m.desks.rows = <Desk*> begin
    m.desks.names = <uint32_t*> (begin + rows)
    m.desks.names_mask = names_size(desks) - 1
    if m.desks.moved_count:
        memcpy(begin + rows + names, m.desks.moved, m.desks.moved_count * sizeof(uint16_t))
    m.desks.moved = <uint16_t*> (begin + rows + names)
    if before != NULL:
        memcpy(m.desks.rows, before, (<size_t> m.desks.capacity + 1) * sizeof(Desk))
        for k in range(1, m.desks.capacity + 1):
            if m.desks.rows[k].is_set:
                add_name(m, DESKS, k)
    m.desks.capacity = <uint32_t> desks
    free(m.desks.block)
    m.desks.block = block
    return True


cdef bint reserve_desks(Market* m, int64_t desks, int64_t places) noexcept nogil:
    cdef Bounds* block = NULL
    if places > m.desks.place_capacity:
        block = <Bounds*> calloc(<size_t> places + 1, sizeof(Bounds))
        if block == NULL:
            return False
    if not reserve_rows(m, desks):
        free(block)
        return False
    if block != NULL:
        if m.desks.place_count:
            memcpy(block, m.desks.places, (<size_t> m.desks.place_count + 1) * sizeof(Bounds))
        free(m.desks.places)
        m.desks.places = block
        m.desks.place_capacity = <uint32_t> places
    return True


cdef void release_desks(Market* m) noexcept nogil:
    free(m.desks.block)
    free(m.desks.places)


cdef bint knows_desk(const Market* m, int64_t desk) noexcept nogil:
    return 1 <= desk <= m.desks.capacity and m.desks.rows[desk].is_set


# Desks

cdef bint is_below(const Market* m, uint32_t desk, uint32_t top) noexcept nogil:
    """Whether a desk is another one, or below it."""
    while desk and desk != top:
        desk = m.desks.rows[desk].parent
    return desk == top


cdef int64_t length_up(const Market* m, uint32_t desk) noexcept nogil:
    cdef int64_t length = 0
    while desk:
        length += 1
        desk = m.desks.rows[desk].parent
    return length


cdef int64_t length_down(const Market* m, uint32_t top) noexcept nogil:
    """From a desk to the lowest below it, itself among them."""
    cdef int64_t most = 1
    cdef int64_t length
    cdef uint32_t k
    for k in range(1, m.desks.capacity + 1):
        if m.desks.rows[k].is_set and is_below(m, k, top):
            length = length_up(m, k) - length_up(m, top) + 1
            if length > most:
                most = length
    return most


cdef bint parent_is_allowed(Market* m, const AdminCommand* c) noexcept nogil:
    cdef int64_t length
    if c.value0 == 0:
        return True
    if not knows_desk(m, c.value0) or c.value0 == c.account or (
            m.desks.rows[c.account].is_set and is_below(m, <uint32_t> c.value0, c.account)):
        return reject(m, c, CHECK_VALUE, 0, 0, c.value0, 0)
    length = length_up(m, <uint32_t> c.value0) + length_down(m, c.account)
    return length <= MOST_ABOVE or reject(m, c, CHECK_VALUE, 1, MOST_ABOVE, length, 0)


cdef void add_part(Market* m, Desk* d, const Desk* part, bint leaves) noexcept nogil:
    """What a desk measures comes to be in another one, or leaves it."""
    cdef wide nothing = both(0, 0)
    cdef wide amount
    cdef int64_t sign = -1 if leaves else 1
    cdef uint32_t k
    for k in range(TALLIES):
        amount = sum_of(part.tally.low[k], part.tally.high[k])
        add_sum(&d.tally.low[k], &d.tally.high[k], less(nothing, amount) if leaves else amount)
    amount = sum_of(part.base_low, part.base_high)
    add_sum(&d.base_low, &d.base_high, less(nothing, amount) if leaves else amount)
    amount = desk_equity(part)
    add_sum(&d.equity_low, &d.equity_high, less(nothing, amount) if leaves else amount)
    d.open_orders += sign * part.open_orders
    d.watched += <uint32_t> (sign * part.watched)
    note_desk(m, <uint32_t> (d - m.desks.rows))


cdef void add_to_above(Market* m, const Desk* part, bint leaves) noexcept nogil:
    cdef Desk* d = desk_above(m, part.parent)
    while d != NULL:
        add_part(m, d, part, leaves)
        d = desk_above(m, d.parent)


cdef void begin_desk(Desk* d) noexcept nogil:
    d.is_set = 1
    d.state = d.in_force = ACCOUNT_STATE_ACTIVE
    d.rate_end = SECOND_NS
    begin_bounds(&d.bounds)


cdef void set_desk(Market* m, const AdminCommand* c) noexcept nogil:
    cdef Desk* d
    cdef char[32] name
    cdef bint keeps
    if not 1 <= c.account <= m.desks.capacity:
        reject(m, c, CHECK_CAPACITY, 0, m.desks.capacity, c.account, 0)
        return
    if not parent_is_allowed(m, c):
        return
    d = &m.desks.rows[c.account]
    copy_name(name, c.name)
    keeps = d.is_set and name[0] == 0
    if not keeps and not name_is_free(m, c, DESKS, c.account, name):
        return

    if not d.is_set:
        begin_desk(d)
    elif not keeps:
        drop_name(m, DESKS, c.account)
    if not keeps:
        memcpy(d.name, name, 32)
        add_name(m, DESKS, c.account)
    if d.parent != c.value0:
        bring_up_to_date(m)
        add_to_above(m, d, True)
        d.parent = <uint16_t> c.value0
        add_to_above(m, d, False)
    emit_market(m, EVENT_KIND_DESK_SET, 0, 0, c.account, 0, c.request, c.value0, 0, 0)
    find_desk_states(m)
    tell_states(m, c.request)


cdef void set_member(Market* m, const AdminCommand* c) noexcept nogil:
    cdef uint16_t before
    if not account_is_known(m, c):
        return
    if c.value0 and not knows_desk(m, c.value0):
        reject(m, c, CHECK_VALUE, 0, 0, c.value0, 0)
        return
    bring_up_to_date(m)
    before = m.desks.of_account[c.account]
    leave_desks(m, c.account)
    if before:
        m.desks.rows[before].accounts -= 1
    m.desks.of_account[c.account] = <uint16_t> c.value0
    if c.value0:
        m.desks.rows[c.value0].accounts += 1
    measure_account(m, c.account)
    join_desks(m, c.account)
    answer_account(m, c, EVENT_KIND_MEMBER_SET, 0, 0, c.value0, 0)
    tell_state(m, c.account, c.request)


cdef uint32_t cancel_below(Market* m, uint32_t desk, bint openers_only) noexcept nogil:
    """Of all accounts below a desk, ids ascending. Returns the number of orders."""
    cdef uint32_t count = 0
    cdef uint32_t k
    for k in range(m.account_top):
        if m.desks.of_account[k] == 0 or m.accounts[k].newest == 0 or not is_below(m, m.desks.of_account[k], desk):
            continue
        if openers_only:
            count += cancel_openers(m, k)
        else:
            count += cancel_of_account(m, k, ANY, SIDE_BOTH, EVERY_SESSION, EVERY_GROUP,
                                       CANCEL_REASON_ACCOUNT_BLOCKED)
    return count


cdef void set_desk_state(Market* m, const AdminCommand* c) noexcept nogil:
    cdef bint cancels_all = c.flags & ADMIN_FLAG_CANCEL_ORDERS != 0
    if not knows_desk(m, c.account):
        reject(m, c, CHECK_ACCOUNT, 0, 0, c.account, 0)
        return
    if c.state > ACCOUNT_STATE_CLOSE_ONLY:
        reject(m, c, CHECK_VALUE, 0, ACCOUNT_STATE_CLOSE_ONLY, c.state, 0)
        return
    m.desks.rows[c.account].state = c.state
    emit_market(m, EVENT_KIND_DESK_STATE, 0, c.state, c.account, 0, c.request, 0, 0, 0)
    find_desk_states(m)
    tell_states(m, c.request)
    if cancels_all or c.state == ACCOUNT_STATE_CLOSE_ONLY:
        answer_canceled(m, c, ANY, ANY, cancel_below(m, c.account, not cancels_all))


# Limits

cdef int64_t range_of(uint32_t limit) noexcept nogil:
    if limit == LIMIT_OPEN_ORDERS or limit == LIMIT_REPEATS or limit == LIMIT_MESSAGES:
        return INT32_MAX
    if limit == LIMIT_ORDER_QTY:
        return MAX_QTY
    return MOST_PART if limit == LIMIT_ORDER_VOLUME else MAX_CASH


cdef bint pair_is_allowed(Market* m, const AdminCommand* c) noexcept nogil:
    cdef int k
    for k in range(2):
        if not value_is_within(m, c, k, 0, range_of(c.state)):
            return False
    return c.value0 == 0 or c.value1 <= c.value0 or reject(m, c, CHECK_VALUE, 1, c.value0, c.value1, 0)


cdef bint limit_is_allowed(Market* m, const AdminCommand* c) noexcept nogil:
    cdef bint of_desk = c.flags & ADMIN_FLAG_OF_DESK != 0
    if not (knows_desk(m, c.account) if of_desk else knows_account(m, c.account)):
        return reject(m, c, CHECK_ACCOUNT, 0, 0, c.account, 0)
    if not LIMIT_POSITION <= c.state <= LIMIT_MESSAGES:
        return reject(m, c, CHECK_VALUE, 2, LIMIT_MESSAGES, c.state, 0)
    if not pair_is_allowed(m, c):
        return False
    if of_desk or m.desks.measures[c.account].place or (c.value0 == 0 and c.value1 == 0):
        return True
    return m.desks.place_count < m.desks.place_capacity or reject(
        m, c, CHECK_CAPACITY, 0, m.desks.place_capacity, <int64_t> m.desks.place_capacity + 1, 0)


cdef uint32_t place_for(Market* m, uint32_t account) noexcept nogil:
    cdef uint32_t place = m.desks.measures[account].place
    if place == 0:
        m.desks.place_count += 1
        place = m.desks.place_count
        begin_bounds(&m.desks.places[place])
        m.desks.measures[account].place = place
    return place


cdef void limit_account(Market* m, const AdminCommand* c) noexcept nogil:
    cdef uint32_t place = m.desks.measures[c.account].place
    if place == 0:
        if c.value0 == 0 and c.value1 == 0:
            return
        bring_up_to_date(m)
        place = place_for(m, c.account)
        measure_account(m, c.account)  # of one that is in a desk this is done: it stays in its sums
    set_bound(&m.desks.places[place], c.state, c.value0, c.value1)
    note_account(m, c.account)


cdef void tell_limit(Market* m, const AdminCommand* c, uint8_t flags) noexcept nogil:
    cdef Event* e
    emit_market(m, EVENT_KIND_LIMIT_SET, 0, c.state, c.account, 0, c.request, c.value0, 0, 0)
    e = <Event*> (m.events.at - sizeof(Event))
    e.flags = flags
    e.order_id = <uint64_t> c.value1


cdef void set_limit(Market* m, const AdminCommand* c) noexcept nogil:
    cdef bint of_desk = c.flags & ADMIN_FLAG_OF_DESK != 0
    if not limit_is_allowed(m, c):
        return
    if of_desk:
        set_bound(&m.desks.rows[c.account].bounds, c.state, c.value0, c.value1)
        note_desk(m, c.account)
    else:
        limit_account(m, c)
    tell_limit(m, c, ADMIN_FLAG_OF_DESK if of_desk else 0)
