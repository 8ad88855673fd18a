"""What trades, busts and shares that leave mean for accounts with a rule: docs/cash.md."""

from libc.stdint cimport int64_t, uint32_t

from ext.layout cimport Market

# A trade was booked and told; at least one of the two accounts has a rule. first, second: orders.
cdef void follow_cash_trade(
    Market* m, uint32_t first, uint32_t second, uint32_t qty, int64_t price,
) noexcept nogil
# A side of a trade is undone, or is what a correction has instead: booked just now, of an account with a rule.
cdef void follow_undone(Market* m, uint32_t position, uint32_t side, int64_t lots, int64_t cash) noexcept nogil
cdef void follow_corrected(Market* m, uint32_t position, uint32_t side, int64_t lots, int64_t cash) noexcept nogil
# Lots were taken out, and that was told.
cdef void follow_withdrawn(Market* m, uint32_t position, int64_t lots) noexcept nogil
