"""Cash, holds, average cost and short proceeds, worked out by hand. A lot at price 1 is 100 of cash."""

from __future__ import annotations

import pytest
from openbell import wire
from openbell.wire import AccountFlag, SelfTrade

from tests.reference import commands as ask
from tests.reference.accounts import Position, divide
from tests.reference.desk import Desk

CASH = 10_000_000
SHORT = AccountFlag.SHORT_ALLOWED


def deal(desk: Desk, buyer: int, seller: int, price: int, qty: int, number: int) -> None:
    """A trade: the seller's order rests."""
    desk.do(ask.sell(seller, number, price, qty), ask.buy(buyer, number, price, qty))


def test_division_truncates_toward_zero() -> None:
    assert [divide(7, 2), divide(-7, 2), divide(7, -2), divide(-7, -2)] == [3, -3, -3, 3]


def test_a_position_alone() -> None:
    position = Position(0, 0)
    position.buy(3, 1000)
    position.buy(4, 1001)
    assert (position.qty, position.cost) == (7, 7004)
    position.sell(2, 1100)  # 7004 * 2 / 7 = 2001.14
    assert (position.qty, position.cost, position.realized_pnl) == (5, 5003, 199)
    position.sell(9, 900)  # the other 5 cost 5003 and give 4500; 4 go short
    assert (position.qty, position.cost, position.realized_pnl) == (-4, -3600, 199 - 503)
    position.buy(1, 950)  # gave 900, costs 950
    assert (position.qty, position.cost, position.realized_pnl) == (-3, -2700, 199 - 503 - 50)


def test_a_resting_buy_holds_its_notional(desk: Desk) -> None:
    desk.open(CASH, lot_size=10)
    desk.do(ask.buy(0, 1, 7, 5))
    assert (desk.account(0).hold, desk.orders()[0].hold, desk.position(0).open_buy) == (7 * 5 * 10 * 100, 35_000, 5)
    desk.do(ask.replace(0, 1, 7, 3))
    assert (desk.account(0).hold, desk.account(0).cash) == (21_000, CASH)
    desk.do(ask.cancel(0, 1))
    assert (desk.account(0).hold, desk.position(0).open_buy, desk.account(0).open_orders) == (0, 0, 0)


def test_a_trade_moves_cash_and_shares_at_the_makers_price(desk: Desk) -> None:
    desk.open(CASH, SHORT)
    desk.do(ask.buy(0, 1, 50, 10), ask.sell(1, 1, 48, 4))
    buyer, seller = desk.account(0), desk.account(1)
    assert (buyer.cash, buyer.hold) == (CASH - 20_000, 6 * 50 * 100)
    assert (seller.cash, seller.short_proceeds) == (CASH + 20_000, 20_000)
    assert desk.position(0)[2:6] == (4, 20_000, 0, 6)
    assert desk.position(1)[2:7] == (-4, -20_000, 0, 0, 0)
    row = desk.instrument()
    assert (row.reference_price, row.trades, row.volume) == (50, 1, 4)


def test_long_at_average_cost_then_short(desk: Desk) -> None:
    desk.open(CASH, SHORT)
    deal(desk, 0, 1, 10, 3, 1)  # cost 3000
    deal(desk, 0, 1, 11, 4, 2)  # + 4400
    assert desk.position(0)[2:5] == (7, 7400, 0)
    deal(desk, 1, 0, 12, 2, 3)  # releases 7400 * 2 / 7 = 2114.28
    assert desk.position(0)[2:5] == (5, 5286, 2400 - 2114)
    deal(desk, 1, 0, 9, 8, 4)  # 5 sold for 4500, 3 short for 2700
    assert desk.position(0)[2:5] == (-3, -2700, 286 + 4500 - 5286)
    assert desk.account(0).realized_pnl == -500
    assert desk.account(0).short_proceeds == 2700
    assert desk.account(0).cash == CASH - 3000 - 4400 + 2400 + 7200


def test_short_then_long(desk: Desk) -> None:
    desk.open(CASH, SHORT)
    deal(desk, 1, 0, 10, 3, 1)  # account 0: -3, cost -3000
    deal(desk, 1, 0, 20, 4, 2)  # -7, cost -11000
    deal(desk, 0, 1, 15, 2, 3)  # releases -11000 * 2 / 7 = -3142.86
    assert desk.position(0)[2:5] == (-5, -7858, 3142 - 3000)
    deal(desk, 0, 1, 16, 6, 4)  # 5 bought back for 8000, 1 long for 1600
    assert desk.position(0)[2:5] == (1, 1600, 142 + 7858 - 8000)
    assert desk.account(0).short_proceeds == 0
    # The other side's releases are truncated likewise: 7 lots for 11000, 2 sold for 3000, 5 for 8000, 1 short.
    assert desk.position(1)[2:5] == (-1, -1600, (3000 - 3142) + (8000 - 7858))


def test_short_proceeds_are_locked(desk: Desk) -> None:
    desk.open(5000, SHORT)
    deal(desk, 1, 0, 10, 4, 1)  # 0 has 9000 in cash, 4000 of it proceeds
    assert (desk.account(0).cash, desk.account(0).short_proceeds) == (9000, 4000)
    refused = desk.one(ask.buy(0, 9, 1, 51))
    assert (refused.limit, refused.value, refused.headroom) == (5000, 5100, 5000)
    refused = desk.one(ask.deposit(0, -5001))
    assert (refused.limit, refused.value, refused.headroom) == (5000, 5001, 5000)
    assert desk.one(ask.deposit(0, -5000)).trade_id == 4000


def test_an_account_that_trades_with_itself_books_the_maker_first(desk: Desk) -> None:
    desk.open(CASH, SHORT)
    desk.do(ask.shares(0, 0, 4, 1000))
    desk.do(ask.sell(0, 1, 12, 6), ask.buy(0, 2, 12, 6, self_trade=SelfTrade.ALLOW))
    # The sale of 6: 4 realize 4800 - 4000, 2 go short for 2400; the purchase: 2 cover at 2400, 4 are long again.
    assert desk.position(0)[2:5] == (4, 4800, 800)
    assert desk.account(0).cash == CASH


def test_cost_and_realized_stop_at_all_the_cash_there_can_be(desk: Desk) -> None:
    desk.open(CASH, SHORT)
    desk.do(ask.shares(0, 0, 1, wire.MAX_CASH - 100))
    deal(desk, 0, 1, 2, 1, 1)
    assert desk.position(0)[2:5] == (2, wire.MAX_CASH, 0)
    deal(desk, 1, 0, 2, 2, 2)
    desk.do(ask.shares(0, 0, 1, wire.MAX_CASH))
    deal(desk, 1, 0, 2, 1, 3)
    assert desk.position(0)[2:5] == (0, 0, -wire.MAX_CASH)
    assert desk.account(0).realized_pnl == -wire.MAX_CASH


@pytest.mark.parametrize(("lots", "cost"), [(1, 6667), (2, 3334), (3, 0)])
def test_shares_taken_away_take_their_part_of_the_cost(desk: Desk, lots: int, cost: int) -> None:
    desk.open(CASH)
    desk.do(ask.shares(0, 0, 2, 2500), ask.shares(0, 0, 1, 5000))
    event = desk.one(ask.shares(0, 0, -lots, 77, request=5))
    assert (event.price, event.trade_id, event.qty) == (-lots, 3 - lots, 5)
    assert desk.position(0)[2:5] == (3 - lots, cost, 0)
