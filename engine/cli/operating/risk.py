"""`openbell ctl` verbs of risk: levels, margins of instruments, how accounts are watched (docs/risk.md)."""

from __future__ import annotations

import argparse

from openbell.errors import InvalidInput
from openbell.operator import Operator
from openbell.risk import MarginInfo
from openbell.wire import AccountFlag, CashRule, DayTradeRule, MarkBy, RiskType
from rich.console import Group
from rich.text import Text

from engine.cli import show
from engine.cli.operating import act
from engine.cli.operating.act import Act, Said
from engine.cli.screens import risk as tables

RATES = ("initial_long", "maintenance_long", "initial_short", "maintenance_short")
LEASTS = ("least_low", "least")
GIVEN = (*RATES, *LEASTS, "mark_by", "average_volume", "lists")
SETTINGS = ("marks", "alert", "liquidation", "cash_violations", "cash_violation_days", "cash_restriction_days")


def _said(op: Operator, text: str, **more: object) -> Said:
    return Said({"ok": True, "seq": op.last_seq, **more}, Text(text))


def _percent_or_none(text: str) -> str:
    return "0" if text == "none" else act.percent(text)


def _lists(text: str) -> list[int]:
    """Numbers of lists, "1,3", or "none"; for argparse."""
    return [] if text == "none" else [act.count_from_1(one.strip()) for one in text.split(",")]


# ------------------------------------------------------------ levels, marks


def _risk(op: Operator, args: argparse.Namespace) -> Said:
    if _shows_risk(args):
        status = op.status().raw.get("risk", {})
        settings = op.risk().settings
        counts = ", ".join(f"{count:,} {name.lower()}" for name, count in status.get("levels", {}).items())
        watched = show.counted(status.get("watched", 0), "account")
        accounts = Text(f"{watched} watched; of those with margin {counts}")
        shown = Group(Text(tables.settings_text(settings)), Text(tables.cash_text(settings)), accounts)
        return Said({**show.plain(settings), **status}, shown)
    settings = op.set_risk(
        marks_each_tick=args.marks,
        alert_percent=args.alert,
        liquidation_percent=args.liquidation,
        cash_violations=args.cash_violations,
        cash_violation_days=args.cash_violation_days,
        cash_restriction_days=args.cash_restriction_days,
        reason=args.reason,
    )
    given = any(getattr(args, name) is not None for name in SETTINGS if name.startswith("cash"))
    text = f"{tables.settings_text(settings)}{f'; {tables.cash_text(settings)}' if given else ''}"
    return _said(op, text, **show.plain(settings))


def _shows_risk(args: argparse.Namespace) -> bool:
    return all(getattr(args, name) is None for name in SETTINGS)


def _ask_risk(op: Operator, args: argparse.Namespace) -> str:
    return f"Now: {tables.settings_text(op.risk().settings)}. Change that? Accounts may have another level at once."


def _risk_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--marks", type=act.count, metavar="N", help="positions that a TICK marks at most; 0: none ever"
    )
    parser.add_argument(
        "--alert", type=_percent_or_none, metavar="P", help="percent of what must be kept, 100 or more, or none"
    )
    parser.add_argument("--liquidation", type=_percent_or_none, metavar="P", help="percent, up to 100, or none")
    parser.add_argument(
        "--cash-violations", type=act.count, metavar="N", help="that restrict a cash account with a rule; 0: none do"
    )
    parser.add_argument(
        "--cash-violation-days", type=act.count, metavar="N", help="for which one counts; 0: until it is lifted"
    )
    parser.add_argument(
        "--cash-restriction-days", type=act.count, metavar="N", help="of a restriction to settled cash; 0: none is"
    )


# ------------------------------------------------------------ margins


def _margin(op: Operator, args: argparse.Namespace) -> Said:
    if _shows_margin(args):
        rows = op.margins(args.symbol)
        return Said({"rows": [show.plain(row) for row in rows]}, tables.margins_table(rows))
    given = {name: getattr(args, name) for name in GIVEN}
    row = op.set_margin(args.symbol, **given, reason=args.reason)
    return _said(op, f"{row.symbol}: {tables.margin_words(row)}", **show.plain(row))


def _shows_margin(args: argparse.Namespace) -> bool:
    shows = all(getattr(args, name) is None for name in GIVEN)
    if args.symbol is None and not shows:
        raise InvalidInput("margin needs SYM: what is to be changed is of one instrument", field="symbol")
    return shows


def _ask_margin(op: Operator, args: argparse.Namespace) -> str:
    row: MarginInfo = op.margins(args.symbol)[0]
    return f"{row.symbol} has now: {tables.margin_words(row)}. Change that for all positions, at once?"


