"""Sales of what is not paid for, what they bring about, and how that ends: docs/cash.md, "Violations"."""

from libc.stdint cimport int64_t, uint32_t, uint64_t

from ext.cash.paid cimport Left
from ext.layout cimport Market
from ext.wire cimport AdminCommand

cdef extern from *:
    """
    #define OB_MOST_CASH_DAYS 3660LL
    """
    const int64_t MOST_CASH_DAYS "OB_MOST_CASH_DAYS"


cdef int64_t days_of(int64_t date) noexcept nogil  # YYYYMMDD as a number of days: only differences mean something
# Tell of lots that left a position unpaid, if any did.
cdef void tell_violations(
    Market* m, uint32_t position, const Left* left, uint64_t order_id, uint64_t client_order_id,
) noexcept nogil
# SETTLE, of an account with a rule; m.settle_date is the day that is over.
cdef void settle_violations(Market* m, uint32_t account) noexcept nogil
cdef void lift_cash(Market* m, const AdminCommand* c) noexcept nogil
