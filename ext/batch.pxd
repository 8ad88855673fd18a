"""Applying a buffer of commands: checked whole first, then one by one."""

from libc.stdint cimport int64_t

from ext.layout cimport Market
from ext.wire cimport OrderCommand

cdef enum Fault:  # why a buffer of commands cannot be applied
    FINE
    TRUNCATED
    UNKNOWN_KIND
    WRONG_SEQ
    WRONG_TIME
    NOT_CONFIGURE

# Apply all commands of a buffer, or none where one has a fault. done, count: bytes and commands before the one with the
# fault; else all that were applied, fewer than there are when there is no memory for a CONFIGURE.
cdef Fault apply_all(Market* m, const char* data, size_t size, size_t* done, int64_t* count) noexcept nogil
# Apply one OrderCommand that is the next in order; else False, and nothing was done.
cdef bint apply_single(Market* m, const OrderCommand* c) noexcept nogil
