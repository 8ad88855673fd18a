"""Dark orders looked at again: docs/orders.md, "Recheck", by hand."""

from __future__ import annotations

import pytest
from openbell.wire import CommandKind, EventFlag, InstrumentState, OrderFlag, OrderType, Peg, SelfTrade

from tests.ext.market import BUY, IOC, SELL, A, B, C, Market
from tests.ext.terse import resting, said, shown

HIDDEN, ALL_OR_NONE = OrderFlag.HIDDEN, OrderFlag.ALL_OR_NONE


def market() -> Market:
    m = Market()
    m.want_data = True
    m.instrument(0, -1, -1, 500, 10000)
    return m


def middle(m: Market, account: int, side: int, qty: int, **fields: int) -> int:
    """Enter a peg to the midpoint that meets nobody; its order id."""
    [accepted] = m.new(account, side, 0, qty, order_type=OrderType.PEGGED, peg=Peg.MIDPOINT, **fields)
    return int(accepted.order_id)


def apart(m: Market) -> int:
    """Two pegs half a tick apart: a buy of A at 502, and a sell of B at 503. The id of the offer between them."""
    m.buy(C, 500, 9)
    m.sell(C, 510, 9)
    offer = m.sell(C, 505, 9)[0]
    middle(m, A, BUY, 5)
    middle(m, B, SELL, 4)
    return int(offer.order_id)


def test_pegs_that_come_together_trade() -> None:
    m = market()
    offer = apart(m)
    assert said(m.cancel(C, offer)) == ["CANCELED C 9@505 left 0 USER", "FILL A+ 4@505 left 1", "FILL B 4@505 left 0"]
    assert shown(m) == ["DELETE S 9@505", "HIDDEN_TRADE B 4@505"]
    assert resting(m) == ["BOOK C B 9@500", "BOOK C S 9@510", "DARK A B 1@1000"]
    assert (m.account(A).hold, m.account(B).open_orders) == (100_000, 0)


@pytest.mark.parametrize(("first", "price"), [(BUY, 510), (SELL, 505)])
def test_the_one_that_came_first_rests_at_its_price(first: int, price: int) -> None:
    m = market()
    m.buy(C, 500, 9)
    bid = m.buy(C, 510, 1)[0]
    orders = {
        BUY: {"account": A, "side": BUY, "price": 510, "qty": 5, "flags": HIDDEN},
        SELL: {"account": B, "side": SELL, "price": 0, "qty": 3, "order_type": OrderType.PEGGED, "peg": Peg.MARKET},
    }
    orders[SELL]["offset"] = 5
    m.new(**orders[first])
    assert said(m.new(**orders[1 - first])) == []
    # The peg moves from 515 to 505.
    events = m.cancel(C, bid.order_id)[1:]
    sides = [BUY, SELL] if first == BUY else [SELL, BUY]
    assert [(e.price, e.side, e.flags) for e in events] == [
        (price, sides[0], EventFlag.MAKER),
        (price, sides[1], 0),
    ]
    assert shown(m)[1:] == [f"HIDDEN_TRADE {'BS'[first]} 3@{price}"]


def test_two_that_pass_each_other() -> None:
    """Neither has enough for the other, until a smaller one comes."""
    m = market()
    m.buy(A, 510, 4, flags=HIDDEN | ALL_OR_NONE)
    m.sell(B, 500, 9, flags=HIDDEN, min_qty=5)
    assert resting(m) == ["DARK A B 4@510", "DARK B S 9@500"]
    assert said(m.buy(A, 505, 5, flags=HIDDEN | ALL_OR_NONE)) == ["FILL B+ 5@500 left 4", "FILL A 5@500 left 0"]
    # Four are left, and so few are a minimum themselves; but nothing makes the market look again yet.
    assert resting(m) == ["DARK A B 4@510", "DARK B S 4@500"]
    assert said(m.buy(C, 400, 1)) == ["FILL A+ 4@510 left 0", "FILL B 4@510 left 0"]


