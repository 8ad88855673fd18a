"""Keeps the instruments of a market in their sessions: makes them from the configuration, sequences what is due."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec
from openbell.wire import AuctionKind

from engine import config as configuration
from engine.config import Config, ConfigError
from engine.market import Market, names_of
from engine.sequencer import NEVER_NS, refused, tick_command
from engine.sessions.calendar import ALWAYS, CalendarError, calendar_of
from engine.sessions.plan import SECOND_NS, PlanError, Template
from engine.sessions.schedule import Schedule, Session, Timeline, trades
from engine.setup import Setup

CHECKED_DAYS: Final = 400  # of the calendars, at a start
SOON_DAYS: Final = 60  # before a calendar's end operators are told of it
Told = Callable[[str], None]


def session_of(name: str, wanted: configuration.Session) -> Session | None:
    """A session of the configuration; None for one without phases. Raises ConfigError."""
    if wanted.calendar == ALWAYS and wanted.open is None:
        return None
    try:
        calendar = calendar_of(wanted.calendar, wanted.time_zone)
    except CalendarError as error:
        field = "time_zone" if wanted.calendar == ALWAYS else "calendar"
        raise ConfigError(f"sessions.{name}.{field}: {error}") from None
    open_, close = (None if time is None else dt.time.fromisoformat(time) for time in (wanted.open, wanted.close))
    template = Template(
        open_, close, wanted.opening_call_s, wanted.closing_call_s, wanted.post_s, wanted.post_trading
    )  # fmt: skip
    return Session(name, calendar, template)


def timeline_of(config: Config, now_ns: int) -> Timeline:
    """The sessions that instruments of a configuration have. Raises ConfigError, also for days to come."""
    used = {one.session for one in config.instrument}
    made = [session_of(name, config.sessions[name]) for name in sorted(config.sessions) if name in used]
    timeline = Timeline([session for session in made if session is not None])
    try:
        timeline.check(now_ns, CHECKED_DAYS)
    except PlanError as error:
        raise ConfigError(str(error)) from None
    return timeline


def definitions_of(config: Config, timeline: Timeline) -> dict[str, dict[str, Any]]:
    """What each instrument's session is, by symbol: to know at the next start whether it is still the same."""
    phased = {session.name for session in timeline.sessions}
    bodies = {name: _phases_of(config.sessions[name]) for name in phased}
    return {
        one.symbol: {"name": one.session, **bodies[one.session]} for one in config.instrument if one.session in phased
    }


def _phases_of(session: configuration.Session) -> dict[str, Any]:
    """All of a session but its extensions, by which no phase begins."""
    body: dict[str, Any] = msgspec.to_builtins(msgspec.structs.replace(session, extensions=configuration.Extensions()))
    del body["extensions"]
    return body


