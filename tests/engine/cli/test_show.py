"""Numbers as text, and tables."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from engine.cli import show


@pytest.mark.parametrize(
    ("units", "places", "text"),
    [
        (0, 2, "0.00"),
        (12_000_000_000, 2, "12,000.00"),
        (12_004_999, 2, "12.00"),
        (12_005_000, 2, "12.01"),
        (-1_999_999, 2, "-2.00"),
        (-4_999, 2, "0.00"),
        (1_500_000, 0, "2"),
    ],
)
def test_cash_is_rounded(units: int, places: int, text: str) -> None:
    assert show.cash(units, places) == text


@given(st.integers(-(10**18), 10**18))
def test_cash_is_never_more_than_half_a_cent_off(units: int) -> None:
    assert abs(round(float(show.cash(units).replace(",", "")) * 10**6) - units) <= 5000 + abs(units) // 10**12


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (999, "999"), (9_999, "9,999"), (12_345, "12.3k"), (4_560_000, "4.56M"), (1.23e10, "12.3G")],
)
def test_large_numbers_get_short(value: float, text: str) -> None:
    assert show.short_number(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0.0 s"), (9.94, "9.9 s"), (59, "59 s"), (61, "1 min 1 s"), (7325, "2 h 2 min"), (90_000, "1 d 1 h")],
)
def test_durations(seconds: float, text: str) -> None:
    assert show.duration(seconds) == text


@pytest.mark.parametrize(
    ("value", "text"), [(87.4, "87 us"), (1240, "1.24 ms"), (15_000, "15.0 ms"), (2_100_000, "2.10 s")]
)
def test_latencies(value: float, text: str) -> None:
    assert show.micros(value) == text


@pytest.mark.parametrize(("count", "text"), [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (64 << 20, "64.0 MiB")])
def test_sizes(count: int, text: str) -> None:
    assert show.size(count) == text


def test_a_spark_shows_the_last_values() -> None:
    assert show.spark([0, 1, 2, 4], 8) == "▁▂▄█"
    assert show.spark([9, 9, 0, 1], 2) == "▁█"
    assert show.spark([0, 0], 4) == "▁▁"
    assert show.spark([], 4) == ""


def test_prices_and_limits() -> None:
    assert show.price(0) == show.NOTHING
    assert show.price(1_012_500) == "101.25"
    assert show.limit(0) == "none"
    assert show.limit(1200) == "1,200"


def test_a_table_without_rows_says_so() -> None:
    console = Console(width=80)
    with console.capture() as capture:
        console.print(show.table(("a", ">b"), [], empty="no orders"))
        console.print(show.table(("a", ">b"), [("x", "1")]))
    lines = [line.rstrip() for line in capture.get().splitlines()]
    assert lines[0] == "no orders"
    assert lines[-1].split() == ["x", "1"]


def test_where_nobody_looks_at_a_terminal_next_to_nothing_is_cut_off(capsys: pytest.CaptureFixture[str]) -> None:
    show.out("x" * 190, *(f"line {number}" for number in range(90)))
    lines = capsys.readouterr().out.splitlines()
    assert (lines[0], len(lines)) == ("x" * 190, 91)
    assert (show.console().width, show.console().height) == (200, 100)


def test_a_line_of_text_stays_whole_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    """Commands to type name folders, and those may be long."""
    line = "To take all of it out: ./openbell order cancel 1 --data " + "/folder" * 60 + " --account ann"
    show.out(line, line)
    assert capsys.readouterr().out == f"{line}\n{line}\n"
