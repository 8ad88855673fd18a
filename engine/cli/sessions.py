"""`openbell sessions show`: the phases of coming days, in local time and in UTC, without a running market."""

from __future__ import annotations

import argparse
import datetime as dt
import time
from pathlib import Path
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from engine import config as configuration
from engine import extensions
from engine.cli import reach, show
from engine.config import ConfigError
from engine.sessions.calendar import ALWAYS
from engine.sessions.keeper import session_of
from engine.sessions.plan import SECOND_NS, PlanError
from engine.sessions.schedule import DAY, Session, Timeline

CONFIG = reach.ROOT / "configs" / "market.toml"
LONGEST_DAYS = 1000
STYLES = {"continuous": "green", "pre-open": "cyan", "closing": "cyan", "closed": "dim"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb to its parser."""
    parts = parser.add_subparsers(dest="part", required=True, metavar="show")
    part = parts.add_parser("show", help="the phases of coming days", description="Show the phases of coming days.")
    part.add_argument("--config", type=Path, default=CONFIG, metavar="FILE", help="TOML (configs/market.toml)")
    part.add_argument("--session", metavar="NAME", help="of [sessions.NAME] (default: all)")
    part.add_argument(
        "--calendar", metavar="CODE", help="an exchange's calendar, instead of the configuration's sessions"
    )
    part.add_argument("--date", type=_date, metavar="YYYY-MM-DD", help="from that day on (default: today)")
    part.add_argument("--days", type=_days, default=5, metavar="N", help="trading days (default 5)")
    part.add_argument("--json", action="store_true", help="print JSON instead of tables")


def run(args: argparse.Namespace) -> int:
    """Exit code: 0; 2 for a configuration or a calendar that cannot be."""
    try:
        sessions = _sessions(args)
        first = args.date or dt.datetime.fromtimestamp(time.time(), dt.UTC).date()
        rows = {session.name: _rows(session, first, args.days) for session, _ in sessions}
    except (ConfigError, PlanError) as error:
        if args.json:
            show.out_json({"error": {"code": "bad_input", "text": str(error)}})
        else:
            show.complain(f"openbell sessions: {error}")
        return 2
    if args.json:
        show.out_json({"sessions": [{**_head(one, wanted), "days": rows[one.name]} for one, wanted in sessions]})
        return 0
    if not sessions:
        show.out("no sessions: every instrument is open every minute, until an operator changes that")
    for session, wanted in sessions:
        show.out(_table(session, wanted, rows[session.name]))
    return 0


Sessions = list[tuple[Session, configuration.Session]]


def _sessions(args: argparse.Namespace) -> Sessions:
    """Those to show, with what the configuration says of them. Raises ConfigError."""
    if args.calendar is not None:
        made = [(args.calendar, configuration.Session(calendar=args.calendar))]
        if args.calendar == ALWAYS:
            return []
    else:
        if not args.config.is_file():
            raise ConfigError(f"--config {args.config}: there is no such file")
        wanted = configuration.load([args.config]).sessions
        if args.session is not None and args.session not in wanted:
            raise ConfigError(f"--session: there is no [sessions.{args.session}] in {args.config}")
        made = [(name, one) for name, one in wanted.items() if args.session in (None, name)]
    try:
        found = [(session_of(name, one), one) for name, one in made]
    except ConfigError as error:
        if args.calendar is None:
            raise
        raise ConfigError(f"--calendar: {error.args[0].partition('.calendar: ')[2]}") from None
    return [(session, wanted) for session, wanted in found if session is not None]


def _rows(session: Session, first: dt.date, count: int) -> list[dict[str, Any]]:
    """Trading days with their phases, as many as are wanted or the calendar has. Raises PlanError."""
    timeline = Timeline([session])
    days: list[dict[str, Any]] = []
    for number in range(LONGEST_DAYS * 7):
        date = first + number * DAY
        if len(days) == count or (session.calendar.known_to is not None and date > session.calendar.known_to):
            break
        phases = [
            {"phase": str(one.phase), "ts_ns": one.ts_ns, "local": _local(session, one.ts_ns), "utc": _utc(one.ts_ns)}
            for one in timeline.plan(session, date)
        ]
        if phases:
            hours = session.calendar.hours(date)
            days.append(
                {"date": str(date), "early_close": bool(hours and hours.early > dt.timedelta()), "phases": phases}
            )
    return days


def _head(session: Session, wanted: configuration.Session) -> dict[str, Any]:
    known_to = session.calendar.known_to
    return {
        "session": session.name,
        "calendar": session.calendar.name,
        "time_zone": session.calendar.zone.key,
        "known_to": None if known_to is None else str(known_to),
        "extensions": {name: extensions.words_of(one) for name, _, one in extensions.kinds(wanted)},
    }


def _table(session: Session, wanted: configuration.Session, days: list[dict[str, Any]]) -> RenderableType:
    rows = []
    for day in days:
        date = dt.date.fromisoformat(day["date"])
        for number, one in enumerate(day["phases"]):
            note = "closes early" if day["early_close"] and one["phase"] == "closing" else ""
            named = f"{date:%a} {date}" if number == 0 else ""
            phase = Text(one["phase"], STYLES.get(one["phase"], ""))
            rows.append((named, phase, one["local"][11:], one["utc"].replace("T", " "), Text(note, "yellow")))
    head = _head(session, wanted)
    title = f"{head['session']}: calendar {head['calendar']}, {head['time_zone']}"
    if head["known_to"] is not None:
        title += f", days known to {head['known_to']}"
    table = show.table(("day", "phase", "local", "UTC", ""), rows, empty="no trading day")
    extended = [Text(f"{kind} auctions: {words}") for kind, words in head["extensions"].items()]
    return Group(Text(title, "bold"), table, *extended, Text())


def _local(session: Session, ts_ns: int) -> str:
    return dt.datetime.fromtimestamp(ts_ns // SECOND_NS, session.calendar.zone).strftime("%Y-%m-%dT%H:%M:%S")


def _utc(ts_ns: int) -> str:
    return dt.datetime.fromtimestamp(ts_ns // SECOND_NS, dt.UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _date(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected a date such as 2025-12-24, got {text!r}") from None


def _days(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= LONGEST_DAYS:
        raise argparse.ArgumentTypeError(f"expected 1 to {LONGEST_DAYS}, got {text!r}")
    return int(text)
