"""SPLIT: docs/actions.md, "Splits"."""

from ext.layout cimport Market
from ext.wire cimport AdminCommand

cdef void split(Market* m, const AdminCommand* c) noexcept nogil
