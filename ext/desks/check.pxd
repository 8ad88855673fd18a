"""Checks 13a and 24d of docs/desks.md: what limits of an account and of the desks above it say to an order."""

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

from ext.desks.layout cimport MOST_ABOVE, Repeats, Stretch, Warning
from ext.layout cimport Account, Market
from ext.margin.sums cimport wide
from ext.risk cimport Refusal

cdef enum:
    ALL_OF_VOLUME = 10000  # 1e-4


cdef enum Occasion:
    ENTERS                  # NEW_ORDER, NEW_SPECIAL
    WAITS                   # the same of a child: its lots do not count yet
    REPLACES
    WAKES                   # of a child


cdef struct Asked:  # an order as check 24d sees it
    Occasion occasion
    uint32_t account
    uint32_t instrument
    uint32_t position       # 0: not there yet
    uint32_t side
    int64_t lots            # of checks 22 to 24
    int64_t own_lots        # of the order that it replaces, or of its ring: they are among the open ones
    int64_t qty             # of check 19, as the next one
    int64_t notional
    int64_t price           # as sent, as the next one
    uint8_t order_type


cdef struct KeptCounts:  # what checks count of messages and orders
    uint64_t[MOST_ABOVE] rate_ends
    uint32_t[MOST_ABOVE] rate_counts
    Repeats repeats


cdef inline int64_t part_of_volume(const Market* m, uint32_t instrument, int64_t qty) noexcept nogil:
    """Of an instrument whose average volume is known."""
    return qty * ALL_OF_VOLUME / m.desks.listings[instrument].average_volume


# The reject of a Limit, of a holder so far above the account: its measure without the order and with it.
cdef uint8_t refuse_at(
    Refusal* r, uint32_t limit, uint8_t distance, int64_t hard, wide before, wide after,
) noexcept nogil
# Tell that a soft limit was passed.
cdef void warn(
    Market* m, uint32_t account, uint32_t instrument, uint64_t client_order_id, const Warning* w,
) noexcept nogil
cdef void keep_counts(const Market* m, uint32_t account, KeptCounts* kept) noexcept nogil
# As they were; what is to be told is forgotten.
cdef void restore_counts(Market* m, uint32_t account, const KeptCounts* kept) noexcept nogil
# Check 13a, of an account with IS_LIMITED that passed 13 and was not counted yet. Counts the message for its desks, and
# tells what it has to say.
cdef uint8_t check_messages(
    Market* m, const Account* a, uint32_t account, uint32_t instrument, uint64_t client_order_id, Refusal* r,
) noexcept nogil
# Check 24d, likewise. Keeps what is to be told when the order is accepted.
cdef uint8_t check_limits(Market* m, const Account* a, const Asked* asked, Refusal* r) noexcept nogil
# Tell it.
cdef void tell_warnings(Market* m, uint32_t account, uint32_t instrument, uint64_t client_order_id) noexcept nogil
# What the short way asks: a plain order that has passed all else. False: the long way has to look. Else it is counted,
# and `after` is how its position would count with its lots.
cdef bint passes_limits(
    Market* m, const Account* a, uint32_t account, uint32_t instrument, uint32_t position, uint32_t side, int64_t qty,
    int64_t notional, int64_t price, Stretch* after,
) noexcept nogil
