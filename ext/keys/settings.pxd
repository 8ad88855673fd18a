"""SET_KEY, and SET_LIMIT of keys: docs/session-limits.md."""

from libc.stdint cimport int64_t

from ext.layout cimport Market
from ext.wire cimport AdminCommand

cdef void set_key(Market* m, const AdminCommand* c) noexcept nogil
# SET_LIMIT with OF_KEY.
cdef void set_key_limit(Market* m, const AdminCommand* c) noexcept nogil
# Whether keys have such a limit.
cdef bint has_key_limit(int64_t limit) noexcept nogil
