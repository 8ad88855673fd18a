"""Regular hours of instruments, by the sessions that they have."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from engine.sequencer import NEVER_NS
from engine.sessions.plan import SECOND_NS, Boundary, Phase, PlanError
from engine.sessions.schedule import DAY, DAYS_AROUND, DAYS_WITHOUT, Session, Timeline, trades
from engine.volatility.luld import ALWAYS, Hours

NEVER = Hours(NEVER_NS, NEVER_NS)  # the calendar has ended


class RegularHours:
    """Asked by the name of a session; one without phases, or none, has no end."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self._sessions = {session.name: session for session in timeline.sessions}
        self._known: dict[str, tuple[int, Hours]] = {}  # by session: from when on the hours are those to come

    def at(self, name: str | None, ts_ns: int) -> Hours:
        """Those of the day that is on, or that comes next."""
        session = self._sessions.get(name or "")
        if session is None:
            return ALWAYS
        from_ns, hours = self._known.get(session.name, (NEVER_NS, NEVER))
        if not from_ns <= ts_ns < hours.close_ns:
            before_ns = 0
            for hours in self._days(session, ts_ns):
                if ts_ns < hours.close_ns:
                    break
                before_ns = hours.close_ns
            else:
                hours = NEVER
            self._known[session.name] = before_ns, hours
        return hours

    def _days(self, session: Session, ts_ns: int) -> Iterator[Hours]:
        date = dt.datetime.fromtimestamp(ts_ns // SECOND_NS, dt.UTC).date() - DAYS_AROUND * DAY
        for _ in range(DAYS_WITHOUT):
            try:
                plan = self._timeline.plan(session, date)
            except PlanError:  # the schedule ends there, and says so
                return
            if plan:
                opens = next(one.ts_ns for one in plan if one.phase is Phase.CONTINUOUS)
                yield Hours(opens, next(one.ts_ns for one in plan if one.phase is Phase.POST))
            date += DAY

    def phase(self, name: str | None, ts_ns: int) -> Boundary | None:
        """What the session is in; None: it has no phases."""
        session = self._sessions.get(name or "")
        return None if session is None else self._timeline.phase(session, ts_ns)[0]

    def trades(self, name: str | None, ts_ns: int) -> bool:
        """Whether there is continuous trading in what the session is in."""
        session = self._sessions.get(name or "")
        return session is None or trades(session, self._timeline.phase(session, ts_ns)[0].phase)

    def trades_after(self, name: str | None) -> bool:
        """Whether there is continuous trading after the close."""
        session = self._sessions.get(name or "")
        return session is None or session.template.post_trading
