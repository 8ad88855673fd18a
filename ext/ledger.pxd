"""Money and shares: positions at average cost, cash, holds. Integer arithmetic; see docs/core.md, "Money"."""

from libc.stdint cimport int64_t, uint32_t, uint64_t

from ext.bits cimport doubles, likely, lowest32, match4, product, share
from ext.layout cimport Account, Basis, Instrument, Market, Position
from ext.wire cimport MAX_CASH

cdef enum:
    POSITION_BUCKET = 4    # cells
    DENSE_CELLS = 1 << 24  # 64 MB of address space, of which pages are used where there are positions


cdef inline int64_t clamp_cash(int64_t amount) noexcept nogil:
    """Cost and realized P&L stop at +/- MAX_CASH."""
    if likely(doubles(amount)):  # MAX_CASH is a quarter of what 64 bits hold
        return amount
    return MAX_CASH if amount > 0 else -MAX_CASH


cdef inline void realize(Account* a, Basis* b, int64_t amount) noexcept nogil:
    b.realized_pnl = clamp_cash(b.realized_pnl + amount)
    a.realized_pnl = clamp_cash(a.realized_pnl + amount)


cdef inline int64_t proceeds_of(const Basis* b) noexcept nogil:
    return -b.cost if b.cost < 0 else 0


cdef inline void add_proceeds(Account* a, int64_t amount) noexcept nogil:
    """With unlimited credit and several shorts at the limit of cost the sum goes round; it counts for nothing there."""
    a.short_proceeds = <int64_t> (<uint64_t> a.short_proceeds + <uint64_t> amount)


cdef inline void buy_shares(
    Account* a, Position* p, Basis* b, int64_t price, int64_t qty, int64_t multiplier, int64_t cash,
) noexcept nogil:
    """cash = notional(price, qty) leaves the account, qty lots come."""
    cdef int64_t closed, closed_cash, released, before
    a.cash -= cash
    if likely(p.qty >= 0):
        b.cost = clamp_cash(b.cost + cash)
    else:
        before = proceeds_of(b)
        closed = qty if qty < -p.qty else -p.qty
        closed_cash = cash if closed == qty else product(price, closed, multiplier)
        released = b.cost if closed == -p.qty else share(b.cost, closed, -p.qty)
        b.cost = clamp_cash(b.cost - released + (cash - closed_cash))
        add_proceeds(a, proceeds_of(b) - before)
        realize(a, b, -released - closed_cash)
    p.qty += qty


cdef inline void sell_shares(
    Account* a, Position* p, Basis* b, int64_t price, int64_t qty, int64_t multiplier, int64_t cash,
) noexcept nogil:
    """cash = notional(price, qty) comes to the account, qty lots leave."""
    cdef int64_t closed, closed_cash, released, before
    a.cash += cash
    if likely(p.qty >= qty):
        released = b.cost if qty == p.qty else share(b.cost, qty, p.qty)
        b.cost -= released
        realize(a, b, cash - released)
    elif p.qty <= 0:
        before = proceeds_of(b)
        b.cost = clamp_cash(b.cost - cash)
        add_proceeds(a, proceeds_of(b) - before)
    else:
        closed = p.qty
        closed_cash = product(price, closed, multiplier)
        released = b.cost
        b.cost = -(cash - closed_cash)
        add_proceeds(a, proceeds_of(b))
        realize(a, b, closed_cash - released)
    p.qty -= qty


cdef inline int64_t free_cash(const Account* a) noexcept nogil:
    return a.cash - a.hold - a.short_proceeds


# Positions lie in the order of their creation; an index finds them by account and instrument. Where that is no larger
# than DENSE_CELLS it is a table of all accounts by all instruments. Else it has buckets of four cells each: a cell is
# a tag of the key's hash, its top bit set, above the position's number; 0 is empty. A bucket fills from its beginning,
# and what has no room goes on to the next one; as the index is at most a quarter full, few do.

cdef inline uint64_t position_hash(uint64_t key) noexcept nogil:
    """Of a key: account in its low half, instrument in its high half. Its own low half picks the bucket."""
    cdef uint64_t x = key * <uint64_t> 0x9E3779B97F4A7C15
    return x ^ (x >> 32)


cdef inline uint32_t* position_bucket(const Market* m, uint64_t hash) noexcept nogil:
    return &m.position_index[(<uint64_t> <uint32_t> hash * m.position_buckets >> 32) * POSITION_BUCKET]


cdef inline uint32_t position_tag(const Market* m, uint64_t hash) noexcept nogil:
    return (<uint32_t> (hash >> 32) & ~m.position_number_mask) | <uint32_t> 0x80000000


cdef inline uint32_t* next_bucket(const Market* m, uint32_t* bucket) noexcept nogil:
    cdef uint32_t* end = m.position_index + <size_t> m.position_buckets * POSITION_BUCKET
    return bucket + POSITION_BUCKET if bucket + POSITION_BUCKET < end else m.position_index


cdef inline uint32_t position_at(const Market* m, const uint32_t* bucket, uint32_t tag) noexcept nogil:
    """The number in a bucket's first cell with this tag; some other one, or 0, where there is none."""
    cdef uint32_t found = match4(bucket, ~m.position_number_mask, tag)
    return bucket[lowest32(found | 1 << (POSITION_BUCKET - 1))] & m.position_number_mask


cdef inline uint32_t find_position(const Market* m, uint64_t key) noexcept nogil:
    """The number of a position of an account and an instrument that are within the capacities, or 0."""
    return m.position_index[dense_cell(m, key)] if m.position_buckets == 0 else find_in_buckets(m, key)


cdef inline uint64_t dense_cell(const Market* m, uint64_t key) noexcept nogil:
    return <uint64_t> <uint32_t> key * m.instrument_capacity + (key >> 32)


cdef inline uint32_t find_in_buckets(const Market* m, uint64_t key) noexcept nogil:
    cdef uint64_t hash = position_hash(key)
    cdef uint32_t tag = position_tag(m, hash)
    cdef uint32_t* bucket = position_bucket(m, hash)
    cdef uint32_t number = position_at(m, bucket, tag)
    cdef uint32_t k
    if likely(m.positions[number].key == key and number != 0):
        return number
    while True:  # the slow way: cell by cell
        for k in range(POSITION_BUCKET):
            if bucket[k] == 0:
                return 0
            number = bucket[k] & m.position_number_mask
            if m.positions[number].key == key:
                return number
        bucket = next_bucket(m, bucket)


cdef inline void index_position(Market* m, uint32_t number) noexcept nogil:
    """Make a position findable by its key."""
    cdef uint64_t key = m.positions[number].key
    cdef uint64_t hash = position_hash(key)
    cdef uint32_t* bucket
    cdef uint32_t k
    if m.position_buckets == 0:
        m.position_index[dense_cell(m, key)] = number
        return
    bucket = position_bucket(m, hash)
    while True:
        for k in range(POSITION_BUCKET):
            if bucket[k] == 0:
                bucket[k] = position_tag(m, hash) | number
                return
        bucket = next_bucket(m, bucket)
