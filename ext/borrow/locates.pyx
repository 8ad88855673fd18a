"""Who may sell short how much of what: as operators say it, and as lots are found and go back."""

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

from ext.admin cimport (
    MAX_LOTS, account_is_known, answer_account, instrument_is_known, is_up_to, reject, value_is_within,
)
from ext.bits cimport add_cut
from ext.borrow.layout cimport Claim, Lending
from ext.deposits cimport position_for
from ext.events cimport emit, emit_market
from ext.layout cimport Market, NOT_EASY, Position, Unseen
from ext.ledger cimport find_position
from ext.pending cimport set_way
from ext.risk cimport at_least_0
from ext.wire cimport *


cdef void set_borrow(Market* m, const AdminCommand* c) noexcept nogil:
    cdef Lending* lending
    cdef Unseen* u
    if not instrument_is_known(m, c) or not is_up_to(m, c, 0, c.state, BORROW_NONE):
        return
    if not is_up_to(m, c, 1, c.value0, MOST_YEARLY) or not is_up_to(m, c, 2, c.value1, MAX_LOTS):
        return
    lending = &m.borrowing.lendings[c.instrument]
    lending.borrow = c.state
    lending.fee = c.value0
    lending.inventory = c.value1
    u = &m.unseen[c.instrument]
    u.ways &= ~<uint8_t> NOT_EASY
    if c.state != BORROW_EASY:
        u.ways |= NOT_EASY
    set_way(&m.instruments[c.instrument], u)
    emit_market(m, EVENT_KIND_BORROW_SET, 0, c.state, 0, c.instrument, c.request, c.value0, 0, 0)
    (<Event*> (m.events.at - sizeof(Event))).order_id = <uint64_t> c.value1


cdef int64_t short_of(const Market* m, uint32_t position) noexcept nogil:
    cdef const Position* p = &m.positions[position]
    return at_least_0(add_cut(p.open[SIDE_SELL], -p.qty))


cdef inline int64_t free_of(const Market* m, uint32_t position) noexcept nogil:
    """Located lots that nothing was sold short with."""
    return at_least_0(m.borrowing.claims[position].located - short_of(m, position))


cdef void put_located(Market* m, uint32_t position, int64_t lots) noexcept nogil:
    cdef Claim* claim = &m.borrowing.claims[position]
    m.borrowing.lendings[m.positions[position].key >> 32].lent += lots - claim.located
    m.borrowing.located_count += (lots != 0) - (claim.located != 0)
    claim.located = lots


cdef void locate(Market* m, const AdminCommand* c) noexcept nogil:
    cdef const Lending* lending
    cdef int64_t lots = c.value0
    cdef int64_t most
    cdef uint32_t position
    if not account_is_known(m, c) or not instrument_is_known(m, c):
        return
    if lots == 0:
        reject(m, c, CHECK_VALUE, 0, 1, 0, 0)
        return
    if not value_is_within(m, c, 0, -MAX_LOTS, MAX_LOTS):
        return
    position = find_position(m, c.account | <uint64_t> c.instrument << 32)
    if lots < 0:
        most = free_of(m, position)
        if -lots > most:
            reject(m, c, CHECK_VALUE, 0, -most, lots, 0)
            return
    else:
        lending = &m.borrowing.lendings[c.instrument]
        most = at_least_0(lending.inventory - lending.lent)
        if lots > most:
            reject(m, c, CHECK_LOCATE, 0, most, lots, most)
            return
        if position == 0:
            position = position_for(m, c)
            if position == 0:
                return
    put_located(m, position, m.borrowing.claims[position].located + lots)
    answer_account(m, c, EVENT_KIND_LOCATED, 0, c.instrument, lots, m.borrowing.claims[position].located)


cdef void return_locates(Market* m) noexcept nogil:
    cdef uint32_t left = m.borrowing.located_count
    cdef uint32_t k = 0
    cdef int64_t lots
    cdef uint64_t key
    while left:
        k += 1
        if m.borrowing.claims[k].located == 0:
            continue
        left -= 1
        lots = free_of(m, k)
        if lots == 0:
            continue
        key = m.positions[k].key
        put_located(m, k, m.borrowing.claims[k].located - lots)
        emit(m, EVENT_KIND_LOCATED, 0, 0, 0, <uint32_t> key, <uint32_t> (key >> 32), 0, 0, 0, -lots, 0, 0,
             <uint64_t> m.borrowing.claims[k].located)
