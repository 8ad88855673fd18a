"""Day trades and trades of the days that count, and what stays of deposits: docs/daytrading.md."""

from libc.stdint cimport int64_t

from ext.daytrading.layout cimport DayTrader
from ext.layout cimport Market
from ext.risk cimport at_least_0


cdef inline int64_t day_trades_of(const Market* m, const DayTrader* t) noexcept nogil:
    cdef int64_t counted = 0
    cdef int k
    for k in range(<int> m.day.earlier_days + 1):
        counted += t.day_trades[k]
    return counted


cdef inline int64_t trades_of(const Market* m, const DayTrader* t) noexcept nogil:
    cdef int64_t counted = 0
    cdef int k
    for k in range(<int> m.day.earlier_days + 1):
        counted += t.trades[k]
    return counted


cdef inline int64_t without_kept(const DayTrader* t, int64_t amount) noexcept nogil:
    """What of an amount of cash is left; one by one, as their sum may have more than 64 bits."""
    cdef int k
    for k in range(3):
        amount = at_least_0(amount - t.kept[k])
    return amount
