"""SET_BORROW, LOCATE, and the end of the day: docs/borrow.md, "Lists and locates"."""

from libc.stdint cimport int64_t, uint32_t

from ext.layout cimport Market
from ext.wire cimport AdminCommand

cdef extern from *:
    """
    #define OB_MOST_YEARLY 10000000LL
    """
    const int64_t MOST_YEARLY "OB_MOST_YEARLY"  # of a fee or of interest, 1e-6 a year


cdef void set_borrow(Market* m, const AdminCommand* c) noexcept nogil
cdef void locate(Market* m, const AdminCommand* c) noexcept nogil
# Have a position's located lots be so many; its instrument has lent as many more.
cdef void put_located(Market* m, uint32_t position, int64_t lots) noexcept nogil
# Lots that a position owes, or would if its open sells traded.
cdef int64_t short_of(const Market* m, uint32_t position) noexcept nogil
# The day ends: what is free goes back.
cdef void return_locates(Market* m) noexcept nogil
