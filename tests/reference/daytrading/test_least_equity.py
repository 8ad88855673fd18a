"""What a pattern day trader with less than the least equity is refused, and cash that stays, by hand.
docs/daytrading.md, "Check", "What may be taken out"."""

from __future__ import annotations

from typing import Any

from openbell import wire
from openbell.wire import CancelReason, Check, EventKind, OrderType, RestateReason, RiskType, Role, Side

from tests.reference import commands as ask
from tests.reference.daytrading.dealing import CASH, DEALER, LOT, PRICE, TRADER, Dealer

LEAST = CASH + 1  # one more than it has


def below(market: Any, least: int = LEAST) -> Dealer:
    """A pattern day trader who has `CASH` equity, 10 lots long, and has to have a little more."""
    dealer = Dealer(market)
    dealer.make_pattern()
    dealer.buy(10)
    dealer.desk.do(ask.day_trades(1, 5, 0, least))
    return dealer


def refused(event: Any) -> tuple[int, int, int, int]:
    return event.check, event.limit, event.value, event.headroom


def test_who_has_less_opens_nothing_and_closes_what_there_is(market: Any) -> None:
    dealer = below(market)
    desk = dealer.desk
    assert refused(desk.one(ask.buy(TRADER, 80, PRICE, 1))) == (Check.DAY_TRADER, LEAST, CASH, 0)
    assert refused(desk.one(ask.sell(TRADER, 81, PRICE, 11))) == (Check.DAY_TRADER, LEAST, CASH, 10)
    assert desk.one(ask.sell(TRADER, 82, PRICE + 5, 4)).kind == EventKind.ACCEPTED
    assert refused(desk.one(ask.sell(TRADER, 83, PRICE + 5, 7))) == (Check.DAY_TRADER, LEAST, CASH, 6)
    assert desk.one(ask.sell(TRADER, 84, PRICE + 5, 6)).kind == EventKind.ACCEPTED
    assert refused(desk.one(ask.sell(TRADER, 85, PRICE, 1, instrument=1))) == (Check.DAY_TRADER, LEAST, CASH, 0)


def test_just_the_least_is_enough_and_others_have_no_such_check(market: Any) -> None:
    dealer = below(market, CASH)
    assert dealer.desk.one(ask.buy(TRADER, 80, PRICE - 5, 1)).kind == EventKind.ACCEPTED
    dealer.desk.do(ask.day_trades(1, 5, 0, LEAST))
    assert refused(dealer.desk.one(ask.buy(TRADER, 81, PRICE - 5, 1)))[0] == Check.DAY_TRADER
    dealer.desk.do(ask.lift_day_trader(TRADER))
    assert dealer.desk.one(ask.buy(TRADER, 81, PRICE - 5, 1)).kind == EventKind.ACCEPTED


def test_equity_below_all_is_told_as_it_is(market: Any) -> None:
    dealer = below(market)
    dealer.desk.do(ask.charge(TRADER, 2 * CASH))
    dealer.desk.do(ask.margin(1, 0, 0, 0, 0))  # so that margin is not asked for
    assert refused(dealer.desk.one(ask.buy(TRADER, 80, PRICE, 1, instrument=1))) == (Check.DAY_TRADER, LEAST, -CASH, 0)


