"""Dark orders looked at again, when the best prices have moved or one has come. See docs/orders.md, "Recheck".

Where nothing in the dark is crossed, which is nearly always, the best prices of each side say so, and they are at hand.
Else buys and sells are gone through in the order in which an incoming order would meet them. Where minimum quantities
keep what is crossed from trading, most buys are seen to have no chance without a look at each sell.
"""

from libc.stdint cimport INT64_MAX, int64_t, uint8_t, uint32_t

from ext.dark cimport ANY_LOTS, is_within, look_for_nearest, need_of
from ext.events cimport level_at
from ext.layout cimport BY_PLACE, Instrument, Market, Order, Unseen
from ext.levels cimport best_index, level_of_index, next_index
from ext.matching cimport RAN_OUT, end_order, pull
from ext.meeting cimport meet
from ext.pegs cimport PEG_TREES, displayed_tops, first_peg, next_peg
from ext.places cimport lots_of, price_of
from ext.special cimport leave_unseen
from ext.tree cimport next_in
from ext.wire cimport INSTRUMENT_STATE_OPEN, SIDE_BUY, SIDE_SELL

cdef enum:
    HIDDEN = PEG_TREES  # of a side's trees the one of hidden orders, behind those of pegs
    TREES


cdef struct Walk:  # through a side's orders, best first; at one price displayed ones, then dark ones by rank
    uint32_t side
    uint32_t shown          # the next displayed order; 0: none
    int64_t index           # its price's
    uint32_t[TREES] dark    # the next of each tree; 0: none
    int64_t[TREES] keys     # of their prices
    const int64_t* top      # what pegs follow


cdef struct Offers:  # sells that the best buy could trade with; [1]: those of them that are dark
    int64_t[2] cheapest
    uint32_t[2] least       # the fewest lots that one of them trades with
    uint32_t most           # the most lots that one has


cdef inline uint32_t first_displayed(
    const Market* m, const Instrument* i, uint32_t instrument, int64_t index,
) noexcept nogil:
    return level_at(m, level_of_index(m, i, instrument, index)).head if index >= 0 else 0


cdef void begin(
    Market* m, const Instrument* i, uint32_t instrument, const int64_t* top, uint32_t side, bint dark_only, Walk* w,
) noexcept nogil:
    cdef Unseen* u = &m.unseen[instrument]
    cdef uint32_t tree
    w.side = side
    w.index = -1 if dark_only else best_index(i, side)
    w.shown = first_displayed(m, i, instrument, w.index)
    w.top = top
    w.dark[HIDDEN] = u.hidden[side].front
    w.keys[HIDDEN] = u.hidden[side].key
    for tree in range(PEG_TREES):
        w.dark[tree] = first_peg(m, i, u, side, tree, top, &w.keys[tree])


cdef inline void go_on(Market* m, const Unseen* u, Walk* w, uint32_t tree) noexcept nogil:
    """To the next order of a tree."""
    if tree < PEG_TREES:
        w.dark[tree] = next_peg(m, u, w.dark[tree], w.side, tree, w.top, &w.keys[tree])
        return
    w.dark[tree] = next_in(m, u.hidden[w.side].root, w.dark[tree], BY_PLACE)
    w.keys[tree] = m.extras[w.dark[tree]].nodes[<int> BY_PLACE].key


cdef uint32_t step(Market* m, const Instrument* i, uint32_t instrument, Walk* w, int64_t* price) noexcept nogil:
    """The next order of a walk, and its price; 0: there is none."""
    cdef Unseen* u = &m.unseen[instrument]
    cdef uint32_t tree
    cdef uint32_t best = TREES
    cdef uint32_t found = 0
    for tree in range(TREES):
        if w.dark[tree] and (best == TREES or w.keys[tree] < w.keys[best] or (
                w.keys[tree] == w.keys[best] and m.extras[w.dark[tree]].rank < m.extras[w.dark[best]].rank)):
            best = tree
            price[0] = price_of(w.side, w.keys[tree])
    if w.shown and (best == TREES or is_within(w.side, w.index * i.tick_size, price[0])):
        found = w.shown
        price[0] = w.index * i.tick_size
        w.shown = m.links[found].next
        if w.shown == 0:
            w.index = next_index(m, i, instrument, w.side, w.index)
            w.shown = first_displayed(m, i, instrument, w.index)
    elif best != TREES:
        found = w.dark[best]
        go_on(m, u, w, best)
    return found