class Keeper:
    """`begin` before anything else is journaled at a start, `settle` once instruments are made; then time does it."""

    def __init__(self, market: Market, timeline: Timeline, told: Told, clock_ns: Callable[[], int]) -> None:
        self.timeline = timeline
        self._market = market
        self._told = told
        self._clock_ns = clock_ns
        self._definitions = definitions_of(market.config, timeline)
        self._schedule: Schedule | None = None
        self._duty = market.sequencer.duty(self._turn)

    def begin(self, setup: Setup) -> None:
        """Go on from the journal's last command: what came due since then is done, in order, at its own time.

        Instruments whose session became another one are left to `settle`.
        """
        core = self._market.core
        if not core.seq:
            return
        before = setup.sessions_before
        same = [symbol for symbol, one in self._definitions.items() if before.get(symbol) == one]
        self._start(core.ts_ns, same)
        self._market.sequencer.catch_up(self._clock_ns())

    def settle(self, setup: Setup) -> None:
        """All instruments are there: bring those that are new to their session into its present phase."""
        before, now_ns = setup.sessions_before, self._clock_ns()
        if self._schedule is None:
            self._start(now_ns, ())
        assert self._schedule is not None
        self._schedule.members = self._by_session(self._definitions)
        self._market.asleep = self._asleep
        new = [symbol for symbol, one in self._definitions.items() if before.get(symbol) != one]
        # One that shall begin closed does: its session takes it up with its next opening.
        wanted_closed = {one.symbol for one in self._market.config.instrument if one.state == "closed"}
        placed = [symbol for symbol in new if symbol not in wanted_closed or setup.had_instrument(symbol)]
        commands = self._schedule.day_end(now_ns) if new else []
        commands += self._schedule.place(now_ns, self._by_session(placed), self._states())
        if commands:
            self._look(self._market.sequencer.execute(commands))
        for text in self.warnings():
            self._told(text)
        for symbol in sorted(set(before) - set(self._definitions)):
            self._told(f"{symbol} has no session any more: it stays as it is until an operator changes that")

    def _start(self, from_ns: int, symbols: Iterable[str]) -> None:
        self._schedule = Schedule(self.timeline, from_ns)
        self._schedule.members = self._by_session(symbols)
        self._market.sequencer.set_due(self._duty, self._schedule.next_ns)
        self._tell_of_the_end()

    # ------------------------------------------------------------ time

    def _turn(self, ts_ns: int) -> int:
        """Take the turn of ts_ns; when the next one is.

        A turn's last command is a TICK of a later time: a journal that ends with that of the turn has it in part, and
        the next start does the rest.
        """
        schedule, sequencer = self._schedule, self._market.sequencer
        assert schedule is not None
        sequencer.execute_at([tick_command()], ts_ns)
        commands = schedule.turn(self._states(), self._closing())
        if commands:
            self._look(sequencer.execute_at(commands, ts_ns))
        sequencer.execute_at([tick_command()], ts_ns + 1)
        self._tell_of_the_end()
        return schedule.next_ns

    def _look(self, answers: list[bytes]) -> None:
        """Say what the core refused."""
        for error in refused(answers):
            if error is not None:
                self._told(f"a command of the schedule was refused: {error}")

    def _tell_of_the_end(self) -> None:
        """Say why no turn comes any more, where that is so."""
        schedule = self._schedule
        assert schedule is not None
        if schedule.next_ns == NEVER_NS and self.timeline.sessions:
            self._told(f"the schedule has ended: {schedule.trouble or 'its calendars know no later day'}")

    def warnings(self) -> list[str]:
        """What operators have to do something about: calendars that end soon, or have."""
        last = dt.datetime.fromtimestamp(self._clock_ns() // SECOND_NS, dt.UTC).date() + dt.timedelta(SOON_DAYS)
        return [
            f"sessions.{session.name}: calendar {session.calendar.name} knows no day after {known_to}: its instruments "
            "stay then as they are; a newer exchange_calendars may know more"
            for session in self.timeline.sessions
            if (known_to := session.calendar.known_to) is not None and known_to < last
        ]

    # ------------------------------------------------------------ tables

    def _states(self) -> dict[int, int]:
        rows = self._market.instruments()
        return dict(zip(rows["instrument"].tolist(), rows["state"].tolist(), strict=True))

    def _closing(self) -> set[int]:
        """Instruments that are called for a closing auction."""
        rows = self._market.instruments()
        return set(rows["instrument"][rows["auction_kind"] == AuctionKind.CLOSING].tolist())

    def _asleep(self) -> set[int]:
        """Instruments whose session does not trade now."""
        assert self._schedule is not None
        now_ns, found = self._clock_ns(), set[int]()
        for session in self.timeline.sessions:
            if not trades(session, self.timeline.phase(session, now_ns)[0].phase):
                found.update(self._schedule.members.get(session.name, ()))
        return found

    def _by_session(self, symbols: Iterable[str]) -> dict[str, list[int]]:
        """Ids by session, ascending, of the symbols that are set up."""
        ids = {symbol: one for one, symbol in names_of(self._market.instruments(), "instrument", "symbol").items()}
        found: dict[str, list[int]] = {}
        for symbol in symbols:
            if symbol in ids:
                found.setdefault(self._definitions[symbol]["name"], []).append(ids[symbol])
        return {name: sorted(numbers) for name, numbers in found.items()}

    def status(self) -> list[dict[str, Any]]:
        """What each session is in, and what comes next; times in ns, 0 where there is none."""
        assert self._schedule is not None
        now_ns, told = self._clock_ns(), []
        for session in self.timeline.sessions:
            present, following = self.timeline.phase(session, now_ns)
            told.append(
                {
                    "session": session.name,
                    "calendar": session.calendar.name,
                    "time_zone": session.calendar.zone.key,
                    "instruments": len(self._schedule.members.get(session.name, ())),
                    "phase": present.phase,
                    "since_ts_ns": present.ts_ns,
                    "next_phase": "" if following is None else following.phase,
                    "next_ts_ns": 0 if following is None else following.ts_ns,
                }
            )
        return told
