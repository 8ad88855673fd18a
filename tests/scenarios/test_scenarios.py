"""Every row of the table, played on the model and on the core."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ext.core import Core
from tests.reference.market import Market
from tests.scenarios.language import Stage, lines, play, told_price
from tests.scenarios.page import page
from tests.scenarios.rows import ROWS
from tests.scenarios.table import SOURCES, Scenario

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("market", [Market, Core], ids=["model", "core"])
@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
def test_row(row: Scenario, market: Any) -> None:
    said, resting = play(market(), row)
    assert said == lines(row.says)
    if row.rests is not None:
        assert resting == lines(row.rests)


def test_the_table_is_what_it_says() -> None:
    assert len(ROWS) >= 40
    assert len({row.name for row in ROWS}) == len(ROWS)
    for row in ROWS:
        assert row.source in SOURCES
        assert row.section
        assert lines(row.do)
    assert {row.source for row in ROWS} == set(SOURCES)


def test_the_page_is_of_this_table() -> None:
    written = (ROOT / "docs" / "scenarios.md").read_text("utf-8")
    assert written == page(), "write it anew: python -m tests.scenarios.page"


def test_a_row_that_is_wrong_fails() -> None:
    row = Scenario("x", "TMX", "1", given="S sell 100 10.00", do="A buy 60 10.00", says="", rests="")
    said, resting = play(Core(), row)
    assert said == ["trade A S 60 @ 10.00"]
    assert resting == ["S BOOK 40 @ 10.00"]


def test_what_is_given_must_be_taken() -> None:
    row = Scenario("x", "TMX", "1", given="S sell 100 10.005", do="A buy 60 10.00", says="")
    with pytest.raises(AssertionError, match="refuse S TICK_SIZE"):
        play(Core(), row)


@pytest.mark.parametrize("line", ["A by 5 10.00", "A buy 5 10.00 odd", "A buy 5 10.00 peg side", "halt"])
def test_words_that_mean_nothing_are_errors(line: str) -> None:
    row = Scenario("x", "TMX", "1", do="", says="")
    with pytest.raises((AssertionError, KeyError, StopIteration)):
        Stage(Core(), row).play(line)


def test_prices_are_told_with_their_decimals() -> None:
    assert [told_price(price) for price in (100000, 100050, 1, 0, 123456)] == [
        "10.00",
        "10.005",
        "0.0001",
        "0.00",
        "12.3456",
    ]
