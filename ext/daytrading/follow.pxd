"""What trades, deposits, days and whatever else moves lots mean for accounts with a rule: docs/daytrading.md."""

from libc.stdint cimport int64_t, uint32_t, uint64_t

from ext.layout cimport Market
from ext.wire cimport AdminCommand

# A trade was booked and told; at least one of the two accounts has a rule. first, second: orders.
cdef void follow_day_trade(Market* m, uint32_t first, uint32_t second, uint32_t qty, uint64_t trade_id) noexcept nogil
# A bust, a correction or shares that left changed a position, which had so many lots before; any account's.
cdef void follow_lots(Market* m, uint32_t position, int64_t before) noexcept nogil
# SPLIT: of one position, any account's.
cdef void split_opened(Market* m, uint32_t position, const AdminCommand* c) noexcept nogil
# Cash is about to be paid in to an account with a rule.
cdef void keep_deposit(Market* m, uint32_t account, int64_t amount) noexcept nogil
# SETTLE, of an account with a rule; and of all positions of such accounts.
cdef void settle_day_trader(Market* m, uint32_t account) noexcept nogil
cdef void settle_day_positions(Market* m) noexcept nogil
