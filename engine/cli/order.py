"""`openbell order buy|sell|cancel|replace|dead-man|list|...`: a person at the market, through the order port."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import openbell
from openbell import wire
from openbell.errors import InvalidInput, OpenBellError, OrderCanceled, TimedOut
from openbell.events import Event, Reject, decode
from openbell.orders import Order, OrderState
from openbell.rows import OrderInfo
from rich.text import Text

from engine.cli import reach, show
from engine.cli.operating.act import count, decimal_text, name, seconds
from engine.cli.ordering import guard, linked, terms

HELP = "place, cancel and list orders of one account"
ACCOUNT_VARIABLE = "OPENBELL_ACCOUNT"
ANSWER_S = 5.0
EPILOG = f"""examples:
  ./openbell order buy NOVA 10                  at the market: what is there at once, within the collar
  ./openbell order buy NOVA 10 412.50           at 412.50 or better; what is left waits in the book
  ./openbell order sell NOVA 10 412.60 --wait   and follow it until it is done (Ctrl-C leaves it in the book)
{terms.EXAMPLES}
{linked.EXAMPLES}
  ./openbell order list
  ./openbell order cancel 1732550000000000      by the id that `list` shows
  ./openbell order cancel --all
  ./openbell order dead-man 60                  all orders go in a minute unless this is said again; 0 disarms

What goes with what: docs/orders.md. A refusal names the field and the rule.
exit codes: 0 done, 1 refused or ended unfilled, 2 wrong usage, 3 no engine there"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb to its parser."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EPILOG
    _common(parser, again=False)
    acts = parser.add_subparsers(dest="act", metavar="ACT", required=True)
    for act in ("buy", "sell"):
        below = acts.add_parser(act, help=f"place a {act} order", description=f"Place a {act} order.")
        below.add_argument("symbol", metavar="SYM")
        below.add_argument("qty", metavar="LOTS", type=count)
        below.add_argument("price", metavar="PRICE", nargs="?", type=decimal_text, help="left out: at the market")
        below.add_argument(
            "--tif",
            type=name,
            choices=[one.name for one in wire.TimeInForce],
            help="how long it lives (default DAY; of market orders IOC)",
        )
        below.add_argument(
            "--id", type=count, metavar="N", help="client order id, to repeat an order safely (of several the first)"
        )
        below.add_argument(
            "--wait",
            type=seconds,
            nargs="?",
            const=float("inf"),
            metavar="S",
            help="follow it until it is done, or S seconds",
        )
        terms.add_arguments(below)
        linked.add_arguments(below)
        _common(below, again=True)
    cancel = acts.add_parser("cancel", help="cancel one order, or --all", description="Cancel orders.")
    which = cancel.add_mutually_exclusive_group(required=True)
    which.add_argument("id", metavar="ID", nargs="?", type=count, help="client id or engine's id, see `list`")
    which.add_argument("--all", action="store_true", help="all of the account")
    cancel.add_argument("--symbol", metavar="SYM", help="with --all: only in this instrument")
    cancel.add_argument("--group", type=count, metavar="N", help="with --all: only those of this group")
    _common(cancel, again=True)
    replace = acts.add_parser("replace", help="change price or quantity", description="Change an order in the book.")
    replace.add_argument("id", metavar="ID", type=count, help="client id or engine's id, see `list`")
    replace.add_argument("--price", type=decimal_text, metavar="P")
    replace.add_argument("--qty", type=count, metavar="LOTS", help="what shall be open")
    _common(replace, again=True)
    timer = acts.add_parser(
        "dead-man", help="cancel all orders unless renewed", description="Arm, renew or disarm the account's timer."
    )
    guard.add_arguments(timer)
    _common(timer, again=True)
    for act, text in (
        ("list", "live orders of the account"),
        ("fills", "its last fills"),
        ("positions", "its positions and cash"),
    ):
        _common(
            acts.add_parser(act, help=text, description=f"Show the {text.replace('its', 'the account’s')}."),
            again=True,
        )


def _common(parser: argparse.ArgumentParser, *, again: bool) -> None:
    reach.add_market(parser, again=again)
    extra: dict[str, Any] = {"default": argparse.SUPPRESS} if again else {}
    parser.add_argument(
        "--account", metavar="ACCOUNT", help=f"name or id (default ${ACCOUNT_VARIABLE}, else the first)", **extra
    )
    parser.add_argument(
        "--key", metavar="KEY", help="API key (default $OPENBELL_API_KEY, else the market's directory)", **extra
    )


