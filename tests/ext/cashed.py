"""What the tests of cash accounts share: a trader with a rule, days that end, and what is told of him."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from openbell import wire
from openbell.wire import CashRule, CashViolation, CommandKind, EventKind, InstrumentState, RiskType

from ext.core import Core
from tests.ext.market import BUY, B, Market, plain
from tests.ext.risky import DOLLAR, UNIT

T = 4  # the trader
MONDAY = 20261130


class Cash(Market):
    """T has `usd` and lots of instrument 0, all settled, as the business day before MONDAY is over. B trades with him;
    a lot is a share."""

    def __init__(
        self, usd: int, rule: int = CashRule.COUNT, lots: int = 0, *, most: int = 3, span: int = 365, days: int = 90,
        first: int = 20261127,
    ) -> None:  # fmt: skip
        super().__init__()
        self.instrument(1, 1, 1, 0)
        self.state(InstrumentState.OPEN, instrument=1)
        self.admin(CommandKind.SET_RISK, 0, 0, 0, 0, 0, most, span, days)
        self.admin(CommandKind.SET_ACCOUNT, account=T, name=b"trader")
        if usd:
            self.deposit(usd)
        if lots:
            self.admin(CommandKind.DEPOSIT_SHARES, lots, account=T, instrument=0)
        self.settle(first)
        self.rule(rule)

    def rule(self, rule: int, risk_type: int = RiskType.CASH, account: int = T) -> list[SimpleNamespace]:
        return self.admin(CommandKind.SET_ACCOUNT_RISK, 0, rule, account=account, state=risk_type, request=5)

    def settle(self, date: int, days: int = 1) -> list[SimpleNamespace]:
        return self.admin(CommandKind.SETTLE, date, days, request=6)

    def deposit(self, usd: int) -> list[SimpleNamespace]:
        return self.admin(CommandKind.DEPOSIT, usd * UNIT, account=T)

    def lift(self, number: int) -> list[SimpleNamespace]:
        return self.admin(CommandKind.LIFT_CASH, number, account=T, request=8)

    def trade(self, side: int, lots: int, usd: int, instrument: int = 0, **fields: Any) -> list[SimpleNamespace]:
        """T trades so many lots at so many dollars each, if he may: what his order gave."""
        (asked, *_) = self.new(B, side ^ 1, usd * DOLLAR, lots, instrument=instrument)
        events = self.new(T, side, usd * DOLLAR, lots, instrument=instrument, **fields)
        self.cancel(B, asked.order_id)
        return events

    def gets(self, lots: int, usd: int, instrument: int = 0) -> list[SimpleNamespace]:
        return self.trade(BUY, lots, usd, instrument)

    def sells(self, lots: int, usd: int, instrument: int = 0) -> list[SimpleNamespace]:
        return self.trade(BUY ^ 1, lots, usd, instrument)

    @property
    def row(self) -> SimpleNamespace:
        return plain(self.core.cash(), wire.CASH_ROW)[0]

    def unpaid(self, instrument: int = 0) -> dict[str, tuple[int, float]]:
        """Lots and dollars of each step that has some."""
        rows = [row for row in plain(self.core.unpaid(), wire.UNPAID_ROW) if row.instrument == instrument]
        steps = ("1", "2", "3", "4", "_today", "_owed")
        return {
            step.strip("_"): (lots, getattr(rows[0], f"money{step}") / UNIT)
            for step in steps
            if rows and (lots := getattr(rows[0], f"lots{step}"))
        }

    def counted(self) -> list[tuple[int, str, int]]:
        """Number, kind and date of the violations that count."""
        rows = plain(self.core.violations(), wire.VIOLATION_ROW)
        return [(row.number, CashViolation(row.kind).name, row.date) for row in rows]


def told(events: list[Any]) -> list[tuple[str, int, float, int]]:
    """Kind, lots, dollars and number of each violation."""
    return [
        (CashViolation(e.reason).name, e.qty, e.price / UNIT, e.trade_id)
        for e in events
        if e.kind == EventKind.CASH_VIOLATION
    ]


def restrictions(events: list[Any]) -> list[tuple[int, int]]:
    """Whether it begins, and the number of the violation."""
    return [(e.reason, e.trade_id) for e in events if e.kind == EventKind.CASH_RESTRICTED]


def check_snapshot(core: Core) -> None:
    """What was saved goes on as what it was saved from, and says the same of all of this."""
    again = Core.restore(core.snapshot())
    assert again.state_hash() == core.state_hash()
    for rows in ("cash", "unpaid", "violations", "accounts"):
        assert getattr(again, rows)() == getattr(core, rows)(), rows
    assert again.cash_settings == core.cash_settings
