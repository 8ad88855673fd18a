"""Which open orders are tied to each other, for the read models: docs/linked.md."""

from libc.stddef cimport size_t
from libc.stdint cimport uint32_t, uint64_t


cdef class Groups:
    cdef dict of                # (account, client_order_id) of an open order with a group -> that
    cdef dict named             # account that is followed -> client_order_id of an open order -> its slot
    cdef unsigned char* marks   # by account: whether it is followed
    cdef size_t accounts

    cdef bint is_followed(self, uint32_t account) noexcept nogil
    cdef int follow(self, uint32_t account) except -1
    cdef int note(self, uint32_t account, uint64_t client_order_id, size_t slot) noexcept nogil
    cdef int forget(self, uint32_t account, uint64_t client_order_id) noexcept nogil
