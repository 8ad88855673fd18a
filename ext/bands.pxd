"""Price bands, restricted short sales and tick tables: docs/bands.md, "In the core"."""

from libc.stdint cimport int64_t, uint8_t, uint32_t

from ext.fields cimport is_beyond_price
from ext.layout cimport HAS_TICKS, Instrument, InstrumentText, Market, Order, Position, TICK_STEPS
from ext.levels cimport best_index
from ext.risk cimport Refusal, refuse
from ext.wire cimport *

cdef void set_bands(Market* m, const AdminCommand* c) noexcept nogil
cdef void set_short_sale(Market* m, const AdminCommand* c) noexcept nogil
cdef void set_ticks(Market* m, const AdminCommand* c) noexcept nogil
# An instrument has left OPEN: there are no bands any more.
cdef void drop_bands(Market* m, uint32_t instrument) noexcept nogil


# Ticks

cdef inline int64_t tick_at(const InstrumentText* t, int64_t price) noexcept nogil:
    """The tick of a table at a price."""
    cdef int k = TICK_STEPS - 1
    while k and (t.tick_sizes[k] == 0 or price < t.tick_prices[k]):
        k -= 1
    return t.tick_sizes[k]


cdef inline int64_t tick_down(const InstrumentText* t, int64_t price) noexcept nogil:
    """The highest price of the table up to this one."""
    return price - price % tick_at(t, price)


cdef inline int64_t tick_up(const InstrumentText* t, int64_t price) noexcept nogil:
    """The lowest price of the table from this one on: each step begins at a multiple of the tick before it."""
    cdef int64_t tick = tick_at(t, price)
    return (price + tick - 1) / tick * tick


cdef inline int64_t away_to_tick(const InstrumentText* t, uint32_t side, int64_t price) noexcept nogil:
    """The nearest price of the table that is no better for the other side."""
    return tick_down(t, price) if side == SIDE_BUY else tick_up(t, price)


cdef inline uint8_t check_tick_table(const InstrumentText* t, int64_t price, Refusal* r) noexcept nogil:
    """Checks 17 and 17a of a price; one that is none at all is left to check 16."""
    cdef int64_t tick
    if is_beyond_price(price):
        return 0
    tick = tick_at(t, price)
    return refuse(r, CHECK_TICK_SIZE, tick, price, 0) if price % tick else 0


cdef inline uint8_t check_ticks_of_new(
    const InstrumentText* t, uint8_t order_type, int64_t price, int64_t stop_price, Refusal* r,
) noexcept nogil:
    """Checks 17 and 17a of a NEW_ order with a table: its prices as sent."""
    cdef bint has_price = order_type == ORDER_TYPE_LIMIT or order_type == ORDER_TYPE_STOP_LIMIT
    cdef uint8_t check = 0
    if order_type == ORDER_TYPE_PEGGED:
        has_price = price != 0
    if has_price:
        check = check_tick_table(t, price, r)
    if check or stop_price == 0 or (has_price and is_beyond_price(price)):
        return check
    return check_tick_table(t, stop_price, r)


cdef inline bint has_limit(const Order* o, int64_t price) noexcept nogil:
    """Whether a REPLACE to a price asks for one of the table."""
    if o.order_type == ORDER_TYPE_PEGGED:
        return price != 0
    return o.order_type <= ORDER_TYPE_STOP_LIMIT and o.order_type != ORDER_TYPE_MARKET


# Short sales

cdef inline bint sells_short(const Position* p, int64_t qty, int64_t own_qty) noexcept nogil:
    """Whether a sell is of more than its account has and does not offer yet. own_qty: open lots that are free."""
    return qty > p.qty - p.open[SIDE_SELL] + own_qty


cdef inline uint8_t check_short(
    const Instrument* i, const InstrumentText* t, uint8_t order_type, uint8_t peg, int64_t price, bint to_call,
    Refusal* r,
) noexcept nogil:
    """Check 23a of a short sale while these are restricted. price: the order's, less its discretion; to_call: it waits
    for an auction."""
    cdef int64_t bid
    if to_call:
        return refuse(r, CHECK_SHORT_PRICE, 0, price, 0) if order_type != ORDER_TYPE_LIMIT else 0
    if not i.best_level[SIDE_BUY] or i.state != INSTRUMENT_STATE_OPEN:
        return 0
    if order_type == ORDER_TYPE_PEGGED:
        return refuse(r, CHECK_SHORT_PRICE, 0, peg, 0) if peg != PEG_MIDPOINT else 0
    if order_type != ORDER_TYPE_LIMIT:
        return refuse(r, CHECK_SHORT_PRICE, 0, price, 0)
    bid = best_index(i, SIDE_BUY) * i.tick_size
    if price > bid:
        return 0
    return refuse(r, CHECK_SHORT_PRICE, tick_up(t, bid + 1) if i.way & HAS_TICKS else bid + i.tick_size, price, 0)
