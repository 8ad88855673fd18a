"""What is asked of tax lots: open ones, gains beside those at average cost, pairs. See docs/lots.md."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stddef cimport size_t
from libc.stdint cimport int64_t, uint32_t, uint64_t
from libc.string cimport memset

from ext.bits cimport add_cut, share
from ext.taxlots.machine cimport Holding, Lot, TaxLots
from ext.wire cimport ExposureRow, GainRow, LotRow, PositionRow, SIDE_BUY, SIDE_SELL


cdef inline uint64_t key_of(const PositionRow* row) noexcept nogil:
    return row.account | <uint64_t> row.instrument << 32


cdef inline uint32_t first_open(const Holding* h) noexcept nogil:
    return h.open[SIDE_BUY].first if h.open[SIDE_BUY].first else h.open[SIDE_SELL].first


def lots_of(TaxLots kept not None, bytes positions not None):
    """LotRow of each open lot of these positions (PositionRow records), in their order, the earliest first."""
    cdef const PositionRow* row = <const PositionRow*> PyBytes_AS_STRING(positions)
    cdef size_t places = PyBytes_GET_SIZE(positions) // sizeof(PositionRow)
    cdef size_t index, count = 0
    cdef const Lot* lot
    cdef uint32_t at
    cdef int64_t sign
    cdef bytes found
    cdef LotRow* out
    for index in range(places):
        at = first_open(&kept.holdings[kept.find(key_of(&row[index]))])
        while at:
            count += 1
            at = kept.lots[at].next
    found = PyBytes_FromStringAndSize(NULL, count * sizeof(LotRow))
    out = <LotRow*> PyBytes_AS_STRING(found)
    for index in range(places):
        at = first_open(&kept.holdings[kept.find(key_of(&row[index]))])
        while at:
            lot = &kept.lots[at]
            sign = 1 if lot.side == SIDE_BUY else -1
            memset(out, 0, sizeof(LotRow))
            out.account, out.instrument = row[index].account, row[index].instrument
            out.ts_ns, out.seq, out.trade_id = lot.ts_ns, lot.seq, lot.trade_id
            out.qty, out.cost, out.flags = sign * lot.qty, sign * lot.cost, lot.flags
            out += 1
            at = lot.next
    return found


def gains_of(TaxLots kept not None, bytes positions not None, bytes exposures not None):
    """GainRow of each of these positions: PositionRow records, and the ExposureRow records of the same ones."""
    cdef const PositionRow* row = <const PositionRow*> PyBytes_AS_STRING(positions)
    cdef const ExposureRow* seen = <const ExposureRow*> PyBytes_AS_STRING(exposures)
    cdef size_t count = PyBytes_GET_SIZE(positions) // sizeof(PositionRow)
    cdef size_t index
    cdef uint32_t at
    cdef const Holding* h
    cdef bytes found
    cdef GainRow* out
    if PyBytes_GET_SIZE(exposures) // sizeof(ExposureRow) != count:
        raise ValueError(f"{count} positions need as many exposures")
    found = PyBytes_FromStringAndSize(NULL, count * sizeof(GainRow))
    out = <GainRow*> PyBytes_AS_STRING(found)
    memset(out, 0, count * sizeof(GainRow))
    for index in range(count):
        h = &kept.holdings[kept.find(key_of(&row[index]))]
        at = first_open(h)
        while at:
            out.cost_fifo = add_cut(out.cost_fifo, kept.lots[at].cost)
            at = kept.lots[at].next
        if row[index].qty < 0:
            out.cost_fifo = -out.cost_fifo
        out.account, out.instrument, out.qty = row[index].account, row[index].instrument, row[index].qty
        out.mark = seen[index].mark
        out.realized_fifo = h.realized
        out.today_fifo = add_cut(h.realized, -h.before) if h.day == kept.day else 0
        out.unrealized_fifo = add_cut(seen[index].value, -out.cost_fifo)
        out.cost_average, out.realized_average = row[index].cost, row[index].realized_pnl
        out.unrealized_average = seen[index].unrealized
        out += 1
    return found


def pairs_of(TaxLots kept not None, uint32_t account, uint32_t instrument):
    """What is kept of pairs, the earliest first: (ts_ns, seq, trade_id, cost) of what was bought, the same of what was
    sold, qty. trade_id 0: it came, or went, without a trade."""
    cdef const Holding* h = &kept.holdings[kept.find(account | <uint64_t> instrument << 32)]
    cdef uint32_t bought = h.paired[SIDE_BUY].first, sold = h.paired[SIDE_SELL].first
    cdef int64_t used = 0, other_used = 0, cost_used = 0, other_cost_used = 0, qty, cost, other_cost
    cdef const Lot* b
    cdef const Lot* s
    cdef list found = []
    while bought and sold:
        b, s = &kept.lots[bought], &kept.lots[sold]
        qty = min(b.qty - used, s.qty - other_used)
        cost = b.cost - cost_used if qty == b.qty - used else share(b.cost, qty, b.qty)
        other_cost = s.cost - other_cost_used if qty == s.qty - other_used else share(s.cost, qty, s.qty)
        found.append(((b.ts_ns, b.seq, b.trade_id, cost), (s.ts_ns, s.seq, s.trade_id, other_cost), qty))
        used, cost_used = used + qty, cost_used + cost
        other_used, other_cost_used = other_used + qty, other_cost_used + other_cost
        if used == b.qty:
            bought, used, cost_used = b.next, 0, 0
        if other_used == s.qty:
            sold, other_used, other_cost_used = s.next, 0, 0
    return found


def realized_of(TaxLots kept not None, uint32_t account, uint32_t instrument):
    """Realized, in all."""
    return kept.holdings[kept.find(account | <uint64_t> instrument << 32)].realized
