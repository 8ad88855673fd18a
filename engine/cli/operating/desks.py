"""`openbell ctl` verbs of desks and limits (docs/desks.md)."""

from __future__ import annotations

import argparse

from openbell.desks import DeskInfo, DeskReport
from openbell.errors import InvalidInput
from openbell.limits import ACCOUNT_LIMITS, limit_text
from openbell.operator import Operator
from openbell.wire import AccountState, Limit
from rich.text import Text

from engine.cli import show
from engine.cli.operating import act
from engine.cli.operating.act import Act, Said
from engine.cli.screens import desks as tables

NONE = "none"
STATES = (AccountState.BLOCKED, AccountState.REDUCE_ONLY, AccountState.CLOSE_ONLY)


def _said(op: Operator, text: str, **more: object) -> Said:
    return Said({"ok": True, "seq": op.last_seq, **more}, Text(text))


def _desk(text: str) -> str | int:
    """A desk, or that there is none."""
    return 0 if text.lower() == NONE else text


def _row(op: Operator, desk: str | int) -> DeskInfo:
    number = op.desk_id(desk)
    return next(row for row in op.desks().desks if row.desk == number)


def report_json(report: DeskReport) -> dict[str, object]:
    """All of it for programs."""
    return {name: [show.plain(row) for row in rows] for name, rows in report._asdict().items()}


# ------------------------------------------------------------ desks


def _desks(op: Operator, args: argparse.Namespace) -> Said:
    report = op.desks()
    return Said({"seq": op.last_seq, **report_json(report)}, tables.screen(report, op.account_names()))


def _set_desk(op: Operator, args: argparse.Namespace) -> Said:
    parent = None if args.parent is None else _desk(args.parent)
    known = {row.name for row in op.desks().desks}
    if args.what == "move":
        if parent is None:
            raise InvalidInput("desk move needs --parent, a desk or none", field="parent")
        row = op.set_desk(args.name, parent=parent, reason=args.reason)
    elif args.name in known:
        if parent is None and args.rename is None:
            raise InvalidInput(f"there is a desk {args.name!r}: give --parent or --rename", field="name")
        row = op.set_desk(args.name, name=args.rename, parent=parent, reason=args.reason)
    else:
        row = op.set_desk(name=args.name, parent=parent, reason=args.reason)
    names = {one.desk: one.name for one in op.desks().desks}
    where = f"below {names.get(row.parent, row.parent)}" if row.parent else "a firm"
    return _said(op, f"desk {row.name} ({row.desk}) is {where}", **show.plain(row))


def _ask_desk(op: Operator, args: argparse.Namespace) -> str | None:
    if args.what != "move":
        return None
    row = _row(op, args.name)
    watched = show.counted(row.watched, "watched account")
    return f"Move desk {row.name} with all below it? What its {watched} have counts for its new firm at once."


def _desk_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=("set", "move"), help="make or change one; have another one above it")
    parser.add_argument("name", metavar="DESK", help="its name")
    parser.add_argument("--parent", metavar="DESK|none", help="the desk above it; none: it is a firm")
    parser.add_argument("--rename", metavar="NAME", help="its new name")


def _member(op: Operator, args: argparse.Namespace) -> Said:
    row = op.set_member(args.account, _desk(args.desk), reason=args.reason)
    where = "in no desk" if _desk(args.desk) == 0 else f"in desk {args.desk}"
    return _said(op, f"{row.name} is {where} now", **show.plain(row))


def _member_arguments(parser: argparse.ArgumentParser) -> None:
    act.account(parser)
    parser.add_argument("desk", metavar="DESK|none", help="the desk that it is in from now on")


# ------------------------------------------------------------ stopping


def _state(args: argparse.Namespace) -> AccountState:
    return AccountState[act.name(args.state)]


def _kill(op: Operator, args: argparse.Namespace) -> Said:
    done = op.kill_desk(args.desk, state=_state(args), cancel_orders=not args.keep_orders, reason=args.reason)
    text = (
        f"desk {args.desk} is {show.member(AccountState, _state(args))}: {show.counted(done.accounts, 'account')} "
        f"stopped, {show.counted(done.canceled, 'order')} cancelled"
    )
    return _said(op, text, **done._asdict())


def _ask_kill(op: Operator, args: argparse.Namespace) -> str:
    row, report = _row(op, args.desk), op.desks()
    below = {one.desk for _, one in tables.chain(report.desks)}
    parents = {one.desk: one.parent for one in report.desks}

    def is_below(desk: int) -> bool:
        while desk in below and desk != row.desk:
            desk = parents[desk]
        return desk == row.desk

    accounts = sum(is_below(member.desk) for member in report.members)
    orders = "leave their orders" if args.keep_orders else "cancel all their orders"
    what = {AccountState.BLOCKED: "Block", AccountState.REDUCE_ONLY: "Let only reduce",
            AccountState.CLOSE_ONLY: "Let only close"}[_state(args)]  # fmt: skip
    kind = "firm" if not row.parent else "desk"
    return f"{what} all {show.counted(accounts, 'account')} of {kind} {row.name} ({row.desk}), and {orders}?"


