"""Liquidations in a real engine: what a strategy sees that trades meanwhile, what operators do, what a kill leaves."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import openbell
import pytest
from openbell import wire
from openbell.errors import OperatorRefused, OrderRejected
from openbell.wire import AccountState, EventKind, RiskLevel, Side

from engine.journal.commands import split
from engine.journal.reader import JournalReader
from tests.engine.process.running import Running

CASH = wire.CASH_SCALE
TEXT = """
[risk]
mark_interval_ms = 5
[liquidation]
interval_ms = 50
slice_percent = 10
[[account]]
name = "dan"
id = 4
cash = 10_000
risk = "margin"
"""
PATIENCE_S = 20.0
CLEAR = ("DUPLICATE_ID", "ACCOUNT_STATE", "MARGIN", "SHORT_SALE")


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Running]:
    with Running(tmp_path, TEXT) as running:
        yield running


def until(done: Callable[[], Any], what: str) -> Any:
    deadline_s = time.monotonic() + PATIENCE_S
    while not (found := done()):
        assert time.monotonic() < deadline_s, f"waited {PATIENCE_S} s for {what}"
        time.sleep(0.01)
    return found


def trade(engine: Running, price: str) -> None:
    """A trade of others at that price, which positions count at soon after."""
    with engine.client("bob") as bob, engine.client("eve") as eve:
        bob.sell("AAA", 1, price).wait_accepted()
        eve.buy("AAA", 1, price).wait_filled()


def fallen(engine: Running, dan: openbell.Client, bids: int = 100_000) -> None:
    """Dan's 180 AAA are at 55.00 instead of 100.00: 1,900.00 of 2,475.00; eve bids there."""
    with engine.client("bob") as bob, engine.client("eve") as eve:
        bob.sell("AAA", 180, "100").wait_accepted()
        dan.buy("AAA", 180, "100").wait_filled()
        trade(engine, "55")
        if bids:
            eve.buy("AAA", bids, "55").wait_accepted()


def position(dan: openbell.Client) -> int:
    return next((one.qty for one in dan.positions() if one.symbol == "AAA"), 0)


def journaled(engine: Running) -> list[tuple[int, str, str]]:
    """Kind, author and reason of what liquidations had journaled, operators' stops among them."""
    found = []
    with JournalReader(engine.data / "journal") as reader:
        while data := reader.read():
            for rows in split(data):
                if rows.dtype == wire.ADMIN_COMMAND and rows["name"][0] == b"liquidation":
                    row = rows[0]
                    found.append((int(row["kind"]), row["operator"].decode(), row["reason"].decode()))
    return found


def test_a_strategy_that_is_liquidated_gets_clear_answers_and_goes_on(engine: Running) -> None:
    """It buys and sells all the time, with numbers that it counts itself, the very ones that the house takes."""
    with engine.client("dan") as dan, engine.operator() as op:
        ended, orders, failures, number = threading.Event(), list[openbell.Order](), list[BaseException](), 0

        def strategy() -> None:
            """One after the other: a bid that would open, an offer that closes, one that rests a while."""
            nonlocal number
            try:
                while not ended.is_set():
                    # Now and then it sells at the bid, as the house does.
                    at = "55" if len(orders) % 30 == 1 else "60"
                    time.sleep(0.002)
                    for side, qty, price in ((Side.BUY, 1, "50"), (Side.SELL, 1, at), (Side.SELL, 2, "90")):
                        number += 1
                        made = dan.order(side, "AAA", qty, price, client_order_id=number)
                        orders.append(made)
                        try:
                            made.wait_accepted(timeout_s=PATIENCE_S)
                            if price != "55":
                                made.cancel()
                        except OrderRejected as error:
                            assert error.code in CLEAR, error
            except BaseException as error:
                failures.append(error)

        with engine.client("bob") as bob:
            bob.sell("AAA", 180, "100").wait_accepted()
            bought = dan.buy("AAA", 180, "100")
            bought.wait_filled()
        number = bought.client_order_id
        thread = threading.Thread(target=strategy)
        thread.start()
        try:
            trade(engine, "55")
            with engine.client("eve") as eve:
                for _ in range(40):
                    eve.buy("AAA", 20, "55").wait_accepted()
                    time.sleep(0.02)
            until(lambda: op.account("dan").state == AccountState.REDUCE_ONLY, "the end of the liquidation")
        finally:
            ended.set()
            thread.join(PATIENCE_S)
        assert failures == []
        events = dan.events()
        mine = [one.client_order_id for one in orders if one.order_id] + [bought.client_order_id]
        fills = events[events["kind"] == EventKind.FILL]
        by_house = fills[~np.isin(fills["client_order_id"], np.array(mine, np.uint64))]
        assert len(by_house) > 2
        # What handles say, and what the house did, is all that happened to the position.
        own = sum(one.filled if one.side == Side.BUY else -one.filled for one in orders)
        assert position(dan) == 180 + own - int(by_house["qty"].sum())
        assert {EventKind.RISK_LEVEL, EventKind.ACCOUNT_STATE, EventKind.ACCEPTED} <= set(events["kind"].tolist())
        # And it goes on, as far as the state lets it.
        op.deposit("dan", "10000", reason="it has paid in")
        with pytest.raises(OrderRejected, match="ACCOUNT_STATE"):
            dan.buy("AAA", 1, "50").wait_accepted()
        op.unkill("dan", reason="it has paid in")
        dan.buy("AAA", 1, "50").wait_accepted()


