"""`openbell order dead-man`: a timer that cancels all orders of an account unless it is renewed."""

from __future__ import annotations

import argparse

import openbell
from openbell.errors import OpenBellError

from engine.cli import reach, show

LOOK_S = 0.5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the act takes."""
    parser.add_argument("timeout", metavar="SECONDS", type=_seconds, help="1 to 3600; 0 disarms")
    parser.add_argument("--keep-gtc", action="store_true", help="spare GTC and GTD orders")
    parser.add_argument("--keep-auction", action="store_true", help="spare orders for auctions")
    parser.add_argument("--renew", action="store_true", help="renew it until Ctrl-C, which leaves it armed")


def _seconds(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no time in seconds, such as 30") from None


def dead_man(client: openbell.Client, args: argparse.Namespace) -> int:
    """Arm, renew or disarm the account's timer."""
    guard = client.dead_man(
        args.timeout, keep_gtc=args.keep_gtc, keep_auction=args.keep_auction, renew=args.renew and args.timeout > 0
    )
    if args.json:
        show.out_json({"account": guard.account, "timeout_s": guard.timeout_s, "fires_ns": guard.fires_ns})
    elif not guard.fires_ns:
        show.out("disarmed: orders stay whatever happens to whoever placed them")
    else:
        spared = [text for text, kept in (("GTC and GTD", args.keep_gtc), ("auctions", args.keep_auction)) if kept]
        but = f" but those of {' and '.join(spared)}" if spared else ""
        show.out(f"armed: all orders{but} are cancelled at {show.clock(guard.fires_ns)} unless this is said again")
    try:
        while guard.renews:
            client.poll(LOOK_S)
            if guard.has_fired:
                raise OpenBellError("the timer has fired: the market did not hear of this client", code="fired")
    except KeyboardInterrupt:
        show.out(f"not renewed any more: it fires at {show.clock(guard.fires_ns)}")
    return reach.DONE
