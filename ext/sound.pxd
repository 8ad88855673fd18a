"""Whether a special order that a snapshot tells of is one that can be: else its bytes are damaged."""

from libc.stdint cimport uint32_t, uint64_t

from ext.fields cimport is_beyond_price, is_leg_type, is_stop
from ext.layout cimport (
    Extra, HAS_TIE, IS_DISCRETIONARY, IS_SPECIAL, NEEDS_CARE, OF_KEY, Order, PLACE_BITS, PLACE_SHIFT, TIE_BITS,
)
from ext.ties cimport is_waiting
from ext.wire cimport *


cdef inline bint is_sound_in_book(const Order* o, const Extra* e) noexcept nogil:
    """Whether a special order of the book is one that may be there."""
    cdef uint32_t special = IS_SPECIAL | o.special & (TIE_BITS | OF_KEY)
    if e.display_qty or o.flags & ORDER_FLAG_REDUCE_ONLY or o.special & (HAS_TIE | OF_KEY):
        special |= NEEDS_CARE
    if e.discretion:
        special |= IS_DISCRETIONARY
        if not 0 < e.discretion <= MAX_PRICE or is_beyond_price(
                o.price + e.discretion if o.side == SIDE_BUY else o.price - e.discretion):
            return False
    if e.reserve and (o.leaves > e.display_qty or <uint64_t> o.leaves + e.reserve > MAX_QTY):
        return False
    return (o.special == special and not is_stop(o.order_type) and o.order_type != ORDER_TYPE_PEGGED
            and not o.flags & ORDER_FLAG_HIDDEN)


cdef inline bint is_sound_in_dark(const Order* o, const Extra* e) noexcept nogil:
    if o.order_type == ORDER_TYPE_PEGGED:
        return (PEG_PRIMARY <= e.peg <= PEG_MIDPOINT and -MAX_PRICE <= e.offset <= MAX_PRICE
                and (e.offset <= 0 if o.side == SIDE_BUY else e.offset >= 0)
                and 0 <= e.stop_price <= MAX_PRICE)
    return o.order_type == ORDER_TYPE_LIMIT and o.flags & ORDER_FLAG_HIDDEN


cdef inline bint is_sound(const Order* o, const Extra* e) noexcept nogil:
    """Whether an order that is in no book is one that may be so."""
    cdef uint32_t place = (o.special & PLACE_BITS) >> PLACE_SHIFT
    if o.leaves == 0 or o.level or is_beyond_price(o.price) or e.discretion:
        return False
    if o.special & ~<uint32_t> (TIE_BITS | PLACE_BITS | OF_KEY) != IS_SPECIAL:
        return False
    if is_waiting(o) and not is_leg_type(o.order_type, o.tif, o.flags):
        return False
    if is_stop(o.order_type):
        if o.order_type == ORDER_TYPE_TRAILING_STOP and place == PLACE_STOP and is_beyond_price(e.water):
            return False
        return (place == PLACE_STOP or is_waiting(o)) and not is_beyond_price(e.stop_price)
    return is_waiting(o) or place == PLACE_CALL or (place == PLACE_DARK and is_sound_in_dark(o, e))
