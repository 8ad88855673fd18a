"""Cash accounts as bytes, and back."""

from ext.layout cimport Market
from ext.saved cimport Reader, Writer

cdef void write_cash(Writer* w, const Market* m) noexcept nogil
cdef bint read_cash(Reader* r, Market* m) noexcept nogil  # after instruments, accounts and positions
