"""Holders of an order's limits asked one by one: its account, then the desks above it."""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t

from ext.bits cimport unlikely
from ext.desks.layout cimport (
    Bounds, Desk, Measure, Repeat, Stretch, TALLY_GROSS, TALLY_NET_BUY, TALLY_OPEN, Tally, Warning,
)
from ext.desks.loss cimport loss_of
from ext.desks.measure cimport desk_above, desk_loss, stretch_with, tally_of
from ext.desks.repeats cimport count_repeats, remember
from ext.events cimport emit
from ext.layout cimport Account, FAR_AWAY, Market, Position
from ext.margin.exposure cimport bring_up_to_date
from ext.margin.sums cimport both, cut, gap, is_below, less, plus, size_of, wide
from ext.risk cimport Refusal, SECOND_NS, at_least_0, refuse, room_to_reduce
from ext.wire cimport *

cdef enum:
    CHECK_OF_LIMIT = CHECK_LIMIT_POSITION - LIMIT_POSITION


# Check 13a

cdef void warn(
    Market* m, uint32_t account, uint32_t instrument, uint64_t client_order_id, const Warning* w,
) noexcept nogil:
    emit(m, EVENT_KIND_LIMIT_WARNING, 0, w.limit, w.distance, account, instrument, 0, <uint64_t> w.measure,
         client_order_id, w.soft, 0, 0, w.desk)


cdef uint8_t refuse_at(
    Refusal* r, uint32_t limit, uint8_t distance, int64_t hard, wide before, wide after,
) noexcept nogil:
    cdef uint8_t check = CHECK_LIMIT_ORDER_QTY if limit == LIMIT_ORDER_QTY else <uint8_t> (CHECK_OF_LIMIT + limit)
    r.distance = distance
    return refuse(r, check, hard, cut(after), at_least_0(cut(less(both(hard, 0), before))))


cdef uint8_t check_count(const Bounds* b, int64_t count, uint8_t distance, Refusal* r) noexcept nogil:
    cdef int64_t hard = b.hard[<int> LIMIT_MESSAGES]
    if hard and count + 1 > hard:
        return refuse_at(r, LIMIT_MESSAGES, distance, hard, both(count, 0), both(count, 1))
    return 0


cdef void warn_of_count(
    Market* m, const Bounds* b, int64_t count, uint32_t account, uint32_t instrument, uint64_t client_order_id,
    uint16_t desk, uint8_t distance,
) noexcept nogil:
    cdef Warning w
    if b.soft[<int> LIMIT_MESSAGES] and count == b.soft[<int> LIMIT_MESSAGES]:
        w = Warning(count, count + 1, desk, LIMIT_MESSAGES, distance)
        warn(m, account, instrument, client_order_id, &w)


cdef uint8_t check_messages(
    Market* m, const Account* a, uint32_t account, uint32_t instrument, uint64_t client_order_id, Refusal* r,
) noexcept nogil:
    cdef uint32_t place = m.desks.measures[account].place
    cdef uint16_t first = m.desks.of_account[account]
    cdef uint16_t desk = first
    cdef uint8_t distance = 0
    cdef uint8_t check
    cdef Desk* d
    if place:
        check = check_count(&m.desks.places[place], a.rate_count, 0, r)
        if check:
            return check
    while desk:
        d = &m.desks.rows[desk]
        distance += 1
        if <uint64_t> m.ts_ns >= d.rate_end:
            d.rate_end = <uint64_t> m.ts_ns + SECOND_NS
            d.rate_count = 0
        check = check_count(&d.bounds, d.rate_count, distance, r)
        if check:
            return check
        desk = d.parent
    if place:
        warn_of_count(m, &m.desks.places[place], a.rate_count, account, instrument, client_order_id, 0, 0)
    desk = first
    distance = 0
    while desk:
        d = &m.desks.rows[desk]
        distance += 1
        warn_of_count(m, &d.bounds, d.rate_count, account, instrument, client_order_id, desk, distance)
        d.rate_count += 1
        desk = d.parent
    return 0


