"""`openbell ctl` verbs of day trades (docs/daytrading.md)."""

from __future__ import annotations

import argparse

from openbell.errors import InvalidInput
from openbell.operator import Operator
from rich.console import Group
from rich.text import Text

from engine.cli import show
from engine.cli.operating import act
from engine.cli.operating.act import Act, Said
from engine.cli.screens import risk as tables

SETTINGS = ("least", "days", "percent", "equity")


def _day_trades(op: Operator, args: argparse.Namespace) -> Said:
    if _shows(args):
        rows, settings = op.day_traders(args.account), op.day_trade_settings()
        shown = Group(tables.day_traders_table(rows), Text(tables.day_trades_text(settings), "dim"))
        return Said({"settings": show.plain(settings), "rows": [show.plain(row) for row in rows]}, shown)
    settings = op.set_day_trades(
        pattern_day_trades=args.least,
        pattern_days=args.days,
        pattern_percent=args.percent,
        pattern_equity=args.equity,
        reason=args.reason,
    )
    said = {"ok": True, "seq": op.last_seq, **show.plain(settings)}
    return Said(said, Text(tables.day_trades_text(settings)))


def _shows(args: argparse.Namespace) -> bool:
    shows = all(getattr(args, name) is None for name in SETTINGS)
    if args.account is not None and not shows:
        raise InvalidInput("day-trades: what is set holds for all accounts: leave --account out", field="account")
    return shows


def _ask_day_trades(op: Operator, args: argparse.Namespace) -> str:
    return (
        f"Now: {tables.day_trades_text(op.day_trade_settings())}. Change that? It holds from the next day trade on, "
        "the least equity at once."
    )


def _day_trades_arguments(parser: argparse.ArgumentParser) -> None:
    act.maybe_account(parser)
    parser.add_argument("--least", type=act.count, metavar="N", help="day trades that make a pattern; 0: none do")
    parser.add_argument("--days", type=act.count_from_1, metavar="N", help="business days that count, to 8")
    parser.add_argument("--percent", type=act.percent, metavar="P", help="of all trades that they must be above")
    parser.add_argument(
        "--equity", type=act.unsigned_decimal_text, metavar="CASH", help="least equity of a pattern day trader"
    )


def _lift(op: Operator, args: argparse.Namespace) -> Said:
    row = op.lift_day_trader(args.account, reason=args.reason)
    text = f"{row.account_name} is no pattern day trader any more; its day trades count from 0"
    return Said({"ok": True, "seq": op.last_seq, **show.plain(row)}, Text(text))


def _ask_lift(op: Operator, args: argparse.Namespace) -> str:
    rows = op.day_traders(args.account)
    if not rows:
        return f"{args.account} is not held to the rule of day trades. Go on?"
    return f"{args.account}: {tables.day_trader_words(rows[0], op.day_trade_settings())}. Say that its pattern is over?"


DAY_TRADES: dict[str, Act] = {
    "day-trades": Act(
        "show day trades of margin accounts, or set what makes a pattern of them", _day_trades, _day_trades_arguments,
        True, _ask_day_trades, _shows,
    ),
    "lift-day-trader": Act(
        "have an account be no pattern day trader any more", _lift, act.account, True, _ask_lift
    ),
}  # fmt: skip
