"""The sequencer's buffer: client and admin commands in, numbered, stamped and checksummed journal records out."""

from libc.stddef cimport size_t
from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t


cdef class CommandBatch:
    cdef unsigned char* data    # commands as they came, back to back
    cdef size_t length          # bytes in use
    cdef size_t room
    cdef size_t count           # commands
    cdef bint sealed
    cdef readonly uint64_t next_seq     # of the first command of this batch
    cdef readonly int64_t last_ts_ns    # of the last sealed batch: time never falls
    cdef readonly bytes records         # of the sealed batch

    cdef int reserve(self, size_t more) except -1
    cdef Py_ssize_t put(
        self, const unsigned char* payload, size_t count, uint32_t session, uint8_t key,
        const uint32_t* accounts, size_t account_count,
    ) except? -1
    cdef Py_ssize_t put_specials(
        self, const unsigned char* payload, size_t count, uint32_t session, uint8_t key,
        const uint32_t* accounts, size_t account_count,
    ) except? -1


# The number of good ones among `count` client commands before the first bad one: CommandBatch.put takes all or none.
cdef size_t good_orders(
    const unsigned char* payload, size_t count, const uint32_t* accounts, size_t account_count
) noexcept nogil
cdef size_t good_specials(
    const unsigned char* payload, size_t count, const uint32_t* accounts, size_t account_count
) noexcept nogil
