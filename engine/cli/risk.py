"""`openbell risk [ACCOUNT]`: what watched accounts are worth and must keep, the worst first (docs/risk.md)."""

from __future__ import annotations

import argparse
import time
from typing import Any

from openbell.errors import InvalidInput, OpenBellError
from openbell.operator import Operator
from openbell.risk import worst_first
from rich.console import Group, RenderableType
from rich.live import Live
from rich.text import Text

from engine.cli import reach, show
from engine.cli.operating import act
from engine.cli.operating import desks as desk_verbs
from engine.cli.operating.act import seconds
from engine.cli.screens import desks
from engine.cli.screens import risk as tables

HELP = "what accounts are worth and must keep, the worst first"
EVERY_S = 1.0
WHAT_IF = "what-if"
USAGE = "what-if ACCOUNT buy|sell LOTS SYM"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb to its parser."""
    reach.add_market(parser)
    parser.add_argument(
        "words", metavar="ACCOUNT", nargs="*",
        help="name or id: its positions, too; or what-if ACCOUNT buy|sell LOTS SYM: what that order would do",
    )  # fmt: skip
    parser.add_argument("--price", type=act.price_text, metavar="P", help="what-if: at this price, else at the market")
    parser.add_argument(
        "--watch", type=seconds, nargs="?", const=EVERY_S, metavar="S",
        help=f"look again every S seconds (default {EVERY_S:g}) until Ctrl-C",
    )  # fmt: skip
    parser.add_argument("--timeout", type=seconds, default=10.0, metavar="S", help="seconds to wait (default 10)")
    parser.epilog = "Levels, margins, how accounts are watched: openbell ctl risk, margin, account-risk."


def run(args: argparse.Namespace) -> int:
    """Show it. Returns the exit code: 0, 2 for an unknown account, 3 without an engine."""
    return reach.reported("risk", args, _do)


def _do(args: argparse.Namespace) -> int:
    if args.words[:1] == [WHAT_IF]:
        return _what_if(args)
    if len(args.words) > 1:
        raise InvalidInput(f"risk takes one ACCOUNT, or {USAGE}; got {' '.join(args.words)!r}", field="account")
    if args.price is not None:
        raise InvalidInput(f"--price is of {USAGE}", field="price")
    args.account = next(iter(args.words), None)
    with Operator(reach.address(args), timeout_s=args.timeout) as op:
        value, shown = _look(op, args.account)
        console = show.console()
        if args.watch is None:
            _print(value, shown, args.json)
        elif args.json or not console.is_terminal:
            _follow(op, args, value, shown)
        else:
            _draw(op, args, shown)
    return reach.DONE


def _look(op: Operator, account: str | None) -> tuple[dict[str, Any], RenderableType]:
    """What there is to know, for programs and for people."""
    report = op.risk(account)
    value: dict[str, Any] = {
        "seq": op.last_seq,
        "settings": show.plain(report.settings),
        "accounts": [show.plain(row) for row in worst_first(report.accounts)],
        "day_traders": [show.plain(row) for row in report.day_traders],
        "day_trade_settings": show.plain(report.day_trade_settings),
    }
    found = op.desks()
    if account is None:
        value |= desk_verbs.report_json(found)
        shown = tables.accounts_table(report)
        if not found.desks and not found.limits:
            return value, shown
        return value, Group(shown, Text(), desks.screen(found, op.account_names()))
    number = op.account_id(account)
    name = op.account_names().get(number, str(number))
    value["exposures"] = [show.plain(row) for row in report.exposures]
    margins = {row.instrument: row for row in op.margins()}
    value["limits"] = [show.plain(row) for row in desks.of_account(found, number)]
    head = tables.account_lines(name, report)
    parts: list[RenderableType] = [head, Text(), tables.exposures_table(report.exposures, margins)]
    if value["limits"]:
        parts += [Text(), desks.limits_table(found, {number: name}, desks.of_account(found, number))]
    return value, Group(*parts)


def _what_if(args: argparse.Namespace) -> int:
    """What an order would do."""
    if len(args.words) != len(USAGE.split()):
        raise InvalidInput(f"expected {USAGE}, got {' '.join(args.words)!r}", field="what-if")
    if args.watch is not None:
        raise InvalidInput("--watch shows how accounts stand; what-if is asked once", field="watch")
    _, account, side, lots, symbol = args.words
    try:
        qty = act.count_from_1(lots)
    except argparse.ArgumentTypeError as error:
        raise InvalidInput(f"LOTS: {error}", field="qty", value=lots) from None
    with Operator(reach.address(args), timeout_s=args.timeout) as op:
        found = op.preview(account, side, symbol, qty, args.price)
        name = op.account_names().get(op.account_id(account), account)
        told = op.symbols()[op.instrument_id(symbol)]
    rows = {"before": found.before, "after": found.after}
    value = {
        "is_accepted": found.is_accepted,
        "event": found.event._asdict(),
        **{when: None if row is None else show.plain(row) for when, row in rows.items()},
    }
    at = "at the market" if args.price is None else f"at {args.price}"
    head = f"{side.lower()} {qty:,} {told} {at} for {name}"
    _print(value, tables.preview_lines(head, found), args.json)
    return reach.DONE


def _print(value: dict[str, Any], shown: RenderableType, as_json: bool) -> None:
    if as_json:
        show.out_json(value)
    else:
        show.out(shown)


def _follow(op: Operator, args: argparse.Namespace, value: dict[str, Any], shown: RenderableType) -> None:
    """In a pipe: one after the other."""
    try:
        while True:
            _print(value, shown, args.json)
            time.sleep(args.watch)
            value, shown = _look(op, args.account)
    except KeyboardInterrupt:
        pass  # the way to leave it


def _draw(op: Operator, args: argparse.Namespace, shown: RenderableType) -> None:
    """On a terminal: in place. Where the engine is away it says so, and goes on looking."""
    with Live(shown, console=show.console(), screen=True, auto_refresh=False) as live:
        try:
            while True:
                live.refresh()
                time.sleep(args.watch)
                try:
                    _, shown = _look(op, args.account)
                    live.update(shown)
                except OpenBellError as error:
                    live.update(Group(Text(str(error), "bold yellow"), shown))
        except KeyboardInterrupt:
            pass  # the way to leave it
