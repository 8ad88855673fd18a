"""Keys in a snapshot."""

from ext.layout cimport Market
from ext.saved cimport Reader, Writer

cdef void write_keys(Writer* w, const Market* m) noexcept nogil
cdef bint read_keys(Reader* r, Market* m) noexcept nogil
# After orders were read, and keys: what these have in the market.
cdef bint finish_keys(Market* m) noexcept nogil
