"""Two orders that meet, where one of them is more than a plain one: see docs/orders.md, "Matching"."""

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

from ext.layout cimport Instrument, Market

# All that happens when an order meets one that rests, in the book or in the dark, and would trade with it at a price:
# owners, cash limit, reduce-only, the trade. Returns RAN_OUT where matching goes on, from the beginning: the incoming
# order may have no leaves any more; the resting one may have ended and its slot be free, or may have shrunk and they
# meet anew. Else returns the reason for which what is left of
# the incoming order is to be cancelled. The incoming one may itself rest in the dark (a recheck): it then loses its
# holds here too, and stays in its place, even without leaves.
cdef uint8_t meet(Market* m, Instrument* i, uint32_t resting, uint32_t incoming, int64_t price) noexcept nogil
# What `match` is for plain orders: trade a special order that is nowhere, up to a price index.
cdef uint8_t match_special(Market* m, Instrument* i, uint32_t slot, int64_t index) noexcept nogil
# Lots that an order which is nowhere would trade now, up to a price index; at most its leaves. Changes nothing.
cdef uint64_t dry_run(const Market* m, const Instrument* i, uint32_t slot, int64_t index) noexcept nogil
