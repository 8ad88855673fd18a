"""Auctions that are put off: see docs/auctions.md, "Extensions" and "Random end"."""

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

from ext.admin cimport answer, instrument_is_known, reject, value_is_within
from ext.bits cimport add_cut, share
from ext.cross cimport Cross, OFFSETS, Walk, allows, begin_walk, find_cross, step_walk, takes_part
from ext.events cimport emit_market, emit_status
from ext.layout cimport BY_TURN, Extension, Market, Unseen
from ext.places cimport lots_of
from ext.risk cimport lesser
from ext.tree cimport first_of, next_in
from ext.wire cimport *

cdef enum:
    INDEX_OF_FLAGS = 8  # in VALUE rejects
    INDEX_OF_KIND = 9
    EXTENSION_FLAGS = 3
    MOST_EXTENSIONS = 100
    ALL_BPS = 10000

cdef extern from *:
    """
    #define OB_DAY_NS 86400000000000LL
    #define OB_MOST_LEFT (1LL << 40)
    #define OB_LARGEST INT64_MAX
    """
    const int64_t DAY_NS "OB_DAY_NS"
    const int64_t MOST_LEFT "OB_MOST_LEFT"  # lots
    const int64_t LARGEST "OB_LARGEST"


cdef struct Outlook:  # of an auction, were it now
    int64_t price       # 0: none
    uint64_t traded     # lots of each side
    uint64_t left       # lots of the side that has more
    uint64_t market     # lots of market orders that would not trade


# The command

cdef inline Extension* extension_of(const Market* m, uint32_t instrument, uint8_t kind) noexcept nogil:
    return &m.instrument_texts[instrument].extensions[kind - AUCTION_KIND_OPENING]


cdef int64_t most_of(const AdminCommand* c, int index) noexcept nogil:
    """The upper bound of a value, which the others narrow."""
    if index == 0:
        return DAY_NS if c.flags & EXTENSION_FLAG_MARKET_ORDERS or c.value2 or c.value3 or c.value4 else 0
    if index == 6:
        return DAY_NS
    if index == 7:
        return LARGEST if c.value6 else 0
    if c.value0 == 0 or (index == 5 and c.value4 == 0):
        return 0
    if index == 1:
        return MOST_EXTENSIONS
    return MOST_LEFT if index == 2 else ALL_BPS


cdef bint extension_is_allowed(Market* m, const AdminCommand* c) noexcept nogil:
    cdef int64_t flags = EXTENSION_FLAGS if c.value0 else 0
    cdef int index
    if c.state < AUCTION_KIND_OPENING:
        return reject(m, c, CHECK_VALUE, INDEX_OF_KIND, AUCTION_KIND_OPENING, c.state, 0)
    if c.state > AUCTION_KIND_VOLATILITY:
        return reject(m, c, CHECK_VALUE, INDEX_OF_KIND, AUCTION_KIND_VOLATILITY, c.state, 0)
    if c.flags & ~flags:
        return reject(m, c, CHECK_VALUE, INDEX_OF_FLAGS, flags, c.flags, 0)
    for index in range(8):
        if not value_is_within(m, c, index, index == 1 and c.value0 != 0, most_of(c, index)):
            return False
    return True


cdef void set_extension(Market* m, const AdminCommand* c) noexcept nogil:
    cdef Extension* e
    if not instrument_is_known(m, c) or not extension_is_allowed(m, c):
        return
    e = extension_of(m, c.instrument, c.state)
    e.extension_ns = c.value0
    e.most = c.value1
    e.lots = c.value2
    e.lots_bps = c.value3
    e.price_bps = c.value4
    e.widen_bps = c.value5
    e.random_ns = c.value6
    e.seed = c.value7
    e.flags = c.flags
    answer(m, c, EVENT_KIND_EXTENSION_SET, c.state, c.instrument, c.value0)


# The end of a call

cdef inline uint64_t mixed(uint64_t x) noexcept nogil:
    """The finalizer of SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014)."""
    x = (x ^ (x >> 30)) * <uint64_t> 0xBF58476D1CE4E5B9
    x = (x ^ (x >> 27)) * <uint64_t> 0x94D049BB133111EB
    return x ^ (x >> 31)


cdef int64_t end_of_call(const Market* m, uint32_t instrument, int64_t auction_ns) noexcept nogil:
    cdef const Extension* e
    cdef uint64_t x
    if auction_ns == 0:
        return 0
    e = extension_of(m, instrument, m.unseen[instrument].auction_kind)
    if e.random_ns == 0:
        return auction_ns
    x = <uint64_t> e.seed + <uint64_t> auction_ns * <uint64_t> 0x9E3779B97F4A7C15
    x = mixed(x + instrument * <uint64_t> 0xBF58476D1CE4E5B9)
    return add_cut(auction_ns, <int64_t> (x % (<uint64_t> e.random_ns + 1)))


