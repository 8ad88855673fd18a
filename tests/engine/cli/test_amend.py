"""`openbell ctl trade`, `bust`, `correct` from end to end: what they show before, that they ask, what is journaled."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator

import pytest
from openbell import Operator
from openbell.errors import OpenBellError

from engine.cli.operating.amend import AMENDING
from tests.engine.cli.running import Running
from tests.engine.cli.test_ctl import at_a_terminal, order

SYMBOL = "ACME"


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running = Running(tmp_path_factory.mktemp("amend") / "m", "--no-demo", "--no-postgres")
    try:
        running.live()
        running.ctl("set-instrument", SYMBOL, "--new", "--price", "100", "--open")
        for name in ("ann", "ben"):
            running.ctl("set-account", name, "--new", "--cash", "1,000,000")
            running.ctl("add-key", name)
        running.ctl("deposit-shares", "ben", SYMBOL, "5,000", "--cost", "99.50")
        yield running
    finally:
        running.kill()


def traded(market: Running, price: str = "101.25") -> str:
    """Ann buys 10 lots of Ben; the trade's number."""
    order(market, "ben", "sell", SYMBOL, "10", price)
    done = order(market, "ann", "buy", SYMBOL, "10", price)
    return str(done["fills"][0]["trade_id"])


def test_a_dry_run_changes_nothing_and_needs_no_reason(market: Running) -> None:
    number = traded(market)
    before = market.json("ctl", "accounts")
    shown = market.cli("ctl", "bust", SYMBOL, number, "--dry-run")
    assert shown.returncode == 0, shown.stderr
    assert f"trade {number} of {SYMBOL}: 10 lots at 101.25" in shown.stdout
    assert "ann bought of ben" in shown.stdout and "a bust would do this" in shown.stdout
    tried = market.json("ctl", "correct", SYMBOL, number, "--price", "100", "--dry-run")
    assert (tried["done"], tried["now_price"], tried["refused"]) == (False, 1_012_500, None)
    assert [one["name"] for one in tried["accounts"]] == ["ann", "ben"]
    assert tried["accounts"][0]["cash"][1] - tried["accounts"][0]["cash"][0] == 12_500_000
    assert market.json("ctl", "trade", SYMBOL, number)["accounts"][0]["position"] == [10, 0]
    assert market.json("ctl", "accounts") == before


def test_it_asks_and_says_what_will_happen(market: Running) -> None:
    number = traded(market)
    refused = market.cli("ctl", "bust", SYMBOL, number, "--reason", "a test")
    assert refused.returncode == 2
    assert "asks before it acts, and there is nobody to ask: add --yes" in refused.stderr
    done = at_a_terminal(market, "n\n", "ctl", "correct", SYMBOL, number, "--qty", "4")
    assert done.returncode == 1 and "nothing was done" in done.stderr
    assert "Correct it to 4 lots at 101.25? [y/N]" in done.stderr
    done = at_a_terminal(market, "y\nwrong price\n", "ctl", "correct", SYMBOL, number, "--price", "90.5")
    assert done.returncode == 0, done.stderr
    assert f"corrected: trade {number} of {SYMBOL}: 10 lots at 90.50" in done.stdout
    done = at_a_terminal(market, "y\nvoid\n", "ctl", "bust", SYMBOL, number)
    assert done.returncode == 0, done.stderr
    assert "corrected to 10 lots at 90.50" in done.stderr and "Bust it? That is final. [y/N]" in done.stderr
    assert f"busted: trade {number} of {SYMBOL}" in done.stdout
    again = market.cli("ctl", "bust", SYMBOL, number, "--yes", "--reason", "again")
    assert again.returncode == 1
    assert f"BUSTED: trade {number} was busted before, and that is final" in again.stderr
    wrong = market.cli("ctl", "bust", SYMBOL, "999", "--yes", "--reason", "wrong")
    assert wrong.returncode == 1 and "TRADE: the instrument has no trade 999" in wrong.stderr


@pytest.mark.parametrize("verb", ["bust", "correct"])
def test_what_was_agreed_to_is_what_was_shown(market: Running, verb: str) -> None:
    """Another operator corrects the trade while this one looks at the question."""
    number = int(traded(market))
    with Operator(market.data, name="carol") as op:
        asked = Namespace(
            verb=verb, symbol=SYMBOL, trade_id=number, price="80" if verb == "correct" else None, qty=None,
            dry_run=False, reason="as shown",
        )  # fmt: skip
        act = AMENDING[verb]
        assert act.question is not None
        assert "10 lots at 101.25" in (act.question(op, asked) or "")
        op.correct(SYMBOL, number, price="90.5", reason="was quicker")
        with pytest.raises(OpenBellError, match=r"10 lots at 90\.50 now, not as it was shown") as refused:
            act.do(op, asked)
        assert refused.value.field == "shown_price"
        assert op.trade(SYMBOL, number).changes == 1
        act.question(op, asked)
        act.do(op, asked)
        assert op.trade(SYMBOL, number).changes == 2


def test_the_journal_says_who_did_it_and_why(market: Running) -> None:
    number = traded(market)
    market.ctl("correct", SYMBOL, number, "--price", "100", "--qty", "9", "--yes", "--operator", "carol")
    shown = market.cli("journal", "show", "--kind", "correct_trade", "--account", "ben")
    assert shown.returncode == 0, shown.stderr
    line = shown.stdout.splitlines()[-1]
    assert f"CORRECT_TRADE         trade {number} of {SYMBOL}, 10 at 101.25, bought by account" in line
    assert "9 at 100.00 instead; by carol" in line
    rows = market.cli("journal", "show", "--kind", "correct_trade", "--json")
    assert f'"trade_id": {number}' in rows.stdout.splitlines()[-1] and '"seller"' in rows.stdout
