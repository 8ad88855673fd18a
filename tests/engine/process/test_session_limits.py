"""Limits of API keys in a real engine: of all sessions together, over logins and restarts, set by operators alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import openbell
import pytest
from openbell import wire
from openbell.errors import InvalidInput, NeedsApproval, OperatorRefused, OrderRejected
from openbell.wire import BY_KEY, Check, CommandKind, EventKind, Limit, TimeInForce

from engine.journal.commands import split
from engine.journal.desks import WORDS
from engine.journal.reader import JournalReader
from tests.engine.process.guarding import until
from tests.engine.process.running import Running

CASH = wire.CASH_SCALE
KEYS = """
[[key]]
name = "algo"
accounts = ["alice", "bob"]
limits = { open_orders = 3, messages = 40, order_qty = 1000, order_qty_soft = 500 }
[[key]]
name = "eve"
limits = { order_notional = 5_000 }
"""


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Running]:
    with Running(tmp_path, KEYS) as running:
        yield running


def secret_of(engine: Running, name: str) -> str:
    """From the first file that has it."""
    for path in sorted((engine.data / "keys").glob("account-*.json")):
        body = json.loads(path.read_text("utf-8"))
        if body["key"] == name:
            return str(body["api_key"])
    raise AssertionError(f"no key {name}")


def login(engine: Running, name: str) -> openbell.Client:
    return openbell.Client(engine.data, api_key=secret_of(engine, name), keep_events=True)


def commands(engine: Running) -> Iterator[np.void]:
    """Each command of its journal."""
    with JournalReader(engine.data / "journal", 1) as reader:
        while records := reader.read():
            for run in split(records):
                yield from run


def admin_kinds(engine: Running) -> list[int]:
    return [int(one["kind"]) for one in commands(engine) if one["kind"] >= wire.ADMIN_KIND]


def test_all_sessions_of_a_key_have_its_limits_together(engine: Running) -> None:
    with login(engine, "algo") as first, login(engine, "algo") as second, engine.client("alice") as alice:
        kept = first.buy("AAA", 10, "90", account="alice")
        kept.wait_accepted()
        first.sell("BBB", 10, "60", account="bob").wait_accepted()
        second.buy("AAA", 10, "91", account="alice").wait_accepted()
        for client in (first, second):
            with pytest.raises(OrderRejected) as refused:
                client.buy("AAA", 10, "92", account="bob").wait_accepted()
            assert str(refused.value).startswith("LIMIT_OPEN_ORDERS: open orders would be 4, the limit is 3")
            assert "of the API key" in str(refused.value)
        alice.buy("AAA", 10, "92").wait_accepted()  # the same account with a key of its own
        with engine.operator() as op:
            row = next(row for row in op.keys().keys if row.name == "algo")
            assert (row.sessions, row.open_orders, row.accounts) == (2, 3, [1, 2])
            assert row.open_notional == (900 + 600 + 910) * CASH
            assert {one.key for one in op.sessions().sessions} == {"algo", "alice"}
        limits = [(one.name, one.is_of_key, one.hard, one.measure) for one in first.limits("alice")]
        assert limits == [("open orders", True, 3, 3), ("messages", True, 40, 5), ("order qty", True, 1000, 0)]
        assert alice.limits() == []


def test_logging_in_again_and_a_restart_change_nothing(engine: Running) -> None:
    with login(engine, "algo") as client:
        for price in (90, 91, 92):
            client.buy("AAA", 10, str(price), account="alice").wait_accepted()
    with login(engine, "algo") as client, pytest.raises(OrderRejected, match="LIMIT_OPEN_ORDERS"):
        client.buy("AAA", 10, "93", account="alice").wait_accepted()
    engine.kill()
    engine.start()
    with login(engine, "algo") as client:
        with pytest.raises(OrderRejected, match="LIMIT_OPEN_ORDERS"):
            client.buy("AAA", 10, "93", account="alice").wait_accepted()
        client.cancel_all(account="alice")
        client.buy("AAA", 10, "93", account="alice").wait_accepted()
    engine.stop()
    engine.start()  # from a snapshot now
    with engine.operator() as op:
        assert next(row for row in op.keys().keys if row.name == "algo").open_orders == 1
    counted = admin_kinds(engine)
    assert [counted.count(kind) for kind in (CommandKind.SET_KEY, CommandKind.SET_LIMIT)] == [2, 4]


def test_what_is_refused_and_told(engine: Running) -> None:
    with login(engine, "algo") as client:
        with pytest.raises(OrderRejected, match="LIMIT_ORDER_QTY: order qty would be 1,001 lots, the limit is"):
            client.buy("AAA", 1001, "90", account="alice").wait_accepted()
        client.buy("AAA", 600, "90", account="alice").wait_accepted()
        events = [event for event in client.stream(timeout_s=0.3) if isinstance(event, openbell.Event)]
        (warning,) = [event for event in events if event.kind == EventKind.LIMIT_WARNING]
        assert (Limit(warning.reason), warning.flags, warning.measure) == (Limit.ORDER_QTY, BY_KEY, 600)
        assert "API key" in str(warning)
        assert "order qty 600 lots, the soft limit is 500 lots" in str(warning)
        told = client.preview("BUY", "AAA", 1001, "90", account="alice")
        assert isinstance(told.event, openbell.Reject)
        assert (told.event.check, told.event.distance) == (Check.LIMIT_ORDER_QTY, BY_KEY)
    with engine.client("eve") as eve, pytest.raises(OrderRejected, match=r"LIMIT_ORDER_NOTIONAL.*of the API key"):
        eve.buy("AAA", 100, "90").wait_accepted()


def test_an_operator_limits_a_key_while_it_trades(engine: Running) -> None:
    with engine.client("bob") as bob, engine.operator() as op:
        bob.buy("AAA", 10, "90").wait_accepted()  # before: it counts for nobody
        rows = op.session_limit("bob", "open_notional", hard="1000", soft="900", reason="a new algorithm")
        assert [(row.name, row.hard, row.soft, row.is_of_key) for row in rows] == [
            ("open notional", 1000 * CASH, 900 * CASH, True)
        ]
        bob.buy("AAA", 10, "91").wait_accepted()
        with pytest.raises(OrderRejected, match=r"LIMIT_OPEN_NOTIONAL: open notional would be 1,090\.00"):
            bob.buy("AAA", 2, "90").wait_accepted()
        op.session_limit("bob", "open_notional", hard=0, soft=0, reason="it is good")
        bob.buy("AAA", 2, "90").wait_accepted()
        assert [row for row in op.keys().limits if row.holder not in (1, 2)] == []
        with pytest.raises(OperatorRefused, match="no API key 'bobby'"):
            op.session_limit("bobby", "messages", hard=1, reason="nobody")
        with pytest.raises(OperatorRefused, match="GROSS is no limit of a key"):
            op.session_limit("bob", "gross", hard=1, reason="of accounts")
        with pytest.raises(OperatorRefused, match="soft is 5"):
            op.session_limit("bob", "messages", hard=4, soft=5, reason="wrong")
        with pytest.raises(InvalidInput):
            op.session_limit("bob", "order_qty", hard="1.5", reason="no lots")
    said = [WORDS[int(one["kind"])](one, "", "") for one in commands(engine) if int(one["kind"]) in WORDS]
    assert said[-4:-1] == [
        "API key 3 bob", "API key 3: OPEN_NOTIONAL 1,000.00, soft 900.00", "API key 3: OPEN_NOTIONAL none, soft none"
    ]  # fmt: skip


def test_a_client_can_neither_set_nor_clear_the_mark(engine: Running) -> None:
    """What it writes into the byte is lost: in frames that the intake takes, and in those that Python does."""
    with engine.operator() as op:
        limited = next(row.key for row in op.keys().keys if row.name == "eve")
    for name, account, expected in (("eve", 3, limited), ("bob", 2, 0)):
        with engine.client(name) as client:
            send_marked(client, account)
        sent = [one for one in commands(engine) if one["kind"] < wire.SPECIAL_KIND + 1 and one["account"] == account]
        assert [int(one["key"]) for one in sent] == [expected] * 6


def send_marked(client: openbell.Client, account: int) -> None:
    """Six orders, in frames of both kinds, with bytes that are not a client's to write."""
    for mark in (0, 255, 7):
        made, special = np.zeros(1, wire.ORDER_COMMAND), np.zeros(1, wire.SPECIAL_COMMAND)
        for one, kind in ((made, CommandKind.NEW_ORDER), (special, CommandKind.NEW_SPECIAL)):
            one["kind"], one["account"], one["client_order_id"] = kind, account, client.reserve_ids(1)
            one["price"], one["qty"], one["tif"], one["key"] = 500_000, 1, TimeInForce.GTC, mark
            client.send_batch(one)
    until(lambda: len(client.orders()) == 6)


