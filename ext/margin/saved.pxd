"""The snapshot's part of it: settings and marks. Sums and levels follow from the rest, and are made anew."""

from ext.layout cimport Market
from ext.saved cimport Reader, Writer

cdef void write_margin(Writer* w, const Market* m) noexcept nogil
# Instruments, accounts, positions and withdrawals were read before.
cdef bint read_margin(Reader* r, Market* m) noexcept nogil
