"""Special orders: how they get what is more in them, come to their places and leave them."""

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

from ext.layout cimport Account, Further, Instrument, Market
from ext.wire cimport OrderCommand

# Fill the Extra of an order that was accepted just now. water: of a trailing stop.
cdef void dress(Market* m, uint32_t slot, const OrderCommand* c, const Further* f, int64_t water) noexcept nogil
# What `finish` is for plain orders: have an order that is nowhere meet the market, wait, rest or end.
cdef void arrive(Market* m, uint32_t slot, bint listed) noexcept nogil
# Have an order that is nowhere wait in a place, at the end of its instrument's list, with a new rank. listed: it is in
# its account's list.
cdef void go_unseen(Market* m, Instrument* i, Account* a, uint32_t slot, uint32_t place, bint listed) noexcept nogil
# Take an order out of its place among the unseen, its list and the queue, and its holds back.
cdef void leave_unseen(Market* m, Instrument* i, Account* a, uint32_t slot) noexcept nogil
# Replace a special order: its price (of STOP the stop price) and all its lots; keeps: its place and rank too.
cdef void replace_special(Market* m, uint32_t slot, int64_t price, uint32_t lots, bint keeps) noexcept nogil
# Cancel a special order, wherever it is.
cdef void pull_special(Market* m, uint32_t slot, uint8_t reason) noexcept nogil
# Serve the stops that were met. Called when m.pending has MUST_SERVE, before a command ends.
cdef void serve_pending(Market* m) noexcept nogil
