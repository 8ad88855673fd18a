"""Accounts and positions: cash, limits, message rate, average cost."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from openbell import wire

from tests.reference.cash.kept import Ruled, Unpaid
from tests.reference.daytrading.kept import DayTrader, Opened

if TYPE_CHECKING:
    from tests.reference.books import Order

SECOND_NS = 1_000_000_000
DUE = 4  # the most settlements that cash may wait for


def divide(dividend: int, divisor: int) -> int:
    """Division that truncates toward zero."""
    quotient = abs(dividend) // abs(divisor)
    return quotient if (dividend < 0) == (divisor < 0) else -quotient


def at_most_all_cash(amount: int) -> int:
    """Cost and realized P&L stop at +/- MAX_CASH."""
    return max(-wire.MAX_CASH, min(wire.MAX_CASH, amount))


@dataclass
class Position:
    """Shares of one account in one instrument: average cost is cost / qty."""

    account: int
    instrument: int
    qty: int = 0
    cost: int = 0
    realized_pnl: int = 0
    mark: int = 0  # price that it counts at: docs/risk.md
    located: int = 0  # lots that may be sold short: docs/borrow.md
    due: int = 0  # of dividends; negative: owed: docs/actions.md
    unpaid: Unpaid = field(default_factory=Unpaid)  # of an account with a rule: docs/cash.md
    opened: Opened = field(default_factory=Opened)  # of an account with a rule: docs/daytrading.md

    def release(self, lots: int) -> int:
        """Take `lots` off |qty| and their part off the cost; that part."""
        released = divide(self.cost * lots, abs(self.qty))
        self.cost -= released
        self.qty += lots if self.qty < 0 else -lots
        return released

    def buy(self, qty: int, lot_cash: int) -> int:
        """Buy `qty` lots at `lot_cash` a lot; what that realizes."""
        covered, realized = min(qty, max(0, -self.qty)), 0
        if covered:
            realized = -self.release(covered) - covered * lot_cash
        self.qty += qty - covered
        self.cost = at_most_all_cash(self.cost + (qty - covered) * lot_cash)
        self.realized_pnl = at_most_all_cash(self.realized_pnl + realized)
        return realized

    def sell(self, qty: int, lot_cash: int) -> int:
        """Sell `qty` lots at `lot_cash` a lot; what that realizes."""
        closed, realized = min(qty, max(0, self.qty)), 0
        if closed:
            realized = closed * lot_cash - self.release(closed)
        self.qty -= qty - closed
        self.cost = at_most_all_cash(self.cost - (qty - closed) * lot_cash)
        self.realized_pnl = at_most_all_cash(self.realized_pnl + realized)
        return realized


@dataclass
class MessageRate:
    """Orders and replaces since the window began."""

    window_start_ns: int = 0
    count: int = 0

    def start_anew_if_over(self, ts_ns: int) -> None:
        if ts_ns - self.window_start_ns >= SECOND_NS:
            self.window_start_ns, self.count = ts_ns, 0


class Bounds(NamedTuple):
    """A hard and a soft limit; 0: none."""

    hard: int = 0
    soft: int = 0


@dataclass
class Repeat:
    """An order that is remembered: when the first like it came, and how many since."""

    content: tuple[int, ...]
    first_ns: int
    count: int = 0


class Withdrawal(NamedTuple):
    """Cash that is kept back since ts_ns."""

    amount: int
    ts_ns: int


@dataclass
class Account:
    """One account; what is open is read from its orders."""

    number: int
    name: bytes = b""
    state: int = wire.AccountState.ACTIVE
    flags: int = 0
    cash: int = 0
    max_order_qty: int = 0
    max_order_notional: int = 0
    max_position: int = 0
    max_open_orders: int = 0
    max_messages: int = 0
    account_seq: int = 0
    realized_pnl: int = 0
    id_floor: int = 0
    last_client_order_id: int = 0
    currency: int = 0  # 0: any
    plan: int = 0  # of fees; 0: none
    risk_type: int = wire.RiskType.NONE
    level: int = wire.RiskLevel.NORMAL  # after the last command
    desk: int = 0  # that it is in; 0: none
    lists: int = 0  # of instruments that it may not trade, bits
    base: int = 0  # equity that the loss of the day counts from
    is_losing: bool = False  # more than its soft limit says, after the last command
    ruled: Ruled | None = None  # what its CashRule keeps; None: it has none
    trader: DayTrader | None = None  # what its DayTradeRule keeps, likewise
    is_limited: bool = False  # has a place among those that may have limits
    fees: int = 0  # of its fills so far
    today: int = 0  # cash of trades since the last settlement
    due: list[int] = field(default_factory=lambda: [0] * DUE)  # that settles in 1, 2, ... settlements more
    withdrawals: dict[int, Withdrawal] = field(default_factory=dict)  # on their way, by number
    rate: MessageRate = field(default_factory=MessageRate)
    limits: dict[int, Bounds] = field(default_factory=dict)  # by Limit
    repeats: list[Repeat] = field(default_factory=list)  # the one sent last comes last
    orders: list[Order] = field(default_factory=list)  # live, oldest accepted first
    positions: dict[int, Position] = field(default_factory=dict)

    def resting(self) -> list[Order]:
        return [order for order in self.orders if order.resting]

    def hold(self) -> int:
        return sum(order.hold() for order in self.resting()) + self.withdrawn()

    def withdrawn(self) -> int:
        """Cash held for withdrawals."""
        return sum(withdrawal.amount for withdrawal in self.withdrawals.values())

    def free(self) -> int:
        is_bounded = not self.has_credit() and not self.has_margin()
        return self.cash - self.hold() + (-self.short_proceeds() if is_bounded else wire.MAX_CASH)

    def unsettled(self) -> int:
        return sum(self.due) + self.today

    def settled(self) -> int:
        return self.cash - self.unsettled()

    def settled_and_free(self) -> int:
        """Settled cash that is neither owed nor needed: what may go, but of a MARGIN account."""
        owed = sum(max(0, -amount) for amount in (*self.due, self.today))
        return max(0, min(self.free(), self.settled() - owed - self.withdrawn()))

    def open_qty(self, instrument: int, side: int) -> int:
        """Lots in open orders."""
        chosen = [
            order
            for order in self.resting()
            if (order.instrument.number, order.side) == (instrument, side) and order.place != wire.Place.WAIT
        ]
        rings = {id(order.ring or order): order.leaves for order in chosen}  # the lots of a ring count once
        return sum(rings.values())

    def short_proceeds(self) -> int:
        return sum(max(0, -position.cost) for position in self.positions.values())

    def realize(self, amount: int) -> None:
        self.realized_pnl = at_most_all_cash(self.realized_pnl + amount)

    def may_short(self) -> bool:
        return bool(self.flags & wire.AccountFlag.SHORT_ALLOWED)

    def has_credit(self) -> bool:
        return bool(self.flags & wire.AccountFlag.CREDIT_UNLIMITED)

    def has_margin(self) -> bool:
        return self.risk_type == wire.RiskType.MARGIN
