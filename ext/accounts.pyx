"""Accounts as operators set them up: names, limits, flags, states. See docs/core.md, "AdminCommands"."""

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t
from libc.string cimport memcpy

from ext.admin cimport (
    INDEX_OF_FLAGS, INT32_MAX, MAX_LOTS, Range, account_is_known, answer_account, answer_canceled, currency_has_room,
    in_force, kept, name_is_free, reject, value_is_within, value_of,
)
from ext.desks.states cimport emit_state, state_in_force
from ext.house cimport list_currency
from ext.layout cimport (
    ACCOUNT_FLAGS, Account, AccountMore, FAR_AWAY, HAS_CASH_RULE, HAS_PLAN, IS_MARGIN, MUCH_CASH, Market,
    NEEDS_MORE, Order, PLANS,
)
from ext.mass cimport EVERY_GROUP, EVERY_SESSION, cancel_of_account
from ext.matching cimport pull
from ext.names cimport ACCOUNTS, add_name, copy_name, drop_name
from ext.places cimport lots_of
from ext.risk cimport SECOND_NS, room_to_reduce
from ext.ties cimport is_waiting
from ext.wire cimport *

cdef enum:
    KEEP_FLAGS = 255

cdef extern from *:
    """
    #define OB_ENDLESS_LOTS (1LL << 62)
    """
    const int64_t ENDLESS_LOTS "OB_ENDLESS_LOTS"


cdef bint account_may_have(
    Market* m, const AdminCommand* c, const Account* a, const AccountMore* t, int64_t currency,
) noexcept nogil:
    """Of an account that exists: another currency than it has, only where there is nothing in one yet."""
    cdef uint32_t k
    if currency == <int64_t> t.currency:
        return True
    if t.currency:
        return reject(m, c, CHECK_VALUE, 5, <int64_t> t.currency, currency, 0)
    for k in range(1, m.position_count + 1):
        if <uint32_t> m.positions[k].key == c.account:
            return reject(m, c, CHECK_VALUE, 5, 0, currency, 0)
    return a.cash == 0 or reject(m, c, CHECK_VALUE, 5, 0, currency, 0)


cdef void set_account(Market* m, const AdminCommand* c) noexcept nogil:
    cdef Account* a
    cdef AccountMore* t
    cdef char[32] name
    cdef Range[7] within
    cdef int k
    cdef uint8_t flags
    cdef bint keeps
    if c.account >= m.account_capacity:
        reject(m, c, CHECK_CAPACITY, 0, m.account_capacity, c.account, 0)
        return
    a = &m.accounts[c.account]
    t = &m.account_more[c.account]
    within[0] = Range(0, MAX_QTY)
    within[1] = Range(0, MAX_NOTIONAL)
    within[2] = Range(0, MAX_LOTS)
    within[3] = within[4] = Range(0, INT32_MAX)
    within[6] = Range(0, PLANS - 1)
    for k in range(7):
        if a.is_set and value_of(c, k) == KEEP:
            continue
        if k == 5:
            if a.is_set and not account_may_have(m, c, a, t, c.value5):
                return
        elif not value_is_within(m, c, k, within[k].low, within[k].high):
            return
    if c.flags & ~<uint8_t> ACCOUNT_FLAGS and not (a.is_set and c.flags == KEEP_FLAGS):
        reject(m, c, CHECK_VALUE, INDEX_OF_FLAGS, ACCOUNT_FLAGS, c.flags, 0)
        return
    if a.flags & IS_MARGIN and c.flags != KEEP_FLAGS and c.flags & ACCOUNT_FLAG_CREDIT_UNLIMITED:
        reject(m, c, CHECK_VALUE, INDEX_OF_FLAGS, ACCOUNT_FLAG_SHORT_ALLOWED, c.flags, 0)
        return
    if a.flags & HAS_CASH_RULE and c.flags != KEEP_FLAGS and c.flags:
        reject(m, c, CHECK_VALUE, INDEX_OF_FLAGS, 0, c.flags, 0)
        return
    copy_name(name, c.name)
    keeps = a.is_set and name[0] == 0
    if not keeps and not name_is_free(m, c, ACCOUNTS, c.account, name):
        return
    if (not a.is_set or c.value5 != KEEP) and not currency_has_room(m, c, c.value5):
        return

    if not a.is_set or c.value5 != KEEP:
        t.currency = <uint64_t> c.value5
        t.currency_number = list_currency(m, t.currency)
    a.plan = <uint8_t> kept(c, 6, a.plan)  # a new one's is no KEEP: see set_instrument
    if not a.is_set:
        a.is_set = 1
        a.id_epoch = m.id_epoch
        a.rate_end = SECOND_NS
        if c.account >= m.account_top:
            m.account_top = c.account + 1
    elif not keeps:
        drop_name(m, ACCOUNTS, c.account)
    if not keeps:
        memcpy(t.name, name, 32)
        add_name(m, ACCOUNTS, c.account)
    flags = a.flags & ~<uint8_t> HAS_PLAN
    if c.flags != KEEP_FLAGS:
        flags = (flags & NEEDS_MORE) | c.flags
    set_flags(a, flags | (HAS_PLAN if a.plan else 0))
    t.set_max_order_qty = kept(c, 0, t.set_max_order_qty)
    t.set_max_order_notional = kept(c, 1, t.set_max_order_notional)
    t.set_max_position = kept(c, 2, t.set_max_position)
    t.set_max_open_orders = kept(c, 3, t.set_max_open_orders)
    t.set_max_messages = kept(c, 4, t.set_max_messages)
    put_limits_in_force(a, t)
    answer_account(m, c, EVENT_KIND_ACCOUNT_SET, 0, 0, 0, 0)


