"""`openbell at WHEN book|account|orders`: a market as it was, from its snapshots and journal (docs/travel.md)."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from openbell.errors import InvalidInput
from rich.console import RenderableType

from engine.cli import reach, show
from engine.cli.operating import look
from engine.journal.errors import JournalError
from engine.travel.past import Past
from engine.travel.view import View

HELP = "show a market as it was at any command or time"
EPILOG = """WHEN is the number of a command (812,344), a time (2026-11-30T10:31:05.25, or 10:31:05.25 of today; this
machine's zone, or Z, or +01:00 behind it), or how long ago (-90s, -5m, -2h, -1d): what was after the last command at
that time or before. It is replayed from the newest snapshot before; a running market does not notice.

exit codes: 0 done, 1 the journal cannot be read, 2 no such moment, or nobody of that name then"""

Shown = tuple[dict[str, Any], list[RenderableType]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb to its parser."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EPILOG
    parser.add_argument("when", metavar="WHEN", help="the number of a command, a time, or how long ago")
    acts = parser.add_subparsers(dest="act", metavar="book|account|orders", required=True)
    book = acts.add_parser("book", help="the order book of an instrument")
    look.book_arguments(book)
    account = acts.add_parser("account", help="an account's cash, limits of it, positions")
    account.add_argument("account", metavar="ACCOUNT", help="name or id")
    orders = acts.add_parser("orders", help="live orders")
    orders.add_argument("account", metavar="ACCOUNT", nargs="?", help="only of this account: name or id")
    orders.add_argument("--symbol", metavar="SYM", help="only of this instrument: symbol or id")
    look.add_limit(orders)
    for one in (book, account, orders):
        one.add_argument("--data", type=Path, default=Path("var"), metavar="DIR", help="the market's directory (./var)")
        one.add_argument("--json", action="store_true", help="print JSON, one value")


def run(args: argparse.Namespace) -> int:
    """Do it. Returns 0; 1 where the journal cannot be read; 2 for a moment or a name that there is not."""
    try:
        view = Past(args.data).at(args.when)
        value, shown = ACTS[args.act](view, args)
    except InvalidInput as error:
        return reach.report("at", error, args.json)
    except (JournalError, OSError) as error:
        return reach.failed("at", str(error), args.json)
    if args.json:
        show.out_json({"seq": view.seq, "ts_ns": view.ts_ns, **value})
    else:
        show.out(f"as of command {view.seq:,}, {show.moment(view.ts_ns)}", *shown)
    return reach.DONE


def _book(view: View, args: argparse.Namespace) -> Shown:
    book = view.book(args.symbol, args.levels)
    return look.book_json(book), [look.book_table(book)]


def _account(view: View, args: argparse.Namespace) -> Shown:
    row, positions = view.account(args.account), view.positions(args.account)
    value = {**show.plain(row), "positions": look.named(positions, view.account_names, view.symbols)}
    table = look.positions_table(positions, view.instruments(), view.account_names)
    return value, [look.account_details(row, {}), "", table]


def _orders(view: View, args: argparse.Namespace) -> Shown:
    rows = view.orders(args.account, args.symbol)
    shown, names, symbols = rows[: args.limit], view.account_names, view.symbols
    value = {"rows": look.named(shown, names, symbols), "total": len(rows)}
    return value, [look.orders_table(shown, len(rows), names, symbols)]


ACTS: dict[str, Callable[[View, argparse.Namespace], Shown]] = {"book": _book, "account": _account, "orders": _orders}
