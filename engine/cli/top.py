"""`openbell top`: a live screen of a running market, the busiest instruments and accounts first."""

from __future__ import annotations

import argparse
import time

from openbell.errors import OpenBellError
from openbell.operator import Operator
from rich.live import Live

from engine.cli import reach, show
from engine.cli.operating.act import seconds
from engine.cli.screens.market import MarketScreen

HELP = "live screen of a running market"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb to its parser."""
    reach.add_market(parser)
    parser.add_argument("--every", type=seconds, default=1.0, metavar="S", help="seconds between looks (default 1)")
    parser.add_argument("--once", action="store_true", help="look twice, print it, and end (so does a pipe)")


def run(args: argparse.Namespace) -> int:
    """Show it until Ctrl-C. Returns the exit code: 0, or 3 without an engine."""
    return reach.reported("top", args, _do)


def _do(args: argparse.Namespace) -> int:
    every_s = max(0.2, args.every)
    screen = MarketScreen(by_business=True, hint="Ctrl-C leaves; the market goes on.")
    console = show.console()
    with Operator(reach.address(args), timeout_s=5.0) as op:
        _look(op, screen)
        if args.json or args.once or not console.is_terminal:
            time.sleep(every_s)
            _look(op, screen)
            _print(screen, args.json)
            return reach.DONE
        with Live(screen, console=console, screen=True, auto_refresh=False) as live:
            try:
                while True:
                    live.refresh()
                    time.sleep(every_s)
                    _try_to_look(op, screen)
            except KeyboardInterrupt:
                pass  # the way to leave it
    return reach.DONE


def _look(op: Operator, screen: MarketScreen) -> None:
    screen.seen.add(op.status(), op.instruments(), op.accounts())


def _try_to_look(op: Operator, screen: MarketScreen) -> None:
    """Look; where the engine is away, say so on the screen and go on looking."""
    try:
        _look(op, screen)
        screen.alarms = ()
    except OpenBellError as error:
        screen.alarms = (str(error),)


def _print(screen: MarketScreen, as_json: bool) -> None:
    seen = screen.seen
    assert seen.status is not None
    if not as_json:
        screen.hint = ""
        show.out(screen)
        return
    names = ("orders", "cancels", "replaces", "trades", "rejects")
    show.out_json(
        {
            "status": dict(seen.status.raw),
            "per_s": {name: round(seen.rates.per_s(name), 3) for name in names},
            "instruments": [show.plain(row) for row in seen.instruments],
            "accounts": [show.plain(row) for row in seen.accounts],
        }
    )
