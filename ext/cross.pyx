"""The price of an auction: see docs/auctions.md, "Price".

D(p), the lots of buys at p or above, falls as p rises; S(p), those of sells at p or below, rises. Let q be the highest
candidate with D >= S and r the one above it. Up to q S is what trades, so q trades most of these; from r on D is, so r
does. One of the two is the price, or, where both trade as much and leave as much, or nothing is left at q, one of the
candidates around them at which neither D nor S is another. The walk to q takes what trades from both sides, best first,
until nothing more can trade: it goes over no order that is far from trading.
"""

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

from ext.bands cimport tick_down, tick_up
from ext.events cimport level_at
from ext.layout cimport BY_PLACE, BY_TURN, HAS_TICKS, Instrument, InstrumentText, Market, Order, Unseen
from ext.levels cimport best_index, index_above, index_below, level_of_index, next_index
from ext.places cimport LAST_PRICE, is_market_in_call, lots_of, rank_key
from ext.risk cimport greater, lesser
from ext.tree cimport comes_before, first_of, last_of, next_in, previous_in
from ext.wire cimport *


cdef struct Candidates:  # the multiples of the tick from lowest to highest, and the reference
    int64_t tick
    const InstrumentText* table  # of ticks by price, or NULL
    int64_t lowest      # above highest: there are none
    int64_t highest
    int64_t reference   # rounded down to a tick; 0: none


cdef struct Reach:  # what one side has at a price or better
    uint64_t lots
    int64_t last        # price of the worst of these
    int64_t beyond      # price of the best of the others


# Who takes part

cdef inline bint belongs(const Market* m, uint32_t slot, Sort sort, uint8_t kind) noexcept nogil:
    """Whether a walk goes over an order of `calls`."""
    cdef const Order* o = &m.orders[slot]
    if not takes_part(o, kind):
        return False
    if m.extras[slot].modes & MODE_FLAG_IMBALANCE_ONLY:
        return sort == OFFSETS
    return sort == BY_PRICE or (sort == BY_RANK and not is_market_in_call(o))


cdef uint32_t some_call(const Market* m, uint32_t slot, const Walk* w) noexcept nogil:
    """This order of `calls`, or the first behind it that the walk goes over."""
    cdef uint32_t root = m.unseen[w.instrument].calls[w.side]
    while slot and not belongs(m, slot, w.sort, w.kind):
        slot = next_in(m, root, slot, BY_PLACE)
    return slot


cdef uint32_t some_market(const Market* m, uint32_t slot, const Walk* w) noexcept nogil:
    cdef uint32_t root = m.unseen[w.instrument].markets[w.side]
    while slot and not (takes_part(&m.orders[slot], w.kind) and allows(w.side, m.orders[slot].price, w.bound)):
        slot = next_in(m, root, slot, BY_TURN)
    return slot


cdef uint32_t some_hidden(const Market* m, uint32_t slot, const Walk* w) noexcept nogil:
    """Those with a minimum quantity take no part."""
    cdef uint32_t root = m.unseen[w.instrument].hidden[w.side].root
    while slot and m.extras[slot].min_qty:
        slot = next_in(m, root, slot, BY_PLACE)
    return slot


cdef inline uint32_t head_at(const Market* m, const Walk* w) noexcept nogil:
    if w.index < 0:
        return 0
    return level_at(m, level_of_index(m, &m.instruments[w.instrument], w.instrument, w.index)).head


cdef void begin_walk(
    const Market* m, Walk* w, uint32_t instrument, uint32_t side, Sort sort, uint8_t kind, int64_t bound,
) noexcept nogil:
    cdef const Instrument* i = &m.instruments[instrument]
    cdef const Unseen* u = &m.unseen[instrument]
    w.side = side
    w.instrument = instrument
    w.sort = sort
    w.kind = kind
    w.bound = bound
    w.index = -1
    w.displayed = w.hidden = w.market = 0
    if sort != OFFSETS:
        w.index = best_index(i, side)
        w.displayed = head_at(m, w)
        w.hidden = some_hidden(m, u.hidden[side].front, w)
    if sort == BY_RANK:
        w.market = some_market(m, first_of(m, u.markets[side], BY_TURN), w)
    w.call = some_call(m, first_of(m, u.calls[side], BY_PLACE), w)
    step_walk(m, w)


cdef inline bint is_ahead(const Market* m, uint32_t a, uint32_t b) noexcept nogil:
    """Whether a hidden order or one in CALL trades before another such; 0 is behind all."""
    if a == 0 or b == 0:
        return a != 0
    return comes_before(m, a, b, BY_PLACE)


