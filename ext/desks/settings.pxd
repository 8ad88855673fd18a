"""SET_DESK, SET_MEMBER, SET_DESK_STATE, SET_LIMIT, and how many desks and limits there may be: docs/desks.md."""

from libc.stdint cimport int64_t, uint8_t, uint32_t

from ext.layout cimport Market
from ext.wire cimport AdminCommand

cdef enum:
    MOST_DESKS = 65535
    MOST_PLACES = 1 << 24


cdef extern from *:
    """
    #define OB_MOST_LISTS (1LL << 53)
    """
    const int64_t MOST_LISTS "OB_MOST_LISTS"  # and of an average volume


# Room for so many desks and accounts with limits, which are no fewer than there are. False: no memory, and all is as it
# was.
cdef bint reserve_desks(Market* m, int64_t desks, int64_t places) noexcept nogil
cdef void release_desks(Market* m) noexcept nogil
cdef bint knows_desk(const Market* m, int64_t desk) noexcept nogil
cdef void set_desk(Market* m, const AdminCommand* c) noexcept nogil
cdef void set_member(Market* m, const AdminCommand* c) noexcept nogil
cdef void set_desk_state(Market* m, const AdminCommand* c) noexcept nogil
cdef void set_limit(Market* m, const AdminCommand* c) noexcept nogil
# The place of an account's limits, which it gets where it has none; the caller has seen that there is one.
cdef uint32_t place_for(Market* m, uint32_t account) noexcept nogil
# What a Limit may be at most.
cdef int64_t range_of(uint32_t limit) noexcept nogil
# Whether the values of a SET_LIMIT are within that, and soft is not above hard; else it is refused.
cdef bint pair_is_allowed(Market* m, const AdminCommand* c) noexcept nogil
# Answer a SET_LIMIT. flags: whose limit it is.
cdef void tell_limit(Market* m, const AdminCommand* c, uint8_t flags) noexcept nogil
