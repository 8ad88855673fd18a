"""The market's memory: taken when CONFIGURE comes, larger when a later one asks for it, never else."""

from libc.stdint cimport int64_t

from ext.layout cimport Market

cdef struct Capacities:  # CONFIGURE's values
    int64_t accounts
    int64_t instruments
    int64_t orders
    int64_t pages
    int64_t positions
    int64_t id_window
    int64_t window_pages
    int64_t amendments

cdef bint reserve(Market* m, const Capacities* c) noexcept nogil  # False: no memory; the market is as it was
cdef size_t touch_all(Market* m) noexcept nogil  # returns the bytes of the block
cdef void release(Market* m) noexcept nogil
