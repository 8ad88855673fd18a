"""Journal records: RecordHeader, then the command. Reading and checking; what writes them is ext/sequence.pyx.

`length` in the header has bit 31 (COMMIT_START) set in the first record of a group commit. One commit begins only after
the one before it is on disk: so a bad record with a later commit after it is damage, and without one the end of a
commit that a crash cut off, whose sectors the disk may have written in any order.
"""

from libc.stddef cimport size_t
from libc.stdint cimport uint32_t, uint64_t

from ext.wire cimport ADMIN_KIND, SPECIAL_KIND

cdef extern from "crc32c.h" nogil:
    const bint CRC32C_INSTRUCTION "OB_CRC32C_INSTRUCTION"
    uint32_t record_crc "ob_record_crc"(uint32_t length_field, const unsigned char* command, uint32_t length) noexcept
    uint32_t crc32c_of "ob_crc32c"(uint32_t crc, const unsigned char* data, size_t length) noexcept
    bint all_zero "ob_all_zero"(const unsigned char* data, size_t length) noexcept

cdef enum:
    HEADER_BYTES = 8
    ORDER_BYTES = 64
    SPECIAL_BYTES = 128
    ADMIN_BYTES = 256

cdef extern from *:
    """
    #define OB_COMMIT_START 0x80000000u
    """
    const uint32_t COMMIT_START "OB_COMMIT_START"

cdef enum ScanStatus:
    SCAN_END = 0        # nothing but zeros follows, or last_seq was reached
    SCAN_TORN = 1       # something follows, but no whole valid record
    SCAN_DAMAGED = 2    # a bad record has valid ones after it
    SCAN_SEQUENCE = 3   # a valid record has another number than the next

cdef struct Scanned:
    size_t offset       # where the walk ended
    size_t length       # bytes of commands written out
    uint64_t next_seq
    ScanStatus status

cdef inline uint32_t bytes_of(uint32_t kind) noexcept nogil:
    """Length of a command of that CommandKind."""
    if kind < SPECIAL_KIND:
        return ORDER_BYTES
    return SPECIAL_BYTES if kind < ADMIN_KIND else ADMIN_BYTES


cdef uint32_t valid_record(const unsigned char* data, size_t length) noexcept nogil
cdef size_t find_record(
    const unsigned char* data, size_t offset, size_t length, uint64_t least_seq, bint commit_start
) noexcept nogil
cdef Scanned scan_into(
    const unsigned char* data, size_t offset, size_t length, uint64_t next_seq, uint64_t last_seq, unsigned char* out
) noexcept nogil
