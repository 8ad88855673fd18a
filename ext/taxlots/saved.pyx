"""Tax lots as bytes, for a snapshot, and back: what goes on from them goes on as it would have."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stddef cimport size_t
from libc.stdint cimport int64_t, uint32_t, uint64_t
from libc.stdlib cimport free, malloc, qsort
from libc.string cimport memcpy, memset

from ext.taxlots.machine cimport Holding, Lot, Row, TaxLots
from ext.wire cimport LOT_FLAG_TAKEN_UP, PositionRow, SIDE_BUY, SIDE_SELL

cdef enum:
    ROWS = 4                # of a holding: open and paired, by side


cdef struct Head:  # what follows: holdings, each with its lots
    uint64_t sizes          # of the structs, so that another layout is noticed
    uint64_t holdings
    uint64_t day
    uint64_t number


cdef struct SavedHolding:
    uint64_t key
    int64_t realized
    int64_t before
    uint64_t day
    uint64_t[ROWS] counts   # of lots


cdef struct Numbered:
    uint64_t number
    uint64_t lot


cdef inline uint64_t sizes() noexcept nogil:
    return sizeof(Lot) << 32 | sizeof(SavedHolding) << 16 | sizeof(Head)


cdef inline Row* row_of(Holding* h, int number) noexcept nogil:
    return &h.open[number] if number < 2 else &h.paired[number - 2]


cdef int by_number(const void* a, const void* b) noexcept nogil:
    cdef const Numbered* first = <const Numbered*> a
    cdef const Numbered* second = <const Numbered*> b
    if first.number != second.number:
        return 1 if first.number > second.number else -1
    return (first.lot > second.lot) - (first.lot < second.lot)


def state_of(TaxLots kept not None):
    """All of it."""
    cdef size_t lots = 0, number
    cdef uint32_t lot
    cdef int row
    cdef bytes made
    cdef char* at
    cdef Head head
    cdef SavedHolding saved
    cdef Holding* h
    for number in range(1, kept.holding_count):
        for row in range(ROWS):
            lot = row_of(&kept.holdings[number], row).first
            while lot:
                lots += 1
                lot = kept.lots[lot].next
    made = PyBytes_FromStringAndSize(
        NULL, sizeof(Head) + (kept.holding_count - 1) * sizeof(SavedHolding) + lots * sizeof(Lot))
    at = PyBytes_AS_STRING(made)
    head = Head(sizes(), kept.holding_count - 1, kept.day, kept.number)
    memcpy(at, &head, sizeof(Head))
    at += sizeof(Head)
    for number in range(1, kept.holding_count):
        h = &kept.holdings[number]
        saved.key, saved.realized, saved.before, saved.day = h.key, h.realized, h.before, h.day
        for row in range(ROWS):
            saved.counts[row] = 0
            lot = row_of(h, row).first
            while lot:
                saved.counts[row] += 1
                lot = kept.lots[lot].next
        memcpy(at, &saved, sizeof(SavedHolding))
        at += sizeof(SavedHolding)
        for row in range(ROWS):
            lot = row_of(h, row).first
            while lot:
                put_lot(at, &kept.lots[lot])
                at += sizeof(Lot)
                lot = kept.lots[lot].next
    return made


cdef void put_lot(char* at, const Lot* lot) noexcept nogil:
    """Without where it was in memory: the same lots are the same bytes."""
    cdef Lot saved = lot[0]
    saved.next = saved.prev = saved.newer = saved.older = saved.holding = 0
    memcpy(at, &saved, sizeof(Lot))


def load(TaxLots kept not None, bytes state not None):
    """Have new ones be as `state_of` had them. Raises ValueError for what it did not make, MemoryError."""
    cdef const char* at = PyBytes_AS_STRING(state)
    cdef const char* end = at + PyBytes_GET_SIZE(state)
    cdef Head head
    cdef SavedHolding saved
    cdef uint32_t number
    cdef size_t _
    if end - at < <int64_t> sizeof(Head):
        raise ValueError(f"tax lots: {end - at} bytes are no state")
    memcpy(&head, at, sizeof(Head))
    at += sizeof(Head)
    if head.sizes != sizes():
        raise ValueError("tax lots: they are of another version")
    kept.day, kept.number = head.day, head.number
    for _ in range(head.holdings):
        if end - at < <int64_t> sizeof(SavedHolding):
            raise ValueError("tax lots: the state ends early")
        memcpy(&saved, at, sizeof(SavedHolding))
        at += sizeof(SavedHolding)
        number = kept.found_or_made(<uint32_t> saved.key, <uint32_t> (saved.key >> 32))
        if number == 0:
            raise MemoryError
        kept.holdings[number].realized, kept.holdings[number].before = saved.realized, saved.before
        kept.holdings[number].day = saved.day
        at = load_rows(kept, number, &saved, at, end)
    if at != end:
        raise ValueError(f"tax lots: {end - at} bytes more than the state has")
    list_all(kept)


def take_up(TaxLots kept not None, bytes positions not None, int64_t ts_ns, uint64_t seq):
    """Begin with positions of which no lots are known (PositionRow records): each is one, at its average cost.
    Raises MemoryError."""
    cdef const PositionRow* row = <const PositionRow*> PyBytes_AS_STRING(positions)
    cdef uint32_t holding
    cdef size_t index
    cdef Lot like
    memset(&like, 0, sizeof(Lot))
    like.ts_ns, like.seq, like.flags = ts_ns, seq, LOT_FLAG_TAKEN_UP
    for index in range(PyBytes_GET_SIZE(positions) // sizeof(PositionRow)):
        holding = kept.found_or_made(row[index].account, row[index].instrument)
        if holding == 0:
            raise MemoryError
        kept.holdings[holding].realized = kept.holdings[holding].before = row[index].realized_pnl
        if row[index].qty == 0:
            continue
        like.qty = row[index].qty if row[index].qty > 0 else -row[index].qty
        like.cost = row[index].cost if row[index].qty > 0 else -row[index].cost
        if kept.enter(holding, SIDE_BUY if row[index].qty > 0 else SIDE_SELL, &like):
            raise MemoryError


cdef const char* load_rows(
    TaxLots kept, uint32_t number, const SavedHolding* saved, const char* at, const char* end,
) except NULL:
    cdef size_t _
    cdef uint32_t lot
    cdef Lot like
    cdef int row
    for row in range(ROWS):
        for _ in range(saved.counts[row]):
            if end - at < <int64_t> sizeof(Lot):
                raise ValueError("tax lots: the state ends early")
            memcpy(&like, at, sizeof(Lot))
            at += sizeof(Lot)
            lot = kept.make(number, row & 1, &like)
            if lot == 0:
                raise MemoryError
            kept.put_last(row_of(&kept.holdings[number], row), lot)
    return at


cdef int list_all(TaxLots kept) except -1:
    """All that are paired, one after the other as they came."""
    cdef size_t count = 0, index
    cdef uint32_t lot
    cdef uint64_t last = kept.number
    cdef Numbered* found = <Numbered*> malloc(max(kept.lot_end, 1) * sizeof(Numbered))
    if found == NULL:
        raise MemoryError
    for lot in range(1, <uint32_t> kept.lot_end):
        if kept.lots[lot].number:
            found[count] = Numbered(kept.lots[lot].number, lot)
            count += 1
    qsort(found, count, sizeof(Numbered), by_number)
    for index in range(count):
        lot = <uint32_t> found[index].lot
        kept.list_paired(lot)
        kept.lots[lot].number = found[index].number
    kept.number = last
    free(found)
    return 0
