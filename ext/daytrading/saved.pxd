"""Day traders as bytes, and back."""

from ext.layout cimport Market
from ext.saved cimport Reader, Writer

cdef void write_day_trades(Writer* w, const Market* m) noexcept nogil
cdef bint read_day_trades(Reader* r, Market* m) noexcept nogil  # after accounts and positions
