"""Client order ids of the last accepted orders, in two generations: what makes a retry harmless.

Open addressing; generation of epoch e lives in ids[e & 1], and an entry of another epoch counts as empty, so that
starting a generation clears nothing. Eight consecutive ids of an account lie side by side: clients that count get a
warm cache.
"""

from libc.stdint cimport uint32_t, uint64_t

from ext.layout cimport Account, IdEntry, Market
from ext.wire cimport OrderCommand


cdef inline uint64_t mix(uint64_t x) noexcept nogil:
    """Bit mixer of splitmix64 (Steele, Lea, Flood 2014)."""
    x = (x ^ (x >> 30)) * <uint64_t> 0xBF58476D1CE4E5B9
    x = (x ^ (x >> 27)) * <uint64_t> 0x94D049BB133111EB
    return x ^ (x >> 31)


cdef inline uint64_t id_place(const Market* m, uint32_t account, uint64_t id) noexcept nogil:
    cdef uint64_t block = ((id >> 3) ^ (<uint64_t> account << 40) ^ account) * <uint64_t> 0x9E3779B97F4A7C15
    block ^= block >> 32
    return ((block << 3) | (id & 7)) & m.id_mask


cdef inline uint64_t content_of(const OrderCommand* c) noexcept nogil:
    """64 bits of what an order asks for, to tell a retry from another order under the same id."""
    cdef uint64_t head = ((<uint64_t> c.instrument << 32) | (<uint64_t> c.side << 24) | (<uint64_t> c.order_type << 16)
                          | (<uint64_t> c.tif << 8) | c.flags)
    return mix((head * <uint64_t> 0x9E3779B97F4A7C15) ^ (<uint64_t> c.price * <uint64_t> 0xD1B54A32D192ED03)
               ^ (<uint64_t> c.qty << 8) ^ c.self_trade)


cdef inline IdEntry* find_in(const Market* m, uint32_t epoch, uint32_t account, uint64_t id) noexcept nogil:
    cdef IdEntry* table = m.ids[epoch & 1]
    cdef uint64_t place = id_place(m, account, id)
    while table[place].epoch == epoch:
        if table[place].client_order_id == id and table[place].account == account:
            return &table[place]
        place = (place + 1) & m.id_mask
    return NULL


cdef inline IdEntry* find_id(const Market* m, uint32_t account, uint64_t id) noexcept nogil:
    """The entry of an id that is still known, or NULL."""
    cdef IdEntry* entry = find_in(m, m.id_epoch, account, id)
    if entry == NULL and m.id_epoch > 1:
        entry = find_in(m, m.id_epoch - 1, account, id)
    return entry


cdef inline void age_ids(const Market* m, Account* a) noexcept nogil:
    """Bring an account's largest ids up to the present generation."""
    cdef uint32_t behind = m.id_epoch - a.id_epoch
    if behind == 0:
        return
    if a.id_previous > a.id_floor:
        a.id_floor = a.id_previous
    a.id_previous = a.id_current
    if behind > 1:
        if a.id_previous > a.id_floor:
            a.id_floor = a.id_previous
        a.id_previous = 0
    a.id_current = 0
    a.id_epoch = m.id_epoch


cdef inline void add_id(
    Market* m, Account* a, uint32_t account, uint64_t id, uint64_t content, uint64_t order_id,
) noexcept nogil:
    """Remember a new id; the caller has seen that it is not known."""
    cdef IdEntry* table
    cdef uint64_t place
    if m.id_count == m.id_window:
        m.id_epoch += 1
        m.id_count = 0
    age_ids(m, a)
    m.id_count += 1
    if id > a.id_current:
        a.id_current = id
    if id > a.last_id:
        a.last_id = id
    table = m.ids[m.id_epoch & 1]
    place = id_place(m, account, id)
    while table[place].epoch == m.id_epoch:
        place = (place + 1) & m.id_mask
    table[place].client_order_id = id
    table[place].order_id = order_id
    table[place].content = content
    table[place].account = account
    table[place].epoch = m.id_epoch
