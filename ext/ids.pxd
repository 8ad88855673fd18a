"""Client order ids of the last accepted orders, in two generations: what makes a retry harmless.

An id's entry (32 bytes) is appended to the log of its generation; an index of 4-byte cells, at most a quarter full,
finds it. A cell is a tag of the id's hash above the entry's number in the log, from 1; 0 is empty. Sixteen consecutive
ids of an account lie side by side in the index, one cache line: clients that count get a warm cache. Logs take turns
in twos, indexes in threes: while the current one fills up, the third is swept clean for the next generation, a few
cells an id.
"""

from libc.stdint cimport uint32_t, uint64_t
from libc.string cimport memset

from ext.bits cimport likely, unlikely, word_at
from ext.layout cimport Account, IdEntry, Market
from ext.wire cimport OrderCommand

cdef enum:
    ID_BLOCK = 16  # cells of a cache line
    TURN_EVERY = 64  # ids between two parts of cleaning
    ID_STEP = 17   # to the next cell to try, in the next line; no index has a multiple of it, so every cell is tried


cdef inline uint64_t mix(uint64_t x) noexcept nogil:
    """Bit mixer of splitmix64 (Steele, Lea, Flood 2014)."""
    x = (x ^ (x >> 30)) * <uint64_t> 0xBF58476D1CE4E5B9
    x = (x ^ (x >> 27)) * <uint64_t> 0x94D049BB133111EB
    return x ^ (x >> 31)


cdef inline uint64_t hash_id(uint32_t account, uint64_t id) noexcept nogil:
    """Equal for the ids of a block. Its low half picks the block, its high half makes the tag."""
    cdef uint64_t x = ((id >> 4) + <uint64_t> account * <uint64_t> 0x9E3779B97F4A7C15) * <uint64_t> 0xD1B54A32D192ED03
    return x ^ (x >> 32)


cdef inline uint64_t id_place(const Market* m, uint64_t hash, uint64_t id) noexcept nogil:
    return (<uint64_t> <uint32_t> hash * m.id_blocks >> 32) * ID_BLOCK | (id & (ID_BLOCK - 1))


cdef inline uint64_t next_place(const Market* m, uint64_t place) noexcept nogil:
    cdef uint64_t cells = <uint64_t> m.id_blocks * ID_BLOCK
    return place + ID_STEP if place + ID_STEP < cells else place + ID_STEP - cells


cdef inline uint64_t free_place(const Market* m, uint64_t place) noexcept nogil:
    """The next free cell of the current index."""
    while m.id_index[place]:
        place = next_place(m, place)
    return place


cdef inline uint32_t id_tag(const Market* m, uint64_t hash) noexcept nogil:
    return <uint32_t> (hash >> 32) & ~m.id_number_mask


cdef inline uint64_t fields_of(const OrderCommand* c) noexcept nogil:
    """The bytes from side to self_trade, in their places within the eight from kind on."""
    return word_at(<const char*> c + 16) & <uint64_t> 0x00FFFFFFFFFF0000


cdef inline uint64_t content_of(const OrderCommand* c, uint64_t fields) noexcept nogil:
    """64 bits of what an order asks for, to tell a retry from another order under the same id. fields: fields_of it."""
    cdef uint64_t amount = <uint64_t> c.instrument << 32 | c.qty
    return ((<uint64_t> c.price * <uint64_t> 0x9E3779B97F4A7C15) ^ (amount * <uint64_t> 0xD1B54A32D192ED03)) ^ fields


cdef inline IdEntry* find_in(
    const Market* m, uint32_t epoch, uint64_t hash, uint32_t account, uint64_t id,
) noexcept nogil:
    cdef const uint32_t* index = m.id_indexes[epoch % 3]
    cdef IdEntry* entry
    cdef uint64_t place = id_place(m, hash, id)
    cdef uint32_t tag = id_tag(m, hash)
    cdef uint32_t cell = index[place]
    while cell:
        if cell & ~m.id_number_mask == tag:
            entry = &m.id_logs[epoch & 1][(cell & m.id_number_mask) - 1]
            if likely(entry.client_order_id == id and entry.account == account):
                return entry
        place = next_place(m, place)
        cell = index[place]
    return NULL


cdef inline IdEntry* find_id(const Market* m, uint32_t account, uint64_t id, uint64_t hash) noexcept nogil:
    """The entry of an id that is still known, or NULL."""
    cdef IdEntry* entry = find_in(m, m.id_epoch, hash, account, id)
    if entry == NULL and m.id_epoch > 1:
        entry = find_in(m, m.id_epoch - 1, hash, account, id)
    return entry


cdef inline void age_ids(const Market* m, Account* a) noexcept nogil:
    """Bring an account's largest ids up to the present generation."""
    cdef uint32_t behind = m.id_epoch - a.id_epoch
    if likely(behind == 0):
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


cdef inline void sweep(Market* m) noexcept nogil:
    """Clean as much of the next index as belongs to the ids from the present count to the next turn."""
    cdef uint64_t cells = <uint64_t> m.id_blocks * ID_BLOCK
    cdef uint64_t swept = <uint64_t> m.id_count * m.id_sweep
    cdef uint64_t part = <uint64_t> TURN_EVERY * m.id_sweep
    if swept < cells:
        memset(m.id_next_index + swept, 0, (part if part < cells - swept else cells - swept) * sizeof(uint32_t))


cdef inline void turn_ids(Market* m) noexcept nogil:
    """What is to do now and then before an id is appended: begin a generation, clean a part of the next index."""
    if m.id_count == m.id_window:
        open_generation(m, m.id_epoch + 1)
        return
    sweep(m)
    m.id_turn = m.id_count + TURN_EVERY if m.id_window - m.id_count > TURN_EVERY else m.id_window


cdef inline void open_generation(Market* m, uint32_t epoch) noexcept nogil:
    m.id_epoch = epoch
    m.id_count = 0
    m.id_log = m.id_logs[epoch & 1]
    m.id_slot = m.id_slots[epoch & 1]
    m.id_index = m.id_indexes[epoch % 3]
    m.id_next_index = m.id_indexes[(epoch + 1) % 3]
    m.id_turn = m.id_window
    if epoch > 2:  # before, the next index was never written to
        sweep(m)
        m.id_turn = TURN_EVERY if m.id_window > TURN_EVERY else m.id_window


cdef inline void append_id(Market* m, uint64_t id, uint64_t hash, uint32_t slot) noexcept nogil:
    """Make the entry behind the log's last one findable."""
    cdef uint64_t place = id_place(m, hash, id)
    m.id_count += 1
    m.id_slot[m.id_count] = slot
    if unlikely(m.id_index[place] != 0):
        place = free_place(m, place)
    m.id_index[place] = id_tag(m, hash) | m.id_count


cdef inline void add_id(
    Market* m, Account* a, uint32_t account, uint64_t id, uint64_t hash, uint64_t content, uint64_t order_id,
) noexcept nogil:
    """Remember a new id; the caller has seen that it is not known."""
    cdef IdEntry* entry
    if unlikely(m.id_count == m.id_turn):
        turn_ids(m)
    age_ids(m, a)
    if likely(id > a.last_id):
        a.last_id = id
        a.id_current = id
    elif id > a.id_current:
        a.id_current = id
    entry = &m.id_log[m.id_count]
    entry.client_order_id = id
    entry.order_id = order_id
    entry.content = content
    entry.account = account
    append_id(m, id, hash, <uint32_t> order_id)
