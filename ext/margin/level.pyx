"""What a command's end says of accounts whose equity or maintenance it changed."""

from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.stdlib cimport qsort

from ext.desks.loss cimport judge_losses
from ext.events cimport emit
from ext.layout cimport IS_MARGIN, Market, SUM_MAINTENANCE, Worth
from ext.margin.exposure cimport bring_up_to_date, equity_of, note_account, sum_at
from ext.margin.sums cimport cut, is_below, is_short, wide
from ext.wire cimport (
    EVENT_KIND_RISK_LEVEL, RISK_LEVEL_ALERT, RISK_LEVEL_CALL, RISK_LEVEL_LIQUIDATION, RISK_LEVEL_NORMAL,
)


cdef uint8_t level_of(const Market* m, uint32_t account) noexcept nogil:
    cdef wide equity, maintenance
    if not m.accounts[account].flags & IS_MARGIN:
        return RISK_LEVEL_NORMAL
    equity = equity_of(m, account)
    maintenance = sum_at(m, account, SUM_MAINTENANCE)
    if is_below(equity, maintenance):
        if m.sweep.liquidation and is_short(equity, maintenance, m.sweep.liquidation):
            return RISK_LEVEL_LIQUIDATION
        return RISK_LEVEL_CALL
    return RISK_LEVEL_ALERT if m.sweep.alert and is_short(equity, maintenance, m.sweep.alert) else RISK_LEVEL_NORMAL


cdef int by_id(const void* a, const void* b) noexcept nogil:
    cdef uint32_t mine = (<const uint32_t*> a)[0]
    cdef uint32_t other = (<const uint32_t*> b)[0]
    return <int> (mine > other) - <int> (mine < other)


cdef void tell(Market* m, uint32_t account) noexcept nogil:
    cdef Worth* w = &m.worths[account]
    cdef uint8_t before = w.level
    w.level = level_of(m, account)
    emit(m, EVENT_KIND_RISK_LEVEL, 0, w.level, before, account, 0, 0, 0, 0, cut(equity_of(m, account)), 0, 0,
         <uint64_t> cut(sum_at(m, account, SUM_MAINTENANCE)))


cdef void judge(Market* m) noexcept nogil:
    cdef uint32_t found = 0
    cdef uint32_t k, account
    bring_up_to_date(m)
    judge_losses(m)
    for k in range(m.moved_account_count):
        account = m.moved_accounts[k]
        m.worths[account].is_moved = 0
        if level_of(m, account) != m.worths[account].level:
            m.moved_accounts[found] = account  # few are: only these are sorted
            found += 1
    m.moved_account_count = 0
    if found > 1:
        qsort(m.moved_accounts, found, sizeof(uint32_t), by_id)
    for k in range(found):
        tell(m, m.moved_accounts[k])


cdef void note_all_accounts(Market* m) noexcept nogil:
    cdef uint32_t k
    for k in range(m.account_top):
        if m.accounts[k].flags & IS_MARGIN:
            note_account(m, k)
