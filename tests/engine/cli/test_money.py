"""`openbell ctl` verbs about money from end to end: what they show, that they ask, what is journaled."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator
from typing import Any

import pytest
from openbell import Operator

from engine.cli.operating.money import MONEY
from tests.engine.cli.running import Running
from tests.engine.cli.test_ctl import at_a_terminal, order

SYMBOL = "ACME"
CASH = 1_000_000
PLAN = """
[market]
name = "test"
[ledger]
withdrawals = 2
[[fee_plan]]
name = "standard"
number = 1
[[fee_plan.component]]
house = "commission"
per_share = 0.005
minimum = 1.00
reserve_percent = 0.1
[[fee_plan.component]]
house = "taf"
per_share = 0.000166
sides = ["sell"]
round_to = 0.01
round = "up"
[[fee_plan]]
name = "free"
number = 2
"""


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("money")
    (folder / "plan.toml").write_text(PLAN)
    running = Running(folder / "m", "--no-demo", "--no-postgres", "--config", str(folder / "plan.toml"))
    try:
        running.live()
        running.ctl("set-instrument", SYMBOL, "--new", "--price", "100", "--open")
        for name in ("ann", "ben"):
            more = ("--currency", "USD", "--fee-plan", "standard")
            running.ctl("set-account", name, "--new", "--cash", "1,000,000", *more)
            running.ctl("add-key", name)
        running.ctl("deposit-shares", "ben", SYMBOL, "5,000", "--cost", "99.50")
        yield running
    finally:
        running.kill()


def shown(market: Running, *arguments: str) -> str:
    done = market.cli("ctl", *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def refused(market: Running, *arguments: str, code: int = 1) -> str:
    done = market.cli("ctl", *arguments, "--reason", "a test", "--yes")
    assert done.returncode == code, (done.stdout, done.stderr)
    return done.stderr


def account(market: Running, name: str) -> dict[str, Any]:
    found: dict[str, Any] = market.json("ctl", "accounts", "--account", name)["rows"][0]
    return found


def test_plans_are_shown_component_by_component(market: Running) -> None:
    said = shown(market, "fees")
    assert "standard  number 1, 2 accounts have it" in said
    assert "  0  commission 0.005 a share, at least 1.00, by order; 0.1 % of buy orders is kept back" in said
    assert "  1  taf 0.000166 a share, by order, sellers, rounded up to 0.01" in said
    assert "free  number 2, 0 accounts have it\n  no components: it costs nothing" in said
    plans = market.json("ctl", "fees")["plans"]
    assert [(plan["number"], len(plan["components"])) for plan in plans] == [(1, 2), (2, 0)]


def test_what_a_trade_costs_is_seen_where_it_was_ordered_and_by_operators(market: Running) -> None:
    order(market, "ben", "sell", SYMBOL, "10", "101")
    bought = market.cli("order", "buy", SYMBOL, "10", "101", "--account", "ann")
    assert "(taker, trade 1, fees 1.00)" in bought.stdout
    assert "filled: bought 10 of 10 at 101.0000 on average, fees 1.00" in bought.stdout
    (ann, ben) = account(market, "ann"), account(market, "ben")
    assert (ann["fees"], ben["fees"]) == (1_000_000, 1_010_000)
    assert (ann["fee_plan"], ann["currency"], ann["cash"]) == ("standard", "USD", 998_989 * CASH)
    table = shown(market, "accounts", "--cash")
    assert "settled" in table and "withdrawable" in table and "standard" in table
    assert "fees so far   1.00" in shown(market, "accounts", "--account", "ann")
    house = market.json("ctl", "house")
    assert house["total"] == 0
    assert {row["house"]: row["balance"] for row in house["rows"]}["TAF"] == 10_000
    assert "all accounts" in shown(market, "house")


def test_charges_and_what_is_given_back(market: Running) -> None:
    before = account(market, "ann")["cash"]
    words = ("--for", "borrow", "--instrument", SYMBOL, "--reference", "4711", "--yes")
    assert market.ctl("charge", "ann", "12.50", *words)["cash"] == before - 12_500_000
    assert market.ctl("charge", "ann", "-12.50", "--for", "correction", "--yes")["cash"] == before
    journal = market.cli("journal", "show").stdout
    assert "account 0 (ann): borrow of ACME 12.50, reference 4711; by " in journal
    assert "account 0 (ann): correction -12.50; by " in journal


def test_a_withdrawal_in_two_phases(market: Running) -> None:
    before = account(market, "ben")
    held = market.ctl("withdraw", "hold", "ben", "7", "1,000")
    assert (held["withdrawals"], held["withdrawable"]) == (1000 * CASH, before["withdrawable"] - 1000 * CASH)
    market.ctl("withdraw", "hold", "ben", "8", "5")
    assert [line.split()[:3] for line in shown(market, "withdrawals", "ben").splitlines()[2:]] == [
        ["ben", "7", "1,000.00"], ["ben", "8", "5.00"],
    ]  # fmt: skip
    assert shown(market, "withdrawals", "ann") == "none is on its way\n"
    assert "2 withdrawals are on their way, and no more may be: raise ledger.withdrawals" in refused(
        market, "withdraw", "hold", "ann", "1", "5"
    )
    assert "5.00 of it for withdrawals" in shown(market, "accounts", "--account", "ben")
    assert "warning: withdrawals: 2 of 2 in use; raise ledger.withdrawals" in shown(market, "status")
    posted = market.ctl("withdraw", "post", "ben", "7", "--yes")
    assert (posted["amount"], posted["cash"]) == (1000 * CASH, before["cash"] - 1000 * CASH)
    assert market.ctl("withdraw", "release", "ben", "8", "--yes")["withdrawals"] == 0
    journal = market.cli("journal", "show").stdout
    for text in ("HOLD_CASH             account 1 (ben): withdrawal 7, 1,000.00; by ", "POST_CASH  ", "RELEASE_CASH  "):
        assert text in journal


def test_a_plan_is_given_and_taken(market: Running) -> None:
    done = market.cli("ctl", "fee-plan", "ann", "none", "--reason", "a friend", "--yes")
    assert done.stdout == "ann has no fees now\n"
    assert account(market, "ann")["plan"] == 0
    assert "fee plan none; by " in market.cli("journal", "show").stdout
    assert market.ctl("fee-plan", "ann", "free", "--yes")["plan"] == 2
    market.ctl("limits", "ann", "--max-order-qty", "500")
    assert (account(market, "ann")["plan"], account(market, "ann")["currency"]) == (2, "USD"), "others stay"
    assert market.ctl("set-account", "ann", "--fee-plan", "standard")["plan"] == 1


def test_an_operator_ends_a_business_day_and_status_tells_of_it(market: Running) -> None:
    assert "business day  none has ended yet, " in shown(market, "status")
    assert market.ctl("settle", "2026-01-05", "--yes") | {"seq": 0} == {
        "ok": True, "seq": 0, "date": 20260105, "days": 1, "accounts": 0
    }  # fmt: skip
    assert "2026-01-05 was the last one that ended" in shown(market, "status")
    assert market.json("ctl", "status")["settlement"]["last_date"] == 20260105
    assert "VALUE: date is 2026-01-04: the business day 2026-01-05 is over already" in refused(
        market, "settle", "2026-01-04"
    )
    journal = market.cli("journal", "show").stdout
    assert "SETTLE                business day 2026-01-05 is over; its trades settle with the next one; by " in journal


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("charge", "ann", "0", "--for", "tax"), 1, "VALUE: amount is 0: nothing would move"),
        (("charge", "ann", "5", "--for", "bank"), 2, "there is no 'bank'; there are: borrow, commission"),
        (("charge", "anne", "5", "--for", "tax"), 2, "there is no account 'anne'; did you mean ann?"),
        (("charge", "ann", "5.1234567", "--for", "tax"), 2, "more than 6 decimal places"),
        (("fee-plan", "ann", "standart"), 2, "there is no plan of fees 'standart'; did you mean standard?"),
        (("withdraw", "hold", "ann", "1"), 2, "hold needs an amount: ctl withdraw hold ACCOUNT NUMBER AMOUNT"),
        (("withdraw", "post", "ann", "1", "5"), 2, "post takes no amount: it is of all that is held"),
        (("withdraw", "post", "ann", "0"), 2, "below 1"),
        (("withdraw", "release", "ann", "99"), 1, "number is 99: no withdrawal of that number is on its way"),
        (("withdraw", "hold", "ann", "5", "0"), 1, "VALUE: amount is 0.00, the least is 0.000001"),
        (("withdraw", "hold", "ann", "5", "99,000,000"), 1, "CASH_RANGE: takes 99,000,000.00, free to take are "),
        (("settle", "2026-13-01"), 2, "'2026-13-01' is no date such as 2026-11-30"),
        (("settle", "2199-01-01"), 2, "2199-01-01 has not begun anywhere"),
        (("set-account", "ann", "--currency", "EUR"), 1, "currency is EUR, and that of the account stays USD"),
    ],
)
def test_mistakes_are_told_in_words(market: Running, arguments: tuple[str, ...], code: int, said: str) -> None:
    words = [*arguments, "--reason", "a test"]
    done = market.cli("ctl", *words, *([] if arguments[0] == "set-account" else ["--yes"]))
    assert done.returncode == code, (done.stdout, done.stderr)
    assert said in done.stderr


@pytest.mark.parametrize(
    ("verb", "fields", "asks"),
    [
        ("charge", {"amount": "5", "house": "tax", "instrument": None}, "Charge ann 5 for tax? It has "),
        ("charge", {"amount": "-5", "house": "tax", "instrument": SYMBOL}, f"Give ann 5 for tax of {SYMBOL}? It has "),
        ("fee-plan", {"plan": "none"}, "ann has the fees of standard; give it no fees, from its next fill on?"),
        ("withdraw", {"step": "post", "number": 3, "amount": None}, "There is no withdrawal 3 of ann on its way."),
    ],
)
def test_they_ask_first(market: Running, verb: str, fields: dict[str, Any], asks: str) -> None:
    question = MONEY[verb].question
    assert question is not None
    with Operator(market.data) as op:
        assert (question(op, Namespace(account="ann", **fields)) or "").startswith(asks)


def test_who_says_no_has_changed_nothing(market: Running) -> None:
    before = account(market, "ann")
    done = at_a_terminal(market, "n\n", "ctl", "charge", "ann", "5", "--for", "tax")
    assert (done.returncode, done.stdout) == (1, "")
    assert "Charge ann 5 for tax? It has " in done.stderr and "nothing was done" in done.stderr
    for verb in (("charge", "ann", "5", "--for", "tax"), ("settle", "2026-01-06"), ("fee-plan", "ann", "none")):
        said = market.cli("ctl", *verb, "--reason", "a test")
        assert (said.returncode, "asks before it acts" in said.stderr) == (2, True)
    assert account(market, "ann") == before
