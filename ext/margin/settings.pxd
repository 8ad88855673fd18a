"""SET_RISK, SET_MARGIN, SET_ACCOUNT_RISK: docs/risk.md."""

from libc.stdint cimport uint8_t, uint32_t

from ext.layout cimport Market
from ext.wire cimport AdminCommand

cdef enum:
    ALL = 10000            # 1e-4: all of it
    MOST_RATE = 100000
    MOST_UNITS = 1048576
    MOST_ALERT = 1000000


cdef bint set_risk(Market* m, const AdminCommand* c) noexcept nogil  # False: no memory
cdef void set_margin(Market* m, const AdminCommand* c) noexcept nogil
cdef void set_account_risk(Market* m, const AdminCommand* c) noexcept nogil
# What a new instrument has.
cdef void begin_margin(Market* m, uint32_t instrument) noexcept nogil
cdef uint8_t risk_type_of(const Market* m, uint32_t account) noexcept nogil
