"""`openbell ctl` verbs of rules of cash accounts from end to end: what they show, ask, journal and explain."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.engine.cli.running import Running
from tests.engine.cli.test_ctl import at_a_terminal, order
from tests.engine.cli.test_money import refused, shown

CASH = 1_000_000


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("cash")
    running = Running(folder / "m", "--no-demo", "--no-postgres")
    try:
        running.live()
        for symbol in ("XYZ", "ABC"):
            running.ctl("set-instrument", symbol, "--new", "--price", "100", "--open")
        running.ctl("set-account", "ann", "--new", "--currency", "USD")
        running.ctl("set-account", "ben", "--new", "--cash", "1,000,000", "--currency", "USD", "--short")
        for name in ("ann", "ben"):
            running.ctl("add-key", name)
        running.ctl("deposit-shares", "ann", "XYZ", "100", "--cost", "100")
        running.ctl("settle", "2026-11-27", "--yes")
        yield running
    finally:
        running.kill()


def test_a_rule_is_asked_for_and_shown(market: Running) -> None:
    assert "no account has a rule of cash accounts" in shown(market, "cash")
    said = refused(market, "account-risk", "ann", "none", "--cash-rule", "count")
    assert "cash_rule: only an account that is watched as CASH has one" in said
    said = refused(market, "account-risk", "ben", "cash", "--cash-rule", "count")
    assert "the account is SHORT_ALLOWED, and a rule of cash accounts excludes that" in said
    market.ctl("account-risk", "ann", "cash", "--cash-rule", "count", "--yes")
    market.ctl("account-risk", "ann", "cash", "--restricted", "none", "--yes")  # what is not given stays
    assert market.json("ctl", "cash")["rows"][0]["rule"] == 1
    done = market.ctl("risk", "--cash-violations", "1", "--yes")
    assert (done["cash_violations"], done["cash_violation_days"], done["cash_restriction_days"]) == (1, 365, 90)
    assert "cash accounts restricted for 90 days by 1 violations within 365 days" in shown(market, "risk")
    assert "cash_violations 9 is out of range: 0 to 8" in refused(market, "risk", "--cash-violations", "9", code=2)


def test_a_violation_is_told_explained_and_lifted(market: Running) -> None:
    order(market, "ben", "buy", "XYZ", "100", "100")
    order(market, "ann", "sell", "XYZ", "100", "100")
    order(market, "ben", "sell", "ABC", "100", "100")
    order(market, "ann", "buy", "ABC", "100", "100")
    assert "ann" in shown(market, "cash")
    assert market.json("ctl", "cash", "--account", "ann")["unpaid"][0]["lots_today"] == 100
    order(market, "ben", "buy", "ABC", "60", "100")
    sold = order(market, "ann", "sell", "ABC", "60", "100")
    text = shown(market, "cash")
    assert "good faith" in text
    assert "since today" in text
    told = [one["text"] for one in market.json("explain", str(sold["order_id"]))["events"]]
    assert "violation 1 of its account (GOOD_FAITH): 60 lots were sold before they were paid for" in told
    said = order(market, "ann", "buy", "ABC", "1", "100", code=1)
    assert "SETTLED_CASH" in str(said)
    done = at_a_terminal(market, "y\nthe bank was late\n", "ctl", "lift-cash", "ann")
    assert done.returncode == 0, done.stderr
    assert "ann has 1 violation, restricted since today" in done.stderr
    assert "12 CFR 220.8(c)(2)" in done.stderr
    assert market.json("ctl", "cash")["rows"][0]["restricted"] == 0
    lifted = market.ctl("lift-cash", "ann", "1", "--yes")
    assert lifted["violations"] == 0
    assert "none that counts has the number" in refused(market, "lift-cash", "ann", "1")
