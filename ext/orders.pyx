"""The commands of one order, the long way: each check in its place, and the order of docs/core.md in the lines.

Most commands never come here: plain.pxd takes those where nothing is out of the ordinary.
"""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t

from ext.bands cimport (
    away_to_tick, check_short, check_tick_table, check_ticks_of_new, has_limit, sells_short,
)
from ext.bits cimport half_at, is_zero, likely, product, put_half, put_word, unlikely, word_at
from ext.book cimport free_slot, list_order, take_slot
from ext.borrow.check cimport check_locate
from ext.dark cimport best_opposite, may_meet_dark
from ext.cash.check cimport check_cash
from ext.desks.check cimport (
    Asked, ENTERS, REPLACES, WAITS, check_limits, check_messages, tell_warnings,
)
from ext.dryrun cimport dry_run
from ext.events cimport emit, emit_accepted, emit_canceled, emit_data, emit_reject, emit_replaced, level_at, touch
from ext.fields cimport (
    broken, check_fields, check_replace_in_call, check_state, is_beyond_price, is_stop, waits_for_auction,
)
from ext.house cimport check_first_order
from ext.ids cimport add_id, age_ids, find_id, is_same_order
from ext.keys.check cimport (
    KeyAsked, check_key, check_key_messages, count_key_message, say_distance, tell_key_warnings,
)
from ext.keys.orders cimport price_keyed, take_key
from ext.layout cimport (
    Account, Further, HAS_CASH_RULE, HAS_DARK, HAS_TICKS, HAS_TIE, IS_LIMITED, IS_MARGIN, IdEntry, Instrument, Level,
    Market, NOT_EASY, OF_KEY, Order, Position, SHORT_RESTRICTED,
)
from ext.ledger cimport find_position
from ext.levels cimport index_of
from ext.matching cimport (
    RAN_OUT, come_to_rest, crosses, end_order, leave_book, match, pull,
)
from ext.links cimport check_link, take_along, tie_order
from ext.margin.check cimport Intent, check_margin
from ext.margin.exposure cimport note_lots, open_position
from ext.places cimport hold_price, is_market_in_call, lots_of, place_of
from ext.risk cimport (
    Refusal, check_account_state, check_band, check_exposure, check_notional, check_pages, check_post_only, check_price,
    check_qty, check_rate, check_reduces, check_slots, either, market_price, refuse, slide,
)
from ext.special cimport arrive, dress, go_unseen, replace_special
from ext.ties cimport is_alone, is_waiting
from ext.triggers cimport check_discretionary, check_special_price, check_special_replace
from ext.wire cimport *

cdef extern from "crc32c.h" nogil:
    uint32_t crc32c "ob_crc32c"(uint32_t crc, const unsigned char* data, size_t length) noexcept

cdef extern from *:
    """
    /* bits that side, order_type, tif, flags and self_trade of a plain order do not have */
    #define OB_FIELDS_BEYOND 0x00FCFFFCFEFE0000ULL
    """
    const uint64_t FIELDS_BEYOND "OB_FIELDS_BEYOND"


cdef inline bint is_plain(const OrderCommand* c) noexcept nogil:
    """Whether checks 5 to 10 have nothing to say: all enums in range, no flags. One look at bytes 16 to 23."""
    return word_at(&c.kind) & FIELDS_BEYOND == 0


cdef Further NOTHING  # all 0: what a NEW_ORDER has of further fields


cdef inline bint needs_extra(const OrderCommand* c, const Further* f) noexcept nogil:
    """Whether a valid order is more than what its Order says."""
    return (c.order_type > ORDER_TYPE_MARKET or c.tif > TIME_IN_FORCE_FOK or c.self_trade == SELF_TRADE_DECREMENT
            or c.flags & (ORDER_FLAG_HIDDEN | ORDER_FLAG_ALL_OR_NONE | ORDER_FLAG_REDUCE_ONLY) or f.group != 0
            or f.self_trade_group != 0 or f.display_qty != 0 or f.min_qty != 0 or f.discretion != 0
            or f.role != ROLE_NONE)


cdef inline bint goes_to_call(const OrderCommand* c, const Instrument* i) noexcept nogil:
    """Whether an order that was accepted waits for an auction."""
    return waits_for_auction(c.tif) or (i.state == INSTRUMENT_STATE_CALL and not is_stop(c.order_type))


