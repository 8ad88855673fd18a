"""The commands of one order: new, cancel, replace."""

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

from ext.bits cimport likely, product, unlikely
from ext.book cimport free_slot, list_order, take_slot
from ext.events cimport emit, emit_canceled, emit_data, emit_reject, level_at, order_id_of, touch
from ext.ids cimport add_id, age_ids, content_of, find_id
from ext.layout cimport Account, IdEntry, Instrument, Level, Market, Order, Position
from ext.ledger cimport open_position, position_place
from ext.levels cimport index_of
from ext.matching cimport (
    RAN_OUT, come_to_rest, crosses, end_order, fills_whole, free_lots, leave_book, match, pull,
)
from ext.risk cimport (
    Refusal, check_exposure, check_fields, check_notional, check_pages, check_post_only, check_price,
    check_qty, check_rate, check_slots, check_states, market_price, refuse,
)
from ext.wire cimport *


cdef inline bint knows_account(const Market* m, uint32_t account) noexcept nogil:
    return account < m.account_capacity and m.accounts[account].is_set


cdef inline bint knows_instrument(const Market* m, uint32_t instrument) noexcept nogil:
    return instrument < m.instrument_capacity and m.instruments[instrument].is_set


cdef inline void reject_as_sent(
    Market* m, const OrderCommand* c, uint8_t kind, uint8_t check, uint64_t order_id, int64_t limit, int64_t value,
    int64_t headroom,
) noexcept nogil:
    """A reject of a trader's command with the fields that it came with."""
    emit_reject(m, kind, check, c.side, c.account, c.instrument, c.qty, order_id, c.client_order_id, limit, value,
                headroom, check != CHECK_ACCOUNT)


cdef inline bint is_known_id(Market* m, const OrderCommand* c) noexcept nogil:
    """Check 3: answer a client order id that was used before, or is too old to tell. True: the command is done."""
    cdef Account* a = &m.accounts[c.account]
    cdef IdEntry* entry
    if likely(c.client_order_id > a.last_id):  # above all ids of the account, so above its floor and in no generation
        return False
    entry = find_id(m, c.account, c.client_order_id)
    if entry == NULL:
        age_ids(m, a)
        if c.client_order_id > a.id_floor:
            return False
        reject_as_sent(m, c, EVENT_KIND_REJECTED, CHECK_STALE_ID, c.order_id, <int64_t> (a.id_floor + 1),
                       <int64_t> c.client_order_id, 0)
    elif entry.content == content_of(c):
        emit(m, EVENT_KIND_ACCEPTED, c.side, 0, EVENT_FLAG_DUPLICATE, c.account, c.instrument, c.qty, entry.order_id,
             c.client_order_id, c.price, 0, 0, 0)
    else:
        reject_as_sent(m, c, EVENT_KIND_REJECTED, CHECK_DUPLICATE_ID, entry.order_id, 0, <int64_t> c.client_order_id, 0)
    return True


cdef inline uint8_t check_new(
    Market* m, const OrderCommand* c, Account* a, Instrument* i, Position* p, int64_t* price, Refusal* r,
) noexcept nogil:
    """Checks 5 to 27. price: what the order may go to."""
    cdef int64_t notional
    cdef uint8_t check = check_fields(c, r)
    if unlikely(check):
        return check
    check = check_states(a, i, r)
    if unlikely(check):
        return check
    check = check_rate(m, a, r)
    if unlikely(check):
        return check
    if unlikely(c.qty == 0):
        return refuse(r, CHECK_QTY, 1, 0, 0)
    check = check_qty(a, i, c.qty, 0, r)
    if unlikely(check):
        return check
    if likely(c.order_type == ORDER_TYPE_LIMIT):
        price[0] = c.price
        check = check_price(i, c.side, c.price, r)
        if unlikely(check):
            return check
    else:
        price[0] = market_price(i, c.side)
    notional = product(price[0], c.qty, i.multiplier)
    check = check_notional(a, i, notional, r)
    if unlikely(check):
        return check
    if unlikely(a.open_orders >= a.max_open_orders):
        return refuse(r, CHECK_OPEN_ORDERS, a.max_open_orders, <int64_t> a.open_orders + 1, 0)
    if unlikely(not p.is_set and m.position_count >= m.position_capacity):
        return refuse(r, CHECK_POSITION_CAPACITY, m.position_capacity, <int64_t> m.position_capacity + 1, 0)
    check = check_exposure(a, p, c.side, c.qty, notional, 0, 0, r)
    if unlikely(check):
        return check
    if c.flags & ORDER_FLAG_POST_ONLY:
        check = check_post_only(i, c.side, price[0], r)
        if unlikely(check):
            return check
    check = check_slots(m, r)
    if unlikely(check):
        return check
    return check_pages(m, r)