def _margin_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("symbol", metavar="SYM", nargs="?", help="symbol or id; none: show all")
    for name in RATES:
        what, side = name.split("_")
        of = "to open a position" if what == "initial" else "to keep one"
        parser.add_argument(
            f"--{what}-{side}", type=act.percent, metavar="P", help=f"percent of its value {of}, {side}"
        )
    parser.add_argument(
        "--least", type=act.unsigned_decimal_text, metavar="PRICE", help="of a share sold short, 0: none"
    )
    parser.add_argument(
        "--least-low",
        type=act.unsigned_decimal_text,
        metavar="PRICE",
        help="the same, where it costs less than --least",
    )
    parser.add_argument(
        "--mark-by", type=act.name, choices=[one.name for one in MarkBy], metavar="last|mid|close",
        help="the price that positions count at",
    )  # fmt: skip
    parser.add_argument("--average-volume", type=act.count, metavar="LOTS", help="a day; 0: not known")
    parser.add_argument("--lists", type=_lists, metavar="N,N", help="lists of securities that it is on, or none")


# ------------------------------------------------------------ accounts


def _account_risk(op: Operator, args: argparse.Namespace) -> Said:
    row = op.set_account_risk(
        args.account,
        args.risk,
        restricted=args.restricted,
        cash_rule=args.cash_rule,
        day_trades=args.day_trades,
        reason=args.reason,
    )
    words = {RiskType.NONE: "is not watched", RiskType.CASH: "is watched", RiskType.MARGIN: "has margin"}
    text = f"{row.name} {words.get(RiskType(row.risk_type), 'is watched')} now"
    if args.cash_rule is not None:
        text += f", with cash rule {args.cash_rule.lower()}"
    if args.day_trades is not None:
        held = args.day_trades == DayTradeRule.PATTERN.name
        text += f", {'held to' if held else 'without'} the rule of day trades"
    if row.risk_type == RiskType.MARGIN and not row.flags & AccountFlag.SHORT_ALLOWED:
        text += "; to sell short it needs limits --short beside it"
    return _said(op, text, **show.plain(row))


def _ask_account_risk(op: Operator, args: argparse.Namespace) -> str:
    row = op.account(args.account)
    now = show.member(RiskType, row.risk_type)
    if args.risk == RiskType.MARGIN.name:
        return f"Let {row.name} (now {now}, {show.exact_cash(row.cash)}) owe cash as far as its equity carries that?"
    return f"Have {row.name} (now {now}) watched as {args.risk.lower()}? Its orders need cash, then; what rests stays."


def _account_risk_arguments(parser: argparse.ArgumentParser) -> None:
    act.account(parser)
    parser.add_argument(
        "risk", type=act.name, choices=[one.name for one in RiskType], metavar="none|cash|margin",
        help="not watched; its equity is worked out; it may owe cash",
    )  # fmt: skip
    parser.add_argument(
        "--restricted", type=_lists, metavar="N,N", help="lists of securities that it may not trade, or none"
    )
    parser.add_argument(
        "--cash-rule", type=act.name, choices=[one.name for one in CashRule], metavar="none|count|refuse",
        help="sales of what is not paid for: nothing, counted, refused",
    )  # fmt: skip
    parser.add_argument(
        "--day-trades", type=act.name, choices=[one.name for one in DayTradeRule], metavar="none|pattern",
        help="rule of day trades of an account with margin",
    )  # fmt: skip


def _reduce_only(op: Operator, args: argparse.Namespace) -> Said:
    op.reduce_only(args.account, reason=args.reason)
    return _said(op, f"{args.account} may only make positions smaller; its orders stay. unkill lets it trade again")


def _ask_reduce_only(op: Operator, args: argparse.Namespace) -> str:
    row = op.account(args.account)
    return f"Let {row.name} ({row.account}) only make positions smaller? Its {_orders(row.open_orders)} stay."


def _close_only(op: Operator, args: argparse.Namespace) -> Said:
    count = op.close_only(args.account, cancel_orders=args.cancel_orders, reason=args.reason)
    text = f"{args.account} may only close positions; {show.counted(count, 'order')} cancelled"
    return _said(op, text, canceled=count)


def _ask_close_only(op: Operator, args: argparse.Namespace) -> str:
    row = op.account(args.account)
    which = "all" if args.cancel_orders else "those that could open a position"
    return f"Let {row.name} ({row.account}) only close positions? Of its {_orders(row.open_orders)} {which} go."


def _orders(count: int) -> str:
    return show.counted(count, "live order")


def _close_only_arguments(parser: argparse.ArgumentParser) -> None:
    act.account(parser)
    parser.add_argument("--cancel-orders", action="store_true", help="cancel all its orders, not only those that open")


RISK = {
    "risk": Act("show or set levels, and how much is marked", _risk, _risk_arguments, True, _ask_risk, _shows_risk),
    "margin": Act(
        "show or set what positions in an instrument must have behind them", _margin, _margin_arguments, True,
        _ask_margin, _shows_margin,
    ),
    "account-risk": Act(
        "have an account watched, with margin or without", _account_risk, _account_risk_arguments, True,
        _ask_account_risk,
    ),
    "reduce-only": Act(
        "let an account only make positions smaller", _reduce_only, act.account, True, _ask_reduce_only
    ),
    "close-only": Act(
        "the same, and cancel what could open a position", _close_only, _close_only_arguments, True, _ask_close_only
    ),
}  # fmt: skip