cdef inline uint32_t hash_of(const OrderCommand* c, const Further* f) noexcept nogil:
    """Of the further fields; 0 where there is nothing in them."""
    if c.kind == COMMAND_KIND_NEW_ORDER or is_zero(<const unsigned char*> f, sizeof(Further)):
        return 0
    return crc32c(0, <const unsigned char*> f, sizeof(Further))


cdef inline uint32_t kept_hash(const IdEntry* entry) noexcept nogil:
    """The same of a known order. Where that was a NEW_ORDER, its entry has something else there."""
    return 0 if <uint16_t> entry.fields == COMMAND_KIND_NEW_ORDER else entry.further


cdef inline bint is_known_id(Market* m, const OrderCommand* c, const Further* f) noexcept nogil:
    """Check 3: answer a client order id that was used before, or is too old to tell. True: the command is done."""
    cdef const IdEntry* entry = find_id(m, c.account, c.client_order_id)
    cdef uint64_t floor
    if entry == NULL:
        age_ids(m, c.account)
        floor = m.account_more[c.account].id_floor
        if c.client_order_id > floor:
            return False
        reject_as_sent(m, c, EVENT_KIND_REJECTED, CHECK_STALE_ID, c.order_id, <int64_t> (floor + 1),
                       <int64_t> c.client_order_id, 0)
    elif is_same_order(entry, c) and kept_hash(entry) == hash_of(c, f):
        emit(m, EVENT_KIND_ACCEPTED, c.side, 0, EVENT_FLAG_DUPLICATE, c.account, c.instrument, c.qty, entry.order_id,
             c.client_order_id, c.price, 0, 0, 0)
    else:
        reject_as_sent(m, c, EVENT_KIND_REJECTED, CHECK_DUPLICATE_ID, entry.order_id, 0, <int64_t> c.client_order_id, 0)
    return True


cdef inline uint8_t count_message(
    Market* m, const OrderCommand* c, Account* a, uint32_t instrument, uint64_t client_order_id, Refusal* r,
) noexcept nogil:
    """Checks 13k, 13 and 13a. instrument, client_order_id: the order's."""
    cdef uint32_t account = c.account
    cdef uint8_t check = check_key_messages(m, c.key, r) if unlikely(c.key) else 0
    if check == 0:
        check = check_rate(m, a, r)
    if check == 0 and unlikely(a.flags & IS_LIMITED):
        check = check_messages(m, a, account, instrument, client_order_id, r)
    if check == 0:
        a.rate_count += 1
        if unlikely(c.key):
            count_key_message(m, c.key, account, instrument, client_order_id)
    return check


cdef inline bint needs_look(const Account* a) noexcept nogil:
    """Whether check_account has anything to ask."""
    return a.flags & (IS_MARGIN | IS_LIMITED | HAS_CASH_RULE) != 0 or a.state != ACCOUNT_STATE_ACTIVE


cdef inline uint8_t check_account(
    Market* m, const Account* a, const Position* p, Intent* wanted, const Asked* asked, Refusal* r,
) noexcept nogil:
    """Checks 24m, 24c and 24d, and what accounts that may only make positions smaller have in the place of 24a."""
    cdef uint8_t check = 0
    if a.flags & IS_MARGIN:
        check = check_margin(m, wanted, r)
    if a.flags & HAS_CASH_RULE:  # which no MARGIN account has
        check = check_cash(m, wanted, r)
    if check == 0 and a.flags & IS_LIMITED:
        check = check_limits(m, a, asked, r)
    if check == 0 and a.state != ACCOUNT_STATE_ACTIVE:
        check = check_reduces(p, wanted.side, wanted.lots, wanted.own_lots, CHECK_ACCOUNT_STATE, r)
    return check


