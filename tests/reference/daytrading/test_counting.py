"""Day trades, trades, and who has a pattern, by hand. docs/daytrading.md, "What counts", "Who has a pattern"."""

from __future__ import annotations

from typing import Any

import pytest
from openbell import wire
from openbell.wire import Check, DayTradeRule, EventKind, InstrumentState, RiskType, Side

from tests.reference import commands as ask
from tests.reference.daytrading.dealing import DEALER, OTHER, PRICE, TRADER, Dealer, day_trades
from tests.reference.daytrading.kept import MOST
from tests.reference.market import Market
from tests.reference.seldom.daytrades import EXAMPLES

BELOW_ALL = -(1 << 63)
OF_EXAMPLES = (1, 2, 1, 1, 2, 2)


@pytest.mark.parametrize(("trades", "number"), list(zip(EXAMPLES, OF_EXAMPLES, strict=True)), ids="ABCDEF")
def test_examples_of_the_notice(market: Any, trades: Any, number: int) -> None:
    dealer = Dealer(market)
    for side, lots, instrument in trades:
        dealer.trade(side, lots, instrument=instrument)
    assert (dealer.row().day_trades, dealer.row().trades) == (number, len(trades))


def test_what_is_said_of_a_day_trade(market: Any) -> None:
    dealer = Dealer(market)
    dealer.buy(5)
    accepted, maker, taker, event = dealer.trade(Side.SELL, 3)
    assert (maker.kind, taker.kind, event.kind) == (EventKind.FILL, EventKind.FILL, EventKind.DAY_TRADE)
    same = ("account", "instrument", "side", "order_id", "client_order_id", "trade_id")
    assert [getattr(event, name) for name in same] == [getattr(taker, name) for name in same]
    assert (event.account_seq, event.order_id) == (taker.account_seq + 1, accepted.order_id)
    assert (event.qty, event.leaves, event.flags, event.price, event.filled, event.reason) == (1, 2, 0, 0, 0, 0)


def test_an_order_that_trades_in_parts_is_one_trade(market: Any) -> None:
    dealer = Dealer(market)
    dealer.desk.do(*(ask.sell(DEALER, 100 + each, PRICE, 2) for each in range(3)), ask.buy(TRADER, 50, PRICE, 6))
    assert dealer.row().trades == 1
    dealer.desk.do(ask.sell(TRADER, 51, PRICE, 6))
    told = [dealer.desk.do(ask.buy(DEALER, 200 + each, PRICE, 2)) for each in range(3)]
    assert list(map(day_trades, told)) == [[(1, 2, 0)], [], []]


def test_an_order_of_another_instrument_between_is_no_further_trade(market: Any) -> None:
    dealer = Dealer(market)
    dealer.desk.do(ask.buy(TRADER, 50, PRICE, 4), ask.sell(DEALER, 100, PRICE, 2))
    dealer.buy(1, instrument=1)
    dealer.desk.do(ask.sell(DEALER, 101, PRICE, 2))
    assert dealer.row().trades == 2
    dealer.settle()
    assert dealer.days("trades") == [0, 2, 0, 0, 0, 0, 0, 0]


def test_the_rest_of_an_order_is_a_trade_of_another_day(market: Any) -> None:
    dealer = Dealer(market)
    dealer.desk.do(ask.buy(TRADER, 50, PRICE, 4), ask.sell(DEALER, 100, PRICE, 2))
    dealer.settle()
    dealer.desk.do(ask.sell(DEALER, 101, PRICE, 2))
    assert dealer.days("trades") == [1, 1, 0, 0, 0, 0, 0, 0]


@pytest.mark.parametrize("way", [Side.BUY, Side.SELL])
def test_what_was_held_overnight_is_closed_without_one(market: Any, way: int) -> None:
    dealer = Dealer(market)
    dealer.trade(way, 10)
    dealer.settle()
    assert day_trades(dealer.trade(1 - way, 4)) == []
    assert day_trades(dealer.trade(way, 2)) == []
    assert day_trades(dealer.trade(1 - way, 1)) == [(1, 4, 0)]
    assert day_trades(dealer.trade(1 - way, 7)) == []  # the other one of today, and all of before
    assert dealer.desk.position(TRADER).qty == 0


def test_what_is_closed_is_of_today_first(market: Any) -> None:
    dealer = Dealer(market)
    dealer.buy(10)
    dealer.settle()
    dealer.buy(3)
    assert dealer.sell(5) == [(1, 3, 0)]
    assert dealer.buy(1) == []
    assert dealer.sell(1) == [(2, 5, 0)]
    assert dealer.sell(1) == []  # of before