cdef void set_flags(Account* a, uint8_t flags) noexcept nogil:
    a.flags = flags
    a.short_room = ENDLESS_LOTS if flags & ACCOUNT_FLAG_SHORT_ALLOWED else 0
    a.credit = MUCH_CASH if flags & (ACCOUNT_FLAG_CREDIT_UNLIMITED | IS_MARGIN) else 0


cdef void put_limits_in_force(Account* a, const AccountMore* t) noexcept nogil:
    a.max_order_qty = <uint32_t> in_force(t.set_max_order_qty, MAX_QTY)
    a.max_order_notional = in_force(t.set_max_order_notional, MAX_NOTIONAL)
    a.max_position = in_force(t.set_max_position, FAR_AWAY)
    a.max_open_orders = <uint32_t> in_force(t.set_max_open_orders, 0xFFFFFFFF)
    a.max_messages = <uint32_t> in_force(t.set_max_messages, 0xFFFFFFFF)


cdef bint could_open(const Market* m, uint32_t slot) noexcept nogil:
    """Whether an order could do more than make its account's position smaller, as that is now."""
    cdef const Order* o = &m.orders[slot]
    cdef int64_t lots = lots_of(m, slot)
    return is_waiting(o) or lots > room_to_reduce(&m.positions[o.position], o.side, lots)


cdef uint32_t cancel_openers(Market* m, uint32_t account) noexcept nogil:
    cdef uint32_t slot = m.accounts[account].newest
    cdef uint32_t older
    cdef uint32_t count = 0
    while slot:
        older = m.links[slot].older
        if could_open(m, slot):
            pull(m, slot, CANCEL_REASON_ACCOUNT_BLOCKED)
            count += 1
        slot = older
    return count


cdef void set_account_state(Market* m, const AdminCommand* c) noexcept nogil:
    cdef uint32_t count
    if not account_is_known(m, c):
        return
    if c.state > ACCOUNT_STATE_CLOSE_ONLY:
        reject(m, c, CHECK_VALUE, 0, ACCOUNT_STATE_CLOSE_ONLY, c.state, 0)
        return
    m.account_more[c.account].state = c.state
    m.accounts[c.account].state = state_in_force(m, c.account)
    emit_state(m, c.account, c.request)
    if c.flags & ADMIN_FLAG_CANCEL_ORDERS:
        count = cancel_of_account(m, c.account, ANY, SIDE_BOTH, EVERY_SESSION, EVERY_GROUP,
                                  CANCEL_REASON_ACCOUNT_BLOCKED)
    elif c.state == ACCOUNT_STATE_CLOSE_ONLY:
        count = cancel_openers(m, c.account)
    else:
        return
    answer_canceled(m, c, c.account, ANY, count)
