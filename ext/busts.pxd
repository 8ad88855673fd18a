"""Trades that operators declare void, or give another price and quantity: docs/busts.md."""

from ext.layout cimport Market
from ext.wire cimport AdminCommand

cdef void amend(Market* m, const AdminCommand* command) noexcept nogil  # BUST_TRADE, CORRECT_TRADE
# The trades that were amended: AmendmentRow records, in the order in which they first were.
cdef bytes amendment_rows(const Market* m)
# What an AmendCommand would do: its events, and the rows of its accounts and positions after it. Nothing changes.
cdef tuple preview_of(Market* m, const AdminCommand* command)
