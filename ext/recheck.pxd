"""Dark orders looked at again: docs/orders.md, "Recheck"."""

from ext.layout cimport Market

# Trade the pairs of all instruments that were noted down. Stops that these trades meet are in the queue afterwards.
cdef void recheck(Market* m) noexcept nogil
