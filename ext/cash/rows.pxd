"""Accounts with a rule, lots that are not paid for, and violations, as records of docs/wire.md."""

from ext.layout cimport Market

cdef bytes cash_rows(const Market* m)
cdef bytes unpaid_rows(const Market* m)
cdef bytes violation_rows(const Market* m)
