"""Prices of orders that are no plain limit or market orders: checks 16 to 18b of docs/orders.md."""

from libc.stdint cimport int64_t, uint8_t

from ext.layout cimport Extra, Further, Instrument, Order
from ext.fields cimport broken, check_parts, is_beyond_price, is_stop
from ext.levels cimport best_index, index_of
from ext.places cimport place_of
from ext.risk cimport Refusal, check_band, check_price, is_beyond_band, market_price, refuse
from ext.stops cimport trail_price
from ext.ties cimport is_waiting
from ext.wire cimport *


cdef inline uint8_t check_tick(const Instrument* i, int64_t price, Refusal* r) noexcept nogil:
    if index_of(i, price) * i.tick_size != price:
        return refuse(r, CHECK_TICK_SIZE, i.tick_size, price, 0)
    return 0


cdef inline uint8_t check_steps(const Instrument* i, int64_t distance, Refusal* r) noexcept nogil:
    """Check 17a of an offset or a discretion, which may be below 0."""
    if distance % i.tick_size:
        return refuse(r, CHECK_TICK_SIZE, i.tick_size, distance, 0)
    return 0


cdef inline uint8_t check_limit(const Instrument* i, int64_t price, Refusal* r) noexcept nogil:
    """Checks 16 and 17."""
    if is_beyond_price(price):
        return refuse(r, CHECK_PRICE, MAX_PRICE, price, 0)
    return check_tick(i, price, r)


cdef inline uint8_t check_stop_side(const Instrument* i, uint8_t side, int64_t stop_price, Refusal* r) noexcept nogil:
    """Check 18a of STOP and STOP_LIMIT: a stop that the market has met already is none."""
    cdef int64_t reference = i.reference_price
    if reference and (stop_price <= reference if side == SIDE_BUY else stop_price >= reference):
        return refuse(r, CHECK_STOP_SIDE, reference, stop_price, 0)
    return 0


cdef inline uint8_t check_discretionary(
    const Instrument* i, const OrderCommand* c, const Further* f, Refusal* r,
) noexcept nogil:
    """Checks 16 to 18 of a LIMIT order with discretion."""
    cdef uint8_t check = check_limit(i, c.price, r)
    if check == 0:
        check = check_steps(i, f.discretion, r)
    return check if check else check_price(i, c.side, c.price, index_of(i, c.price), False, r)


cdef inline uint8_t check_peg(
    const Instrument* i, uint8_t side, uint8_t peg, int64_t offset, int64_t* price, Refusal* r,
) noexcept nogil:
    """Checks 16 to 18 of PEGGED. price: its cap as sent, then as it counts."""
    cdef uint8_t check = 0
    cdef bint is_given = price[0] != 0
    if is_given:
        check = check_limit(i, price[0], r)
    if check == 0 and peg != PEG_MIDPOINT:
        check = check_steps(i, offset, r)
    if check == 0 and is_given:
        check = check_price(i, side, price[0], index_of(i, price[0]), False, r)
    if not is_given:
        price[0] = market_price(i, side, False)
    return check if check or price[0] else refuse(r, CHECK_NO_PRICE, 0, 0, 0)


cdef inline uint8_t check_trail(
    const Instrument* i, const OrderCommand* c, const Further* f, int64_t* price, Refusal* r,
) noexcept nogil:
    if i.reference_price == 0:
        return refuse(r, CHECK_STOP_SIDE, 1, 0, 0)
    price[0] = trail_price(c.side, i.reference_price, f.offset, f.modes)
    if price[0] < 1:
        return refuse(r, CHECK_STOP_SIDE, 1, price[0], 0)
    if price[0] > MAX_PRICE:
        return refuse(r, CHECK_STOP_SIDE, MAX_PRICE, price[0], 0)
    return 0


cdef inline uint8_t check_special_price(
    const Instrument* i, const OrderCommand* c, const Further* f, int64_t* price, Refusal* r,
) noexcept nogil:
    """Checks 16 to 18b of a NEW_ order. price: the order's."""
    cdef uint8_t check = 0
    if c.order_type == ORDER_TYPE_PEGGED:
        return check_peg(i, c.side, f.peg, f.offset, price, r)
    if c.order_type == ORDER_TYPE_TRAILING_STOP:
        return check_trail(i, c, f, price, r)
    if c.order_type == ORDER_TYPE_MARKET_TO_LIMIT:
        if i.state == INSTRUMENT_STATE_CALL or c.tif == TIME_IN_FORCE_AUCTION:
            price[0] = market_price(i, c.side, True)
            return 0
        if i.best_level[c.side ^ 1] == 0:
            return refuse(r, CHECK_NO_PRICE, 0, 0, 0)
        price[0] = best_index(i, c.side ^ 1) * i.tick_size
        if is_beyond_band(i, c.side, price[0]):
            return refuse(r, CHECK_NO_PRICE, 0, 0, 0)
        return 0
    if c.order_type == ORDER_TYPE_STOP_LIMIT:
        check = check_limit(i, c.price, r)
    else:
        price[0] = f.stop_price
    if check == 0:
        check = check_tick(i, f.stop_price, r)
    if check or f.role == ROLE_CHILD:
        return check
    return check_stop_side(i, c.side, f.stop_price, r)


cdef inline uint8_t check_stop_replace(
    const Instrument* i, const OrderCommand* c, const Order* o, int64_t* price, Refusal* r,
) noexcept nogil:
    """Checks 16 to 18a of a REPLACE of a stop that waits. price: the order's after it."""
    cdef uint8_t check
    if o.order_type == ORDER_TYPE_TRAILING_STOP:
        price[0] = o.price
        return 0
    if o.order_type == ORDER_TYPE_STOP_LIMIT:
        return check_limit(i, c.price, r)
    if is_beyond_price(c.price):
        return refuse(r, CHECK_PRICE, MAX_PRICE, c.price, 0)
    check = check_tick(i, c.price, r)
    if check or is_waiting(o):
        return check
    return check_stop_side(i, o.side, c.price, r)


cdef inline uint8_t check_special_replace(
    const Instrument* i, const OrderCommand* c, const Order* o, const Extra* e, int64_t leaves, int64_t* price,
    Refusal* r,
) noexcept nogil:
    """Checks 16 to 18a of a REPLACE of a special order, and that its discretion and display_qty go along. price: as
    above."""
    cdef uint8_t check
    if is_stop(o.order_type):
        return check_stop_replace(i, c, o, price, r)
    if o.order_type == ORDER_TYPE_PEGGED:
        return check_peg(i, o.side, e.peg, e.offset, price, r)
    check = check_price(i, o.side, c.price, index_of(i, c.price), is_waiting(o), r)
    if check == CHECK_PRICE_BAND or (check == 0 and e.discretion):
        check = 0 if place_of(o) == PLACE_CALL else check_band(
            i, o.side, c.price + e.discretion if o.side == SIDE_BUY else c.price - e.discretion, r)
    if check == 0 and is_beyond_price(c.price + e.discretion if o.side == SIDE_BUY else c.price - e.discretion):
        return broken(r, RULE_DISCRETION, e.discretion)
    return check if check else check_parts(e.display_qty, leaves, r)
