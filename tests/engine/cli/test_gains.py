"""`openbell ctl lots` and `gains` from end to end: what they show."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.engine.cli.running import Running
from tests.engine.cli.test_ctl import order
from tests.engine.cli.test_money import shown
from tests.engine.cli.two_traders import CASH, SYMBOL, two_traders


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("gains")
    with two_traders(folder, 50) as running:
        for buyer, seller, price, qty in (
            ("ann", "ben", "100", "30"),
            ("ann", "ben", "102", "30"),
            ("ben", "ann", "105", "40"),
        ):
            order(running, seller, "sell", SYMBOL, qty, price)
            order(running, buyer, "buy", SYMBOL, qty, price)
        yield running


def rows(table: str) -> list[str]:
    return [" ".join(line.split()) for line in table.splitlines()[2:]]


def test_lots(market: Running) -> None:
    found = market.json("ctl", "lots", "ann", SYMBOL)
    assert found["total"] == 1
    (lot,) = found["rows"]
    assert (lot["qty"], lot["cost"], lot["trade_id"], lot["symbol"]) == (20, 2_040 * CASH, 2, SYMBOL)
    (line,) = rows(shown(market, "lots", "ann"))
    assert line.startswith("ann ACME 20") and line.endswith("20 102.0000 2,040.00 2")
    assert rows(shown(market, "lots", "ben"))[0].endswith("30 105.0000 3,150.00 3")
    assert "1 more: --limit" in shown(market, "lots", "--limit", "1")


def test_gains_beside_average_cost(market: Running) -> None:
    (row,) = market.json("ctl", "gains", "ann")["rows"]
    assert (row["realized_fifo"], row["today_fifo"]) == ((30 * 5 + 10 * 3) * CASH, 180 * CASH)
    assert (row["realized_average"], row["cost_average"]) == (160 * CASH, 2_020 * CASH)
    first, second = rows(shown(market, "gains", "ann"))
    assert "first in, first out 2,040.00 180.00 180.00" in first
    assert "average cost 2,020.00 160.00" in second
