"""`openbell ctl` verbs that change the states of instruments, and hold auctions."""

from __future__ import annotations

import argparse
from datetime import datetime, timedelta
from typing import Any

from openbell.errors import InvalidInput
from openbell.operator import Operator
from openbell.prices import format_price
from openbell.status import AuctionResult
from openbell.wire import AuctionKind, HaltReason, InstrumentState, Side
from rich.text import Text

from engine.cli import show
from engine.cli.operating import act
from engine.cli.operating.act import Act, Said

AFTER = (InstrumentState.OPEN, InstrumentState.CLOSED, InstrumentState.HALTED)


def _names(op: Operator, ids: list[int]) -> str:
    names = op.symbols()
    listed = [names.get(number, str(number)) for number in ids]
    return ", ".join(listed) if len(listed) <= 8 else f"{len(listed)} instruments"


def _said(op: Operator, done: str, ids: list[int], or_: str = "") -> Said:
    text = f"{done}: {_names(op, ids)}" if ids else f"nothing to do: {done} already{or_}"
    return Said({"ok": True, "seq": op.last_seq, "instruments": ids}, Text(text))


def _lower(text: str) -> str:
    return text.lower().replace("_", "-")


def _choices(of: Any, names: Any = None) -> dict[str, Any]:
    """For an option that takes a member of an enum."""
    return {"type": _lower, "choices": [_lower(one.name) for one in (of if names is None else names)]}


def _member(of: Any, text: str) -> Any:
    return of[text.upper().replace("-", "_")]


def _target(op: Operator, args: argparse.Namespace) -> str:
    return "every instrument" if args.all else op.symbols()[op.instrument_id(args.symbol)]


# ------------------------------------------------------------ the verbs


def _halt(op: Operator, args: argparse.Namespace) -> Said:
    ids = op.halt(args.symbol, halt_reason=_member(HaltReason, args.code), reason=args.reason)
    return _said(op, "halted", ids)


def _halt_arguments(parser: argparse.ArgumentParser) -> None:
    act.symbol_or_all(parser)
    parser.add_argument("--code", **_choices(HaltReason), default="none", help="what everybody is told (default none)")


def _ask_halt(op: Operator, args: argparse.Namespace) -> str | None:
    return "Halt trading in every instrument?" if args.all else None


def _resume(op: Operator, args: argparse.Namespace) -> Said:
    return _said(op, "open", op.resume(args.symbol, reason=args.reason), ", or its session does not trade now")


def _close(op: Operator, args: argparse.Namespace) -> Said:
    return _said(op, "closed", op.close_instrument(args.symbol, reason=args.reason))


def _ask_close(op: Operator, args: argparse.Namespace) -> str:
    return f"Close {_target(op, args)}? Nobody can enter orders there until it is resumed."


def _call(op: Operator, args: argparse.Namespace) -> Said:
    kind = _member(AuctionKind, args.kind)
    then = None if args.then is None else _member(InstrumentState, args.then)
    ids = op.call_auction(args.symbol, kind=kind, at=_auction_time(args), then=then, reason=args.reason)
    return _said(op, f"called for the auction {kind.name}", ids)


def _auction_time(args: argparse.Namespace) -> datetime | None:
    if args.within is not None:
        return datetime.now().astimezone() + timedelta(seconds=args.within)
    time: datetime | None = args.at
    return time


def _call_arguments(parser: argparse.ArgumentParser) -> None:
    act.symbol_or_all(parser)
    parser.add_argument("--kind", **_choices(AuctionKind), default="halt", help="what it is for (default halt)")
    when = parser.add_mutually_exclusive_group()
    when.add_argument("--in", dest="within", type=act.seconds, metavar="S", help="hold it in so many seconds")
    when.add_argument("--at", type=act.until, metavar="WHEN", help="or at this time: +5m, 15:30, 2026-03-02T15:30")
    parser.add_argument(
        "--then",
        **_choices(InstrumentState, AFTER),
        help="its state afterwards (default open; of kind closing: closed)",
    )


def _ask_call(op: Operator, args: argparse.Namespace) -> str:
    when = _auction_time(args)
    ends = "`ctl run-auction` holds the auction" if when is None else f"the auction is at {when:%Y-%m-%d %H:%M:%S %Z}"
    return f"Call {_target(op, args)} to an auction? Trading stops there, orders are collected; {ends}."


def _run_auction(op: Operator, args: argparse.Namespace) -> Said:
    held = op.run_auction(args.symbol, reason=args.reason)
    lines = [_auction_text(op, one) for one in held] or ["nothing to do: no instrument is called to an auction"]
    rows = [one._asdict() for one in held]
    return Said({"ok": True, "seq": op.last_seq, "auctions": rows}, Text("\n".join(lines)))