def run(args: argparse.Namespace) -> int:
    """Do it. Returns the exit code: 0 done, 1 refused or ended unfilled, 2 wrong usage, 3 no engine."""
    return reach.reported(f"order {args.act}", args, _do)


def _do(args: argparse.Namespace) -> int:
    account: str | int | None = args.account or os.environ.get(ACCOUNT_VARIABLE)
    if isinstance(account, str) and account.isdigit():
        account = int(account)
    acts = {
        "buy": _place, "sell": _place, "cancel": _cancel, "replace": _replace, "list": _list, "fills": _fills,
        "positions": _positions, "dead-man": guard.dead_man,
    }  # fmt: skip
    with openbell.connect(
        reach.address(args),
        api_key=args.key,
        account=account,
        name="openbell order",
        keep_events=True,
        timeout_s=ANSWER_S,
    ) as client:
        return acts[args.act](client, args)


# ------------------------------------------------------------ placing


def _place(client: openbell.Client, args: argparse.Namespace) -> int:
    """Send the order, print what became of it at once; with --wait until it is done."""
    symbol = args.symbol if args.symbol in client.instruments_by_symbol else args.symbol.upper()
    if linked.is_asked(args):
        return _place_linked(client, symbol, args)
    order = client.order(
        args.act, symbol, args.qty, args.price, args.tif, args.post_only, args.self_trade, client_order_id=args.id,
        **terms.given(args),
    )  # fmt: skip
    order.wait_accepted(ANSWER_S)
    if not args.json:
        show.out(f"accepted for {_name(client, order.account)}: {terms.what(order)}, id {order.client_order_id}")
    _follow(client, [order], args)
    error = order.error()
    if args.json:
        show.out_json(_order_json(order))
    elif order.is_done:
        show.out(_end(order))
    else:
        # Where it is no event tells: the state of its instrument has a say.
        waiting = terms.waiting(order, _places(client).get(order.order_id, int(wire.Place.BOOK)))
        show.out(f"{waiting}. To take it out: {_typed(f'order cancel {order.client_order_id}', args)}")
    if isinstance(error, OrderCanceled) and not order.filled:
        return reach.REFUSED
    return reach.DONE


def _follow(client: openbell.Client, orders: Sequence[Order], args: argparse.Namespace) -> None:
    """Print the fills of orders as they come, until all are done; without --wait those that there are."""
    deadline_s = time.monotonic() + (args.wait or 0)
    shown = [0] * len(orders)
    try:
        while True:
            for at, order in enumerate(orders):
                if not args.json:
                    for fill in order.fills[shown[at] :]:
                        show.out(_fill(order, fill))
                shown[at] = len(order.fills)
            left_s = deadline_s - time.monotonic()
            if all(order.is_done for order in orders) or left_s <= 0:
                break
            client.poll(min(left_s, 1.0))
    except KeyboardInterrupt:
        pass  # the orders stay; what is said afterwards tells how to cancel them


def _places(client: openbell.Client) -> dict[int, int]:
    """Where the account's live orders are, by order_id."""
    return {row.order_id: row.place for row in client.orders()}


def _place_linked(client: openbell.Client, symbol: str, args: argparse.Namespace) -> int:
    """As `_place`, of several orders that are tied to each other."""
    sent = linked.send(client, symbol, args).wait_accepted(ANSWER_S)
    if not args.json:
        account = _name(client, sent.legs[0].account)
        for order in sent.entry_first:
            number = order.client_order_id
            show.out(f"accepted for {account}: {sent.name_of(order)}: {terms.what(order)}, id {number}")
    _follow(client, sent.entry_first, args)
    if args.json:
        entry = None if sent.entry is None else _order_json(sent.entry)
        show.out_json({"entry": entry, "legs": [_order_json(order) for order in sent.legs]})
    else:
        places = _places(client)
        for order in sent.entry_first:
            place = places.get(order.order_id, int(wire.Place.BOOK))
            show.out(f"{sent.name_of(order)}: {_end(order) if order.is_done else terms.waiting(order, place)}")
        verbs = [_typed(f"order cancel {order.client_order_id}", args) for order in sent.to_cancel()]
        if verbs:
            show.out(f"To take all of it out: {'; if it has traded by then, too: '.join(verbs)}")
    is_in_vain = sent.is_done and not any(order.filled for order in sent)
    return reach.REFUSED if is_in_vain else reach.DONE


def _name(client: openbell.Client, account: int) -> str:
    """An account's name, as the login told it."""
    rows = client.info["accounts"]
    return next((str(row["name"]) for row in rows if row["id"] == account), str(account))


