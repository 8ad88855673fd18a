"""What a trade of an account with a CashRule is paid with, and what of a sale was not paid for. docs/cash.md."""

from __future__ import annotations

from typing import NamedTuple

from openbell import wire

from tests.reference.accounts import Account, Position
from tests.reference.books import BUY, Instrument, Order
from tests.reference.cash import violations
from tests.reference.cash.kept import LATEST_FIRST, OF_PROCEEDS, OWED, STEPS, TODAY
from tests.reference.state import State


class Left(NamedTuple):
    """Lots that left a position and were not paid for."""

    step: int
    lots: int
    money: int


def funds(account: Account) -> int:
    """Settled money that has paid for nothing yet."""
    return account.cash - account.withdrawn() - (account.ruled.pending() if account.ruled else 0)


def add_proceeds(account: Account, step: int, amount: int) -> None:
    """As far as all together stay at or below MAX_CASH: what is beyond is funds."""
    if account.ruled:
        account.ruled.proceeds[step] += min(amount, wire.MAX_CASH - account.ruled.pending())


# Trades


def traded(state: State, orders: tuple[Order, Order], price: int, qty: int) -> None:
    """After both sides' FILL; the first order's account first."""
    if orders[0].account is orders[1].account:
        return
    for order in orders:
        account, instrument = order.account, order.instrument
        if account.ruled is None:
            continue
        position, cash = account.positions[instrument.number], instrument.notional(price, qty)
        if order.side == BUY:
            buy(account, position, qty, cash)
        else:
            left = sale(state, account, position, qty, cash)
            violations.of_sale(state, account, position, left, order.order_id, order.client_order_id)


def buy(account: Account, position: Position, lots: int, cash: int) -> None:
    """It has been booked: cash is gone and the lots are there."""
    assert account.ruled
    paid = {0: min(cash, max(0, funds(account) + cash))}
    for step in OF_PROCEEDS:
        paid[step] = min(cash - sum(paid.values()), account.ruled.proceeds[step])
        account.ruled.proceeds[step] -= paid[step]
    paid[OWED] = cash - sum(paid.values())
    if position.qty - lots < 0:
        return
    so_far, carried, unpaid = paid[0], 0, position.unpaid
    for step in STEPS:
        before, so_far = so_far, so_far + paid[step]
        new = lots * so_far // cash - lots * before // cash
        if new == 0:
            carried += paid[step]
            continue
        unpaid.lots[step] += new
        unpaid.money[step] = min(wire.MAX_CASH, unpaid.money[step] + paid[step] + carried)
        carried = 0
    assert carried == 0


def sale(state: State, account: Account, position: Position, lots: int, cash: int) -> list[Left]:
    """It has been booked: the lots are gone. Those of them that were not paid for."""
    before, unpaid = position.qty + lots, position.unpaid
    due = max(0, min(lots, before) - (before - unpaid.all_lots())) if before > 0 else 0
    left = []
    for step in STEPS:
        leaving = min(due, unpaid.lots[step])
        if leaving:
            left.append(Left(step, leaving, unpaid.take(step, leaving)))
            due -= leaving
    assert due == 0
    if state.settled_day:
        add_proceeds(account, TODAY, cash)
    return left


# Amendments


def undo(account: Account, instrument: Instrument, side: int, price: int, qty: int) -> None:
    """A trade that was booked the other way round."""
    if account.ruled is None:
        return
    cash = instrument.notional(price, qty)
    if side == BUY:
        undo_buy(account, account.positions[instrument.number], qty, cash)
    else:
        undo_sale(account, cash)


def instead(state: State, account: Account, instrument: Instrument, side: int, price: int, qty: int) -> None:
    """What a correction has booked in its place: no violation."""
    if account.ruled is None:
        return
    position, cash = account.positions[instrument.number], instrument.notional(price, qty)
    if side == BUY:
        buy(account, position, qty, cash)
    else:
        sale(state, account, position, qty, cash)


def undo_buy(account: Account, position: Position, lots: int, cash: int) -> None:
    due, budget = min(lots, position.unpaid.all_lots()), cash
    for step in LATEST_FIRST:
        leaving = min(due, position.unpaid.lots[step])
        due -= leaving
        gone = position.unpaid.take(step, leaving)
        if step != OWED:  # there was no money
            back = min(budget, gone)
            budget -= back
            add_proceeds(account, step, back)


def undo_sale(account: Account, cash: int) -> None:
    assert account.ruled
    for step in OF_PROCEEDS[::-1]:
        taken = min(cash, account.ruled.proceeds[step])
        account.ruled.proceeds[step] -= taken
        cash -= taken


# What else pays, or changes lots


def deposited(state: State, account: Account, amount: int) -> None:
    """Of what came in; it is booked."""
    if account.ruled is None:
        return
    own = [position for position in state.positions if position.account == account.number]
    left = min(amount, max(0, funds(account)))
    if funds(account) >= 0:
        for position in own:
            position.unpaid.pay(OWED)
    for position in own:
        unpaid = position.unpaid
        for step in STEPS:
            money = unpaid.money[step]
            paying = min(left, money)
            if paying:
                left -= paying
                unpaid.money[step] -= paying
                unpaid.lots[step] = -(-unpaid.lots[step] * unpaid.money[step] // money)
                add_proceeds(account, step, paying)


def delivered(state: State, account: Account, position: Position, lots: int) -> None:
    """DEPOSIT_SHARES that took lots away; it was told."""
    if account.ruled is not None:
        violations.of_sale(state, account, position, sale(state, account, position, lots, 0), 0, 0)


def split(position: Position, new: int, old: int) -> None:
    unpaid = position.unpaid
    for step in STEPS:
        unpaid.lots[step] = unpaid.lots[step] * new // old
        if unpaid.lots[step] == 0:
            unpaid.money[step] = 0