def test_an_operator_looks_stops_and_starts(engine: Running) -> None:
    with engine.client("dan") as dan, engine.operator() as op:
        assert op.liquidations().total == 0
        fallen(engine, dan, 0)
        (row,) = until(lambda: op.liquidations().accounts, "a liquidation")
        row = until(
            lambda: next((o for o in op.liquidations("dan").accounts if o.stage == "waiting"), None), "it to wait"
        )
        assert (row.account_name, row.level, row.lots, row.stop) == ("dan", RiskLevel.LIQUIDATION, 0, None)
        assert (row.equity, row.maintenance) == (1_900 * CASH, 2_475 * CASH)
        assert row.passed == ("AAA: NO_BID",)
        plan = op.liquidation_plan("dan")
        assert (plan.begins, [one.step for one in plan.steps]) == ("now", ["WAIT"])
        assert plan.steps[0].text == "wait: AAA: nobody bids 53.35 or more"

        row = op.stop_liquidation("dan", reason="talks with the client")
        assert row.stop is not None and (row.stage, row.stop.operator) == ("stopped", "tester")
        with pytest.raises(OperatorRefused, match="stopped already, by tester: talks with the client"):
            op.stop_liquidation("dan", reason="again")
        with engine.client("eve") as eve:
            eve.buy("AAA", 100_000, "55").wait_accepted()
        engine.kill()
        engine.start()
    with engine.client("dan") as dan, engine.operator() as op:
        time.sleep(0.5)
        (row,) = op.liquidations().accounts
        assert row.stop is not None and (row.stage, row.stop.reason) == ("stopped", "talks with the client")
        assert (position(dan), op.account("dan").state) == (180, AccountState.CLOSE_ONLY)
        assert op.status().raw["liquidation"]["stopped"] == 1
        plan = op.liquidation_plan("dan")
        assert plan.begins == "not: stopped by tester: talks with the client"
        assert [(one.step, one.qty, one.price) for one in plan.steps[:2]] == [
            ("REDUCE", 18, 53_3500), ("REDUCE", 16, 53_3500),
        ]  # fmt: skip
        assert plan.steps[-1].step == "RESTORED" and plan.is_whole
        op.start_liquidation("dan", reason="no answer")
        until(lambda: op.account("dan").state == AccountState.REDUCE_ONLY, "the end of it")
        with pytest.raises(OperatorRefused, match="account 4 is not stopped"):
            op.start_liquidation("dan", reason="again")
        assert op.liquidations().total == 0
        reasons = [reason for _, _, reason in journaled(engine)]
        assert reasons[0] == "begins: equity 1,900.00 is 76.7 % of 2,475.00"
        assert [author for _, author, _ in journaled(engine) if author != "liquidation"] == ["tester", "tester"]
        assert reasons[-1].startswith("restored: ")
        with pytest.raises(OperatorRefused, match="account 2 has no margin"):
            op.liquidation_plan("bob")


def test_killed_in_the_middle_it_goes_on(engine: Running) -> None:
    with engine.client("dan") as dan:
        fallen(engine, dan)
        for _ in range(3):
            time.sleep(0.12)
            engine.kill()
            engine.start()
    with engine.client("dan") as dan, engine.operator() as op:
        until(lambda: op.account("dan").state == AccountState.REDUCE_ONLY, "the end of it")
        last = journaled(engine)[-1][2]
        assert last.startswith(f"restored: {180 - position(dan)} lots in ")
        (row,) = op.risk("dan").accounts
        assert row.equity * 100 >= row.maintenance * 110


def test_its_terms_come_from_the_configuration(tmp_path: Path) -> None:
    terms = 'after = "close_only"\nprotection_percent = 12.5\nrestore_percent = 150\n'
    text = TEXT.replace("[[account]]", f"{terms}[[account]]", 1)
    with Running(tmp_path, text) as engine, engine.client("dan") as dan, engine.operator() as op:
        fallen(engine, dan)
        until(lambda: journaled(engine) and journaled(engine)[-1][2].startswith("restored"), "the end of it")
        assert op.account("dan").state == AccountState.CLOSE_ONLY
        assert any(" at 48.13, " in reason for _, _, reason in journaled(engine))
        (row,) = op.risk("dan").accounts
        assert row.equity * 100 >= row.maintenance * 150
