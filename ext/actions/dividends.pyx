"""Who holds shares has a claim for cash, who owes them owes it; and the payment."""

from libc.stdint cimport int64_t, uint32_t, uint64_t

from ext.actions.dues cimport add_due
from ext.admin cimport MAX_HELD, instrument_is_known, reject, value_is_within
from ext.borrow.amounts cimport due_with
from ext.borrow.charges cimport charge_by_rule
from ext.events cimport emit, emit_market
from ext.layout cimport FAR_AWAY, Market
from ext.margin.sums cimport both, cut, is_below, size_of, wide
from ext.wire cimport *

cdef extern from *:
    """
    #define OB_MOST_A_SHARE 1000000000000LL
    """
    const int64_t MOST_A_SHARE "OB_MOST_A_SHARE"  # cash


cdef wide due_after(const Market* m, uint32_t position, uint32_t instrument, int64_t amount) noexcept nogil:
    return due_with(m.borrowing.claims[position].due, m.positions[position].qty, m.instruments[instrument].lot_size,
                    amount)


cdef bint dues_fit(Market* m, const AdminCommand* c) noexcept nogil:
    """Whether what would be due to each position is a number that it may be."""
    cdef uint32_t position = m.chains[c.instrument].first
    cdef wide due
    while position:
        due = due_after(m, position, c.instrument, c.value0)
        if is_below(both(MAX_HELD, 0), size_of(due)):
            return reject(m, c, CHECK_VALUE, 2, MAX_HELD, cut(due), 0)
        position = m.exposures[position].next
    return True


cdef void set_dividend(Market* m, const AdminCommand* c) noexcept nogil:
    cdef uint32_t position, account
    cdef uint32_t told = 0
    cdef int64_t more
    if not instrument_is_known(m, c):
        return
    if not value_is_within(m, c, 0, 1, MOST_A_SHARE) or not value_is_within(m, c, 1, 0, FAR_AWAY):
        return
    if not dues_fit(m, c):
        return
    position = m.chains[c.instrument].first
    while position:
        if m.positions[position].qty:
            account = <uint32_t> m.positions[position].key
            more = cut(due_after(m, position, c.instrument, c.value0)) - m.borrowing.claims[position].due
            add_due(m, position, more)
            emit(m, EVENT_KIND_DIVIDEND_DUE, 0, 0, 0, account, c.instrument, c.request, 0, 0, more, 0, 0,
                 <uint64_t> m.borrowing.claims[position].due)
            told += 1
        position = m.exposures[position].next
    emit_market(m, EVENT_KIND_DIVIDEND_SET, 0, 0, 0, c.instrument, c.request, c.value0, told, <uint64_t> c.value1)


cdef void pay_dividend(Market* m, const AdminCommand* c) noexcept nogil:
    cdef uint32_t position
    cdef uint32_t paid = 0
    cdef int64_t amount
    if not instrument_is_known(m, c) or not value_is_within(m, c, 1, 0, FAR_AWAY):
        return
    position = m.chains[c.instrument].first
    while position:
        amount = m.borrowing.claims[position].due
        if amount:
            amount = -charge_by_rule(m, <uint32_t> m.positions[position].key, c.instrument, HOUSE_ACCOUNT_DIVIDEND,
                                     -amount, c.request, <uint64_t> c.value1)
            add_due(m, position, -amount)
            paid += amount != 0
        position = m.exposures[position].next
    emit_market(m, EVENT_KIND_DIVIDEND_PAID, 0, 0, 0, c.instrument, c.request, 0, paid, <uint64_t> c.value1)
