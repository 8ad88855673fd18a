"""`openbell ctl bands`, `short-sales` and `ticks` from end to end: asked, journaled, in force, shown."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.engine.cli.running import Running

SYMBOL = "ACME"


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("bounds")
    more = folder / "more.toml"
    more.write_text(
        '[market]\nname = "test"\n[[instrument]]\nsymbol = "LULU"\nreference_price = 50\nluld = "tier2"\n', "utf-8"
    )
    running = Running(folder / "m", "--no-demo", "--no-postgres", "--config", str(more))
    try:
        running.live()
        running.ctl("set-instrument", SYMBOL, "--new", "--price", "100", "--open")
        for name in ("ann", "ben"):
            running.ctl("set-account", name, "--new", "--cash", "1,000,000", "--short")
            running.ctl("add-key", name)
        yield running
    finally:
        running.kill()


def row(market: Running) -> dict:
    (found,) = market.json("ctl", "instruments", "--symbol", SYMBOL)["rows"]
    return found


def refused(market: Running, *words: str) -> str:
    done = market.cli("order", *words)
    assert done.returncode == 1, done.stdout
    return done.stderr


def test_bands(market: Running) -> None:
    assert market.json("order", "buy", SYMBOL, "1", "102", "--account", "ann")["state"] == "ACCEPTED"
    made = market.ctl("bands", SYMBOL, "99.50", "101", "--reference", "100", "--yes")
    assert (made["band_lower"], made["band_upper"]) == (99_5000, 101_0000)
    assert market.json("ctl", "orders")["total"] == 0, "beyond its bands nothing rests"
    assert "99.50 to 101.00" in market.cli("ctl", "instruments", "--symbol", SYMBOL).stdout
    assert "PRICE_BAND" in refused(market, "buy", SYMBOL, "1", "101.01", "--account", "ann")
    assert market.json("order", "buy", SYMBOL, "1", "99", "--account", "ann")["state"] == "ACCEPTED"
    assert "99.50 to 101.00, straddle" in market.cli("ctl", "instruments", "--symbol", SYMBOL).stdout
    market.ctl("cancel-all", "--yes")
    assert market.json("order", "buy", SYMBOL, "1", "101", "--account", "ann")["state"] == "ACCEPTED"
    assert "99.50 to 101.00, limit up" in market.cli("ctl", "instruments", "--symbol", SYMBOL).stdout
    market.ctl("cancel-all", "--yes")
    market.ctl("bands", SYMBOL, "--none", "--yes")
    assert row(market)["band_lower"] == 0
    assert market.json("order", "buy", SYMBOL, "1", "101.01", "--account", "ann")["state"] == "ACCEPTED"
    market.ctl("cancel-all", "--yes")


def test_short_sales(market: Running) -> None:
    market.json("order", "buy", SYMBOL, "5", "100", "--account", "ann")
    assert market.ctl("short-sales", SYMBOL, "--restrict", "--yes")["short_restricted"] == 1
    assert "short sales restricted" in market.cli("ctl", "instruments", "--symbol", SYMBOL).stdout
    assert "SHORT_PRICE" in refused(market, "sell", SYMBOL, "1", "100", "--account", "ben")
    market.ctl("short-sales", SYMBOL, "--free", "--yes")
    assert market.json("order", "sell", SYMBOL, "1", "100", "--account", "ben")["state"] == "FILLED"
    market.ctl("cancel-all", "--yes")


def test_ticks(market: Running) -> None:
    made = market.ctl("ticks", SYMBOL, "0:0.01", "50:0.05", "--yes")
    assert made["ticks"] == [[0, 100], [50_0000, 500]]
    assert row(market)["ticks"] == made["ticks"]
    assert "0.01/0.05" in market.cli("ctl", "instruments", "--symbol", SYMBOL).stdout
    assert "TICK_SIZE" in refused(market, "buy", SYMBOL, "1", "90.01", "--account", "ann")
    market.ctl("ticks", SYMBOL, "--none", "--yes")
    assert row(market)["ticks"] == []
    assert market.json("order", "buy", SYMBOL, "1", "90.01", "--account", "ann")["state"] == "ACCEPTED"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["bands", SYMBOL], 2, "bands needs LOWER and UPPER, or --none"),
        (["bands", SYMBOL, "99"], 2, "bands needs LOWER and UPPER, or --none"),
        (["bands", SYMBOL, "99", "101", "--none"], 2, "bands needs LOWER and UPPER, or --none"),
        (["bands", SYMBOL, "101", "99"], 1, "VALUE: upper is 99.00, the least is 101.00"),
        (["bands", "LULU", "49", "51"], 1, 'the bands of LULU follow the market: luld = "tier2"'),
        (["bands", "NONE", "49", "51"], 2, "symbol 'NONE' is not traded here"),
        (["ticks", SYMBOL], 2, "ticks needs steps PRICE:TICK, or --none"),
        (["ticks", SYMBOL, "0.01"], 2, "'0.01' is not PRICE:TICK, such as 0:0.01"),
        (["ticks", SYMBOL, "1:0.01"], 1, "VALUE: price of step 1 is 1.00, the most is 0.00"),
        (["ticks", SYMBOL, "0:0.015"], 1, "VALUE: tick of step 1 is 0.015, and no multiple of 0.01"),
        (["ticks", SYMBOL, "0:0.02", "1.01:0.02"], 1, "VALUE: price of step 2 is 1.01, and no multiple of 0.02"),
        (["ticks", SYMBOL, "0:0.02", "0:0.04"], 1, "VALUE: price of step 2 is 0.00, the least is 0.0001"),
        (["ticks", SYMBOL, *[f"{number}:1" for number in range(5)]], 2, "at most 4 steps"),
    ],
)
def test_mistakes_are_in_words_and_change_nothing(market: Running, words: list[str], code: int, said: str) -> None:
    before = row(market)
    done = market.cli("ctl", *words, "--reason", "a test", "--yes")
    assert done.returncode == code, (done.stdout, done.stderr)
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert row(market) == before


def test_they_ask_and_are_journaled(market: Running) -> None:
    for words in (["bands", SYMBOL, "--none"], ["short-sales", SYMBOL, "--free"], ["ticks", SYMBOL, "--none"]):
        done = market.cli("ctl", *words, "--reason", "a test")
        assert done.returncode == 2, words
        assert "--yes" in done.stderr
    market.ctl("bands", SYMBOL, "90", "110", "--yes", "--operator", "carol")
    told = market.cli("journal", "show", "--kind", "SET_BANDS")
    assert f"{SYMBOL}: bands 90.00 to 110.00 around 0.00; by carol" in told.stdout, told.stderr


def test_bands_that_follow_the_market_are_there(market: Running) -> None:
    (found,) = market.json("ctl", "instruments", "--symbol", "LULU")["rows"]
    assert (found["band_lower"], found["band_upper"]) == (45_0000, 55_0000)
