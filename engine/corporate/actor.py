"""Does what is planned when its business day begins, in order, each once: docs/actions.md, "By schedule".

It stands beside the sequencer as the settler does, and after him: the day before is settled, and over.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any, Final

from openbell.wire import CommandKind, HaltReason, InstrumentState

from engine.corporate.planned import NAME, REFERENCE_PRICE, Act, Entry, Planned
from engine.market import Market
from engine.sequencer import NEVER_NS, REASON_BYTES, Duty, admin_command
from engine.sessions.plan import PlanError
from engine.settlement.days import DAY, BusinessDay, BusinessDays, date_of

AUTHOR: Final = "actions"
LOOKED_BACK: Final = 31  # days, for the business day before one
AT_REST: Final = (InstrumentState.CLOSED, InstrumentState.HALTED)
Told = Callable[[str], None]


class NotADay(Exception):
    """Nothing can be planned for that date; the message says why. limit: the first date that can be, or None."""

    def __init__(self, text: str, limit: int | None = None) -> None:
        super().__init__(text)
        self.limit = limit


class Actor:
    """`begin` after the settler has; then time does it. Of a standby, which never does, it only looks.

    days: None where operators end them: nothing is done then.
    """

    def __init__(
        self, market: Market, planned: Planned, days: BusinessDays | None, told: Told, clock_ns: Callable[[], int]
    ) -> None:
        self.planned = planned
        self._market, self._days, self._told, self._clock_ns = market, days, told, clock_ns
        self._duty: Duty

    def begin(self) -> None:
        """Have what was missed done with what else is due since then."""
        if self._days is None and len(self.planned):
            self._told("dividends and splits are planned, and nothing ends business days: ledger.business_days")
        self._duty = self._market.sequencer.duty(self._do)
        self._set_due()

    def _set_due(self) -> None:
        self._market.sequencer.set_due(self._duty, self._look())

    def _look(self) -> int:
        """When the first one is due."""
        return min((self.due_ns(one) for one in self.planned), default=NEVER_NS)

    def due_ns(self, entry: Entry) -> int:
        """When it is; NEVER_NS: not by itself."""
        if entry.failed or self._days is None:
            return NEVER_NS
        try:
            before = day_before(self._days, entry.date)
        except PlanError as error:
            self._told(f"planned action {entry.number} is not done by itself: {error}")
            return NEVER_NS
        return NEVER_NS if before is None else before.end_ns

    def _do(self, ts_ns: int) -> int:
        """Those that are due."""
        for entry in [one for one in self.planned if self.due_ns(one) <= ts_ns]:
            commands = self._commands(entry)
            answers = self._market.sequencer.execute_at(commands, ts_ns)
            self._take(commands, answers)
            left = self.planned.get(entry.number)
            if left is not None:
                self._told(f"planned action {entry.number} was refused: {left.failed}; see ctl actions")
        return self._look()

    def _commands(self, entry: Entry) -> list[bytes]:
        row = self._market.instrument(entry.instrument)[0]
        values = list(entry.values)
        where: dict[str, Any] = {"instrument": entry.instrument, "name": NAME, "request": entry.number}
        words = f"planned by {entry.operator}: {entry.reason}"
        who: dict[str, Any] = {"operator": AUTHOR, "reason": words.encode()[:REASON_BYTES].decode(errors="ignore")}
        if entry.kind == CommandKind.SPLIT and values[2] == REFERENCE_PRICE:
            values[2] = int(row["reference_price"])
        made = [admin_command(CommandKind(entry.kind), values=values, **who, **where)]
        if entry.kind != CommandKind.SPLIT:
            return made
        state = int(row["state"])
        kind = CommandKind.SET_INSTRUMENT_STATE
        if state not in AT_REST:
            halt = admin_command(kind, state=InstrumentState.HALTED, values=(HaltReason.OPERATIONAL,), **who, **where)
            made.insert(0, halt)
        if state == InstrumentState.OPEN or entry.halted:
            made.append(admin_command(kind, state=InstrumentState.OPEN, **who, **where))
        return made

    def _take(self, commands: list[bytes], answers: list[bytes]) -> None:
        """What was done is known as it is from the journal."""
        first = self._market.core.seq - len(commands) + 1
        for place, (command, events) in enumerate(zip(commands, answers, strict=True)):
            self.planned.see((first + place).to_bytes(8, "little") + command[8:], events)

    # ------------------------------------------------------------ operators

    def check(self, date: int) -> None:
        """Raises NotADay for a date that is no business day, or has begun."""
        if self._days is None:
            raise NotADay("operators end the business days (ledger.business_days): nothing can be planned")
        found = date_of(date)
        if found is None:
            raise NotADay(f"{date} is no day YYYYMMDD")
        try:
            before, first = day_before(self._days, date), self._first()
            is_day = self._days.day(found) is not None
        except PlanError as error:
            raise NotADay(str(error)) from None
        if before is None or before.end_ns <= self._now_ns():
            raise NotADay(f"the business day {found} has begun, or is over: the next one is {first}", first)
        if not is_day:
            raise NotADay(f"{found} is no business day", first)

    def _now_ns(self) -> int:
        return max(self._clock_ns(), self._market.core.ts_ns)

    def _first(self) -> int | None:
        """The first date for which something can be planned."""
        assert self._days is not None
        now_ns = self._now_ns()
        date = dt.datetime.fromtimestamp(now_ns // 10**9, dt.UTC).date() - 2 * DAY
        for _ in range(LOOKED_BACK):
            day = self._days.day(date)
            before = None if day is None else day_before(self._days, day.number)
            if day is not None and before is not None and before.end_ns > now_ns:
                return day.number
            date += DAY
        return None

    def add(self, wanted: list[Entry]) -> list[Entry]:
        """Have them journaled, by their operators; with their numbers. Nothing may be in the sequencer's batch. Raises
        ValueError for text that does not fit."""
        made = []
        for place, one in enumerate(wanted, 1):
            one.number = self.planned.last + place
            made.append(
                admin_command(
                    CommandKind.NOTE,
                    operator=one.operator,
                    reason=one.reason,
                    name=NAME,
                    instrument=one.instrument,
                    state=Act.ADDED,
                    request=one.number,
                    values=(one.kind, one.date, *one.values),
                )
            )
        self._take(made, self._market.sequencer.execute(made))
        self._set_due()
        return [entry for one in wanted if (entry := self.planned.get(one.number)) is not None]

    def remove(self, entry: Entry, operator: str, reason: str) -> None:
        """Take one back. Raises ValueError for text that does not fit."""
        made = admin_command(
            CommandKind.NOTE, operator=operator, reason=reason, name=NAME, instrument=entry.instrument,
            state=Act.REMOVED, request=entry.number,
        )  # fmt: skip
        self._take([made], self._market.sequencer.execute([made]))
        self._set_due()


def day_before(days: BusinessDays, date: int) -> BusinessDay | None:
    """The business day before a date (YYYYMMDD), at whose end that date's begins; None: there is none. Raises
    PlanError."""
    found = date_of(date)
    if found is None:
        return None
    for back in range(1, LOOKED_BACK):
        day = days.day(found - back * DAY)
        if day is not None:
            return day
    return None
