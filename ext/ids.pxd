"""Client order ids of the last accepted orders, in two generations: what makes a retry harmless.

An id's entry (48 bytes, its whole order) is appended to the log of its generation; an index of 4-byte cells, at most a
quarter full, finds it. A cell is a tag of the id's hash above the entry's number in the log, from 1; 0 is empty.
Sixteen consecutive ids of an account lie side by side in the index, one cache line: clients that count get a warm
cache. Logs take turns in twos, indexes in threes: while the current one fills up, the third is swept clean for the next
generation, a few cells an id.
"""

from libc.stdint cimport uint32_t, uint64_t
from libc.string cimport memset

from ext.bits cimport copy_four, copy_pair, likely, pick, prefetch, unlikely, word_at
from ext.layout cimport Account, AccountMore, IdEntry, Market
from ext.wire cimport COMMAND_KIND_NEW_SPECIAL, OrderCommand

cdef enum:
    ID_BLOCK = 16  # cells of a cache line
    TAG_OF_ACCOUNT = 0x85EBCA6B  # odd: accounts of one block have different tags
    AHEAD = 24     # entries: pages of memory are no border for these prefetches, as they are for the processor's own
    TURN_EVERY = 64  # ids between two parts of cleaning

cdef extern from *:
    """
    #define OB_ASKED 0x00FFFFFFFFFF0000ULL  /* of the eight bytes from kind on those from side to self_trade */
    """
    const uint64_t ASKED "OB_ASKED"


cdef inline uint64_t hash_id(const Market* m, uint32_t account, uint64_t id) noexcept nogil:
    """Equal for the ids of a block. Its high half picks the block, the top of its low half makes the tag.

    Blocks of one number lie side by side, those of the next number far away: clients that are about as far as each
    other share pages of memory.
    """
    return (id >> 4) * <uint64_t> 0x9E3779B97F4A7C15 + account * m.id_factor


cdef inline uint32_t id_place(const Market* m, uint64_t hash, uint64_t id) noexcept nogil:
    return <uint32_t> ((hash >> 32) * m.id_blocks >> 32) * ID_BLOCK | <uint32_t> (id & (ID_BLOCK - 1))


cdef inline uint32_t next_place(const Market* m, uint32_t place) noexcept nogil:
    cdef uint32_t cells = m.id_blocks * ID_BLOCK
    return place + m.id_stride if place < cells - m.id_stride else place - (cells - m.id_stride)


cdef inline uint32_t free_place(const Market* m, uint32_t place) noexcept nogil:
    """The next free cell of the current index."""
    while m.id_index[place]:
        place = next_place(m, place)
    return place


cdef inline uint32_t id_tag(const Market* m, uint64_t hash) noexcept nogil:
    return <uint32_t> hash & ~m.id_number_mask


cdef inline uint32_t number_at(const Market* m, uint32_t place, uint32_t tag) noexcept nogil:
    """The number in the log of an id whose place and tag these are, seen at first sight in the present index; or 0.
    Ids of the same tag may be taken for one another."""
    cdef uint32_t other = m.id_index[place] ^ tag  # the number alone where the tags are the same
    return pick(other > m.id_number_mask, 0, other)


cdef inline bint is_same_order(const IdEntry* entry, const OrderCommand* c) noexcept nogil:
    """Whether a NEW_ORDER asks for what the known one under its id asked for."""
    return ((entry.fields ^ word_at(&c.kind)) & ASKED == 0 and entry.instrument == c.instrument
            and entry.price == c.price and entry.qty == c.qty)


cdef inline IdEntry* find_in(
    const Market* m, uint32_t epoch, uint64_t hash, uint32_t account, uint64_t id,
) noexcept nogil:
    cdef const uint32_t* index = m.id_indexes[epoch % 3]
    cdef IdEntry* entry
    cdef uint32_t place = id_place(m, hash, id)
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


cdef inline IdEntry* find_id(const Market* m, uint32_t account, uint64_t id) noexcept nogil:
    """The entry of an id that is still known, or NULL."""
    cdef uint64_t hash = hash_id(m, account, id)
    cdef IdEntry* entry = find_in(m, m.id_epoch, hash, account, id)
    if entry == NULL and m.id_epoch > 1:
        entry = find_in(m, m.id_epoch - 1, hash, account, id)
    return entry


cdef inline void age_ids(const Market* m, uint32_t account) noexcept nogil:
    """Bring an account's largest ids up to the present generation."""
    cdef Account* a = &m.accounts[account]
    cdef AccountMore* more = &m.account_more[account]
    cdef uint32_t behind = m.id_epoch - a.id_epoch
    if likely(behind == 0):
        return
    if more.id_previous > more.id_floor:
        more.id_floor = more.id_previous
    more.id_previous = a.id_current
    if behind > 1:
        if more.id_previous > more.id_floor:
            more.id_floor = more.id_previous
        more.id_previous = 0
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


cdef inline void index_id(Market* m, uint32_t place, uint32_t tag, uint32_t slot) noexcept nogil:
    """Make the entry behind the log's last one findable. place: id_place of it."""
    cdef uint32_t number = m.id_count + 1
    m.id_count = number
    m.id_slot[number] = slot
    if unlikely(m.id_index[place] != 0):
        place = free_place(m, place)
    m.id_index[place] = tag | number


cdef inline void append_id(
    Market* m, const OrderCommand* c, uint32_t place, uint32_t tag, uint64_t order_id,
) noexcept nogil:
    """Remember the id of a new order; the caller has seen that it is not known, and that it is no turn."""
    cdef IdEntry* entry = &m.id_log[m.id_count]
    prefetch(entry + AHEAD)
    copy_four(entry, &c.kind)  # and what follows up to client_order_id; order_id has its own
    copy_pair(&entry.price, &c.price)
    entry.order_id = order_id
    index_id(m, place, tag, <uint32_t> order_id)


cdef inline void add_id(Market* m, const OrderCommand* c, uint64_t order_id, uint32_t further) noexcept nogil:
    """The same wherever the log stands, and the account's largest ids. further: a hash of what only specials have."""
    cdef Account* a = &m.accounts[c.account]
    cdef uint64_t id = c.client_order_id
    cdef uint64_t hash = hash_id(m, c.account, id)
    if unlikely(m.id_count == m.id_turn):
        turn_ids(m)
    age_ids(m, c.account)
    if id > a.last_id:
        a.last_id = id
    if id > a.id_current:
        a.id_current = id
    append_id(m, c, id_place(m, hash, id), id_tag(m, hash), order_id)
    if c.kind == COMMAND_KIND_NEW_SPECIAL:
        m.id_log[m.id_count - 1].further = further