cdef inline uint8_t check_new(
    Market* m, const OrderCommand* c, const Further* f, Account* a, Instrument* i, Position* p, int64_t* price,
    int64_t* index, uint32_t* named, Refusal* r,
) noexcept nogil:
    """Checks 5 to 27. price, index: where the order may go to. named: the slot of the order that it is tied to."""
    cdef int64_t notional, exposed, lots, own_lots
    cdef uint8_t check = 0
    cdef Intent wanted
    cdef Asked asked
    cdef KeyAsked keyed
    if unlikely(f != &NOTHING or not is_plain(c)):
        check = check_fields(c, f, m.ts_ns, r)
        if check == 0 and f.role:
            check = check_link(m, c, f, named, r)
        if check:
            return check
    check = check_account_state(a, f.role == ROLE_CHILD, r)
    if unlikely(check):
        return check
    check = check_state(c, f, i, &m.unseen[c.instrument], r)
    if unlikely(check):
        return check
    check = count_message(m, c, a, c.instrument, c.client_order_id, r)
    if unlikely(check):
        return check
    if unlikely(c.qty == 0):
        return refuse(r, CHECK_QTY, 1, 0, 0)
    check = check_qty(a, i, c.qty, 0, r)
    if unlikely(check):
        return check
    price[0] = c.price
    if unlikely(i.way & HAS_TICKS):
        check = check_ticks_of_new(&m.instrument_texts[c.instrument], c.order_type, c.price, f.stop_price, r)
        if check:
            return check
    if unlikely(c.order_type == ORDER_TYPE_MARKET):
        price[0] = market_price(i, c.side, goes_to_call(c, i))
        if unlikely(price[0] == 0):
            return refuse(r, CHECK_NO_PRICE, 0, 0, 0)
    elif unlikely(c.order_type > ORDER_TYPE_MARKET):
        check = check_special_price(i, c, f, price, r)
        if check:
            return check
    index[0] = index_of(i, price[0])
    if likely(c.order_type == ORDER_TYPE_LIMIT):
        check = check_price(i, c.side, price[0], index[0], f.role == ROLE_CHILD, r)
        if unlikely(f.discretion != 0):
            check = check_discretionary(i, c, f, r)
            if check == 0 or check == CHECK_PRICE_BAND:
                check = check_band(i, c.side, c.price + either(c.side, f.discretion, -f.discretion), r)
        if unlikely(check) and not (check == CHECK_PRICE_BAND and goes_to_call(c, i)):
            return check
    if unlikely(c.flags & ORDER_FLAG_SLIDE):
        price[0] = slide(i, c.side, price[0], best_opposite(m, i, c.instrument, c.side))
        if i.way & HAS_TICKS:
            price[0] = away_to_tick(&m.instrument_texts[c.instrument], c.side, price[0])
            if is_beyond_price(price[0]):  # the table has no tick there: it stays, and check 25 will refuse it
                price[0] = c.price
        index[0] = index_of(i, price[0])
    notional = product(price[0] + either(c.side, f.discretion, 0), c.qty, i.multiplier)
    check = check_notional(a, i, notional, r)
    if unlikely(c.key) and check == 0:
        keyed = KeyAsked(c.account, c.instrument, c.side, 0, c.qty, notional, c.price, c.order_type)
        check = check_key(m, c.key, &keyed, r)
    if unlikely(check):
        return check
    if unlikely(a.open_orders >= a.max_open_orders):
        return refuse(r, CHECK_OPEN_ORDERS, a.max_open_orders, <int64_t> a.open_orders + 1, 0)
    if unlikely(p == &m.positions[0]):
        check = check_first_order(m, c.account, c.instrument, r)
        if check:
            return check
    if unlikely(f.role == ROLE_CHILD):
        if a.flags & IS_LIMITED:
            asked = Asked(WAITS, c.account, c.instrument, <uint32_t> (p - m.positions), c.side, c.qty, 0, c.qty,
                          notional, c.price, c.order_type)
            check = check_limits(m, a, &asked, r)
            if check:
                return check
        check = check_slots(m, r)
        return check if check else check_pages(m, r)
    lots = c.qty
    own_lots = 0
    exposed = notional
    if unlikely(f.role == ROLE_PEER):
        lots = own_lots = lots_of(m, named[0])
        exposed = product(price[0], lots, i.multiplier)
    check = check_exposure(m, a, p, c.side, lots, exposed, own_lots, 0, r)
    if unlikely(check):
        return check
    if unlikely(i.way & SHORT_RESTRICTED) and c.side == SIDE_SELL and sells_short(
            p, lots, own_lots):
        check = check_short(i, &m.instrument_texts[c.instrument], c.order_type, f.peg, price[0] - f.discretion,
                            goes_to_call(c, i), r)
        if check:
            return check
    if unlikely(i.way & NOT_EASY) and f.role != ROLE_PEER:
        check = check_locate(m, c.instrument, <uint32_t> (p - m.positions), c.side, lots, own_lots, r)
        if check:
            return check
    if unlikely(needs_look(a)):
        asked = Asked(ENTERS, c.account, c.instrument, <uint32_t> (p - m.positions), c.side, lots, own_lots, c.qty,
                      notional, c.price, c.order_type)
        wanted = Intent(c.account, c.instrument, <uint32_t> (p - m.positions), c.side, lots, exposed, own_lots, 0,
                        a.open_orders, 0)
        check = check_account(m, a, p, &wanted, &asked, r)
        if check:
            return check
    if unlikely(c.flags & (ORDER_FLAG_REDUCE_ONLY | ORDER_FLAG_POST_ONLY)):
        if c.flags & ORDER_FLAG_REDUCE_ONLY:
            check = check_reduces(p, c.side, c.qty, 0, CHECK_REDUCE_ONLY, r)
        if check == 0 and c.flags & ORDER_FLAG_POST_ONLY:
            check = check_post_only(c.side, price[0], best_opposite(m, i, c.instrument, c.side), r)
        if check:
            return check
    check = check_slots(m, r)
    if unlikely(check):
        return check
    return check_pages(m, r)


