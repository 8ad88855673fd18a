"""What orders of accounts that are watched, or have a plan of fees, are asked beyond other checks, and what their
trades have to be noted for. It lies behind a bit of Care in the account's flags: plain accounts never come here.
"""

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

from ext.layout cimport Account, Instrument, Market
from ext.risk cimport Refusal

cdef struct Intent:  # an order as check 24m sees it
    uint32_t account
    uint32_t instrument
    uint32_t position   # 0: not there yet
    uint32_t side
    int64_t lots
    int64_t notional
    int64_t own_lots    # of the order that it replaces, or of its ring: they are among the open ones
    int64_t own_hold    # of the order that it replaces
    uint32_t others     # its account's other open orders
    int64_t needed      # check_margin says: what all open lots of its side need with it


# Check 24m of docs/risk.md, of a MARGIN account, and after it 24p of docs/daytrading.md.
cdef uint8_t check_margin(Market* m, Intent* wanted, Refusal* r) noexcept nogil
# What the short way asks an account with any bit of Care: an order that has passed all else. False: a check does not
# pass; else what the order needs is booked.
cdef bint passes(
    Market* m, const Account* a, uint32_t instrument, uint32_t position, uint32_t side, int64_t qty, int64_t notional,
    int64_t index,
) noexcept nogil
# What a trade costs beside its price, and whom it has to be noted for; their FILLs being told. The first one is the
# maker, unless it is in an auction. At least one of the two accounts has a bit of Care.
cdef void follow_trade(
    Market* m, uint32_t first, uint32_t second, bint in_auction, uint32_t qty, int64_t price, uint64_t trade_id,
) noexcept nogil
# What a MARGIN account may take out.
cdef int64_t withdrawable(Market* m, uint32_t account) noexcept nogil
