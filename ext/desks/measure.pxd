"""What accounts and desks measure: sums over positions, open orders, equity. docs/desks.md, "Limits".

They are kept of accounts with IS_LIMITED alone, and of the desks above these. Sums over positions are moved when those
of margin are (margin/exposure.pxd): where a position is stale they are, too, and so are its account's open orders and
cash as far as its desks know of them.
"""

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

from ext.desks.layout cimport (
    Bounds, Desk, Measure, Stretch, TALLY_GROSS, TALLY_NET_BUY, TALLY_NET_SELL, TALLY_OPEN, Tally,
)
from ext.layout cimport Market
from ext.margin.sums cimport add_sum, both, gap, less, sum_of, wide
from ext.wire cimport LIMIT_DAY_LOSS, SIDE_BUY, SIDE_SELL


cdef inline Desk* desk_above(const Market* m, uint32_t desk) noexcept nogil:
    """The desk of this id; NULL for 0."""
    return &m.desks.rows[desk] if desk else NULL


cdef inline wide tally_of(const Tally* t, uint32_t which) noexcept nogil:
    return sum_of(t.low[which], t.high[which])


cdef inline void move_tally(Tally* t, const Stretch* before, const Stretch* after) noexcept nogil:
    """A position counts otherwise than it did."""
    add_sum(&t.low[<int> TALLY_GROSS], &t.high[<int> TALLY_GROSS], both(after.gross, -before.gross))
    add_sum(&t.low[<int> TALLY_NET_BUY], &t.high[<int> TALLY_NET_BUY], both(after.net[SIDE_BUY], -before.net[SIDE_BUY]))
    add_sum(&t.low[<int> TALLY_NET_SELL], &t.high[<int> TALLY_NET_SELL],
            both(after.net[SIDE_SELL], -before.net[SIDE_SELL]))
    add_sum(&t.low[<int> TALLY_OPEN], &t.high[<int> TALLY_OPEN], gap(after.open, before.open))


cdef inline wide desk_equity(const Desk* d) noexcept nogil:
    return sum_of(d.equity_low, d.equity_high)


cdef inline wide desk_loss(const Desk* d) noexcept nogil:
    """Negative: gained."""
    return less(sum_of(d.base_low, d.base_high), desk_equity(d))


cdef inline wide base_of(const Market* m, uint32_t account) noexcept nogil:
    return sum_of(m.desks.grounds[account].low, m.desks.grounds[account].high)


# A position with other open lots on one side, `open`: of one that is not there yet (0), too.
cdef void stretch_with(
    const Market* m, uint32_t position, uint32_t instrument, uint32_t side, int64_t open, Stretch* after,
) noexcept nogil
# A position that is not stale counts as `after` from now on; and so many orders more.
cdef void book_stretch(Market* m, uint32_t position, const Stretch* after, int orders) noexcept nogil
# The same where one order with `open` lots on a side in all comes (1) or leaves (-1).
cdef void change_stretch(Market* m, uint32_t position, uint32_t side, int64_t open, int orders) noexcept nogil
# A position's part, and what desks know of its account, made anew. value: what changed of the position's value.
cdef void restate_stretch(Market* m, uint32_t position, int64_t value_before, int64_t value_after) noexcept nogil
# Have desks know of an account's open orders and cash as they are.
cdef void settle_account(Market* m, uint32_t account) noexcept nogil
# Other things than cash and positions that an account's equity is made of changed.
cdef void move_account(Market* m, uint32_t account, wide amount) noexcept nogil
# Have the loss of a desk looked at before the command ends.
cdef void note_desk(Market* m, uint32_t desk) noexcept nogil
# Have an account's part leave its desks, or come to be in them; sums being up to date.
cdef void leave_desks(Market* m, uint32_t account) noexcept nogil
cdef void join_desks(Market* m, uint32_t account) noexcept nogil
# Whether it has limits, a desk or lists while it is watched decides whether it is measured: begin or end that. Its
# part is in no desk meanwhile.
cdef void measure_account(Market* m, uint32_t account) noexcept nogil
cdef void forget_measures(Market* m, uint32_t account) noexcept nogil
# What a holder has without any limit.
cdef void begin_bounds(Bounds* b) noexcept nogil
cdef void set_bound(Bounds* b, uint32_t limit, int64_t hard, int64_t soft) noexcept nogil
