"""Marks: which price an instrument is marked by, and how TICKs take it to its positions, so much at a time."""

from __future__ import annotations

import pytest
from openbell import wire
from openbell.wire import CommandKind, EventKind, InstrumentState, MarkBy

from ext.core import Core
from tests.ext.market import CASH, A, B, C, Market, plain
from tests.ext.risky import DOLLAR, exposure_of, margin_of, risk_of, set_margin, watch

DAY_NS = 86_400_000_000_000


def sweep(m: Market, units: int) -> None:
    (event,) = m.admin(CommandKind.SET_RISK, units)
    assert event.kind == EventKind.RISK_SET


def marks(m: Market, instrument: int = 0) -> list[int]:
    """Of an instrument's positions, in the order of their creation."""
    return [row.mark for row in plain(m.core.exposures(), wire.EXPOSURE_ROW) if row.instrument == instrument]


def hold(m: Market, *accounts: int, instrument: int = 0) -> None:
    for account in accounts:
        m.admin(CommandKind.DEPOSIT_SHARES, 10, 0, account=account, instrument=instrument)


def test_a_position_begins_at_its_instruments_mark_and_only_ticks_change_it() -> None:
    m = Market()
    assert margin_of(m).mark == 0  # it was set up without a reference price
    hold(m, A)
    m.instrument(0, -1, -1, 500)
    m.buy(A, 1000, 1)
    m.sell(B, 1000, 1)
    hold(m, C)
    assert (marks(m), margin_of(m).mark) == ([0, 0, 0], 0)
    m.tick(m.ts_ns)
    assert (marks(m), m.core.sweeping) == ([0, 0, 0], False)  # SET_RISK said nothing
    sweep(m, 100)
    assert marks(m) == [0, 0, 0]
    m.tick(m.ts_ns)
    assert (marks(m), margin_of(m).mark, m.core.sweeping) == ([1000] * 3, 1000, False)
    m.admin(CommandKind.SET_INSTRUMENT, 1, 1, 777, instrument=2, name=b"TWO")
    hold(m, A, instrument=2)
    assert (margin_of(m, 2).mark, marks(m, 2)) == (777, [777])


def test_so_much_a_tick_and_no_more() -> None:
    """Instruments 0 and 1 with three and one positions; one look or one position is one of value0."""
    m = Market()
    hold(m, A, B, C)
    hold(m, B, instrument=1)
    m.instrument(0, -1, -1, 100)
    m.instrument(1, -1, -1, 200)
    sweep(m, 2)
    seen = []
    for _ in range(5):
        m.tick(m.ts_ns)
        seen.append((marks(m), marks(m, 1), m.core.sweeping))
    assert seen == [
        ([100, 0, 0], [0], True),  # a look at 0, a position
        ([100, 100, 100], [0], True),
        ([100, 100, 100], [200], True),  # a look at 1, a position
        ([100, 100, 100], [200], True),  # a look at each: all that 2 are good for
        ([100, 100, 100], [200], True),
    ]
    sweep(m, 3)
    m.tick(m.ts_ns)
    assert not m.core.sweeping


def test_what_comes_to_be_during_a_walk_is_its_end_and_its_price_stays_till_the_next() -> None:
    m = Market()
    hold(m, A, B)
    m.instrument(0, -1, -1, 100)
    sweep(m, 2)
    m.tick(m.ts_ns)
    assert marks(m) == [100, 0]
    m.instrument(0, -1, -1, 300)
    hold(m, C)
    assert marks(m) == [100, 0, 100]  # it has its instrument's mark
    sweep(m, 1)
    m.tick(m.ts_ns)
    assert marks(m) == [100, 100, 100]
    m.tick(m.ts_ns)  # the third position of the walk
    m.tick(m.ts_ns)  # a look at instrument 1
    m.tick(m.ts_ns)  # a look at instrument 0
    assert (marks(m), margin_of(m).mark) == ([100, 100, 100], 300)
    sweep(m, 3)
    m.tick(m.ts_ns)
    assert marks(m) == [300, 300, 300]


def test_middle_of_the_displayed_prices() -> None:
    m = Market()
    hold(m, A)
    set_margin(m, 10_000, 10_000, 10_000, 10_000, mark_by=MarkBy.MID)
    m.instrument(0, -1, -1, 500)
    sweep(m, 100)
    m.tick(m.ts_ns)
    assert marks(m)[0] == 500
    m.buy(B, 1000, 1)
    m.tick(m.ts_ns)
    assert marks(m)[0] == 500
    m.sell(C, 1005, 1)
    m.tick(m.ts_ns)
    assert marks(m)[0] == 1002
    m.special(B, 0, 1, price=1000, flags=wire.OrderFlag.HIDDEN)
    m.cancel(C, client_order_id=1)
    m.sell(C, 1015, 1)
    m.tick(m.ts_ns)
    assert marks(m)[0] == 1007
    m.state(InstrumentState.HALTED)
    m.tick(m.ts_ns)
    assert marks(m)[0] == 500


