"""What positions are worth and need, and the sums of that over accounts: docs/risk.md, "What an account is worth".

Sums are made anew lazily: whoever changes lots, open lots or cost of a position notes it down, and before anybody reads
a sum the positions of that list are worked off. A note may be made before the change as well as after it, as long as
nobody reads between. What most orders do, come to rest and be cancelled, is booked at once: it is one amount of one
sum.
"""

from libc.stdint cimport int64_t, uint32_t, uint64_t

from ext.bits cimport unlikely
from ext.layout cimport (
    Account, Exposure, IS_WATCHED, Margin, Market, Position, SUM_INITIAL, SUM_VALUE, Worth,
)
from ext.margin.sums cimport equity, less, move_sum, part, plus, sum_of, wide, worth
from ext.risk cimport greater
from ext.wire cimport MAX_CASH

cdef struct Stake:  # what of a position goes into sums
    int64_t value
    int64_t maintenance
    int64_t initial[2]  # with open buys, with open sells


cdef inline int64_t least_of(const Margin* g, int64_t mark) noexcept nogil:
    """The price that each share sold short must have behind it, at least."""
    if g.least == 0:
        return 0
    return greater(mark, g.least_low) if mark < g.least else g.least


cdef inline int64_t needs(
    const Margin* g, int64_t multiplier, int64_t mark, int64_t lots, const uint32_t* rates,
) noexcept nogil:
    """rates: of long positions, of short ones."""
    cdef int64_t value = worth(lots, mark, multiplier, MAX_CASH)
    if lots >= 0:
        return part(value, rates[0], MAX_CASH)
    return greater(part(value, rates[1], MAX_CASH), worth(lots, least_of(g, mark), multiplier, MAX_CASH))


cdef inline int64_t initial_of(const Exposure* x) noexcept nogil:
    return greater(greater(x.initial[0], x.initial[1]), x.maintenance)


cdef inline int64_t mark_of(const Market* m, uint32_t position, uint32_t instrument) noexcept nogil:
    """Of a position that is not there yet (0) its instrument's."""
    return m.exposures[position].mark if position else m.margins[instrument].mark


cdef inline wide sum_at(const Market* m, uint32_t account, uint32_t which) noexcept nogil:
    """A sum, exactly; of an account that is watched, and brought up to date, as the next ones."""
    return sum_of(m.worths[account].low[which], m.worths[account].high[which])


cdef inline wide due_of(const Market* m, uint32_t account) noexcept nogil:
    """Of dividends, over all its positions."""
    return sum_of(m.borrowing.dues[account].low, m.borrowing.dues[account].high)


cdef inline wide equity_of(const Market* m, uint32_t account) noexcept nogil:
    cdef const Worth* w = &m.worths[account]
    cdef wide worth_of_all = equity(m.accounts[account].cash, w.withdrawals, sum_at(m, account, SUM_VALUE))
    if unlikely(w.has_due):
        return plus(worth_of_all, due_of(m, account))
    return worth_of_all


cdef inline wide excess_of(const Market* m, uint32_t account) noexcept nogil:
    return less(equity_of(m, account), sum_at(m, account, SUM_INITIAL))


cdef inline void put_initial(Market* m, uint32_t account, Exposure* x, uint32_t side, int64_t amount) noexcept nogil:
    """Open lots of a side of a position need another amount than they did; the position is not stale."""
    cdef Worth* w = &m.worths[account]
    cdef int64_t before = initial_of(x)
    x.initial[side] = amount
    move_sum(&w.low[SUM_INITIAL], &w.high[SUM_INITIAL], before, initial_of(x))


# What of a position goes into sums, as it is now.
cdef void find_stake(const Market* m, uint32_t position, Stake* s) noexcept nogil
# Note a position down, if its account is watched.
cdef void note_position(Market* m, uint32_t position) noexcept nogil
# Note down that the equity of an account, MARGIN or with limits, may be another one.
cdef void note_account(Market* m, uint32_t account) noexcept nogil


cdef inline void note_lots(Market* m, const Account* a, uint32_t position) noexcept nogil:
    """Before or after open lots of an account's position change."""
    if unlikely(a.flags & IS_WATCHED):
        note_position(m, position)


# Open lots of a position are about to change, and nothing else of margin will: where its account is watched this is
# booked. change_lots: they are those of one order, which comes or leaves.
cdef void change_initial(Market* m, uint32_t position, uint32_t side, int64_t change) noexcept nogil
cdef void change_lots(Market* m, uint32_t position, uint32_t side, int64_t change) noexcept nogil
# Cash or withdrawals of an account change.
cdef void note_cash(Market* m, uint32_t account) noexcept nogil
# Lots and cost of its position do, and cash with them.
cdef void note_trade(Market* m, uint32_t position) noexcept nogil
# Work the list off.
cdef void work_off(Market* m) noexcept nogil


cdef inline void bring_up_to_date(Market* m) noexcept nogil:
    """Have the sums right."""
    if m.stale_count:
        work_off(m)


# The same for one position, at once.
cdef void restate(Market* m, uint32_t position) noexcept nogil
# The same for all of an instrument: their marks, margins or lots mean something else now.
cdef void restate_instrument(Market* m, uint32_t instrument) noexcept nogil
# Set a new position up; the caller has seen that there is room. Returns its number.
cdef uint32_t open_position(Market* m, uint64_t key) noexcept nogil
# A position has come to be: it has its instrument's mark, and is the last one there.
cdef void list_exposure(Market* m, uint32_t position) noexcept nogil
# Begin or end to keep the sums of an account; whoever begins does so with sums of 0.
cdef void watch_positions(Market* m, uint32_t account, bint is_watched) noexcept nogil
