"""`openbell ctl` and `openbell order` from end to end: a market that is set up, traded in and governed by hand."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from openbell import wire

from tests.engine.cli.running import Running, environment

SYMBOL = "ACME"


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running = Running(tmp_path_factory.mktemp("ctl") / "m", "--no-demo", "--no-postgres")
    try:
        running.live()
        running.ctl("set-instrument", SYMBOL, "--new", "--price", "100", "--collar-bps", "1000", "--open")
        for name in ("ann", "ben"):
            running.ctl("set-account", name, "--new", "--cash", "1,000,000.50")
            running.ctl("add-key", name)
        running.ctl("deposit-shares", "ben", SYMBOL, "5,000", "--cost", "99.50")
        yield running
    finally:
        running.kill()


@pytest.fixture(autouse=True)
def _clean_book(market: Running) -> Iterator[None]:
    yield
    market.ctl("resume", SYMBOL)
    market.ctl("cancel-all", "--yes")


def order(market: Running, account: str, *words: str, code: int = 0) -> dict:
    return market.json("order", *words, "--account", account, code=code)


def test_what_was_set_up_is_there(market: Running) -> None:
    (instrument,) = [row for row in market.json("ctl", "instruments")["rows"] if row["symbol"] == SYMBOL]
    assert (instrument["state"], instrument["tick_size"], instrument["reference_price"]) == (1, 100, 1_000_000)
    accounts = {row["name"]: row for row in market.json("ctl", "accounts")["rows"]}
    assert accounts["ann"]["cash"] == 1_000_000_500_000
    (position,) = market.json("ctl", "positions", "--account", "ben")["rows"]
    assert (position["symbol"], position["account_name"], position["qty"]) == (SYMBOL, "ben", 5000)
    assert position["cost"] == 5000 * 99_500_000


def test_status_has_what_is_promised(market: Running) -> None:
    status = market.json("ctl", "status")
    for name in ("orders", "trades", "sequence", "durable_sequence", "projected_sequence"):
        assert isinstance(status[name], int), name
    assert status["durable_sequence"] == status["sequence"] > 0
    assert status["durability"] == "fsync"
    assert set(status["ports"]) == {"orders", "market_data", "snapshots", "control"}
    assert status["pid"] == market.engine["pid"] != market.process.pid
    shown = market.cli("ctl", "status")
    assert shown.returncode == 0
    for word in ("fsync", "sequence", "journal", status["ports"]["orders"].rpartition(":")[2]):
        assert word in shown.stdout


def test_orders_meet_and_are_seen_everywhere(market: Running) -> None:
    before = market.json("ctl", "status")
    resting = order(market, "ben", "sell", SYMBOL, "100", "101.25")
    assert (resting["state"], resting["leaves"]) == ("ACCEPTED", 100)
    (row,) = market.json("ctl", "orders", "--account", "ben", "--symbol", SYMBOL)["rows"]
    assert (row["price"], row["leaves"], row["account_name"]) == (1_012_500, 100, "ben")
    book = market.json("ctl", "book", SYMBOL.lower())
    assert book["asks"] == [[1_012_500, 100, 1]]
    taken = market.cli("order", "buy", SYMBOL, "60", "101.30", "--tif", "ioc", "--account", "ann")
    assert taken.returncode == 0, taken.stderr
    assert re.search(r"bought 60 ACME at 101\.25 +\(taker", taken.stdout)
    assert "filled: bought 60 of 60 at 101.2500" in taken.stdout
    (row,) = order(market, "ben", "list")["rows"]
    assert (row["leaves"], row["filled"]) == (40, 60)
    fills = order(market, "ann", "fills")["rows"]
    assert (fills[-1]["qty"], fills[-1]["price"]) == (60, 1_012_500)
    after = market.json("ctl", "status")
    assert after["trades"] == before["trades"] + 1
    assert after["orders"] == before["orders"] + 2
    replaced = order(market, "ben", "replace", str(row["client_order_id"]), "--qty", "30")
    assert (replaced["leaves"], replaced["filled"]) == (30, 60)
    canceled = order(market, "ben", "cancel", str(row["client_order_id"]))
    assert canceled["qty"] == 30
    assert order(market, "ben", "list")["rows"] == []
    again = market.cli("order", "cancel", str(row["client_order_id"]), "--account", "ben")
    assert again.returncode == 2
    assert "no live order" in again.stderr


def test_stops_and_dated_orders_are_listed_replaced_and_cancelled(market: Running) -> None:
    stop = order(market, "ben", "sell", SYMBOL, "3", "79", "--stop", "80", "--tif", "gtc", "--group", "7")
    trail = order(market, "ben", "sell", SYMBOL, "3", "--trail", "20%")
    order(market, "ben", "buy", SYMBOL, "3", "91", "--until", "+1h", "--group", "7")
    listed = market.cli("order", "list", "--account", "ben").stdout
    assert "stop limit 80.00, waits, group 7" in listed
    assert "trailing stop by 20 %, waits" in listed
    assert re.search(r" group 7, until 20\d\d-\d\d-\d\d \d\d:", listed)
    number, stop_number = str(trail["client_order_id"]), str(stop["client_order_id"])
    replaced = order(market, "ben", "replace", number, "--qty", "2")
    assert (replaced["leaves"], replaced["price"]) == (2, trail["price"])
    for words, said in (
        (["replace", number, "--price", "70"], "a trailing stop has no price: its distance stays"),
        (["cancel", number, "--group", "7"], "--group goes with --all, not with the id of one order"),
        (["cancel", number, "--symbol", SYMBOL], "--symbol goes with --all, not with the id of one order"),
    ):
        refused = market.cli("order", *words, "--account", "ben")
        assert (refused.returncode, said in refused.stderr) == (2, True), refused.stderr
    assert order(market, "ben", "replace", stop_number, "--price", "78.50")["price"] == 785_000
    assert order(market, "ben", "cancel", "--all", "--group", "7")["canceled"] == 2
    (row,) = order(market, "ben", "list")["rows"]
    assert (row["leaves"], row["offset"], row["price"]) == (2, 2000, trail["price"])
    assert order(market, "ben", "cancel", number)["qty"] == 2


def test_a_peg_keeps_its_cap_when_only_lots_are_replaced(market: Running) -> None:
    peg = order(market, "ben", "buy", SYMBOL, "9", "98.50", "--peg", "midpoint")
    assert "pegged, midpoint, cap 98.50, unseen" in market.cli("order", "list", "--account", "ben").stdout
    number = str(peg["client_order_id"])
    assert order(market, "ben", "replace", number, "--qty", "4")["price"] == 985_000
    price = order(market, "ben", "replace", number, "--price", "0")["price"]
    assert price > 1_000_000, "as far as the collar goes"
    (row,) = order(market, "ben", "list")["rows"]
    assert (row["cap"], row["price"], row["leaves"]) == (0, price, 4)


def test_a_bracket_by_hand(market: Running) -> None:
    words = ("buy", SYMBOL, "10", "100", "--take-profit", "104", "--stop-loss", "97", "--stop-loss-limit", "96.50")
    asked = market.cli("order", *words, "--exits-tif", "gtc", "--account", "ben")
    assert asked.returncode == 0, asked.stderr
    for said in (
        "accepted for ben: entry: buy 10 ACME at most 100.00 DAY, id ",
        "accepted for ben: leg 1: sell 10 ACME at least 104.00 GTC, id ",
        "accepted for ben: leg 2: sell 10 ACME stop 97.00 @ 96.50 GTC, id ",
        "entry: 10 lots wait in the book at 100.00\n",
        "leg 1: 10 lots wait for the end of another order\n",
        "To take all of it out: ./openbell order cancel ",
    ):
        assert said in asked.stdout, asked.stdout
    entry, first, second = (row for row in order(market, "ben", "list")["rows"])
    assert (entry["role"], entry["link_id"]) == (wire.Role.PARENT, second["client_order_id"])
    listed = market.cli("ctl", "orders", "--account", "ben").stdout
    number = entry["client_order_id"]
    assert f"stop limit 97.00, waits for the end of {number}, cancels {second['client_order_id']}" in listed
    assert f"waits for the end of {number}, cancels {first['client_order_id']}" in listed
    assert f"triggers {second['client_order_id']}" in listed
    out = [line for line in asked.stdout.splitlines() if line.startswith("To take all of it out: ")]
    assert [word for word in out[0].split() if word.isdigit()] == [str(number), str(second["client_order_id"])]
    again = market.cli(
        "order", *words, "--exits-tif", "gtc", "--account", "ben", "--id", str(second["client_order_id"])
    )
    assert again.returncode == 0, again.stderr
    assert len(order(market, "ben", "list")["rows"]) == 3, "the first answers again, and nothing twice"
    order(market, "ann", "sell", SYMBOL, "1", "106")
    assert order(market, "ben", "cancel", str(number))["qty"] == 10
    assert order(market, "ben", "list")["rows"] == []


def test_one_cancels_the_other_by_hand(market: Running) -> None:
    sent = order(market, "ben", "sell", SYMBOL, "10", "104", "--or-stop", "97", "--tif", "gtc")
    assert (sent["entry"], [leg["order_type"] for leg in sent["legs"]]) == (None, ["LIMIT", "STOP"])
    assert {leg["tif"] for leg in sent["legs"]} == {"GTC"}
    rows = order(market, "ben", "list")["rows"]
    assert [row["role"] for row in rows] == [wire.Role.PEER, wire.Role.PEER]
    assert order(market, "ben", "cancel", str(rows[0]["client_order_id"]))["qty"] == 10
    assert order(market, "ben", "list")["rows"] == []
    sent = order(market, "ben", "sell", SYMBOL, "10", "104", "--or-trail", "2.5%")
    assert sent["legs"][1]["further"]["offset"] == 250
    order(market, "ben", "cancel", "--all")


def test_an_order_that_triggers_a_stop_that_follows(market: Running) -> None:
    sent = order(market, "ann", "buy", SYMBOL, "5", "99", "--trail-loss", "1.50")
    (leg,) = sent["legs"]
    assert (sent["entry"]["state"], leg["order_type"], leg["waiting"]) == ("ACCEPTED", "TRAILING_STOP", True)
    refused = market.cli("order", "buy", SYMBOL, "5", "500", "--trail-loss", "1.50", "--account", "ann")
    assert refused.returncode == 1
    assert "entry: PRICE_COLLAR: price 500.00 is beyond" in refused.stderr
    assert "leg 1: sell 5 ACME trailing stop by 1.50" in refused.stderr
    assert "canceled (LINKED)" in refused.stderr
    order(market, "ann", "cancel", "--all")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["100", "--stop-loss-limit", "90"], "--stop-loss-limit needs --stop-loss"),
        (["100", "--or-stop-limit", "90"], "--or-stop-limit needs --or-stop"),
        (["100", "--take-profit", "110", "--or-stop", "90"], "--take-profit and --or-stop exclude each other"),
        (["100", "--stop-loss", "95", "--trail-loss", "1"], "--stop-loss and --trail-loss exclude each other"),
        (["100", "--or-stop", "95", "--or-trail", "1"], "--or-stop and --or-trail exclude each other"),
        (["100", "--exits-tif", "day"], "--exits-tif needs --take-profit"),
        (["--or-stop", "110"], "give PRICE (or --stop, --trail)"),
        (["100", "--display", "2", "--or-stop", "110"], "--display does not go with that"),
        (["100", "--tif", "ioc", "--or-stop", "110"], "none of DAY, GTC and GTD"),
    ],
)
def test_what_ties_no_orders_together(market: Running, words: list[str], said: str) -> None:
    refused = market.cli("order", "buy", SYMBOL, "10", *words, "--account", "ann")
    assert (refused.returncode, said in refused.stderr) == (2, True), refused.stderr


def test_a_market_order_in_a_call_is_told_what_to_do(market: Running) -> None:
    market.ctl("call", SYMBOL, "--yes", "--kind", "halt")
    refused = market.cli("order", "buy", SYMBOL, "1", "--account", "ben")
    assert refused.returncode == 1
    assert "the instrument is in a call, where orders wait for an auction: nothing is IOC there" in refused.stderr
    assert "which a market order is without a tif; tif DAY, GTC or AUCTION takes part in it" in refused.stderr
    refused = market.cli("order", "buy", SYMBOL, "1", "99", "--tif", "fok", "--account", "ben")
    assert "nothing is FOK there; tif DAY" in refused.stderr
    assert order(market, "ben", "buy", SYMBOL, "1", "--tif", "day")["state"] == "ACCEPTED"
    market.ctl("run-auction", SYMBOL, "--yes")


def test_what_waits_for_an_auction_says_so(market: Running) -> None:
    market.ctl("call", SYMBOL, "--yes", "--kind", "halt")
    asked = market.cli("order", "buy", SYMBOL, "1", "99", "--account", "ben")
    assert "1 lot waits for an auction. To take it out" in asked.stdout, asked.stderr
    assert "for an auction" in market.cli("order", "list", "--account", "ben").stdout
    held = market.cli("ctl", "run-auction", SYMBOL, "--yes", "--reason", "a test")
    assert held.stdout == f"{SYMBOL}: nothing was traded\n", held.stderr
    listed = market.cli("order", "list", "--account", "ben").stdout
    assert "99.00" in listed
    assert "auction" not in listed


def test_an_auction_that_is_put_off_says_so(market: Running) -> None:
    words = "halt auctions are put off by 60 s"
    flags = ["--kind", "halt", "--market-orders", "--price-percent", "5", "--by", "60", "--times", "3"]
    changed = market.cli("ctl", "extensions", SYMBOL, *flags, "--yes", "--reason", "a test")
    assert changed.stdout == f"{words}: {SYMBOL}\n", changed.stderr
    order(market, "ann", "buy", SYMBOL, "1", "--tif", "auction")
    market.ctl("call", SYMBOL, "--yes", "--kind", "halt", "--in", "1")
    deadline_s = time.monotonic() + 20
    while not (row := market.json("ctl", "instruments", "--symbol", SYMBOL)["rows"][0])["extensions"]:
        assert time.monotonic() < deadline_s, row
    assert row["extension_reason"] == wire.ExtensionReason.MARKET_ORDERS
    assert ", extended 1 time: market orders" in " ".join(market.cli("ctl", "book", SYMBOL).stdout.split())
    assert market.ctl("extensions", SYMBOL, "--kind", "halt", "--none", "--yes")["instruments"] == [0]
    market.ctl("run-auction", SYMBOL, "--yes")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "extensions needs a reason (--market-orders, "),
        (["--none", "--market-orders", "--by", "5"], "extensions needs a reason"),
        (["--market-orders"], "extensions needs --by with a reason"),
        (["--random-end", "5", "--by", "5"], "and a reason with --by"),
        (["--market-orders", "--by", "5", "--times", "101"], "VALUE: extensions is 101, the most is 100"),
        (["--price-percent", "101", "--by", "5"], "price_percent '101' is out of range"),
    ],
)
def test_extensions_that_cannot_be(market: Running, words: list[str], said: str) -> None:
    refused = market.cli("ctl", "extensions", SYMBOL, "--kind", "closing", *words, "--yes", "--reason", "a test")
    assert refused.returncode != 0
    assert said in refused.stderr


def test_an_order_that_finds_nobody_is_1(market: Running) -> None:
    lonely = market.cli("order", "buy", SYMBOL, "5", "--account", "ann")
    assert lonely.returncode == 1
    assert re.search(r"ended \(IOC\): bought 0 of 5; nobody sells more at \d+\.\d\d or better", lonely.stdout)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["buy", SYMBOL, "100", "150"], 1, "PRICE_COLLAR: price 150.00 is beyond the collar"),
        (["buy", SYMBOL, "10000000", "100"], 1, "BUYING_POWER: needs 1,000,000,000.00"),
        (["sell", SYMBOL, "1,000", "100"], 1, "SHORT_SALE: sells 1,000"),
        (["buy", SYMBOL, "1", "100.005"], 2, "off the tick of 0.01: use 100.00 or 100.01"),
        (["buy", "ACNE", "1", "100"], 2, SYMBOL),
        (["buy", SYMBOL, "0", "100"], 2, "qty"),
    ],
)
def test_refusals_are_in_words(market: Running, words: list[str], code: int, said: str) -> None:
    refused = market.cli("order", *words, "--account", "ann")
    assert refused.returncode == code, refused.stderr
    assert said in refused.stderr
    body = market.json("order", *words, "--account", "ann", code=code)["error"]
    assert said in body["text"]
    assert body["value"] is not None


def test_a_halt_stops_orders_and_a_resume_lets_them_in(market: Running) -> None:
    resting = order(market, "ben", "sell", SYMBOL, "10", "102")
    assert market.ctl("halt", "--all", "--yes")["instruments"] == [0]
    again = market.cli("ctl", "halt", "--all", "--yes", "--reason", "a test")
    assert (again.returncode, again.stdout) == (0, "nothing to do: halted already\n")
    refused = market.cli("order", "buy", SYMBOL, "1", "101", "--account", "ann")
    assert refused.returncode == 1
    assert "the instrument is HALTED, not OPEN" in refused.stderr
    assert order(market, "ben", "cancel", str(resting["client_order_id"]))["qty"] == 10, "cancels are always taken"
    market.ctl("resume", SYMBOL)
    assert order(market, "ann", "buy", SYMBOL, "1", "99")["state"] == "ACCEPTED"


def test_why_an_instrument_is_halted_or_called_is_shown(market: Running) -> None:
    market.ctl("halt", SYMBOL, "--code", "news", "--yes")
    (row,) = market.json("ctl", "instruments", "--symbol", SYMBOL)["rows"]
    assert (row["halt_reason"], row["auction_kind"]) == (wire.HaltReason.NEWS, 0)
    assert "halted: news" in market.cli("ctl", "instruments").stdout
    assert "halted: news" in market.cli("ctl", "book", SYMBOL).stdout
    market.ctl("call", SYMBOL, "--kind", "halt", "--at", "+1h", "--yes")
    (row,) = market.json("ctl", "instruments", "--symbol", SYMBOL)["rows"]
    assert (row["halt_reason"], row["auction_kind"]) == (0, wire.AuctionKind.HALT)
    assert row["auction_ns"] > time.time_ns()
    assert re.search(r"call: halt, 20\d\d-\d\d-\d\d", market.cli("ctl", "instruments").stdout)


def test_kill_blocks_and_cancels_and_unkill_lets_trade(market: Running) -> None:
    for price in ("98", "97", "96"):
        order(market, "ann", "buy", SYMBOL, "1", price)
    assert market.ctl("kill", "ann", "--yes")["canceled"] == 3
    refused = market.cli("order", "buy", SYMBOL, "1", "99", "--account", "ann")
    assert refused.returncode == 1
    assert "ACCOUNT_STATE" in refused.stderr
    market.ctl("unkill", "ann")
    assert order(market, "ann", "buy", SYMBOL, "1", "99")["state"] == "ACCEPTED"


def test_limits_are_set_shown_and_enforced(market: Running) -> None:
    changed = market.ctl("limits", "ann", "--max-order-qty", "50", "--max-order-notional", "2,500.50")
    assert (changed["max_order_qty"], changed["max_order_notional"]) == (50, 2_500_500_000)
    shown = market.cli("ctl", "limits", "ann")  # needs no reason: it only looks
    assert shown.returncode == 0
    assert "50 lots" in shown.stdout
    assert "2,500.50" in shown.stdout
    refused = market.cli("order", "buy", SYMBOL, "51", "1", "--account", "ann")
    assert "ORDER_QTY: wants 51" in refused.stderr
    market.ctl("limits", "ann", "--max-order-qty", "0", "--max-order-notional", "0")


def test_money_goes_in_and_out_but_not_below_nothing(market: Running) -> None:
    before = market.json("ctl", "accounts", "--account", "ann")["rows"][0]["cash"]
    assert market.ctl("deposit", "ann", "10.25")["cash"] == before + 10_250_000
    assert market.ctl("deposit", "ann", "-10.25")["cash"] == before
    assert market.ctl("deposit", "ann", "1,000.50")["cash"] == before + 1_000_500_000
    assert market.ctl("deposit", "ann", "-1,000.50")["cash"] == before
    assert market.ctl("deposit", "ann", "2_000")["cash"] == before + 2_000_000_000
    assert market.ctl("deposit", "ann", "-2_000")["cash"] == before
    error = market.ctl("deposit", "ann", "-99999999", code=1)["error"]
    assert "CASH_RANGE" in json.dumps(error)


def test_cancel_all_takes_everything_or_what_was_said(market: Running) -> None:
    order(market, "ann", "buy", SYMBOL, "1", "95")
    order(market, "ben", "sell", SYMBOL, "1", "105")
    assert market.ctl("cancel-all", "--account", "ben", "--yes")["canceled"] == 1
    assert market.ctl("cancel-all", "--symbol", SYMBOL, "--yes")["canceled"] == 1
    assert order(market, "ann", "cancel", "--all")["canceled"] == 0


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["halt", "ACNE"], 2, "did you mean ACME?"),
        (["kill", "nobody", "--yes"], 2, "there is no account 'nobody'"),
        (["set-instrument", SYMBOL, "--new"], 2, "exists"),
        (["set-instrument", "NEWER", "--price", "5"], 2, "--new makes it"),
        (["set-account", "ann", "--new"], 2, "exists"),
        (["set-account", "ann", "--rename", "ben"], 1, "NAME: the name is that of account 1 already"),
        (["deposit", "ann", "0"], 1, "ctl deposit: VALUE: amount is 0"),
        (["deposit", "ann", "1e6"], 2, "AMOUNT: '1e6' is not a decimal number"),
        (["deposit", "ann", "99999999999999"], 2, "is beyond 4,611,686,018,427.387904"),
        (["set-instrument", SYMBOL, "--collar-bps", "10001"], 1, "VALUE: collar_bps is 10,001, the most is 10,000"),
    ],
)
def test_mistakes_are_in_words_and_change_nothing(market: Running, words: list[str], code: int, said: str) -> None:
    done = market.cli("ctl", *words, "--reason", "a test")
    assert done.returncode == code, (done.stdout, done.stderr)
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_without_a_terminal_the_reason_and_the_yes_are_needed(market: Running) -> None:
    done = market.cli("ctl", "halt", SYMBOL)
    assert done.returncode == 2
    assert "--reason" in done.stderr
    for words in (["cancel-all"], ["kill", "ann"], ["shutdown"], ["close", SYMBOL], ["halt", "--all"]):
        done = market.cli("ctl", *words, "--reason", "a test")
        assert done.returncode == 2, words
        assert "--yes" in done.stderr
    assert market.json("ctl", "instruments")["rows"][0]["state"] == 1, "nothing was done"


def test_a_reason_that_is_too_long_is_refused_before_it_is_cut(market: Running) -> None:
    done = market.cli("ctl", "halt", SYMBOL, "--reason", "x" * 97)
    assert done.returncode == 2
    assert "97 bytes, the limit is 96" in done.stderr


def test_no_permission_is_1(market: Running) -> None:
    done = market.cli("ctl", "status", OPENBELL_OPERATOR_TOKEN="wrong")
    assert done.returncode == 1
    assert "this token is none of an operator" in done.stderr
    done = market.cli("order", "list", "--key", "wrong")
    assert done.returncode == 1
    assert "this API key is none of this market" in done.stderr


def test_a_key_says_how_it_is_used(market: Running) -> None:
    made = market.cli("ctl", "add-key", "ann", "--reason", "a test")
    assert "$OPENBELL_API_KEY, or api_key=" in made.stdout
    made = market.cli("ctl", "add-key", "--for-operator", "viv", "--role", "viewer", "--reason", "a test")
    assert "$OPENBELL_OPERATOR_TOKEN, or token=" in made.stdout
    token = made.stdout.split()[1]
    done = market.cli("ctl", "halt", SYMBOL, "--reason", "a test", OPENBELL_OPERATOR_TOKEN=token)
    assert (done.returncode, "it may look only" in done.stderr) == (1, True)


def test_what_is_to_be_typed_next_names_this_market(market: Running) -> None:
    made = market.cli("ctl", "set-account", "zoe", "--new", "--reason", "a test")
    assert f"openbell ctl add-key zoe --data {market.data}" in made.stdout
    waiting = market.cli("order", "buy", SYMBOL, "3", "95", "--account", "ann")
    assert "accepted for ann: buy 3 ACME" in waiting.stdout
    number = waiting.stdout.split(", id ")[1].split()[0]
    assert f"openbell order cancel {number} --data {market.data} --account ann" in waiting.stdout
    assert market.cli("ctl", "status", "--timeout", "5").returncode == 0


def test_reason_and_operator_are_in_the_journal(market: Running) -> None:
    market.json("ctl", "halt", SYMBOL, "--operator", "carol", "--reason", "news of a merger")
    journal = b"".join(path.read_bytes() for path in sorted((market.data / "journal").glob("*.obj")))
    at = journal.rindex(b"news of a merger")
    assert journal[at - 32 : at].rstrip(b"\0") == b"carol"


def test_a_snapshot_is_written(market: Running) -> None:
    made = market.ctl("snapshot")
    assert Path(made["path"]).is_file()
    assert made["snapshot_seq"] == market.json("ctl", "status")["sequence"] or made["snapshot_seq"] > 0


def at_a_terminal(market: Running, typed: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A verb whose standard input is a terminal on which somebody types."""
    master, slave = os.openpty()
    try:
        os.write(master, typed.encode())
        return subprocess.run(
            [sys.executable, "-m", "engine.cli", *arguments, "--data", str(market.data)],
            stdin=slave,
            capture_output=True,
            text=True,
            timeout=60,
            env=environment(),
            cwd=market.data.parent,
            check=False,
        )
    finally:
        os.close(master)
        os.close(slave)


def test_at_a_terminal_it_asks(market: Running) -> None:
    order(market, "ann", "buy", SYMBOL, "1", "95")
    done = at_a_terminal(market, "n\n", "ctl", "kill", "ann")
    assert done.returncode == 1
    assert "Block account ann (" in done.stderr
    assert "its 1 live order? [y/N]" in done.stderr
    assert "nothing was done" in done.stderr
    assert done.stdout == ""
    done = at_a_terminal(market, "y\n\n", "ctl", "kill", "ann")
    assert done.returncode == 1
    assert "no reason given" in done.stderr
    assert market.json("ctl", "accounts", "--account", "ann")["rows"][0]["state"] == 0
    done = at_a_terminal(market, "y\ntoo many orders\n", "ctl", "kill", "ann", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["canceled"] == 1
    done = at_a_terminal(market, "all is well\n", "ctl", "unkill", "ann")
    assert done.returncode == 0, done.stderr
    assert "Why unkill?" in done.stderr
