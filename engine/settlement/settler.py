"""Ends business days: as a market's day does, the engine sequences a SETTLE of its date, once.

What was settled last is state, so a date is never settled twice; what ended while the engine was down is made up at its
start, in order, each at its own time.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any, Final

import numpy as np
from openbell import wire
from openbell.wire import CommandKind

from engine import status
from engine.config import NEVER, Config
from engine.market import Market
from engine.refusals import in_words
from engine.sequencer import NEVER_NS, admin_command, refused, tick_command
from engine.sessions.plan import PlanError
from engine.sessions.schedule import OPERATOR, Timeline
from engine.settlement.days import BusinessDay, BusinessDays, TradingDays, Weekdays, next_day
from ext.core import Core

AUTO: Final = "auto"  # of ledger.business_days
MAX_ACCRUED_DAYS: Final = 31  # docs/borrow.md, ACCRUE
Told = Callable[[str], None]


def business_days_of(config: Config, timeline: Timeline) -> BusinessDays | None:
    """The business days that a configuration has end by themselves; None: operators end them."""
    if config.ledger.business_days != AUTO:
        return None
    if timeline.sessions:
        return TradingDays(timeline)
    day_end = config.market.day_end
    return None if day_end == NEVER else Weekdays(dt.time.fromisoformat(day_end))


def has_rates(core: Core) -> bool:
    """Whether a day may cost anybody interest, or a fee for borrowing."""
    rates, borrows = np.frombuffer(core.rates(), wire.RATE_ROW), np.frombuffer(core.borrows(), wire.BORROW_ROW)
    return bool(rates["debit"].any() or rates["credit"].any() or borrows["fee"].any())


class Settler:
    """`begin` before anything else is journaled at a start; then time does it. Make it after all that has duties of its
    own: what is due at one time they do first."""

    def __init__(self, market: Market, days: BusinessDays | None, told: Told, clock_ns: Callable[[], int]) -> None:
        self._market = market
        self._days = days
        self._told = told
        self._from_ns = market.core.ts_ns if market.core.seq else clock_ns()
        self._next: BusinessDay | None = None
        self._after: int | None = None  # the date that was settled last when _next was looked for
        self._duty = market.sequencer.duty(self._settle)

    def begin(self) -> None:
        """Have what ended since the journal's last command done with what else is due since then."""
        self._market.sequencer.set_due(self._duty, self._look())

    def _look(self) -> int:
        """Find the next business day, also after an operator settled one; when it is due."""
        settled = self._market.core.settle_date
        if self._days is not None and settled != self._after:
            self._after = settled
            try:
                self._next = next_day(self._days, settled, self._from_ns)
            except PlanError as error:
                self._next = None
                self._told(f"no business day ends by itself any more: {error}")
        return NEVER_NS if self._next is None else self._next.end_ns

    def _settle(self, ts_ns: int) -> int:
        """The day that is due: its orders end first."""
        due_ns = self._look()
        if due_ns > ts_ns:
            return due_ns  # an operator was quicker
        day, sequencer = self._next, self._market.sequencer
        assert day is not None
        sequencer.execute_at([tick_command()], ts_ns)
        self._accrue(day, ts_ns)
        command = admin_command(
            CommandKind.SETTLE, operator=OPERATOR, reason=f"the business day {day.date} has ended",
            values=(day.number, self._market.config.ledger.settlement_days),
        )  # fmt: skip
        (error,) = refused(sequencer.execute_at([command], ts_ns))
        if error is not None:
            self._told(f"the business day {day.date} was not settled: {in_words(CommandKind.SETTLE, error)}")
            self._days = self._next = None  # what would be tried again and again
            return NEVER_NS
        return self._look()

    def _accrue(self, day: BusinessDay, ts_ns: int) -> None:
        """Interest and fees for borrowing until the next business day, where there are any: docs/borrow.md."""
        core, sequencer = self._market.core, self._market.sequencer
        if core.accrue_date >= day.number or not has_rates(core):
            return  # an operator was quicker, or nobody pays anything
        command = admin_command(
            CommandKind.ACCRUE, operator=OPERATOR, reason=f"the business day {day.date} has ended",
            values=(day.number, self._days_until_next(day)),
        )  # fmt: skip
        (error,) = refused(sequencer.execute_at([command], ts_ns))
        if error is not None:
            self._told(f"nobody was charged for {day.date}: {in_words(CommandKind.ACCRUE, error)}")

    def _days_until_next(self, day: BusinessDay) -> int:
        """Days that it stands for; one where the calendars have ended."""
        assert self._days is not None
        try:
            after = next_day(self._days, day.number, day.end_ns)
        except PlanError:
            after = None
        return 1 if after is None else min((after.date - day.date).days, MAX_ACCRUED_DAYS)

    def status(self) -> dict[str, Any]:
        """What is known of business days, for operators."""
        self._look()
        day = self._next
        return status.settlement_part(self._market, 0 if day is None else day.number, 0 if day is None else day.end_ns)
