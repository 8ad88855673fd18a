"""What matching would trade. See docs/orders.md, "Dry run".

Levels are gone through as they lie. Dark orders that matching would use up are taken out of their trees until the end,
where they go back to where they were: so what is behind them is found as matching would find it.
"""

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

from ext.dark cimport first_dark, generous_price, is_within, plant_dark, uproot_dark
from ext.events cimport level_at
from ext.layout cimport BY_PLACE, Instrument, Level, Market, Order, Unseen
from ext.levels cimport best_index, level_of_index, next_index
from ext.meeting cimport have_same_owner
from ext.pegs cimport displayed_tops
from ext.places cimport lots_of
from ext.tree cimport next_in
from ext.wire cimport SELF_TRADE_ALLOW, SELF_TRADE_CANCEL_OLDEST, SELF_TRADE_DECREMENT


cdef struct Run:
    uint32_t incoming
    uint64_t left           # of the incoming order
    uint64_t traded
    uint64_t enough
    uint32_t taken          # dark orders that are used up, linked by queue_next, which no order of theirs needs


cdef inline bint take(Run* run, uint64_t lots) noexcept nogil:
    """Trade so many lots, or all that are left. False when that is enough."""
    cdef uint64_t qty = lots if lots < run.left else run.left
    run.left -= qty
    run.traded += qty
    return run.left != 0 and run.traded < run.enough


cdef inline bint skip_own(const Market* m, uint32_t slot, Run* run) noexcept nogil:
    """Meet an order of the same owner. False when matching ends."""
    cdef uint8_t mode = m.orders[run.incoming].self_trade
    cdef uint64_t lots = lots_of(m, slot)
    if mode == SELF_TRADE_CANCEL_OLDEST:
        return True
    if mode != SELF_TRADE_DECREMENT or lots >= run.left:
        return False
    run.left -= lots
    return True


cdef inline bint is_own(const Market* m, uint32_t slot, const Run* run) noexcept nogil:
    return m.orders[run.incoming].self_trade != SELF_TRADE_ALLOW and have_same_owner(m, slot, run.incoming)


cdef bint run_level(const Market* m, const Level* level, Run* run) noexcept nogil:
    """Go through a level. False when matching ends in it. Refreshed parts of icebergs come after all that is shown."""
    cdef uint32_t slot = level.head
    cdef uint64_t reserve = level.reserve
    if m.orders[run.incoming].self_trade == SELF_TRADE_ALLOW:
        return take(run, level.qty + level.reserve)
    while slot:
        if is_own(m, slot, run):
            reserve -= lots_of(m, slot) - m.orders[slot].leaves
            if not skip_own(m, slot, run):
                return False
        elif not take(run, m.orders[slot].leaves):
            return False
        slot = m.links[slot].next
    return take(run, reserve)


cdef bint run_order(const Market* m, uint32_t slot, Run* run) noexcept nogil:
    """Meet an order with all its lots. False when matching ends with it."""
    return skip_own(m, slot, run) if is_own(m, slot, run) else take(run, lots_of(m, slot))


cdef bint run_prices(Market* m, const Instrument* i, Unseen* u, int64_t limit, Run* run) noexcept nogil:
    """Go through book and dark by price. False when matching ends there."""
    cdef const Order* taker = &m.orders[run.incoming]
    cdef uint32_t other = taker.side ^ 1
    cdef int64_t best = best_index(i, other)
    cdef int64_t[2] top
    cdef int64_t price = 0
    cdef int64_t displayed
    cdef uint32_t passed = 0
    cdef uint32_t dark
    displayed_tops(i, top)
    while True:
        displayed = best * i.tick_size
        dark = first_dark(m, i, u, other, top, limit, <uint32_t> run.left, &passed, &price)
        if best >= 0 and is_within(other, displayed, limit) and (dark == 0 or is_within(other, displayed, price)):
            if not run_level(m, level_at(m, level_of_index(m, i, taker.instrument, best)), run):
                return False
            best = next_index(m, i, taker.instrument, other, best)
        elif dark:
            uproot_dark(m, u, dark)
            m.extras[dark].queue_next = run.taken
            run.taken = dark
            if not run_order(m, dark, run):
                return False
        else:
            return True


cdef void run_discretion(Market* m, Unseen* u, int64_t limit, Run* run) noexcept nogil:
    """Go on with displayed orders whose discretion reaches the limit; those whose price does are gone by then."""
    cdef uint32_t other = m.orders[run.incoming].side ^ 1
    cdef uint32_t slot = u.discretions[other].front
    while slot and is_within(other, generous_price(m, slot), limit):
        if not is_within(other, m.orders[slot].price, limit) and not run_order(m, slot, run):
            return
        slot = next_in(m, u.discretions[other].root, slot, BY_PLACE)


cdef uint64_t dry_run(Market* m, const Instrument* i, uint32_t slot, int64_t limit, uint64_t enough) noexcept nogil:
    cdef Unseen* u = &m.unseen[m.orders[slot].instrument]
    cdef Run run = Run(slot, lots_of(m, slot), 0, enough, 0)
    cdef uint32_t taken
    if run_prices(m, i, u, limit, &run):
        run_discretion(m, u, limit, &run)
    while run.taken:
        taken = run.taken
        run.taken = m.extras[taken].queue_next
        m.extras[taken].queue_next = 0
        plant_dark(m, u, taken)
    return run.traded
