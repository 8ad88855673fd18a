"""What is kept of instruments, of currencies, and of the few positions that have claims. Sums are made anew."""

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

from ext.actions.dues cimport sum_due
from ext.admin cimport MAX_HELD
from ext.borrow.accrual cimport LONG_YEAR, SHORT_YEAR
from ext.borrow.layout cimport Claim, Lending, Rate
from ext.borrow.locates cimport MOST_YEARLY, put_located
from ext.layout cimport Market, NOT_EASY
from ext.saved cimport Reader, Writer, get, put
from ext.settled cimport LAST_DATE
from ext.wire cimport BORROW_EASY, BORROW_NONE

cdef struct SavedLending:
    int64_t fee
    int64_t inventory
    uint64_t split_trades
    uint64_t borrow


cdef struct SavedClaim:
    uint64_t position
    Claim claim


cdef inline bint has_claim(const Market* m, uint32_t position) noexcept nogil:
    return m.borrowing.claims[position].located != 0 or m.borrowing.claims[position].due != 0


cdef void write_borrowing(Writer* w, const Market* m) noexcept nogil:
    cdef const Lending* lending
    cdef SavedLending saved
    cdef SavedClaim claim
    cdef uint64_t count = 0
    cdef uint32_t k
    put(w, &m.borrowing.accrue_date, sizeof(int64_t))
    put(w, m.borrowing.rates, sizeof(m.borrowing.rates))
    for k in range(m.instrument_top):
        if m.instruments[k].is_set:
            lending = &m.borrowing.lendings[k]
            saved = SavedLending(lending.fee, lending.inventory, lending.split_trades, lending.borrow)
            put(w, &saved, sizeof(SavedLending))
    for k in range(1, m.position_count + 1):
        count += has_claim(m, k)
    put(w, &count, sizeof(uint64_t))
    for k in range(1, m.position_count + 1):
        if has_claim(m, k):
            claim = SavedClaim(k, m.borrowing.claims[k])
            put(w, &claim, sizeof(SavedClaim))


cdef inline bint is_yearly(int64_t rate) noexcept nogil:
    return 0 <= rate <= MOST_YEARLY


cdef bint rate_holds(const Rate* rate) noexcept nogil:
    if rate.days == 0:
        return rate.debit == 0 and rate.credit == 0
    return (rate.days == SHORT_YEAR or rate.days == LONG_YEAR) and is_yearly(rate.debit) and is_yearly(rate.credit)


cdef bint read_lending(Reader* r, Market* m, uint32_t instrument) noexcept nogil:
    cdef SavedLending saved
    cdef Lending* lending = &m.borrowing.lendings[instrument]
    if not get(r, &saved, sizeof(SavedLending)) or saved.borrow > BORROW_NONE or not is_yearly(saved.fee):
        return False
    if not 0 <= saved.inventory <= MAX_HELD or saved.split_trades > m.instruments[instrument].trades:
        return False
    lending.fee = saved.fee
    lending.inventory = saved.inventory
    lending.split_trades = saved.split_trades
    lending.borrow = <uint8_t> saved.borrow
    return (saved.borrow != BORROW_EASY) == (m.unseen[instrument].ways & NOT_EASY != 0)


cdef bint read_claims(Reader* r, Market* m) noexcept nogil:
    cdef SavedClaim saved
    cdef uint64_t count
    cdef uint64_t last = 0
    cdef uint64_t _n
    cdef uint32_t position
    if not get(r, &count, sizeof(uint64_t)):
        return False
    for _n in range(count):
        if not get(r, &saved, sizeof(SavedClaim)) or not last < saved.position <= m.position_count:
            return False
        last = saved.position
        position = <uint32_t> last
        if not 0 <= saved.claim.located <= MAX_HELD or not -MAX_HELD <= saved.claim.due <= MAX_HELD:
            return False
        if saved.claim.located == 0 and saved.claim.due == 0:
            return False
        put_located(m, position, saved.claim.located)
        m.borrowing.claims[position].due = saved.claim.due
        sum_due(m, <uint32_t> m.positions[position].key, saved.claim.due)
        if m.borrowing.lendings[m.positions[position].key >> 32].lent > MAX_HELD:
            return False
    return True


cdef bint read_borrowing(Reader* r, Market* m) noexcept nogil:
    cdef uint32_t k
    if not get(r, &m.borrowing.accrue_date, sizeof(int64_t)) or not 0 <= m.borrowing.accrue_date <= LAST_DATE:
        return False
    if not get(r, m.borrowing.rates, sizeof(m.borrowing.rates)):
        return False
    for k in range(sizeof(m.borrowing.rates) // sizeof(Rate)):
        if not rate_holds(&m.borrowing.rates[k]):
            return False
    for k in range(m.instrument_top):
        if m.instruments[k].is_set and not read_lending(r, m, k):
            return False
    return read_claims(r, m)
