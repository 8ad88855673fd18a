"""What was paid with what: proceeds, and lots that are not paid for. docs/cash.md, "What was paid with what"."""

from libc.stdint cimport int64_t, uint32_t

from ext.cash.layout cimport STEPS, Unpaid
from ext.layout cimport Market
from ext.wire cimport AdminCommand


cdef struct Left:  # unpaid lots that left a position: of all steps but OWED, and of that
    int64_t[2] lots
    int64_t[2] money


cdef inline int64_t unpaid_lots(const Unpaid* u) noexcept nogil:
    cdef int64_t lots = 0
    cdef int k
    for k in range(<int> STEPS):
        lots += u.lots[k]
    return lots


# Settled money that has paid for nothing yet; may be negative.
cdef int64_t funds_of(const Market* m, uint32_t account) noexcept nogil
# The sum of an account's proceeds that have not settled, and paid for nothing yet.
cdef int64_t proceeds_of(const Market* m, uint32_t account) noexcept nogil
# Have the sum rise, as far as it may.
cdef void add_proceeds(Market* m, uint32_t account, uint32_t step, int64_t amount) noexcept nogil
# A position's lots or what was told of it changed: keep count of those that SETTLE has to look at.
cdef void recount(Market* m, uint32_t position) noexcept nogil
# Lots were bought for cash. before: the position before it; funds: those before it.
cdef void note_buy(
    Market* m, uint32_t position, int64_t lots, int64_t cash, int64_t before, int64_t funds,
) noexcept nogil
# Lots were sold for cash. Says which of them were not paid for.
cdef void note_sale(
    Market* m, uint32_t position, int64_t lots, int64_t cash, int64_t before, Left* left,
) noexcept nogil
# A buy, a sale is undone.
cdef void undo_buy(Market* m, uint32_t position, int64_t lots, int64_t cash) noexcept nogil
cdef void undo_sale(Market* m, uint32_t position, int64_t cash) noexcept nogil
# A deposit pays for what was bought.
cdef void pay_in(Market* m, uint32_t account, int64_t amount) noexcept nogil
# SETTLE: proceeds of an account, then all lots that are not paid for.
cdef void settle_proceeds(Market* m, uint32_t account, int64_t days) noexcept nogil
cdef void settle_lots(Market* m, int64_t days) noexcept nogil
# SPLIT: of one position.
cdef void split_lots(Market* m, uint32_t position, const AdminCommand* c) noexcept nogil
# All that is kept of an account goes; what of its cash is to settle is its proceeds, if it has a rule now.
cdef void begin_rule(Market* m, uint32_t account, uint32_t rule) noexcept nogil
