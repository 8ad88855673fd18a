"""Stops that trades meet. See docs/orders.md, "Stops"."""

from libc.stdint cimport int64_t, uint32_t

from ext.layout cimport BY_PLACE, Instrument, Market, Unseen
from ext.places cimport enqueue_met, set_calm, stop_key, uproot_stop
from ext.tides cimport move_tides, single_out
from ext.tree cimport first_of


cdef void meet_stops(Market* m, uint32_t instrument, int64_t price) noexcept nogil:
    cdef Instrument* i = &m.instruments[instrument]
    cdef Unseen* u = &m.unseen[instrument]
    cdef uint32_t side, slot
    for side in range(2):
        move_tides(m, u, side, price)
    for side in range(2):
        single_out(m, u, side, stop_key(side, price))
        slot = first_of(m, u.stops[side], BY_PLACE)
        while slot and m.extras[slot].nodes[<int> BY_PLACE].key <= stop_key(side, price):
            uproot_stop(m, u, slot)
            enqueue_met(m, slot)
            slot = first_of(m, u.stops[side], BY_PLACE)
    set_calm(m, i, u)