cdef inline void finish(Market* m, Instrument* i, uint32_t slot, int64_t index, bint listed) noexcept nogil:
    """Match an accepted or replaced order, and let the rest of it rest or end. listed: it is in its account's list."""
    cdef Order* o = &m.orders[slot]
    cdef uint8_t stopped = RAN_OUT
    if o.tif == TIME_IN_FORCE_FOK and not fills_whole(m, i, o, index):
        stopped = CANCEL_REASON_FOK
    elif crosses(i, o.side, index):
        stopped = match(m, i, slot, index)
    if o.leaves:
        if stopped == RAN_OUT:
            if likely(o.tif <= TIME_IN_FORCE_GTC):
                if likely(come_to_rest(m, i, slot, index)):
                    if not listed:
                        list_order(m, slot)
                    return
                stopped = CANCEL_REASON_LEVEL_CAPACITY
            else:
                stopped = CANCEL_REASON_IOC
        emit_canceled(m, slot, stopped)
    if listed:
        end_order(m, slot)
    else:
        free_slot(m, slot)


cdef inline void new_order(Market* m, const OrderCommand* c) noexcept nogil:
    cdef Account* a
    cdef Instrument* i
    cdef Order* o
    cdef Refusal r
    cdef uint8_t check
    cdef uint32_t slot, place
    cdef int64_t price = 0
    if unlikely(not knows_account(m, c.account)):
        reject_as_sent(m, c, EVENT_KIND_REJECTED, CHECK_ACCOUNT, c.order_id, 0, c.account, 0)
        return
    if unlikely(c.client_order_id == 0):
        reject_as_sent(m, c, EVENT_KIND_REJECTED, CHECK_CLIENT_ORDER_ID, c.order_id, 1, 0, 0)
        return
    if unlikely(is_known_id(m, c)):
        return
    if unlikely(not knows_instrument(m, c.instrument)):
        reject_as_sent(m, c, EVENT_KIND_REJECTED, CHECK_INSTRUMENT, c.order_id, 0, c.instrument, 0)
        return
    a = &m.accounts[c.account]
    i = &m.instruments[c.instrument]
    place = position_place(m, c.account, c.instrument)
    check = check_new(m, c, a, i, &m.positions[place], &price, &r)
    if unlikely(check):
        reject_as_sent(m, c, EVENT_KIND_REJECTED, check, c.order_id, r.limit, r.value, r.headroom)
        return
    if unlikely(not m.positions[place].is_set):
        open_position(m, place, c.account, c.instrument)
    slot = take_slot(m)
    o = &m.orders[slot]
    o.price = price
    o.leaves = c.qty
    o.filled = 0
    o.level = 0
    o.client_order_id = c.client_order_id
    o.account = c.account
    o.instrument = c.instrument
    o.position = place
    o.side = c.side
    o.tif = c.tif
    o.flags = c.flags
    o.self_trade = c.self_trade
    if unlikely(c.order_type == ORDER_TYPE_MARKET) and c.tif != TIME_IN_FORCE_FOK:
        o.tif = TIME_IN_FORCE_IOC
    add_id(m, a, c.account, c.client_order_id, content_of(c), order_id_of(m, slot))
    emit(m, EVENT_KIND_ACCEPTED, c.side, 0, 0, c.account, c.instrument, c.qty, order_id_of(m, slot), c.client_order_id,
         price, c.qty, 0, 0)
    finish(m, i, slot, index_of(i, price), False)


cdef inline uint32_t slot_of(const Market* m, const OrderCommand* c) noexcept nogil:
    """The slot of the live order of this account that a command names; 0: there is none."""
    cdef uint64_t order_id = c.order_id
    cdef IdEntry* entry
    cdef uint32_t slot
    if order_id == 0:
        entry = find_id(m, c.account, c.client_order_id)
        if entry == NULL:
            return 0
        order_id = entry.order_id
    slot = <uint32_t> order_id
    if slot == 0 or slot > m.order_top:
        return 0
    if (m.orders[slot].level == 0 or m.orders[slot].generation != <uint32_t> (order_id >> 32)
            or m.orders[slot].account != c.account):
        return 0
    return slot


cdef inline uint32_t named_order(Market* m, const OrderCommand* c, uint8_t reject_kind) noexcept nogil:
    """The slot of the order that a CANCEL or REPLACE names; 0: the command was refused."""
    cdef uint32_t slot
    if unlikely(not knows_account(m, c.account)):
        reject_as_sent(m, c, reject_kind, CHECK_ACCOUNT, c.order_id, 0, c.account, 0)
        return 0
    slot = slot_of(m, c)
    if unlikely(slot == 0):
        reject_as_sent(m, c, reject_kind, CHECK_UNKNOWN_ORDER, c.order_id, 0,
                       <int64_t> (c.order_id if c.order_id else c.client_order_id), 0)
    return slot