def test_price_of_the_end_of_the_last_day() -> None:
    m = Market()
    hold(m, A)
    set_margin(m, 10_000, 10_000, 10_000, 10_000, mark_by=MarkBy.CLOSE)
    m.admin(CommandKind.SET_SCHEDULE, m.ts_ns + DAY_NS)
    m.instrument(0, -1, -1, 500)
    sweep(m, 100)
    m.tick(m.ts_ns)
    assert (marks(m), margin_of(m).close) == ([500], 0)  # no day ended yet
    m.instrument(0, -1, -1, 600)
    m.tick(m.ts_ns + DAY_NS)
    assert (marks(m), margin_of(m).close) == ([600], 600)
    m.instrument(0, -1, -1, 700)
    m.tick(m.ts_ns)
    assert marks(m) == [600]
    set_margin(m, 10_000, 10_000, 10_000, 10_000)
    m.tick(m.ts_ns)
    assert marks(m) == [700]


def test_marks_come_after_all_else_of_a_tick() -> None:
    """An auction that ends with the TICK makes the price that it marks by."""
    m = Market()
    hold(m, A)
    watch(m, A)
    sweep(m, 100)
    m.state(InstrumentState.CALL, 1, m.ts_ns + 5, 1)
    m.buy(B, 1000, 5)
    m.sell(C, 1000, 5)
    events = m.tick(m.ts_ns + 5)
    assert EventKind.AUCTION in {event.kind for event in events}
    assert exposure_of(m, A).mark == 1000
    assert risk_of(m, A).value == 10 * 1000 * 100


def test_a_later_price_is_found_when_the_sweep_comes_around() -> None:
    m = Market(instruments=64)
    for instrument in range(2, 60):
        m.admin(CommandKind.SET_INSTRUMENT, 1, 1, 10, instrument=instrument, name=b"I%d" % instrument)
    hold(m, A, instrument=59)
    m.instrument(59, -1, -1, 20)
    sweep(m, 1)
    for number in range(1, 61):
        m.tick(m.ts_ns)
        assert margin_of(m, 59).mark == (20 if number == 60 else 10), number
    assert marks(m, 59) == [10]
    m.tick(m.ts_ns)
    assert marks(m, 59) == [20]


@pytest.mark.parametrize("cut", range(12))
def test_a_walk_goes_on_from_a_snapshot(cut: int) -> None:
    def tell(with_cut: bool) -> list[object]:
        m, seen = Market(), []
        for account in (A, B, C):
            watch(m, account)
        hold(m, A, B, C)
        hold(m, C, A, instrument=1)
        m.instrument(0, -1, -1, 100 * DOLLAR)
        m.instrument(1, -1, -1, 20 * DOLLAR)
        sweep(m, 1)
        m.admin(CommandKind.DEPOSIT, -CASH, account=A)
        m.admin(CommandKind.CHARGE, 2000 * 10**6, 3, 0, account=A, instrument=0)
        for number in range(12):
            if with_cut and number == cut:
                before = m.core.state_hash(), m.core.risk(), m.core.exposures(), m.core.sweeping
                m.core = Core.restore(m.core.snapshot())
                assert (m.core.state_hash(), m.core.risk(), m.core.exposures(), m.core.sweeping) == before
            seen += [event.__dict__ for event in m.tick(m.ts_ns)]
            seen += [m.core.state_hash(), m.core.risk(), m.core.sweeping]
        return seen

    assert tell(True) == tell(False)


def test_damaged_snapshots_are_refused() -> None:
    """Whatever byte of what margin has in a snapshot is another one: it is refused, or it is another state."""
    m = Market()
    watch(m, A)
    hold(m, A, B)
    m.instrument(0, -1, -1, 123_456_789)
    sweep(m, 987_654)
    m.tick(m.ts_ns)
    m.admin(CommandKind.SET_RISK, 987_654, 12_345, 6_789)
    good = m.core.snapshot()
    at = good.rindex((987_654).to_bytes(8, "little"))
    assert good[at + 8 : at + 24] == (12_345).to_bytes(8, "little") + (6_789).to_bytes(8, "little")

    def damaged(place: int, value: int, size: int = 8) -> bytes:
        return good[:place] + value.to_bytes(size, "little", signed=value < 0) + good[place + size :]

    margin = at + 40  # of instrument 0; that of 1, and marks of two positions follow
    for bad in (
        damaged(at, -1),
        damaged(at, 1_048_577),
        damaged(at + 8, 9_999),
        damaged(at + 8, 1_000_001),
        damaged(at + 16, 10_001),
        damaged(at + 24, 3, 4),  # no such instrument
        damaged(at + 28, 3, 4),  # no such position
        damaged(at + 32, 2),
        *[damaged(margin + place, value) for place in (0, 8, 16, 24) for value in (-1, 2**42)],
        *[damaged(margin + place, 100_001, 4) for place in (32, 36, 40, 44)],
        damaged(margin + 48, 3, 1),
        damaged(len(good) - 8, -1),
        damaged(len(good) - 16, 2**42),
        good[:-1],
        good + b"\0",
    ):
        with pytest.raises(ValueError, match="damaged"):
            Core.restore(bad)
    for place in range(at, len(good)):
        other = damaged(place, good[place] ^ 0x55, 1)
        try:
            core = Core.restore(other)
        except ValueError:
            continue
        assert core.state_hash() != m.core.state_hash()
        core.risk(), core.exposures(), core.margins()
    assert Core.restore(good).state_hash() == m.core.state_hash()
