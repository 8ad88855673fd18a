"""What has changed between two looks at the best levels of a book."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from libc.stddef cimport size_t

from ext.wire cimport SIDE_BUY, Depth


cdef inline bint goes_before(const Depth* a, const Depth* b) noexcept nogil:
    """Bids come before offers, on each side the better price first."""
    if a.side != b.side:
        return a.side == SIDE_BUY
    return a.price > b.price if a.side == SIDE_BUY else a.price < b.price


def level_changes(bytes before, bytes after):
    """Depth records that make `after` of `before`: new totals; level_qty and level_orders 0 where a level is not shown.

    Both as Core.depth gives them of one instrument, with any number of levels. seq and ts_ns are those of `after`, or
    where that has no level those of `before`. Raises ValueError for what are no whole records.
    """
    cdef const Depth* old = <const Depth*> PyBytes_AS_STRING(before)
    cdef const Depth* new = <const Depth*> PyBytes_AS_STRING(after)
    cdef const Depth* old_end = old + len(before) // sizeof(Depth)
    cdef const Depth* new_end = new + len(after) // sizeof(Depth)
    cdef const Depth* stamp = new
    cdef size_t rows = 0
    cdef bytes result
    cdef Depth* out
    if len(before) % sizeof(Depth) or len(after) % sizeof(Depth):
        raise ValueError(f"records of {sizeof(Depth)} bytes expected, got {len(before)} and {len(after)} bytes")
    if before == after:
        return b""
    if new == new_end:
        stamp = old
    result = PyBytes_FromStringAndSize(NULL, len(before) + len(after))
    out = <Depth*> PyBytes_AS_STRING(result)
    while old < old_end or new < new_end:
        if new == new_end or (old < old_end and goes_before(old, new)):
            out[rows] = old[0]
            out[rows].seq = stamp.seq
            out[rows].ts_ns = stamp.ts_ns
            out[rows].level_qty = 0
            out[rows].level_orders = 0
            rows += 1
            old += 1
        elif old == old_end or goes_before(new, old):
            out[rows] = new[0]
            rows += 1
            new += 1
        else:
            if old.level_qty != new.level_qty or old.level_orders != new.level_orders:
                out[rows] = new[0]
                rows += 1
            old += 1
            new += 1
    return result[:rows * sizeof(Depth)]