cdef int64_t next_end(const Market* m) noexcept nogil:
    cdef int64_t found = LARGEST
    cdef uint32_t k
    if m.in_call:
        for k in range(m.instrument_top):
            if m.unseen[k].ends_ns and m.instruments[k].state == INSTRUMENT_STATE_CALL:
                found = lesser(found, m.unseen[k].ends_ns)
    return found


# The look

cdef uint64_t offsets_of(const Market* m, uint32_t instrument, const Cross* c) noexcept nogil:
    """Lots of orders that only offset an imbalance, and would trade with this one; at most all of it."""
    cdef uint32_t side = SIDE_SELL if c.side == SIDE_BUY else SIDE_BUY
    cdef uint64_t lots = 0
    cdef Walk w
    begin_walk(m, &w, instrument, side, OFFSETS, m.unseen[instrument].auction_kind, c.price)
    while w.slot and allows(side, w.price, c.price) and lots < c.imbalance:
        lots += lots_of(m, w.slot)
        step_walk(m, &w)
    return lots if lots < c.imbalance else c.imbalance


cdef uint64_t market_left(const Market* m, uint32_t instrument, uint32_t side, const Outlook* o) noexcept nogil:
    """Lots of a side's market orders that would not trade."""
    cdef const Unseen* u = &m.unseen[instrument]
    cdef uint32_t slot = first_of(m, u.markets[side], BY_TURN)
    cdef uint64_t lots = 0
    cdef uint64_t able = 0
    while slot:
        if takes_part(&m.orders[slot], u.auction_kind):
            lots += m.orders[slot].leaves
            if o.price and allows(side, m.orders[slot].price, o.price):
                able += m.orders[slot].leaves
        slot = next_in(m, u.markets[side], slot, BY_TURN)
    return lots - (able if able < o.traded else o.traded)


cdef void look_at(const Market* m, uint32_t instrument, Outlook* o) noexcept nogil:
    cdef Cross cross
    cdef uint64_t offset = 0
    find_cross(m, instrument, &cross)
    if cross.imbalance:
        offset = offsets_of(m, instrument, &cross)
    o.price = cross.price
    o.traded = cross.lots + offset
    o.left = cross.imbalance - offset
    o.market = market_left(m, instrument, SIDE_BUY, o) + market_left(m, instrument, SIDE_SELL, o)


cdef bint is_far(const Market* m, uint32_t instrument, const Extension* e, int64_t price) noexcept nogil:
    """Whether a price is further from its reference than is allowed."""
    cdef const Unseen* u = &m.unseen[instrument]
    cdef int64_t reference = m.instruments[instrument].reference_price
    cdef int64_t away
    if e.flags & EXTENSION_FLAG_FROM_LAST and u.extension_price:
        reference = u.extension_price
    if e.price_bps == 0 or price == 0 or reference == 0:
        return False
    away = price - reference if price > reference else reference - price
    return away > reference * (e.price_bps + u.extensions * e.widen_bps) / ALL_BPS  # below 2**42 x 2**20


cdef uint8_t reason_of(const Market* m, uint32_t instrument, const Extension* e, const Outlook* o) noexcept nogil:
    """The first reason to extend, or 0."""
    if e.flags & EXTENSION_FLAG_MARKET_ORDERS and o.market:
        return EXTENSION_REASON_MARKET_ORDERS
    if e.lots and o.left > <uint64_t> e.lots:
        return EXTENSION_REASON_IMBALANCE
    if e.lots_bps and o.left > <uint64_t> share(<int64_t> o.traded, e.lots_bps, ALL_BPS):
        return EXTENSION_REASON_IMBALANCE
    return EXTENSION_REASON_PRICE if is_far(m, instrument, e, o.price) else 0


cdef bint extend(Market* m, uint32_t instrument) noexcept nogil:
    cdef Unseen* u = &m.unseen[instrument]
    cdef const Extension* e = extension_of(m, instrument, u.auction_kind)
    cdef Outlook outlook
    cdef uint64_t left
    cdef uint8_t reason
    if u.extensions >= e.most:
        return False
    look_at(m, instrument, &outlook)
    reason = reason_of(m, instrument, e, &outlook)
    if reason == 0:
        return False
    left = outlook.market if reason == EXTENSION_REASON_MARKET_ORDERS else outlook.left
    u.extensions += 1
    u.extension_reason = reason
    if outlook.price:
        u.extension_price = outlook.price
    u.auction_ns = add_cut(u.auction_ns, e.extension_ns)
    if u.auction_ns <= m.ts_ns:
        u.auction_ns = add_cut(m.ts_ns, e.extension_ns)
    u.ends_ns = end_of_call(m, instrument, u.auction_ns)
    emit_market(m, EVENT_KIND_AUCTION_EXTENDED, u.auction_kind, reason, 0, instrument, u.extensions, outlook.price,
                <uint32_t> left, 0)
    (<Event*> (m.events.at - sizeof(Event))).trade_id = <uint64_t> u.auction_ns
    if m.want_data:
        emit_status(m, instrument)
    return True
