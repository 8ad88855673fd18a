"""Stops that trades meet. See docs/orders.md, "Stops"."""

from libc.stdint cimport int64_t, uint32_t

from ext.layout cimport Account, BY_PLACE, BY_TURN, Extra, Instrument, Market, Order, Unseen
from ext.places cimport (
    enqueue_met, let_go, hold_lots, lots_of, plant_stop, set_calm, stop_key, uproot_stop, water_key,
)
from ext.tree cimport first_of
from ext.wire cimport *


cdef void move_water(Market* m, Instrument* i, Unseen* u, uint32_t side, int64_t price) noexcept nogil:
    """Have the trailing stops of a side follow a trade that goes away from them."""
    cdef uint32_t slot = first_of(m, u.waters[side], BY_TURN)
    cdef Order* o
    cdef Extra* e
    cdef Account* a
    cdef uint32_t lots
    while slot and m.extras[slot].nodes[<int> BY_TURN].key < water_key(side, price):
        o = &m.orders[slot]
        e = &m.extras[slot]
        a = &m.accounts[o.account]
        lots = lots_of(m, slot)
        uproot_stop(m, u, slot)
        let_go(m, i, a, o, lots)
        e.water = price
        e.stop_price = trail_price(side, price, e.offset, e.modes)
        o.price = e.stop_price
        hold_lots(m, i, a, o, lots)
        plant_stop(m, u, slot)
        slot = first_of(m, u.waters[side], BY_TURN)


cdef void meet_stops(Market* m, uint32_t instrument, int64_t price) noexcept nogil:
    cdef Instrument* i = &m.instruments[instrument]
    cdef Unseen* u = &m.unseen[instrument]
    cdef uint32_t side, slot
    for side in range(2):
        move_water(m, i, u, side, price)
    for side in range(2):
        slot = first_of(m, u.stops[side], BY_PLACE)
        while slot and m.extras[slot].nodes[<int> BY_PLACE].key <= stop_key(side, price):
            uproot_stop(m, u, slot)
            enqueue_met(m, slot)
            slot = first_of(m, u.stops[side], BY_PLACE)
    set_calm(m, i, u)