def _typed(verb: str, args: argparse.Namespace) -> str:
    """How a person types a verb for this market and account."""
    account = f" --account {args.account}" if args.account else ""
    return reach.typed(verb, args.data, args.address) + account


def _fill(order: Order, fill: openbell.Fill) -> str:
    done = "bought" if order.side == wire.Side.BUY else "sold"
    role = "maker" if fill.is_maker else "auction" if fill.is_auction else "taker"
    what = f"{done} {fill.qty:,} {order.symbol} at {show.price(fill.price)}"
    fees = f", fees {show.exact_cash(fill.fees)}" if fill.fees else ""
    return f"{show.clock(fill.ts_ns)}  {what}  ({role}, trade {fill.trade_id:,}{fees})"


def _end(order: Order) -> str:
    done = "bought" if order.side == wire.Side.BUY else "sold"
    average = f" at {order.average_price:.4f} on average" if order.average_price is not None else ""
    fees = f", fees {show.exact_cash(order.fees)}" if order.fees else ""
    if order.state is OrderState.FILLED:
        return f"filled: {done} {order.filled:,} of {order.qty:,}{average}{fees}"
    why = order.cancel_reason.name if order.cancel_reason is not None else order.state.value
    rest = ""
    if order.cancel_reason is wire.CancelReason.IOC:
        nobody = "nobody sells" if order.side == wire.Side.BUY else "nobody buys"
        rest = f"; {nobody} more at {order.price_text} or better"
    return f"ended ({why}): {done} {order.filled:,} of {order.qty:,}{average}{fees}{rest}"


def _order_json(order: Order) -> dict[str, Any]:
    return {
        "symbol": order.symbol,
        "side": wire.Side(order.side).name,
        "qty": order.qty,
        "price": order.price,
        "order_type": order.order_type.name,
        "tif": order.tif.name,
        "triggered": order.is_triggered,
        "waiting": order.is_waiting,
        "further": {} if order.further is None else {name: n for name, n in order.further._asdict().items() if n},
        "account": order.account,
        "client_order_id": order.client_order_id,
        "order_id": order.order_id,
        "state": order.state.name,
        "filled": order.filled,
        "leaves": order.leaves,
        "average_price": None if order.average_price is None else str(order.average_price),
        "cancel_reason": None if order.cancel_reason is None else order.cancel_reason.name,
        "fees": order.fees,
        "fills": [fill._asdict() for fill in order.fills],
    }


# ------------------------------------------------------------ changing


def _find(client: openbell.Client, args: argparse.Namespace) -> OrderInfo:
    """The live order of a client's or engine's id. Raises InvalidInput."""
    number = args.id
    rows = client.orders()
    for row in rows:
        if number in (row.client_order_id, row.order_id):
            return row
    raise InvalidInput(
        f"this account has no live order {number}; those it has ({len(rows)}): {_typed('order list', args)}",
        field="id",
        value=number,
    )


def _send(client: openbell.Client, kind: wire.CommandKind, row: OrderInfo, price: int, qty: int) -> Event | Reject:
    """Send one command about a live order and wait for its answer."""
    command = np.zeros(1, wire.ORDER_COMMAND)
    command["kind"], command["side"], command["account"], command["instrument"] = (
        kind,
        row.side,
        row.account,
        row.instrument,
    )
    command["client_order_id"], command["order_id"], command["price"], command["qty"] = (
        row.client_order_id, row.order_id, price, qty,
    )  # fmt: skip
    command["flags"] = wire.OrderFlag.QTY_IS_LEAVES if kind == wire.CommandKind.REPLACE else 0
    answers = {
        wire.CommandKind.CANCEL: (wire.EventKind.CANCELED, wire.EventKind.CANCEL_REJECTED),
        wire.CommandKind.REPLACE: (wire.EventKind.REPLACED, wire.EventKind.REPLACE_REJECTED, wire.EventKind.CANCELED),
    }[kind]
    client.send_batch(command)
    deadline_s = time.monotonic() + ANSWER_S
    while (left_s := deadline_s - time.monotonic()) > 0:
        for event in decode(client.events(left_s).tobytes()):
            if event.order_id == row.order_id and event.kind in answers:
                return event
    raise TimedOut(f"no answer within {ANSWER_S:g} s", code="timeout")


def _answered(answer: Event | Reject, args: argparse.Namespace, text: str) -> int:
    if isinstance(answer, Reject):
        raise OpenBellError(str(answer), code=wire.Check(answer.check).name, limit=answer.limit, value=answer.value)
    if args.json:
        show.out_json(answer._asdict())
    else:
        show.out(text)
    return reach.DONE


