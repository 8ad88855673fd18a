"""The schedule of a market: which commands are due at which time. Sans I/O: journaled time and states in, commands out.

Time is cut into *turns*: moments at which a phase of one or more sessions begins. A turn is taken once, at its own
time, in order, however late the engine comes to it; so the commands that a market's journal gets from its schedule do
not depend on when the engine was up. docs/decisions/0011-sessions.md.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from openbell.wire import AuctionKind, CommandKind, InstrumentState

from engine.sequencer import NEVER_NS, admin_command
from engine.sessions.calendar import Calendar
from engine.sessions.plan import SECOND_NS, Boundary, Phase, PlanError, Template, plan

OPERATOR: Final = "schedule"
DAYS_AROUND: Final = 3  # a day's phases begin and end less than this from its date, in any zone
DAYS_WITHOUT: Final = 400  # after so many a calendar has ended
DAY: Final = dt.timedelta(days=1)
CLOSED, OPEN, CALL = InstrumentState.CLOSED, InstrumentState.OPEN, InstrumentState.CALL
States = Mapping[int, int]  # of instruments, by id


@dataclass(frozen=True, slots=True)
class Session:
    """A calendar and what each of its days is like."""

    name: str
    calendar: Calendar
    template: Template


@dataclass(frozen=True, slots=True)
class Step:
    """A phase of a session begins. before: the phase that ends."""

    session: Session
    boundary: Boundary
    before: Phase


@dataclass(frozen=True, slots=True)
class Turn:
    """All that begins at ts_ns. day_end_ns: when the market's day of `date` ends, in its first turn, else 0."""

    ts_ns: int
    date: dt.date
    day_end_ns: int
    steps: tuple[Step, ...]


class Timeline:
    """The turns of some sessions together, day after day."""

    def __init__(self, sessions: Sequence[Session]) -> None:
        self.sessions = tuple(sorted(sessions, key=lambda session: session.name))

    def day(self, date: dt.date) -> list[Turn]:
        """The turns of that trading day, empty where no session has one. Raises PlanError."""
        steps: dict[int, list[Step]] = {}
        for session in self.sessions:
            before = Phase.CLOSED
            for boundary in self.plan(session, date):
                steps.setdefault(boundary.ts_ns, []).append(Step(session, boundary, before))
                before = boundary.phase
        times = sorted(steps)
        return [
            Turn(ts_ns, date, times[-1] if ts_ns == times[0] else 0, tuple(steps[ts_ns])) for ts_ns in times
        ]  # fmt: skip

    def plan(self, session: Session, date: dt.date) -> tuple[Boundary, ...]:
        """`plan` of a session. Raises PlanError that names it."""
        try:
            return plan(session.calendar, session.template, date)
        except PlanError as error:
            raise PlanError(f"sessions.{session.name}.{error}") from None

    def turns(self, from_ns: int) -> Iterator[Turn]:
        """The turns at from_ns and later, in order, to the end of the calendars. Raises PlanError."""
        date, without = _date(from_ns) - DAYS_AROUND * DAY, 0
        while without < DAYS_WITHOUT:
            turns = self.day(date)
            without = 0 if turns else without + 1
            yield from (turn for turn in turns if turn.ts_ns >= from_ns)
            date += DAY

    def phase(self, session: Session, ts_ns: int) -> tuple[Boundary, Boundary | None]:
        """What the session is in at ts_ns, and what comes next (None: the calendar has ended)."""
        present, date = Boundary(0, Phase.CLOSED, 0), _date(ts_ns) - DAYS_AROUND * DAY
        for _ in range(DAYS_WITHOUT):
            for boundary in self.plan(session, date):
                if boundary.ts_ns > ts_ns:
                    return present, boundary
                present = boundary
            date += DAY
        return present, None

    def check(self, from_ns: int, days: int) -> None:
        """That no day begins before the day before has ended. Raises PlanError with session, field and day."""
        end_ns, first = 0, _date(from_ns) - DAYS_AROUND * DAY
        ended = ""
        for number in range(days):
            date = first + number * DAY
            turns = self.day(date)
            if not turns:
                continue
            if turns[0].ts_ns <= end_ns:
                name = turns[0].steps[0].session.name
                raise PlanError(
                    f"sessions.{name}: {date} begins {(end_ns - turns[0].ts_ns) // SECOND_NS} s before the end of the "
                    f"day before in sessions.{ended}, and DAY orders have one end in a market: make opening_call_s or "
                    "post_s shorter, or run two markets"
                )
            end_ns, ended = turns[-1].ts_ns, turns[-1].steps[-1].session.name


