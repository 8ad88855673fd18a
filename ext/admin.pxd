"""The commands of operators and of the configuration. Not hot; everything they refuse changes nothing."""

from ext.layout cimport Market
from ext.wire cimport AdminCommand

cdef bint opens_market(const AdminCommand* c) noexcept nogil
# False: no memory for a CONFIGURE; nothing was changed
cdef bint admin(Market* m, const AdminCommand* c) noexcept nogil
