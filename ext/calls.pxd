"""States of an instrument, and what becomes of orders when it leaves CALL: docs/auctions.md, "States", "After"."""

from libc.stdint cimport int64_t, uint8_t, uint32_t

from ext.layout cimport Market

cdef enum:
    NO_AUCTION = 0  # instead of an AuctionKind

# Put an instrument into a state, and say so. detail: AuctionKind of CALL, HaltReason of HALTED, else 0; auction_ns,
# state_after: of CALL, else 0; request: of the command.
cdef void set_state(
    Market* m, uint32_t instrument, uint8_t state, uint8_t detail, int64_t auction_ns, uint8_t state_after,
    uint32_t request,
) noexcept nogil
# Cancel orders whose auction is over: one of that kind with that price (0: none), or NO_AUCTION where the instrument
# comes to be OPEN without one. Those to become limit orders do.
cdef void end_calls(Market* m, uint32_t instrument, uint8_t kind, int64_t price) noexcept nogil
# Have the orders that waited for it meet a market that is OPEN now.
cdef void enter_calls(Market* m, uint32_t instrument) noexcept nogil
