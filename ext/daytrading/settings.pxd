"""SET_DAY_TRADES, LIFT_DAY_TRADER, and the rule in SET_ACCOUNT_RISK: docs/daytrading.md, "Who has a pattern"."""

from libc.stdint cimport uint32_t

from ext.layout cimport Market
from ext.wire cimport AdminCommand

cdef enum:
    MOST_LEAST = 255       # day trades
    MOST_SHARE = 10000     # 1e-4


cdef void set_day_trades(Market* m, const AdminCommand* c) noexcept nogil
cdef void lift_day_trader(Market* m, const AdminCommand* c) noexcept nogil
# value2 of SET_ACCOUNT_RISK.
cdef bint day_rule_is_allowed(Market* m, const AdminCommand* c) noexcept nogil
# All that is kept of an account is forgotten if the rule is another one than it has.
cdef void put_day_rule(Market* m, uint32_t account, uint32_t rule) noexcept nogil
