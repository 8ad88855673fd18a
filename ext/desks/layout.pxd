"""What the core keeps of desks and limits: docs/desks.md. Index 0 of desks and places means "none"."""

from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t

cdef enum:
    LIMITS = 11             # arrays by Limit; 0 stays empty
    MOST_ABOVE = 4          # desks above an account
    REMEMBERED = 4          # different orders of an account, for REPEATS
    MOST_WARNINGS = 50      # of one order: each Limit of each holder


cdef enum:  # sums of a holder over positions
    TALLY_GROSS
    TALLY_NET_BUY
    TALLY_NET_SELL          # right behind: by side
    TALLY_OPEN
    TALLIES


cdef struct Tally:  # 96 bits each
    uint64_t[TALLIES] low
    int32_t[TALLIES] high


cdef struct Bounds:  # a holder's limits
    int64_t[LIMITS] quick   # a measure with an order up to this passes, and is nothing to warn of
    int64_t[LIMITS] hard    # 0: none
    int64_t[LIMITS] soft


cdef struct Measure:  # of the account with the same id, while it has IS_LIMITED: a cache line
    Tally tally
    uint32_t counted_orders  # of its open orders: what desks have of them
    uint32_t place          # of its bounds; 0: it never had a limit
    uint64_t lists          # that it may not trade, bits


cdef struct Ground:  # of the account with the same id: what the loss of its day counts from
    uint64_t low            # of 96 bits, of an account that is watched
    int32_t high
    uint8_t is_losing       # more than its soft limit, as the last command ended
    int64_t counted_cash    # less withdrawals: what desks have of it, while it has IS_LIMITED
    uint64_t unused


cdef struct Stretch:  # of the position with the same number: what sums have of it, while its account has IS_LIMITED
    int64_t gross
    int64_t net[2]          # signed, by side of the open orders
    uint64_t open


cdef struct Repeat:  # an order as it was sent
    int64_t price
    int64_t first_ns
    uint32_t account
    uint32_t instrument
    uint32_t qty
    uint32_t count          # that came since
    uint8_t is_set
    uint8_t side
    uint8_t order_type
    uint8_t[5] unused


cdef struct Repeats:  # of the account with the same id, or a key: what it sent last in front
    Repeat[REMEMBERED] orders


cdef struct Listing:  # of the instrument with the same id
    int64_t average_volume  # lots a day; 0: not known
    uint64_t lists          # that it is on, bits


cdef struct Desk:  # 448 bytes: what every order needs in the first three cache lines
    Tally tally
    int64_t open_orders
    uint64_t rate_end       # of the second that rate_count is of

    uint32_t rate_count
    uint16_t parent         # 0: none
    uint8_t is_set
    uint8_t state           # AccountState, its own
    uint8_t in_force        # the strictest of that and of those above it
    uint8_t is_losing       # more than its soft limit, as the last command ended
    uint8_t is_moved        # noted down for that to be looked at
    uint8_t unused
    uint32_t accounts       # that are in it, itself
    uint32_t watched        # accounts below it that are watched
    int32_t equity_high
    uint64_t equity_low
    Bounds bounds

    uint64_t base_low
    int32_t base_high
    uint32_t unused2
    char name[32]
    uint64_t[5] unused3


cdef struct Warning:  # that an order will give when it is accepted
    int64_t soft
    int64_t measure
    uint16_t desk
    uint8_t limit
    uint8_t distance


cdef struct Desks:
    char* block             # of the next three
    Desk* rows              # 1.. capacity
    uint32_t* names         # hash table of ids + 1
    uint16_t* moved         # desks of which the loss is to be looked at before the command ends
    uint32_t names_mask
    uint32_t capacity
    uint32_t moved_count
    Bounds* places          # of accounts, from 1, in a block of their own
    uint32_t place_capacity
    uint32_t place_count
    uint16_t* of_account    # the desk of the account with the same id
    Measure* measures
    Ground* grounds
    Stretch* stretches
    Listing* listings
    Repeats* repeats
    Warning[MOST_WARNINGS] warnings
    uint32_t warning_count