def _auction_text(op: Operator, held: AuctionResult) -> str:
    symbol = op.symbols().get(held.instrument, str(held.instrument))
    if not held.price:
        return f"{symbol}: nothing was traded"
    left = ""
    if held.imbalance:
        side = "buyers" if held.side == Side.BUY else "sellers"
        left = f"; {show.counted(held.imbalance, 'lot')} of {side} left over"
    return f"{symbol}: {show.counted(held.qty, 'lot')} at {format_price(held.price)}{left}"


def _ask_run(op: Operator, args: argparse.Namespace) -> str:
    whose = "every instrument that is called to one" if args.all else _target(op, args)
    return f"Hold the auction of {whose} now?"


def _extensions(op: Operator, args: argparse.Namespace) -> Said:
    _check_extensions(args)
    kind = _member(AuctionKind, args.kind)
    ids = op.extensions(
        args.symbol, kind=kind, market_orders=args.market_orders, imbalance=args.imbalance,
        imbalance_percent=args.imbalance_percent, price_percent=args.price_percent, widen_percent=args.widen_percent,
        from_last=args.from_last, extension_s=args.by, max_extensions=args.times, random_end_s=args.random_end,
        reason=args.reason,
    )  # fmt: skip
    done = f"{_lower(kind.name)} auctions are " + (f"put off by {args.by:g} s" if args.by else "held at their time")
    if args.random_end:
        done += f", at random within {args.random_end:g} s"
    return _said(op, done, ids)


def _check_extensions(args: argparse.Namespace) -> None:
    reasons = args.market_orders or args.imbalance or args.imbalance_percent or args.price_percent
    if args.none == bool(reasons or args.random_end):
        raise InvalidInput(
            "extensions needs a reason (--market-orders, --imbalance, --imbalance-percent, --price-percent) or "
            "--random-end, or --none to have these auctions held at their time",
            field="extensions",
        )
    if bool(reasons) != bool(args.by):
        raise InvalidInput("extensions needs --by with a reason, and a reason with --by", field="by")
    args.times = (args.times or 1) if args.by else 0


def _extensions_arguments(parser: argparse.ArgumentParser) -> None:
    act.symbol_or_all(parser)
    parser.add_argument("--kind", required=True, **_choices(AuctionKind), help="of these auctions")
    percent: dict[str, Any] = {"type": act.unsigned_decimal_text, "default": 0, "metavar": "P"}
    parser.add_argument("--market-orders", action="store_true", help="put off while market orders would be left")
    parser.add_argument(
        "--imbalance", type=act.count, default=0, metavar="LOTS", help="while more lots than these would be left"
    )
    parser.add_argument("--imbalance-percent", **percent, help="the same, in percent of what would trade")
    parser.add_argument("--price-percent", **percent, help="while the price is further from its reference")
    parser.add_argument("--widen-percent", **percent, help="added to that with each extension")
    parser.add_argument("--from-last", action="store_true", help="the last extension's price is the reference")
    parser.add_argument("--by", type=act.seconds, default=0, metavar="S", help="by so much each time")
    parser.add_argument("--times", type=act.count_from_1, default=0, metavar="N", help="at most so often (default 1)")
    parser.add_argument("--random-end", type=act.seconds, default=0, metavar="S", help="calls end at random within")
    parser.add_argument("--none", action="store_true", help="hold them at their time")


def _ask_extensions(op: Operator, args: argparse.Namespace) -> str:
    _check_extensions(args)
    kind = _lower(_member(AuctionKind, args.kind).name)
    if args.none:
        return f"Have {kind} auctions of {_target(op, args)} held at their time, whatever they leave?"
    return f"Change when {kind} auctions of {_target(op, args)} are put off? It counts for a call under way, too."


STATES = {
    "halt": Act("halt trading", _halt, _halt_arguments, True, _ask_halt),
    "resume": Act(
        "open for trading",
        _resume,
        act.symbol_or_all,
        True,
    ),
    "close": Act(
        "close for trading",
        _close,
        act.symbol_or_all,
        True,
        _ask_close,
    ),
    "call": Act("call an auction: collect orders for it", _call, _call_arguments, True, _ask_call),
    "run-auction": Act("hold the auction of a call now", _run_auction, act.symbol_or_all, True, _ask_run),
    "extensions": Act(
        "have auctions put off while they leave too much", _extensions, _extensions_arguments, True, _ask_extensions
    ),
}
