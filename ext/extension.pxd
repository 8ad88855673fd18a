"""Auctions that are put off while they would leave too much, or trade too far away: docs/auctions.md, "Extensions"."""

from libc.stdint cimport int64_t, uint32_t

from ext.layout cimport Market
from ext.wire cimport AdminCommand

cdef void set_extension(Market* m, const AdminCommand* c) noexcept nogil
# When a call ends whose auction is at auction_ns (0: not set), as everybody is told: later where its end is random.
cdef int64_t end_of_call(const Market* m, uint32_t instrument, int64_t auction_ns) noexcept nogil
# When the next of all calls ends; LARGEST: none of them does by itself.
cdef int64_t next_end(const Market* m) noexcept nogil
# The call of an instrument is over: whether its auction was put off, which is done and said then.
cdef bint extend(Market* m, uint32_t instrument) noexcept nogil
