"""The loss of the day, of accounts and of desks: docs/desks.md, "Limits" and "Soft limits"."""

from libc.stdint cimport uint32_t

from ext.layout cimport Market
from ext.margin.sums cimport wide
from ext.wire cimport AdminCommand

# Of an account that is watched: negative, if it gained.
cdef wide loss_of(const Market* m, uint32_t account) noexcept nogil
# Have the loss of an account count from what its equity is now; sums being up to date, its part in no desk.
cdef void begin_base(Market* m, uint32_t account) noexcept nogil
# An account is not watched any more: nothing is left of what it lost, and of what it sent.
cdef void forget_account(Market* m, uint32_t account) noexcept nogil
# The day ends: have all losses count from now.
cdef void begin_day(Market* m) noexcept nogil
# DEPOSIT and what else moves cash or shares from outside: what its account is worth more by is no gain.
cdef void move_funds(Market* m, const AdminCommand* c) noexcept nogil
# A command ends: tell of whose loss is above its soft limit, and was not. Sums are up to date.
cdef void judge_losses(Market* m) noexcept nogil
# Whose loss is above its soft limit now, as if told.
cdef void find_losers(Market* m) noexcept nogil
