"""DIVIDEND and PAY_DIVIDEND: docs/actions.md, "Dividends"."""

from ext.layout cimport Market
from ext.wire cimport AdminCommand

cdef void set_dividend(Market* m, const AdminCommand* c) noexcept nogil
cdef void pay_dividend(Market* m, const AdminCommand* c) noexcept nogil