# Check 24d

cdef struct Holder:  # one of an order's limits
    uint16_t desk           # 0: the account
    uint8_t distance
    const Bounds* bounds
    const Tally* tally
    int64_t open_orders


cdef struct Effect:  # of an order on what is measured of its account alone
    const Stretch* before
    Stretch after
    bint reduces            # it makes no position larger
    Repeat* repeat          # NULL: not looked up


cdef bint is_asked(const Market* m, const Asked* asked, const Effect* e, uint32_t limit) noexcept nogil:
    if limit == LIMIT_OPEN_ORDERS or limit == LIMIT_REPEATS:
        return asked.occasion == ENTERS or asked.occasion == WAITS
    if e.reduces:
        return False
    if limit == LIMIT_ORDER_VOLUME and m.desks.listings[asked.instrument].average_volume == 0:
        return False
    return asked.occasion != WAKES or limit <= LIMIT_OPEN_NOTIONAL or limit == LIMIT_DAY_LOSS


cdef inline wide loss_measured(const Market* m, const Holder* h, uint32_t account) noexcept nogil:
    cdef wide loss = desk_loss(&m.desks.rows[h.desk]) if h.desk else loss_of(m, account)
    return both(0, 0) if is_below(loss, both(0, 0)) else loss


cdef void find_measure(
    Market* m, const Asked* asked, const Holder* h, Effect* e, uint32_t limit, wide* before, wide* after,
) noexcept nogil:
    """Without the order and with it."""
    cdef uint32_t net = TALLY_NET_BUY + asked.side
    if limit == LIMIT_POSITION:
        before[0] = both(e.before.gross, 0)
        after[0] = both(e.after.gross, 0)
    elif limit == LIMIT_GROSS:
        before[0] = tally_of(h.tally, TALLY_GROSS)
        after[0] = plus(before[0], both(e.after.gross, -e.before.gross))
    elif limit == LIMIT_NET:
        before[0] = tally_of(h.tally, net)
        after[0] = size_of(plus(before[0], both(e.after.net[asked.side], -e.before.net[asked.side])))
        before[0] = size_of(before[0])
    elif limit == LIMIT_OPEN_NOTIONAL:
        before[0] = tally_of(h.tally, TALLY_OPEN)
        after[0] = plus(before[0], gap(e.after.open, e.before.open))
    elif limit == LIMIT_OPEN_ORDERS:
        before[0] = both(h.open_orders, 0)
        after[0] = both(h.open_orders, 1)
    elif limit == LIMIT_DAY_LOSS:
        before[0] = after[0] = loss_measured(m, h, asked.account)
    elif limit == LIMIT_ORDER_NOTIONAL:
        before[0] = both(0, 0)
        after[0] = both(asked.notional, 0)
    elif limit == LIMIT_ORDER_VOLUME:
        before[0] = both(0, 0)
        after[0] = both(part_of_volume(m, asked.instrument, asked.qty), 0)
    else:
        if e.repeat == NULL:
            e.repeat = remember(m, &m.desks.repeats[asked.account], asked.account, asked.instrument, asked.side,
                                asked.order_type, asked.price, <uint32_t> asked.qty)
        before[0] = both(e.repeat.count, 0)
        after[0] = both(e.repeat.count, 1)


cdef uint8_t check_holder(
    Market* m, const Asked* asked, const Holder* h, Effect* e, Refusal* r,
) noexcept nogil:
    cdef int64_t hard, soft
    cdef wide before, after, bound
    cdef uint32_t limit
    for limit in range(LIMIT_POSITION, LIMIT_MESSAGES):
        hard = h.bounds.hard[limit]
        soft = h.bounds.soft[limit]
        if hard == 0 and soft == 0 or not is_asked(m, asked, e, limit):
            continue
        find_measure(m, asked, h, e, limit, &before, &after)
        bound = both(hard, 0)
        if hard and is_below(bound, after) and (limit > LIMIT_OPEN_NOTIONAL or is_below(before, after)):
            return refuse_at(r, limit, h.distance, hard, before, after)
        bound = both(soft, 0)
        if soft and not is_below(bound, before) and is_below(bound, after):
            m.desks.warnings[m.desks.warning_count] = Warning(soft, cut(after), h.desk, <uint8_t> limit, h.distance)
            m.desks.warning_count += 1
    return 0