cdef inline void cancel_order(Market* m, const OrderCommand* c) noexcept nogil:
    cdef uint32_t slot = named_order(m, c, EVENT_KIND_CANCEL_REJECTED)
    if likely(slot != 0):
        pull(m, slot, CANCEL_REASON_USER)


cdef inline uint8_t check_replace(
    Market* m, const OrderCommand* c, Account* a, Instrument* i, const Order* o, int64_t* leaves, Refusal* r,
) noexcept nogil:
    """Checks 9 to 27 of a REPLACE. leaves: what will be open; checks from 15 on only while it is above 0."""
    cdef int64_t notional
    cdef int64_t own_hold = o.price * o.leaves * i.multiplier if o.side == SIDE_BUY else 0
    cdef uint8_t check
    if unlikely(c.flags & ~<uint8_t> (ORDER_FLAG_QTY_IS_LEAVES | ORDER_FLAG_REQUEUE)):
        return refuse(r, CHECK_FLAGS, ORDER_FLAG_QTY_IS_LEAVES | ORDER_FLAG_REQUEUE, c.flags, 0)
    check = check_states(a, i, r)
    if unlikely(check):
        return check
    check = check_rate(m, a, r)
    if unlikely(check):
        return check
    if unlikely(c.qty == 0):
        return refuse(r, CHECK_QTY, 1, 0, 0)
    leaves[0] = <int64_t> c.qty if c.flags & ORDER_FLAG_QTY_IS_LEAVES else <int64_t> c.qty - o.filled
    if unlikely(leaves[0] <= 0):
        return 0
    check = check_qty(a, i, leaves[0], o.filled, r)
    if unlikely(check):
        return check
    check = check_price(i, o.side, c.price, r)
    if unlikely(check):
        return check
    notional = product(c.price, leaves[0], i.multiplier)
    check = check_notional(a, i, notional, r)
    if unlikely(check):
        return check
    check = check_exposure(a, &m.positions[o.position], o.side, leaves[0], notional, o.leaves, own_hold, r)
    if unlikely(check):
        return check
    if o.flags & ORDER_FLAG_POST_ONLY and c.price != o.price:  # at its own price nothing can cross it
        check = check_post_only(i, o.side, c.price, r)
        if unlikely(check):
            return check
    return check_pages(m, r)


cdef inline void shrink(Market* m, Instrument* i, uint32_t slot, uint32_t leaves) noexcept nogil:
    """Replace in place: fewer lots (or as many) at the same price keep their place in the queue."""
    cdef Order* o = &m.orders[slot]
    cdef Level* level = level_at(m, o.level)
    cdef uint32_t less = o.leaves - leaves
    if less:
        touch(m, i, o.instrument)
        free_lots(m, i, o, less)
        level.qty -= less
        o.leaves = leaves
        if m.want_data:
            emit_data(m, BOOK_KIND_REDUCE, o, order_id_of(m, slot), less, leaves, level, 0)
    emit(m, EVENT_KIND_REPLACED, o.side, 0, EVENT_FLAG_PRIORITY_KEPT, o.account, o.instrument, leaves + o.filled,
         order_id_of(m, slot), o.client_order_id, o.price, leaves, o.filled, 0)


cdef inline void replace_order(Market* m, const OrderCommand* c) noexcept nogil:
    cdef uint32_t slot = named_order(m, c, EVENT_KIND_REPLACE_REJECTED)
    cdef Order* o
    cdef Instrument* i
    cdef Refusal r
    cdef int64_t leaves = 0
    cdef uint8_t check
    if unlikely(slot == 0):
        return
    o = &m.orders[slot]
    i = &m.instruments[o.instrument]
    check = check_replace(m, c, &m.accounts[c.account], i, o, &leaves, &r)
    if unlikely(check):
        emit_reject(m, EVENT_KIND_REPLACE_REJECTED, check, o.side, o.account, o.instrument, c.qty, order_id_of(m, slot),
                    o.client_order_id, r.limit, r.value, r.headroom, True)
        return
    if unlikely(leaves <= 0):
        pull(m, slot, CANCEL_REASON_REPLACED_BELOW_FILLED)
        return
    if c.price == o.price and leaves <= o.leaves and not c.flags & ORDER_FLAG_REQUEUE:
        shrink(m, i, slot, <uint32_t> leaves)
        return
    leave_book(m, i, slot)
    o.price = c.price
    o.leaves = <uint32_t> leaves
    emit(m, EVENT_KIND_REPLACED, o.side, 0, 0, o.account, o.instrument, <uint32_t> leaves + o.filled,
         order_id_of(m, slot), o.client_order_id, o.price, o.leaves, o.filled, 0)
    finish(m, i, slot, index_of(i, o.price), True)
