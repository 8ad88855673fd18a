"""The options of `openbell order`: what the SDK gets of them, and how orders are shown."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from openbell import wire
from openbell.orders import Order
from openbell.rows import OrderInfo
from openbell.terms import Further, OrderTerms

from engine.cli import order, show
from engine.cli.operating.act import until
from engine.cli.ordering import terms

BUY, SELL = wire.Side.BUY, wire.Side.SELL
TYPES, PLACES = wire.OrderType, wire.Place
UNTIL_NS = 1_772_465_400 * 10**9


def parsed(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    order.add_arguments(parser)
    return parser.parse_args(["buy", "NOVA", "10", *words])


SAID: list[tuple[list[str], dict[str, Any]]] = [
    ([], {}),
    (["--stop", "400"], {"stop": "400"}),
    (["--trail", "0.25"], {"trail": "0.25"}),
    (["--trail", "2.5%"], {"trail_percent": "2.5"}),
    (["--market-to-limit"], {"market_to_limit": True}),
    (["--peg", "midpoint", "--peg-offset", "-0.01"], {"peg": "MIDPOINT", "peg_offset": "-0.01"}),
    (["412.50", "--display", "1,000", "--discretion", "0.05"], {"display_qty": 1000, "discretion": "0.05"}),
    (["412.50", "--hidden", "--min-qty", "5"], {"hidden": True, "min_qty": 5}),
    (["412.50", "--hidden", "--all-or-none"], {"hidden": True, "all_or_none": True}),
    (
        ["412.50", "--slide", "--reduce-only", "--do-not-route"],
        {"slide": True, "reduce_only": True, "do_not_route": True},
    ),
    (
        ["--imbalance-only", "--group", "0", "--self-trade-group", "9"],
        {"imbalance_only": True, "group": 0, "self_trade_group": 9},
    ),
    (["--until", "2126-03-02T15:30:00+00:00"], {"expire": datetime(2126, 3, 2, 15, 30, tzinfo=UTC)}),
]


@pytest.mark.parametrize(("words", "wanted"), SAID)
def test_options_become_terms(words: list[str], wanted: dict[str, Any]) -> None:
    assert terms.given(parsed(*words)) == wanted


def test_every_term_has_an_option() -> None:
    assert {name for _, wanted in SAID for name in wanted} == set(OrderTerms.__annotations__)


def test_times_to_come() -> None:
    now = datetime.now(UTC)
    for text, span in (("+90s", 90), ("+15m", 900), ("+2h", 7200), ("+1d", 86400)):
        assert timedelta(0) <= until(text) - now - timedelta(seconds=span) < timedelta(seconds=60)
    assert until("2126-03-02T15:30").tzinfo is not None
    assert until("2126-03-02T15:30+00:00") == datetime(2126, 3, 2, 15, 30, tzinfo=UTC)


def test_a_time_of_today_is_to_come() -> None:
    now = datetime.now().astimezone()
    if now.hour < 23:
        assert until("23:59") == now.replace(hour=23, minute=59, second=0, microsecond=0)
    with pytest.raises(argparse.ArgumentTypeError, match=f"'00:00' is {now:%Y-%m-%d} 00:00:00 .*, and that is past"):
        until("00:00")
    with pytest.raises(argparse.ArgumentTypeError, match="is 2026-03-02 15:30:00 UTC, and that is past"):
        until("2026-03-02T15:30Z")


def test_names_of_choices_are_written_as_one_likes() -> None:
    args = parsed("--tif", "at-close", "--self-trade", "Cancel_newest", "--peg", "Midpoint")
    assert (args.tif, args.self_trade, args.peg) == ("AT_CLOSE", "CANCEL_NEWEST", "MIDPOINT")


@pytest.mark.parametrize(
    "words",
    [
        ["--until", "soon"], ["--until", "+5"],
        ["--until", "25:00"], ["--until", "+999999999d"], ["--until", "2026-03-02"],
        ["--trail", "x%"], ["--display", "0"],
        ["--peg", "none"], ["--stop", "1e3"],
    ],
)  # fmt: skip
def test_what_cannot_be_is_wrong_usage(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        parsed(*words)
    assert refused.value.code == 2
    assert words[0] in capsys.readouterr().err


def made(side: wire.Side, order_type: wire.OrderType, price: int, further: Further | None = None) -> Order:
    return Order("NOVA", 1, 2, side, 10, price, order_type, wire.TimeInForce.GTC, 7, further)


@pytest.mark.parametrize(
    ("one", "what", "place", "waiting"),
    [
        (made(BUY, TYPES.LIMIT, 4_125_000), "buy 10 NOVA at most 412.50 GTC", PLACES.BOOK, "in the book at 412.50"),
        (made(BUY, TYPES.LIMIT, 4_125_000), "buy 10 NOVA at most 412.50 GTC", PLACES.CALL, "wait for an auction"),
        (
            made(SELL, TYPES.STOP, 0, Further(stop_price=4_000_000)),
            "sell 10 NOVA stop 400.00 GTC",
            PLACES.STOP,
            "for a trade at 400.00 or below",
        ),
        (
            made(BUY, TYPES.STOP_LIMIT, 4_100_000, Further(stop_price=4_000_000)),
            "buy 10 NOVA stop 400.00 @ 410.00 GTC",
            PLACES.STOP,
            "for a trade at 400.00 or above",
        ),
        (
            made(BUY, TYPES.STOP_LIMIT, 4_100_000, Further(stop_price=4_000_000)),
            "buy 10 NOVA stop 400.00 @ 410.00 GTC",
            PLACES.BOOK,
            "in the book at 410.00",
        ),
        (
            made(BUY, TYPES.TRAILING_STOP, 4_000_000, Further(offset=250, modes=1)),
            "buy 10 NOVA trailing stop by 2.5 % @ 400.00 GTC",
            PLACES.STOP,
            "at 400.00 or above, and follows the market",
        ),
        (
            made(BUY, TYPES.LIMIT, 4_125_000, Further(expire_ns=UNTIL_NS)),
            f"buy 10 NOVA at most 412.50 GTC until {show.clock(UNTIL_NS, date=True)}",
            PLACES.DARK,
            "unseen at 412.50",
        ),
        (made(BUY, TYPES.PEGGED, 0, Further(peg=3)), "buy 10 NOVA pegged to midpoint GTC", PLACES.DARK, "wait unseen"),
        (
            made(BUY, TYPES.LIMIT, 4_125_000),
            "buy 10 NOVA at most 412.50 GTC",
            PLACES.WAIT,
            "wait for the end of another order",
        ),
    ],
)
def test_orders_in_words(one: Order, what: str, place: int, waiting: str) -> None:
    assert terms.what(one) == what
    assert terms.waiting(one, place).endswith(waiting)
    assert terms.waiting(one, place).startswith("10 lots wait")


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (OrderInfo(leaves=10, shown=10), "–"),
        (OrderInfo(leaves=100, shown=10, group=3), "shows 10, group 3"),
        (OrderInfo(order_type=TYPES.STOP, place=wire.Place.STOP, stop_price=4_000_000), "stop, waits"),
        (
            OrderInfo(order_type=TYPES.STOP_LIMIT, place=wire.Place.STOP, stop_price=4_000_000),
            "stop limit 400.00, waits",
        ),
        (
            OrderInfo(order_type=TYPES.TRAILING_STOP, place=wire.Place.STOP, offset=2500),
            "trailing stop by 0.25, waits",
        ),
        (
            OrderInfo(order_type=TYPES.TRAILING_STOP, place=wire.Place.STOP, offset=250, modes=1),
            "trailing stop by 2.5 %, waits",
        ),
        (OrderInfo(leaves=1, shown=1, expire_ns=UNTIL_NS), f"until {show.clock(UNTIL_NS, date=True)}"),
        (OrderInfo(order_type=TYPES.PEGGED, place=1, peg=1, offset=-100), "pegged, primary -0.01, unseen"),
        (OrderInfo(order_type=TYPES.PEGGED, place=wire.Place.DARK, peg=3), "pegged, midpoint, unseen"),
        (
            OrderInfo(order_type=TYPES.PEGGED, place=wire.Place.DARK, peg=3, cap=4_125_000),
            "pegged, midpoint, cap 412.50, unseen",
        ),
        (OrderInfo(leaves=5, shown=5, role=wire.Role.PEER, link_id=12), "cancels 12"),
        (OrderInfo(leaves=5, shown=5, role=wire.Role.PARENT, link_id=12), "triggers 12"),
        (OrderInfo(place=wire.Place.WAIT, role=wire.Role.CHILD), "waits for a parent"),
        (
            OrderInfo(
                order_type=TYPES.STOP_LIMIT,
                place=wire.Place.WAIT,
                stop_price=4_000_000,
                role=wire.Role.CHILD,
                link_id=12,
                parent_id=13,
            ),
            "stop limit 400.00, waits for the end of 13, cancels 12",
        ),
        (OrderInfo(place=wire.Place.CALL, leaves=5), "for an auction"),
        (OrderInfo(order_type=TYPES.MARKET, place=wire.Place.CALL, leaves=5), "market, for an auction"),
    ],
)
def test_what_a_live_order_is(row: OrderInfo, said: str) -> None:
    assert terms.kind(row) == said