cdef void finish(Market* m, uint32_t slot, int64_t index, bint listed) noexcept nogil:
    cdef Order* o = &m.orders[slot]
    cdef Instrument* i = &m.instruments[o.instrument]
    cdef Account* a = &m.accounts[o.account]
    cdef uint8_t stopped = RAN_OUT
    if unlikely(o.special != 0) or (
            unlikely(i.way & HAS_DARK) and may_meet_dark(m, i, o.instrument, o.side, o.price)):
        arrive(m, slot, listed)
        return
    if o.tif == TIME_IN_FORCE_FOK and dry_run(m, i, slot, o.price, o.leaves) < o.leaves:
        stopped = CANCEL_REASON_FOK
    elif crosses(i, o.side, index):
        stopped = match(m, i, slot, index)
    if o.leaves:
        if stopped == RAN_OUT:
            if likely(o.tif <= TIME_IN_FORCE_GTC):
                if likely(come_to_rest(m, i, a, o, slot, index)):
                    if not listed:
                        list_order(m, a, slot)
                    return
                stopped = CANCEL_REASON_LEVEL_CAPACITY
            else:
                stopped = CANCEL_REASON_IOC
        emit_canceled(m, a, o, stopped)
    if listed:
        end_order(m, a, slot)
    else:
        free_slot(m, slot)


cdef void new_order(Market* m, const OrderCommand* c) noexcept nogil:
    enter(m, c, &NOTHING)


cdef void new_special(Market* m, const SpecialCommand* c) noexcept nogil:
    enter(m, <const OrderCommand*> c, <const Further*> &c.stop_price)


cdef struct Entry:  # a command that may enter, or what it would have been tied to
    uint32_t position   # 0: not there yet
    uint32_t named      # the slot of the order that it is tied to
    int64_t price       # where it may go to
    int64_t index
    bint takes_along    # refused when it was being tied


cdef inline bint may_enter(Market* m, const OrderCommand* c, const Further* f, Entry* e) noexcept nogil:
    """Make all checks; False: it was answered."""
    cdef Account* a
    cdef Refusal r
    cdef uint8_t check
    e.named = 0
    e.takes_along = False
    if unlikely(not knows_account(m, c.account)):
        reject_as_sent(m, c, EVENT_KIND_REJECTED, CHECK_ACCOUNT, c.order_id, 0, c.account, 0)
        return False
    if unlikely(c.client_order_id == 0):
        reject_as_sent(m, c, EVENT_KIND_REJECTED, CHECK_CLIENT_ORDER_ID, c.order_id, 1, 0, 0)
        return False
    a = &m.accounts[c.account]
    # An id above all those of its account is above its floor, too, and in no generation.
    if c.client_order_id <= a.last_id and is_known_id(m, c, f):
        return False
    if unlikely(not knows_instrument(m, c.instrument)):
        reject_as_sent(m, c, EVENT_KIND_REJECTED, CHECK_INSTRUMENT, c.order_id, 0, c.instrument, 0)
        e.takes_along = f.role != ROLE_NONE
        return False
    e.position = find_position(m, word_at(&c.account))
    check = check_new(m, c, f, a, &m.instruments[c.instrument], &m.positions[e.position], &e.price, &e.index, &e.named,
                      &r)
    if unlikely(check):
        reject_as_sent(m, c, EVENT_KIND_REJECTED, check, c.order_id, r.limit, r.value, r.headroom)
        say_distance(m, check, &r)
        e.takes_along = f.role != ROLE_NONE
        return False
    return True


