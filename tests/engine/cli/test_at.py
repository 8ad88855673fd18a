"""`openbell at`, of a stopped market and of a running one."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.cli.__main__ import main
from engine.travel.past import Past
from tests.engine.cli.running import Running
from tests.engine.cli.test_journal import stopped
from tests.engine.markets import Trading

__all__ = ["stopped"]


def said(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, Any]:
    capsys.readouterr()
    code = main(["at", *map(str, arguments), "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_book_account_and_orders(stopped: Trading, capsys: pytest.CaptureFixture[str]) -> None:
    view = Past(stopped.data).at(200)
    code, book = said(capsys, "200", "book", "acme", "--levels", "3", "--data", stopped.data)
    expected = view.book("ACME", 3)
    assert (code, book["seq"], book["ts_ns"], book["symbol"]) == (0, 200, view.ts_ns, "ACME")
    assert book["bids"] == [list(level) for level in expected.bids]
    assert book["asks"] == [list(level) for level in expected.asks]
    assert book["bids"] + book["asks"]
    code, account = said(capsys, "200", "account", "bob", "--data", stopped.data)
    assert (account["name"], account["cash"]) == ("bob", view.account("bob").cash)
    assert [row["qty"] for row in account["positions"]] == [row.qty for row in view.positions("bob")]
    code, orders = said(capsys, "200", "orders", "bob", "--symbol", "BELL", "--limit", "2", "--data", stopped.data)
    mine = view.orders("bob", "BELL")
    assert (orders["total"], len(orders["rows"])) == (len(mine), min(2, len(mine)))
    assert [row["order_id"] for row in orders["rows"]] == [row.order_id for row in mine[:2]]
    code, everybodys = said(capsys, "200", "orders", "--data", stopped.data / "journal")
    assert everybodys["total"] == len(view.orders())


def test_for_people(stopped: Trading, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, words in (
        (("book", "ACME"), ["as of command 200, 2023-11-1", "ACME  open  last", "bid qty"]),
        (("account", "bob"), ["account       bob (1), active", "withdrawable", "average"]),
        (("orders",), ["ahead", "client id", "BELL"]),
    ):
        assert main(["at", "200", *arguments, "--data", str(stopped.data)]) == 0
        told = capsys.readouterr().out
        assert [word for word in words if word not in told] == [], told


@pytest.mark.parametrize(
    ("arguments", "code", "field", "text"),
    [
        (("426", "book", "ACME"), 2, "when", "when: seq 426 is beyond the last command, 425"),
        (("-99999d", "book", "ACME"), 2, "when", "before the first command of"),
        (("soon", "book", "ACME"), 2, "when", "'soon' is no moment such as 812,344"),
        (("200", "book", "ACNE"), 2, "instrument", "did you mean ACME?"),
        (("200", "account", "bobby"), 2, "account", "did you mean bob?"),
    ],
)
def test_what_there_is_not(
    stopped: Trading,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    code: int,
    field: str,
    text: str,
) -> None:
    found, body = said(capsys, *arguments, "--data", stopped.data)
    assert (found, body["error"]["field"], body["error"]["code"]) == (code, field, "bad_input")
    assert text in body["error"]["text"]
    assert main(["at", *arguments, "--data", str(stopped.data)]) == code
    assert text in capsys.readouterr().err


def test_without_a_market(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, body = said(capsys, "5", "book", "ACME", "--data", tmp_path / "mistyped")
    assert code == 1
    assert "mistyped/journal: there is no journal" in body["error"]["text"]
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    market = Running(tmp_path / "market", "--no-demo", "--no-postgres")
    yield market
    market.kill()


@pytest.mark.slow
def test_of_a_running_market(running: Running) -> None:
    """What is now is what ctl says; what was is what ctl said then."""
    running.live()
    running.ctl("set-instrument", "ACME", "--new", "--tick", "0.01", "--price", "10", "--open")
    running.ctl("set-account", "gina", "--new", "--cash", "1,000.50")
    running.ctl("add-key", "gina")
    assert running.cli("order", "buy", "ACME", "5", "9.50", "--account", "gina").returncode == 0
    before_ns = time.time_ns()
    before, accounts = running.json("ctl", "book", "ACME"), running.json("ctl", "accounts", "--account", "gina")
    assert [level[:2] for level in before["bids"]] == [[95_000, 5]]
    assert running.cli("order", "buy", "ACME", "7", "9.60", "--account", "gina").returncode == 0
    now = running.json("ctl", "book", "ACME")
    shown = running.json("at", "-0s", "book", "ACME")
    assert shown.pop("ts_ns") > before_ns
    assert shown["seq"] >= now.pop("seq")
    assert {**shown, "seq": 0} == {**now, "seq": 0}
    then = running.json("at", str(before["seq"]), "book", "ACME")
    assert {**then, "ts_ns": 0} == {**before, "ts_ns": 0}
    seconds, rest = divmod(before_ns, 10**9)
    moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{rest:09}Z"
    account = running.json("at", moment, "account", "gina")
    (row,) = accounts["rows"]
    assert {name: account[name] for name in row if name != "fee_plan"} == {
        name: value for name, value in row.items() if name != "fee_plan"
    }
    assert [(one["open_buy"], one["symbol"]) for one in account["positions"]] == [(5, "ACME")]
    assert running.stop() == 0
    assert running.json("at", str(before["seq"]), "orders", "gina")["total"] == 1
