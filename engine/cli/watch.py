"""`openbell watch SYM`: the live book of an instrument and its trades, or its bars, from market data."""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np
import openbell
from openbell.errors import InvalidInput
from openbell.market.updates import AMENDED
from openbell.wire import Channel
from rich.live import Live

from engine.cli import reach, show
from engine.cli.operating.act import count_from_1, seconds
from engine.cli.screens.book import BookScreen, Trade

HELP = "live order book of one instrument"
DRAW_S = 0.125  # least time between two drawings
MOST_BARS = 100_000  # that a market keeps of an instrument and period
CHANNELS = "DTXSAV"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb to its parser."""
    reach.add_market(parser)
    parser.add_argument("symbol", metavar="SYM")
    parser.add_argument("--levels", type=count_from_1, metavar="N", help="price levels a side (default: what fits)")
    parser.add_argument(
        "--bars", type=count_from_1, metavar="S", help="its bars of S seconds instead: 1, 60, 300, 3600, 86400 (days)"
    )
    parser.add_argument("--for", dest="for_s", type=seconds, metavar="S", help="end after S seconds (default: Ctrl-C)")
    parser.epilog = (
        "With --json, or where standard output is no terminal, it prints one line an update instead of a screen. "
        "Letters behind a trade: O, 6, 5 the print of an opening, closing, reopening auction; I an odd lot, which "
        "makes no price; h with a hidden order. --bars prints the last ones that the market keeps, then each that "
        "closes."
    )


def run(args: argparse.Namespace) -> int:
    """Show it until Ctrl-C. Returns the exit code: 0, 2 for an unknown symbol, 3 without an engine."""
    return reach.reported("watch", args, _do)


def _do(args: argparse.Namespace) -> int:
    console = show.console()
    channels = CHANNELS if args.bars is None else chr(Channel.BARS)
    with _subscribe(reach.address(args), args.symbol, channels) as data:
        symbol = args.symbol if args.symbol in data.instruments else args.symbol.upper()
        try:
            if args.bars is not None:
                _print_bars(data, symbol, args)
            elif args.json or not console.is_terminal:
                _print(data, symbol, args)
            else:
                _draw(data, symbol, args)
        except KeyboardInterrupt:
            pass  # the way to leave it
    return reach.DONE


def _subscribe(address: Any, symbol: str, channels: str) -> openbell.MarketData:
    try:
        return openbell.market_data(address, channels=channels, symbols=[symbol])
    except InvalidInput:
        if symbol == symbol.upper():
            raise
        return openbell.market_data(address, channels=channels, symbols=[symbol.upper()])


def _draw(data: openbell.MarketData, symbol: str, args: argparse.Namespace) -> None:
    """The screen, drawn anew when something changed, but not too often."""
    screen = BookScreen(symbol, hint="Ctrl-C leaves; the market goes on.")
    screen.last = data.instruments[symbol].reference_price
    instrument = data.instruments[symbol].instrument

    def take(trades: np.ndarray[Any, np.dtype[Any]]) -> None:
        for trade in trades[trades["instrument"] == instrument]:
            qty, price = int(trade["qty"]), int(trade["price"])
            flags = int(trade["flags"])
            screen.trades.append(Trade(int(trade["ts_ns"]), price, qty, int(trade["aggressor"]), flags))
            if not flags & AMENDED:
                screen.last = price

    data.on_records(Channel.TRADES, take)
    deadline_s = None if args.for_s is None else time.monotonic() + args.for_s
    console = show.console()
    with Live(screen, console=console, screen=True, auto_refresh=False) as live:
        while deadline_s is None or time.monotonic() < deadline_s:
            levels = args.levels or screen.levels_that_fit(console.height)
            book, status = data.book(symbol), data.status(symbol)
            screen.bids, screen.asks = book.bids(levels), book.asks(levels)
            screen.status, screen.day, screen.auction = status, data.statistics(symbol), data.auction(symbol)
            since_ns = data.stale_since_ns
            screen.alarm = "" if since_ns is None else f"stale for {show.duration(time.time() - since_ns / 1e9)}"
            live.refresh()
            until_s = time.monotonic() + DRAW_S
            while (left_s := until_s - time.monotonic()) > 0:
                data.poll(left_s)


def _print(data: openbell.MarketData, symbol: str, args: argparse.Namespace) -> None:
    """One line an update: trades, best bid and offer, state, auctions, the day's statistics."""
    deadline_s = None if args.for_s is None else time.monotonic() + args.for_s
    for now in (data.status(symbol), data.statistics(symbol), data.top(symbol)):
        if now is not None:
            _print_update(now, symbol, args.json)
    updates = data.updates(timeout_s=0.2)
    while deadline_s is None or time.monotonic() < deadline_s:
        for update in updates:
            if not isinstance(update, openbell.DepthUpdate):
                _print_update(update, symbol, args.json)
            if deadline_s is not None and time.monotonic() >= deadline_s:
                return
        updates = data.updates(timeout_s=0.2)


def _print_bars(data: openbell.MarketData, symbol: str, args: argparse.Namespace) -> None:
    """The bars that are kept, and those that close."""
    deadline_s = None if args.for_s is None else time.monotonic() + args.for_s
    seen = 0
    for row in data.bars(symbol, args.bars, MOST_BARS):
        bar = openbell.BarUpdate(*row.item())
        seen = bar.seq
        _print_update(bar, symbol, args.json)
    while deadline_s is None or time.monotonic() < deadline_s:
        for update in data.updates(timeout_s=0.2):
            if isinstance(update, openbell.BarUpdate) and update.period_s == args.bars and update.seq > seen:
                _print_update(update, symbol, args.json)
            if deadline_s is not None and time.monotonic() >= deadline_s:
                return


def _print_update(update: Any, symbol: str, as_json: bool) -> None:
    kind = type(update).__name__.removesuffix("Update").lower()
    if as_json:
        show.out_json({"update": kind, "symbol": symbol, **update._asdict()})
    else:
        when = show.clock(update.ts_ns) if hasattr(update, "ts_ns") else ""
        print(f"{when}  {kind:<{len('statistics')}}  {update}", flush=True)