cdef void answer_only(Market* m, const OrderCommand* c) noexcept nogil:
    cdef const Further* f = &NOTHING
    cdef Entry e
    if c.kind == COMMAND_KIND_NEW_SPECIAL:
        f = <const Further*> &(<const SpecialCommand*> c).stop_price
    if may_enter(m, c, f, &e):
        emit_accepted(m, &m.accounts[c.account], c, c.side, 0, e.price, c.qty)


cdef inline void enter(Market* m, const OrderCommand* c, const Further* f) noexcept nogil:
    cdef Account* a = &m.accounts[c.account]
    cdef Instrument* i = &m.instruments[c.instrument]
    cdef Order* o
    cdef Entry e
    cdef uint32_t slot
    if unlikely(not may_enter(m, c, f, &e)):
        if e.takes_along:
            take_along(m, c, f, e.named)
        return
    if e.position == 0:
        e.position = open_position(m, word_at(&c.account))
    slot = take_slot(m)
    o = &m.orders[slot]
    put_half(o, <uint32_t> c.side << 8)
    put_word(&o.account, word_at(&c.account))  # and instrument
    o.client_order_id = c.client_order_id
    o.price = e.price
    o.leaves = c.qty
    o.filled = 0
    o.position = e.position
    put_half(&o.order_type, half_at(&c.order_type))  # and tif, flags, self_trade
    o.session = c.session
    if unlikely(goes_to_call(c, i)):
        dress(m, slot, c, f, i.reference_price)
    else:
        if c.order_type == ORDER_TYPE_MARKET and c.tif != TIME_IN_FORCE_FOK:
            o.tif = TIME_IN_FORCE_IOC
        if unlikely(needs_extra(c, f)):
            dress(m, slot, c, f, i.reference_price)
            if c.order_type == ORDER_TYPE_MARKET_TO_LIMIT:
                o.order_type = ORDER_TYPE_LIMIT
    if unlikely(c.key):
        take_key(m, slot, c.key, e.price + either(c.side, f.discretion, 0))
    add_id(m, c, o.order_id, hash_of(c, f))
    emit_accepted(m, a, c, c.side, o.order_id, e.price, c.qty)
    tell_key_warnings(m, o.account, o.instrument, o.client_order_id)
    if unlikely(a.flags & IS_LIMITED):
        tell_warnings(m, o.account, o.instrument, o.client_order_id)
    if unlikely(f.role != ROLE_NONE):
        tie_order(m, slot, f.role, e.named)
        if f.role == ROLE_CHILD:
            go_unseen(m, i, a, slot, PLACE_WAIT, False)
            return
    finish(m, slot, e.index, False)


cdef inline uint32_t named_order(Market* m, const OrderCommand* c, uint8_t reject_kind) noexcept nogil:
    """The slot of the order that a CANCEL or REPLACE names; 0: the command was refused."""
    cdef const IdEntry* entry
    cdef uint32_t slot = 0
    if unlikely(not knows_account(m, c.account)):
        reject_as_sent(m, c, reject_kind, CHECK_ACCOUNT, c.order_id, 0, c.account, 0)
        return 0
    if c.order_id:
        slot = live_slot(m, c.order_id, c.account)
    else:
        entry = find_id(m, c.account, c.client_order_id)
        if entry != NULL:
            slot = live_slot(m, entry.order_id, c.account)
    if unlikely(slot == 0):
        reject_as_sent(m, c, reject_kind, CHECK_UNKNOWN_ORDER, c.order_id, 0,
                       <int64_t> (c.order_id if c.order_id else c.client_order_id), 0)
    return slot


cdef void cancel_order(Market* m, const OrderCommand* c) noexcept nogil:
    cdef uint32_t slot = named_order(m, c, EVENT_KIND_CANCEL_REJECTED)
    if slot:
        pull(m, slot, CANCEL_REASON_USER)


