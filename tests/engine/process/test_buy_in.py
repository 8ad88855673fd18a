"""Buy-ins in a real engine: what is bought, at which price at worst, what is said of it, what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import openbell
import pytest
from openbell import wire
from openbell.errors import NeedsApproval, OperatorRefused
from openbell.wire import CommandKind, EventKind

from engine.journal.commands import split
from engine.journal.reader import JournalReader
from tests.engine.process.running import Running

CASH = wire.CASH_SCALE
FILES = """
[[instrument]]
symbol = "AAA"
reference_price = 100
borrow = { state = "hard", fee_percent = 7.2, inventory = 70 }
[[account]]
name = "dan"
cash = 10_000
short_allowed = true
"""


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Running]:
    with Running(tmp_path, FILES) as running:
        owe_sixty(running)
        yield running


def owe_sixty(engine: Running) -> None:
    """Dan owes 60 lots of AAA, and 70 were located for him; nobody offers any."""
    with engine.client("dan") as dan, engine.client("bob") as bob, engine.operator() as op:
        op.locate("dan", "AAA", 70, reason="found")
        bob.buy("AAA", 60, "100").wait_accepted()
        dan.sell("AAA", 60, "100").wait_filled()


def admin_commands(engine: Running) -> list[np.void]:
    found = []
    with JournalReader(engine.data / "journal", 1) as reader:
        while data := reader.read():
            found += [row for rows in split(data) if rows.dtype == wire.ADMIN_COMMAND for row in rows]
    return found


def test_what_was_recalled_is_bought_as_far_as_it_is_offered(engine: Running) -> None:
    with engine.client("dan") as dan, engine.client("alice") as alice, engine.operator() as op:
        op.set_borrow("AAA", inventory=30, reason="the lender wants 40 back")
        for qty, price in ((40, "101"), (40, "103.01")):  # 3 % above the mark of 100 is 103
            alice.sell("AAA", qty, price).wait_accepted()
        own = dan.buy("AAA", 5, "99")
        own.wait_accepted()
        seen = dan.account_seq()
        plan = op.buy_in_plan("dan", "AAA", 60)
        assert (plan.short, plan.located, plan.recalled) == (60, 70, 40)
        assert (plan.qty, plan.mark, plan.price, plan.displayed) == (60, 100_0000, 103_0000, 40)
        assert (plan.cancels, plan.bound, plan.account_name) == (True, "", "dan")
        done = op.buy_in("dan", "AAA", 60, reason="recalled by the lender")
        assert (done.bought, done.cost, done.left) == (40, 40 * 101 * CASH, 20)
        assert (done.canceled, done.given_back) == (1, 40)
        assert dan.positions()[0].qty == -20
        (row,) = op.locates("dan")
        assert (row.located, row.short) == (30, 20)
        assert op.borrows("AAA")[0].available == 0  # what was recalled is there
        events = [one for one in dan.stream(timeout_s=0.5) if one.account_seq > seen]
        kinds = [EventKind(one.kind).name for one in events]
        assert kinds == ["CANCELED", "MASS_CANCELED", "ACCEPTED", "FILL", "CANCELED", "LOCATED"] or kinds == [
            "CANCELED", "ACCEPTED", "FILL", "CANCELED", "LOCATED",
        ]  # fmt: skip
        assert own.state == openbell.OrderState.CANCELED
        alice.sell("AAA", 20, "102").wait_accepted()
        done = op.buy_in("dan", "AAA", 15, price="102.50", reason="a fail to deliver")
        assert (done.bought, done.left, done.price, done.canceled) == (15, 5, 102_5000, 0)
    engine.stop()
    ours = [row for row in admin_commands(engine) if row["name"] == b"buy-in"]
    kinds = [CommandKind(int(row["kind"])).name for row in ours]
    assert kinds == ["OPERATOR_CANCEL", "NOTE", "LOCATE", "NOTE", "LOCATE"]
    assert {(row["operator"], row["reason"]) for row in ours[:3]} == {(b"tester", b"recalled by the lender")}
    assert ours[1][["value1", "value2", "value3", "value4", "value5"]].tolist() == (60, 103_0000, 100_0000, 60, 40)


def test_what_cannot_be_done_changes_nothing(engine: Running) -> None:
    with engine.client("dan") as dan, engine.client("alice") as alice, engine.operator() as op:

        def refused(*arguments: Any, **options: Any) -> tuple[str, object, object, str]:
            before = op.status().sequence
            with pytest.raises(OperatorRefused) as error:
                op.buy_in(*arguments, reason="a test", **options)
            assert op.status().sequence == before
            return str(error.value.field), error.value.limit, error.value.value, str(error.value)

        assert refused("dan", "AAA", 61)[:3] == ("qty", 60, 61)
        assert refused("dan", "BBB", 1)[:2] == ("qty", 0)
        assert refused("bob", "AAA", 1)[0] == "qty"
        field, limit, _, text = refused("dan", "AAA", 60)
        assert (field, limit) == ("price", 103_0000)
        assert "nobody offers AAA at 103.00 or less" in text
        alice.sell("AAA", 60, "102").wait_accepted()
        assert "at 101.99 or less" in refused("dan", "AAA", 60, price="101.99")[3]
        op.halt("AAA", reason="news")
        assert refused("dan", "AAA", 1)[0] == "INSTRUMENT_STATE"
        op.resume("AAA", reason="told")
        op.kill("dan", reason="stop")
        assert refused("dan", "AAA", 1)[0] == "ACCOUNT_STATE"
        op.close_only("dan", reason="only back")
        op.deposit("dan", "-9000", reason="taken out")
        with pytest.raises(OperatorRefused) as error:  # the core says so: there is no way around a check
            op.buy_in("dan", "AAA", 60, reason="recalled")
        assert error.value.field == "BUYING_POWER"
        assert dan.positions()[0].qty == -60
        assert op.buy_in("dan", "AAA", 9, reason="recalled").left == 51  # 918 of what is free


def test_limits_of_orders_bound_it(engine: Running) -> None:
    with engine.client("alice") as alice, engine.operator() as op:
        alice.sell("AAA", 60, "100").wait_accepted()
        op.limits("dan", openbell.Limits(max_order_qty=25), reason="small steps")
        done = op.buy_in("dan", "AAA", 60, reason="recalled")
        assert (done.qty, done.bound, done.bought, done.left) == (25, "max_order_qty", 25, 35)


def test_two_persons_may_be_needed(tmp_path: Path) -> None:
    with Running(tmp_path, FILES + '[two_person]\nverbs = ["buy-in"]\n') as engine:
        owe_sixty(engine)
        with engine.client("alice") as alice, engine.client("dan") as dan, engine.operator() as op:
            alice.sell("AAA", 60, "100").wait_accepted()
            with pytest.raises(NeedsApproval) as waits:
                op.buy_in("dan", "AAA", 60, reason="recalled")
            assert dan.positions()[0].qty == -60
            assert [row.verb for row in op.proposals().proposals] == ["buy-in"]
            token = op.add_key(operator="ben", role="admin", reason="the second one").secret
            with openbell.Operator(engine.data, name="ben", token=token) as ben:
                done = ben.approve(waits.value.proposal, reason="as agreed")
            assert (done.result["bought"], done.result["left"]) == (60, 0)
            assert dan.positions()[0].qty == 0
