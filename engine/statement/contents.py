"""What a statement says. Cash is in units of 1e-6, prices of 1e-4, quantities in shares."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

CASH_PLACES = 6
USUAL_PLACES = 2
# Currencies whose smallest unit is not a hundredth: ISO 4217, table A.1.
PLACES = {
    **dict.fromkeys("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(), 0),
    **dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3),
}


@dataclass(frozen=True, slots=True)
class Balance:
    """What an account had at a time. `held_for_orders`: None where it is not known, as of any time but the present."""

    cash: int
    settled: int
    held_for_withdrawals: int
    held_for_orders: int | None

    @property
    def unsettled(self) -> int:
        """Of trades whose business day has not come."""
        return self.cash - self.settled


@dataclass(frozen=True, slots=True)
class Line:
    """One movement. quantity, price, amount: None where it has none; `balance`: the cash after it."""

    seq: int
    ts: datetime
    entry: str  # TRADE, FEE, CHARGE, DEPOSIT, WITHDRAWAL, SHARES, SPLIT, BUST, CORRECTION
    text: str
    symbol: str | None
    quantity: int | None
    price: int | None
    amount: int
    balance: int
    trade_id: int | None = None
    reference: int | None = None


@dataclass(slots=True)
class Trade:
    """One side of a trade, with the fees that were charged for it."""

    ts: datetime
    trade_id: int
    side: str
    symbol: str
    quantity: int
    price: int
    amount: int
    fees: int = 0
    status: str = ""  # what became of it within the period: busted, corrected

    @property
    def net(self) -> int:
        """What it came to."""
        return self.amount - self.fees


@dataclass(frozen=True, slots=True)
class Holding:
    """A position at the end. `last_price`: None where there was no trade. cost: negative of a short one."""

    symbol: str
    quantity: int
    cost: int
    last_price: int | None

    @property
    def average_price(self) -> int:
        """In units of cash (1e-6), rounded."""
        return (2 * abs(self.cost) + abs(self.quantity)) // (2 * abs(self.quantity))

    @property
    def value(self) -> int | None:
        """At the last price."""
        return None if self.last_price is None else self.last_price * self.quantity * 100

    @property
    def gain(self) -> int | None:
        """Above cost."""
        return None if self.value is None else self.value - self.cost


@dataclass(frozen=True, slots=True)
class Lot:
    """Open shares that came at once. quantity and cost: below 0 of those that were sold short."""

    symbol: str
    since: datetime
    quantity: int
    cost: int

    @property
    def price(self) -> int:
        """What a share cost, in units of cash (1e-6), rounded."""
        return (2 * abs(self.cost) + abs(self.quantity)) // (2 * abs(self.quantity))


@dataclass(frozen=True, slots=True)
class Gain:
    """Shares that were bought and sold, first in, first out. quantity: None of a fraction of a share."""

    ts: datetime  # of the later of the two
    text: str
    quantity: int | None
    cost: int
    proceeds: int

    @property
    def amount(self) -> int:
        """Without fees; below 0: a loss."""
        return self.proceeds - self.cost


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """One in two phases. ended: None while it is on its way."""

    number: int
    amount: int
    held: datetime
    ended: datetime | None
    result: str  # on its way, paid out, released
    reason: str


@dataclass(slots=True)
class Statement:
    """Of one account and period. `first`, `last`: times of what is shown, `as_of_seq` is the database's watermark."""

    account: int
    name: str
    currency: str
    first: datetime
    last: datetime
    as_of: datetime
    as_of_seq: int
    opening: Balance
    closing: Balance
    lines: list[Line] = field(default_factory=list)
    trades: list[Trade] = field(default_factory=list)
    holdings: list[Holding] = field(default_factory=list)
    fees: dict[str, int] = field(default_factory=dict)  # by kind, what was paid
    withdrawals: list[Withdrawal] = field(default_factory=list)
    lots: list[Lot] = field(default_factory=list)
    gains: list[Gain] = field(default_factory=list)

    @property
    def places(self) -> int:
        """Decimals of its amounts: those of the currency, or as many as the finest amount has."""
        amounts = [*self._amounts()]
        least = PLACES.get(self.currency, USUAL_PLACES)
        return next(
            places
            for places in range(least, CASH_PLACES + 1)
            if places == CASH_PLACES or all(amount % 10 ** (CASH_PLACES - places) == 0 for amount in amounts)
        )

    def _amounts(self) -> Iterator[int]:
        for balance in (self.opening, self.closing):
            yield from (balance.cash, balance.settled, balance.held_for_withdrawals, balance.held_for_orders or 0)
        yield from (line.amount for line in self.lines)
        yield from (one.amount for one in self.withdrawals)


def decimals(units: int, places: int, scale: int = CASH_PLACES) -> str:
    """Units of 10**-scale with so many places, rounded half away from zero: -1,234.50."""
    step = 10 ** (scale - places)
    rounded = (abs(units) + step // 2) // step
    whole, fraction = divmod(rounded, 10**places)
    text = f"{whole:,}" + (f".{fraction:0{places}d}" if places else "")
    return f"-{text}" if units < 0 and rounded else text


def price_text(units: int | None) -> str:
    """A price of 1e-4: two places, more where it has them; empty: none."""
    if units is None:
        return ""
    return decimals(units, 2 if units % 100 == 0 else 4, 4)