def test_margin_comes_first(market: Any) -> None:
    dealer = below(market)
    assert refused(dealer.desk.one(ask.buy(TRADER, 80, PRICE, CASH // LOT + 1)))[0] == Check.MARGIN


def test_a_replace_that_opens_even_less_is_refused(market: Any) -> None:
    dealer = below(market, 0)
    desk = dealer.desk
    desk.do(ask.buy(TRADER, 80, PRICE - 5, 5), ask.sell(TRADER, 81, PRICE + 5, 5))
    desk.do(ask.day_trades(1, 5, 0, LEAST))
    assert refused(desk.one(ask.replace(TRADER, 80, PRICE - 5, 4))) == (Check.DAY_TRADER, LEAST, CASH, 0)
    assert refused(desk.one(ask.replace(TRADER, 81, PRICE + 5, 11))) == (Check.DAY_TRADER, LEAST, CASH, 10)
    assert desk.one(ask.replace(TRADER, 81, PRICE + 5, 10)).kind == EventKind.REPLACED


def test_a_child_that_wakes_ends(market: Any) -> None:
    dealer = below(market, 0)
    desk = dealer.desk
    said = {"price": PRICE - 1}
    desk.do(ask.special(TRADER, 80, Side.BUY, 2, role=Role.CHILD, **said))
    desk.do(ask.special(TRADER, 81, Side.BUY, 2, role=Role.PARENT, link_id=80, **said))
    desk.do(ask.day_trades(1, 5, 0, 2 * LEAST))
    *_, woke, ended = desk.do(ask.sell(DEALER, 82, PRICE - 1, 2))
    assert (woke.kind, woke.reason) == (EventKind.RESTATED, RestateReason.ACTIVE)
    assert (ended.kind, ended.reason, ended.client_order_id) == (EventKind.CANCELED, CancelReason.EXPOSURE, 80)


def test_a_peer_has_its_rings_lots(market: Any) -> None:
    dealer = below(market)
    desk = dealer.desk
    desk.do(ask.sell(TRADER, 80, PRICE + 5, 10))
    stop = {"order_type": OrderType.STOP, "stop_price": PRICE - 5, "role": Role.PEER, "link_id": 80}
    assert desk.one(ask.special(TRADER, 81, Side.SELL, 10, **stop)).kind == EventKind.ACCEPTED


def test_a_stop_that_is_served_is_not_looked_at(market: Any) -> None:
    dealer = below(market, 0)
    desk = dealer.desk
    desk.do(ask.special(TRADER, 80, Side.BUY, 2, order_type=OrderType.STOP, stop_price=PRICE + 1))
    desk.do(ask.day_trades(1, 5, 0, 2 * LEAST), ask.sell(DEALER, 81, PRICE + 1, 5), ask.buy(DEALER, 82, PRICE + 1, 1))
    assert desk.position(TRADER).qty == 12


# Cash that stays


def test_what_is_missing_stays_for_two_days_after_the_day(market: Any) -> None:
    dealer = below(market, CASH + 500)
    desk, room = dealer.desk, CASH - 10 * LOT
    assert desk.account(TRADER).withdrawable == room
    desk.do(ask.deposit(TRADER, 800))
    assert dealer.days("kept", 3) == [500, 0, 0]
    assert desk.account(TRADER).withdrawable == room + 300
    assert refused(desk.one(ask.deposit(TRADER, -(room + 301)))) == (
        Check.CASH_RANGE,
        room + 300,
        room + 301,
        room + 300,
    )
    assert refused(desk.one(ask.hold_cash(TRADER, room + 301, 1)))[0] == Check.CASH_RANGE
    for kept in ([0, 500, 0], [0, 0, 500]):
        dealer.settle()
        assert dealer.days("kept", 3) == kept
        assert desk.account(TRADER).withdrawable == room + 300
    dealer.settle()
    assert dealer.days("kept", 3) == [0, 0, 0]
    assert desk.account(TRADER).withdrawable == room + 800


def test_what_comes_in_parts_adds_up_until_nothing_is_missing(market: Any) -> None:
    dealer = below(market, CASH + 500)
    dealer.desk.do(
        ask.deposit(TRADER, 200), ask.deposit(TRADER, 200), ask.deposit(TRADER, 200), ask.deposit(TRADER, 200)
    )
    assert dealer.days("kept", 3) == [500, 0, 0]


def test_nothing_stays_of_who_is_no_pattern_day_trader(market: Any) -> None:
    dealer = Dealer(market, 4, 5, 600, 2 * CASH)
    dealer.desk.do(ask.deposit(TRADER, 800))
    assert dealer.days("kept", 3) == [0, 0, 0]


def test_it_goes_with_the_pattern_and_with_the_rule(market: Any) -> None:
    dealer = below(market, 2 * CASH)
    dealer.desk.do(ask.deposit(TRADER, 800), ask.lift_day_trader(TRADER))
    assert dealer.days("kept", 3) == [0, 0, 0]
    dealer.make_pattern()
    dealer.desk.do(ask.deposit(TRADER, 800), ask.account_risk(TRADER, RiskType.MARGIN))
    assert dealer.desk.account(TRADER).withdrawable == CASH + 1600 - 10 * LOT


def test_more_than_there_may_be_never_stays(market: Any) -> None:
    dealer = below(market, wire.MAX_CASH)
    amount = wire.MAX_CASH // 2 + 1
    for _ in range(3):
        for _ in range(2):
            dealer.desk.do(ask.deposit(TRADER, amount), ask.charge(TRADER, amount))
        assert dealer.days("kept", 3)[0] == wire.MAX_CASH
        assert dealer.desk.account(TRADER).withdrawable == 0
        dealer.settle()
    assert dealer.days("kept", 3) == [0, wire.MAX_CASH, wire.MAX_CASH]
    assert dealer.desk.account(TRADER).withdrawable == 0