cdef uint8_t check_holders(
    Market* m, const Account* a, const Asked* asked, Effect* e, Refusal* r,
) noexcept nogil:
    cdef const Measure* mine = &m.desks.measures[asked.account]
    cdef Holder h
    cdef const Desk* d
    cdef uint8_t check
    h.desk = 0
    h.distance = 0
    if mine.place:
        h.bounds = &m.desks.places[mine.place]
        h.tally = &mine.tally
        h.open_orders = a.open_orders
        check = check_holder(m, asked, &h, e, r)
        if check:
            return check
    h.desk = m.desks.of_account[asked.account]
    while h.desk:
        d = &m.desks.rows[h.desk]
        h.distance += 1
        h.bounds = &d.bounds
        h.tally = &d.tally
        h.open_orders = d.open_orders
        check = check_holder(m, asked, &h, e, r)
        if check:
            return check
        h.desk = d.parent
    return 0


cdef uint8_t check_limits(Market* m, const Account* a, const Asked* asked, Refusal* r) noexcept nogil:
    cdef const Position* p = &m.positions[asked.position]
    cdef uint64_t lists = m.desks.measures[asked.account].lists & m.desks.listings[asked.instrument].lists
    cdef int64_t counted = 0 if asked.occasion == WAITS else asked.lots - asked.own_lots
    cdef Effect e
    cdef uint8_t check
    m.desks.warning_count = 0
    bring_up_to_date(m)
    e.reduces = asked.position != 0 and asked.lots <= room_to_reduce(p, asked.side, asked.own_lots)
    e.repeat = NULL
    if lists and not e.reduces:
        return refuse(r, CHECK_RESTRICTED, 0, <int64_t> lists, 0)
    e.before = &m.desks.stretches[asked.position]
    stretch_with(m, asked.position, asked.instrument, asked.side, p.open[asked.side] + counted, &e.after)
    check = check_holders(m, a, asked, &e, r)
    if check == 0 and e.repeat != NULL:
        e.repeat.count += 1
    if check or asked.occasion == WAKES:
        m.desks.warning_count = 0
    return check


cdef void tell_warnings(Market* m, uint32_t account, uint32_t instrument, uint64_t client_order_id) noexcept nogil:
    cdef uint32_t k
    for k in range(m.desks.warning_count):
        warn(m, account, instrument, client_order_id, &m.desks.warnings[k])
    m.desks.warning_count = 0


# The short way

cdef inline bint is_within(
    const Bounds* b, const Tally* t, const Stretch* before, const Stretch* after, uint32_t side, int64_t notional,
    int64_t open_orders, int64_t messages,
) noexcept nogil:
    """Whether a holder has nothing to say to an order, as far as that can be seen at once."""
    cdef wide gross = plus(tally_of(t, TALLY_GROSS), both(after.gross, -before.gross))
    cdef wide net = plus(tally_of(t, TALLY_NET_BUY + side), both(after.net[side], -before.net[side]))
    cdef wide open = plus(tally_of(t, TALLY_OPEN), gap(after.open, before.open))
    return not (
        (b.quick[<int> LIMIT_POSITION] < after.gross) | (b.quick[<int> LIMIT_ORDER_NOTIONAL] < notional)
        | (b.quick[<int> LIMIT_OPEN_ORDERS] <= open_orders) | (b.quick[<int> LIMIT_MESSAGES] <= messages)
        | is_below(both(b.quick[<int> LIMIT_GROSS], 0), gross)
        | is_below(both(b.quick[<int> LIMIT_NET], 0), size_of(net))
        | is_below(both(b.quick[<int> LIMIT_OPEN_NOTIONAL], 0), open))


