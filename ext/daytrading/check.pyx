"""The least equity of a pattern day trader."""

from libc.stdint cimport int64_t, uint8_t

from ext.layout cimport Market
from ext.margin.check cimport Intent
from ext.margin.exposure cimport equity_of
from ext.margin.sums cimport both, cut, is_below, wide
from ext.risk cimport Refusal, at_least_0, refuse, room_to_reduce
from ext.wire cimport CHECK_DAY_TRADER


cdef uint8_t check_day_trader(const Market* m, const Intent* wanted, Refusal* r) noexcept nogil:
    cdef int64_t room
    cdef wide worth
    if not m.day.accounts[wanted.account].is_pattern:
        return 0
    room = room_to_reduce(&m.positions[wanted.position], wanted.side, wanted.own_lots)
    if wanted.lots <= room:
        return 0
    worth = equity_of(m, wanted.account)
    if not is_below(worth, both(m.day.least_equity, 0)):
        return 0
    return refuse(r, CHECK_DAY_TRADER, m.day.least_equity, cut(worth), at_least_0(room))
