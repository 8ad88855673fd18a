"""Whether the fields of an order are valid and go together: checks 5 to 10a, and 12 and 12a, of docs/orders.md."""

from libc.stdint cimport int64_t, uint8_t, uint32_t

from ext.bits cimport likely, unlikely
from ext.layout cimport Extra, Further, Instrument, Order, Unseen
from ext.risk cimport Refusal, refuse
from ext.wire cimport *

cdef enum:
    LARGEST_TRAIL = 9999  # basis points
    MOST_PARTS = 1000       # of an iceberg: what it shows comes back no more often
    LAST_TYPE = ORDER_TYPE_PEGGED
    LAST_TIF = TIME_IN_FORCE_AUCTION
    LAST_SELF_TRADE = SELF_TRADE_DECREMENT
    LAST_PEG = PEG_MIDPOINT
    NEW_FLAGS = 249         # all but those of REPLACE
    NEW_MODES = MODE_FLAG_TRAIL_PERCENT | MODE_FLAG_IMBALANCE_ONLY


cdef inline bint may_rest(uint8_t tif) noexcept nogil:
    return tif <= TIME_IN_FORCE_GTC or tif == TIME_IN_FORCE_GTD


cdef inline bint may_outlive_day(uint8_t tif) noexcept nogil:
    return tif == TIME_IN_FORCE_GTC or tif == TIME_IN_FORCE_GTD


cdef inline bint waits_for_auction(uint8_t tif) noexcept nogil:
    return tif >= TIME_IN_FORCE_AT_OPEN


cdef inline bint is_stop(uint8_t order_type) noexcept nogil:
    return ORDER_TYPE_STOP <= order_type <= ORDER_TYPE_TRAILING_STOP


cdef inline bint is_leg_type(uint8_t order_type, uint8_t tif, uint8_t flags) noexcept nogil:
    """Whether an order of a ring may be such a one: docs/linked.md."""
    if order_type != ORDER_TYPE_LIMIT and not is_stop(order_type) or not may_rest(tif):
        return False
    return flags & ~<uint8_t> (ORDER_FLAG_POST_ONLY | ORDER_FLAG_DO_NOT_ROUTE) == 0


cdef inline bint is_at_once(const OrderCommand* c) noexcept nogil:
    """A LIMIT or MARKET order that is IOC; a MARKET order is, whatever its tif but FOK and those of auctions."""
    if c.order_type == ORDER_TYPE_MARKET:
        return c.tif != TIME_IN_FORCE_FOK and not waits_for_auction(c.tif)
    return c.order_type == ORDER_TYPE_LIMIT and c.tif == TIME_IN_FORCE_IOC


cdef inline bint is_resting_limit(const OrderCommand* c) noexcept nogil:
    return c.order_type == ORDER_TYPE_LIMIT and may_rest(c.tif)


cdef inline bint is_beyond_price(int64_t price) noexcept nogil:
    return not 1 <= price <= MAX_PRICE


cdef inline uint8_t broken(Refusal* r, int64_t rule, int64_t value) noexcept nogil:
    return refuse(r, CHECK_COMBINATION, rule, value, 0)


cdef inline bint offset_holds(const OrderCommand* c, const Further* f) noexcept nogil:
    if c.order_type == ORDER_TYPE_TRAILING_STOP:
        return 1 <= f.offset <= (LARGEST_TRAIL if f.modes & MODE_FLAG_TRAIL_PERCENT else MAX_PRICE)
    if c.order_type != ORDER_TYPE_PEGGED:
        return f.offset == 0
    if f.peg == PEG_MARKET and f.offset == 0:
        return False
    return -MAX_PRICE <= f.offset <= 0 if c.side == SIDE_BUY else 0 <= f.offset <= MAX_PRICE


cdef inline bint mode_holds(const OrderCommand* c, const Further* f) noexcept nogil:
    if f.modes & MODE_FLAG_TRAIL_PERCENT and c.order_type != ORDER_TYPE_TRAILING_STOP:
        return False
    return not f.modes & MODE_FLAG_IMBALANCE_ONLY or (
        c.order_type == ORDER_TYPE_LIMIT and (c.tif == TIME_IN_FORCE_AT_OPEN or c.tif == TIME_IN_FORCE_AT_CLOSE))


