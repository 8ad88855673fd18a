"""Decimal text to integers and back: exact, or refused with the field and the limit."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import openbell
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openbell import wire
from openbell.prices import cash_units, checked_int, format_cash, format_price, price_units, to_decimal

GOOD = [
    ("101.25", 1_012_500),
    ("101", 1_010_000),
    (" 101.2500 ", 1_012_500),
    ("101.25000000", 1_012_500),
    (".5", 5_000),
    ("+1", 10_000),
    ("0.0001", 1),
    (1_012_500, 1_012_500),
    (np.int64(7), 7),
    (Decimal("101.25"), 1_012_500),
    (Decimal("1E+2"), 1_000_000),
    (str(wire.MAX_PRICE // 10_000), wire.MAX_PRICE // 10_000 * 10_000),
]
BAD: list[tuple[Any, str]] = [
    ("", "not a decimal number"),
    ("1,5", "not a decimal number"),
    ("1e5", "not a decimal number"),
    ("1.", "not a decimal number"),
    ("--1", "not a decimal number"),
    ("+-1", "not a decimal number"),
    ("٣", "not a decimal number"),
    ("nan", "not a decimal number"),
    (Decimal("NaN"), "not a decimal number"),
    ("1.00001", "more than 4 decimal places"),
    ("9" * 50, "more than 40"),
    ("9" * 39, "out of range"),
    (0, "out of range"),
    ("0", "out of range"),
    ("-1", "out of range"),
    (wire.MAX_PRICE + 1, "out of range"),
    (101.25, "float is not exact"),
    (True, "bool is no price"),
    (None, "NoneType is no price"),
    (b"1", "bytes is no price"),
]


@pytest.mark.parametrize(("given", "units"), GOOD)
def test_good_prices(given: Any, units: int) -> None:
    made = price_units(given)
    assert made == units
    assert type(made) is int


@pytest.mark.parametrize(("given", "why"), BAD)
def test_bad_prices_are_refused_in_words(given: Any, why: str) -> None:
    with pytest.raises(openbell.InvalidInput, match=why) as caught:
        price_units(given)
    assert caught.value.field == "price"
    assert isinstance(caught.value, ValueError)


@given(st.integers(1, wire.MAX_PRICE))
def test_a_price_survives_being_shown(units: int) -> None:
    assert price_units(format_price(units)) == units
    assert price_units(to_decimal(units)) == units


@given(st.integers(-wire.MAX_CASH, wire.MAX_CASH))
def test_cash_survives_being_shown(units: int) -> None:
    assert cash_units(format_cash(units).replace(",", "")) == units


def test_off_the_tick_names_the_neighbours() -> None:
    with pytest.raises(
        openbell.InvalidInput, match=r"101\.255 is off the tick of 0\.01: use 101\.25 or 101\.26"
    ) as caught:
        price_units("101.255", tick_size=100)
    assert (caught.value.limit, caught.value.value) == (100, 1_012_550)
    with pytest.raises(openbell.InvalidInput, match=r"an int counts units of 0\.0001: 101 is 0\.0101"):
        price_units(101, tick_size=100)
    with pytest.raises(openbell.InvalidInput, match=r"use 0\.01"):
        price_units(1, tick_size=100)


def test_cash_beyond_the_range() -> None:
    with pytest.raises(openbell.InvalidInput) as caught:
        cash_units(wire.MAX_CASH + 1)
    assert (caught.value.field, caught.value.limit) == ("amount", wire.MAX_CASH)


@pytest.mark.parametrize("value", [1.0, "1", None, True])
def test_what_is_no_whole_number(value: Any) -> None:
    with pytest.raises(openbell.InvalidInput, match=r"qty .* is not a whole number"):
        checked_int(value, "qty", 1, 10)


@pytest.mark.parametrize(("value", "limit"), [(0, 1), (11, 10), (np.uint64(2**63), 10)])
def test_whole_numbers_out_of_range(value: Any, limit: int) -> None:
    with pytest.raises(openbell.InvalidInput, match=r"qty .* is out of range: 1 to 10") as caught:
        checked_int(value, "qty", 1, 10)
    assert caught.value.limit == limit


def test_shown_with_two_places_at_least() -> None:
    assert [format_price(units) for units in (1_012_500, 1, 10_000, -5)] == ["101.25", "0.0001", "1.00", "-0.0005"]
    assert format_cash(12_000_000_000) == "12,000.00"
