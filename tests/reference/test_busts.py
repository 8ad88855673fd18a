"""Busts and corrections, worked out by hand. docs/busts.md. A lot at price 1 is 100 of cash."""

from __future__ import annotations

import pytest
from openbell import wire
from openbell.wire import AccountFlag, AuctionKind, BookKind, Check, DataFlag, EventFlag, EventKind, InstrumentState

from tests.reference import commands as ask
from tests.reference.desk import Desk
from tests.reference.records import AMENDMENT_ROW

SHORT = AccountFlag.SHORT_ALLOWED
CASH = 10**12


def traded(desk: Desk, price: int = 1000, qty: int = 5) -> Desk:
    """Account 0 has bought of account 1, which holds 100 that cost 900 each."""
    desk.open(CASH, accounts=3, lot_size=10)
    desk.do(ask.shares(1, 0, 100, 900_000))
    deal(desk, 0, 1, price, qty, 1)
    return desk


def deal(desk: Desk, buyer: int, seller: int, price: int, qty: int, number: int) -> None:
    """A trade: the seller's order rests."""
    desk.do(ask.sell(seller, number, price, qty), ask.buy(buyer, number, price, qty))


def refusal(desk: Desk, command: ask.Command) -> tuple[int, int, int, int]:
    """Check, index, limit and value."""
    event = desk.one(command)
    assert event.kind == EventKind.ADMIN_REJECTED and event.account_seq == event.headroom == 0
    return event.check, event.client_order_id, event.limit, event.value


def standing(desk: Desk) -> list[tuple[int, ...]]:
    """instrument, trade_id, price, qty, changes of all amended trades."""
    rows = AMENDMENT_ROW.rows(desk.market.amendments())
    return [(row.instrument, row.trade_id, row.price, row.qty, row.changes) for row in rows]


def money(desk: Desk, account: int) -> tuple[int, ...]:
    """cash, realized profit, lots, cost, profit of the position."""
    row, position = desk.account(account), desk.position(account)
    return row.cash, row.realized_pnl, position.qty, position.cost, position.realized_pnl


def test_a_bust_gives_back_cash_and_shares(desk: Desk) -> None:
    traded(desk)
    assert money(desk, 0) == (CASH - 5_000_000, 0, 5, 5_000_000, 0)
    assert money(desk, 1) == (CASH + 5_000_000, 500_000, 95, 85_500_000, 500_000)
    desk.do(ask.bust(1, 0, 1, 1000, 5))
    assert money(desk, 0) == (CASH, 0, 0, 0, 0)
    # 95 lots cost 900,000 each; the 5 come back at 1,000,000: profit stays with what was realized, the sum is right.
    assert money(desk, 1) == (CASH, 500_000, 100, 90_500_000, 500_000)
    instrument = desk.instrument()
    assert (instrument.volume, instrument.trades, instrument.reference_price) == (0, 1, 1000)
    assert standing(desk) == [(0, 1, 1000, 0, 1)]


def test_both_are_told(desk: Desk) -> None:
    traded(desk)
    before = [desk.account(number).account_seq for number in (0, 1)]
    ids = {"buyer_order_id": 71, "seller_order_id": 72, "buyer_client_order_id": 81, "seller_client_order_id": 82}
    buyer, seller = desk.do(ask.bust(1, 0, 1, 1000, 5, **ids))
    for event, side, account in ((buyer, 0, 0), (seller, 1, 1)):
        assert (event.kind, event.account, event.side) == (EventKind.TRADE_BUSTED, account, side)
        assert (event.qty, event.price, event.trade_id, event.instrument) == (5, 1000, 1, 0)
        assert (event.reason, event.flags, event.leaves, event.filled) == (0, 0, 0, 0)
        assert (event.order_id, event.client_order_id) == (71 + side, 81 + side)
        assert event.account_seq == before[account] + 1
    (record,) = desk.market_data
    assert (record.kind, record.order_id, record.price, record.qty) == (BookKind.BUST, 1, 1000, 5)
    assert (record.trade_no, record.leaves, record.level_qty, record.flags) == (1, 0, 0, 0)


def test_a_correction_books_the_opposite_and_then_what_is_right(desk: Desk) -> None:
    traded(desk)
    events = desk.do(ask.correct(1, 0, 1, 1000, 5, new_price=1100, new_qty=4))
    kinds = [EventKind.TRADE_BUSTED, EventKind.TRADE_CORRECTED] * 2
    assert [event.kind for event in events] == kinds
    assert [(event.account, event.qty, event.price, event.reason) for event in events] == [
        (0, 5, 1000, 1), (0, 4, 1100, 0), (1, 5, 1000, 1), (1, 4, 1100, 0),
    ]  # fmt: skip
    assert money(desk, 0) == (CASH - 4_400_000, 0, 4, 4_400_000, 0)
    cost = 90_500_000 - 90_500_000 * 4 // 100
    assert money(desk, 1) == (CASH + 4_400_000, 500_000 + 780_000, 96, cost, 1_280_000)
    assert desk.instrument().volume == 4
    assert standing(desk) == [(0, 1, 1100, 4, 1)]
    (record,) = desk.market_data
    assert (record.kind, record.order_id, record.price, record.qty) == (BookKind.CORRECTION, 1, 1100, 4)
    assert (record.leaves, record.level_qty) == (5, 1000)