cdef void step_walk(const Market* m, Walk* w) noexcept nogil:
    cdef const Unseen* u = &m.unseen[w.instrument]
    cdef bint hidden_first
    cdef uint32_t unseen
    if w.market:
        w.slot = w.market
        w.market = some_market(m, next_in(m, u.markets[w.side], w.slot, BY_TURN), w)
        w.price = m.orders[w.slot].price
        return
    hidden_first = is_ahead(m, w.hidden, w.call)
    unseen = w.hidden if hidden_first else w.call
    w.slot = w.displayed
    if unseen and (w.slot == 0 or rank_key(w.side, m.orders[unseen].price)
                   < rank_key(w.side, m.orders[w.slot].price)):
        w.slot = unseen
        if hidden_first:
            w.hidden = some_hidden(m, next_in(m, u.hidden[w.side].root, unseen, BY_PLACE), w)
        else:
            w.call = some_call(m, next_in(m, u.calls[w.side], unseen, BY_PLACE), w)
    elif w.slot:
        w.displayed = m.links[w.slot].next
        if w.displayed == 0:
            w.index = next_index(m, &m.instruments[w.instrument], w.instrument, w.side, w.index)
            w.displayed = head_at(m, w)
    w.price = m.orders[w.slot].price


cdef void reach_to(
    const Market* m, uint32_t instrument, uint32_t side, uint8_t kind, int64_t price, Reach* d,
) noexcept nogil:
    cdef Walk w
    d.lots = 0
    d.last = LAST_PRICE if side == SIDE_BUY else -LAST_PRICE
    begin_walk(m, &w, instrument, side, BY_PRICE, kind, 0)
    while w.slot and allows(side, w.price, price):
        d.lots += lots_of(m, w.slot)
        d.last = w.price
        step_walk(m, &w)
    d.beyond = w.price if w.slot else (-LAST_PRICE if side == SIDE_BUY else LAST_PRICE)


# Candidates

cdef inline bint bounds_range(const Market* m, uint32_t slot, bint in_call, uint8_t kind) noexcept nogil:
    """Whether an order's price is one of those between which candidates are."""
    return belongs(m, slot, BY_RANK, kind) if in_call else m.extras[slot].min_qty == 0


cdef void widen(const Market* m, uint32_t root, bint in_call, uint8_t kind, Candidates* c) noexcept nogil:
    """Have the range hold the prices of a tree of hidden orders, or of orders in CALL."""
    cdef uint32_t first = first_of(m, root, BY_PLACE)
    cdef uint32_t last
    while first and not bounds_range(m, first, in_call, kind):
        first = next_in(m, root, first, BY_PLACE)
    if first == 0:
        return
    last = last_of(m, root, BY_PLACE)
    while not bounds_range(m, last, in_call, kind):
        last = previous_in(m, root, last, BY_PLACE)
    c.lowest = lesser(c.lowest, lesser(m.orders[first].price, m.orders[last].price))
    c.highest = greater(c.highest, greater(m.orders[first].price, m.orders[last].price))


cdef void find_candidates(const Market* m, uint32_t instrument, Candidates* c) noexcept nogil:
    cdef const Instrument* i = &m.instruments[instrument]
    cdef const Unseen* u = &m.unseen[instrument]
    cdef int64_t index = index_above(m, i, instrument, -1)
    cdef uint32_t side
    c.tick = i.tick_size
    c.lowest = LAST_PRICE
    c.highest = -LAST_PRICE
    c.table = &m.instrument_texts[instrument] if i.way & HAS_TICKS else NULL
    c.reference = on_tick_below(c, i.reference_price)
    if index >= 0:
        c.lowest = index * i.tick_size
        c.highest = index_below(m, i, instrument, MAX_PRICE / i.tick_size + 1) * i.tick_size
    for side in range(2):
        widen(m, u.hidden[side].root, False, u.auction_kind, c)
        widen(m, u.calls[side], True, u.auction_kind, c)


cdef inline int64_t on_tick_below(const Candidates* c, int64_t price) noexcept nogil:
    return tick_down(c.table, price) if c.table != NULL else price - price % c.tick


cdef inline int64_t on_tick_above(const Candidates* c, int64_t price) noexcept nogil:
    return tick_up(c.table, price) if c.table != NULL else (price + c.tick - 1) / c.tick * c.tick