def test_a_displayed_order_always_rests() -> None:
    m = market()
    m.buy(A, 500, 20, flags=HIDDEN, min_qty=10)
    m.sell(B, 500, 4)  # too few for the buy
    assert resting(m) == ["BOOK B S 4@500", "DARK A B 20@500"]
    m.sell(C, 500, 3)
    assert len(m.orders()) == 3
    events = m.sell(B, 495, 12)  # 12 are enough; eight are left, and so few are a minimum themselves
    assert said(events) == ["FILL A+ 12@500 left 8", "FILL B 12@500 left 0"]
    assert resting(m) == ["BOOK B S 4@500", "BOOK C S 3@500", "DARK A B 8@500"]
    m.sell(B, 510, 1)
    assert len(m.orders()) == 4  # the best offer has not changed
    events = m.buy(A, 490, 1)  # the best bid has; but eight are not to be had at once
    assert said(events) == []
    [peg] = m.new(A, BUY, 0, 1, order_type=OrderType.PEGGED, peg=Peg.PRIMARY)
    m.cancel(A, peg.order_id)
    mine = next(row for row in m.orders() if row.leaves == 8)
    m.replace(A, mine.order_id, 500, 15)  # three left
    assert resting(m)[-1] == "DARK A B 3@500"
    events = m.buy(A, 495, 1)
    assert said(events) == ["FILL B+ 3@500 left 1", "FILL A 3@500 left 0"]
    assert shown(m) == ["ADD B 1@495", "EXECUTE S 3@500"]


def test_a_displayed_order_that_was_left_because_it_was_too_few() -> None:
    """An iceberg counts with all its lots."""
    m = market()
    m.buy(A, 500, 20, flags=HIDDEN, min_qty=10)
    order = m.sell(B, 500, 9)[0]
    assert said(m.replace(B, order.order_id, 500, 9, OrderFlag.REQUEUE)) == ["REPLACED B 9@500 left 9"]
    assert said(m.replace(B, order.order_id, 500, 10))[1:] == ["FILL A+ 10@500 left 10", "FILL B 10@500 left 0"]
    assert said(m.sell(B, 500, 12, display_qty=3)) == ["FILL A+ 10@500 left 0", "FILL B 10@500 left 2"]


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        (SelfTrade.ALLOW, ["FILL A+ 3@505 left 2", "FILL A 3@505 left 0"]),
        (SelfTrade.CANCEL_NEWEST, ["CANCELED A 3@5 left 0 SELF_TRADE"]),
        (SelfTrade.CANCEL_OLDEST, ["CANCELED A 5@1000 left 0 SELF_TRADE"]),
        (SelfTrade.CANCEL_BOTH, ["CANCELED A 5@1000 left 0 SELF_TRADE", "CANCELED A 3@5 left 0 SELF_TRADE"]),
        (SelfTrade.DECREMENT, ["RESTATED A 2@1000 left 2 SELF_TRADE", "CANCELED A 3@5 left 0 SELF_TRADE"]),
    ],
)
def test_own_orders_that_come_together(mode: SelfTrade, expected: list[str]) -> None:
    m = market()
    m.admin(CommandKind.DEPOSIT_SHARES, 9, 0, account=A, instrument=0)
    m.buy(C, 500, 9)
    m.sell(C, 510, 9)
    offer = m.sell(C, 505, 9)[0]
    middle(m, A, BUY, 5)
    middle(m, A, SELL, 3, self_trade=mode)
    assert said(m.cancel(C, offer.order_id))[1:] == expected
    left = m.orders(account=A)
    assert m.account(A).open_orders == len(left)
    assert m.account(A).hold == sum(row.hold for row in left)
    assert m.position(A).open_sell == sum(row.leaves for row in left if row.side == SELL)


