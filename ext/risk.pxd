"""Risk: the checks that an order passes before it may trade, in the order of docs/core.md.

A check returns its Check code when it fails, with limit, value and headroom in a Refusal; 0 when it passes. Nothing
here changes state but the window of the account's rate.
"""

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

from ext.bits cimport add_cut, likely, unlikely
from ext.book cimport has_page, has_slot
from ext.fees cimport fee_reserve
from ext.layout cimport Account, FAR_AWAY, Instrument, Market, Position
from ext.ledger cimport free_cash
from ext.levels cimport best_index, index_of
from ext.wire cimport *

cdef enum:
    SECOND_NS = 1000000000
    BASIS_POINTS = 10000


cdef struct Refusal:
    int64_t limit
    int64_t value
    int64_t headroom
    uint8_t distance  # of the checks of docs/desks.md alone: how far above the account


cdef inline uint8_t refuse(Refusal* r, uint8_t check, int64_t limit, int64_t value, int64_t headroom) noexcept nogil:
    r.limit = limit
    r.value = value
    r.headroom = headroom
    return check


cdef inline int64_t at_least_0(int64_t x) noexcept nogil:
    return x if x > 0 else 0


cdef inline int64_t either(uint32_t side, int64_t of_buy, int64_t of_sell) noexcept nogil:
    """Pick by side without a branch: sides come as they like, and a branch would often be guessed wrong."""
    return of_buy ^ ((of_buy ^ of_sell) & -<int64_t> side)


cdef inline int64_t lesser(int64_t a, int64_t b) noexcept nogil:
    return a if a < b else b


cdef inline int64_t greater(int64_t a, int64_t b) noexcept nogil:
    return a if a > b else b


cdef inline int64_t upper_of(const Instrument* i) noexcept nogil:
    """The largest price of a buy order."""
    return i.lowest[SIDE_BUY] + <int64_t> i.span[SIDE_BUY]


cdef inline int64_t lower_of(const Instrument* i) noexcept nogil:
    """The smallest price of a sell order."""
    return i.lowest[SIDE_SELL]


cdef inline void set_collar(Instrument* i) noexcept nogil:
    """The bounds of prices: the collar around the reference price, and the price bands."""
    cdef int64_t band = i.reference_price * i.collar_bps / BASIS_POINTS
    cdef int64_t upper = MAX_PRICE
    cdef int64_t lower = 1
    if i.collar_bps and i.reference_price:
        upper = lesser(i.reference_price + band, MAX_PRICE)
        lower = greater(i.reference_price - band, 1)
    upper = lesser(upper, MAX_PRICE - i.band_room)
    lower = greater(lower, i.band_lower)
    i.lowest[SIDE_BUY] = 1
    i.span[SIDE_BUY] = <uint64_t> (upper - 1)
    i.lowest[SIDE_SELL] = lower
    i.span[SIDE_SELL] = <uint64_t> (MAX_PRICE - lower)


cdef inline int64_t collar_of(const Instrument* i, uint32_t side) noexcept nogil:
    """The bound of prices by the collar alone."""
    cdef int64_t band = i.reference_price * i.collar_bps / BASIS_POINTS
    if not (i.collar_bps and i.reference_price):
        return MAX_PRICE if side == SIDE_BUY else 1
    if side == SIDE_BUY:
        return lesser(i.reference_price + band, MAX_PRICE)
    return greater(i.reference_price - band, 1)


cdef inline int64_t band_of(const Instrument* i, uint32_t side) noexcept nogil:
    """The bound by the price bands, where there are some: on a tick; 0 or beyond MAX_PRICE where none is within."""
    if side == SIDE_BUY:
        return index_of(i, MAX_PRICE - i.band_room) * i.tick_size
    return index_of(i, i.band_lower + i.tick_size - 1) * i.tick_size


cdef inline bint is_beyond_band(const Instrument* i, uint32_t side, int64_t price) noexcept nogil:
    if i.band_lower == 0:
        return False
    return price > band_of(i, side) if side == SIDE_BUY else price < band_of(i, side)


cdef inline uint8_t check_band(const Instrument* i, uint32_t side, int64_t price, Refusal* r) noexcept nogil:
    """Check 18c."""
    return refuse(r, CHECK_PRICE_BAND, band_of(i, side), price, 0) if is_beyond_band(i, side, price) else 0


