"""Fees, settlement and withdrawals in a real engine: what clients see, what operators do, and what a restart keeps."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import openbell
import pytest
from openbell import wire
from openbell.errors import InvalidInput, OperatorRefused
from openbell.wire import EventKind, HouseAccount

from engine.journal.commands import split
from engine.journal.reader import JournalReader
from tests.engine.process.clock import Clocked
from tests.engine.process.running import Running

CASH = wire.CASH_SCALE
PLAN = """
[[fee_plan]]
name = "standard"
number = 3
[[fee_plan.component]]
house = "commission"
per_share = 0.005
minimum = 1.00
round_to = 0.01
[[fee_plan.component]]
house = "venue"
per_share = 0.003
fills = ["taker"]
unit = "fill"
[[fee_plan.component]]
house = "venue"
per_share = -0.002
fills = ["maker"]
unit = "fill"
[[account]]
name = "alice"
fee_plan = "standard"
[[account]]
name = "bob"
fee_plan = "standard"
"""
KINDS = (EventKind.CHARGED, EventKind.CASH_HELD, EventKind.CASH_RELEASED, EventKind.CASH, EventKind.SETTLED)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Running]:
    with Running(tmp_path, PLAN) as running:
        yield running


@pytest.fixture
def friday(tmp_path: Path) -> Iterator[Clocked]:
    """Its day ends at 21:00, and it is a Friday."""
    running = Clocked(tmp_path, "2026-11-27T12:00", PLAN + '[market]\nday_end = "21:00"\n')
    with running:
        yield running


def money(events: list[openbell.Event | openbell.Reject]) -> list[tuple[str, int]]:
    """The kinds and amounts of events of cash."""
    return [
        (EventKind(one.kind).name, one.amount)
        for one in events
        if isinstance(one, openbell.Event) and one.kind in KINDS
    ]


def test_fills_carry_their_fees(engine: Running, alice: openbell.Client, bob: openbell.Client) -> None:
    offered = alice.sell("AAA", 300, "100").wait_accepted()
    bought = bob.buy("AAA", 100, "100").wait_filled()
    # 0.50 of commission is less than its minimum; 0.003 a share for what was taken.
    assert (bought.fees, bought.fills[0].fees) == (1_300_000, 1_300_000)
    bob.buy("AAA", 200, "100").wait_filled()
    offered.wait_filled()
    # Of one order: 1.00 at first, 1.50 for 300 shares in all; 0.002 back for each share.
    assert [fill.fees for fill in offered.fills] == [800_000, 100_000]
    assert offered.fees == 900_000
    assert str(offered).endswith("in 2 fills, fees 0.90")
    row = alice.account()
    assert (row.fees, row.plan, row.cash) == (900_000, 3, 1_000_030_000 * CASH - 900_000)
    assert bob.account().fees == 1_300_000 + 1_600_000
    with engine.operator() as operator:
        house = operator.house()
        by_account = {one.house: one.balance for one in house.balances}
        assert by_account[HouseAccount.COMMISSION] == 1_500_000 + 2_000_000
        assert by_account[HouseAccount.VENUE] == 300 * (3_000 - 2_000)
        assert sum(by_account.values()) + sum(house.accounts.values()) == 0


def test_the_private_stream_tells_of_charges_and_goes_on_after_a_break(engine: Running, bob: openbell.Client) -> None:
    with engine.client("alice") as alice, engine.operator() as operator:
        seen, account = alice.account_seq(), alice.account_id()
        bob.sell("AAA", 10, "100").wait_accepted()
        alice.buy("AAA", 10, "100").wait_filled()
        operator.charge("alice", "12.50", "BORROW", instrument="AAA", reference=7, reason="borrowed shares")
        operator.hold_withdrawal("alice", 4, "100", reason="asked for")
        operator.release_withdrawal("alice", 4, reason="no more")
        wanted = [("CHARGED", 1_000_000), ("CHARGED", 30_000), ("CHARGED", 12_500_000)]
        wanted += [("CASH_HELD", 100 * CASH), ("CASH_RELEASED", 100 * CASH)]
        heard = list(alice.stream(timeout_s=0.5))
        assert money(heard) == wanted
        fee, charged, held, _ = (one for one in heard[-4:] if isinstance(one, openbell.Event))
        assert str(charged).endswith("CHARGED 12.50 for borrow, reference 7")
        assert str(held).endswith("CASH_HELD 100.00 (withdrawal 4), now 100.00")
        assert fee.is_fee and not charged.is_fee
    with engine.client("alice", resume={account: seen + 1}) as again:
        assert money(list(again.stream(timeout_s=0.5))) == wanted


def test_an_account_knows_its_plan(alice: openbell.Client, engine: Running) -> None:
    plan = alice.fee_plan()
    assert (plan.number, plan.name, [one.component for one in plan.components]) == (3, "standard", [0, 1, 2])
    assert str(plan.components[1]) == "venue 0.003 a share, by fill, takers"
    with engine.client("eve") as eve:
        assert eve.fee_plan() == (0, "", (), 0)
        assert eve.withdrawals() == []

    async def ask() -> openbell.FeePlan:
        async with openbell.connect_async(engine.data, account="alice") as client:
            return await client.fee_plan()

    assert asyncio.run(ask()) == plan


def test_an_order_in_another_currency_is_refused_in_words(tmp_path: Path) -> None:
    more = '[[instrument]]\nsymbol = "EEE"\nreference_price = 10\ncurrency = "EUR"\n'
    more += '[[account]]\nname = "dan"\ncash = 1_000\ncurrency = "USD"\n'
    with Running(tmp_path, more) as engine, engine.client("dan") as dan:
        with pytest.raises(openbell.OrderRejected, match=r"CURRENCY: the account has USD, .* trades in EUR") as error:
            dan.buy("EEE", 1, "10").wait_accepted()
        assert error.value.field == "instrument"
        dan.buy("AAA", 1, "10").wait_accepted()


def test_withdrawals_in_two_phases_over_a_kill(engine: Running) -> None:
    with engine.operator() as operator:
        before = operator.account("eve").cash
        row = operator.hold_withdrawal("eve", 1, "250", reason="asked for")
        assert (row.hold, row.withdrawals, row.cash, row.free) == (250 * CASH, 250 * CASH, before, before - 250 * CASH)
        for number in (2, 3):
            operator.hold_withdrawal("eve", number, "50", reason="asked for")
    engine.kill()
    engine.start()
    with engine.operator() as operator, engine.client("eve") as eve:
        assert [(one.number, one.amount) for one in eve.withdrawals()] == [
            (1, 250 * CASH),
            (2, 50 * CASH),
            (3, 50 * CASH),
        ]
        amount, row = operator.post_withdrawal("eve", 1, reason="went out")
        assert (amount, row.cash, row.hold) == (250 * CASH, before - 250 * CASH, 100 * CASH)
        assert operator.release_withdrawal("eve", 2, reason="no more")[0] == 50 * CASH
        assert [(one.number, one.account_name) for one in operator.withdrawals()] == [(3, "eve")]
        for verb in (operator.post_withdrawal, operator.release_withdrawal):
            with pytest.raises(OperatorRefused, match="number is 1: no withdrawal of that number is on its way"):
                verb("eve", 1, reason="again")
        with pytest.raises(OperatorRefused, match="number is 3: a withdrawal of that number is on its way"):
            operator.hold_withdrawal("eve", 3, "1", reason="again")
        with pytest.raises(OperatorRefused, match=r"takes 2,000,000,000\.00, free to take are 999,999,700\.00"):
            operator.hold_withdrawal("eve", 9, "2000000000", reason="too much")


def test_mistakes_change_nothing_and_are_told_by_field(engine: Running) -> None:
    with engine.operator() as operator:
        before = operator.status().sequence, operator.account("alice")
        for wrong, said in (
            (
                lambda: operator.fee_plan("alice", "standart", reason="r"),
                "no plan of fees 'standart'; did you mean stand",
            ),
            (lambda: operator.ask("fee-plan", {"account": 1, "plan": 77}, reason="r"), "plan 77 has no components"),
            (lambda: operator.charge("alice", "1", "BANK", reason="r"), "house: expected `?int`? >= 3, got 1"),
            (lambda: operator.charge("alice", "1", "GIFT", reason="r"), "house 'GIFT' is none of"),
            (lambda: operator.settle(20261340, reason="r"), "date 20261340 is no day YYYYMMDD"),
            (lambda: operator.settle(21000101, reason="r"), "2100-01-01 has not begun anywhere: expected at most"),
            (
                lambda: operator.ask("settle", {"date": 20260105, "days": 5}, reason="r"),
                "days: expected int <= 4, got 5",
            ),
            (lambda: operator.set_account("alice", currency="", reason="r"), "currency must have 1 to 8 bytes, got 0"),
        ):
            with pytest.raises((OperatorRefused, InvalidInput), match=said):
                wrong()
        assert (operator.status().sequence, operator.account("alice")) == before
        with pytest.raises(OperatorRefused, match="VALUE: amount is 0: nothing would move"):
            operator.charge("alice", 0, "TAX", reason="r")  # said by the core, and so in the journal
        assert operator.account("alice") == before[1]


def test_cash_of_trades_settles_a_business_day_later(friday: Clocked) -> None:
    with friday.operator() as operator:
        assert operator.status().raw["settlement"] == {
            "last_date": 0, "days": 1, "next_date": 20261127, "next_ts_ns": 1_795_813_200 * 10**9
        }  # fmt: skip
        friday.pass_to("2026-11-27T21:00:01")  # the first one: all cash is settled
        with friday.client("alice") as alice, friday.client("bob") as bob:
            bob.buy("AAA", 100, "100").wait_accepted()
            alice.sell("AAA", 100, "100").wait_filled()
            row = alice.account()
            assert (row.unsettled, row.settled) == (10_000 * CASH - 1_300_000, 1_000_000_000 * CASH)
            assert row.withdrawable == row.settled
            friday.pass_to("2026-11-30T21:00:01")
            assert alice.account().unsettled == row.unsettled, "Monday's trades are those since Friday's end"
            friday.pass_to("2026-12-01T21:00:01")
            assert (alice.account().unsettled, alice.account().withdrawable) == (0, row.cash)
            (event,) = [one for one in alice.stream(timeout_s=0.3) if one.kind == EventKind.SETTLED]
            assert isinstance(event, openbell.Event)
            assert (event.amount, event.balance) == (row.unsettled, row.cash)
        assert operator.status().raw["settlement"]["last_date"] == 20261201
        with pytest.raises(OperatorRefused, match="the business day 2026-12-01 is over already"):
            operator.settle(20261201, reason="again")


def test_days_that_an_engine_was_down_are_made_up_once(friday: Clocked) -> None:
    friday.pass_to("2026-11-27T21:00:01")
    for now in ("2026-12-02T09:00", "2026-12-02T09:01"):
        friday.kill()
        friday.set(now)
        friday.start()
        with friday.operator() as operator:
            status = operator.status()
            assert (status.raw["settlement"]["last_date"], status.raw["settlement"]["next_date"]) == (
                20261201,
                20261202,
            )
    assert friday.stop() == 0
    assert settled(friday.data) == [20261127, 20261130, 20261201]


def settled(data: Path) -> list[int]:
    """The date of every SETTLE in a journal."""
    found = []
    with JournalReader(data / "journal", 1) as reader:
        while records := reader.read():
            for run in split(records):
                if run.dtype == wire.ADMIN_COMMAND and run["kind"][0] == wire.CommandKind.SETTLE:
                    found.append(int(run["value0"][0]))
    return found
