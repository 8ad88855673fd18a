"""The trees of pegs. See pegs.pxd."""

from libc.stdint cimport int64_t, uint32_t

from ext.layout cimport BY_PLACE, BY_TURN, Extra, Market, Order, Unseen
from ext.places cimport rank_key
from ext.tree cimport first_of, plant, uproot
from ext.wire cimport SIDE_BUY


cdef inline int64_t turn_key(uint32_t side, const Order* o, const Extra* e) noexcept nogil:
    """Of pegs whose cap does not bind: that which a reference growing more generous turns first has the lowest."""
    return o.price - e.offset if side == SIDE_BUY else e.offset - o.price


cdef inline void plant_free(Market* m, Unseen* u, uint32_t slot) noexcept nogil:
    cdef const Order* o = &m.orders[slot]
    cdef const Extra* e = &m.extras[slot]
    plant(m, &u.pegs[o.side][e.peg], slot, BY_PLACE, rank_key(o.side, e.offset))
    plant(m, &u.turns[o.side][e.peg], slot, BY_TURN, turn_key(o.side, o, e))


cdef inline void uproot_free(Market* m, Unseen* u, uint32_t slot) noexcept nogil:
    cdef uint32_t side = m.orders[slot].side
    cdef uint32_t peg = m.extras[slot].peg
    uproot(m, &u.pegs[side][peg], slot, BY_PLACE)
    uproot(m, &u.turns[side][peg], slot, BY_TURN)


cdef inline void plant_capped(Market* m, Unseen* u, uint32_t slot) noexcept nogil:
    cdef const Order* o = &m.orders[slot]
    cdef const Extra* e = &m.extras[slot]
    plant(m, &u.capped[o.side][e.peg], slot, BY_PLACE, rank_key(o.side, o.price))
    plant(m, &u.returns[o.side][e.peg], slot, BY_TURN, -turn_key(o.side, o, e))


cdef inline void uproot_capped(Market* m, Unseen* u, uint32_t slot) noexcept nogil:
    cdef uint32_t side = m.orders[slot].side
    cdef uint32_t peg = m.extras[slot].peg
    uproot(m, &u.capped[side][peg], slot, BY_PLACE)
    uproot(m, &u.returns[side][peg], slot, BY_TURN)


cdef inline bint binds(const Market* m, uint32_t slot, int64_t reference) noexcept nogil:
    """Whether a peg's cap does at a reference."""
    return is_capped(m.orders[slot].side, reference, m.extras[slot].offset, m.orders[slot].price)


cdef void plant_peg(Market* m, Unseen* u, uint32_t slot) noexcept nogil:
    if binds(m, slot, u.peg_references[m.orders[slot].side][m.extras[slot].peg]):
        plant_capped(m, u, slot)
    else:
        plant_free(m, u, slot)


cdef void uproot_peg(Market* m, Unseen* u, uint32_t slot) noexcept nogil:
    if binds(m, slot, u.peg_references[m.orders[slot].side][m.extras[slot].peg]):
        uproot_capped(m, u, slot)
    else:
        uproot_free(m, u, slot)


cdef void sort_pegs(Market* m, Unseen* u, uint32_t side, uint32_t peg, int64_t reference) noexcept nogil:
    cdef uint32_t slot = first_of(m, u.turns[side][peg], BY_TURN)
    u.peg_references[side][peg] = reference
    while slot and binds(m, slot, reference):
        uproot_free(m, u, slot)
        plant_capped(m, u, slot)
        slot = first_of(m, u.turns[side][peg], BY_TURN)
    slot = first_of(m, u.returns[side][peg], BY_TURN)
    while slot and not binds(m, slot, reference):
        uproot_capped(m, u, slot)
        plant_free(m, u, slot)
        slot = first_of(m, u.returns[side][peg], BY_TURN)
