"""What a command leaves to be done before it ends: bits of Market.pending, and lists of where."""

from libc.stdint cimport uint32_t

from ext.layout cimport HAS_DARK, Instrument, Market, Unseen

cdef enum Pending:
    MUST_SERVE = 1  # stops that were met, and dark orders
    MUST_SWEEP = 2  # a TICK's marks
    MUST_JUDGE = 4  # levels of accounts; or only sums that many positions are stale of


cdef inline void note_moved(Market* m, uint32_t instrument) noexcept nogil:
    """Have an instrument's dark orders looked at again before the command ends."""
    cdef Unseen* u = &m.unseen[instrument]
    u.knows_nearest = 0
    if u.is_moved:
        return
    u.is_moved = 1
    m.moved[m.moved_count] = instrument
    m.moved_count += 1
    m.pending |= MUST_SERVE


cdef inline void set_way(Instrument* i, const Unseen* u) noexcept nogil:
    i.way = u.ways | (HAS_DARK if u.dark_count else 0)


cdef inline void count_dark(Market* m, Instrument* i, uint32_t instrument, int change) noexcept nogil:
    """How many orders matching has to look for beside the book; where there is none, orders go the short way."""
    cdef Unseen* u = &m.unseen[instrument]
    u.dark_count += change
    u.knows_nearest = 0
    set_way(i, u)
