"""`openbell ctl actions`: dividends and splits that are planned for a day (docs/actions.md, "By schedule")."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from datetime import date

from openbell.actions import PlannedAction
from openbell.errors import InvalidInput
from openbell.operator import Operator
from rich.text import Text

from engine.cli import show
from engine.cli.operating import act
from engine.cli.operating.act import Act, Said
from engine.journal.money import date_text

LIST, ADD, REMOVE = STEPS = ("list", "add", "remove")
# What `add` takes: the words after the symbol, and the options.
WORDS = {"dividend": ("AMOUNT",), "pay-dividend": (), "split": ("NEW", "OLD")}
OPTIONS = {"dividend": ("ex", "pay", "reference"), "pay-dividend": ("on", "reference"), "split": ("on", "price")}
NEEDED = {"dividend": "ex", "pay-dividend": "on", "split": "on"}


def _actions(op: Operator, args: argparse.Namespace) -> Said:
    if args.step == LIST:
        return _list(op.planned_actions())
    if args.step == REMOVE:
        row = op.remove_action(_number(args), reason=args.reason)
        return Said({"ok": True, "seq": op.last_seq, "rows": [show.plain(row)]}, Text(f"removed: {_words(row)}"))
    rows = _wanted(args)(op)
    text = "\n".join(f"planned: {_words(row)}" for row in rows)
    return Said({"ok": True, "seq": op.last_seq, "rows": [show.plain(row) for row in rows]}, Text(text))


def _list(rows: list[PlannedAction]) -> Said:
    made = [
        (str(row.number), date_text(row.date), row.symbol, _what(row),
         show.clock(row.due_ts_ns, date=True) if row.due_ts_ns else show.NOTHING, row.operator,
         Text(f"refused: {row.failed}", "red") if row.failed else Text(row.reason))
        for row in rows
    ]  # fmt: skip
    columns = (">no", "day", "symbol", "what", "done at (here)", "by", "why")
    return Said({"rows": [show.plain(row) for row in rows]}, show.table(columns, made, empty="nothing is planned"))


def _what(row: PlannedAction) -> str:
    if row.kind == "dividend":
        return f"dividend of {show.exact_cash(row.amount)} a share"
    if row.kind == "pay-dividend":
        return "pay what is due"
    price = "the reference price" if row.price < 0 else show.price(row.price)
    return f"split {row.new:,} for {row.old:,}, fractions at {price}"


def _words(row: PlannedAction) -> str:
    return f"{row.number}, {row.symbol}, {_what(row)}, before {date_text(row.date)} opens"


# ------------------------------------------------------------ what is asked for


def _number(args: argparse.Namespace) -> int:
    """Raises InvalidInput."""
    if len(args.words) != 1 or not args.words[0].isdecimal():
        raise InvalidInput("actions remove needs the number of one: ctl actions lists them", field="number")
    return int(args.words[0])


def _wanted(args: argparse.Namespace) -> Callable[[Operator], list[PlannedAction]]:
    """Raises InvalidInput, before anything is asked."""
    kind = args.words[0] if args.words else ""
    if kind not in WORDS:
        raise InvalidInput(f"actions add needs one of {', '.join(WORDS)}, got {kind!r}", field="kind", value=kind)
    names = ("SYM", *WORDS[kind])
    given = args.words[1:]
    if len(given) != len(names):
        raise InvalidInput(f"actions add {kind} needs {' '.join(names)}", field=names[min(len(given), len(names) - 1)])
    for name in ("ex", "pay", "on", "price", "reference"):
        if getattr(args, name) is not None and name not in OPTIONS[kind]:
            raise InvalidInput(f"--{name} is nothing that a {kind} has", field=name)
    if getattr(args, NEEDED[kind]) is None:
        raise InvalidInput(f"actions add {kind} needs --{NEEDED[kind]} DATE", field=NEEDED[kind])
    symbol, more, reference = given[0], given[1:], args.reference or 0
    if kind == "dividend":
        return lambda op: op.plan_dividend(
            symbol, more[0], ex=args.ex, pay=args.pay, reference=reference, reason=args.reason
        )
    if kind == "pay-dividend":
        return lambda op: op.plan_payment(symbol, on=args.on, reference=reference, reason=args.reason)
    try:
        new, old = (act.count_from_1(text) for text in more)
    except argparse.ArgumentTypeError as error:
        raise InvalidInput(f"NEW and OLD: {error}", field="new") from None
    return lambda op: op.plan_split(symbol, new, old, on=args.on, price=args.price, reason=args.reason)


def _looks(args: argparse.Namespace) -> bool:
    """Mistakes are told before anything is asked."""
    if args.step == ADD:
        _wanted(args)
    elif args.step == REMOVE:
        _number(args)
    elif args.words:
        raise InvalidInput(f"actions list takes nothing more, got {args.words[0]!r}", field="step")
    return bool(args.step == LIST)


def _ask(op: Operator, args: argparse.Namespace) -> str:
    if args.step == REMOVE:
        number = _number(args)
        row = next((row for row in op.planned_actions() if row.number == number), None)
        return f"Remove {_words(row) if row else number}?"
    kind, symbol, *more = args.words
    words = {
        "dividend": f"give who holds {symbol} a claim of {' '.join(more)} a share",
        "pay-dividend": f"pay what is due of {symbol}",
        "split": f"make {' of each '.join(more)} lots of {symbol}; all its orders end",
    }
    day = getattr(args, NEEDED[kind])
    paid = f", and pay it before {args.pay} opens" if args.pay else ""
    return f"Before {day} opens: {words[kind]}{paid}?"


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no day such as 2026-12-01") from None


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "step", choices=STEPS, nargs="?", default=LIST, metavar="list|add|remove",
        help="what is planned; plan one; take one back",
    )  # fmt: skip
    parser.add_argument(
        "words", nargs="*", metavar="WHAT",
        help="dividend SYM AMOUNT --ex DATE [--pay DATE]; pay-dividend SYM --on DATE; split SYM NEW OLD --on DATE; "
        "of remove: its number",
    )  # fmt: skip
    parser.add_argument("--ex", type=_day, metavar="DATE", help="who holds shares as this day begins gets the dividend")
    parser.add_argument("--pay", type=_day, metavar="DATE", help="it is paid as this day begins (default: by a verb)")
    parser.add_argument("--on", type=_day, metavar="DATE", help="it is done as this day begins")
    parser.add_argument("--price", type=act.price_text, metavar="P", help="of a share of before, for fractions")
    parser.add_argument("--reference", type=act.count, metavar="N", help="a number of yours, journaled")


ACTIONS = {"actions": Act("planned dividends and splits: look, add, remove", _actions, _arguments, True, _ask, _looks)}