def test_through_nothing_and_back(market: Any) -> None:
    dealer = Dealer(market)
    dealer.buy(5)
    assert dealer.sell(8) == [(1, 2, 0)]
    assert dealer.buy(3) == [(2, 3, 0)]
    assert dealer.buy(1) == []
    dealer.settle()
    assert dealer.sell(3) == []  # one was held overnight; two are opened
    assert dealer.buy(2) == [(3, 6, 0)]


def test_a_trade_with_oneself_is_none(market: Any) -> None:
    dealer = Dealer(market)
    dealer.buy(5)
    assert dealer.sell(5, with_whom=TRADER) == []
    assert dealer.row().trades == 1
    assert dealer.sell(5) == [(1, 2, 0)]


def test_both_sides_of_a_trade_are_told_the_makers_first(market: Any) -> None:
    dealer = Dealer(market)
    dealer.buy(5)
    dealer.sell(5, account=OTHER)
    events = dealer.trade(Side.SELL, 5, with_whom=OTHER)
    told = [(each.account, each.side) for each in events if each.kind == EventKind.DAY_TRADE]
    assert told == [(OTHER, Side.BUY), (TRADER, Side.SELL)]


def test_in_an_auction_the_buyers_first(market: Any) -> None:
    dealer = Dealer(market)
    dealer.buy(5)
    dealer.sell(5, account=OTHER)
    dealer.desk.do(ask.call(0), ask.sell(TRADER, 70, PRICE, 5), ask.buy(OTHER, 71, PRICE, 5))
    events = dealer.desk.do(ask.run_auction(0))
    assert [each.account for each in events if each.kind == EventKind.DAY_TRADE] == [OTHER, TRADER]
    kinds = [each.kind for each in events[:5]]
    assert kinds == [EventKind.FILL, EventKind.FILL, EventKind.DAY_TRADE, EventKind.DAY_TRADE, EventKind.AUCTION]


# What changes lots without a trade


def bought(dealer: Dealer, lots: int) -> dict[str, Any]:
    """The facts of a purchase of the trader."""
    _, _, fill = dealer.trade(Side.BUY, lots)
    facts = (fill.trade_id, TRADER, DEALER, PRICE, lots)
    return dict(zip(("trade_id", "buyer", "seller", "price", "qty"), facts, strict=True))


def test_a_bust_lowers_what_was_opened_and_takes_no_day_trade_back(market: Any) -> None:
    dealer = Dealer(market)
    dealer.buy(4)
    dealer.settle()
    facts = bought(dealer, 6)
    assert dealer.sell(1) == [(1, 3, 0)]
    dealer.desk.do(ask.bust(**facts))  # 3 are left, of which 3 are as of today
    assert dealer.row().day_trades == 1
    assert dealer.sell(2) == []  # the same run
    assert dealer.buy(1) == []
    assert dealer.sell(2) == [(2, 6, 0)]
    assert dealer.desk.position(TRADER).qty == 0


def test_a_bust_that_turns_a_position_leaves_nothing_opened(market: Any) -> None:
    dealer = Dealer(market)
    facts = bought(dealer, 6)
    assert dealer.sell(2) == [(1, 2, 0)]
    dealer.desk.do(ask.bust(**facts))
    assert dealer.desk.position(TRADER).qty == -2
    assert dealer.buy(2) == []


def test_a_correction_of_a_price_changes_nothing_and_of_lots_what_is_too_many(market: Any) -> None:
    dealer = Dealer(market)
    facts = bought(dealer, 6)
    dealer.desk.do(ask.correct(**facts, new_price=PRICE + 1))
    assert dealer.sell(1) == [(1, 2, 0)]
    dealer.buy(1)
    dealer.desk.do(ask.correct(**facts | {"price": PRICE + 1}, new_qty=2))
    assert dealer.sell(2) == [(2, 4, 0)]


def test_shares_that_go_take_what_was_there_first(market: Any) -> None:
    dealer = Dealer(market)
    dealer.desk.do(ask.shares(TRADER, 0, 10, 1))
    assert dealer.sell(1) == []  # they came without a trade
    dealer.buy(3)
    dealer.desk.do(ask.shares(TRADER, 0, -10, 0))
    assert dealer.desk.position(TRADER).qty == 2
    assert dealer.sell(2) == [(1, 3, 0)]