def _kill_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("desk", metavar="DESK", help="name or id; a firm is a desk without one above it")
    parser.add_argument(
        "--state", default="blocked", type=str.lower, choices=[one.name.lower().replace("_", "-") for one in STATES],
        help="what they may still do (default blocked: nothing)",
    )  # fmt: skip
    parser.add_argument("--keep-orders", action="store_true", help="cancel nothing (close-only: but what could open)")


def _unkill(op: Operator, args: argparse.Namespace) -> Said:
    row = op.unkill_desk(args.desk, reason=args.reason)
    still = "" if row.in_force == AccountState.ACTIVE else (
        f"; above it still {show.member(AccountState, row.in_force)}"
    )  # fmt: skip
    return _said(op, f"desk {row.name} is active{still}", **show.plain(row))


def _ask_unkill(op: Operator, args: argparse.Namespace) -> str:
    row = _row(op, args.desk)
    return f"Let the accounts below desk {row.name} ({row.desk}, {show.member(AccountState, row.state)}) trade again?"


def _desk_only(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("desk", metavar="DESK", help="name or id")


# ------------------------------------------------------------ limits


def _limit(op: Operator, args: argparse.Namespace) -> Said:
    if _shows_limit(args):
        report = op.desks()
        return Said(
            {"limits": [show.plain(row) for row in report.limits]}, tables.limits_table(report, op.account_names())
        )
    which = Limit[act.name(args.limit)]
    rows = op.set_limit(
        which,
        account=args.account,
        desk=args.desk,
        hard=value_or_zero(args.hard),
        soft=value_or_zero(args.soft),
        reason=args.reason,
    )
    found = next((row for row in rows if row.limit == which), None)
    holder = f"desk {args.desk}" if args.desk is not None else args.account
    text = f"{holder} has no limit of {which.name.lower().replace('_', ' ')} any more"
    if found is not None:
        shown = [limit_text(which, value) if value else NONE for value in (found.hard, found.soft)]
        text = f"{holder}: {found.name} {shown[0]}, soft {shown[1]}; now {limit_text(which, found.measure)}"
    return _said(op, text, limits=[show.plain(row) for row in rows])


def value_or_zero(text: str | None) -> str | None:
    """What is said of a limit: "none" is 0."""
    return "0" if text == NONE else text


def _shows_limit(args: argparse.Namespace) -> bool:
    if args.limit is None:
        return True
    if (args.account is None) == (args.desk is None):
        raise InvalidInput("a limit is of an account or of a desk: give --account or --desk", field="account")
    if args.hard is None and args.soft is None:
        raise InvalidInput("give --hard, --soft or both; none takes one away", field="hard")
    return False


def _ask_limit(op: Operator, args: argparse.Namespace) -> str:
    holder = f"desk {args.desk}" if args.desk is not None else f"account {args.account}"
    words = [f"{name} {given}" for name, given in (("hard", args.hard), ("soft", args.soft)) if given is not None]
    return f"Have {holder} limited in {args.limit.lower().replace('_', ' ')}: {', '.join(words)}, at once?"


def decimal_or_none(text: str) -> str:
    """An argument: a value of a limit, or that there is none."""
    return NONE if text.lower() == NONE else act.unsigned_decimal_text(text.removesuffix("%").strip())


def _limit_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "limit", metavar="LIMIT", nargs="?", type=act.name, choices=[one.name for one in ACCOUNT_LIMITS],
        help=f"{', '.join(one.name.lower().replace('_', '-') for one in ACCOUNT_LIMITS)}; none: show all",
    )  # fmt: skip
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--account", metavar="ACCOUNT", help="of an account: name or id")
    which.add_argument("--desk", metavar="DESK", help="of all accounts below a desk: name or id")
    parser.add_argument("--hard", type=decimal_or_none, metavar="VALUE", help="more is refused; none: no such limit")
    parser.add_argument("--soft", type=decimal_or_none, metavar="VALUE", help="more is told; none: no such limit")


DESKS = {
    "desks": Act("show desks, what they measure, and limits", _desks),
    "desk": Act("make a desk, or move it", _set_desk, _desk_arguments, True, _ask_desk),
    "member": Act("have an account be in a desk", _member, _member_arguments, True),
    "kill-desk": Act(
        "block all accounts of a desk or a firm and cancel their orders", _kill, _kill_arguments, True, _ask_kill
    ),
    "unkill-desk": Act("let the accounts of a desk trade again", _unkill, _desk_only, True, _ask_unkill),
    "limit": Act(
        "show limits, or set one of an account or a desk", _limit, _limit_arguments, True, _ask_limit, _shows_limit
    ),
}  # fmt: skip