cdef inline bint tif_holds(const OrderCommand* c, const Further* f) noexcept nogil:
    if waits_for_auction(c.tif):
        if c.order_type > ORDER_TYPE_MARKET and not (
                c.order_type == ORDER_TYPE_MARKET_TO_LIMIT and c.tif == TIME_IN_FORCE_AUCTION):
            return False
        return c.flags & ~<uint8_t> ORDER_FLAG_DO_NOT_ROUTE == 0 and f.display_qty == 0
    if c.order_type <= ORDER_TYPE_MARKET or may_rest(c.tif):
        return True
    return c.order_type == ORDER_TYPE_MARKET_TO_LIMIT and c.tif == TIME_IN_FORCE_IOC


cdef inline bint is_too_many_parts(int64_t lots, uint32_t display_qty) noexcept nogil:
    return lots > <int64_t> display_qty * MOST_PARTS


cdef inline bint discretion_holds(const OrderCommand* c, const Further* f) noexcept nogil:
    if not 1 <= f.discretion <= MAX_PRICE or not is_resting_limit(c):
        return False
    if c.flags & (ORDER_FLAG_HIDDEN | ORDER_FLAG_POST_ONLY):
        return False
    if c.side == SIDE_BUY:  # of any price at all: a sum with it could overflow
        return -f.discretion < c.price <= MAX_PRICE - f.discretion
    return f.discretion < c.price <= MAX_PRICE + f.discretion


cdef inline bint link_holds(const OrderCommand* c, const Further* f) noexcept nogil:
    if f.role == ROLE_NONE:
        return f.link_id == 0
    if f.link_id == 0 and f.role != ROLE_CHILD:
        return False
    return f.role == ROLE_PARENT or (
        is_leg_type(c.order_type, c.tif, c.flags) and f.display_qty == 0 and f.min_qty == 0 and f.discretion == 0)


cdef inline uint8_t check_combination(
    const OrderCommand* c, const Further* f, int64_t ts_ns, Refusal* r,
) noexcept nogil:
    """Check 10a: the first Rule that is broken."""
    cdef bint has_stop = c.order_type == ORDER_TYPE_STOP or c.order_type == ORDER_TYPE_STOP_LIMIT
    if is_beyond_price(f.stop_price) if has_stop else f.stop_price != 0:
        return broken(r, RULE_STOP_PRICE, f.stop_price)
    if (f.peg != PEG_NONE) != (c.order_type == ORDER_TYPE_PEGGED):
        return broken(r, RULE_PEG_KIND, f.peg)
    if not offset_holds(c, f):
        return broken(r, RULE_OFFSET, f.offset)
    if not mode_holds(c, f):
        return broken(r, RULE_MODE, f.modes)
    if not tif_holds(c, f):
        return broken(r, RULE_TIF, c.tif)
    if f.expire_ns <= ts_ns if c.tif == TIME_IN_FORCE_GTD else f.expire_ns != 0:
        return broken(r, RULE_EXPIRE, f.expire_ns)
    if c.flags & ORDER_FLAG_POST_ONLY and not is_resting_limit(c):
        return broken(r, RULE_POST, c.flags)
    if c.flags & ORDER_FLAG_SLIDE and not c.flags & ORDER_FLAG_POST_ONLY:
        return broken(r, RULE_POST, c.flags)
    if c.flags & ORDER_FLAG_HIDDEN and (not is_resting_limit(c) or c.flags & ORDER_FLAG_POST_ONLY):
        return broken(r, RULE_DARK, c.flags)
    if c.flags & ORDER_FLAG_ALL_OR_NONE and not c.flags & ORDER_FLAG_HIDDEN and not is_at_once(c):
        return broken(r, RULE_DARK, c.flags)
    if f.min_qty and (f.min_qty > c.qty or c.flags & ORDER_FLAG_ALL_OR_NONE
                      or not (c.flags & ORDER_FLAG_HIDDEN or is_at_once(c))):
        return broken(r, RULE_MIN_QTY, f.min_qty)
    if f.display_qty and (f.display_qty > c.qty or is_too_many_parts(c.qty, f.display_qty) or not is_resting_limit(c)
                          or f.discretion or c.flags & (ORDER_FLAG_HIDDEN | ORDER_FLAG_REDUCE_ONLY)):
        return broken(r, RULE_DISPLAY, f.display_qty)
    if f.discretion and not discretion_holds(c, f):
        return broken(r, RULE_DISCRETION, f.discretion)
    if not link_holds(c, f):
        return broken(r, RULE_LINK, <int64_t> f.link_id)
    return 0


