"""Borrowing, interest and dues as records of docs/wire.md."""

from ext.layout cimport Market

cdef bytes borrow_rows(const Market* m)
cdef bytes locate_rows(const Market* m)
cdef bytes rate_rows(const Market* m)
cdef bytes due_rows(const Market* m)
