"""What limits measure, of accounts and of desks: every sum worked out anew. docs/desks.md, "Limits"."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from openbell.wire import Limit, RiskType, Side

from tests.reference import worth
from tests.reference.accounts import Account
from tests.reference.books import Instrument
from tests.reference.desks import tree
from tests.reference.desks.tree import Desk
from tests.reference.state import State

if TYPE_CHECKING:
    from tests.reference.checks import Asked

VOLUME = 10_000  # of the average volume
Holder = Account | Desk


class Held(NamedTuple):
    """A position and its open lots."""

    instrument: Instrument
    mark: int
    qty: int
    open_buy: int
    open_sell: int

    def at(self, lots: int) -> int:
        return worth.at(self.instrument, self.mark, lots)

    def signed(self, lots: int) -> int:
        return self.at(lots) if lots >= 0 else -self.at(lots)

    def position(self) -> int:
        """The most that it is or comes to with the open orders of one side."""
        return max(self.at(self.qty), self.at(self.qty + self.open_buy), self.at(self.qty - self.open_sell))

    def net(self, side: int) -> int:
        return self.signed(self.qty + self.open_buy if side == Side.BUY else self.qty - self.open_sell)

    def open_notional(self) -> int:
        return self.at(self.open_buy) + self.at(self.open_sell)


def is_watched(account: Account) -> bool:
    return account.risk_type != RiskType.NONE


def holders(state: State, account: Account) -> list[Holder]:
    """Of the limits of its orders; a holder's place in it is its distance."""
    return [account, *tree.above(state, account)]


def accounts_of(state: State, holder: Holder) -> list[Account]:
    """That a holder measures."""
    chosen = [holder] if isinstance(holder, Account) else tree.below(state, holder)
    return [account for account in chosen if is_watched(account)]


def held(state: State, account: Account) -> list[Held]:
    """All of its positions, as they are."""
    return [
        Held(
            state.instruments[number],
            position.mark,
            position.qty,
            account.open_qty(number, Side.BUY),
            account.open_qty(number, Side.SELL),
        )
        for number, position in account.positions.items()
    ]


def with_order(state: State, asked: Asked) -> list[Held]:
    """All positions of the order's account, its lots among the open ones."""
    instrument, every = asked.instrument, held(state, asked.account)
    if instrument.number not in asked.account.positions:
        every.append(Held(instrument, instrument.mark, 0, 0, 0))
    lots = asked.open_qty() + asked.qty
    changed = {"open_buy": lots} if asked.side == Side.BUY else {"open_sell": lots}
    return [each._replace(**changed) if each.instrument is instrument else each for each in every]


def every_held(state: State, holder: Holder, asked: Asked | None = None) -> list[Held]:
    """Of all that a holder measures; asked: with this order."""
    return [
        each
        for account in accounts_of(state, holder)
        for each in (with_order(state, asked) if asked and account is asked.account else held(state, account))
    ]


def gross(every: Iterable[Held]) -> int:
    return sum(each.position() for each in every)


def net(every: Iterable[Held], side: int) -> int:
    """Signed."""
    return sum(each.net(side) for each in every)


def open_notional(every: Iterable[Held]) -> int:
    return sum(each.open_notional() for each in every)


def open_orders(state: State, holder: Holder) -> int:
    return sum(len(account.orders) for account in accounts_of(state, holder))


def equity(state: State, holder: Holder) -> int:
    return sum(worth.held(state, account)[0] for account in accounts_of(state, holder))


def loss(state: State, holder: Holder) -> int:
    """Of the day; negative: gained."""
    return sum(account.base - worth.held(state, account)[0] for account in accounts_of(state, holder))


def lots_measure(limit: int, every: list[Held], side: int, instrument: Instrument) -> int:
    """POSITION to OPEN_NOTIONAL; POSITION: of the instrument's alone."""
    if limit == Limit.POSITION:
        return next((each.position() for each in every if each.instrument is instrument), 0)
    if limit == Limit.GROSS:
        return gross(every)
    if limit == Limit.NET:
        return abs(net(every, side))
    return open_notional(every)


def of_row(state: State, holder: Holder, limit: int) -> int:
    """What LimitRow says of a limit."""
    if isinstance(holder, Account) and not is_watched(holder):
        return 0
    every = every_held(state, holder)
    if limit == Limit.GROSS:
        return gross(every)
    if limit == Limit.NET:
        return max(abs(net(every, side)) for side in Side)
    if limit == Limit.OPEN_NOTIONAL:
        return open_notional(every)
    if limit == Limit.OPEN_ORDERS:
        return open_orders(state, holder)
    if limit == Limit.DAY_LOSS:
        return max(0, loss(state, holder))
    return holder.rate.count if limit == Limit.MESSAGES else 0
