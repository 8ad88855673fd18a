"""What moves orders that are tied to others: docs/linked.md."""

from libc.stdint cimport uint8_t, uint32_t

from ext.layout cimport Further, Instrument, Market, Order
from ext.risk cimport Refusal
from ext.wire cimport OrderCommand

# Checks 10b to 10d. named: the slot of the order that link_id names, once all have passed; else it stays as it is.
cdef uint8_t check_link(
    Market* m, const OrderCommand* c, const Further* f, uint32_t* named, Refusal* r,
) noexcept nogil
# Tie an order that was accepted just now, and is nowhere, to the one that it named.
cdef void tie_order(Market* m, uint32_t slot, uint32_t role, uint32_t named) noexcept nogil
# A NEW_ order with a role was refused: the one that it named (0: not found before) and all of its ring end, where they
# are at work for nobody yet.
cdef void take_along(Market* m, const OrderCommand* c, const Further* f, uint32_t named) noexcept nogil
# An order of a ring has lost lots: the others lose as many, at once.
cdef void lost_lots(Market* m, uint32_t slot) noexcept nogil
# Cancel all others of an order's ring at once.
cdef void end_others(Market* m, uint32_t slot) noexcept nogil
# An order with a tie has ended: have the queue of the market end the others, and end or wake its children.
cdef void end_tie(Market* m, uint32_t slot) noexcept nogil
# Serve a child whose parent has ended.
cdef void activate(Market* m, uint32_t slot) noexcept nogil