def test_a_split_makes_more_or_fewer_of_them(market: Any) -> None:
    dealer = Dealer(market)
    dealer.desk.do(ask.shares(TRADER, 0, 10, 1))
    dealer.buy(3)
    closed, opened = (ask.instrument_state(0, state) for state in (InstrumentState.CLOSED, InstrumentState.OPEN))
    dealer.desk.do(closed, ask.split(0, 2, 1), ask.instrument(0, *[wire.KEEP] * 2, PRICE, *[wire.KEEP] * 5), opened)
    assert dealer.sell(6) == [(1, 2, 0)]
    assert dealer.sell(1) == []
    assert dealer.buy(1) == []
    dealer.desk.do(closed, ask.split(0, 1, 2, PRICE), opened)
    assert dealer.sell(1) == []  # half of a lot of today is none


# Days


def test_days_move_on_and_the_ninth_is_forgotten(market: Any) -> None:
    dealer = Dealer(market, 255, 3, 0, 0)
    dealer.round_trip()
    for day in range(1, 9):
        dealer.settle()
        assert dealer.days("day_trades")[day:] == [1, *[0] * (7 - day)] if day < 8 else [0]
        assert dealer.row().day_trades == (day < 3)
    assert dealer.days("trades") == [0] * 8


def test_what_counts_is_as_the_settings_are_now(market: Any) -> None:
    dealer = Dealer(market, 255, 1, 0, 0)
    for _ in range(3):
        dealer.round_trip()
        dealer.settle()
    assert dealer.row().day_trades == 0
    dealer.desk.do(ask.day_trades(255, 8, 0, 0))
    assert (dealer.row().day_trades, dealer.row().trades) == (3, 6)


# Patterns


def test_four_in_five_days_make_a_pattern_that_stays(market: Any) -> None:
    dealer = Dealer(market, 4, 5, 600, 0)
    told = []
    for _ in range(4):
        told += dealer.round_trip()
        dealer.settle()
    assert told == [(1, 2, 0), (2, 4, 0), (3, 6, 0), (4, 8, 1)]
    dealer.settle(8)
    assert (dealer.row().is_pattern, dealer.row().day_trades) == (1, 0)
    assert dealer.round_trip() == [(1, 2, 0)]


def test_the_share_of_all_trades_has_to_be_exceeded(market: Any) -> None:
    dealer = Dealer(market, 1, 1, 5_000, 0)
    assert dealer.round_trip() == [(1, 2, 0)]  # just a half
    dealer.buy(1)
    assert dealer.sell(1) == [(2, 4, 0)]
    dealer.desk.do(ask.day_trades(1, 1, 4_999, 0))
    assert not dealer.row().is_pattern  # by a day trade alone
    dealer.buy(1)
    assert dealer.sell(1) == [(3, 6, 1)]


def test_without_a_number_there_is_no_pattern(market: Any) -> None:
    dealer = Dealer(market, 0, 8, 0, 0)
    assert [dealer.round_trip() for _ in range(3)] == [[(1, 2, 0)], [(2, 4, 0)], [(3, 6, 0)]]
    assert not dealer.row().is_pattern


def test_lifted_and_made_again(market: Any) -> None:
    dealer = Dealer(market, 1, 5, 0, 0)
    dealer.buy(2)
    assert dealer.sell(1) == [(1, 2, 1)]
    event = dealer.desk.one(ask.lift_day_trader(TRADER, request=7))
    assert (event.kind, event.account, event.qty) == (EventKind.DAY_TRADER_LIFTED, TRADER, 7)
    assert (dealer.row().is_pattern, dealer.row().day_trades, dealer.row().trades) == (0, 0, 0)
    assert dealer.sell(1) == []  # it goes on
    assert dealer.row().trades == 1
    dealer.buy(1)
    assert dealer.sell(1) == [(1, 3, 1)]


def test_lift_of_who_is_none(market: Any) -> None:
    dealer = Dealer(market)
    for account, check, value in ((TRADER, Check.VALUE, 0), (DEALER, Check.VALUE, 0), (77, Check.ACCOUNT, 77)):
        event = dealer.desk.one(ask.lift_day_trader(account))
        limit = 1 if check == Check.VALUE else 0
        assert (event.check, event.limit, event.value, event.client_order_id) == (check, limit, value, 0)