def test_cost_less_profit_is_as_if_the_trade_had_never_been(desk: Desk) -> None:
    """Other trades come between; cash and lots are exact, and so is cost less realized profit."""
    traded(desk)
    deal(desk, 1, 0, 1200, 3, 2)
    deal(desk, 0, 1, 1300, 9, 3)
    desk.do(ask.bust(1, 0, 1, 1000, 5))
    for account, lots, spent in ((0, 6, 9 * 1300 - 3 * 1200), (1, 94, 100 * 900 - 9 * 1300 + 3 * 1200)):
        cash, realized, qty, cost, own = money(desk, account)
        assert qty == lots and own == realized
        assert cost - realized == spent * 1000
        assert cash == CASH - (spent - (90_000 if account else 0)) * 1000


def test_corrections_follow_corrections_and_a_bust_ends_them(desk: Desk) -> None:
    traded(desk)
    desk.do(ask.correct(1, 0, 1, 1000, 5, new_price=1100))
    assert refusal(desk, ask.correct(1, 0, 1, 1000, 5, new_price=1200)) == (Check.VALUE, 1, 1100, 1000)
    assert refusal(desk, ask.correct(1, 0, 1, 1100, 4)) == (Check.VALUE, 2, 5, 4)
    desk.do(ask.correct(1, 0, 1, 1100, 5, new_qty=7))
    assert standing(desk) == [(0, 1, 1100, 7, 2)]
    desk.do(ask.bust(1, 0, 1, 1100, 7))
    assert money(desk, 0)[:3] == (CASH, 0, 0)
    assert standing(desk) == [(0, 1, 1100, 0, 3)]
    for again in (ask.bust(1, 0, 1, 1100, 7), ask.correct(1, 0, 1, 1100, 7)):
        assert refusal(desk, again) == (Check.BUSTED, 0, 0, 1)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"account": 77}, (Check.ACCOUNT, 6, 0, 77)),
        ({"seller": 78}, (Check.ACCOUNT, 5, 0, 78)),
        ({"instrument": 3}, (Check.INSTRUMENT, 0, 0, 3)),
        ({"trade_id": 0}, (Check.TRADE, 0, 1, 0)),
        ({"trade_id": 2}, (Check.TRADE, 0, 1, 2)),
        ({"trade_id": (1 << 64) - 1}, (Check.TRADE, 0, 1, -1)),
        ({"flags": 2}, (Check.VALUE, 8, 1, 2)),
        ({"price": 0}, (Check.VALUE, 1, 1, 0)),
        ({"price": wire.MAX_PRICE + 1}, (Check.VALUE, 1, wire.MAX_PRICE, wire.MAX_PRICE + 1)),
        ({"qty": 0}, (Check.VALUE, 2, 1, 0)),
        ({"qty": wire.MAX_QTY + 1}, (Check.VALUE, 2, wire.MAX_QTY, wire.MAX_QTY + 1)),
        (
            {"price": wire.MAX_PRICE, "qty": wire.MAX_QTY},
            (Check.ORDER_NOTIONAL, 2, wire.MAX_NOTIONAL, (1 << 63) - 1),
        ),
        ({"new_price": -5}, (Check.VALUE, 3, 1, -5)),
        ({"new_qty": 0}, (Check.VALUE, 4, 1, 0)),
        (
            {"new_price": wire.MAX_PRICE, "new_qty": 9},
            (Check.ORDER_NOTIONAL, 4, wire.MAX_NOTIONAL, 9000 * wire.MAX_PRICE),
        ),
        ({"account": 2}, (Check.TRADE, 6, 1, 1)),
        ({"seller": 2}, (Check.TRADE, 5, 1, 1)),
        ({"qty": 6}, (Check.VALUE, 2, 5, 6)),
    ],
)
def test_what_is_wrong_is_refused_and_changes_nothing(
    desk: Desk, change: dict[str, int], expected: tuple[int, ...]
) -> None:
    traded(desk)
    before = (desk.market.accounts(), desk.market.positions(), desk.market.instruments())
    assert refusal(desk, ask.Command(ask.correct(1, 0, 1, 1000, 5).fields | change)) == expected
    assert (desk.market.accounts(), desk.market.positions(), desk.market.instruments()) == before
    assert standing(desk) == [] and desk.market_data == []


