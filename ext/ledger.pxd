"""Money and shares: positions at average cost, cash, holds. Integer arithmetic; see docs/core.md, "Money"."""

from libc.stdint cimport int64_t, uint32_t, uint64_t

from ext.bits cimport add_cut, likely, product, share
from ext.layout cimport Account, Instrument, Market, Position
from ext.wire cimport MAX_CASH


cdef inline int64_t clamp_cash(int64_t amount) noexcept nogil:
    """Cost and realized P&L stop at +/- MAX_CASH."""
    return MAX_CASH if amount > MAX_CASH else -MAX_CASH if amount < -MAX_CASH else amount


cdef inline void realize(Account* a, Position* p, int64_t amount) noexcept nogil:
    p.realized_pnl = clamp_cash(p.realized_pnl + amount)
    a.realized_pnl = clamp_cash(a.realized_pnl + amount)


cdef inline int64_t proceeds_of(const Position* p) noexcept nogil:
    return -p.cost if p.cost < 0 else 0


cdef inline void buy_shares(
    Account* a, Position* p, int64_t price, int64_t qty, int64_t multiplier, int64_t cash,
) noexcept nogil:
    """cash = notional(price, qty) leaves the account, qty lots come."""
    cdef int64_t closed, closed_cash, released, before
    a.cash -= cash
    if likely(p.qty >= 0):
        p.cost = clamp_cash(p.cost + cash)
    else:
        before = proceeds_of(p)
        closed = qty if qty < -p.qty else -p.qty
        closed_cash = cash if closed == qty else product(price, closed, multiplier)
        released = p.cost if closed == -p.qty else share(p.cost, closed, -p.qty)
        p.cost = clamp_cash(p.cost - released + (cash - closed_cash))
        a.short_proceeds += proceeds_of(p) - before
        realize(a, p, -released - closed_cash)
    p.qty += qty


cdef inline void sell_shares(
    Account* a, Position* p, int64_t price, int64_t qty, int64_t multiplier, int64_t cash,
) noexcept nogil:
    """cash = notional(price, qty) comes to the account, qty lots leave."""
    cdef int64_t closed, closed_cash, released, before
    a.cash += cash
    if likely(p.qty >= qty):
        released = p.cost if qty == p.qty else share(p.cost, qty, p.qty)
        p.cost -= released
        realize(a, p, cash - released)
    elif p.qty <= 0:
        before = proceeds_of(p)
        p.cost = clamp_cash(p.cost - cash)
        a.short_proceeds += proceeds_of(p) - before
    else:
        closed = p.qty
        closed_cash = product(price, closed, multiplier)
        released = p.cost
        p.cost = -(cash - closed_cash)
        a.short_proceeds += proceeds_of(p)
        realize(a, p, closed_cash - released)
    p.qty -= qty


cdef inline int64_t free_cash(const Account* a) noexcept nogil:
    return a.cash - a.hold - a.short_proceeds


cdef inline uint64_t position_key(uint32_t account, uint32_t instrument) noexcept nogil:
    cdef uint64_t x = (<uint64_t> account << 24 ^ instrument) * <uint64_t> 0x9E3779B97F4A7C15
    return x ^ (x >> 32)


cdef inline uint32_t position_place(const Market* m, uint32_t account, uint32_t instrument) noexcept nogil:
    """Place of the position of an account in an instrument: where it is, or where it would be put."""
    cdef uint64_t place = position_key(account, instrument) & m.position_mask
    cdef Position* p = &m.positions[place]
    while p.is_set and (p.account != account or p.instrument != instrument):
        place = (place + 1) & m.position_mask
        p = &m.positions[place]
    return <uint32_t> place


cdef inline void open_position(Market* m, uint32_t place, uint32_t account, uint32_t instrument) noexcept nogil:
    """Set a position up at its place; the caller has seen that the table is not full."""
    cdef Position* p = &m.positions[place]
    p.is_set = 1
    p.account = account
    p.instrument = instrument
    m.position_log[m.position_count] = place
    m.position_count += 1
