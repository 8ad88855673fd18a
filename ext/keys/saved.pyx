"""Keys as bytes, and back. What they have in the market follows from their orders."""

from libc.stdint cimport int64_t, uint32_t, uint64_t
from libc.string cimport memcpy

from ext.desks.repeats cimport are_sound
from ext.desks.layout cimport Repeats
from ext.desks.settings cimport range_of
from ext.keys.layout cimport KEYS, KEY_LIMITS, Key
from ext.keys.orders cimport count_lots, key_of
from ext.keys.settings cimport has_key_limit
from ext.layout cimport Market, OF_KEY
from ext.names cimport KEYED, NOBODY, add_name, find_name
from ext.saved cimport Reader, Writer, get, put
from ext.wire cimport MAX_PRICE


cdef struct SavedKey:
    uint64_t rate_end
    uint32_t rate_count
    uint32_t unused
    int64_t[KEY_LIMITS] hard
    int64_t[KEY_LIMITS] soft
    Repeats repeats
    char name[32]


cdef void write_keys(Writer* w, const Market* m) noexcept nogil:
    cdef SavedKey saved
    cdef const Key* k
    cdef uint32_t number
    for number in range(1, KEYS):
        k = &m.keys.rows[number]
        if not k.is_set:
            continue
        saved.rate_end = k.rate_end
        saved.rate_count = k.rate_count
        saved.unused = 0
        memcpy(saved.hard, k.hard, sizeof(saved.hard))
        memcpy(saved.soft, k.soft, sizeof(saved.soft))
        saved.repeats = k.repeats
        memcpy(saved.name, k.name, sizeof(saved.name))
        put(w, &number, sizeof(uint32_t))
        put(w, &saved, sizeof(SavedKey))
    number = 0
    put(w, &number, sizeof(uint32_t))  # no key has this number: their end
    for number in range(1, m.order_top + 1):
        if m.orders[number].special & OF_KEY:
            put(w, &m.keys.orders[number].price, sizeof(int64_t))


cdef bint limits_hold(const SavedKey* saved) noexcept nogil:
    cdef uint32_t limit
    cdef int64_t most
    for limit in range(KEY_LIMITS):
        most = range_of(limit) if has_key_limit(limit) else 0
        if not 0 <= saved.hard[limit] <= most or not 0 <= saved.soft[limit] <= most:
            return False
        if saved.hard[limit] and saved.soft[limit] > saved.hard[limit]:
            return False
    return True


cdef bint read_key(Reader* r, Market* m, uint32_t number) noexcept nogil:
    cdef SavedKey saved
    cdef Key* k = &m.keys.rows[number]
    if not get(r, &saved, sizeof(SavedKey)) or saved.unused or not limits_hold(&saved):
        return False
    if not are_sound(m, &saved.repeats):
        return False
    k.is_set = 1
    k.rate_end = saved.rate_end
    k.rate_count = saved.rate_count
    memcpy(k.hard, saved.hard, sizeof(saved.hard))
    memcpy(k.soft, saved.soft, sizeof(saved.soft))
    k.repeats = saved.repeats
    memcpy(k.name, saved.name, sizeof(saved.name))
    if k.name[0] == 0 or find_name(m, KEYED, k.name) != NOBODY:
        return False
    add_name(m, KEYED, number)
    return True


cdef bint read_keys(Reader* r, Market* m) noexcept nogil:
    cdef uint32_t last = 0
    cdef uint32_t number
    while True:
        if not get(r, &number, sizeof(uint32_t)):
            return False
        if number == 0:
            break
        if number <= last or number >= KEYS or not read_key(r, m, number):
            return False
        last = number
    for number in range(1, m.order_top + 1):
        if m.orders[number].special & OF_KEY:
            if not get(r, &m.keys.orders[number].price, sizeof(int64_t)):
                return False
            m.keys.orders[number].counted = 0
    return True


cdef bint finish_keys(Market* m) noexcept nogil:
    cdef Key* k
    cdef uint32_t slot
    for slot in range(1, m.order_top + 1):
        if not m.orders[slot].special & OF_KEY:
            continue
        k = key_of(m, m.extras[slot].key) if m.extras[slot].key < KEYS else NULL
        if k == NULL or not 0 <= m.keys.orders[slot].price <= 2 * MAX_PRICE:
            return False
        k.open_orders += 1
        count_lots(m, slot)
    return True