cdef inline uint8_t refuse_bound(const Instrument* i, uint32_t side, int64_t price, Refusal* r) noexcept nogil:
    """Which bound a price is beyond: the collar, or else the price bands. 0: neither."""
    cdef int64_t bound = collar_of(i, side)
    if price > bound if side == SIDE_BUY else price < bound:
        return refuse(r, CHECK_PRICE_COLLAR, bound, price, 0)
    return check_band(i, side, price, r)


cdef inline uint8_t reason_of_bound(const Instrument* i, uint32_t side, int64_t price) noexcept nogil:
    """The same of an order that is not new: why it is cancelled, or 0."""
    cdef Refusal r
    cdef uint8_t check = refuse_bound(i, side, price, &r)
    if check == CHECK_PRICE_COLLAR:
        return CANCEL_REASON_PRICE_COLLAR
    return CANCEL_REASON_PRICE_BAND if check else 0


cdef inline int64_t market_price(const Instrument* i, uint32_t side, bint for_auction) noexcept nogil:
    """The price that a MARKET order may go to; 0: the price bands, of which auctions know nothing, leave it none."""
    cdef int64_t bound = collar_of(i, side)
    cdef int64_t price
    if side == SIDE_BUY:
        price = greater(index_of(i, bound), 1) * i.tick_size
    else:
        price = lesser(index_of(i, bound + i.tick_size - 1), index_of(i, MAX_PRICE)) * i.tick_size
    if i.band_lower and not for_auction:
        price = lesser(price, band_of(i, side)) if side == SIDE_BUY else greater(price, band_of(i, side))
    return price if price <= MAX_PRICE else 0


cdef inline uint8_t check_account_state(const Account* a, bint is_child, Refusal* r) noexcept nogil:
    """Check 11. Who may only make positions smaller is asked for that later."""
    if unlikely(a.state != ACCOUNT_STATE_ACTIVE) and (is_child or a.state == ACCOUNT_STATE_BLOCKED):
        return refuse(r, CHECK_ACCOUNT_STATE, ACCOUNT_STATE_ACTIVE, a.state, 0)
    return 0


cdef inline uint8_t check_rate(const Market* m, Account* a, Refusal* r) noexcept nogil:
    """Check 13. Who finds that the message passes, and 13a too, counts it."""
    if <uint64_t> m.ts_ns >= a.rate_end:
        a.rate_end = <uint64_t> m.ts_ns + SECOND_NS
        a.rate_count = 0
    if unlikely(a.rate_count >= a.max_messages):
        return refuse(r, CHECK_MESSAGE_RATE, a.max_messages, <int64_t> a.rate_count + 1, 0)
    return 0


cdef inline uint8_t check_qty(
    const Account* a, const Instrument* i, int64_t qty, int64_t filled, Refusal* r,
) noexcept nogil:
    """Check 15. filled: with it the order's total must still be a u32."""
    cdef int64_t limit = lesser(lesser(a.max_order_qty, i.max_order_qty), <int64_t> 0xFFFFFFFF - filled)
    if unlikely(qty > limit):
        return refuse(r, CHECK_ORDER_QTY, limit, qty, limit)
    return 0


cdef inline uint8_t check_price(
    const Instrument* i, uint32_t side, int64_t price, int64_t index, bint waits, Refusal* r,
) noexcept nogil:
    """Checks 16 to 18, of an order with a limit price; index: that of the price. waits: for another order's end; it
    meets the collar later."""
    cdef int64_t bound = upper_of(i) if side == SIDE_BUY else lower_of(i)
    if unlikely(<uint64_t> price - 1 >= <uint64_t> MAX_PRICE):
        return refuse(r, CHECK_PRICE, MAX_PRICE, price, 0)
    if unlikely(index * i.tick_size != price):
        return refuse(r, CHECK_TICK_SIZE, i.tick_size, price, 0)
    if unlikely(price > bound if side == SIDE_BUY else price < bound) and not waits:
        return refuse_bound(i, side, price, r)
    return 0


cdef inline uint8_t check_notional(const Account* a, const Instrument* i, int64_t notional, Refusal* r) noexcept nogil:
    """Check 19."""
    cdef int64_t limit = lesser(a.max_order_notional, i.max_order_notional)
    if unlikely(notional > limit):
        return refuse(r, CHECK_ORDER_NOTIONAL, limit, notional, limit)
    return 0


