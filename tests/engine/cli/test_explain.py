"""`openbell explain`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from engine.cli.__main__ import main
from engine.travel.following import follow
from engine.travel.past import Past
from engine.travel.which import find
from tests.engine.cli.running import Running
from tests.engine.cli.test_at import running
from tests.engine.cli.test_journal import stopped
from tests.engine.markets import Trading

__all__ = ["running", "stopped"]


def said(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, Any]:
    capsys.readouterr()
    code = main(["explain", *map(str, arguments), "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_an_order(stopped: Trading, capsys: pytest.CaptureFixture[str]) -> None:
    past = Past(stopped.data)
    life = follow(past, find(past, "bob:3"))
    code, told = said(capsys, "bob:3", "--data", stopped.data)
    assert (code, told["account_name"], told["client_order_id"], told["order_id"]) == (0, "bob", 3, life.order_id)
    assert [one["seq"] for one in told["events"]] == [one.seq for one in life.happenings]
    assert [one["event"]["kind"] for one in told["events"]] == [int(one.event["kind"]) for one in life.happenings]
    assert all(one["text"] and one["cause"] and one["command"]["seq"] == one["seq"] for one in told["events"])
    assert [queue["ahead"] for queue in told["queues"]] == [spell.ahead for spell in life.spells]
    assert main(["explain", "bob:3", "--data", str(stopped.data)]) == 0
    text = capsys.readouterr().out
    assert f"at seq {stopped.seq:,}: {told['state']}" in text
    assert all(one["text"] in text for one in told["events"])


@pytest.mark.parametrize(
    ("order", "field", "text"),
    [
        ("bob:99999", "order", "there is no order bob:99999 in the journal, seq 1 to 425"),
        ("bobby:1", "account", "did you mean bob?"),
        ("first", "order", "'first' is neither an order id"),
    ],
)
def test_what_is_no_order(
    stopped: Trading, capsys: pytest.CaptureFixture[str], order: str, field: str, text: str
) -> None:
    code, body = said(capsys, order, "--data", stopped.data)
    assert (code, body["error"]["field"]) == (2, field)
    assert text in body["error"]["text"]


def test_without_a_market(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, body = said(capsys, "5", "--data", tmp_path)
    assert (code, "there is no journal" in body["error"]["text"]) == (1, True)


@pytest.mark.slow
def test_of_a_running_market(running: Running) -> None:
    """Two orders wait at one price, the first is halted through and cancelled, the second goes ahead."""
    running.live()
    running.ctl("set-instrument", "ACME", "--new", "--tick", "0.01", "--price", "10", "--open")
    for name in ("gina", "hal"):
        running.ctl("set-account", name, "--new", "--cash", "1,000.50")
        running.ctl("add-key", name)
    assert running.cli("order", "buy", "ACME", "5", "9.50", "--account", "gina", "--id", "1").returncode == 0
    assert running.cli("order", "buy", "ACME", "7", "9.50", "--account", "hal", "--id", "2").returncode == 0
    running.ctl("halt", "ACME", "--code", "news", "--yes")
    assert running.cli("order", "cancel", "1", "--account", "gina").returncode == 0
    told = running.json("explain", "hal:2")
    assert told["state"] == "7 lots open, 0 filled; it rests in the book at 9.50, first in its queue"
    assert "behind 5 lots of 1 order" in told["events"][0]["text"]
    assert told["events"][1]["text"] == "ACME is HALTED now (NEWS)"
    assert "a test" in told["events"][1]["cause"]
    assert [(move["how"], move["qty"], move["ahead"]) for move in told["queues"][0]["moves"]] == [("left", 5, 0)]
    assert "its owner asked for it" in running.json("explain", "gina:1")["events"][-1]["text"]
