"""`openbell ctl buy-in` from end to end: what it asks, shows and says."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.engine.cli.running import Running
from tests.engine.cli.test_ctl import at_a_terminal, order
from tests.engine.cli.test_money import refused, shown
from tests.engine.cli.two_traders import SYMBOL, two_traders


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("buy-in")
    with two_traders(folder, 500) as running:
        order(running, "ann", "sell", SYMBOL, "60", "100")
        order(running, "ben", "buy", SYMBOL, "60", "100")
        order(running, "ben", "sell", SYMBOL, "40", "101")
        yield running


def test_it_says_what_it_would_do_and_does_it_when_it_was_asked(market: Running) -> None:
    would = shown(market, "buy-in", "ann", SYMBOL, "60", "--dry-run", "--reason", "a look")
    text = (
        "ann owes 60 lots of ACME, 0 located for it. buy 60 lots at 103.00 or less (mark 100.00): 40 are offered there."
    )
    assert would.strip() == text
    said = at_a_terminal(market, "n\n", "ctl", "buy-in", "ann", SYMBOL, "60", "--reason", "recalled")
    assert said.returncode == 1
    assert f"{text} Buy it in? [y/N]" in said.stderr
    assert market.json("ctl", "positions", "--account", "ann")["rows"][0]["qty"] == -60
    done = market.cli("ctl", "buy-in", "ann", SYMBOL, "60", "--reason", "recalled", "--yes")
    assert done.stdout.strip() == "bought in 40 of 60 lots of ACME for ann for 4,040.00; it owes 20 lots"
    assert "nobody offers ACME" in refused(market, "buy-in", "ann", SYMBOL, "20")
    assert "it owes 20 lots of ACME" in refused(market, "buy-in", "ann", SYMBOL, "21")
    order(market, "ben", "sell", SYMBOL, "40", "100")
    row = market.ctl("buy-in", "ann", SYMBOL, "20", "--yes")
    assert (row["bought"], row["left"], row["done"]) == (20, 0, True)
    assert "the account owes no ACME: it holds 0 lots" in refused(market, "buy-in", "ann", SYMBOL, "1")
