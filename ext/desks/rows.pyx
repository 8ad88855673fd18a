"""Desks, who is in them, and limits beside what is measured, as records of docs/wire.md."""

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t
from libc.string cimport memcpy

from cpython.bytes cimport PyBytes_AS_STRING

from ext.desks.layout cimport Bounds, Desk, TALLY_GROSS, TALLY_NET_BUY, TALLY_NET_SELL, TALLY_OPEN, Tally
from ext.desks.loss cimport loss_of
from ext.desks.measure cimport desk_equity, desk_loss, tally_of
from ext.keys.rows cimport count_key_limits, put_key_limits
from ext.layout cimport IS_LIMITED, Market
from ext.margin.exposure cimport bring_up_to_date
from ext.margin.sums cimport cut, is_below, size_of, wide
from ext.risk cimport at_least_0
from ext.rows cimport room_for
from ext.wire cimport *


cdef void desk_row(const Market* m, uint32_t k, DeskRow* row) noexcept nogil:
    cdef const Desk* d = &m.desks.rows[k]
    row.desk = k
    row.parent = d.parent
    row.state = d.state
    row.in_force = d.in_force
    row.accounts = d.accounts
    row.gross = cut(tally_of(&d.tally, TALLY_GROSS))
    row.net_buy = cut(tally_of(&d.tally, TALLY_NET_BUY))
    row.net_sell = cut(tally_of(&d.tally, TALLY_NET_SELL))
    row.open_notional = cut(tally_of(&d.tally, TALLY_OPEN))
    row.open_orders = d.open_orders
    row.loss = cut(desk_loss(d))
    row.equity = cut(desk_equity(d))
    row.messages = d.rate_count
    row.watched = d.watched
    memcpy(row.name, d.name, sizeof(d.name))


cdef bytes desk_rows(Market* m):
    """By id."""
    cdef uint64_t rows = 0
    cdef uint32_t k
    cdef bytes result
    cdef DeskRow* row
    bring_up_to_date(m)
    for k in range(1, m.desks.capacity + 1):
        rows += m.desks.rows[k].is_set
    result = room_for(rows, sizeof(DeskRow))
    row = <DeskRow*> PyBytes_AS_STRING(result)
    for k in range(1, m.desks.capacity + 1):
        if m.desks.rows[k].is_set:
            desk_row(m, k, row)
            row += 1
    return result


cdef bytes member_rows(const Market* m):
    """Of accounts that are in a desk, by id."""
    cdef uint64_t rows = 0
    cdef uint32_t k
    cdef bytes result
    cdef MemberRow* row
    for k in range(m.account_top):
        rows += m.desks.of_account[k] != 0
    result = room_for(rows, sizeof(MemberRow))
    row = <MemberRow*> PyBytes_AS_STRING(result)
    for k in range(m.account_top):
        if m.desks.of_account[k]:
            row.account = k
            row.desk = m.desks.of_account[k]
            row.in_force = m.accounts[k].state
            row += 1
    return result


cdef inline int64_t larger(wide a, wide b) noexcept nogil:
    return cut(b if is_below(a, b) else a)


cdef int64_t measure_of(const Tally* t, uint32_t limit) noexcept nogil:
    """Of the Limits that are of sums over positions; 0 of the others."""
    if limit == LIMIT_GROSS:
        return cut(tally_of(t, TALLY_GROSS))
    if limit == LIMIT_NET:
        return larger(size_of(tally_of(t, TALLY_NET_BUY)), size_of(tally_of(t, TALLY_NET_SELL)))
    return cut(tally_of(t, TALLY_OPEN)) if limit == LIMIT_OPEN_NOTIONAL else 0


cdef int64_t measure_of_account(const Market* m, uint32_t account, uint32_t limit) noexcept nogil:
    if not m.accounts[account].flags & IS_LIMITED:
        return 0
    if limit == LIMIT_OPEN_ORDERS:
        return m.accounts[account].open_orders
    if limit == LIMIT_DAY_LOSS:
        return at_least_0(cut(loss_of(m, account)))
    if limit == LIMIT_MESSAGES:
        return m.accounts[account].rate_count
    return measure_of(&m.desks.measures[account].tally, limit)


cdef int64_t measure_of_desk(const Desk* d, uint32_t limit) noexcept nogil:
    if limit == LIMIT_OPEN_ORDERS:
        return d.open_orders
    if limit == LIMIT_DAY_LOSS:
        return at_least_0(cut(desk_loss(d)))
    if limit == LIMIT_MESSAGES:
        return d.rate_count
    return measure_of(&d.tally, limit)


cdef uint64_t count_limits(const Bounds* b) noexcept nogil:
    cdef uint64_t count = 0
    cdef uint32_t limit
    for limit in range(LIMIT_POSITION, LIMIT_MESSAGES + 1):
        count += b.hard[limit] != 0 or b.soft[limit] != 0
    return count


cdef LimitRow* put_limits(
    const Market* m, const Bounds* b, uint32_t holder, bint of_desk, LimitRow* row,
) noexcept nogil:
    """Returns where the next one goes."""
    cdef uint32_t limit
    for limit in range(LIMIT_POSITION, LIMIT_MESSAGES + 1):
        if b.hard[limit] == 0 and b.soft[limit] == 0:
            continue
        row.holder = holder
        row.flags = ADMIN_FLAG_OF_DESK if of_desk else 0
        row.limit = <uint8_t> limit
        row.hard = b.hard[limit]
        row.soft = b.soft[limit]
        if of_desk:
            row.measure = measure_of_desk(&m.desks.rows[holder], limit)
        else:
            row.measure = measure_of_account(m, holder, limit)
        row += 1
    return row


cdef bytes limit_rows(Market* m):
    """Of accounts by id, then of desks by id, then of keys by number, of each by Limit."""
    cdef uint64_t rows = 0
    cdef uint32_t k, place
    cdef bytes result
    cdef LimitRow* row
    bring_up_to_date(m)
    for k in range(1, m.desks.place_count + 1):
        rows += count_limits(&m.desks.places[k])
    for k in range(1, m.desks.capacity + 1):
        rows += count_limits(&m.desks.rows[k].bounds)
    result = room_for(rows + count_key_limits(m), sizeof(LimitRow))
    row = <LimitRow*> PyBytes_AS_STRING(result)
    for k in range(m.account_top):
        place = m.desks.measures[k].place
        if place:
            row = put_limits(m, &m.desks.places[place], k, False, row)
    for k in range(1, m.desks.capacity + 1):
        row = put_limits(m, &m.desks.rows[k].bounds, k, True, row)
    put_key_limits(m, row)
    return result