cdef inline uint8_t check_parts(uint32_t display_qty, int64_t lots, Refusal* r) noexcept nogil:
    """Of a REPLACE, after check 18."""
    if display_qty and is_too_many_parts(lots, display_qty):
        return broken(r, RULE_DISPLAY, display_qty)
    return 0


cdef inline uint8_t check_fields(
    const OrderCommand* c, const Further* f, int64_t ts_ns, Refusal* r,
) noexcept nogil:
    """Checks 5 to 10a."""
    if c.side > SIDE_SELL:
        return refuse(r, CHECK_SIDE, SIDE_SELL, c.side, 0)
    if c.order_type > LAST_TYPE:
        return refuse(r, CHECK_ORDER_TYPE, LAST_TYPE, c.order_type, 0)
    if c.tif > LAST_TIF:
        return refuse(r, CHECK_TIME_IN_FORCE, LAST_TIF, c.tif, 0)
    if c.self_trade > LAST_SELF_TRADE:
        return refuse(r, CHECK_SELF_TRADE_MODE, LAST_SELF_TRADE, c.self_trade, 0)
    if c.flags & ~<uint8_t> NEW_FLAGS:
        return refuse(r, CHECK_FLAGS, NEW_FLAGS, c.flags, 0)
    if f.modes & ~<uint8_t> NEW_MODES:
        return refuse(r, CHECK_MODES, NEW_MODES, f.modes, 0)
    if f.peg > LAST_PEG:
        return refuse(r, CHECK_PEG, LAST_PEG, f.peg, 0)
    if f.role > ROLE_PARENT:
        return refuse(r, CHECK_ROLE, ROLE_PARENT, f.role, 0)
    if c.flags & ORDER_FLAG_POST_ONLY and (
            c.tif == TIME_IN_FORCE_IOC or c.tif == TIME_IN_FORCE_FOK or c.order_type == ORDER_TYPE_MARKET):
        return refuse(r, CHECK_TIME_IN_FORCE, TIME_IN_FORCE_GTC, c.tif, 0)
    return check_combination(c, f, ts_ns, r)


cdef inline uint8_t check_call(
    uint8_t order_type, uint8_t tif, uint8_t flags, uint8_t peg, uint32_t min_qty, int64_t discretion, Refusal* r,
) noexcept nogil:
    """Check 12a of an order in CALL: the first Rule of what no auction takes."""
    if order_type == ORDER_TYPE_PEGGED:
        return broken(r, RULE_PEG_KIND, peg)
    if tif == TIME_IN_FORCE_IOC or tif == TIME_IN_FORCE_FOK:
        return broken(r, RULE_TIF, tif)
    if flags & (ORDER_FLAG_POST_ONLY | ORDER_FLAG_REDUCE_ONLY):
        return broken(r, RULE_POST, flags)
    if flags & ORDER_FLAG_ALL_OR_NONE:
        return broken(r, RULE_DARK, flags)
    if min_qty:
        return broken(r, RULE_MIN_QTY, min_qty)
    if discretion:
        return broken(r, RULE_DISCRETION, discretion)
    return 0


cdef inline uint8_t check_replace_in_call(const Order* o, const Extra* e, Refusal* r) noexcept nogil:
    """Check 12a of a REPLACE in CALL. e: of a special order."""
    if o.special:
        return check_call(o.order_type, o.tif, o.flags, e.peg, e.min_qty, e.discretion, r)
    return check_call(o.order_type, o.tif, o.flags, PEG_NONE, 0, 0, r)


cdef inline uint8_t check_state(
    const OrderCommand* c, const Further* f, const Instrument* i, const Unseen* u, Refusal* r,
) noexcept nogil:
    """Checks 12 and 12a of a NEW_ORDER: docs/auctions.md, "Which orders are taken when"."""
    if likely(i.state == INSTRUMENT_STATE_OPEN and c.tif != TIME_IN_FORCE_AT_OPEN):
        return 0
    if i.state == INSTRUMENT_STATE_CALL and f.role == ROLE_CHILD:
        return 0
    if i.state == INSTRUMENT_STATE_CALL and (
            c.tif != TIME_IN_FORCE_AT_OPEN or u.auction_kind == AUCTION_KIND_OPENING):
        return check_call(c.order_type, c.tif, c.flags, f.peg, f.min_qty, f.discretion, r)
    return refuse(r, CHECK_INSTRUMENT_STATE, INSTRUMENT_STATE_OPEN, i.state, 0)
