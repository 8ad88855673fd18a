"""Pegs: the prices that they follow, and the trees that they are found in. See docs/orders.md, "Pegs".

Pegs of a side and a Peg kind follow one reference. Let all prices be keys (the better one for who comes is the lower
one): then a peg's price is the higher one of reference + offset and its cap. Each peg is in two trees, by offset and
by cap, that no move of the reference changes. Those whose cap does not bind have the order of the first, the others
that of the second; which ones these are depends on offset - cap and the reference alone. So each node knows the
largest such *measure* of its subtree, and the first order of a tree that counts there now is found in O(log n)
however far the reference has moved. Nothing has to be done when it moves: what was found last is kept, with the
references between which it is the first, and is asked for first.
"""

from libc.stdint cimport int64_t, uint32_t, uint64_t

from ext.layout cimport BY_PLACE, BY_TURN, Branch, Extra, Instrument, Market, Order, PegTree, Unseen
from ext.levels cimport best_index
from ext.places cimport price_of, rank_key
from ext.risk cimport band_of, is_beyond_band
from ext.wire cimport PEG_MARKET, PEG_MIDPOINT, PEG_PRIMARY, SIDE_BUY, SIDE_SELL

cdef enum:
    PEG_TREES = 6  # of a side: of each kind those by offset (BY_PLACE), then those by cap (BY_TURN)

# Put a peg into the trees of its side and kind, and take it out of them.
cdef void plant_peg(Market* m, Unseen* u, uint32_t slot) noexcept nogil
cdef void uproot_peg(Market* m, Unseen* u, uint32_t slot) noexcept nogil
# Find the first order of a tree that is not empty whose measure is at least a bound.
cdef void look_in(const Market* m, PegTree* pegs, Branch branch, int64_t bound) noexcept nogil
# The first order of a tree whose measure is at least a bound, of those with a key from here on and, at this key, a rank
# from here on; 0: there is none.
cdef uint32_t first_counting(
    const Market* m, uint32_t root, Branch branch, int64_t bound, int64_t key, uint64_t rank) noexcept nogil


cdef inline Branch branch_of(uint32_t tree) noexcept nogil:
    return BY_TURN if tree & 1 else BY_PLACE


cdef inline uint32_t kind_of(uint32_t tree) noexcept nogil:
    return PEG_PRIMARY + (tree >> 1)


cdef inline int64_t offset_key(const Extra* e) noexcept nogil:
    """A buy's offset is never above 0, a sell's never below."""
    return -e.offset if e.offset < 0 else e.offset


cdef inline int64_t key_of_peg(const Extra* e, Branch branch) noexcept nogil:
    return offset_key(e) if branch == BY_PLACE else e.water


cdef inline int64_t measure_of_peg(const Extra* e, Branch branch) noexcept nogil:
    return offset_key(e) - e.water if branch == BY_PLACE else e.water - offset_key(e)


cdef inline int64_t counting_bound(Branch branch, int64_t reference_key) noexcept nogil:
    """The least measure of those whose cap does not bind, or binds."""
    return -reference_key if branch == BY_PLACE else reference_key + 1


cdef inline int64_t start_of(Branch branch, int64_t reference_key) noexcept nogil:
    """What keys of orders add up to prices' with."""
    return reference_key if branch == BY_PLACE else 0


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
    const Market* m, const Instrument* i, Unseen* u, uint32_t side, uint32_t tree, const int64_t* top, int64_t* key,
) noexcept nogil:
    """The best of those pegs of a tree that count there and have a price, and the key of that; 0: there is none. Those
    whose price would be beyond the price bands, or below 1, have none."""
    cdef PegTree* pegs = &u.pegs[side][tree]
    cdef Branch branch = branch_of(tree)
    cdef uint32_t slot
    cdef int64_t reference, bound, start, band
    if pegs.root == 0:
        return 0
    reference = reference_of(top, side, kind_of(tree))
    if reference == 0:
        return 0
    start = start_of(branch, rank_key(side, reference))
    bound = counting_bound(branch, rank_key(side, reference))
    if not pegs.before < bound <= pegs.measure:
        look_in(m, pegs, branch, bound)
    slot = pegs.found
    if slot == 0:
        return 0
    key[0] = start + pegs.key
    if i.band_lower:
        band = rank_key(side, band_of(i, side))
        if key[0] < band:
            slot = first_counting(m, pegs.root, branch, bound, band - start, 0)
            key[0] = start + key_of_peg(&m.extras[slot], branch)
    return slot if price_of(side, key[0]) >= 1 else 0


cdef inline uint32_t next_peg(
    const Market* m, const Unseen* u, uint32_t slot, uint32_t side, uint32_t tree, const int64_t* top, int64_t* key,
) noexcept nogil:
    """The one behind such a peg, and the key of its price; 0: there is none."""
    cdef Branch branch = branch_of(tree)
    cdef int64_t reference = rank_key(side, reference_of(top, side, kind_of(tree)))
    cdef const Extra* e = &m.extras[slot]
    slot = first_counting(m, u.pegs[side][tree].root, branch, counting_bound(branch, reference), key_of_peg(e, branch),
                          e.rank + 1)
    key[0] = start_of(branch, reference) + key_of_peg(&m.extras[slot], branch)
    return slot if price_of(side, key[0]) >= 1 else 0
