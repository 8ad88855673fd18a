"""Auctions: held by command or at their time, and what one would be now. See docs/auctions.md, "The auction"."""

from libc.stdint cimport uint32_t

from ext.layout cimport Market

# Hold the auction of an instrument in CALL, with all that follows from it. request: of the command, or 0.
cdef void hold_auction(Market* m, uint32_t instrument, uint32_t request) noexcept nogil
# A TICK where instruments are in CALL: auctions whose time has come; then what others would be like.
cdef void tick_calls(Market* m) noexcept nogil