def _cancel(client: openbell.Client, args: argparse.Namespace) -> int:
    for option in ("symbol", "group"):
        if not args.all and getattr(args, option) is not None:
            raise InvalidInput(f"--{option} goes with --all, not with the id of one order", field=option)
    if args.all:
        number = client.cancel_all(args.symbol, group=args.group)
        if args.json:
            show.out_json({"canceled": number})
        else:
            show.out(f"{show.counted(number, 'order')} cancelled")
        return reach.DONE
    row = _find(client, args)
    answer = _send(client, wire.CommandKind.CANCEL, row, 0, 0)
    return _answered(answer, args, f"cancelled: {row.leaves:,} {row.symbol} at {show.price(row.price)}")


def _replace(client: openbell.Client, args: argparse.Namespace) -> int:
    if args.price is None and args.qty is None:
        raise InvalidInput("give --price, --qty or both", field="price")
    row = _find(client, args)
    tick_size = client.instruments_by_symbol[row.symbol].tick_size
    is_pegged = row.order_type == wire.OrderType.PEGGED
    if row.order_type == wire.OrderType.TRAILING_STOP and args.price is not None:
        raise InvalidInput("a trailing stop has no price: its distance stays", field="price", value=args.price)
    if args.price is None:
        price = row.cap if is_pegged else row.price
    elif is_pegged and not args.price.strip("+-0."):
        price = 0
    else:
        price = openbell.price_units(args.price, tick_size=tick_size)
    answer = _send(client, wire.CommandKind.REPLACE, row, price, row.leaves if args.qty is None else args.qty)
    text = ""
    if isinstance(answer, Event):
        kept = "kept" if answer.flags & wire.EventFlag.PRIORITY_KEPT else "lost"
        text = f"replaced: {answer.leaves:,} {row.symbol} open at {show.price(answer.price)}; place in the queue {kept}"
    return _answered(answer, args, text)


# ------------------------------------------------------------ looking


def _list(client: openbell.Client, args: argparse.Namespace) -> int:
    rows = client.orders()
    if args.json:
        show.out_json({"rows": [show.plain(row) for row in rows]})
        return reach.DONE
    made = [
        (
            str(row.client_order_id), row.symbol, show.side(row.side), f"{row.leaves:,}", show.price(row.price),
            f"{row.filled:,}", wire.TimeInForce(row.tif).name, f"{row.level_qty_ahead:,}", terms.kind(row),
        )
        for row in rows
    ]  # fmt: skip
    columns = (">id", "symbol", "side", ">open", ">price", ">filled", "tif", ">ahead", "kind")
    show.out(show.table(columns, made, empty="no live orders"))
    return reach.DONE


def _role(flags: int) -> str:
    return "auction" if flags & wire.EventFlag.CROSS else "maker" if flags & wire.EventFlag.MAKER else "taker"


def _fills(client: openbell.Client, args: argparse.Namespace) -> int:
    rows = client.fills()
    if args.json:
        show.out_json({"rows": [show.plain(row) for row in rows]})
        return reach.DONE
    made = [
        (
            show.clock(row.ts_ns), row.symbol, show.side(row.side), f"{row.qty:,}", show.price(row.price),
            _role(row.flags), f"{row.leaves:,}", str(row.client_order_id),
        )
        for row in rows[-50:]
    ]  # fmt: skip
    show.out(
        show.table(("time", "symbol", "side", ">lots", ">price", "as", ">open", ">id"), made, empty="no fills yet")
    )
    return reach.DONE


def _positions(client: openbell.Client, args: argparse.Namespace) -> int:
    account, rows = client.account(), client.positions()
    if args.json:
        show.out_json({"account": show.plain(account), "rows": [show.plain(row) for row in rows]})
        return reach.DONE
    made = [
        (
            row.symbol,
            f"{row.qty:,}",
            f"{row.cost / row.qty / wire.CASH_SCALE:.4f}" if row.qty else show.NOTHING,
            show.cash(row.realized_pnl),
            f"{row.open_buy:,}/{row.open_sell:,}",
        )
        for row in rows
        if row.qty or row.realized_pnl or row.open_buy or row.open_sell
    ]
    head = f"{account.name}: {show.cash(account.cash)} cash, of which {show.cash(account.hold)} held"
    head += f", {show.cash(account.withdrawable)} may be taken out"
    head += f"; fees so far {show.cash(account.fees)}" if account.fees else ""
    columns = ("symbol", ">lots", ">average", ">realized", ">open b/s")
    show.out(Text(head), show.table(columns, made, empty="no positions"))
    return reach.DONE
