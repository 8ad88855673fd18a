"""`openbell ctl` verbs that set what orders are checked against by price: bands, short sales, ticks."""

from __future__ import annotations

import argparse

from openbell.errors import InvalidInput
from openbell.operator import Operator
from openbell.prices import format_price
from openbell.rows import InstrumentInfo
from rich.text import Text

from engine.cli import show
from engine.cli.operating import act
from engine.cli.operating.act import Act, Said
from engine.volatility.checks import TICK_STEPS


def _said(op: Operator, row: InstrumentInfo, text: str) -> Said:
    return Said({"ok": True, "seq": op.last_seq, **show.plain(row)}, Text(f"{row.symbol}: {text}"))


def _symbol(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("symbol", metavar="SYM", help="symbol or id")


# ------------------------------------------------------------ bands


def _bands(op: Operator, args: argparse.Namespace) -> Said:
    _check_bands(args)
    row = op.bands(args.symbol, args.lower or 0, args.upper or 0, reference=args.reference or 0, reason=args.reason)
    return _said(op, row, bands_text(row))


def bands_text(row: InstrumentInfo) -> str:
    """Its price bands."""
    if not row.band_lower:
        return "no price bands"
    return f"orders trade from {format_price(row.band_lower)} to {format_price(row.band_upper)}"


def _bands_arguments(parser: argparse.ArgumentParser) -> None:
    _symbol(parser)
    parser.add_argument("lower", type=act.price_text, nargs="?", metavar="LOWER", help="no order trades below")
    parser.add_argument("upper", type=act.price_text, nargs="?", metavar="UPPER", help="no order trades above")
    parser.add_argument("--none", action="store_true", help="take its bands away")
    parser.add_argument("--reference", type=act.price_text, metavar="P", help="what they are around, for the record")


def _check_bands(args: argparse.Namespace) -> None:
    if args.none != (args.lower is None) or (args.lower is None) != (args.upper is None):
        raise InvalidInput("bands needs LOWER and UPPER, or --none to take them away", field="bands")


def _ask_bands(op: Operator, args: argparse.Namespace) -> str:
    _check_bands(args)
    symbol = op.symbols()[op.instrument_id(args.symbol)]
    if args.none:
        return f"Take the price bands of {symbol} away?"
    return f"Have {symbol} trade from {args.lower} to {args.upper} only? Live orders beyond that are cancelled."


# ------------------------------------------------------------ short sales


def _short_sales(op: Operator, args: argparse.Namespace) -> Said:
    row = op.short_sales(args.symbol, restricted=args.restrict, reason=args.reason)
    return _said(op, row, "short sales are " + ("restricted" if row.short_restricted else "free"))


def _short_sales_arguments(parser: argparse.ArgumentParser) -> None:
    _symbol(parser)
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--restrict", action="store_true", help="only above the best bid")
    which.add_argument("--free", action="store_true", help="at any price")


def _ask_short_sales(op: Operator, args: argparse.Namespace) -> str:
    symbol = op.symbols()[op.instrument_id(args.symbol)]
    if args.restrict:
        return f"Restrict short sales in {symbol} to prices above the best bid?"
    return f"Set short sales in {symbol} free?"


# ------------------------------------------------------------ ticks


def _step(text: str) -> tuple[str, str]:
    """PRICE:TICK; for argparse."""
    price, colon, tick = text.partition(":")
    if not colon:
        raise argparse.ArgumentTypeError(f"{text!r} is not PRICE:TICK, such as 0:0.01")
    return act.unsigned_decimal_text(price), act.price_text(tick)


def _ticks(op: Operator, args: argparse.Namespace) -> Said:
    _check_ticks(args)
    row = op.ticks(args.symbol, args.steps, reason=args.reason)
    return _said(op, row, ticks_text(row))


def ticks_text(row: InstrumentInfo) -> str:
    """Its ticks."""
    steps = [f"{format_price(tick)} from {format_price(price)} on" for price, tick in row.ticks]
    return f"ticks of {', '.join(steps)}" if steps else f"ticks of {format_price(row.tick_size)}"


def _ticks_arguments(parser: argparse.ArgumentParser) -> None:
    _symbol(parser)
    parser.add_argument(
        "steps", type=_step, nargs="*", metavar="PRICE:TICK", help="from this price on this tick; the first from 0 on"
    )
    parser.add_argument("--none", action="store_true", help="tick size everywhere")


def _check_ticks(args: argparse.Namespace) -> None:
    if args.none == bool(args.steps):
        raise InvalidInput("ticks needs steps PRICE:TICK, or --none to have tick size everywhere", field="ticks")
    if len(args.steps) > TICK_STEPS:
        raise InvalidInput(f"ticks takes at most {TICK_STEPS} steps, got {len(args.steps)}", field="ticks")


def _ask_ticks(op: Operator, args: argparse.Namespace) -> str:
    _check_ticks(args)
    symbol = op.symbols()[op.instrument_id(args.symbol)]
    return f"Give {symbol} other ticks? Orders that rest stay, also where their price is none any more."


BOUNDS = {
    "bands": Act("set the price bands of an instrument", _bands, _bands_arguments, True, _ask_bands),
    "short-sales": Act(
        "restrict short sales in an instrument", _short_sales, _short_sales_arguments, True, _ask_short_sales
    ),
    "ticks": Act("set an instrument's ticks by price", _ticks, _ticks_arguments, True, _ask_ticks),
}
