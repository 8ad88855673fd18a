"""Who takes part in an auction, in which order, and the price that it has: docs/auctions.md, "The auction"."""

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

from ext.layout cimport Market, Order
from ext.wire cimport (
    AUCTION_KIND_CLOSING, AUCTION_KIND_OPENING, SIDE_BUY, TIME_IN_FORCE_AT_CLOSE, TIME_IN_FORCE_AT_OPEN,
)


cdef enum Sort:  # what a walk goes over, and how
    BY_PRICE    # all that set the price, market orders at theirs
    BY_RANK     # the same, market orders first, as they trade
    OFFSETS     # those that only offset an imbalance


cdef struct Walk:  # over the orders of one side, the first to trade first
    uint32_t slot       # the present one; 0: there is no more
    int64_t price       # its price
    uint32_t side
    uint32_t instrument
    Sort sort
    uint8_t kind        # of the auction
    int64_t bound       # BY_RANK: market orders that do not trade at this price are left out
    int64_t index       # of the level of the next displayed one
    uint32_t displayed  # the next ones of each sort, or 0
    uint32_t hidden
    uint32_t call
    uint32_t market


cdef struct Cross:
    int64_t price       # 0: there is none
    uint64_t lots       # that trade there, those of orders that only offset an imbalance left out
    uint64_t imbalance  # lots of `side` that are left at this price
    uint8_t side        # 0 where nothing is left


cdef inline bint takes_part(const Order* o, uint8_t kind) noexcept nogil:
    """Whether an order in CALL is one of an auction of this kind."""
    if o.tif == TIME_IN_FORCE_AT_OPEN:
        return kind == AUCTION_KIND_OPENING
    return o.tif != TIME_IN_FORCE_AT_CLOSE or kind == AUCTION_KIND_CLOSING


cdef inline bint allows(uint32_t side, int64_t limit, int64_t price) noexcept nogil:
    """Whether an order with this limit trades at a price."""
    return limit >= price if side == SIDE_BUY else limit <= price


# Begin a walk: its first order is the present one.
cdef void begin_walk(
    const Market* m, Walk* w, uint32_t instrument, uint32_t side, Sort sort, uint8_t kind, int64_t bound,
) noexcept nogil
# Make the next order the present one. The one before may be gone from its place by then, and no other.
cdef void step_walk(const Market* m, Walk* w) noexcept nogil
# The price of an instrument's auction, were it now.
cdef void find_cross(const Market* m, uint32_t instrument, Cross* c) noexcept nogil