def test_another_rule_forgets_all(market: Any) -> None:
    dealer = Dealer(market, 1, 5, 0, 0)
    dealer.buy(5)
    dealer.sell(1)
    dealer.desk.do(ask.account_risk(TRADER, RiskType.MARGIN, day_trades=DayTradeRule.PATTERN))
    assert dealer.row().is_pattern
    event = dealer.desk.one(ask.account_risk(TRADER, RiskType.MARGIN))
    assert (event.kind, event.leaves) == (EventKind.ACCOUNT_RISK, DayTradeRule.NONE)
    assert dealer.row() is None
    assert dealer.sell(1) == []
    event = dealer.desk.one(ask.account_risk(TRADER, RiskType.MARGIN, day_trades=DayTradeRule.PATTERN))
    assert event.leaves == DayTradeRule.PATTERN
    assert not any(dealer.row()[2:])
    assert dealer.sell(1) == []  # it was there before the rule was
    assert dealer.row().trades == 1


# Values


@pytest.mark.parametrize(
    ("index", "value", "limit"),
    [
        (0, -1, 0),
        (0, 256, 255),
        (1, 0, 1),
        (1, 9, 8),
        (2, -1, 0),
        (2, 10_001, 10_000),
        (3, BELOW_ALL, 0),
        (3, wire.MAX_CASH + 1, wire.MAX_CASH),
    ],
)
def test_settings_that_cannot_be(market: Any, index: int, value: int, limit: int) -> None:
    dealer = Dealer(market)
    values = [4, 5, 600, 25_000]
    values[index] = value
    event = dealer.desk.one(ask.day_trades(*values))
    assert (event.check, event.client_order_id, event.limit, event.value) == (Check.VALUE, index, limit, value)
    assert tuple(dealer.desk.market.day_trade_settings) == (4, 5, 600, 25_000)


def test_settings_at_first_and_at_their_bounds(market: Any) -> None:
    assert tuple(market.day_trade_settings) == (0, 1, 0, 0)
    dealer = Dealer(market)
    for values in ((0, 1, 0, 0), (255, 8, 10_000, wire.MAX_CASH)):
        event = dealer.desk.one(ask.day_trades(*values, request=9))
        assert (event.kind, event.qty) == (EventKind.DAY_TRADES_SET, 9)
        assert tuple(dealer.desk.market.day_trade_settings) == values


@pytest.mark.parametrize(
    ("risk_type", "rule", "limit"),
    [
        (RiskType.MARGIN, -1, 0),
        (RiskType.MARGIN, 2, DayTradeRule.PATTERN),
        (RiskType.MARGIN, BELOW_ALL, 0),
        (RiskType.CASH, DayTradeRule.PATTERN, DayTradeRule.NONE),
        (RiskType.NONE, DayTradeRule.PATTERN, DayTradeRule.NONE),
    ],
)
def test_rules_that_cannot_be(market: Any, risk_type: int, rule: int, limit: int) -> None:
    dealer = Dealer(market, 1, 5, 0, 0)
    dealer.round_trip()
    event = dealer.desk.one(ask.account_risk(TRADER, risk_type, day_trades=rule))
    assert (event.check, event.client_order_id, event.limit, event.value) == (Check.VALUE, 6, limit, rule)
    assert dealer.row().is_pattern


def test_counts_of_a_day_stay_at_their_bound(market: Any) -> None:
    dealer = Dealer(market, 0, 8, 0, 0)
    desk = dealer.desk
    desk.do(ask.deposit(TRADER, 10**9), ask.buy(DEALER, 1, PRICE - 1, 1 << 20), ask.sell(DEALER, 2, PRICE, 1 << 20))
    pairs = MOST + 2
    if isinstance(market, Market):  # its pace does not allow for more
        pairs, trader = 4, market.state.accounts[TRADER].trader
        assert trader is not None
        trader.day_trades[0], trader.trades[0] = MOST - 2, MOST - 4
    commands = [ask.order(TRADER, 10 + each, each % 2, PRICE - each % 2, 1) for each in range(2 * pairs)]
    first, last = commands[:-2], commands[-2:]
    market.apply(b"".join(each.encode(desk.seq + place, desk.ts_ns) for place, each in enumerate(first, 1)))
    market.take_events()
    desk.seq += len(first)
    assert day_trades(desk.do(*last)) == [(MOST, MOST, 0)]
    dealer.settle()
    again = desk.do(ask.buy(TRADER, 1 << 20, PRICE, 1), ask.sell(TRADER, (1 << 20) + 1, PRICE - 1, 1))
    assert day_trades(again) == [(MOST + 1, MOST + 2, 0)]