cdef void look_over(
    Market* m, const Instrument* i, uint32_t instrument, const int64_t* top, int64_t limit, Offers* offers,
) noexcept nogil:
    """Go once through the sells at a price or below."""
    cdef Walk sells
    cdef int64_t price = 0
    cdef uint32_t slot, which
    offers.cheapest[0] = offers.cheapest[1] = INT64_MAX
    offers.least[0] = offers.least[1] = ANY_LOTS
    offers.most = 0
    begin(m, i, instrument, top, SIDE_SELL, False, &sells)
    while True:
        slot = step(m, i, instrument, &sells, &price)
        if slot == 0 or price > limit:
            return
        offers.most = lots_of(m, slot) if lots_of(m, slot) > offers.most else offers.most
        for which in range(1 if m.orders[slot].level else 2):
            if offers.cheapest[which] == INT64_MAX:
                offers.cheapest[which] = price
            offers.least[which] = need_of(m, slot) if need_of(m, slot) < offers.least[which] else offers.least[which]


cdef bint find_sell(
    Market* m, const Instrument* i, uint32_t instrument, const int64_t* top, uint32_t* pair, int64_t* price,
) noexcept nogil:
    """The first sell that a buy can trade with, and its price. A displayed buy trades with dark ones only."""
    cdef const Order* buy = &m.orders[pair[SIDE_BUY]]
    cdef uint32_t lots = lots_of(m, pair[SIDE_BUY])
    cdef uint32_t need = need_of(m, pair[SIDE_BUY])
    cdef Walk sells
    begin(m, i, instrument, top, SIDE_SELL, buy.level != 0, &sells)
    while True:
        pair[SIDE_SELL] = step(m, i, instrument, &sells, &price[SIDE_SELL])
        if pair[SIDE_SELL] == 0 or price[SIDE_SELL] > price[SIDE_BUY]:
            return False
        if need <= lots_of(m, pair[SIDE_SELL]) and need_of(m, pair[SIDE_SELL]) <= lots:
            return True


cdef bint find_pair(
    Market* m, const Instrument* i, uint32_t instrument, uint32_t* pair, int64_t* price,
) noexcept nogil:
    """The first buy and sell that can trade, one of them in the dark at least, and their prices; by side."""
    cdef Walk buys
    cdef Offers offers
    cdef int64_t[2] top
    cdef uint32_t buy, which
    displayed_tops(i, top)
    begin(m, i, instrument, top, SIDE_BUY, False, &buys)
    buy = step(m, i, instrument, &buys, &price[SIDE_BUY])
    if buy:
        look_over(m, i, instrument, top, price[SIDE_BUY], &offers)
    while buy:
        which = m.orders[buy].level != 0
        # Where all sells are too dear for this buy, so are they for those behind it: no book is crossed.
        if price[SIDE_BUY] < offers.cheapest[which]:
            return False
        pair[SIDE_BUY] = buy
        if need_of(m, buy) <= offers.most and offers.least[which] <= lots_of(m, buy):
            if find_sell(m, i, instrument, top, pair, price):
                return True
        buy = step(m, i, instrument, &buys, &price[SIDE_BUY])
    return False


cdef inline uint32_t resting_side(const Market* m, const uint32_t* pair) noexcept nogil:
    """Of two orders: that of the displayed one, else of the one with the lower rank."""
    if m.orders[pair[SIDE_BUY]].level or m.orders[pair[SIDE_SELL]].level:
        return SIDE_BUY if m.orders[pair[SIDE_BUY]].level else SIDE_SELL
    return SIDE_BUY if m.extras[pair[SIDE_BUY]].rank < m.extras[pair[SIDE_SELL]].rank else SIDE_SELL


cdef void trade_pairs(Market* m, Instrument* i, uint32_t instrument) noexcept nogil:
    cdef uint32_t[2] pair
    cdef int64_t[2] price
    cdef uint32_t side, incoming
    cdef uint8_t stopped
    while look_for_nearest(m, i, instrument) and find_pair(m, i, instrument, pair, price):
        side = resting_side(m, pair)
        incoming = pair[side ^ 1]
        stopped = meet(m, i, pair[side], incoming, price[side])
        if stopped != RAN_OUT:
            pull(m, incoming, stopped)
        elif m.orders[incoming].leaves == 0:
            leave_unseen(m, i, &m.accounts[m.orders[incoming].account], incoming)
            end_order(m, &m.accounts[m.orders[incoming].account], incoming)


cdef void recheck(Market* m) noexcept nogil:
    cdef uint32_t k, instrument
    for k in range(m.moved_count):
        instrument = m.moved[k]
        if m.instruments[instrument].state == INSTRUMENT_STATE_OPEN:
            trade_pairs(m, &m.instruments[instrument], instrument)
        m.unseen[instrument].is_moved = 0  # moves that these trades made are dealt with
    m.moved_count = 0
