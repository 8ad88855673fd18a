"""`openbell ctl` verbs of day trades from end to end: what they show, ask, journal and explain."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from openbell.wire import Check

from tests.engine.cli.running import Running
from tests.engine.cli.test_ctl import at_a_terminal, order
from tests.engine.cli.test_money import refused, shown


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("days")
    running = Running(folder / "m", "--no-demo", "--no-postgres")
    try:
        running.live()
        running.ctl("set-instrument", "XYZ", "--new", "--price", "100", "--open")
        running.ctl("set-account", "ann", "--new", "--cash", "20,000", "--currency", "USD")
        running.ctl("set-account", "ben", "--new", "--cash", "1,000,000", "--currency", "USD", "--short")
        for name in ("ann", "ben"):
            running.ctl("add-key", name)
        yield running
    finally:
        running.kill()


def day_trade(market: Running) -> int:
    """Ann buys 10 and sells them; the order that sold."""
    order(market, "ben", "sell", "XYZ", "10", "100")
    order(market, "ann", "buy", "XYZ", "10", "100")
    order(market, "ben", "buy", "XYZ", "10", "100")
    return int(order(market, "ann", "sell", "XYZ", "10", "100")["order_id"])


def test_the_rule_is_asked_for_and_shown(market: Running) -> None:
    text = shown(market, "day-trades")
    assert "no account is held to the rule of day trades" in text
    assert "no day trades make a pattern" in text
    said = refused(market, "account-risk", "ann", "cash", "--day-trades", "pattern")
    assert "day_trades: only an account that is watched as MARGIN is held to that rule" in said
    market.ctl("account-risk", "ann", "margin", "--day-trades", "pattern", "--yes")
    market.ctl("account-risk", "ann", "margin", "--restricted", "none", "--yes")  # what is not given stays
    found = market.json("ctl", "day-trades")
    assert found["settings"]["pattern_equity"] == 25_000_000_000  # as the configuration has it
    assert [(row["account_name"], row["is_pattern"]) for row in found["rows"]] == [("ann", 0)]
    assert "4 day trades within 5 business days, above 6 % of all trades, make a pattern day trader" in shown(
        market, "day-trades"
    )
    done = market.ctl("day-trades", "--least", "2", "--percent", "5 %", "--yes")
    assert (done["pattern_day_trades"], done["pattern_days"], done["pattern_share"]) == (2, 5, 500)
    assert "pattern_days 9 is out of range: 1 to 8" in refused(market, "day-trades", "--days", "9", code=2)
    assert "leave --account out" in refused(market, "day-trades", "--account", "ann", "--days", "3", code=2)


def test_a_pattern_is_told_explained_and_lifted(market: Running) -> None:
    day_trade(market)
    sold = day_trade(market)
    assert "pattern day trader" in shown(market, "day-trades", "--account", "ann")
    told = [one["text"] for one in market.json("explain", str(sold))["events"]]
    assert any(
        one.startswith("trade 4 was a day trade of its account, 2 of 4 trades, which made it a pattern") for one in told
    )
    assert "DAY_TRADER" in str(order(market, "ann", "buy", "XYZ", "1", "100", code=1))
    what_if = market.json("risk", "what-if", "ann", "buy", "1", "XYZ", "--price", "100")
    assert what_if["event"]["check"] == Check.DAY_TRADER
    risk = market.json("risk", "ann")
    assert (risk["day_traders"][0]["day_trades"], risk["day_trade_settings"]["pattern_day_trades"]) == (2, 2)
    done = at_a_terminal(market, "y\nshe trades for the long run\n", "ctl", "lift-day-trader", "ann")
    assert done.returncode == 0, done.stderr
    assert "ann: a pattern day trader, 2 day trades of 4 trades within 5 business days" in done.stderr
    assert market.json("ctl", "day-trades")["rows"][0]["is_pattern"] == 0
    assert "the account is no pattern day trader" in refused(market, "lift-day-trader", "ann")
    journaled = market.cli("journal", "show", "--kind", "LIFT_DAY_TRADER")
    assert "she trades for the long run" in journaled.stdout
    assert "ann" in journaled.stdout
