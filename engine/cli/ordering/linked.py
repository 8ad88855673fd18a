"""Orders that are tied to each other, on the command line: their options, what the SDK is asked. See docs/linked.md."""

from __future__ import annotations

import argparse
from datetime import datetime
from typing import Any

import openbell
from openbell import Leg
from openbell.blocking import BlockingLinked
from openbell.errors import InvalidInput

from engine.cli.operating.act import decimal_text, name
from engine.cli.ordering import terms

EXITS = ("take_profit", "stop_loss", "trail_loss")
ALTERNATIVES = ("or_stop", "or_trail")
OF_A_LEG = ("stop", "trail", "trail_percent", "expire", "do_not_route")
EXAMPLES = """  ./openbell order buy NOVA 10 412.50 --take-profit 420 --stop-loss 405
                                                and when it is bought: sell at 420, or when it falls to 405
  ./openbell order sell NOVA 10 420 --or-stop 405
                                                at 420 or better, or when it falls to 405; one cancels the other"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that tie other orders to this one."""
    exits = parser.add_argument_group("what closes its position again, once it has ended; one cancels the other")
    exits.add_argument("--take-profit", type=decimal_text, metavar="P", help="a limit order at P")
    exits.add_argument("--stop-loss", type=decimal_text, metavar="P", help="a stop at P")
    exits.add_argument(
        "--stop-loss-limit", type=decimal_text, metavar="P", help="with --stop-loss: the stop's limit, then"
    )
    exits.add_argument("--trail-loss", type=terms.trail, metavar="D", help="a stop that follows: 0.25, or 2.5%%")
    exits.add_argument(
        "--exits-tif", type=name, choices=["DAY", "GTC"], help="how long these live (default: as the order, or DAY)"
    )
    either = parser.add_argument_group("this order, or a stop of the same side; one cancels the other")
    either.add_argument("--or-stop", type=decimal_text, metavar="P", help="a stop at P")
    either.add_argument("--or-stop-limit", type=decimal_text, metavar="P", help="with --or-stop: its limit, then")
    either.add_argument("--or-trail", type=terms.trail, metavar="D", help="a stop that follows: 0.25, or 2.5%%")


def is_asked(args: argparse.Namespace) -> bool:
    """Whether other orders are to be tied to this one. Raises InvalidInput for what makes no sense."""
    for limit, stop in (("stop_loss_limit", "stop_loss"), ("or_stop_limit", "or_stop")):
        if getattr(args, limit) is not None and getattr(args, stop) is None:
            raise InvalidInput(f"{_option(limit)} needs {_option(stop)}", field=limit, value=getattr(args, limit))
    exits, either = _given(args, EXITS), _given(args, ALTERNATIVES)
    if exits and either:
        raise InvalidInput(f"{_option(exits[0])} and {_option(either[0])} exclude each other", field=either[0])
    for both in (("stop_loss", "trail_loss"), ALTERNATIVES):
        if len(_given(args, both)) > 1:
            raise InvalidInput(f"{' and '.join(map(_option, both))} exclude each other", field=both[1])
    if args.exits_tif is not None and not exits:
        raise InvalidInput("--exits-tif needs --take-profit, --stop-loss or --trail-loss", field="exits_tif")
    return bool(exits or either)


def send(client: openbell.Client, symbol: str, args: argparse.Namespace) -> BlockingLinked:
    """Send all of it. Raises InvalidInput."""
    asked = terms.given(args)
    if _given(args, ALTERNATIVES):
        return client.oco(
            args.act, symbol, args.qty, _first(args, asked), _stop(args, ALTERNATIVES, args.tif, args.expire),
            self_trade=args.self_trade, first_client_order_id=args.id,
        )  # fmt: skip
    profit = None if args.take_profit is None else Leg(args.take_profit, tif=args.exits_tif)
    loss = None
    if args.stop_loss is not None or args.trail_loss is not None:
        loss = _stop(args, ("stop_loss", "trail_loss"), args.exits_tif)
    legs = [leg for leg in (profit, loss) if leg is not None]
    return client.oto(
        args.act, symbol, args.qty, args.price, then=legs, tif=args.tif, post_only=args.post_only,
        self_trade=args.self_trade, first_client_order_id=args.id, **asked,
    )  # fmt: skip


def _first(args: argparse.Namespace, asked: dict[str, Any]) -> Leg:
    """The order that the options describe, as one of those of which one cancels the others."""
    odd = next((term for term in asked if term not in OF_A_LEG), None)
    if odd is not None:
        raise InvalidInput(
            f"an order that another one may cancel is a limit order or a stop: {_option(odd)} does not go with that",
            field=odd, value=asked[odd],
        )  # fmt: skip
    if args.price is None and not asked.keys() & {"stop", "trail", "trail_percent"}:
        raise InvalidInput("give PRICE (or --stop, --trail): a market order leaves nothing to cancel", field="price")
    return Leg(args.price, tif=args.tif, post_only=args.post_only, **asked)


def _stop(args: argparse.Namespace, names: tuple[str, str], tif: str | None, expire: datetime | None = None) -> Leg:
    """A stop at a price, with or without a limit, or one that follows the market."""
    at, trail = names
    follows: tuple[str, str] | None = getattr(args, trail)
    if follows is None:
        return Leg(getattr(args, f"{at}_limit"), stop=getattr(args, at), tif=tif, expire=expire)
    term, distance = follows
    by: dict[str, str] = {term: distance}
    return Leg(tif=tif, expire=expire, trail=by.get("trail"), trail_percent=by.get("trail_percent"))


def _given(args: argparse.Namespace, names: tuple[str, ...]) -> list[str]:
    return [one for one in names if getattr(args, one) is not None]


def _option(term: str) -> str:
    return "--" + term.removesuffix("_qty").replace("_", "-")
