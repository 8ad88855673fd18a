"""Names of accounts, symbols, desks and keys: at most 32 bytes up to the first NUL, each of one id of its kind.

Hash tables of id + 1, 0 for empty; at most half full.
"""

from libc.stdint cimport uint32_t, uint64_t
from libc.string cimport memcmp, memset

from ext.keys.layout cimport KEY_NAMES
from ext.layout cimport Market

cdef enum:
    NAME_BYTES = 32
    NOBODY = 0xFFFFFFFF


cdef enum Named:
    INSTRUMENTS
    ACCOUNTS
    DESKS
    KEYED


cdef inline void copy_name(char* to, const char* name) noexcept nogil:
    """The text up to its first NUL, the rest zeros."""
    cdef int k = 0
    while k < NAME_BYTES and name[k]:
        to[k] = name[k]
        k += 1
    memset(to + k, 0, NAME_BYTES - k)


cdef inline uint64_t mix(uint64_t x) noexcept nogil:
    """Bit mixer of splitmix64 (Steele, Lea, Flood 2014)."""
    x = (x ^ (x >> 30)) * <uint64_t> 0xBF58476D1CE4E5B9
    x = (x ^ (x >> 27)) * <uint64_t> 0x94D049BB133111EB
    return x ^ (x >> 31)


cdef inline uint64_t hash_name(const char* name) noexcept nogil:
    cdef const uint64_t* words = <const uint64_t*> name
    return mix(words[0] ^ mix(words[1] ^ mix(words[2] ^ mix(words[3]))))


cdef inline const char* name_of(const Market* m, uint32_t kind, uint32_t id) noexcept nogil:
    if kind == DESKS:
        return &m.desks.rows[id].name[0]
    if kind == KEYED:
        return &m.keys.rows[id].name[0]
    return &m.account_more[id].name[0] if kind == ACCOUNTS else &m.instrument_texts[id].symbol[0]


cdef inline uint32_t* names_of(const Market* m, uint32_t kind) noexcept nogil:
    if kind == DESKS:
        return m.desks.names
    if kind == KEYED:
        return <uint32_t*> m.keys.names
    return m.account_names if kind == ACCOUNTS else m.instrument_names


cdef inline uint32_t names_mask(const Market* m, uint32_t kind) noexcept nogil:
    if kind == DESKS:
        return m.desks.names_mask
    if kind == KEYED:
        return KEY_NAMES - 1
    return m.account_names_mask if kind == ACCOUNTS else m.instrument_names_mask


cdef inline uint32_t find_name(const Market* m, uint32_t kind, const char* name) noexcept nogil:
    """The id that has this name, or NOBODY."""
    cdef uint32_t* table = names_of(m, kind)
    cdef uint32_t mask = names_mask(m, kind)
    cdef uint32_t place = <uint32_t> hash_name(name) & mask
    while table[place]:
        if memcmp(name_of(m, kind, table[place] - 1), name, NAME_BYTES) == 0:
            return table[place] - 1
        place = (place + 1) & mask
    return NOBODY


cdef inline void add_name(Market* m, uint32_t kind, uint32_t id) noexcept nogil:
    """Make an id findable by the name that it has now."""
    cdef uint32_t* table = names_of(m, kind)
    cdef uint32_t mask = names_mask(m, kind)
    cdef uint32_t place = <uint32_t> hash_name(name_of(m, kind, id)) & mask
    while table[place]:
        place = (place + 1) & mask
    table[place] = id + 1


cdef inline void drop_name(Market* m, uint32_t kind, uint32_t id) noexcept nogil:
    """The opposite, before its name changes: what sits behind it closes up."""
    cdef uint32_t* table = names_of(m, kind)
    cdef uint32_t mask = names_mask(m, kind)
    cdef uint32_t hole = <uint32_t> hash_name(name_of(m, kind, id)) & mask
    cdef uint32_t place, home
    while table[hole] != id + 1:
        hole = (hole + 1) & mask
    place = (hole + 1) & mask
    while table[place]:
        home = <uint32_t> hash_name(name_of(m, kind, table[place] - 1)) & mask
        if ((place - home) & mask) >= ((place - hole) & mask):
            table[hole] = table[place]
            hole = place
        place = (place + 1) & mask
    table[hole] = 0
