"""Walks through positions in the order of their creation, so many steps a TICK.

A position, its account and what that is worth lie anywhere in memory: a walk asks for them some steps before it needs
them, by the links that lie AHEAD.
"""

from libc.stdint cimport int64_t, uint32_t

from ext.bits cimport prefetch
from ext.layout cimport Exposure, IS_LIMITED, IS_MARGIN, Instrument, Margin, Market, Sweep
from ext.levels cimport best_index
from ext.margin.exposure cimport note_account, restate
from ext.wire cimport INSTRUMENT_STATE_OPEN, MARK_BY_CLOSE, MARK_BY_MID, SIDE_BUY, SIDE_SELL

cdef enum:
    SOONER = 4  # steps between asking for a position's account and needing it: below AHEAD, as the position says whose


cdef int64_t price_of(const Market* m, uint32_t instrument) noexcept nogil:
    """What an instrument is marked by; 0: nothing yet."""
    cdef const Instrument* i = &m.instruments[instrument]
    cdef const Margin* g = &m.margins[instrument]
    if g.mark_by == MARK_BY_CLOSE and g.close:
        return g.close
    if (g.mark_by == MARK_BY_MID and i.state == INSTRUMENT_STATE_OPEN and i.best_level[SIDE_BUY]
            and i.best_level[SIDE_SELL]):
        return (best_index(i, SIDE_BUY) + best_index(i, SIDE_SELL)) * i.tick_size / 2
    return i.reference_price


cdef bint look(Market* m) noexcept nogil:
    """At the next instrument: whether a walk begins."""
    cdef Sweep* s = &m.sweep
    cdef uint32_t instrument
    cdef int64_t price
    if s.instrument >= m.instrument_top:
        s.instrument = 0
    instrument = s.instrument
    s.instrument += 1
    if not m.instruments[instrument].is_set:
        return False
    price = price_of(m, instrument)
    if price == 0 or price == m.margins[instrument].mark:
        return False
    m.margins[instrument].mark = price
    s.position = m.chains[instrument].first
    return s.position != 0


cdef inline uint32_t ask_for(const Market* m, uint32_t position) noexcept nogil:
    """What a watched position's step will need of its account. Returns the next position."""
    cdef uint32_t account = <uint32_t> m.positions[position].key
    if m.exposures[position].is_watched:
        prefetch(&m.worths[account])
        prefetch(&m.accounts[account])
    return m.exposures[position].next


cdef int64_t walk(Market* m, int64_t left) noexcept nogil:
    """Go on with the walk that is under way. Returns what is left."""
    cdef uint32_t position = m.sweep.position
    cdef uint32_t sooner = position
    cdef int64_t mark = m.margins[m.positions[position].key >> 32].mark
    cdef Exposure* x
    cdef uint32_t account
    cdef int _k
    for _k in range(SOONER):
        if sooner:
            sooner = ask_for(m, sooner)
    while left and position:
        x = &m.exposures[position]
        prefetch(&m.exposures[x.ahead])
        prefetch(&m.positions[x.ahead])
        if sooner:
            sooner = ask_for(m, sooner)
        x.mark = mark
        if x.is_watched:
            restate(m, position)
            account = <uint32_t> m.positions[position].key
            if m.accounts[account].flags & (IS_MARGIN | IS_LIMITED):
                note_account(m, account)
        position = x.next
        left -= 1
    m.sweep.position = position
    return left


cdef void sweep(Market* m) noexcept nogil:
    cdef int64_t left = m.sweep.units
    cdef uint32_t looks = m.instrument_top
    while left:
        if m.sweep.position:
            left = walk(m, left)
        elif looks:
            look(m)
            looks -= 1
            left -= 1
        else:
            break
    m.sweep.is_used_up = left == 0 and m.sweep.units != 0


cdef void note_close(Market* m) noexcept nogil:
    cdef uint32_t k
    for k in range(m.instrument_top):
        m.margins[k].close = m.instruments[k].reference_price
