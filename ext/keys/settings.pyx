"""Keys as operators set them up, and what each of them may do."""

from libc.stdint cimport int64_t
from libc.string cimport memcpy

from ext.admin cimport name_is_free, reject
from ext.desks.settings cimport pair_is_allowed, tell_limit
from ext.events cimport emit_market
from ext.keys.layout cimport KEYS, Key
from ext.keys.orders cimport key_of
from ext.layout cimport Market
from ext.names cimport KEYED, add_name, copy_name, drop_name
from ext.risk cimport SECOND_NS
from ext.wire cimport *


cdef void set_key(Market* m, const AdminCommand* c) noexcept nogil:
    cdef Key* k
    cdef char[32] name
    cdef bint keeps
    if not 1 <= c.account < KEYS:
        reject(m, c, CHECK_CAPACITY, 0, KEYS - 1, c.account, 0)
        return
    k = &m.keys.rows[c.account]
    copy_name(name, c.name)
    keeps = k.is_set and name[0] == 0
    if not keeps and not name_is_free(m, c, KEYED, c.account, name):
        return
    if not k.is_set:
        k.is_set = 1
        k.rate_end = SECOND_NS
    elif not keeps:
        drop_name(m, KEYED, c.account)
    if not keeps:
        memcpy(k.name, name, 32)
        add_name(m, KEYED, c.account)
    emit_market(m, EVENT_KIND_KEY_SET, 0, 0, c.account, 0, c.request, 0, 0, 0)


cdef bint has_key_limit(int64_t limit) noexcept nogil:
    return (limit == LIMIT_OPEN_NOTIONAL or limit == LIMIT_OPEN_ORDERS
            or LIMIT_ORDER_NOTIONAL <= limit <= LIMIT_ORDER_QTY)


cdef void set_key_limit(Market* m, const AdminCommand* c) noexcept nogil:
    cdef Key* k = key_of(m, c.account) if c.account < KEYS else NULL
    if k == NULL:
        reject(m, c, CHECK_ACCOUNT, 0, 0, c.account, 0)
        return
    if not has_key_limit(c.state):
        reject(m, c, CHECK_VALUE, 2, LIMIT_ORDER_QTY, c.state, 0)
        return
    if not pair_is_allowed(m, c):
        return
    k.hard[c.state] = c.value0
    k.soft[c.state] = c.value1
    tell_limit(m, c, ADMIN_FLAG_OF_KEY)
