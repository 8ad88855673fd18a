"""Keys and what they have in the market, as records of docs/wire.md."""

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t
from libc.string cimport memcpy

from cpython.bytes cimport PyBytes_AS_STRING

from ext.keys.layout cimport KEYS, KEY_LIMITS, Key
from ext.layout cimport Market
from ext.margin.sums cimport cut, sum_of
from ext.rows cimport room_for
from ext.wire cimport *


cdef bytes key_rows(const Market* m):
    """By number."""
    cdef uint64_t rows = 0
    cdef uint32_t number
    cdef const Key* k
    cdef bytes result
    cdef KeyRow* row
    if m.keys.rows == NULL:
        return b""
    for number in range(1, KEYS):
        rows += m.keys.rows[number].is_set
    result = room_for(rows, sizeof(KeyRow))
    row = <KeyRow*> PyBytes_AS_STRING(result)
    for number in range(1, KEYS):
        k = &m.keys.rows[number]
        if k.is_set:
            row.key = number
            row.messages = k.rate_count
            row.open_orders = k.open_orders
            row.open_notional = cut(sum_of(k.open_low, k.open_high))
            memcpy(row.name, k.name, sizeof(k.name))
            row += 1
    return result


cdef int64_t measure_of_key(const Key* k, uint32_t limit) noexcept nogil:
    if limit == LIMIT_OPEN_NOTIONAL:
        return cut(sum_of(k.open_low, k.open_high))
    if limit == LIMIT_OPEN_ORDERS:
        return k.open_orders
    return k.rate_count if limit == LIMIT_MESSAGES else 0


cdef uint64_t count_key_limits(const Market* m) noexcept nogil:
    cdef uint64_t count = 0
    cdef uint32_t number, limit
    if m.keys.rows == NULL:
        return 0
    for number in range(1, KEYS):
        for limit in range(1, KEY_LIMITS):
            count += m.keys.rows[number].hard[limit] != 0 or m.keys.rows[number].soft[limit] != 0
    return count


cdef void put_key_limits(const Market* m, LimitRow* row) noexcept nogil:
    cdef const Key* k
    cdef uint32_t number, limit
    if m.keys.rows == NULL:
        return
    for number in range(1, KEYS):
        k = &m.keys.rows[number]
        for limit in range(1, KEY_LIMITS):
            if k.hard[limit] == 0 and k.soft[limit] == 0:
                continue
            row.holder = number
            row.flags = ADMIN_FLAG_OF_KEY
            row.limit = <uint8_t> limit
            row.hard = k.hard[limit]
            row.soft = k.soft[limit]
            row.measure = measure_of_key(k, limit)
            row += 1
