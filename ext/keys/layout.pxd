"""What the core keeps of keys: docs/session-limits.md. Number 0 means "none"."""

from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t, uint64_t

from ext.desks.layout cimport Repeats, Warning

cdef enum:
    KEYS = 256              # numbers that a command's byte has room for
    KEY_LIMITS = 12         # arrays by Limit; 0 stays empty
    KEY_NAMES = 512         # places of the table of names, at most half full
    MOST_KEY_WARNINGS = 6   # of one order: each Limit but MESSAGES


cdef struct Key:
    uint8_t is_set
    uint8_t unused
    uint32_t rate_count
    uint64_t rate_end       # of the second that rate_count is of
    int64_t open_orders     # its live orders
    uint64_t open_low       # 96 bits: what these count
    int32_t open_high
    uint32_t unused2
    int64_t[KEY_LIMITS] hard  # 0: none
    int64_t[KEY_LIMITS] soft
    Repeats repeats         # what it sent last in front
    char name[32]


cdef struct KeyedOrder:  # of the order in the same slot, with OF_KEY; the key's number is in its Extra
    int64_t price           # that its lots count at
    int64_t counted         # cash that the key's sum has of it


cdef struct Keys:
    Key* rows               # KEYS of them, by number
    KeyedOrder* orders
    Warning[MOST_KEY_WARNINGS] warnings  # that an order will give when it is accepted
    uint32_t warning_count
    uint32_t[KEY_NAMES] names  # hash table of numbers + 1
