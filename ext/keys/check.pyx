"""A key's limits asked one by one."""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t

from ext.desks.check cimport part_of_volume, refuse_at, warn
from ext.desks.layout cimport Repeat, Warning
from ext.desks.repeats cimport remember
from ext.keys.layout cimport Key
from ext.keys.orders cimport key_of, key_of_order
from ext.layout cimport Market
from ext.margin.sums cimport both, cut, is_below, plus, sum_of, wide
from ext.risk cimport Refusal, SECOND_NS
from ext.wire cimport *


cdef uint8_t check_key_messages(Market* m, uint32_t number, Refusal* r) noexcept nogil:
    cdef Key* k = key_of(m, number)
    cdef int64_t hard
    if k == NULL:
        return 0
    if <uint64_t> m.ts_ns >= k.rate_end:
        k.rate_end = <uint64_t> m.ts_ns + SECOND_NS
        k.rate_count = 0
    hard = k.hard[<int> LIMIT_MESSAGES]
    if hard and <int64_t> k.rate_count + 1 > hard:
        return refuse_at(r, LIMIT_MESSAGES, BY_KEY, hard, both(k.rate_count, 0), both(k.rate_count, 1))
    return 0


cdef void count_key_message(
    Market* m, uint32_t number, uint32_t account, uint32_t instrument, uint64_t client_order_id,
) noexcept nogil:
    cdef Key* k = key_of(m, number)
    cdef int64_t soft
    cdef Warning w
    if k == NULL:
        return
    soft = k.soft[<int> LIMIT_MESSAGES]
    k.rate_count += 1
    if soft and k.rate_count == soft + 1:
        w = Warning(soft, k.rate_count, <uint16_t> number, LIMIT_MESSAGES, BY_KEY)
        warn(m, account, instrument, client_order_id, &w)


cdef uint8_t ask(Market* m, const Key* k, uint32_t limit, wide before, wide after, Refusal* r) noexcept nogil:
    """One limit: of a measure without the order and with it, which a limit of new orders has larger always."""
    cdef int64_t hard = k.hard[limit]
    cdef int64_t soft = k.soft[limit]
    if hard and is_below(both(hard, 0), after) and is_below(before, after):
        return refuse_at(r, limit, BY_KEY, hard, before, after)
    if soft and not is_below(both(soft, 0), before) and is_below(both(soft, 0), after):
        m.keys.warnings[m.keys.warning_count] = Warning(soft, cut(after), <uint16_t> (k - m.keys.rows),
                                                        <uint8_t> limit, BY_KEY)
        m.keys.warning_count += 1
    return 0


cdef uint8_t ask_of_order(Market* m, const Key* k, const KeyAsked* asked, Refusal* r) noexcept nogil:
    cdef uint8_t check = ask(m, k, LIMIT_ORDER_QTY, both(0, 0), both(asked.qty, 0), r)
    if check == 0:
        check = ask(m, k, LIMIT_ORDER_NOTIONAL, both(0, 0), both(asked.notional, 0), r)
    if check == 0 and m.desks.listings[asked.instrument].average_volume:
        check = ask(m, k, LIMIT_ORDER_VOLUME, both(0, 0), both(part_of_volume(m, asked.instrument, asked.qty), 0), r)
    if check == 0 and asked.replaced == 0:
        check = ask(m, k, LIMIT_OPEN_ORDERS, both(k.open_orders, 0), both(k.open_orders, 1), r)
    return check


cdef uint8_t ask_of_repeats(Market* m, Key* k, const KeyAsked* asked, Refusal* r) noexcept nogil:
    cdef Repeat* found
    cdef uint8_t check
    if k.hard[<int> LIMIT_REPEATS] == 0 and k.soft[<int> LIMIT_REPEATS] == 0:
        return 0
    found = remember(m, &k.repeats, asked.account, asked.instrument, asked.side, asked.order_type, asked.price,
                     <uint32_t> asked.qty)
    check = ask(m, k, LIMIT_REPEATS, both(found.count, 0), both(found.count, 1), r)
    if check == 0:
        found.count += 1
    return check


cdef uint8_t check_key(Market* m, uint32_t number, const KeyAsked* asked, Refusal* r) noexcept nogil:
    cdef Key* k = key_of(m, number)
    cdef const Key* owner = key_of_order(m, asked.replaced) if asked.replaced else k
    cdef uint8_t check = 0
    cdef wide before, change
    m.keys.warning_count = 0
    if k != NULL:
        check = ask_of_order(m, k, asked, r)
    if check == 0 and owner != NULL:
        before = sum_of(owner.open_low, owner.open_high)
        change = both(asked.notional, -m.keys.orders[asked.replaced].counted if asked.replaced else 0)
        check = ask(m, owner, LIMIT_OPEN_NOTIONAL, before, plus(before, change), r)
    if check == 0 and k != NULL and asked.replaced == 0:
        check = ask_of_repeats(m, k, asked, r)
    return check


cdef void tell_kept_warnings(
    Market* m, uint32_t account, uint32_t instrument, uint64_t client_order_id,
) noexcept nogil:
    cdef uint32_t w
    for w in range(m.keys.warning_count):
        warn(m, account, instrument, client_order_id, &m.keys.warnings[w])
    m.keys.warning_count = 0


cdef void say_distance(Market* m, uint8_t check, const Refusal* r) noexcept nogil:
    """Of a limit: how far above the account its holder is. There is nothing to warn of any more."""
    m.desks.warning_count = 0
    m.keys.warning_count = 0
    if CHECK_LIMIT_POSITION <= check <= CHECK_LIMIT_MESSAGES or check == CHECK_LIMIT_ORDER_QTY:
        (<Reject*> (m.events.at - sizeof(Reject))).flags = r.distance
