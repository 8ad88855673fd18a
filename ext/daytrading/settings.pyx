"""Who is held to the rule, what it asks, and how a pattern ends."""

from libc.stdint cimport uint8_t, uint32_t
from libc.string cimport memset

from ext.admin cimport account_is_known, answer, answer_account, is_up_to, reject, value_is_within
from ext.daytrading.layout cimport DAYS, DayPosition, DayTrader
from ext.layout cimport Market
from ext.wire cimport *

cdef enum:
    OF_DAY_RULE = 6        # index in rejects of SET_ACCOUNT_RISK


cdef void set_day_trades(Market* m, const AdminCommand* c) noexcept nogil:
    if not value_is_within(m, c, 0, 0, MOST_LEAST) or not value_is_within(m, c, 1, 1, DAYS):
        return
    if not value_is_within(m, c, 2, 0, MOST_SHARE) or not value_is_within(m, c, 3, 0, MAX_CASH):
        return
    m.day.least = c.value0
    m.day.earlier_days = c.value1 - 1
    m.day.share = c.value2
    m.day.least_equity = c.value3
    answer(m, c, EVENT_KIND_DAY_TRADES_SET, 0, 0, 0)


cdef void lift_day_trader(Market* m, const AdminCommand* c) noexcept nogil:
    cdef DayTrader* t
    cdef uint8_t rule
    if not account_is_known(m, c):
        return
    t = &m.day.accounts[c.account]
    if not t.is_pattern:
        reject(m, c, CHECK_VALUE, 0, 1, 0, 0)
        return
    rule = t.rule
    memset(t, 0, sizeof(DayTrader))
    t.rule = rule
    answer_account(m, c, EVENT_KIND_DAY_TRADER_LIFTED, 0, 0, 0, 0)


cdef bint day_rule_is_allowed(Market* m, const AdminCommand* c) noexcept nogil:
    if not is_up_to(m, c, OF_DAY_RULE, c.value2, DAY_TRADE_RULE_PATTERN):
        return False
    if c.value2 != DAY_TRADE_RULE_NONE and c.state != RISK_TYPE_MARGIN:
        return reject(m, c, CHECK_VALUE, OF_DAY_RULE, DAY_TRADE_RULE_NONE, c.value2, 0)
    return True


cdef void put_day_rule(Market* m, uint32_t account, uint32_t rule) noexcept nogil:
    cdef DayTrader* t = &m.day.accounts[account]
    cdef uint32_t position
    if t.rule == rule:
        return
    m.day.used += (rule != DAY_TRADE_RULE_NONE) - (t.rule != DAY_TRADE_RULE_NONE)
    memset(t, 0, sizeof(DayTrader))
    t.rule = <uint8_t> rule
    for position in range(1, m.position_count + 1):
        if <uint32_t> m.positions[position].key == account:
            memset(&m.day.positions[position], 0, sizeof(DayPosition))
