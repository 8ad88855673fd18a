"""Margin in a real engine: what clients see and are refused, what operators do, when TICKs come, what a kill leaves."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import openbell
import pytest
from openbell import wire
from openbell.errors import InvalidInput, OperatorRefused, OrderRejected
from openbell.wire import CommandKind, EventKind, RiskLevel, RiskType

from engine.journal.commands import split
from engine.journal.reader import JournalReader
from tests.engine.process.running import Running

CASH = wire.CASH_SCALE
MARGIN = """
[risk]
mark_interval_ms = 5
[[account]]
name = "dan"
id = 4
cash = 10_000
short_allowed = true
risk = "margin"
[[account]]
name = "bob"
risk = "cash"
"""
PATIENCE_S = 20.0


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Running]:
    with Running(tmp_path, MARGIN) as running:
        yield running


@pytest.fixture
def dan(engine: Running) -> Iterator[openbell.Client]:
    with engine.client("dan") as client:
        yield client


def until(done: Callable[[], Any], what: str) -> Any:
    deadline_s = time.monotonic() + PATIENCE_S
    while not (found := done()):
        assert time.monotonic() < deadline_s, f"waited {PATIENCE_S} s for {what}"
        time.sleep(0.01)
    return found


def trade(engine: Running, price: str, symbol: str = "AAA") -> None:
    """A trade of others at that price, which positions count at soon after."""
    with engine.client("bob") as bob, engine.client("eve") as eve:
        offered = bob.sell(symbol, 1, price).wait_accepted()
        eve.buy(symbol, 1, price).wait_filled()
        offered.wait_filled()


def buy_from_bob(engine: Running, dan: openbell.Client, qty: int) -> None:
    with engine.client("bob") as bob:
        bob.sell("AAA", qty, "100").wait_accepted()
        dan.buy("AAA", qty, "100").wait_filled()


def levels(events: list[openbell.Event | openbell.Reject]) -> list[tuple[str, str, int, int]]:
    """Of RISK_LEVEL: level, level before, equity, maintenance."""
    return [
        (RiskLevel(one.reason).name, RiskLevel(one.flags).name, one.equity, one.maintenance)
        for one in events
        if isinstance(one, openbell.Event) and one.kind == EventKind.RISK_LEVEL
    ]


def kinds(data: Path) -> list[int]:
    """The kind of each command of a journal, as far as it is durable."""
    found: list[int] = []
    with JournalReader(data / "journal", 1) as reader:
        while records := reader.read():
            found += [int(kind) for run in split(records) for kind in run["kind"].tolist()]
    return found


def ticks(engine: Running) -> int:
    return kinds(engine.data).count(CommandKind.TICK)


# ------------------------------------------------------------ clients


def test_an_account_with_margin_may_owe_cash_as_far_as_its_equity_carries_that(
    engine: Running, dan: openbell.Client
) -> None:
    with pytest.raises(OrderRejected) as refused:
        dan.buy("AAA", 201, "100").wait_accepted()
    assert str(refused.value) == (
        "MARGIN: would need 10,050.00, and the account's equity leaves 10,000.00 (headroom 10,000.00)"
    )
    buy_from_bob(engine, dan, 200)
    row = dan.risk()
    assert row is not None
    assert (row.risk_type, row.level) == (RiskType.MARGIN, RiskLevel.NORMAL)
    assert (row.equity, row.value, row.maintenance, row.initial, row.excess, row.unrealized) == (
        10_000 * CASH, 20_000 * CASH, 5_000 * CASH, 10_000 * CASH, 0, 0,
    )  # fmt: skip
    account = dan.account()
    assert (account.cash, account.withdrawable, account.risk_type) == (-10_000 * CASH, 0, RiskType.MARGIN)
    with pytest.raises(OrderRejected, match=r"MARGIN: would need 50\.00, and the account's equity leaves 0\.00"):
        dan.buy("AAA", 1, "100").wait_accepted()
    dan.sell("AAA", 200, "150").wait_accepted()  # what closes is always taken
    (position,) = dan.exposures()
    assert (position.symbol, position.qty, position.mark) == ("AAA", 200, 100_0000)
    assert (position.maintenance, position.initial) == (5_000 * CASH, 10_000 * CASH)


def has_level(client: openbell.Client, level: str) -> bool:
    row = client.risk()
    return row is not None and RiskLevel(row.level).name == level


def test_levels_are_told_as_prices_move_and_again_after_a_break(engine: Running, dan: openbell.Client) -> None:
    buy_from_bob(engine, dan, 200)
    seen, account = dan.account_seq(), dan.account_id()
    wanted = []
    before = "NORMAL"
    for price, level in ((70, "ALERT"), (66, "CALL"), (60, "LIQUIDATION"), (100, "NORMAL")):
        trade(engine, str(price))
        until(partial(has_level, dan, level), f"{level} at {price}")
        equity, maintenance = (200 * price - 10_000) * CASH, 50 * price * CASH
        wanted.append((level, before, equity, maintenance))
        before = level
    assert levels(list(dan.stream(timeout_s=0.3))) == wanted
    engine.kill()
    engine.start()
    with engine.client("dan", resume={account: seen + 1}) as again:
        assert levels(list(again.stream(timeout_s=0.5))) == wanted
        row = again.risk()
        assert row is not None and (row.level, row.equity) == (RiskLevel.NORMAL, 10_000 * CASH)


def test_clients_see_their_own_accounts_alone(engine: Running, dan: openbell.Client, bob: openbell.Client) -> None:
    row = bob.risk()
    assert row is not None and (row.account, row.risk_type, row.level) == (2, RiskType.CASH, RiskLevel.NORMAL)
    assert row.equity == (1_000_000_000 + 150_000_000) * CASH  # 10^6 of AAA at 100 and of BBB at 50
    assert [one.symbol for one in bob.exposures()] == ["AAA", "BBB"]
    for what in ("risk", "exposures"):
        with pytest.raises(openbell.Refused, match="not_your_account"):
            bob.query(what, account=dan.account_id())
    with engine.client("eve") as eve:
        assert eve.risk() is None
    with pytest.raises(
        openbell.Refused, match=r"what is one of account, amendments, .* exposures, fees, fills, .* risk, "
    ):
        bob.query("worth")
    margins = {one.symbol: one for one in bob.margins()}
    assert (margins["BBB"].initial_long, margins["BBB"].mark) == (5_000, 50_0000)

    async def ask() -> tuple[Any, ...]:
        async with openbell.connect_async(engine.data, account="bob") as client:
            return await client.risk(), await client.exposures(), {one.symbol: one for one in await client.margins()}

    assert asyncio.run(ask()) == (row, bob.exposures(), margins)


# ------------------------------------------------------------ operators


def test_operators_look_and_change(engine: Running, dan: openbell.Client) -> None:
    buy_from_bob(engine, dan, 200)
    with engine.operator() as operator:
        report = operator.risk()
        assert (report.settings.marks_each_tick, report.settings.alert, report.settings.mark_interval_ms) == (
            1_024,
            12_000,
            5,
        )
        assert [one.account_name for one in openbell.worst_first(report.accounts)] == ["dan", "bob"]
        assert report.exposures == []
        assert [one.symbol for one in operator.risk("dan").exposures] == ["AAA"]
        status = operator.status().raw["risk"]
        assert (status["watched"], status["levels"]) == (2, {"NORMAL": 1, "ALERT": 0, "CALL": 0, "LIQUIDATION": 0})
        # 60 % to keep: 12,000 of 10,000.
        row = operator.set_margin("AAA", initial_long="60", maintenance_long="60", reason="nervous days")
        assert (row.symbol, row.maintenance_long, row.initial_short, row.least) == ("AAA", 6_000, 5_000, 50_000)
        (called,) = operator.risk("dan").accounts
        assert (called.level, called.utilization, called.shortfall) == (RiskLevel.CALL, 120.0, 2_000 * CASH)
        status = operator.status()
        assert status.raw["risk"]["levels"]["CALL"] == 1
        assert "1 account below what must be kept, 0 far below: openbell risk" in status.warnings
        assert operator.set_risk(liquidation_percent="90", reason="r").liquidation == 9_000
        assert operator.risk("dan").accounts[0].level == RiskLevel.LIQUIDATION
        operator.set_account_risk("dan", "none", reason="no more")
        assert operator.risk("dan").accounts == []
        assert operator.account("dan").risk_type == RiskType.NONE
    heard = list(dan.stream(timeout_s=0.3))
    assert [one[:2] for one in levels(heard)] == [
        ("CALL", "NORMAL"),
        ("LIQUIDATION", "CALL"),
        ("NORMAL", "LIQUIDATION"),
    ]
    assert [one.reason for one in heard if one.kind == EventKind.ACCOUNT_RISK] == [RiskType.NONE]


def test_accounts_that_may_only_make_positions_smaller(
    engine: Running, dan: openbell.Client, bob: openbell.Client
) -> None:
    buy_from_bob(engine, dan, 100)
    opening = dan.buy("AAA", 10, "90").wait_accepted()
    closing = dan.sell("AAA", 60, "150").wait_accepted()
    with engine.operator() as operator:
        operator.reduce_only("dan", reason="to be safe")
        with pytest.raises(OrderRejected, match="ACCOUNT_STATE: the account may only make positions smaller"):
            dan.buy("AAA", 5, "100").wait_accepted()
        with pytest.raises(OrderRejected) as refused:
            dan.sell("AAA", 50, "100").wait_accepted()
        assert str(refused.value) == (
            "ACCOUNT_STATE: wants 50 lots, and the account may only make its position smaller, by 40 lots at most"
        )
        assert not opening.is_done
        assert operator.close_only("dan", reason="a call") == 1
        until(lambda: (dan.poll(0.01), opening.is_done)[1], "the order that opens to go")
        assert not closing.is_done
        assert operator.close_only("dan", cancel_orders=True, reason="all of it") == 1
        until(lambda: (dan.poll(0.01), closing.is_done)[1], "all of them to go")
        bob.buy("AAA", 100, "100").wait_accepted()
        dan.sell("AAA", 100, "100").wait_filled()
        assert operator.account("dan").state == wire.AccountState.CLOSE_ONLY
        operator.unkill("dan", reason="fine again")
        dan.buy("AAA", 1, "50").wait_accepted()


def test_mistakes_change_nothing_and_are_told_by_field(engine: Running) -> None:
    with engine.operator() as operator:
        before = operator.status().raw["orders"], operator.risk(), operator.margins()
        for wrong, said in (
            (
                lambda: operator.set_margin("AAA", initial_long="1001", reason="r"),
                "initial_long '1001' is out of range",
            ),
            (
                lambda: operator.set_margin("AAB", initial_long="10", reason="r"),
                "'AAB' is not traded here; did you mean",
            ),
            (lambda: operator.set_margin("AAA", mark_by="BID", reason="r"), "mark_by 'BID' is none of"),
            (
                lambda: operator.set_margin("AAA", initial_short="29.5", reason="r"),
                "initial_short is 29.5 %: expected at least maintenance_short, 30 %",
            ),
            (lambda: operator.set_risk(reason="r"), "nothing to set: give marks_each_tick, alert, liquidation, cash_"),
            (lambda: operator.set_risk(marks_each_tick=1 << 21, reason="r"), "marks_each_tick 2097152 is out of range"),
            (lambda: operator.set_risk(alert_percent="50", reason="r"), r"VALUE: alert is 50 %, the least is 100 %"),
            (lambda: operator.set_account_risk("dan", "full", reason="r"), "risk_type 'full' is none of"),
            (lambda: operator.ask("account-risk", {"account": 4, "risk_type": 3}, reason="r"), "risk_type: expected"),
            (
                lambda: operator.ask("margin", {"instrument": 0, "mark_by": 3}, reason="r"),
                "VALUE: mark_by is 3, the most",
            ),
            (lambda: operator.ask("margin", {"instrument": 77}, reason="r"), "instrument 77 is not set up"),
            (lambda: operator.ask("risk", {"account": 77}), "account 77 is not set up"),
            (
                lambda: operator.limits("dan", openbell.Limits(credit_unlimited=True), reason="r"),
                "credit: the account is watched as MARGIN, and that excludes unlimited credit",
            ),
        ):
            with pytest.raises((OperatorRefused, InvalidInput), match=said):
                wrong()
        operator.limits("eve", openbell.Limits(credit_unlimited=True), reason="r")
        with pytest.raises(OperatorRefused, match="risk: the account has unlimited credit, and MARGIN excludes that"):
            operator.set_account_risk("eve", "margin", reason="r")
        assert (operator.status().raw["orders"], operator.risk(), operator.margins()) == before


# ------------------------------------------------------------ TICKs


def test_no_ticks_where_nobody_is_watched_or_nothing_happens(tmp_path: Path) -> None:
    with Running(tmp_path, "[risk]\nmark_interval_ms = 1\n") as engine, engine.operator() as operator:
        trade(engine, "90")
        time.sleep(0.3)
        assert ticks(engine) <= 1  # that of a full minute
        operator.set_account_risk("alice", "cash", reason="r")
        until(lambda: ticks(engine) >= 2, "a TICK")
        time.sleep(0.3)
        quiet = ticks(engine)
        assert quiet <= 12, "as long as something happened, and no longer"
        time.sleep(0.5)
        assert ticks(engine) <= quiet + 1
        trade(engine, "80")
        until(lambda: operator.margins("AAA")[0].mark == 80_0000, "the mark to follow")
        operator.set_account_risk("alice", "none", reason="r")
        time.sleep(0.3)
        before = ticks(engine)
        trade(engine, "85")
        time.sleep(0.3)
        assert ticks(engine) <= before + 1


def test_a_round_of_many_ticks_is_finished_and_starves_nobody(tmp_path: Path) -> None:
    """One look each TICK: with 42 instruments and their positions it takes dozens of them to get around."""
    many = "".join(f'[[instrument]]\nsymbol = "I{number}"\nreference_price = 10\n' for number in range(40))
    more = f"{MARGIN}{many}"
    with Running(tmp_path, more.replace("[risk]", "[risk]\nmarks_each_tick = 1")) as engine:
        with engine.client("alice") as alice, engine.operator() as operator:
            alice.buy("I39", 5, "10").wait_accepted()
            with engine.client("bob") as bob:
                bob.buy("I7", 1, "1").wait_accepted()
            trade(engine, "101")
            began_s = time.monotonic()
            for number in range(50):
                alice.buy("BBB", 1, str(1 + number)).wait_accepted()
            assert time.monotonic() - began_s < 10
            until(lambda: operator.margins("AAA")[0].mark == 101_0000, "the round to come to it")
            until(lambda: operator.status().raw["risk"]["behind_s"] == 0, "the round to be over")
            (bobs,) = [one for one in operator.risk("bob").exposures if one.symbol == "AAA"]
            assert bobs.mark == 101_0000
        found = kinds(engine.data)
    assert found.count(CommandKind.TICK) >= 42


def test_nothing_is_marked_where_the_settings_say_so(tmp_path: Path) -> None:
    more = MARGIN.replace("[risk]", "[risk]\nmarks_each_tick = 0")
    with Running(tmp_path, more) as engine, engine.operator() as operator:
        trade(engine, "90")
        time.sleep(0.3)
        assert ticks(engine) <= 1
        assert operator.margins("AAA")[0].mark == 100_0000
        assert "accounts are watched, and positions never marked: ctl risk --marks N" in operator.status().warnings
        operator.set_risk(marks_each_tick=100, reason="now")
        until(lambda: operator.margins("AAA")[0].mark == 90_0000, "the mark to follow")
