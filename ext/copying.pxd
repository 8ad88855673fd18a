"""Rows of tables in PostgreSQL's binary COPY format, as they grow. Without a head and an end: those are of a COPY."""

from libc.stddef cimport size_t
from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t
from libc.stdlib cimport realloc

from cpython.bytes cimport PyBytes_FromStringAndSize

cdef extern from "copying.h" nogil:
    unsigned char* put_count "ob_put_count"(unsigned char* to, unsigned int fields) noexcept
    unsigned char* put_8 "ob_put_8"(unsigned char* to, uint64_t value) noexcept
    unsigned char* put_4 "ob_put_4"(unsigned char* to, uint32_t value) noexcept
    unsigned char* put_2 "ob_put_2"(unsigned char* to, unsigned int value) noexcept
    unsigned char* put_1 "ob_put_1"(unsigned char* to, uint8_t value) noexcept
    unsigned char* put_text "ob_put_text"(unsigned char* to, const char* text, uint32_t length) noexcept
    unsigned char* put_null "ob_put_null"(unsigned char* to) noexcept
    unsigned char* put_time "ob_put_time"(unsigned char* to, int64_t ts_ns) noexcept

cdef enum:
    LONGEST_ROW = 400
    FIRST_ROOM = 1 << 16

cdef enum Fault:
    NO_MEMORY = -1
    OUT_OF_STEP = -2        # what does not go on from what was before
    NO_COMMAND = -3


cdef struct Rows:  # of one table
    unsigned char* data
    size_t length
    size_t room
    size_t count


cdef inline int need(Rows* rows, size_t more) noexcept nogil:
    """Room for `more` bytes; NO_MEMORY when there is none."""
    cdef size_t room = rows.room if rows.room else FIRST_ROOM
    cdef unsigned char* data
    if rows.length + more <= rows.room:
        return 0
    while room < rows.length + more:
        room *= 2
    data = <unsigned char*> realloc(rows.data, room)
    if data == NULL:
        return NO_MEMORY
    rows.data = data
    rows.room = room
    return 0


cdef inline unsigned char* begin(Rows* rows, unsigned int fields) noexcept nogil:
    """Begin a row; NULL when there is no memory."""
    if need(rows, LONGEST_ROW):
        return NULL
    rows.count += 1
    return put_count(rows.data + rows.length, fields)


cdef inline void end(Rows* rows, unsigned char* at) noexcept nogil:
    rows.length = at - rows.data


cdef inline unsigned char* put_given(unsigned char* at, int64_t value) noexcept nogil:
    """A field that few rows have: NULL, which takes no room in a table, where it is 0."""
    return put_8(at, <uint64_t> value) if value else put_null(at)


cdef inline bytes taken(Rows* rows):
    """What there is, which is none of theirs any more."""
    cdef bytes result = PyBytes_FromStringAndSize(<const char*> rows.data, rows.length)
    rows.length = 0
    rows.count = 0
    return result