class Schedule:
    """Where a market is on its timeline.

    members: instruments by session, ids ascending, to be set before `turn`. trouble: why no turn comes any more.
    """

    def __init__(self, timeline: Timeline, last_ns: int) -> None:
        """last_ns: time of the journal's last command. A turn that was taken whole is followed by a later one."""
        self.timeline = timeline
        self.members: dict[str, list[int]] = {}
        self.trouble = ""
        self._turns = timeline.turns(last_ns)
        self._next: Turn | None
        self._advance()

    @property
    def next_ns(self) -> int:
        """When the next turn is due; NEVER_NS: the calendars have ended."""
        return NEVER_NS if self._next is None else self._next.ts_ns

    def turn(self, states: States, closing: Container[int]) -> list[bytes]:
        """The commands of the turn that is due, for ts_ns = next_ns, in order; the next one is due then.

        states: after a TICK of that time, which holds the auctions that end then. closing: those that are called for a
        closing auction. Instruments that are in another state
        than their last phase left them in stay in it (`_wanted`).
        """
        turn = self._next
        if turn is None:
            return []
        self._advance()
        commands = []
        if turn.day_end_ns:
            commands.append(_day_end(turn.date, turn.day_end_ns))
        for step in turn.steps:
            wanted, takes = _wanted(step.session, step.boundary, step.before)
            commands += [
                _command(step.session, step.boundary, instrument, wanted)
                for instrument in self.members.get(step.session.name, ())
                if states.get(instrument) in takes
            ]
            if step.boundary.phase is Phase.POST and wanted == CLOSED:
                commands += [
                    _close(step.session, step.boundary, instrument)
                    for instrument in self.members.get(step.session.name, ())
                    if states.get(instrument) == CALL and instrument not in closing
                ]
        return commands

    def _advance(self) -> None:
        try:
            self._next = next(self._turns, None)
        except PlanError as error:  # of a day later than `check` looked
            self._next, self.trouble = None, str(error)

    def place(self, now_ns: int, instruments: Mapping[str, Sequence[int]], states: States) -> list[bytes]:
        """The commands that bring instruments, by session, into the present phase: those that are new to it.

        What is halted stays so.
        """
        commands = []
        for session in self.timeline.sessions:
            boundary, _ = self.timeline.phase(session, now_ns)
            wanted = _state(session, boundary.phase)
            for instrument in instruments.get(session.name, ()):
                state = states[instrument]
                if state != InstrumentState.HALTED and (state != wanted or wanted == CALL):
                    commands.append(_command(session, boundary, instrument, wanted))
        return commands

    def day_end(self, now_ns: int) -> list[bytes]:
        """The command for the end of the day that is on or comes next."""
        for turns in self._days(now_ns):
            if turns and turns[-1].ts_ns > now_ns:
                return [_day_end(turns[0].date, turns[0].day_end_ns)]
        return []

    def _days(self, now_ns: int) -> Iterator[list[Turn]]:
        first = _date(now_ns) - DAYS_AROUND * DAY
        return (self.timeline.day(first + number * DAY) for number in range(DAYS_WITHOUT))


def _date(ts_ns: int) -> dt.date:
    return dt.datetime.fromtimestamp(ts_ns // SECOND_NS, dt.UTC).date()


def trades(session: Session, phase: Phase) -> bool:
    """Whether there is continuous trading in a phase."""
    return phase is Phase.CONTINUOUS or (phase is Phase.POST and session.template.post_trading)


def _state(session: Session, phase: Phase) -> InstrumentState:
    """The state of an instrument in a phase."""
    if phase in (Phase.PRE_OPEN, Phase.CLOSING):
        return CALL
    return OPEN if trades(session, phase) else CLOSED


def _wanted(session: Session, boundary: Boundary, before: Phase) -> tuple[InstrumentState, tuple[int, ...]]:
    """The state that a phase begins with, and the states in which it takes instruments over.

    What an operator halted stays HALTED until he resumes it; what he closed stays CLOSED until the next opening. After
    the opening call the core goes on by itself (the state after its auction). A halt's or a volatility auction that is
    under way when the closing call begins becomes part of it, as in the Limit Up-Limit Down Plan, section VII(C): no
    reopening in the last minutes, but the close.
    """
    phase = boundary.phase
    wanted = _state(session, phase)
    if wanted == OPEN:
        takes: tuple[int, ...] = (CLOSED,) if phase is Phase.CONTINUOUS and before is not Phase.PRE_OPEN else ()
    elif phase is Phase.PRE_OPEN:
        takes = (CLOSED,)
    elif phase is Phase.POST:
        takes = (OPEN,)  # one in a closing call has its auction: now, or where it was put off, then; others: `_close`
    else:
        takes = (OPEN, CALL)
    return wanted, takes


def _command(session: Session, boundary: Boundary, instrument: int, state: InstrumentState) -> bytes:
    """SET_INSTRUMENT_STATE; of a call with its auction at the end of the phase."""
    values: tuple[int, ...] = ()
    if boundary.phase is Phase.PRE_OPEN:
        values = (AuctionKind.OPENING, boundary.until_ns, OPEN)
    elif boundary.phase is Phase.CLOSING:
        values = (AuctionKind.CLOSING, boundary.until_ns, _state(session, Phase.POST))
    return admin_command(
        CommandKind.SET_INSTRUMENT_STATE, operator=OPERATOR, reason=f"{session.name}: {boundary.phase}",
        instrument=instrument, state=state, values=values,
    )  # fmt: skip


def _close(session: Session, boundary: Boundary, instrument: int) -> bytes:
    """Of one that is in another call as the day closes without trading in `post`: its auction would open it then. It
    becomes the close, held with the turn's last TICK, or put off as closing auctions are."""
    return admin_command(
        CommandKind.SET_INSTRUMENT_STATE, operator=OPERATOR, reason=f"{session.name}: {boundary.phase}",
        instrument=instrument, state=CALL, values=(AuctionKind.CLOSING, boundary.ts_ns + 1, CLOSED),
    )  # fmt: skip


def _day_end(date: dt.date, day_end_ns: int) -> bytes:
    return admin_command(
        CommandKind.SET_SCHEDULE, operator=OPERATOR, reason=f"end of the day {date}", values=[day_end_ns]
    )
