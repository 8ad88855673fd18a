"""What is known of accounts that are called, in liquidation, or stopped: made of what the journal tells, and of nothing
else (docs/liquidation.md, "State")."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec
import numpy as np
from openbell.events import Event
from openbell.wire import EventKind, RiskLevel, Side

from engine.liquidation.acts import Act
from engine.liquidation.standing import CASH_OF_PRICE

Rows = np.ndarray[Any, Any]
_VALUES: Final = tuple(f"value{index}" for index in range(8))


class Stop(msgspec.Struct, frozen=True):
    """An operator has it stand still."""

    operator: str
    reason: str
    ts_ns: int


class Case(msgspec.Struct):
    """An account. since_ns: called since, 0: it is not; begun_ns: 0: no liquidation has begun.

    before, equity, maintenance: as it began; lots, notional, cost: of its slices, cash; cost: against the marks.
    said: codes of what was passed over when it was said last.
    """

    account: int
    level: int = 0
    since_ns: int = 0
    begun_ns: int = 0
    before: int = 0
    equity: int = 0
    maintenance: int = 0
    slices: int = 0
    lots: int = 0
    notional: int = 0
    cost: int = 0
    is_exhausted: bool = False
    said: tuple[int, ...] = ()
    said_ns: int = 0
    stop: Stop | None = None

    @property
    def is_over(self) -> bool:
        """Nothing of it has to be kept."""
        return not self.begun_ns and self.stop is None and self.level < RiskLevel.CALL


class Expected(msgspec.Struct, frozen=True):
    """The order that follows a slice's NOTE: with the next seq, or never."""

    account: int
    client_order_id: int
    side: int
    mark: int
    lot_size: int


class Cases:
    """By account."""

    def __init__(self) -> None:
        self._cases: dict[int, Case] = {}
        self._expected: dict[int, Expected] = {}  # by seq

    def __len__(self) -> int:
        return len(self._cases)

    def __iter__(self) -> Iterator[Case]:
        return iter(list(self._cases.values()))

    def get(self, account: int) -> Case | None:
        """None: nothing is known of it."""
        return self._cases.get(account)

    def _of(self, account: int) -> Case:
        return self._cases.setdefault(account, Case(account))

    def _settle(self, case: Case) -> None:
        """Forget what need not be kept."""
        if case.is_over:
            self._cases.pop(case.account, None)

    # ------------------------------------------------------------ what happened

    def level(self, account: int, level: int, ts_ns: int) -> None:
        """An account has another level."""
        case = self._of(account)
        case.level = level
        if level < RiskLevel.CALL:
            case.since_ns = 0
            if case.is_exhausted:  # covered by somebody; what it may do an operator says
                self._end(case)
        elif not case.since_ns:
            case.since_ns = ts_ns
        self._settle(case)

    def _end(self, case: Case) -> None:
        """Its liquidation is over."""
        fresh = Case(case.account, case.level, case.since_ns, stop=case.stop)
        self._cases[case.account] = fresh
        self._settle(fresh)

    def take(self, commands: Sequence[tuple[Any, int, int]], events: Rows) -> None:
        """Commands of ours (record, seq, ts_ns) among a stretch of them all, and the events of that stretch: records of
        wire.EVENT. What counts of these are levels, and fills of slices."""
        kinds = events["kind"]
        counts = kinds == EventKind.RISK_LEVEL
        if self._expected or commands:
            slices = [*self._expected, *(seq + 1 for _, seq, _ in commands)]
            counts |= (kinds == EventKind.FILL) & np.isin(events["seq"], np.array(slices, np.uint64))
        waiting = list(reversed(commands))
        for event in map(Event._make, events[counts].tolist()):
            while waiting and waiting[-1][1] <= event.seq:
                self.command(*waiting.pop())
            if event.kind == EventKind.FILL:
                self._fill(event)
            else:
                self.level(event.account, event.reason, event.ts_ns)
        while waiting:
            self.command(*waiting.pop())
        if self._expected and len(events):
            last = int(events["seq"][-1])
            self._expected = {seq: one for seq, one in self._expected.items() if seq > last}

    def command(self, command: Any, seq: int, ts_ns: int) -> None:
        """One of our commands was applied: a record of wire.ADMIN_COMMAND."""
        account, act = int(command["account"]), int(command["request"])
        case = self._of(account)
        values = [int(command[name]) for name in _VALUES]
        if act == Act.BEGUN:
            case.begun_ns = ts_ns
            case.equity, case.maintenance, case.before = values[:3]
        elif act in (Act.RESTORED, Act.ENDED):
            self._end(case)
        elif act == Act.EXHAUSTED:
            case.is_exhausted = True
        elif act == Act.PASSED:
            case.said, case.said_ns = tuple(value for value in values if value), ts_ns
        elif act == Act.SLICE:
            number, side, _, _, mark, _, _, lot_size = values
            case.is_exhausted = False
            self._expected[seq + 1] = Expected(account, number % (1 << 64), side, mark, lot_size)
        elif act == Act.STOP:
            operator, reason = (command[field].decode("utf-8", "replace") for field in ("operator", "reason"))
            case.stop = Stop(operator, reason, ts_ns)
        elif act == Act.START:
            case.stop = None
        self._settle(case)

    def _fill(self, event: Event) -> None:
        """A FILL of a command that a slice was expected to be."""
        wanted = self._expected.get(event.seq)
        case = None if wanted is None else self._cases.get(wanted.account)
        if case is None or wanted is None:
            return
        if (event.account, event.client_order_id) != (wanted.account, wanted.client_order_id):
            return
        each = wanted.lot_size * CASH_OF_PRICE
        worse = wanted.mark - event.price if wanted.side == Side.SELL else event.price - wanted.mark
        case.slices += event.qty == event.filled  # its first one
        case.lots += event.qty
        case.notional += event.qty * event.price * each
        case.cost += event.qty * worse * each

    # ------------------------------------------------------------ state

    def state(self) -> list[dict[str, Any]]:
        """For a snapshot."""
        built: list[dict[str, Any]] = msgspec.to_builtins(list(self._cases.values()))
        return built

    def load(self, kept: Any) -> None:
        """What `state` gave. Raises msgspec.ValidationError."""
        self._cases = {case.account: case for case in msgspec.convert(kept, list[Case])}

    def agree(self, rows: Rows, ts_ns: int) -> None:
        """Have levels be those of the core (wire.RISK_ROW), where a snapshot did not know them."""
        levels = dict(zip(rows["account"].tolist(), rows["level"].tolist(), strict=True))
        for account, level in levels.items():
            case = self._cases.get(account)
            if level != (0 if case is None else case.level):
                self.level(account, level, ts_ns)
        for case in list(self._cases.values()):
            if case.level and case.account not in levels:
                self.level(case.account, RiskLevel.NORMAL, ts_ns)
