"""SET_RATES and ACCRUE: docs/borrow.md, "Interest and fees by the day"."""

from libc.stdint cimport int64_t

from ext.layout cimport Market
from ext.wire cimport AdminCommand

cdef enum:
    SHORT_YEAR = 360
    LONG_YEAR = 365


cdef void set_rates(Market* m, const AdminCommand* c) noexcept nogil
cdef void accrue(Market* m, const AdminCommand* c) noexcept nogil