def test_the_recheck_comes_before_the_queue_is_served() -> None:
    m = market()
    offer = apart(m)
    m.new(C, BUY, 0, 2, order_type=OrderType.STOP, stop_price=505)
    events = m.cancel(C, offer)
    # The trade of the pegs meets the stop; it takes the offer at 510.
    assert said(events)[1:3] == ["FILL A+ 4@505 left 1", "FILL B 4@505 left 0"]
    assert said(events)[3].startswith("TRIGGERED C 2@")
    assert said(events)[4:] == ["FILL C+ 2@510 left 7", "FILL C 2@510 left 0"]


def test_between_two_of_the_queue_there_is_a_recheck_too() -> None:
    m = market()
    m.buy(C, 500, 9)
    offer = m.sell(C, 505, 9)[0]
    m.sell(C, 510, 1)
    m.sell(C, 520, 9)
    m.sell(B, 510, 1, flags=HIDDEN)
    m.new(A, BUY, 0, 1, order_type=OrderType.PEGGED, peg=Peg.MARKET, offset=-10)
    middle(m, A, BUY, 4)
    middle(m, B, SELL, 4)
    for _ in range(2):
        m.new(A, BUY, 0, 1, order_type=OrderType.STOP, stop_price=505)
    events = m.cancel(C, offer.order_id)
    # The pegs to the midpoint meet both stops. The first takes the offer at 510, so the other peg is at 510 and takes
    # what is hidden there. Nothing of that is left for the second stop.
    fills = [(e.account, e.price) for e in events if e.flags & EventFlag.MAKER]
    assert fills == [(A, 505), (C, 510), (B, 510), (C, 520)]


def test_what_a_closed_instrument_has_waits_until_it_opens() -> None:
    m = market()
    offer = apart(m)
    m.admin(CommandKind.SET_INSTRUMENT_STATE, instrument=0, state=InstrumentState.HALTED)
    assert said(m.cancel(C, offer)) == ["CANCELED C 9@505 left 0 USER"]
    events = m.admin(CommandKind.SET_INSTRUMENT_STATE, instrument=0, state=InstrumentState.OPEN)
    assert said(events)[1:] == ["FILL A+ 4@505 left 1", "FILL B 4@505 left 0"]


def test_one_that_trades_as_it_comes_is_not_looked_at_again_for_what_it_passed_over() -> None:
    m = market()
    m.sell(B, 500, 9, flags=HIDDEN | ALL_OR_NONE)
    assert said(m.buy(A, 500, 4, flags=HIDDEN)) == []
    assert said(m.buy(C, 500, 9, tif=IOC))[0] == "FILL B+ 9@500 left 0"
    assert resting(m) == ["DARK A B 4@500"]


@pytest.mark.parametrize("side", [BUY, SELL])
def test_pegs_that_are_too_few_are_passed_over_in_the_order_of_their_prices(side: int) -> None:
    """Some are at their cap and some are not, and the displayed order is among them."""
    sign, accounts = (1, (A, B)) if side == BUY else (-1, (B, A))
    m = market()
    m.new(C, side, 520 - 20 * sign, 9)
    near = m.new(C, 1 - side, 520, 9)[0]
    m.new(C, 1 - side, 520 + 80 * sign, 9)
    m.new(accounts[1], 1 - side, 520 + 10 * sign, 12, flags=HIDDEN, min_qty=10)
    ids = []
    for qty, offset, cap in ((1, 0, 0), (1, 0, 25), (1, -5, 15), (11, 0, 10), (99, -25, 0), (99, 0, 5)):
        fields = {"order_type": OrderType.PEGGED, "peg": Peg.MIDPOINT, "offset": offset * sign}
        [accepted] = m.new(accounts[0], side, 520 + cap * sign if cap else 0, qty, **fields)
        ids.append(accepted.order_id)
    # The middle moves from 510 (530) to 550 (490): they are at 550, 545, 535, 530, 525, 525. The one lot that is left
    # of the other is a minimum of one then, and the best of them has it.
    events = m.cancel(C, near.order_id)[1:]
    own = [e for e in events if e.account == accounts[0]]
    assert [(e.order_id, e.qty, e.price) for e in own] == [(ids[3], 11, 520 + 10 * sign), (ids[0], 1, 520 + 10 * sign)]
    assert len(events) == 4