def test_two_persons_may_be_needed(tmp_path: Path) -> None:
    with Running(tmp_path, '[two_person]\nverbs = ["session-limit"]\n') as engine, engine.operator() as op:
        with pytest.raises(NeedsApproval) as asked:
            op.session_limit("bob", "messages", hard=5, reason="calm")
        assert op.keys().limits == []
        made = op.add_key(operator="second", reason="four eyes")
        with openbell.Operator(engine.data, name="second", token=made.secret) as second:
            second.approve(asked.value.proposal, reason="seen")
        assert [(row.name, row.hard) for row in op.keys().limits] == [("messages", 5)]


def test_keys_have_names(engine: Running) -> None:
    with engine.operator() as op:
        made = op.add_key("alice", key_name="algo-9", reason="another line")
        other = op.add_key("alice", reason="one more")
        names = {row.name: row.accounts for row in op.keys().keys}
        assert names == {"algo": [1, 2], "algo-9": [1], "alice": [1], "alice.2": [1], "bob": [2], "eve": [3]}
        op.session_limit("algo-9", Limit.MESSAGES, hard=1, reason="slow")
        with (
            openbell.Client(engine.data, api_key=made.secret) as slow,
            openbell.Client(engine.data, api_key=other.secret) as quick,
        ):
            slow.buy("AAA", 1, "90").wait_accepted()
            with pytest.raises(OrderRejected, match="LIMIT_MESSAGES"):
                slow.buy("AAA", 1, "90").wait_accepted()
            quick.buy("AAA", 1, "90").wait_accepted()
        with pytest.raises(OperatorRefused, match="called 'algo-9' already"):
            op.add_key("bob", api_key=made.secret, key_name="other", reason="no")
        with pytest.raises(InvalidInput, match="key_name"):
            op.add_key("bob", key_name="x" * 33, reason="too long")
