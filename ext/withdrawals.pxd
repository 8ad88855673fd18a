"""Withdrawals in two phases: docs/ledger.md. Those that are on their way lie by account and number, side by side."""

from libc.stdint cimport int64_t, uint64_t

from ext.layout cimport Market
from ext.saved cimport Reader, Writer
from ext.wire cimport AdminCommand

cdef enum:
    MAX_WITHDRAWALS = 65536

cdef bint reserve_withdrawals(Market* m, int64_t capacity) noexcept nogil  # False: no memory
cdef bint set_ledger(Market* m, const AdminCommand* c) noexcept nogil  # likewise
cdef void hold_cash(Market* m, const AdminCommand* c) noexcept nogil
cdef void end_withdrawal(Market* m, const AdminCommand* c) noexcept nogil  # POST_CASH, RELEASE_CASH
cdef bytes withdrawal_rows(const Market* m)
cdef void write_withdrawals(Writer* w, const Market* m) noexcept nogil
# The accounts were read before: what they hold for withdrawals must be what these are.
cdef bint read_withdrawals(Reader* r, Market* m, uint64_t count) noexcept nogil