cdef inline bint is_loss_within(const Bounds* b, wide loss) noexcept nogil:
    return not is_below(both(b.quick[<int> LIMIT_DAY_LOSS], 0), loss)


cdef bint passes_limits(
    Market* m, const Account* a, uint32_t account, uint32_t instrument, uint32_t position, uint32_t side, int64_t qty,
    int64_t notional, int64_t price, Stretch* after,
) noexcept nogil:
    cdef const Measure* mine = &m.desks.measures[account]
    cdef const Stretch* before = &m.desks.stretches[position]
    cdef uint32_t first = m.desks.of_account[account]
    cdef Desk* d = desk_above(m, first)
    cdef const Bounds* b
    cdef int64_t volume = FAR_AWAY
    cdef int64_t repeats = FAR_AWAY
    bring_up_to_date(m)
    if unlikely(mine.lists & m.desks.listings[instrument].lists != 0):
        return False
    stretch_with(m, position, instrument, side, m.positions[position].open[side] + qty, after)
    if mine.place:
        b = &m.desks.places[mine.place]
        if not is_within(b, &mine.tally, before, after, side, notional, a.open_orders, a.rate_count):
            return False
        if b.quick[<int> LIMIT_DAY_LOSS] != FAR_AWAY and not is_loss_within(b, loss_of(m, account)):
            return False
        volume = b.quick[<int> LIMIT_ORDER_VOLUME]
        repeats = b.quick[<int> LIMIT_REPEATS]
    while d != NULL:
        b = &d.bounds
        if not is_within(b, &d.tally, before, after, side, notional, d.open_orders, d.rate_count) or (
                <uint64_t> m.ts_ns >= d.rate_end or not is_loss_within(b, desk_loss(d))):
            return False
        if b.quick[<int> LIMIT_ORDER_VOLUME] < volume:
            volume = b.quick[<int> LIMIT_ORDER_VOLUME]
        if b.quick[<int> LIMIT_REPEATS] < repeats:
            repeats = b.quick[<int> LIMIT_REPEATS]
        d = desk_above(m, d.parent)
    if volume != FAR_AWAY and m.desks.listings[instrument].average_volume and (
            part_of_volume(m, instrument, qty) > volume):
        return False
    if repeats != FAR_AWAY:
        if count_repeats(m, account, instrument, side, ORDER_TYPE_LIMIT, price, <uint32_t> qty) >= repeats:
            return False
        remember(m, &m.desks.repeats[account], account, instrument, side, ORDER_TYPE_LIMIT, price,
                 <uint32_t> qty).count += 1
    d = desk_above(m, first)
    while d != NULL:
        d.rate_count += 1
        d = desk_above(m, d.parent)
    return True


# Trying

cdef void keep_counts(const Market* m, uint32_t account, KeptCounts* kept) noexcept nogil:
    cdef const Desk* d = desk_above(m, m.desks.of_account[account])
    cdef uint32_t k = 0
    kept.repeats = m.desks.repeats[account]
    while d != NULL:
        kept.rate_ends[k] = d.rate_end
        kept.rate_counts[k] = d.rate_count
        k += 1
        d = desk_above(m, d.parent)


cdef void restore_counts(Market* m, uint32_t account, const KeptCounts* kept) noexcept nogil:
    cdef Desk* d = desk_above(m, m.desks.of_account[account])
    cdef uint32_t k = 0
    m.desks.warning_count = 0
    if m.desks.repeats[account].orders[0].is_set:
        m.desks.repeats[account] = kept.repeats
    while d != NULL:
        d.rate_end = kept.rate_ends[k]
        d.rate_count = kept.rate_counts[k]
        k += 1
        d = desk_above(m, d.parent)