def test_as_many_trades_as_the_capacity_says(desk: Desk) -> None:
    desk.do(ask.configure(amendments=1), ask.instrument(0), ask.instrument_state(0, InstrumentState.OPEN))
    desk.do(ask.account(0, flags=SHORT), ask.account(1, flags=SHORT), ask.deposit(0, CASH), ask.deposit(1, CASH))
    deal(desk, 0, 1, 1000, 5, 1)
    deal(desk, 0, 1, 1000, 5, 2)
    desk.do(ask.correct(2, 0, 1, 1000, 5, new_qty=4))
    assert refusal(desk, ask.bust(1, 0, 1, 1000, 5)) == (Check.CAPACITY, 0, 1, 2)
    assert desk.one(ask.configure(amendments=0)).check == Check.VALUE  # never fewer
    desk.do(ask.configure(amendments=2), ask.correct(2, 0, 1, 1000, 4, new_qty=3), ask.bust(1, 0, 1, 1000, 5))
    assert standing(desk) == [(0, 2, 1000, 3, 2), (0, 1, 1000, 0, 1)]


def test_cash_out_of_range_is_refused_of_either(desk: Desk) -> None:
    desk.open(wire.MAX_CASH - wire.MAX_NOTIONAL, flags=SHORT)
    price, qty = 1 << 40, 81
    cash = price * qty * 100
    assert cash <= wire.MAX_NOTIONAL
    deal(desk, 0, 1, price, qty, 1)
    desk.do(ask.deposit(0, cash + wire.MAX_NOTIONAL - 10))
    event = desk.one(ask.bust(1, 0, 1, price, qty))
    assert (event.check, event.client_order_id, event.limit, event.value) == (Check.CASH_RANGE, 6, wire.MAX_CASH, cash)
    assert event.headroom == 10
    event = desk.one(ask.correct(1, 1, 0, 1, 1, new_price=price, new_qty=qty))  # as if 0 had sold: too much to get
    assert (event.check, event.client_order_id, event.value) == (Check.CASH_RANGE, 5, cash - 100)


def test_what_limits_forbid_is_booked_all_the_same(desk: Desk) -> None:
    """Without the right to sell short, and with all cash spent."""
    traded(desk)
    desk.do(ask.sell(0, 5, 1200, 5), ask.buy(2, 5, 1200, 5))  # 0 has sold what it bought
    desk.do(ask.deposit(0, -desk.account(0).cash + 3))
    desk.do(ask.bust(2, 2, 0, 1200, 5))
    assert money(desk, 0)[0] == 3 - 6_000_000
    desk.do(ask.bust(1, 0, 1, 1000, 5))
    assert desk.position(0).qty == 0
    assert desk.one(ask.buy(0, 6, 1, 1)).check == Check.BUYING_POWER


def test_a_position_may_go_short(desk: Desk) -> None:
    traded(desk)
    desk.do(ask.sell(0, 5, 1200, 5), ask.buy(2, 5, 1200, 5))
    desk.do(ask.bust(1, 0, 1, 1000, 5))
    assert (desk.position(0).qty, desk.position(0).cost) == (-5, -5_000_000)
    assert desk.account(0).short_proceeds == 5_000_000
    assert desk.one(ask.sell(0, 6, 1200, 1)).check == Check.SHORT_SALE


def test_an_account_that_traded_with_itself(desk: Desk) -> None:
    desk.open(CASH)
    desk.do(ask.shares(0, 0, 10, 1000))
    desk.do(ask.sell(0, 1, 50, 4), ask.buy(0, 2, 50, 4))
    first, second = desk.do(ask.bust(1, 0, 0, 50, 4))
    assert (first.account_seq + 1, first.side, second.side) == (second.account_seq, 0, 1)
    cash, realized, qty, cost, _ = money(desk, 0)
    assert (cash, qty, cost - realized) == (CASH, 10, 10_000)


def test_orders_stay_as_they_are(desk: Desk) -> None:
    desk.open(CASH, SHORT)
    desk.do(ask.sell(1, 1, 1000, 9), ask.buy(0, 1, 1000, 5))
    before = desk.orders()
    desk.do(ask.bust(1, 0, 1, 1000, 5))
    assert desk.orders() == before and before[0].leaves == 4 and before[0].filled == 5
    assert desk.position(1).open_sell == 4
    desk.do(ask.buy(0, 2, 1000, 4))
    assert desk.orders() == [] and desk.instrument().trades == 2


def test_a_pair_of_a_cross(desk: Desk) -> None:
    desk.open(CASH, SHORT)
    desk.do(ask.instrument_state(0, InstrumentState.CALL, AuctionKind.OPENING))
    desk.do(ask.sell(1, 1, 1000, 5), ask.buy(0, 1, 1000, 5), ask.run_auction(0))
    events = desk.do(ask.bust(1, 0, 1, 1000, 5, flags=1))
    assert [event.flags for event in events] == [EventFlag.CROSS, EventFlag.CROSS]
    assert [record.flags for record in desk.market_data] == [DataFlag.CROSS]
    assert desk.account(0).cash == desk.account(1).cash == CASH
