"""DeskRow, MemberRow and LimitRow: docs/desks.md, "Rows"."""

from ext.layout cimport Market

cdef bytes desk_rows(Market* m)
cdef bytes member_rows(const Market* m)
cdef bytes limit_rows(Market* m)
