"""Marks and settings as bytes, and back."""

from libc.stdint cimport int64_t, uint8_t, uint32_t

from ext.accounts cimport set_flags
from ext.layout cimport (
    ACCOUNT_FLAGS, Account, HAS_CASH_RULE, HAS_DAY_RULE, HAS_PLAN, IS_MARGIN, IS_WATCHED, Margin, Market, NEEDS_MORE,
)
from ext.margin.exposure cimport list_exposure, restate
from ext.margin.level cimport level_of
from ext.margin.settings cimport ALL, MOST_ALERT, MOST_RATE, MOST_UNITS
from ext.saved cimport Reader, Writer, get, put
from ext.wire cimport ACCOUNT_FLAG_CREDIT_UNLIMITED, ACCOUNT_STATE_CLOSE_ONLY, MARK_BY_CLOSE, MAX_PRICE


cdef void write_margin(Writer* w, const Market* m) noexcept nogil:
    cdef uint32_t k
    put(w, &m.sweep, sizeof(m.sweep))
    for k in range(m.instrument_top):
        if m.instruments[k].is_set:
            put(w, &m.margins[k], sizeof(Margin))
    for k in range(1, m.position_count + 1):
        put(w, &m.exposures[k].mark, sizeof(int64_t))


cdef inline bint is_price(int64_t price) noexcept nogil:
    return 0 <= price <= MAX_PRICE


cdef bint is_sound(const Margin* g) noexcept nogil:
    cdef int k
    for k in range(2):
        if g.initial[k] > MOST_RATE or g.maintenance[k] > MOST_RATE:
            return False
    return (is_price(g.mark) and is_price(g.close) and is_price(g.least_low) and is_price(g.least)
            and g.mark_by <= MARK_BY_CLOSE)


cdef bint flags_hold(Market* m) noexcept nogil:
    """Whether what accounts' flags say is so. What follows from these is made anew."""
    cdef Account* a
    cdef uint32_t k
    for k in range(m.account_top):
        a = &m.accounts[k]
        if not a.is_set:
            continue
        if a.state > ACCOUNT_STATE_CLOSE_ONLY or a.flags & ~<uint8_t> (ACCOUNT_FLAGS | NEEDS_MORE):
            return False
        if (a.plan != 0) != (a.flags & HAS_PLAN != 0):
            return False
        if a.flags & IS_MARGIN and (not a.flags & IS_WATCHED or a.flags & ACCOUNT_FLAG_CREDIT_UNLIMITED):
            return False
        if (m.cash.accounts[k].rule != 0) != (a.flags & HAS_CASH_RULE != 0):
            return False
        if (m.day.accounts[k].rule != 0) != (a.flags & HAS_DAY_RULE != 0):
            return False
        if a.flags & HAS_DAY_RULE and not a.flags & IS_MARGIN:
            return False
        if a.flags & HAS_CASH_RULE and (not a.flags & IS_WATCHED or a.flags & (IS_MARGIN | ACCOUNT_FLAGS)):
            return False
        set_flags(a, a.flags)
        m.watched_count += a.flags & IS_WATCHED != 0
    return True


cdef bint sweep_holds(const Market* m) noexcept nogil:
    if not 0 <= m.sweep.units <= MOST_UNITS or not 0 <= m.sweep.liquidation <= ALL or m.sweep.is_used_up > 1:
        return False
    if m.sweep.alert and not ALL <= m.sweep.alert <= MOST_ALERT:
        return False
    return m.sweep.instrument <= m.instrument_top and m.sweep.position <= m.position_count


cdef bint read_margin(Reader* r, Market* m) noexcept nogil:
    cdef uint32_t k
    if not get(r, &m.sweep, sizeof(m.sweep)) or not sweep_holds(m) or not flags_hold(m):
        return False
    for k in range(m.instrument_top):
        if m.instruments[k].is_set and (
                not get(r, &m.margins[k], sizeof(Margin)) or not is_sound(&m.margins[k])):
            return False
    for k in range(1, m.position_count + 1):
        list_exposure(m, k)
        if not get(r, &m.exposures[k].mark, sizeof(int64_t)) or not is_price(m.exposures[k].mark):
            return False
        if m.exposures[k].is_watched:
            restate(m, k)
    for k in range(m.account_top):
        m.worths[k].level = level_of(m, k)
    return True
