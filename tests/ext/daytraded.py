"""What the tests of day trades share: a margin account that is held to the rule, days that end, and what is told."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from openbell import wire
from openbell.wire import AccountFlag, CommandKind, DayTradeRule, EventKind, InstrumentState, RiskType

from ext.core import Core
from tests.ext.market import BUY, CASH, SELL, A, B, Market, plain, record
from tests.ext.risky import DOLLAR, UNIT

MONDAY = 20261130
PRICE = 10  # dollars
FINRA = (4, 5, 600, 25_000 * UNIT)  # values of SET_DAY_TRADES


class Days(Market):
    """A is a MARGIN account with so many dollars and the rule of FINRA, and may sell short. B trades with him; a lot is
    a share of 10 dollars that needs no margin unless a test says so."""

    def __init__(self, usd: int = 100_000, *settings: int, rule: int = DayTradeRule.PATTERN) -> None:
        super().__init__(amendments=8)
        self.instrument(0, -1, 1, PRICE * DOLLAR)
        self.instrument(1, 1, 1, PRICE * DOLLAR)
        self.state(InstrumentState.OPEN, instrument=1)
        for instrument in (0, 1):
            self.admin(CommandKind.SET_MARGIN, instrument=instrument)
        self.admin(CommandKind.SET_RISK, 1_000)
        self.tick(self.ts_ns)  # they have their mark
        self.admin(CommandKind.SET_DAY_TRADES, *(settings or FINRA))
        self.admin(CommandKind.DEPOSIT, usd * UNIT - CASH, account=A)
        self.limits(A, flags=AccountFlag.SHORT_ALLOWED)
        self.rule(rule)
        self.date = MONDAY

    def rule(self, rule: int, risk_type: int = RiskType.MARGIN, account: int = A) -> list[SimpleNamespace]:
        return self.admin(CommandKind.SET_ACCOUNT_RISK, 0, 0, rule, account=account, state=risk_type, request=5)

    def settle(self) -> list[SimpleNamespace]:
        self.date += 1
        return self.admin(CommandKind.SETTLE, self.date - 1, 1)

    def deposit(self, usd: float, account: int = A) -> list[SimpleNamespace]:
        return self.admin(CommandKind.DEPOSIT, int(usd * UNIT), account=account)

    def lift(self, account: int = A) -> list[SimpleNamespace]:
        return self.admin(CommandKind.LIFT_DAY_TRADER, account=account, request=8)

    def trade(self, side: int, lots: int, instrument: int = 0, usd: int = PRICE) -> list[SimpleNamespace]:
        """A trades so many lots with B, if he may: what his order gave."""
        (asked, *_) = self.new(B, side ^ 1, usd * DOLLAR, lots, instrument=instrument)
        events = self.new(A, side, usd * DOLLAR, lots, instrument=instrument)
        self.cancel(B, asked.order_id)
        return events

    def trades(self, *lots: int, instrument: int = 0) -> list[tuple[int, int, int]]:
        """Buys (and, negative, sells): what was told of day trades."""
        return [one for n in lots for one in told(self.trade(BUY if n > 0 else SELL, abs(n), instrument))]

    def round_trips(self, count: int) -> list[tuple[int, int, int]]:
        return [one for _ in range(count) for one in self.trades(10, -10)]

    def amend(self, trade: SimpleNamespace, buyer: int, seller: int, **new: int) -> list[SimpleNamespace]:
        """Bust a trade, or correct it to new_price and new_qty."""
        kind = CommandKind.CORRECT_TRADE if new else CommandKind.BUST_TRADE
        fields = {
            "seq": self.core.seq + 1, "ts_ns": self.ts_ns, "kind": kind, "account": buyer, "seller": seller,
            "instrument": trade.instrument, "trade_id": trade.trade_id, "price": trade.price, "qty": trade.qty,
        } | new  # fmt: skip
        return self.apply(record(wire.AMEND_COMMAND, **fields))

    def row(self, account: int = A) -> SimpleNamespace:
        rows = plain(self.core.day_traders(), wire.DAY_TRADE_ROW)
        return next(row for row in rows if row.account == account)

    def counts(self) -> tuple[int, int, int]:
        """Day trades and trades that count, and whether it is a pattern day trader."""
        row = self.row()
        return row.day_trades, row.trades, row.is_pattern

    def kept(self) -> list[float]:
        row = self.row()
        return [getattr(row, f"kept_{k}") / UNIT for k in range(3)]


def told(events: list[Any]) -> list[tuple[int, int, int]]:
    """Day trades, trades and whether it made a pattern, of each DAY_TRADE."""
    return [(e.qty, e.leaves, e.flags) for e in events if e.kind == EventKind.DAY_TRADE]


def fill_of(events: list[Any]) -> SimpleNamespace:
    """The first FILL of A."""
    found: SimpleNamespace = next(e for e in events if e.kind == EventKind.FILL and e.account == A)
    return found


def check_snapshot(core: Core) -> None:
    """What was saved goes on as what it was saved from, and says the same of all of this."""
    again = Core.restore(core.snapshot())
    assert again.state_hash() == core.state_hash()
    assert again.day_traders() == core.day_traders()
    assert again.accounts() == core.accounts()
    assert again.day_trade_settings == core.day_trade_settings
