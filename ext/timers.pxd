"""Guards of orders: cancel on disconnect, and dead-man timers. The rules: docs/disconnect.md."""

from libc.stdint cimport int64_t, uint64_t

from ext.layout cimport Market
from ext.saved cimport Reader, Writer
from ext.wire cimport AdminCommand, OrderCommand

cdef extern from *:
    """
    #define OB_MAX_TIMERS (1LL << 20)
    """
    const int64_t MAX_TIMERS "OB_MAX_TIMERS"  # of a table

cdef void arm(Market* m, const OrderCommand* c) noexcept nogil
cdef void disconnect(Market* m, const OrderCommand* c) noexcept nogil
cdef void lapse_timers(Market* m) noexcept nogil  # those that are due

cdef bint reserve_timers(Market* m, int64_t capacity) noexcept nogil  # False: no memory; the table is as it was
cdef void release_timers(Market* m) noexcept nogil

cdef void write_timers(Writer* w, const Market* m) noexcept nogil
cdef bint read_timers(Reader* r, Market* m, uint64_t count) noexcept nogil  # False: the rows do not hold

cdef bytes timer_rows(const Market* m)  # TimerRow records, by account and session