cdef inline int64_t free_of(
    const Market* m, const Account* a, int64_t notional, int64_t own_hold, uint32_t others,
) noexcept nogil:
    """The cash that an order of that notional may take, its own hold free: docs/ledger.md, "What is kept back".
    others: its account's other open orders."""
    cdef int64_t free
    if unlikely(a.credit != 0):
        return add_cut(add_cut(a.cash - a.hold, MAX_CASH), own_hold)
    free = add_cut(free_cash(a), own_hold)
    if unlikely(a.plan):
        free -= fee_reserve(m, a, add_cut(a.hold - own_hold, notional), others + 1)
    return free


cdef inline uint8_t check_exposure(
    const Market* m, const Account* a, const Position* p, uint32_t side, int64_t qty, int64_t notional, int64_t own_qty,
    int64_t own_hold, Refusal* r,
) noexcept nogil:
    """Checks 22 to 24. own_qty, own_hold: open lots and hold of the order that this one replaces, which are free."""
    cdef int64_t open = p.open[side] - own_qty
    cdef int64_t mirror = -<int64_t> side
    cdef int64_t after = (p.qty ^ mirror) - mirror + open + qty  # a sell's position counts the other way round
    cdef int64_t available = p.qty - open
    cdef uint32_t others = a.open_orders - 1 if unlikely(own_hold) else a.open_orders
    cdef int64_t room, wanted
    if a.flags & ACCOUNT_FLAG_SHORT_ALLOWED:
        available = FAR_AWAY
    room = either(side, free_of(m, a, notional, own_hold, others), available)
    wanted = either(side, notional, qty)
    if unlikely(after > a.max_position):
        return refuse(r, CHECK_POSITION_LIMIT, a.max_position, after, at_least_0(a.max_position - after + qty))
    if unlikely(wanted > room):
        room = at_least_0(room)
        return refuse(r, CHECK_SHORT_SALE if side else CHECK_BUYING_POWER, room, wanted, room)
    return 0


cdef inline int64_t room_to_reduce(const Position* p, uint32_t side, int64_t own_qty) noexcept nogil:
    """Lots by which orders of a side may still make a position smaller. own_qty: open lots that do not count."""
    return either(side, -p.qty, p.qty) - p.open[side] + own_qty


cdef inline uint8_t check_reduces(
    const Position* p, uint32_t side, int64_t qty, int64_t own_qty, uint8_t check, Refusal* r,
) noexcept nogil:
    """Check 24a, and what accounts have in its place that may only make positions smaller. own_qty: open lots of the
    order that this one replaces, which are free."""
    cdef int64_t room = room_to_reduce(p, side, own_qty)
    if qty > room:
        room = at_least_0(room)
        return refuse(r, check, room, qty, room)
    return 0


cdef inline bint would_trade(uint32_t side, int64_t price, int64_t best) noexcept nogil:
    """Whether an order meets the best price of the other side, which may be 0 for none."""
    return best != 0 and (best <= price if side == SIDE_BUY else best >= price)


cdef inline uint8_t check_post_only(uint32_t side, int64_t price, int64_t best, Refusal* r) noexcept nogil:
    """Check 25. best: the best price of the other side."""
    if would_trade(side, price, best):
        return refuse(r, CHECK_POST_ONLY, best, price, 0)
    return 0


cdef inline int64_t slide(const Instrument* i, uint32_t side, int64_t price, int64_t best) noexcept nogil:
    """Where a POST_ONLY order that may slide goes to: beside the best opposite price if it would trade. Where there is
    no tick left, it stays, and check 25 will refuse it."""
    cdef int64_t beside
    if not would_trade(side, price, best):
        return price
    beside = (index_of(i, best - 1) if side == SIDE_BUY else index_of(i, best) + 1) * i.tick_size
    return beside if 1 <= beside <= MAX_PRICE else price


cdef inline uint8_t check_slots(const Market* m, Refusal* r) noexcept nogil:
    """Check 26."""
    if likely(has_slot(m)):
        return 0
    return refuse(r, CHECK_ORDER_CAPACITY, m.order_capacity, <int64_t> m.order_capacity + 1, 0)


cdef inline uint8_t check_pages(const Market* m, Refusal* r) noexcept nogil:
    """Check 27."""
    if likely(has_page(m)):
        return 0
    return refuse(r, CHECK_LEVEL_CAPACITY, m.page_capacity, <int64_t> m.page_capacity + 1, 0)