cdef int64_t floor_of(const Candidates* c, int64_t price) noexcept nogil:
    """The highest candidate that is not above a price, or -LAST_PRICE."""
    cdef int64_t found = -LAST_PRICE
    if c.lowest <= c.highest and price >= c.lowest:
        found = on_tick_below(c, lesser(price, c.highest))
        if found < c.lowest:
            found = -LAST_PRICE
    if c.reference and c.reference <= price:
        found = greater(found, c.reference)
    return found


cdef int64_t ceiling_of(const Candidates* c, int64_t price) noexcept nogil:
    """The lowest candidate that is not below a price, or LAST_PRICE."""
    cdef int64_t found = LAST_PRICE
    if c.lowest <= c.highest and price <= c.highest:
        found = on_tick_above(c, greater(price, c.lowest))
        if found > c.highest:
            found = LAST_PRICE
    if c.reference and c.reference >= price:
        found = lesser(found, c.reference)
    return found


cdef int64_t nearest(const Candidates* c, int64_t low, int64_t high, int64_t reference) noexcept nogil:
    """The candidate from low to high, both of which are some, that is nearest to the reference price."""
    cdef int64_t target = reference if reference else (low + high) / 2
    cdef int64_t below = floor_of(c, lesser(target, high))
    cdef int64_t above = ceiling_of(c, greater(target, low))
    if below < low:
        return above
    if above > high:
        return below
    return below if target - below < above - target else above


# The price

cdef int64_t highest_with_more_buys(const Market* m, uint32_t instrument, uint8_t kind) noexcept nogil:
    """The highest of all prices at which there are at least as many lots of buys as of sells; -1: nothing can
    trade."""
    cdef Walk buys, sells
    cdef uint64_t bought, sold
    cdef int64_t last = -1
    begin_walk(m, &buys, instrument, SIDE_BUY, BY_PRICE, kind, 0)
    begin_walk(m, &sells, instrument, SIDE_SELL, BY_PRICE, kind, 0)
    bought = lots_of(m, buys.slot) if buys.slot else 0
    sold = lots_of(m, sells.slot) if sells.slot else 0
    while buys.slot and sells.slot and buys.price >= sells.price:
        last = buys.price
        if bought > sold:
            bought -= sold
            sold = 0
        else:
            sold -= bought
            bought = 0
        if bought == 0:
            step_walk(m, &buys)
            bought = lots_of(m, buys.slot) if buys.slot else 0
        if sold == 0:
            step_walk(m, &sells)
            sold = lots_of(m, sells.slot) if sells.slot else 0
    if last > 0 and sells.slot and sells.price <= last:
        return sells.price - 1  # there, more are sold than what was bought so far
    return last


cdef void find_cross(const Market* m, uint32_t instrument, Cross* c) noexcept nogil:
    cdef const Instrument* i = &m.instruments[instrument]
    cdef uint8_t kind = m.unseen[instrument].auction_kind
    cdef int64_t middle = highest_with_more_buys(m, instrument, kind)
    cdef int64_t below, above, low, high
    cdef uint64_t more_bought, more_sold
    cdef Candidates of
    cdef Reach buys, sells, buys_above, sells_above
    c.price = 0
    c.lots = 0
    c.imbalance = 0
    c.side = 0
    if middle < 0:
        return
    find_candidates(m, instrument, &of)
    below = floor_of(&of, middle)
    above = ceiling_of(&of, middle + 1)
    reach_to(m, instrument, SIDE_BUY, kind, below, &buys)
    reach_to(m, instrument, SIDE_SELL, kind, below, &sells)
    reach_to(m, instrument, SIDE_BUY, kind, above, &buys_above)
    reach_to(m, instrument, SIDE_SELL, kind, above, &sells_above)
    if sells.lots == 0 and buys_above.lots == 0:
        return
    more_bought = buys.lots - sells.lots
    more_sold = sells_above.lots - buys_above.lots
    c.price = below
    if buys_above.lots > sells.lots or (buys_above.lots == sells.lots and more_sold < more_bought):
        c.price = above
    elif more_bought == 0 or (buys_above.lots == sells.lots and more_sold == more_bought):
        low = ceiling_of(&of, greater(buys.beyond + 1, sells.last))
        high = below
        if more_bought:
            high = floor_of(&of, lesser(sells_above.beyond - 1, buys_above.last))
        c.price = nearest(&of, low, high, i.reference_price)
    if c.price <= below:
        c.lots = sells.lots
        c.imbalance = more_bought
        c.side = SIDE_BUY
    else:
        c.lots = buys_above.lots
        c.imbalance = more_sold
        c.side = SIDE_SELL
