"""Icebergs: what shows, what follows it, and where. docs/orders.md, "Matching"."""

from __future__ import annotations

from typing import Any

import pytest
from openbell.wire import Check, OrderFlag, OrderType, Rule, SelfTrade, TimeInForce

from tests.reference import commands as ask
from tests.reference.both import data, fills, opened, said
from tests.reference.commands import Command
from tests.reference.desk import Desk

FOK, IOC = TimeInForce.FOK, TimeInForce.IOC


@pytest.fixture
def desk(market: Any) -> Desk:
    return opened(market)


def iceberg(account: int, number: int, price: int, qty: int, show: int, side: int = 1, **fields: Any) -> Command:
    return ask.special(account, number, side, qty, price=price, display_qty=show, **fields)


def rows(desk: Desk) -> list[tuple[int, ...]]:
    """Account, leaves, shown, lots ahead."""
    return [(row.account, row.leaves, row.shown, row.level_qty_ahead) for row in desk.orders()]


def test_it_shows_a_part_and_the_next_part_comes_last(desk: Desk) -> None:
    desk.do(iceberg(0, 1, 10, 12, 5))
    assert data(desk) == ["ADD 5@10 left 5 of 5"]
    desk.do(ask.sell(1, 1, 10, 4))
    assert rows(desk) == [(0, 12, 5, 0), (1, 4, 4, 5)]
    assert fills(desk.do(ask.buy(2, 1, 10, 5))) == ["0>2 5@10"]
    assert data(desk) == ["EXECUTE 5@10 left 0 of 4", "ADD 5@10 left 5 of 9"]
    assert rows(desk) == [(1, 4, 4, 0), (0, 7, 5, 4)]


def test_one_order_takes_part_after_part(desk: Desk) -> None:
    desk.do(iceberg(0, 1, 10, 12, 5), ask.sell(1, 1, 10, 4))
    events = desk.do(ask.buy(2, 1, 10, 15))
    assert said(events) == [
        "FILL 0 5@10 left 7",
        "FILL 2 5@10 left 10",
        "FILL 1 4@10 left 0",
        "FILL 2 4@10 left 6",
        "FILL 0 5@10 left 2",
        "FILL 2 5@10 left 1",
        "FILL 0 1@10 left 1",
        "FILL 2 1@10 left 0",
    ]
    assert data(desk) == [
        "EXECUTE 5@10 left 0 of 4",
        "ADD 5@10 left 5 of 9",
        "EXECUTE 4@10 left 0 of 5",
        "EXECUTE 5@10 left 0 of 0",
        "ADD 2@10 left 2 of 2",
        "EXECUTE 1@10 left 1 of 1",
    ]


def test_a_part_that_is_not_used_up_keeps_its_place(desk: Desk) -> None:
    desk.do(iceberg(0, 1, 10, 12, 5), ask.sell(1, 1, 10, 4), ask.buy(2, 1, 10, 3))
    assert rows(desk) == [(0, 9, 2, 0), (1, 4, 4, 2)]


def test_it_is_matched_whole_on_entry(desk: Desk) -> None:
    desk.do(ask.buy(1, 1, 10, 7))
    assert fills(desk.do(iceberg(0, 1, 10, 12, 3))) == ["1>0 7@10"]
    assert data(desk) == ["EXECUTE 7@10 left 0 of 0", "ADD 3@10 left 3 of 3"]
    assert rows(desk) == [(0, 5, 3, 0)]


def test_it_holds_cash_and_ends_with_all_its_lots(desk: Desk) -> None:
    desk.do(iceberg(0, 1, 10, 12, 5, side=0))
    assert (desk.account(0).hold, desk.position(0).open_buy) == (12 * 10 * 100, 12)
    assert said(desk.do(ask.cancel(0, 1))) == ["CANCELED 0 12@10 left 0 USER"]
    assert data(desk) == ["DELETE 5@10 left 0 of 0"]


def test_fill_or_kill_counts_the_reserve(desk: Desk) -> None:
    desk.do(iceberg(0, 1, 10, 12, 5))
    assert said(desk.do(ask.buy(2, 1, 10, 13, tif=FOK))) == ["CANCELED 2 13@10 left 0 FOK"]
    assert len(fills(desk.do(ask.buy(2, 2, 10, 12, tif=FOK)))) == 3


