"""What an order needs of a MARGIN account's equity, and what may be taken out of one. docs/risk.md, "Margin"."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from openbell.wire import Check, Side

from tests.reference import fees, worth
from tests.reference.accounts import Account
from tests.reference.cash import trades
from tests.reference.daytrading import rules
from tests.reference.ledger import LARGEST_I64, within_i64
from tests.reference.output import Failure
from tests.reference.state import State

if TYPE_CHECKING:
    from tests.reference.checks import Asked


def failures(state: State, asked: Asked) -> Iterator[Failure]:
    """Check 24m."""
    account = asked.account
    if not account.has_margin():
        return
    position = account.positions.get(asked.instrument.number)
    mark = position.mark if position else asked.instrument.mark
    if mark == 0 and asked.qty > asked.room():
        yield Failure(Check.NO_PRICE, 0, 0)
    needed, lost = need(asked, mark), loss(asked, mark)
    left = worth.excess(state, account) - kept(state, asked)
    if needed > 0 and needed + lost > left:
        room = within_i64(max(0, left))
        yield Failure(Check.MARGIN, room, within_i64(needed + lost), room)


def need(asked: Asked, mark: int) -> int:
    """Initial of the position with the order's lots, less what it is."""
    account, instrument = asked.account, asked.instrument
    position = account.positions.get(instrument.number)
    held = position.qty if position else 0
    before = {side: account.open_qty(instrument.number, side) for side in Side}
    after = before | {Side(asked.side): asked.open_qty() + asked.qty}
    sums = [worth.initial(instrument, mark, held, lots[Side.BUY], lots[Side.SELL]) for lots in (before, after)]
    return sums[1] - sums[0]


def loss(asked: Asked, mark: int) -> int:
    """What the order would lose at once, if it traded at its price."""
    lost = asked.notional() - worth.at(asked.instrument, mark, asked.qty)
    return max(0, lost if asked.side == Side.BUY else -lost)


def kept(state: State, asked: Asked) -> int:
    """For fees."""
    notional = asked.notional() if asked.side == Side.BUY else 0
    return fees.reserve(state, asked.account, asked.hold(), notional, asked.others())


def withdrawable(state: State, account: Account) -> int:
    """Cash that may be taken out of any account."""
    if not account.has_margin():
        most = account.settled_and_free()
        return max(0, min(most, trades.funds(account))) if account.ruled else most
    most = min(worth.excess(state, account), account.free(), LARGEST_I64 - account.hold())
    return max(0, most - rules.kept(account))
