"""`openbell ctl` verbs of API keys and their limits (docs/session-limits.md)."""

from __future__ import annotations

import argparse

from openbell.errors import InvalidInput
from openbell.keys import KeyReport
from openbell.limits import KEY_LIMITS, limit_text
from openbell.operator import Operator
from openbell.wire import Limit
from rich.console import Group, RenderableType
from rich.text import Text

from engine.cli import show
from engine.cli.operating import act
from engine.cli.operating.act import Act, Said
from engine.cli.operating.desks import NONE, decimal_or_none, value_or_zero
from engine.cli.screens.desks import limit_rows

NO_LIMITS = "no limits of API keys yet: ./openbell ctl session-limit KEY messages HARD"


def _keys(op: Operator, args: argparse.Namespace) -> Said:
    report = op.keys()
    json = {"seq": op.last_seq, **{name: [show.plain(row) for row in rows] for name, rows in report._asdict().items()}}
    return Said(json, Group(_keys_table(report, op.account_names()), Text(), _limits_table(report)))


def _keys_table(report: KeyReport, names: dict[int, str]) -> RenderableType:
    made = []
    for row in report.keys:
        counted = (f"{row.open_orders:,}", show.cash(row.open_notional), f"{row.messages:,}")
        accounts = ", ".join(names.get(number, str(number)) for number in row.accounts[:3])
        more = f" and {len(row.accounts) - 3} more" if len(row.accounts) > 3 else ""
        made.append((row.name, accounts + more, f"{row.sessions:,}", *(counted if row.key else [show.NOTHING] * 3)))
    columns = ("key", "accounts", ">sessions", ">orders", ">open", ">messages")
    return show.table(columns, made, empty="no API keys yet: ./openbell ctl add-key ACCOUNT")


def _limits_table(report: KeyReport) -> RenderableType:
    names = {row.key: row.name for row in report.keys}
    made = limit_rows(report.limits, lambda row: names.get(row.holder, str(row.holder)))
    return show.table(("of key", "limit", ">now", ">soft", ">hard", ">used"), made, empty=NO_LIMITS)


# ------------------------------------------------------------ limits


def _session_limit(op: Operator, args: argparse.Namespace) -> Said:
    if _shows(args):
        report = op.keys()
        return Said({"limits": [show.plain(row) for row in report.limits]}, _limits_table(report))
    which = Limit[act.name(args.limit)]
    rows = op.session_limit(
        args.key, which, hard=value_or_zero(args.hard), soft=value_or_zero(args.soft), reason=args.reason
    )
    found = next((row for row in rows if row.limit == which), None)
    text = f"key {args.key} has no limit of {which.name.lower().replace('_', ' ')} any more"
    if found is not None:
        shown = [limit_text(which, value) if value else NONE for value in (found.hard, found.soft)]
        text = f"key {args.key}: {found.name} {shown[0]}, soft {shown[1]}; now {limit_text(which, found.measure)}"
    return Said({"ok": True, "seq": op.last_seq, "limits": [show.plain(row) for row in rows]}, Text(text))


def _shows(args: argparse.Namespace) -> bool:
    if args.key is None:
        return True
    if args.limit is None or args.hard is None:
        raise InvalidInput("give the limit and its hard value (none: no such limit), and a soft one", field="hard")
    return False


def _ask(op: Operator, args: argparse.Namespace) -> str:
    soft = "" if args.soft is None else f", soft {args.soft}"
    row = next((row for row in op.keys().keys if row.name == args.key), None)
    now = "" if row is None else f" ({show.counted(row.sessions, 'session')} now)"
    return (
        f"Have all sessions of key {args.key}{now} limited together in {args.limit.lower().replace('_', ' ')}: "
        f"hard {args.hard}{soft}, at once?"
    )


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "key", metavar="KEY", nargs="?", help="the API key's name (`ctl keys` shows it); none: show all"
    )
    parser.add_argument(
        "limit", metavar="LIMIT", nargs="?", type=act.name, choices=[one.name for one in KEY_LIMITS],
        help=", ".join(one.name.lower().replace("_", "-") for one in KEY_LIMITS),
    )  # fmt: skip
    parser.add_argument("hard", nargs="?", type=decimal_or_none, metavar="HARD", help="more is refused; none: no limit")
    parser.add_argument("soft", nargs="?", type=decimal_or_none, metavar="SOFT", help="more is told; none: no limit")


KEYS = {
    "keys": Act("show API keys, who is logged in with them, and their limits", _keys),
    "session-limit": Act(
        "show limits of API keys, or set one of all sessions of a key together", _session_limit, _arguments, True, _ask,
        _shows,
    ),
}  # fmt: skip
