"""Accounts with a rule, as records of docs/wire.md."""

from ext.layout cimport Market

cdef bytes day_trader_rows(const Market* m)