cdef inline uint8_t check_replace(
    Market* m, const OrderCommand* c, Account* a, Instrument* i, uint32_t slot, int64_t* leaves, int64_t* price,
    Refusal* r,
) noexcept nogil:
    """Checks 9 to 27 of a REPLACE. leaves: what will be open; checks from 15 on only while it is above 0. price: the
    order's after it."""
    cdef const Order* o = &m.orders[slot]
    cdef int64_t lots = lots_of(m, slot)
    cdef int64_t own_hold = hold_price(m, o) * lots * i.multiplier if o.side == SIDE_BUY else 0
    cdef int64_t discretion = m.extras[slot].discretion if o.special and o.side == SIDE_BUY else 0
    cdef int64_t notional
    cdef uint8_t check
    cdef Intent wanted
    cdef Asked asked
    cdef KeyAsked keyed
    if unlikely(c.flags & ~<uint8_t> (ORDER_FLAG_QTY_IS_LEAVES | ORDER_FLAG_REQUEUE)):
        return refuse(r, CHECK_FLAGS, ORDER_FLAG_QTY_IS_LEAVES | ORDER_FLAG_REQUEUE, c.flags, 0)
    check = check_account_state(a, False, r)
    if unlikely(check):
        return check
    if unlikely(i.state != INSTRUMENT_STATE_OPEN):
        if i.state != INSTRUMENT_STATE_CALL:
            return refuse(r, CHECK_INSTRUMENT_STATE, INSTRUMENT_STATE_OPEN, i.state, 0)
        check = 0 if is_waiting(o) else check_replace_in_call(o, &m.extras[slot], r)
        if check:
            return check
    check = count_message(m, c, a, o.instrument, o.client_order_id, r)
    if unlikely(check):
        return check
    if unlikely(c.qty == 0):
        return refuse(r, CHECK_QTY, 1, 0, 0)
    leaves[0] = <int64_t> c.qty if c.flags & ORDER_FLAG_QTY_IS_LEAVES else <int64_t> c.qty - o.filled
    if unlikely(leaves[0] <= 0):
        return 0
    if unlikely(o.special & HAS_TIE != 0) and leaves[0] != lots and (is_waiting(o) or not is_alone(m, slot)):
        return broken(r, RULE_LINK, c.qty)
    check = check_qty(a, i, leaves[0], o.filled, r)
    if unlikely(check):
        return check
    price[0] = c.price
    if unlikely(i.way & HAS_TICKS) and c.price != o.price and has_limit(o, c.price):
        check = check_tick_table(&m.instrument_texts[o.instrument], c.price, r)
        if check:
            return check
    if unlikely(place_of(o) == PLACE_CALL and is_market_in_call(o)):
        price[0] = o.price
    elif unlikely(o.special != 0):
        check = check_special_replace(i, c, o, &m.extras[slot], leaves[0], price, r)
    else:
        check = check_price(i, o.side, c.price, index_of(i, c.price), False, r)
    if unlikely(check):
        return check
    notional = product(price[0] + discretion, leaves[0], i.multiplier)
    check = check_notional(a, i, notional, r)
    if unlikely(c.key or o.special & OF_KEY) and check == 0:
        keyed = KeyAsked(o.account, o.instrument, o.side, slot, leaves[0], notional, c.price, o.order_type)
        check = check_key(m, c.key, &keyed, r)
    if unlikely(check):
        return check
    if unlikely(is_waiting(o)):
        return check_pages(m, r)
    check = check_exposure(m, a, &m.positions[o.position], o.side, leaves[0], notional, lots, own_hold, r)
    if unlikely(check):
        return check
    if unlikely(i.way & SHORT_RESTRICTED) and o.side == SIDE_SELL and sells_short(
            &m.positions[o.position], leaves[0], lots):
        check = check_short(
            i, &m.instrument_texts[o.instrument], o.order_type, m.extras[slot].peg if o.special else <uint8_t> PEG_NONE,
            price[0] - (m.extras[slot].discretion if o.special else 0),
            place_of(o) == PLACE_CALL or (i.state == INSTRUMENT_STATE_CALL and place_of(o) != PLACE_STOP), r)
        if check:
            return check
    if unlikely(i.way & NOT_EASY):
        check = check_locate(m, o.instrument, o.position, o.side, leaves[0], lots, r)
        if check:
            return check
    if unlikely(needs_look(a)):
        asked = Asked(REPLACES, o.account, o.instrument, o.position, o.side, leaves[0], lots, leaves[0], notional,
                      c.price, o.order_type)
        wanted = Intent(o.account, o.instrument, o.position, o.side, leaves[0], notional, lots, own_hold,
                        a.open_orders - 1, 0)
        check = check_account(m, a, &m.positions[o.position], &wanted, &asked, r)
        if check:
            return check
    if o.flags & ORDER_FLAG_REDUCE_ONLY:
        check = check_reduces(&m.positions[o.position], o.side, leaves[0], lots, CHECK_REDUCE_ONLY, r)
        if unlikely(check):
            return check
    if o.flags & ORDER_FLAG_POST_ONLY and (
            c.price != o.price or leaves[0] > lots or c.flags & ORDER_FLAG_REQUEUE):
        check = check_post_only(o.side, c.price, best_opposite(m, i, o.instrument, o.side), r)
        if unlikely(check):
            return check
    return check_pages(m, r)


