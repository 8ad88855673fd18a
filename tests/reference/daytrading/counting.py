"""Which fills are day trades, and who makes a pattern of them. docs/daytrading.md, "What counts"."""

from __future__ import annotations

from openbell.wire import EventKind

from tests.reference.accounts import Account, Position
from tests.reference.books import BUY, Order
from tests.reference.daytrading.kept import MOST, DayTrader, Opened
from tests.reference.state import State

WHOLE = 10_000


def traded(state: State, orders: tuple[Order, Order], qty: int) -> None:
    """After both sides' FILL; the first order's account first."""
    if orders[0].account is orders[1].account:
        return
    for order in orders:
        if order.account.trader is not None:
            filled(state, order.account.trader, order, qty)


def filled(state: State, trader: DayTrader, order: Order, qty: int) -> None:
    """It has been booked."""
    position = order.account.positions[order.instrument.number]
    before = position.qty - qty if order.side == BUY else position.qty + qty
    opened, closes = position.opened, before < 0 if order.side == BUY else before > 0
    if order.order_id != opened.last:
        trader.trades[0] = min(MOST, trader.trades[0] + 1)
        opened.last = order.order_id
    closed = min(qty, abs(before)) if closes else 0
    if closed > 0 and opened.lots > 0:
        is_new = opened.run != order.side
        opened.run, opened.lots = order.side, max(0, opened.lots - closed)
        if is_new:
            trader.day_trades[0] = min(MOST, trader.day_trades[0] + 1)
            tell(state, trader, order)
    if closed > 0 and closed == abs(before):
        opened.lots = 0
    if qty > closed:
        opened.lots, opened.run = opened.lots + qty - closed, None


def counted(state: State, trader: DayTrader) -> tuple[int, int]:
    """Day trades and trades of the days that count."""
    days = state.day_trades.days
    return sum(trader.day_trades[:days]), sum(trader.trades[:days])


def tell(state: State, trader: DayTrader, order: Order) -> None:
    """A day trade, and whether it makes a pattern."""
    settings, (day_trades, trades) = state.day_trades, counted(state, trader)
    is_pattern = 0 < settings.most <= day_trades and day_trades * WHOLE > trades * settings.share
    makes_it = is_pattern and not trader.is_pattern
    trader.is_pattern |= makes_it
    state.output.event(
        EventKind.DAY_TRADE,
        order.account,
        instrument=order.instrument.number,
        side=order.side,
        order_id=order.order_id,
        client_order_id=order.client_order_id,
        trade_id=order.instrument.trades,
        qty=day_trades,
        leaves=trades,
        flags=int(makes_it),
    )


# What else changes lots, and days


def changed(position: Position, before: int) -> None:
    """Lots came or went without a trade. before: the position before the command; all of it is booked."""
    if (position.qty > 0) != (before > 0) or (position.qty < 0) != (before < 0):
        position.opened.lots = 0
    position.opened.lots = min(position.opened.lots, abs(position.qty))


def split(position: Position, new: int, old: int) -> None:
    position.opened.lots = position.opened.lots * new // old


def day_over(state: State) -> None:
    """SETTLE."""
    for position in state.positions:
        position.opened = Opened()
    for account in state.accounts.values():
        if account.trader is not None:
            another_day(account.trader)


def another_day(trader: DayTrader) -> None:
    for days in (trader.day_trades, trader.trades, trader.kept):
        days[:] = [0, *days[:-1]]


def forget(account: Account) -> None:
    """All that was counted of its positions."""
    for position in account.positions.values():
        position.opened = Opened()
