"""Writing a snapshot's bytes, and reading them with every end checked."""

from libc.string cimport memcpy


cdef struct Writer:
    char* to  # NULL: only count
    size_t size


cdef inline void put(Writer* w, const void* data, size_t size) noexcept nogil:
    if w.to != NULL:
        memcpy(w.to + w.size, data, size)
    w.size += size


cdef struct Reader:
    const char* data
    size_t size
    size_t at


cdef inline bint get(Reader* r, void* to, size_t size) noexcept nogil:
    """False: so much is not there."""
    if r.size - r.at < size:
        return False
    memcpy(to, r.data + r.at, size)
    r.at += size
    return True