cdef inline void shrink(Market* m, Instrument* i, Account* a, Order* o, uint32_t leaves) noexcept nogil:
    """Replace in place: fewer lots (or as many) at the same price keep their place in the queue."""
    cdef Level* level = level_at(m, o.level)
    cdef uint32_t less = o.leaves - leaves
    if less:
        touch(m, i, o.instrument)
        a.hold -= either(o.side, o.price * less * i.multiplier, 0)
        note_lots(m, a, o.position)
        m.positions[o.position].open[o.side] -= less
        level.qty -= less
        o.leaves = leaves
        if m.want_data:
            emit_data(m, BOOK_KIND_REDUCE, o, o.order_id, less, leaves, level, 0)
    emit_replaced(m, a, o, EVENT_FLAG_PRIORITY_KEPT)
    tell_key_warnings(m, o.account, o.instrument, o.client_order_id)
    if unlikely(a.flags & IS_LIMITED):
        tell_warnings(m, o.account, o.instrument, o.client_order_id)


cdef void replace_order(Market* m, const OrderCommand* c) noexcept nogil:
    cdef Account* a
    cdef Order* o
    cdef Instrument* i
    cdef Refusal r
    cdef int64_t leaves = 0
    cdef int64_t price
    cdef uint8_t check
    cdef uint32_t slot = named_order(m, c, EVENT_KIND_REPLACE_REJECTED)
    if unlikely(slot == 0):
        return
    a = &m.accounts[c.account]
    o = &m.orders[slot]
    i = &m.instruments[o.instrument]
    check = check_replace(m, c, a, i, slot, &leaves, &price, &r)
    if unlikely(check):
        emit_reject(m, EVENT_KIND_REPLACE_REJECTED, check, o.side, o.account, o.instrument, c.qty, o.order_id,
                    o.client_order_id, r.limit, r.value, r.headroom, True)
        say_distance(m, check, &r)
        return
    if unlikely(leaves <= 0):
        pull(m, slot, CANCEL_REASON_REPLACED_BELOW_FILLED)
        return
    if unlikely(o.special != 0):
        if o.order_type == ORDER_TYPE_PEGGED:
            m.extras[slot].stop_price = c.price
        if o.special & OF_KEY:
            price_keyed(m, slot, price + (m.extras[slot].discretion if o.side == SIDE_BUY else 0))
        replace_special(m, slot, price, <uint32_t> leaves, price == o.price and leaves <= lots_of(m, slot)
                        and not c.flags & ORDER_FLAG_REQUEUE)
        return
    if c.price == o.price and leaves <= o.leaves and not c.flags & ORDER_FLAG_REQUEUE:
        shrink(m, i, a, o, <uint32_t> leaves)
        return
    note_lots(m, a, o.position)
    leave_book(m, i, a, o, slot)
    o.price = c.price
    o.leaves = <uint32_t> leaves
    emit_replaced(m, a, o, 0)
    tell_key_warnings(m, o.account, o.instrument, o.client_order_id)
    if unlikely(a.flags & IS_LIMITED):
        tell_warnings(m, o.account, o.instrument, o.client_order_id)
    if unlikely(i.state == INSTRUMENT_STATE_CALL):
        go_unseen(m, i, a, slot, PLACE_CALL, True)
        return
    finish(m, slot, index_of(i, o.price), True)
