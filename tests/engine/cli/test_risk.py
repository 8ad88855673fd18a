"""`openbell risk` and the verbs of `ctl` about risk, from end to end: what is shown, asked, journaled."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from argparse import Namespace
from collections.abc import Iterator
from typing import Any

import pytest
from openbell import Operator

from engine.cli.operating.risk import RISK
from tests.engine.cli.running import Running, environment, until
from tests.engine.cli.test_ctl import order

CASH = 1_000_000
CONFIGURATION = """
[market]
name = "test"
[risk]
mark_interval_ms = 5
"""


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("risk")
    (folder / "risk.toml").write_text(CONFIGURATION)
    running = Running(folder / "m", "--no-demo", "--no-postgres", "--config", str(folder / "risk.toml"))
    try:
        running.live()
        for symbol in ("ACME", "BELL"):
            running.ctl("set-instrument", symbol, "--new", "--price", "100", "--open")
        for name, cash in (("ann", "10,000"), ("ben", "1,000,000"), ("cid", "1,000,000")):
            running.ctl("set-account", name, "--new", "--cash", cash)
            running.ctl("add-key", name)
        running.ctl("deposit-shares", "ben", "ACME", "5,000", "--cost", "100")
        yield running
    finally:
        running.kill()


def shown(market: Running, *arguments: str, code: int = 0) -> str:
    done = market.cli(*arguments)
    assert done.returncode == code, (done.stdout, done.stderr)
    return done.stdout if code == 0 else done.stderr


def done(market: Running, *arguments: str, asks: bool = True) -> str:
    return shown(market, "ctl", *arguments, "--reason", "a test", *(("--yes",) if asks else ()))


def price(market: Running, at: str) -> None:
    """A trade of others, which positions count at soon after."""
    order(market, "ben", "sell", "ACME", "1", at)
    order(market, "cid", "buy", "ACME", "1", at)
    until(lambda: market.json("ctl", "margin", "ACME")["rows"][0]["mark"] == round(float(at) * 10_000), "the mark")


def test_from_nobody_watched_to_a_call(market: Running) -> None:
    assert shown(market, "risk") == "no account is watched: ./openbell ctl account-risk ACCOUNT cash|margin\n"
    assert "ann is not watched" in shown(market, "risk", "ann")
    done(market, "margin", "ACME", "--initial-long", "50%", "--maintenance-long", "25", "--least", "5")
    said = done(market, "account-risk", "ann", "margin")
    assert said == "ann has margin now; to sell short it needs limits --short beside it\n"
    assert done(market, "account-risk", "ben", "cash") == "ben is watched now\n"
    order(market, "ben", "sell", "ACME", "150", "100")
    order(market, "ann", "buy", "ACME", "150", "100")
    first, second = shown(market, "risk").splitlines()[2:4]
    assert first.split() == (
        "ann margin normal 10,000.00 3,750.00 37.5 % 7,500.00 2,500.00 0.00".split()
    )  # worst first, whatever their ids
    assert second.split()[:3] == ["ben", "cash", "normal"]
    assert "by equity" in shown(market, "ctl", "accounts").splitlines()[2]
    assert "as far as its equity carries that: openbell risk ann" in shown(
        market, "ctl", "accounts", "--account", "ann"
    )
    price(market, "43")
    until(lambda: market.json("risk", "ann")["accounts"][0]["level"] == 2, "the call")
    lines = shown(market, "risk", "ann").splitlines()
    assert lines[0].split() == "account ann (0), margin, call".split()
    assert "is short of      162.50 in cash" in lines
    assert lines[-1].split() == "ACME 150 43.00 6,450.00 -8,550.00 1,612.50 3,225.00 50 % / 25 %".split()
    assert "1 call" in shown(market, "ctl", "risk")
    assert "2 accounts watched; 1 call" in shown(market, "ctl", "status")
    assert done(market, "deposit", "ann", "200", asks=False).startswith("ann has -4,800.00 now")
    until(lambda: market.json("risk", "ann")["accounts"][0]["level"] == 1, "the alert")
    price(market, "100")


def test_settings_and_margins_are_shown_without_a_reason_and_changed_with_one(market: Running) -> None:
    assert shown(market, "ctl", "risk").startswith(
        "1,024 positions marked at most every 5 ms; alert below 120 % of what must be kept, call below 100 %, "
        "liquidation below 80 %\n"
    )
    said = done(market, "risk", "--alert", "none", "--liquidation", "75%", "--marks", "2,000")
    assert said == ("2,000 positions marked at most every 5 ms; no alert, call below 100 %, liquidation below 75 %\n")
    assert market.json("ctl", "risk")["liquidation"] == 7_500
    done(market, "risk", "--alert", "120", "--liquidation", "80")
    table = shown(market, "ctl", "margin")
    assert [line.split()[0] for line in table.splitlines()[2:]] == ["ACME", "BELL"]
    said = done(market, "margin", "BELL", "--initial-short", "60.5", "--maintenance-short", "40", "--mark-by", "mid")
    assert said == (
        "BELL: long 100 % at first, 100 % kept; short 60.5 %, 40 %, least a share none; by the middle of the book\n"
    )
    journal = shown(market, "journal", "show")
    assert "BELL: long 100 % / 100 %, short 60.5 % / 40 %, by MID; by " in journal
    said = "2,000 marks each TICK, liquidation 75 %, room for 256 desks and limits of 4,096 accounts"
    assert f"{said}, cash accounts restricted for 90 days by 3 violations in 365 days; by " in journal
    assert "account 0 (ann): MARGIN; by " in journal


def test_accounts_that_may_only_close(market: Running) -> None:
    order(market, "ben", "buy", "BELL", "5", "90")
    order(market, "ben", "sell", "ACME", "5", "900")
    assert done(market, "reduce-only", "ben").startswith("ben may only make positions smaller; its orders stay")
    assert "reduce only" in shown(market, "ctl", "accounts")
    refused = market.cli("order", "buy", "BELL", "1", "90", "--account", "ben")
    assert "ACCOUNT_STATE: the account is blocked, or may only make positions smaller and has none" in refused.stderr
    assert done(market, "close-only", "ben") == "ben may only close positions; 1 order cancelled\n"
    assert done(market, "close-only", "ben", "--cancel-orders") == "ben may only close positions; 1 order cancelled\n"
    assert done(market, "unkill", "ben", asks=False) == "ben may trade again\n"
    assert "SET_ACCOUNT_STATE" in shown(market, "journal", "show", "--account", "ben")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("account-risk", "ann", "full"), "there is no 'FULL'; there are: CASH, MARGIN, NONE"),
        (("account-risk", "anne", "cash"), "there is no account 'anne'; did you mean ann?"),
        (("risk", "--alert", "50"), "VALUE: alert is 50 %, the least is 100 %"),
        (("risk", "--alert", "often"), "'often' is not a decimal number such as 1250.50"),
        (("risk", "--liquidation", "101"), "liquidation_percent '101' is out of range: 0 to 100 percent"),
        (("risk", "--marks", "9999999"), "marks_each_tick 9999999 is out of range: 0 to 1,048,576"),
        (("margin", "ACMA", "--initial-long", "50"), "'ACMA' is not traded here; did you mean ACME?"),
        (("margin", "--initial-long", "50"), "margin needs SYM"),
        (("margin", "ACME", "--initial-long", "-1"), "-1 is below 0"),
        (("margin", "ACME", "--mark-by", "bid"), "there is no 'BID'; did you mean MID?"),
        (("limits", "ann", "--credit"), "credit: the account is watched as MARGIN, and that excludes unlimited credit"),
    ],
)
def test_mistakes_are_told_and_change_nothing(market: Running, arguments: tuple[str, ...], said: str) -> None:
    before = market.json("ctl", "margin"), market.json("ctl", "accounts"), market.json("risk")["settings"]
    done_ = market.cli("ctl", *arguments, "--reason", "a test", *(("--yes",) if arguments[0] != "limits" else ()))
    assert done_.returncode in (1, 2) and said in done_.stderr, done_
    assert (market.json("ctl", "margin"), market.json("ctl", "accounts"), market.json("risk")["settings"]) == before


def test_each_of_them_asks_before_it_acts(market: Running) -> None:
    with Operator(market.data, name="tester") as op:
        for verb, arguments, said in (
            ("risk", {"marks": None, "alert": "130", "liquidation": None}, "Accounts may have another level at once."),
            ("margin", {"symbol": "ACME"}, "ACME has now: long 50 % at first, 25 % kept;"),
            ("account-risk", {"account": "cid", "risk": "MARGIN"}, "Let cid (now none, "),
            ("account-risk", {"account": "ann", "risk": "CASH"}, "Have ann (now margin) watched as cash?"),
            ("reduce-only", {"account": "ann"}, "Let ann (0) only make positions smaller?"),
            ("close-only", {"account": "ann", "cancel_orders": False}, "those that could open a position go."),
        ):
            question = RISK[verb].question
            assert question is not None
            asked = question(op, Namespace(**arguments))
            assert asked is not None and said in asked, asked
    refused = market.cli("ctl", "reduce-only", "ann", "--reason", "a test")
    assert refused.returncode == 2 and "asks before it acts, and there is nobody to ask: add --yes" in refused.stderr


def test_who_is_unknown_and_what_is_watched_in_a_pipe(market: Running) -> None:
    assert "there is no account 'dora'" in shown(market, "risk", "dora", code=2)
    process = subprocess.Popen(
        [sys.executable, "-m", "engine.cli", "risk", "--watch", "0.1", "--json", "--data", str(market.data)],
        stdout=subprocess.PIPE,
        env=environment(),
        text=True,
    )
    try:
        assert process.stdout is not None
        read: list[Any] = [json.loads(process.stdout.readline()) for _ in range(3)]
        assert [one["account_name"] for one in read[2]["accounts"]] == ["ann", "ben"]
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait(20)
