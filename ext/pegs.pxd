"""Pegs: the prices that they follow, and the trees that they are found in. See docs/orders.md, "Pegs".

Pegs of a side and a Peg kind follow one reference. Those whose cap does not bind are sorted by their offset, so that a
move of the reference moves all their prices and none of their places; those whose cap binds stand at their cap. Which
of the two a peg is depends on the reference alone: what a new one changes in that is in front of the trees by turn.
The trees are sorted for a reference when they are next looked at, not when it moves.
"""

from libc.stdint cimport int64_t, uint32_t

from ext.layout cimport BY_PLACE, Extra, Instrument, Market, Order, Unseen
from ext.levels cimport best_index
from ext.places cimport rank_key
from ext.risk cimport band_of, is_beyond_band
from ext.tree cimport first_from, first_of
from ext.wire cimport PEG_MARKET, PEG_MIDPOINT, SIDE_BUY, SIDE_SELL

# Put a peg into the trees that its side's and kind's present reference gives it, and take it out of them.
cdef void plant_peg(Market* m, Unseen* u, uint32_t slot) noexcept nogil
cdef void uproot_peg(Market* m, Unseen* u, uint32_t slot) noexcept nogil
# Sort a side's pegs of a kind for another reference, which is not 0.
cdef void sort_pegs(Market* m, Unseen* u, uint32_t side, uint32_t peg, int64_t reference) noexcept nogil


cdef inline void displayed_tops(const Instrument* i, int64_t* top) noexcept nogil:
    """The best displayed prices, by side; 0: there is none."""
    cdef uint32_t side
    for side in range(2):
        top[side] = best_index(i, side) * i.tick_size if i.best_level[side] else 0


cdef inline int64_t reference_of(const int64_t* top, uint32_t side, uint32_t peg) noexcept nogil:
    """What pegs of a side and kind follow, by the best displayed prices; 0: nothing."""
    if peg == PEG_MIDPOINT:
        if top[SIDE_BUY] == 0 or top[SIDE_SELL] == 0:
            return 0
        return (top[SIDE_BUY] + top[SIDE_SELL] + side) >> 1  # a sell's rounded up
    return top[side ^ 1] if peg == PEG_MARKET else top[side]


cdef inline bint is_capped(uint32_t side, int64_t reference, int64_t offset, int64_t cap) noexcept nogil:
    return reference + offset > cap if side == SIDE_BUY else reference + offset < cap


cdef inline int64_t peg_price(const Order* o, const Extra* e, int64_t reference) noexcept nogil:
    """The effective price at a reference that is not 0; 0: it has none."""
    if is_capped(o.side, reference, e.offset, o.price):
        return o.price
    return reference + e.offset if reference + e.offset >= 1 else 0


cdef inline int64_t effective_price(const Market* m, const Instrument* i, uint32_t slot) noexcept nogil:
    """A peg's, by the book as it is; 0: it has none."""
    cdef const Order* o = &m.orders[slot]
    cdef const Extra* e = &m.extras[slot]
    cdef int64_t[2] top
    cdef int64_t reference
    cdef int64_t price
    displayed_tops(i, top)
    reference = reference_of(top, o.side, e.peg)
    price = peg_price(o, e, reference) if reference else 0
    return 0 if price and is_beyond_band(i, o.side, price) else price


cdef inline uint32_t first_peg(
    const Market* m, const Instrument* i, uint32_t root, uint32_t side, int64_t reference,
) noexcept nogil:
    """The best of a tree of pegs that is not beyond the price bands: those have no price. reference: 0 of capped."""
    if i.band_lower == 0:
        return first_of(m, root, BY_PLACE)
    return first_from(m, root, BY_PLACE, rank_key(side, band_of(i, side) - reference))
