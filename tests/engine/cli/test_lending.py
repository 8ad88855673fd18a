"""`openbell ctl` verbs of borrowing, interest, dividends and splits from end to end: what they show, ask, journal."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.engine.cli.running import Running
from tests.engine.cli.test_ctl import at_a_terminal, order
from tests.engine.cli.test_money import account, refused, shown
from tests.engine.cli.two_traders import CASH, SYMBOL, two_traders


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("lending")
    with two_traders(folder, 500) as running:
        yield running


def rows(table: str) -> list[list[str]]:
    return [line.split() for line in table.splitlines()[2:]]


def test_what_is_hard_to_borrow_is_sold_short_as_far_as_it_was_located(market: Running) -> None:
    assert rows(shown(market, "borrow")) == [["ACME", "EASY", "0", "%", "a", "year", "0", "0", "0"]]
    done = market.ctl("borrow", SYMBOL, "--hard", "--fee", "3.6%", "--inventory", "1,000", "--yes")
    assert (done["borrow"], done["fee"], done["inventory"], done["symbol"]) == (1, 36_000, 1_000, SYMBOL)
    said = order(market, "ann", "sell", SYMBOL, "60", "100", code=1)
    assert "LOCATE" in str(said)
    assert market.ctl("locate", "ann", SYMBOL, "100", "--yes")["located"] == 100
    assert "1,001 lots are wanted, 900 lots can still be lent" in refused(market, "locate", "ben", SYMBOL, "1001")
    order(market, "ann", "sell", SYMBOL, "60", "100")
    assert rows(shown(market, "locates")) == [["ann", "ACME", "100", "60", "40"]]
    assert "gives back 41 lots, free are 40 lots" in refused(market, "locate", "ann", SYMBOL, "-41")
    assert market.ctl("borrow", SYMBOL, "--fee", "7.2", "--yes")["inventory"] == 1_000  # what is not given stays
    assert "0 to 1,000 percent" in refused(market, "borrow", SYMBOL, "--fee", "1000.5", code=2)


def test_interest_and_fees_of_a_day(market: Running) -> None:
    order(market, "ben", "buy", SYMBOL, "60", "100")
    assert "no interest is set" in shown(market, "rates")
    done = market.ctl("rates", "USD", "--debit", "9", "--credit", "3.6", "--yes")
    assert (done["debit"], done["credit"], done["days"]) == (90_000, 36_000, 360)
    assert "currency EUR: no account and no instrument has it" in refused(market, "rates", "EUR", "--debit", "9")
    before = account(market, "ann")["cash"]
    assert market.ctl("accrue", "2026-11-27", "--days", "3", "--yes")["charges"] == 3
    # 3.6 % of what was paid in, none of the proceeds of 6,000; 7.2 % of 60 shares at 100, of 360 days
    assert account(market, "ann")["cash"] == before + 1_000_000 * CASH * 3 // 10_000 - 6_000 * CASH * 6 // 10_000
    assert "the business day 2026-11-27 is over already" in refused(market, "accrue", "2026-11-27")
    assert "last charged for 2026-11-27" in shown(market, "rates")
    house = {row["house"]: row["balance"] for row in market.json("ctl", "house")["rows"]}
    assert house["BORROW"] == 3_600_000
    assert house["INTEREST"] < 0


def test_a_dividend_is_due_and_paid(market: Running) -> None:
    assert market.ctl("dividend", SYMBOL, "0.25", "--reference", "9", "--yes")["positions"] == 2
    assert rows(shown(market, "dues")) == [["ben", "ACME", "140.00"], ["ann", "ACME", "-15.00"]]
    ben = account(market, "ben")["cash"]
    asked = at_a_terminal(market, "y\nthe company pays\n", "ctl", "pay-dividend", SYMBOL)
    assert "Pay 140.00 that is due of ACME, and take 15.00 that is owed?" in asked.stderr
    assert asked.stdout == "2 positions of ACME paid\n"
    assert account(market, "ben")["cash"] == ben + 140 * CASH
    assert shown(market, "dues") == "nothing is due\n"


def test_a_split(market: Running) -> None:
    order(market, "ben", "sell", SYMBOL, "5", "120")
    assert "the instrument is OPEN, not CLOSED" in refused(market, "split", SYMBOL, "2", "1")
    market.ctl("close", SYMBOL, "--yes")
    assert "old is 2 as new is: nothing would change" in refused(market, "split", SYMBOL, "2", "2")
    done = market.ctl("split", SYMBOL, "3", "2", "--yes")
    assert (done["positions"], done["orders"], done["price"]) == (2, 1, 1_000_000)
    positions = {row["account_name"]: row["qty"] for row in market.json("ctl", "positions")["rows"]}
    assert positions == {"ann": -90, "ben": 840}
    (row,) = [row for row in market.json("ctl", "instruments")["rows"] if row["symbol"] == SYMBOL]
    assert row["reference_price"] == 666_666


def test_the_journal_says_what_was_done_in_words(market: Running) -> None:
    journal = market.cli("journal", "show").stdout
    for text in (
        "ACME: HARD to borrow, 3.6 % a year, 1,000 lots to lend; by ",
        "100 lots of ACME located; by ",
        "USD: debit 9 % a year, credit 3.6 % a year, of 360 days; by ",
        "interest and fees of 2026-11-27, for 3 days; by ",
        "ACME: 0.25 a share, reference 9; by ",
        "ACME: what is due; by ",
        "ACME: 3 for 2, fractions at 100.00; by ",
    ):
        assert text in journal, text
