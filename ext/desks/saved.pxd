"""The snapshot's part of it: desks, who is in them, limits, what losses count from. Sums follow, and are made anew."""

from ext.layout cimport Market
from ext.saved cimport Reader, Writer

cdef void write_desks(Writer* w, const Market* m) noexcept nogil
# Instruments, accounts, positions and withdrawals were read before, and there is room for the desks; margin comes next.
cdef bint read_desks(Reader* r, Market* m) noexcept nogil
# After margin was read, and orders: what follows from all of it.
cdef bint finish_desks(Market* m) noexcept nogil
