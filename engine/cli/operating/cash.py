"""`openbell ctl` verbs of rules of cash accounts (docs/cash.md)."""

from __future__ import annotations

import argparse

from openbell.cash import CashInfo
from openbell.operator import Operator
from openbell.wire import CashRule, CashViolation
from rich.console import Group
from rich.text import Text

from engine.cli import show
from engine.cli.operating import act
from engine.cli.operating.act import Act, Said
from engine.journal.money import date_text


def _date(number: int) -> str:
    return date_text(number) if number else "today"


def _restricted(row: CashInfo) -> str:
    return f"since {_date(row.since)}" if row.restricted else ""


def _cash(op: Operator, args: argparse.Namespace) -> Said:
    rows, unpaid, violations = op.cash_accounts(args.account), op.unpaid(args.account), op.violations(args.account)
    accounts = [
        (row.account_name, show.member(CashRule, row.rule), show.exact_cash(row.funds), show.exact_cash(row.unsettled),
         str(row.violations), _restricted(row))
        for row in rows
    ]  # fmt: skip
    columns = ("account", "rule", ">settled and free", ">unsettled and free", ">violations", "restricted")
    shown = [show.table(columns, accounts, empty="no account has a rule of cash accounts")]
    if unpaid:
        made = [(row.account_name, row.symbol, f"{row.lots:,}", show.exact_cash(row.money)) for row in unpaid]
        shown.append(show.table(("account", "symbol", ">lots not paid for", ">cost"), made))
    if violations:
        told = [
            (row.account_name, str(row.number), show.member(CashViolation, row.kind), row.symbol, _date(row.date))
            for row in violations
        ]
        shown.append(show.table(("account", ">number", "violation", "symbol", "day"), told))
    found = {
        "rows": [show.plain(row) for row in rows],
        "unpaid": [show.plain(row) for row in unpaid],
        "violations": [show.plain(row) for row in violations],
    }
    return Said(found, Group(*shown))


def _lift_cash(op: Operator, args: argparse.Namespace) -> Said:
    row = op.lift_cash(args.account, args.violation, reason=args.reason)
    what = "its restriction ended"
    if args.violation is not None:
        what = f"violation {args.violation:,} does not count any more"
    count = show.counted(row.violations, "violation counts", "violations count")
    return Said({"ok": True, "seq": op.last_seq, **show.plain(row)}, Text(f"{row.account_name}: {what}; {count}"))


def _ask_lift_cash(op: Operator, args: argparse.Namespace) -> str:
    rows = op.cash_accounts(args.account)
    now = "no rule of cash accounts"
    if rows:
        restricted = f"restricted {_restricted(rows[0])}" if rows[0].restricted else "not restricted"
        now = f"{show.counted(rows[0].violations, 'violation')}, {restricted}"
    what = "Let it buy with unsettled cash again"
    if args.violation is not None:
        what = f"Have violation {args.violation:,} not count any more"
    return f"{args.account} has {now}. {what}? Regulation T, 12 CFR 220.8(c)(2), says when that may be."


def _lift_cash_arguments(parser: argparse.ArgumentParser) -> None:
    act.account(parser)
    parser.add_argument(
        "violation", metavar="NUMBER", nargs="?", type=act.count_from_1, help="of a violation; none: the restriction"
    )


CASH = {
    "cash": Act("rules of cash accounts, what is not paid for, violations", _cash, act.maybe_account),
    "lift-cash": Act(
        "have a violation not count, or end a restriction", _lift_cash, _lift_cash_arguments, True, _ask_lift_cash
    ),
}
