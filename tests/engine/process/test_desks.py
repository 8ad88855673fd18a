"""Desks and limits in a real engine: what the configuration makes, clients see and are refused, what operators stop."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import openbell
import pytest
from openbell import wire
from openbell.errors import InvalidInput, OperatorRefused, OrderRejected
from openbell.wire import AccountState, CommandKind, EventKind, Limit

from engine.journal.commands import split
from engine.journal.reader import JournalReader
from tests.engine.process.running import Running

CASH = wire.CASH_SCALE
DESKS = """
[[desk]]
name = "delta"
parent = "firm"
limits = { gross = 50_000, gross_soft = 20_000 }
[[desk]]
name = "firm"
limits = { open_orders = 4 }
[[account]]
name = "dan"
id = 4
cash = 1_000_000
risk = "cash"
desk = "delta"
limits = { repeats = 2, order_notional = 30_000 }
restricted = [2]
[[account]]
name = "eve"
risk = "cash"
desk = "delta"
"""


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Running]:
    with Running(tmp_path, DESKS) as running:
        yield running


@pytest.fixture
def dan(engine: Running) -> Iterator[openbell.Client]:
    with engine.client("dan") as client:
        yield client


def test_the_configuration_makes_desks_members_and_limits(engine: Running, dan: openbell.Client) -> None:
    delta, firm = dan.desks()
    assert [(row.name, row.parent) for row in (delta, firm)] == [("delta", firm.desk), ("firm", 0)]
    assert (delta.accounts, firm.accounts, firm.watched) == (2, 0, 2)
    limits = [(row.name, row.is_of_desk, row.hard, row.soft) for row in dan.limits()]
    assert limits == [
        ("order notional", False, 30_000 * CASH, 0), ("repeats", False, 2, 0),
        ("gross", True, 50_000 * CASH, 20_000 * CASH), ("open orders", True, 4, 0),
    ]  # fmt: skip
    risk = dan.risk()
    assert risk is not None and (risk.base, risk.lists) == (1_000_000 * CASH, 0b10)
    engine.stop()
    engine.start()  # the same files again: nothing is done
    with engine.operator() as op:
        assert op.status().raw["seq"] == op.last_seq
        report = op.desks()
    assert [row.name for row in report.desks] in (["firm", "delta"], ["delta", "firm"])
    wanted = ((CommandKind.SET_DESK, 2), (CommandKind.SET_MEMBER, 2), (CommandKind.SET_LIMIT, 4))
    assert [kinds(engine).count(kind) for kind, _ in wanted] == [count for _, count in wanted]


def kinds(engine: Running) -> list[int]:
    """The kind of each command of its journal."""
    found: list[int] = []
    with JournalReader(engine.data / "journal", 1) as reader:
        while records := reader.read():
            found += [int(kind) for run in split(records) for kind in run["kind"].tolist()]
    return found


def test_orders_are_refused_in_words_and_warnings_come(engine: Running, dan: openbell.Client) -> None:
    with pytest.raises(OrderRejected) as refused:
        dan.buy("AAA", 400, "100").wait_accepted()
    assert str(refused.value).startswith(
        "LIMIT_ORDER_NOTIONAL: order notional would be 40,000.00, the limit is 30,000.00"
    )
    assert "of the account" in str(refused.value)
    for price, qty in ((90, 100), (91, 100), (92, 250)):
        dan.buy("AAA", qty, str(price)).wait_accepted()
    with pytest.raises(OrderRejected, match=r"LIMIT_GROSS: gross would be 70,000\.00, .*of its desk"):
        dan.buy("AAA", 250, "93").wait_accepted()
    events = [event for event in dan.stream(timeout_s=0.3) if isinstance(event, openbell.Event)]
    warnings = [event for event in events if event.kind == EventKind.LIMIT_WARNING]
    assert [(Limit(one.reason), one.flags) for one in warnings] == [(Limit.GROSS, 1)]
    assert warnings[0].measure == 45_000 * CASH
    assert "gross 45,000.00, the soft limit is 20,000.00" in str(warnings[0])


def test_an_operator_moves_limits_and_stops_a_firm(engine: Running, dan: openbell.Client) -> None:
    dan.buy("AAA", 10, "90").wait_accepted()
    with engine.operator() as op:
        rows = op.set_limit("MESSAGES", desk="firm", hard=100, soft="50", reason="calm")
        assert [(row.name, row.hard, row.soft) for row in rows] == [("open orders", 4, 0), ("messages", 100, 50)]
        rows = op.set_limit("day_loss", account="dan", hard="1000.50", reason="careful")
        assert rows[0].hard == 1_000_500_000
        with pytest.raises(OperatorRefused, match="soft is 101"):
            op.set_limit("MESSAGES", desk="firm", soft=101, reason="too much")
        with pytest.raises(InvalidInput, match="no desk 'fir'"):
            op.set_limit("MESSAGES", desk="fir", soft=1, reason="nobody")
        made = op.set_desk(name="gamma", parent="firm", reason="more")
        with pytest.raises(OperatorRefused, match=r"parent is .*below it"):
            op.set_desk("firm", parent="gamma", reason="a circle")
        op.set_member("dan", "gamma", reason="moved")
        done = op.kill_desk("firm", reason="stop it all")
        assert (done.accounts, done.canceled) == (2, 1)
        assert op.account("dan").state == AccountState.ACTIVE
        with pytest.raises(OrderRejected, match="ACCOUNT_STATE"):
            dan.buy("AAA", 1, "90").wait_accepted()
        members = {row.account_name: row.in_force for row in op.desks().members}
        assert members == {"dan": AccountState.BLOCKED, "eve": AccountState.BLOCKED}
        assert op.unkill_desk("firm", reason="go on").in_force == AccountState.ACTIVE
        op.set_margin("AAA", lists=[2], average_volume=1_000, reason="a secret")
        op.set_margin("AAA", initial_long=60, reason="lists stay")
        assert op.margins("AAA")[0].lists == 0b10
        op.set_account_risk("dan", "MARGIN", reason="lists stay here, too")
        op.set_risk(alert_percent=150, reason="desks stay")
    assert made.parent != 0
    assert dan.orders() == []
    with pytest.raises(OrderRejected, match="RESTRICTED: the account may not trade securities of list 2"):
        dan.buy("AAA", 1, "90").wait_accepted()
