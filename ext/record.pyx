"""Reads journal records out of whole buffers and checks them; CRC32C. No I/O."""

from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from libc.string cimport memcpy

from ext.wire cimport OrderCommand, RecordHeader

END = SCAN_END
TORN = SCAN_TORN
DAMAGED = SCAN_DAMAGED
WRONG_SEQUENCE = SCAN_SEQUENCE
COMMIT_START_BIT = COMMIT_START
HAS_INSTRUCTION = bool(CRC32C_INSTRUCTION)


cdef uint32_t valid_record(const unsigned char* data, size_t length) noexcept nogil:
    """Length of the command of the record at `data`, 0 if it is not a whole valid one."""
    cdef RecordHeader header
    cdef uint32_t size
    if length < HEADER_BYTES + ORDER_BYTES:
        return 0
    memcpy(&header, data, HEADER_BYTES)
    size = header.length & ~COMMIT_START
    if size != ORDER_BYTES and size != SPECIAL_BYTES and size != ADMIN_BYTES:
        return 0
    if length < HEADER_BYTES + size or record_crc(header.length, data + HEADER_BYTES, size) != header.crc:
        return 0
    return size if bytes_of((<const OrderCommand*> (data + HEADER_BYTES)).kind) == size else 0


cdef size_t find_record(
    const unsigned char* data, size_t offset, size_t length, uint64_t least_seq, bint commit_start
) noexcept nogil:
    """Offset of the first valid record from `offset` on that is numbered `least_seq` or more, and begins a commit where
    that is asked for; `length` when there is none. Records keep the alignment of 8 bytes that the first one has."""
    cdef RecordHeader header
    while offset + HEADER_BYTES + ORDER_BYTES <= length:
        memcpy(&header, data + offset, HEADER_BYTES)
        if header.length and (header.length & COMMIT_START or not commit_start) and valid_record(
            data + offset, length - offset
        ):
            if (<const OrderCommand*> (data + offset + HEADER_BYTES)).seq >= least_seq:
                return offset
        offset += 8
    return length


cdef Scanned scan_into(
    const unsigned char* data, size_t offset, size_t length, uint64_t next_seq, uint64_t last_seq, unsigned char* out
) noexcept nogil:
    """Walk records from `offset` on and write their commands to `out`, which has room for `length - offset` bytes."""
    cdef Scanned s
    cdef uint32_t size
    s.length = 0
    s.status = SCAN_END
    while next_seq <= last_seq:
        size = valid_record(data + offset, length - offset)
        if size == 0:
            if not all_zero(data + offset, length - offset):
                s.status = SCAN_TORN
                if find_record(data, offset + 8, length, next_seq, False) < length:
                    s.status = SCAN_DAMAGED
            break
        if (<const OrderCommand*> (data + offset + HEADER_BYTES)).seq != next_seq:
            s.status = SCAN_SEQUENCE
            break
        memcpy(out + s.length, data + offset + HEADER_BYTES, size)
        s.length += size
        offset += HEADER_BYTES + size
        next_seq += 1
    s.offset = offset
    s.next_seq = next_seq
    return s


cdef class _View:
    """The bytes of any object with a buffer, held for the life of this."""

    cdef Py_buffer buffer
    cdef const unsigned char* data
    cdef size_t length

    def __cinit__(self, owner):
        PyObject_GetBuffer(owner, &self.buffer, PyBUF_SIMPLE)
        self.data = <const unsigned char*> self.buffer.buf
        self.length = self.buffer.len

    def __dealloc__(self):
        PyBuffer_Release(&self.buffer)


cdef _View view_from(object buffer, size_t offset):
    cdef _View view = _View(buffer)
    if offset > view.length:
        raise ValueError(f"offset {offset} is beyond the buffer's {view.length} bytes")
    return view


def scan(buffer, size_t offset, uint64_t next_seq, uint64_t last_seq=0xFFFFFFFFFFFFFFFF):
    """Read records from `offset` (bytes) of `buffer` on, the first numbered `next_seq`, none after `last_seq`.

    Returns (commands, end_offset, next_seq, status): the commands back to back, where the reading ended, the number
    that comes next, and END, TORN, DAMAGED or WRONG_SEQUENCE. Raises ValueError for an offset beyond the buffer.
    """
    cdef _View view = view_from(buffer, offset)
    cdef bytes commands = PyBytes_FromStringAndSize(NULL, view.length - offset)
    cdef unsigned char* out = <unsigned char*> PyBytes_AS_STRING(commands)
    cdef Scanned s
    with nogil:
        s = scan_into(view.data, offset, view.length, next_seq, last_seq, out)
    return commands[:s.length], s.offset, s.next_seq, <int> s.status


def find_commit(buffer, size_t offset, uint64_t least_seq):
    """Offset of the first valid record from `offset` on that begins a group commit and is numbered `least_seq` or more.

    None when there is none. `offset` must be a place where a record could begin (a multiple of 8 from the first one).
    """
    cdef _View view = view_from(buffer, offset)
    cdef size_t found
    with nogil:
        found = find_record(view.data, offset, view.length, least_seq, True)
    return found if found < view.length else None


def commit_start(record):
    """The bytes of the first record of a group commit: those of `record` with the mark, and a new checksum.

    Only the first record of `record` is looked at and returned. Raises ValueError when it is not valid.
    """
    cdef _View view = _View(record)
    cdef uint32_t size = valid_record(view.data, view.length)
    if size == 0:
        raise ValueError("not a valid journal record")
    cdef bytes marked = PyBytes_FromStringAndSize(<const char*> view.data, HEADER_BYTES + size)
    cdef unsigned char* out = <unsigned char*> PyBytes_AS_STRING(marked)
    cdef RecordHeader* header = <RecordHeader*> out
    header.length |= COMMIT_START
    header.crc = record_crc(header.length, out + HEADER_BYTES, size)
    return marked


def crc32c(data, uint32_t value=0):
    """CRC32C of `data`; `value` is that of the bytes before it."""
    cdef _View view = _View(data)
    cdef uint32_t crc
    with nogil:
        crc = crc32c_of(value, view.data, view.length)
    return crc
