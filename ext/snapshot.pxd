"""The state as bytes, and back. One state has one form, so its hash is the state's."""

from ext.layout cimport Market

cdef bytes save(const Market* m)
# Into an empty market that has its buffers. Raises ValueError, MemoryError.
cdef object load(Market* m, const char* data, size_t size)