def test_fill_or_kill_meets_an_own_order_before_the_next_part(desk: Desk) -> None:
    """6 are before the own order, the iceberg's second part is behind it."""
    desk.do(iceberg(0, 1, 10, 12, 5), ask.sell(1, 1, 10, 1), ask.sell(2, 1, 10, 1))
    newest = {"tif": FOK, "self_trade": SelfTrade.CANCEL_NEWEST}
    assert said(desk.do(ask.buy(2, 2, 10, 7, **newest))) == ["CANCELED 2 7@10 left 0 FOK"]
    assert fills(desk.do(ask.buy(2, 3, 10, 6, **newest))) == ["0>2 5@10", "1>2 1@10"]


@pytest.mark.parametrize(
    ("qty", "left", "records"),
    [
        (12, (12, 5), []),
        (6, (6, 5), []),
        (5, (5, 5), []),
        (3, (3, 3), ["REDUCE 2@10 left 3 of 7"]),
    ],
)
def test_replace_takes_the_reserve_first(desk: Desk, qty: int, left: tuple[int, int], records: list[str]) -> None:
    desk.do(iceberg(0, 1, 10, 12, 5), ask.sell(1, 1, 10, 4))
    assert said(desk.do(ask.replace(0, 1, 10, qty))) == [f"REPLACED 0 {qty}@10 left {qty}"]
    assert data(desk) == records
    assert rows(desk) == [(0, *left, 0), (1, 4, 4, left[1])]


def test_replace_to_more_shows_anew_behind_the_others(desk: Desk) -> None:
    desk.do(iceberg(0, 1, 10, 12, 5), ask.sell(1, 1, 10, 4), ask.buy(2, 1, 10, 3))
    desk.do(ask.replace(0, 1, 10, 20))
    assert data(desk) == ["DELETE 2@10 left 0 of 4", "ADD 5@10 left 5 of 9"]
    assert rows(desk) == [(1, 4, 4, 0), (0, 17, 5, 4)]


def test_replace_to_fewer_than_it_shows(desk: Desk) -> None:
    desk.do(iceberg(0, 1, 10, 12, 5))
    desk.do(ask.replace(0, 1, 11, 2))
    assert data(desk) == ["DELETE 5@10 left 0 of 0", "ADD 2@11 left 2 of 2"]
    desk.do(ask.replace(0, 1, 11, 30))
    assert rows(desk) == [(0, 30, 5, 0)]


def test_an_own_iceberg_is_cancelled_with_its_reserve(desk: Desk) -> None:
    desk.do(iceberg(0, 1, 10, 12, 5))
    events = desk.do(ask.buy(0, 2, 10, 3, self_trade=SelfTrade.CANCEL_OLDEST))
    assert said(events) == ["CANCELED 0 12@10 left 0 SELF_TRADE"]


def test_it_has_at_most_a_thousand_parts(desk: Desk) -> None:
    desk.do(iceberg(0, 1, 10, 2000, 2))
    event = desk.one(ask.replace(0, 1, 10, 2001))
    assert (event.check, event.limit, event.value) == (Check.COMBINATION, Rule.DISPLAY, 2)
    assert fills(desk.do(ask.buy(1, 1, 10, 1999)))[-1] == "0>1 1@10"


@pytest.mark.parametrize(
    "fields",
    [
        {"display_qty": 13},
        {"display_qty": 2, "qty": 2001},
        {"tif": IOC},
        {"order_type": OrderType.MARKET},
        {"flags": OrderFlag.REDUCE_ONLY},
        {"discretion": 1},
    ],
)
def test_what_does_not_go_with_it(desk: Desk, fields: dict[str, int]) -> None:
    said_fields = {"qty": 12, "price": 10, "display_qty": 5} | fields
    event = desk.one(ask.special(0, 1, 1, **said_fields))
    assert (event.check, event.limit, event.value) == (Check.COMBINATION, Rule.DISPLAY, said_fields["display_qty"])
