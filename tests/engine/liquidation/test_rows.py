"""What a look sees is what the core's tables say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from openbell import wire
from openbell.wire import CommandKind, RiskType, Side

from engine.liquidation.rows import Depths, Quotes, standings
from engine.liquidation.slices import Passed, Slice, slice_of
from engine.liquidation.standing import Holding, Standing, needed, worth
from tests.engine.liquidation.conftest import Open
from tests.engine.liquidation.crash_day import FIRST, CrashDay
from tests.engine.liquidation.floor import AAA, ALICE, BBB, BOB, BUY, CAROL, DAVE, SELL, Floor
from tests.engine.liquidation.made import plenty, price


def by_tables(day: CrashDay, account: int) -> Standing | None:
    """The slow way: out of the tables of all."""
    core = day.market.core
    (row,) = day.market.account(account)
    risks = np.frombuffer(core.risk(), wire.RISK_ROW)
    risks = risks[risks["account"] == account]
    if not len(risks):
        return None
    holdings = [
        Holding(
            *(int(exposure[name]) for name in ("instrument", "qty", "mark", "maintenance", "value")),
            int(position["open_buy"]), int(position["open_sell"]),
        )
        for exposure, position in zip(
            np.frombuffer(core.exposures(account), wire.EXPOSURE_ROW), day.market.positions(account), strict=True
        )
        if exposure["qty"]
    ]  # fmt: skip
    holdings.sort(key=lambda one: one.instrument)
    return Standing(
        account, int(row["state"]), int(risks["equity"][0]), int(risks["maintenance"][0]), tuple(holdings),
        int(row["open_orders"]), int(row["max_open_orders"]), int(row["max_order_qty"]), int(row["max_order_notional"]),
        int(row["last_client_order_id"]),
    )  # fmt: skip


@pytest.mark.parametrize("instruments", [4, 70])  # positions are found in a table, and by hashing
def test_standings_are_those_of_the_tables(tmp_path: Path, instruments: int, seed: int) -> None:
    day = CrashDay(tmp_path, 120, instruments, seed)
    try:
        for number in range(FIRST, FIRST + 30):
            standing = by_tables(day, number)
            assert standing is not None
            day.put(number, Side.SELL, standing.holdings[0].instrument, 1, 9_000_0000)
        day.market.sequencer.flush(0)
        clients = list(range(FIRST, FIRST + 120))
        day.random.shuffle(clients)
        found = standings(day.market.core, [1 << 23, *clients, 4, (1 << 32) - 1])
        assert list(found) == clients
        for account, standing in found.items():
            assert standing == by_tables(day, account)
        assert any(len(one.holdings) > 1 for one in found.values())
        assert any(hold.open_sell for one in found.values() for hold in one.holdings)
        assert standings(day.market.core, []) == {}
    finally:
        day.stop()


def test_ids_are_whole(floor: Floor) -> None:
    with pytest.raises(ValueError, match="5 bytes are no whole ids"):
        floor.market.core.standings(b"12345")


def test_an_account_that_has_margin_no_more_is_none(floor: Floor) -> None:
    assert list(standings(floor.market.core, [CAROL, DAVE])) == [CAROL, DAVE]
    for other in (RiskType.NONE, RiskType.CASH):
        floor.admin(CommandKind.SET_ACCOUNT_RISK, account=CAROL, state=other)
        assert list(standings(floor.market.core, [CAROL, DAVE])) == [DAVE]


def test_worth_and_needs_are_the_cores(floor: Floor) -> None:
    """Marks on both sides of what a cheap share must have behind it."""
    for at in (0.5, 2.25, 2.5, 4.99, 5, 7, 100):
        floor.trade(ALICE, BOB, AAA, 1, at)
        floor.trade(CAROL, BOB, AAA, 7, at)
        floor.trade(BOB, DAVE, AAA, 9, at)
        floor.tick()
        quotes = Quotes(floor.market.core)
        for standing in standings(floor.market.core, [CAROL, DAVE]).values():
            (one,) = standing.holdings
            quote = quotes[AAA]
            assert one.mark == price(at)
            assert abs(one.value) == worth(one.qty, one.mark, quote.lot_size)
            assert one.maintenance == needed(one.qty, one.mark, quote.lot_size, quote.needs) == standing.maintenance


@pytest.mark.parametrize("qty", [10, -10])
@pytest.mark.parametrize("collar_bps", [0, 100, 500])
@pytest.mark.parametrize("bands", [None, (98, 102), (99.5, 100.5)])
@pytest.mark.parametrize("ticks", [(), (0, 100, price(99), 300)])
def test_the_core_takes_every_slice(
    floor: Floor, qty: int, collar_bps: int, bands: tuple[float, float] | None, ticks: tuple[int, ...]
) -> None:
    """Its price is never beyond collar and bands, and always on a tick; one tick further the core refuses it."""
    keep = [wire.KEEP] * 8
    floor.admin(CommandKind.SET_INSTRUMENT, instrument=AAA, values=[*keep[:3], collar_bps, *keep[4:]])
    floor.trade(*((CAROL, BOB) if qty > 0 else (BOB, CAROL)), AAA, abs(qty), 100)
    if ticks:
        floor.admin(CommandKind.SET_TICKS, instrument=AAA, values=ticks)
    if bands:
        floor.admin(CommandKind.SET_BANDS, instrument=AAA, values=(price(bands[0]), price(bands[1]), price(100)))
    floor.tick()
    quotes = Quotes(floor.market.core)
    standing = replace(standings(floor.market.core, [CAROL])[CAROL], equity=0)
    found = slice_of(standing, standing.holdings[0], quotes[AAA], floor.terms, plenty)
    assert isinstance(found, Slice)
    before = int(floor.market.account(CAROL)["last_client_order_id"][0])
    number = floor.send(CAROL, found.side, AAA, 1, found.price / 10_000)
    assert int(floor.market.account(CAROL)["last_client_order_id"][0]) == number > before
    wanted = {None: 0, (98, 102): 98, (99.5, 100.5): 99.5}[bands] if qty > 0 else 0
    least = max(97, wanted, 100 - collar_bps / 100 if collar_bps else 0)
    if qty > 0:
        assert price(least) <= found.price < price(least) + 300
        worse = found.price - (300 if ticks and found.price > price(99) else 100)
        is_bound = found.price > price(97) + 300
        number = floor.send(CAROL, found.side, AAA, 1, worse / 10_000)
        taken = int(floor.market.account(CAROL)["last_client_order_id"][0]) == number
        assert taken != (is_bound and (bool(bands) or bool(collar_bps)))


def test_what_slices_of_a_turn_take_is_not_there_for_others(floor: Floor) -> None:
    floor.send(ALICE, BUY, AAA, 10, 99)
    floor.send(ALICE, BUY, AAA, 5, 98)
    floor.send(ALICE, SELL, AAA, 7, 101)
    displayed = Depths(floor.market.core)
    assert [displayed(AAA, SELL, price(at)) for at in (99.01, 99, 98.5, 98, 1)] == [0, 10, 10, 15, 15]
    assert [displayed(AAA, BUY, price(at)) for at in (100.99, 101, 500)] == [0, 7, 7]
    displayed.take(AAA, SELL, 12)
    assert [displayed(AAA, SELL, price(at)) for at in (99, 98)] == [-2, 3]
    assert displayed(AAA, BUY, price(101)) == 7
    assert displayed(BBB, SELL, 1) == 0


def test_an_instrument_that_is_not_there(floor: Floor) -> None:
    quotes = Quotes(floor.market.core)
    assert (list(quotes), len(quotes), quotes[BBB].symbol) == ([AAA, BBB], 2, "BBB")
    with pytest.raises(KeyError):
        quotes[2]


def test_passed_is_no_slice(open_floor: Open) -> None:
    floor = open_floor()
    floor.trade(CAROL, BOB, AAA, 10, 100)
    standing = standings(floor.market.core, [CAROL])[CAROL]
    quotes, displayed = Quotes(floor.market.core), Depths(floor.market.core)
    assert isinstance(slice_of(standing, standing.holdings[0], quotes[AAA], floor.terms, displayed), Passed)
