"""What an order would do, tried on the market itself: all that answering it changes is put back."""

from libc.stdint cimport int64_t, uint8_t, uint32_t

from cpython.bytes cimport PyBytes_FromStringAndSize

from ext.bits cimport add_cut, word_at
from ext.desks.check cimport KeptCounts, keep_counts, restore_counts
from ext.keys.layout cimport Key
from ext.keys.orders cimport key_of
from ext.layout cimport Account, AccountMore, Exposure, IS_WATCHED, Market, Position, SUM_INITIAL
from ext.ledger cimport find_position
from ext.margin.exposure cimport equity_of, greater, initial_of, mark_of, needs, sum_at
from ext.margin.rows cimport risk_row
from ext.margin.sums cimport cut, less, plus, wide
from ext.orders cimport answer_only, knows_account, knows_instrument
from ext.risk cimport either
from ext.wire cimport (
    COMMAND_KIND_NEW_SPECIAL, Event, OrderCommand, ROLE_CHILD, ROLE_PEER, RiskRow, SIDE_SELL, SpecialCommand,
)


cdef bytes answer_to(Market* m, const OrderCommand* c):
    """ACCEPTED or REJECTED, as of now: the last that is said, as a warning may come before it."""
    cdef bint known = knows_account(m, c.account)
    cdef size_t said = m.events.at - m.events.begin
    cdef KeptCounts counts
    cdef Key* key = key_of(m, c.key)
    cdef Key kept
    cdef Account account
    cdef AccountMore more
    cdef Event* e
    if key != NULL:
        kept = key[0]
    if known:
        account = m.accounts[c.account]
        more = m.account_more[c.account]
        keep_counts(m, c.account, &counts)
    answer_only(m, c)
    e = <Event*> (m.events.at - sizeof(Event))
    e.seq = m.seq
    e.ts_ns = m.ts_ns
    e.account_seq = 0
    e.order_id = 0
    m.events.at = m.events.begin + said
    if known:
        m.accounts[c.account] = account
        m.account_more[c.account] = more
        restore_counts(m, c.account, &counts)
    m.keys.warning_count = 0
    if key != NULL:
        key[0] = kept
    return PyBytes_FromStringAndSize(<const char*> e, sizeof(Event))


cdef int64_t need_of(const Market* m, const OrderCommand* c) noexcept nogil:
    """By how much the order's lots raise what its account must keep."""
    cdef uint32_t position = find_position(m, word_at(&c.account))
    cdef const Position* p = &m.positions[position]
    cdef const Exposure* x = &m.exposures[position]
    cdef uint8_t role = 0
    cdef int64_t open, with_lots
    if c.kind == COMMAND_KIND_NEW_SPECIAL:
        role = (<const SpecialCommand*> c).role
    if c.side > SIDE_SELL or role == ROLE_PEER or role == ROLE_CHILD:
        return 0
    open = p.open[<uint32_t> c.side] + c.qty
    with_lots = needs(&m.margins[c.instrument], m.instruments[c.instrument].multiplier,
                      mark_of(m, position, c.instrument), add_cut(p.qty, either(c.side, open, -open)),
                      m.margins[c.instrument].initial)
    return greater(greater(with_lots, x.initial[<uint32_t> (c.side ^ 1)]), x.maintenance) - initial_of(x)


cdef tuple preview_of_order(Market* m, const OrderCommand* c):
    cdef bytes answer = answer_to(m, c)
    cdef RiskRow row
    cdef bytes before
    cdef wide initial
    if not knows_account(m, c.account) or not knows_instrument(m, c.instrument) or (
            not m.accounts[c.account].flags & IS_WATCHED):
        return answer, b"", b""
    risk_row(m, c.account, &row)
    before = PyBytes_FromStringAndSize(<const char*> &row, sizeof(RiskRow))
    initial = plus(sum_at(m, c.account, SUM_INITIAL), need_of(m, c))
    row.initial = cut(initial)
    row.excess = cut(less(equity_of(m, c.account), initial))
    return answer, before, PyBytes_FromStringAndSize(<const char*> &row, sizeof(RiskRow))
