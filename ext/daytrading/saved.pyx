"""What is kept of accounts with a rule, and of all of their positions."""

from libc.stdint cimport int64_t, uint32_t

from ext.daytrading.layout cimport DAYS, DayPosition, DayTrader, KEPT_DAYS
from ext.daytrading.settings cimport MOST_LEAST, MOST_SHARE
from ext.layout cimport HAS_DAY_RULE, Market
from ext.saved cimport Reader, Writer, get, put
from ext.wire cimport DAY_TRADE_RULE_PATTERN, MAX_CASH


cdef inline bint has_rule(const Market* m, uint32_t account) noexcept nogil:
    return m.accounts[account].flags & HAS_DAY_RULE != 0


cdef void write_day_trades(Writer* w, const Market* m) noexcept nogil:
    cdef uint32_t k
    put(w, &m.day.least, sizeof(int64_t))
    put(w, &m.day.earlier_days, sizeof(int64_t))
    put(w, &m.day.share, sizeof(int64_t))
    put(w, &m.day.least_equity, sizeof(int64_t))
    if m.day.used == 0:
        return
    for k in range(m.account_top):
        if has_rule(m, k):
            put(w, &m.day.accounts[k], sizeof(DayTrader))
    for k in range(1, m.position_count + 1):
        if has_rule(m, <uint32_t> m.positions[k].key):
            put(w, &m.day.positions[k], sizeof(DayPosition))


cdef bint settings_hold(const Market* m) noexcept nogil:
    return (0 <= m.day.least <= MOST_LEAST and 0 <= m.day.earlier_days < DAYS and 0 <= m.day.share <= MOST_SHARE
            and 0 <= m.day.least_equity <= MAX_CASH)


cdef bint trader_holds(const DayTrader* t) noexcept nogil:
    cdef int k
    if not 1 <= t.rule <= DAY_TRADE_RULE_PATTERN or t.is_pattern > 1 or t.unused or t.unused2:
        return False
    for k in range(<int> KEPT_DAYS):
        if not 0 <= t.kept[k] <= (MAX_CASH if t.is_pattern else 0):
            return False
    return True


cdef bint position_holds(const DayPosition* d, int64_t lots) noexcept nogil:
    return 0 <= d.opened <= (lots if lots > 0 else -lots) and d.run <= 2


cdef bint read_day_trades(Reader* r, Market* m) noexcept nogil:
    cdef uint32_t k
    if not get(r, &m.day.least, sizeof(int64_t)) or not get(r, &m.day.earlier_days, sizeof(int64_t)):
        return False
    if not get(r, &m.day.share, sizeof(int64_t)) or not get(r, &m.day.least_equity, sizeof(int64_t)):
        return False
    if not settings_hold(m):
        return False
    for k in range(m.account_top):
        if has_rule(m, k):
            m.day.used += 1
            if not get(r, &m.day.accounts[k], sizeof(DayTrader)) or not trader_holds(&m.day.accounts[k]):
                return False
    for k in range(1, m.position_count + 1):
        if has_rule(m, <uint32_t> m.positions[k].key) and (
                not get(r, &m.day.positions[k], sizeof(DayPosition))
                or not position_holds(&m.day.positions[k], m.positions[k].qty)):
            return False
    return True
