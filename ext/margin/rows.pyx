"""What accounts are worth and must keep, as records of docs/wire.md."""

from libc.stdint cimport uint32_t, uint64_t
from libc.string cimport memset

from cpython.bytes cimport PyBytes_AS_STRING

from ext.desks.measure cimport base_of
from ext.layout cimport IS_WATCHED, Margin, Market, SUM_COST, SUM_INITIAL, SUM_MAINTENANCE, SUM_VALUE
from ext.margin.exposure cimport Stake, bring_up_to_date, equity_of, excess_of, find_stake, greater, sum_at
from ext.margin.settings cimport risk_type_of
from ext.margin.sums cimport cut, less
from ext.rows cimport room_for
from ext.wire cimport ANY, ExposureRow, MarginRow, RiskRow


cdef void risk_row(Market* m, uint32_t account, RiskRow* row) noexcept nogil:
    bring_up_to_date(m)
    memset(row, 0, sizeof(RiskRow))
    row.account = account
    row.risk_type = risk_type_of(m, account)
    row.level = m.worths[account].level
    row.equity = cut(equity_of(m, account))
    row.value = cut(sum_at(m, account, SUM_VALUE))
    row.maintenance = cut(sum_at(m, account, SUM_MAINTENANCE))
    row.initial = cut(sum_at(m, account, SUM_INITIAL))
    row.excess = cut(excess_of(m, account))
    row.unrealized = cut(less(sum_at(m, account, SUM_VALUE), sum_at(m, account, SUM_COST)))
    row.base = cut(base_of(m, account))
    row.lists = m.desks.measures[account].lists


cdef bytes risk_rows(Market* m, uint32_t account):
    """Of accounts that are watched, ids ascending."""
    cdef uint32_t first = 0 if account == ANY else account
    cdef uint32_t end = m.account_top if account == ANY else account + 1
    cdef uint64_t rows = 0
    cdef uint32_t k
    cdef bytes result
    cdef RiskRow* row
    for k in range(first, end):
        rows += m.accounts[k].flags & IS_WATCHED != 0
    result = room_for(rows, sizeof(RiskRow))
    row = <RiskRow*> PyBytes_AS_STRING(result)
    for k in range(first, end):
        if m.accounts[k].flags & IS_WATCHED:
            risk_row(m, k, row)
            row += 1
    return result


cdef void exposure_row(const Market* m, uint32_t k, ExposureRow* row) noexcept nogil:
    cdef Stake s
    find_stake(m, k, &s)
    memset(row, 0, sizeof(ExposureRow))
    row.account = <uint32_t> m.positions[k].key
    row.instrument = <uint32_t> (m.positions[k].key >> 32)
    row.qty = m.positions[k].qty
    row.mark = m.exposures[k].mark
    row.value = s.value
    row.maintenance = s.maintenance
    row.initial = greater(greater(s.initial[0], s.initial[1]), s.maintenance)
    row.unrealized = cut(less(s.value, m.bases[k].cost))


cdef bytes exposure_rows(const Market* m, uint32_t account):
    """In the order of positions."""
    cdef uint64_t rows = 0
    cdef uint32_t k
    cdef bytes result
    cdef ExposureRow* row
    for k in range(1, m.position_count + 1):
        rows += account == ANY or <uint32_t> m.positions[k].key == account
    result = room_for(rows, sizeof(ExposureRow))
    row = <ExposureRow*> PyBytes_AS_STRING(result)
    for k in range(1, m.position_count + 1):
        if account != ANY and <uint32_t> m.positions[k].key != account:
            continue
        exposure_row(m, k, row)
        row += 1
    return result


cdef bytes margin_rows(const Market* m):
    """Of instruments, ids ascending."""
    cdef uint64_t rows = 0
    cdef uint32_t k
    cdef const Margin* g
    cdef bytes result
    cdef MarginRow* row
    for k in range(m.instrument_top):
        rows += m.instruments[k].is_set
    result = room_for(rows, sizeof(MarginRow))
    row = <MarginRow*> PyBytes_AS_STRING(result)
    for k in range(m.instrument_top):
        if not m.instruments[k].is_set:
            continue
        g = &m.margins[k]
        row.instrument = k
        row.mark_by = g.mark_by
        row.mark = g.mark
        row.close = g.close
        row.initial_long = g.initial[0]
        row.maintenance_long = g.maintenance[0]
        row.initial_short = g.initial[1]
        row.maintenance_short = g.maintenance[1]
        row.least_low = g.least_low
        row.least = g.least
        row.average_volume = m.desks.listings[k].average_volume
        row.lists = m.desks.listings[k].lists
        row += 1
    return result
