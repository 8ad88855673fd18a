"""`openbell ctl` verbs about one trade: look at it, bust it, correct it (docs/busts.md)."""

from __future__ import annotations

import argparse
from typing import Any

from openbell.busts import PartyEffect, TradeReport
from openbell.operator import Operator
from openbell.wire import Side
from rich.console import Group, RenderableType
from rich.text import Text

from engine.cli import show
from engine.cli.operating import act
from engine.cli.operating.act import Act, Said


def _look(op: Operator, args: argparse.Namespace) -> TradeReport:
    """The trade, and what would be done to it by these arguments."""
    return op.trade(args.symbol, args.trade_id, price=_given(args, "price"), qty=_given(args, "qty"))


def _given(args: argparse.Namespace, name: str) -> Any:
    return getattr(args, name, None)


def _trade(op: Operator, args: argparse.Namespace) -> Said:
    return _would(op, args, _look(op, args))


def _would(op: Operator, args: argparse.Namespace, report: TradeReport) -> Said:
    """What would happen, and that it did not."""
    lines: list[RenderableType] = [Text(_what(op, report))]
    if report.refused is not None:
        lines.append(Text(f"{_act(args)} would be refused: {report.refused}", "yellow"))
    else:
        lines += [Text(f"{_act(args)} would do this:"), *_effect(report)]
    return Said(_plain(op, report, done=False), Group(*lines))


def _act(args: argparse.Namespace) -> str:
    return "a bust" if _given(args, "price") is None and _given(args, "qty") is None else "this correction"


def _done(op: Operator, report: TradeReport, text: str) -> Said:
    return Said(_plain(op, report, done=True), Group(Text(text), *_effect(report)))


def _bust(op: Operator, args: argparse.Namespace) -> Said:
    if args.dry_run:
        return _trade(op, args)
    report = op.bust(args.symbol, args.trade_id, reason=args.reason, shown=_given(args, "shown"))
    return _done(op, report, f"busted: trade {report.trade_id:,} of {op.symbols()[report.instrument]}")


def _correct(op: Operator, args: argparse.Namespace) -> Said:
    if args.dry_run:
        return _trade(op, args)
    report = op.correct(
        args.symbol, args.trade_id, price=args.price, qty=args.qty, reason=args.reason, shown=_given(args, "shown")
    )
    now = f"{show.counted(report.now_qty, 'lot')} at {show.price(report.now_price)}"
    return _done(op, report, f"corrected: trade {report.trade_id:,} of {op.symbols()[report.instrument]}: {now}")


# ------------------------------------------------------------ for people


def _what(op: Operator, report: TradeReport) -> str:
    names = op.account_names()
    buyer, seller = (names.get(one.account, str(one.account)) for one in (report.buyer, report.seller))
    text = f"trade {report.trade_id:,} of {op.symbols()[report.instrument]}: {show.counted(report.qty, 'lot')} at "
    text += f"{show.price(report.price)}, {show.clock(report.ts_ns, date=True)}, {buyer} bought of {seller}"
    if report.is_auction:
        text += ", in an auction"
    if report.is_busted:
        text += "; it was busted"
    elif report.changes:
        text += f"; corrected to {show.counted(report.now_qty, 'lot')} at {show.price(report.now_price)}"
    return text


def _effect(report: TradeReport) -> list[RenderableType]:
    """Cash and lots of both accounts before and after, and what to look at."""
    rows = [
        (
            one.name,
            show.exact_cash(one.cash.before),
            show.exact_cash(one.cash.after),
            f"{one.position.before:,}",
            f"{one.position.after:,}",
            show.cash(one.realized_pnl.after - one.realized_pnl.before),
        )
        for one in report.accounts
    ]
    columns = ("account", ">cash before", ">after", ">lots before", ">after", ">realized")
    warnings = [Text(f"{one.name}: {text}", "yellow") for one in report.accounts for text in one.warnings]
    return [show.table(columns, rows), *warnings]


def _plain(op: Operator, report: TradeReport, *, done: bool) -> dict[str, Any]:
    """For JSON."""
    row = report._asdict()
    row["buyer"], row["seller"] = report.buyer._asdict(), report.seller._asdict()
    row["accounts"] = [_plain_effect(one) for one in report.accounts]
    return {"ok": report.refused is None, "done": done, "seq": op.last_seq, **row}


def _plain_effect(one: PartyEffect) -> dict[str, Any]:
    row = one._asdict()
    figures = ("cash", "free", "realized_pnl", "position")
    return {
        **row,
        "side": Side(one.side).name,
        "warnings": list(one.warnings),
        **{name: list(getattr(one, name)) for name in figures},
    }


def _ask(op: Operator, args: argparse.Namespace) -> str:
    report = args.shown = _look(op, args)  # what is agreed to is this, and nothing that it became since
    lines = [_what(op, report)]
    if report.refused is not None:
        lines.append(f"It will be refused: {report.refused}")
    for one in report.accounts:
        cash = f"{show.exact_cash(one.cash.before)} -> {show.exact_cash(one.cash.after)}"
        lines.append(f"  {one.name}: cash {cash}, lots {one.position.before:,} -> {one.position.after:,}")
        lines += [f"  {one.name}: {text}" for text in one.warnings]
    if args.verb == "bust":
        return "\n".join([*lines, "Bust it? That is final."])
    price = show.price(report.now_price) if args.price is None else args.price
    qty = report.now_qty if args.qty is None else args.qty
    return "\n".join([*lines, f"Correct it to {show.counted(qty, 'lot')} at {price}?"])


def _unless_dry(op: Operator, args: argparse.Namespace) -> str | None:
    return None if args.dry_run else _ask(op, args)


# ------------------------------------------------------------ arguments


def _trade_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("symbol", metavar="SYM", help="symbol or id")
    parser.add_argument("trade_id", metavar="TRADE_ID", type=act.count_from_1, help="its number within the instrument")


def _bust_arguments(parser: argparse.ArgumentParser) -> None:
    _trade_arguments(parser)
    parser.add_argument("--dry-run", action="store_true", help="show what would happen, and do nothing")


def _correct_arguments(parser: argparse.ArgumentParser) -> None:
    _bust_arguments(parser)
    parser.add_argument(
        "--price", type=act.price_text, metavar="P", help="what it should have been (stays if left out)"
    )
    parser.add_argument("--qty", type=act.count_from_1, metavar="LOTS", help="likewise")


def _is_dry(args: argparse.Namespace) -> bool:
    return bool(args.dry_run)


AMENDING = {
    "trade": Act("look at a trade, and what a bust of it would do", _trade, _trade_arguments),
    "bust": Act("declare a trade void", _bust, _bust_arguments, True, _unless_dry, _is_dry),
    "correct": Act("give a trade another price and quantity", _correct, _correct_arguments, True, _unless_dry, _is_dry),
}
