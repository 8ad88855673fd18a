"""Liquidates: hears of levels, looks at accounts when they are due, and has what the plan says journaled.

It stands beside the sequencer as engine/volatility does. What it knows follows from the journal (cases.py): `see` gets
what is replayed, `start` and `begin` have it act. A turn is one batch of commands, and others have theirs between.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
import numpy as np
from openbell import wire
from openbell.wire import AccountState, Check, EventKind, RiskLevel

from engine.journal.commands import split
from engine.liquidation import acts, commands
from engine.liquidation.agenda import Agenda
from engine.liquidation.cases import Case, Cases
from engine.liquidation.planner import Close, Exhausted, Reduce, Restored, Step, Wait, next_step, whole_plan
from engine.liquidation.rows import Depths, Quotes, standings
from engine.liquidation.slices import Why
from engine.liquidation.standing import Standing, Terms, Tried
from engine.market import Market
from engine.sequencer import NEVER_NS, Duty, Sequencer
from engine.world import here
from ext.core import Core
from ext.hearing import hears

LIQUIDATION: Final = "liquidation"  # in what is saved with a snapshot
LOOKS: Final = 16  # of a turn
GAP_NS: Final = 3_000_000  # between two turns
BEHIND_NS: Final = 100_000_000  # until it is seen whether the journal has caught up
SECOND_NS: Final = 10**9
IDLE: Final = 32  # intervals, until one that waits is looked at again
MOST_TOLD: Final = 3  # accounts of one turn that are named
_NAME: Final = acts.NAME.encode()
_STRICTER: Final = (AccountState.ACTIVE, AccountState.REDUCE_ONLY, AccountState.CLOSE_ONLY)  # each than those before
Told = Callable[[str], None]
Own = tuple[Any, int, int]


@dataclass(slots=True)
class Planned:
    """What a turn does with an account."""

    standing: Standing
    case: Case
    step: Step
    made: list[bytes] = field(default_factory=list)


class Liquidator:
    """`load` and `see` what is brought back, `start` when the market is there, `begin` when it is open."""

    def __init__(self, terms: Terms, told: Told) -> None:
        self.terms = terms
        self.cases = Cases()
        self._told = told
        self.agenda = Agenda()
        self._tried: dict[int, dict[int, Tried]] = {}
        self._own: list[bytes] = []  # commands of ours that are being applied
        self._has_begun = False
        self._wake_ns = NEVER_NS
        self.core: Core
        self._sequencer: Sequencer
        self._clock_ns: Callable[[], int]
        self._may_act: Callable[[], bool]
        self._duty: Duty

    # ------------------------------------------------------------ what is brought back

    def load(self, extra: dict[str, Any]) -> None:
        """What `state` gave, out of a snapshot; nothing where it had none, or one of another version."""
        if LIQUIDATION not in extra:
            return
        try:
            self.cases.load(extra[LIQUIDATION])
        except msgspec.ValidationError as error:
            self._told(
                f"liquidations were kept by another version ({error}): what was known of them is lost: since when "
                "accounts are called, what was done so far, and which of them an operator has stopped"
            )

    def state(self) -> list[dict[str, Any]]:
        """What is known, as of the core, for a snapshot."""
        return self.cases.state()

    def see(self, applied: bytes, events: bytes) -> None:
        """Commands that are replayed, and their events."""
        found: list[Own] = []
        if _NAME in applied:
            for rows in split(applied):
                if rows.dtype == wire.ADMIN_COMMAND:
                    found += [(row, int(row["seq"]), int(row["ts_ns"])) for row in rows if acts.is_ours(row)]
        self.cases.take(found, np.frombuffer(events, wire.EVENT))

    # ------------------------------------------------------------ at work

    def start(self, market: Market, clock_ns: Callable[[], int], may_act: Callable[[], bool] = lambda: True) -> None:
        """Hear of levels from now on. may_act: False while the journal is behind: others wait for it then."""
        self._may_act = may_act
        self.core, self._sequencer, self._clock_ns = market.core, market.sequencer, clock_ns
        self._duty = market.sequencer.duty(self._turn)
        market.sequencer.hear = self._hear
        self.cases.agree(np.frombuffer(self.core.risk(), wire.RISK_ROW), self.core.ts_ns)

    def begin(self) -> None:
        """Look at all of them, now: nothing that was due before is made up for."""
        self._has_begun = True
        now_ns = max(self.core.ts_ns, self._clock_ns())
        for case in self.cases:
            self._plan_look(case, now_ns)
        self._set_due()

    def _hear(self, events: bytes) -> None:
        """What a batch brought. Of our own its commands are known."""
        own, self._own = self._own, []
        if not own and not hears(events, EventKind.RISK_LEVEL):
            return
        first, ts_ns = self.core.seq - len(own) + 1, self.core.ts_ns
        found = [
            (np.frombuffer(command, wire.ADMIN_COMMAND)[0], first + place, ts_ns)
            for place, command in enumerate(own)
            if len(command) == wire.ADMIN_COMMAND.itemsize
        ]
        rows = np.frombuffer(events, wire.EVENT)
        self.cases.take(found, rows)
        levels = rows[rows["kind"] == EventKind.RISK_LEVEL]
        if not len(levels):
            return
        for account in levels["account"].tolist():
            case = self.cases.get(account)
            if case is None:
                self.agenda.drop(account)
                self._tried.pop(account, None)
            elif case.begun_ns and self._has_begun:
                self.agenda.rouse(account, ts_ns)
            else:
                self._plan_look(case, ts_ns)
        self._tell_of_levels(levels)
        if self._has_begun:
            self._set_due()

    def _tell_of_levels(self, rows: Any) -> None:
        for level in RiskLevel:
            found = rows[(rows["reason"] == level) & ((level != RiskLevel.NORMAL) | (rows["flags"] > level))]
            if len(found) > MOST_TOLD:
                self._told(f"{len(found):,} accounts: {level.name}")
                continue
            for row in found:
                maintenance = int(row["trade_id"].astype(np.int64))
                stands = commands.stands(int(row["price"]), maintenance)
                self._told(f"account {int(row['account'])}: {level.name}, {stands}")

    def _plan_look(self, case: Case, ts_ns: int) -> None:
        """When it is to be looked at."""
        due_ns = self.begins_ns(case, ts_ns)
        if due_ns == NEVER_NS:
            self.agenda.drop(case.account)
        else:
            self.agenda.set(case.account, due_ns)

    def begins_ns(self, case: Case, ts_ns: int) -> int:
        """When there is something to do about it."""
        if case.stop is not None:
            return NEVER_NS
        if case.begun_ns or case.level == RiskLevel.LIQUIDATION:
            return ts_ns
        if case.level == RiskLevel.CALL and self.terms.call_ns:
            return max(ts_ns, case.since_ns + self.terms.call_ns)
        return NEVER_NS

    def _set_due(self) -> None:
        due_ns = min(self.agenda.due_ns, self._wake_ns)
        if due_ns < self._duty.due_ns:
            self._sequencer.set_due(self._duty, due_ns)

    # ------------------------------------------------------------ a turn

    def _turn(self, ts_ns: int) -> int:
        """Look at those that are due; when the next turn is."""
        if not self._may_act():
            return max(ts_ns, self._clock_ns()) + BEHIND_NS
        quotes = Quotes(self.core)
        if self._wake_ns <= ts_ns:
            self.agenda.wake(ts_ns, lambda instrument: quotes[instrument].key)
            self._wake_ns = NEVER_NS
        picked = self.agenda.take(ts_ns, LOOKS)
        if picked:
            self._look(picked, quotes, ts_ns)
        now_ns = max(ts_ns, self._clock_ns())
        if self._wake_ns == NEVER_NS and self.agenda.has_waiting:
            self._wake_ns = now_ns + self.terms.interval_ns
        due_ns = min(self.agenda.due_ns, self._wake_ns)
        return due_ns if due_ns == NEVER_NS else max(due_ns, now_ns + GAP_NS)

    def _look(self, picked: list[int], quotes: Quotes, ts_ns: int) -> None:
        known, displayed = standings(self.core, picked), Depths(self.core)
        planned: list[Planned] = []
        ended: list[bytes] = []
        for account in picked:
            case, standing = self.cases.get(account), known.get(account)
            if case is None:
                continue
            if standing is None:  # it has margin no more
                if case.begun_ns:
                    ended.append(commands.ended(account))
                continue
            due_ns = self.begins_ns(case, ts_ns)
            if due_ns > ts_ns:  # what it was due for is over
                if due_ns != NEVER_NS:
                    self.agenda.set(account, due_ns)
                continue
            step = next_step(standing, self.terms, quotes, displayed, self._tried.get(account, {}))
            if isinstance(step, Reduce):
                found = step.slice
                displayed.take(found.holding.instrument, found.side, found.lots)
            one = Planned(standing, case, step)
            one.made = self._made(one, quotes, ts_ns)
            planned.append(one)
        made = [command for one in planned for command in one.made]
        answers = iter(self._execute([*made, *ended], ts_ns))
        for one in planned:
            self._follow_up(one, [next(answers) for _ in one.made], quotes, ts_ns)
        self._tell(planned)

    def _made(self, one: Planned, quotes: Quotes, ts_ns: int) -> list[bytes]:
        """The commands of a step, and before them what is passed over."""
        standing, case, step = one.standing, one.case, one.step
        is_new = not case.begun_ns
        if is_new and not isinstance(step, Wait | Restored):
            one.step = Close()
            return [commands.begin(standing, case, ts_ns)]
        made = self._passed_over(one, quotes, ts_ns)
        if isinstance(step, Restored):
            if not is_new:
                made.append(commands.restored(standing, case, self._state_after(case)))
        elif isinstance(step, Close):
            made.append(commands.close_again(standing))
        elif isinstance(step, Exhausted):
            if not case.is_exhausted:
                made.append(commands.exhausted(standing))
        elif isinstance(step, Reduce):
            if step.cancel is not None:
                symbol = "" if step.cancel == wire.ANY else quotes[step.cancel].symbol
                made.append(commands.cancel(standing, step.cancel, symbol))
            quote = quotes[step.slice.holding.instrument]
            made += commands.slice_commands(standing, step.slice, quote, self.terms, self.core.seq)
        return made

    def _state_after(self, case: Case) -> AccountState:
        """What `after` says, or what it was before: whichever allows less."""
        before = AccountState(case.before) if case.before in _STRICTER else AccountState.ACTIVE
        return max(self.terms.after, before, key=_STRICTER.index)

    def _passed_over(self, one: Planned, quotes: Quotes, ts_ns: int) -> list[bytes]:
        case, passed = one.case, one.step.passed[: commands.MOST_PASSED]
        codes = tuple(commands.code_of(each) for each in passed)
        if not codes or codes == case.said:
            return []
        if case.said and ts_ns - case.said_ns < IDLE * self.terms.interval_ns:
            return []
        words = [commands.why_passed(each, quotes) for each in passed]
        return [commands.passed_over(one.standing, codes, words)]

    def _execute(self, made: list[bytes], ts_ns: int) -> list[bytes]:
        """Have them journaled and applied; `_hear` takes note."""
        if not made:
            return []
        self._own = made
        return self._sequencer.execute_at(made, ts_ns)

    def _follow_up(self, one: Planned, answers: list[bytes], quotes: Quotes, ts_ns: int) -> None:
        """When it is looked at next."""
        account, step = one.standing.account, one.step
        now_ns = max(ts_ns, self._clock_ns())
        idle_ns = now_ns + IDLE * self.terms.interval_ns
        if isinstance(step, Restored):
            self.agenda.drop(account)
            self._tried.pop(account, None)
        elif isinstance(step, Close):
            self.agenda.set(account, now_ns)
        elif isinstance(step, Exhausted):
            self.agenda.idle(account, idle_ns)
        elif isinstance(step, Wait):
            instruments = [each.instrument for each in step.passed if each.why is not Why.BLOCKED]
            self.agenda.idle(account, idle_ns, [(instrument, quotes[instrument].key) for instrument in instruments])
        elif isinstance(step, Reduce):
            self._after_slice(one, step, answers[-1], quotes, now_ns)

    def _after_slice(self, one: Planned, step: Reduce, answer: bytes, quotes: Quotes, now_ns: int) -> None:
        """A slice that came to nothing is not tried again before its instrument is another one."""
        account, instrument = one.standing.account, step.slice.holding.instrument
        tried, key = self._tried.setdefault(account, {}), quotes[instrument].key
        first = np.frombuffer(answer, wire.EVENT)[0]
        if first["kind"] == EventKind.REJECTED and first["reason"] == Check.MESSAGE_RATE:
            self.agenda.set(account, now_ns + max(SECOND_NS, self.terms.interval_ns))
        elif first["kind"] == EventKind.REJECTED:
            tried[instrument] = Tried(Why.REFUSED, int(first["reason"]), key)
            self.agenda.set(account, now_ns)
        elif hears(answer, EventKind.FILL):
            tried.pop(instrument, None)
            self.agenda.set(account, now_ns + self.terms.interval_ns)
        else:
            tried[instrument] = Tried(Why.UNTRADED, 0, key)
            self.agenda.set(account, now_ns)

    def _tell(self, planned: list[Planned]) -> None:
        """What was decided, for the log; slices are in the journal."""
        texts = [
            f"account {one.standing.account}: {np.frombuffer(command, wire.ADMIN_COMMAND)['reason'][0].decode()}"
            for one in planned
            for command in one.made
            if len(command) == wire.ADMIN_COMMAND.itemsize and not isinstance(one.step, Reduce)
        ]
        if len(texts) > MOST_TOLD:
            self._told(f"liquidation: {len(texts)} decisions, the first one: {texts[0]}")
        else:
            for text in texts:
                self._told(f"liquidation: {text}")

    # ------------------------------------------------------------ operators

    def stop(self, account: int, operator: str, reason: str) -> None:
        """Have an account's liquidation stand still, or not begin."""
        self._order(commands.stop(account, operator, reason))
        self.agenda.drop(account)

    def go_on(self, account: int, operator: str, reason: str) -> None:
        """Take a stop back."""
        self._order(commands.start(account, operator, reason))
        case = self.cases.get(account)
        if case is not None:
            self._tried.pop(account, None)
            self._plan_look(case, self.core.ts_ns)
            self._set_due()

    def _order(self, command: bytes) -> None:
        """What traders sent before goes before."""
        self._sequencer.flush(here.clock.perf_counter_ns())
        self._execute([command], min(self._clock_ns(), self._sequencer.due_ns - 1))

    def plan(self, standing: Standing, quotes: Quotes) -> Iterator[tuple[Step, Standing]]:
        """What would be done with an account from now on, step by step."""
        return whole_plan(standing, self.terms, quotes, Depths(self.core), self._tried.get(standing.account, {}))
