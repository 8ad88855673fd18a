"""`openbell ctl` verbs that change the market. Each is journaled with the operator's name and reason."""

from __future__ import annotations

import argparse

from openbell.discovery import KEY_VARIABLE, TOKEN_VARIABLE
from openbell.errors import InvalidInput
from openbell.operator import Operator
from openbell.status import Limits
from rich.console import Group
from rich.text import Text

from engine.cli import reach, show
from engine.cli.operating import act
from engine.cli.operating.act import Act, Said
from engine.cli.operating.look import account_limits, accounts_table, instruments_table


def _said(op: Operator, text: str, **more: object) -> Said:
    return Said({"ok": True, "seq": op.last_seq, **more}, Text(text))


# ------------------------------------------------------------ instruments


def _set_instrument(op: Operator, args: argparse.Namespace) -> Said:
    known = {row.symbol for row in op.instruments()}
    _new_or_known("instrument", args.symbol, known | {str(number) for number in op.symbols()}, args.new)
    row = op.set_instrument(
        None if args.new else args.symbol,
        reason=args.reason,
        symbol=args.symbol if args.new else args.rename,
        tick_size=args.tick or ("0.01" if args.new else None),
        lot_size=args.lot or (1 if args.new else None),
        reference_price=args.price,
        collar_bps=args.collar_bps,
        max_order_qty=args.max_order_qty,
        max_order_notional=args.max_order_notional,
        currency=args.currency or ("USD" if args.new else None),
        round_lot=args.round_lot,
    )
    if args.open:
        op.resume(row.instrument, reason=args.reason)
        row = next(one for one in op.instruments() if one.instrument == row.instrument)
    return Said({"ok": True, "seq": op.last_seq, **show.plain(row)}, instruments_table([row]))


def _set_instrument_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("symbol", metavar="SYM", help="symbol (or id, of one that exists)")
    parser.add_argument("--new", action="store_true", help="make it; without this it must exist")
    parser.add_argument("--rename", metavar="SYM", help="give it another symbol")
    parser.add_argument("--price", type=act.price_text, metavar="P", help="reference price, of the collar")
    parser.add_argument("--tick", type=act.price_text, metavar="T", help="tick size (new: 0.01)")
    parser.add_argument("--lot", type=act.count, metavar="N", help="shares in a lot (new: 1)")
    parser.add_argument("--collar-bps", type=act.count, metavar="N", help="price collar in basis points, 0: none")
    parser.add_argument("--max-order-qty", type=act.count, metavar="N", help="lots an order, 0: no limit")
    parser.add_argument(
        "--max-order-notional", type=act.unsigned_decimal_text, metavar="CASH", help="an order, 0: no limit"
    )
    parser.add_argument("--currency", metavar="C", help="up to 8 letters (new: USD)")
    parser.add_argument(
        "--round-lot", type=act.count, metavar="N", help="lots; a trade of fewer is an odd lot, 0: none is"
    )
    parser.add_argument("--open", action="store_true", help="open it for trading at once")


def _new_or_known(kind: str, name: str, known: set[str], new: bool) -> None:
    """So that a typing error never makes something new, and nothing is changed that was to be made."""
    if new and name in known:
        raise InvalidInput(f"{kind} {name!r} exists: leave --new out to change it", field="new", value=name)
    if not new and name not in known:
        raise InvalidInput(f"there is no {kind} {name!r}: --new makes it", field=kind, value=name)


# ------------------------------------------------------------ accounts


def _limit_arguments(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("limits (0: none)")
    group.add_argument("--max-order-qty", type=act.count, metavar="N", help="lots an order")
    group.add_argument("--max-order-notional", type=act.unsigned_decimal_text, metavar="CASH", help="cash an order")
    group.add_argument("--max-position", type=act.count, metavar="N", help="lots in an instrument, either way")
    group.add_argument("--max-open-orders", type=act.count, metavar="N", help="live orders")
    group.add_argument("--max-messages", type=act.count, metavar="N", help="orders and replaces a second")
    group.add_argument("--short", action=argparse.BooleanOptionalAction, help="may sell what it does not hold")
    group.add_argument("--credit", action=argparse.BooleanOptionalAction, help="may buy without the cash for it")


def _given_limits(args: argparse.Namespace) -> Limits:
    return Limits(
        args.max_order_qty, args.max_order_notional, args.max_position, args.max_open_orders, args.max_messages,
        args.short, args.credit,
    )  # fmt: skip


def _limits(op: Operator, args: argparse.Namespace) -> Said:
    given = _given_limits(args)
    row = op.limits(args.account, given, reason=args.reason) if given.arguments() else op.account(args.account)
    return Said({"ok": True, "seq": op.last_seq, **show.plain(row)}, account_limits(row))


def _shows_limits(args: argparse.Namespace) -> bool:
    """`limits ACCOUNT` alone changes nothing."""
    return not _given_limits(args).arguments()


def _limits_arguments(parser: argparse.ArgumentParser) -> None:
    act.account(parser)
    _limit_arguments(parser)


def _set_account(op: Operator, args: argparse.Namespace) -> Said:
    known = {row.name for row in op.accounts()}
    _new_or_known("account", args.account, known | {str(number) for number in op.account_names()}, args.new)
    row = op.set_account(
        None if args.new else args.account,
        reason=args.reason,
        name=args.account if args.new else args.rename,
        limits=_given_limits(args),
        currency=args.currency,
        fee_plan=args.fee_plan,
    )
    if args.cash is not None:
        op.deposit(row.account, args.cash, reason=args.reason)
        row = op.account(row.account)
    lines = [accounts_table([row])]
    if args.new:
        lines.append(Text(f"It has no API key yet: {reach.typed(f'ctl add-key {row.name}', args.data, args.address)}"))
    return Said({"ok": True, "seq": op.last_seq, **show.plain(row)}, Group(*lines))


def _set_account_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("account", metavar="ACCOUNT", help="name (or id, of one that exists)")
    parser.add_argument("--new", action="store_true", help="make it; without this it must exist")
    parser.add_argument("--rename", metavar="NAME", help="give it another name")
    parser.add_argument("--cash", type=act.unsigned_decimal_text, metavar="CASH", help="deposit this at once")
    parser.add_argument(
        "--currency", metavar="C", help="it trades in this one only (new, or without cash and positions)"
    )
    parser.add_argument("--fee-plan", metavar="PLAN", help="name or number of a plan of fees (ctl fees), or none")
    _limit_arguments(parser)


def _kill(op: Operator, args: argparse.Namespace) -> Said:
    count = op.kill(args.account, reason=args.reason)
    return _said(op, f"{args.account} is blocked; {show.counted(count, 'order')} cancelled", canceled=count)


def _ask_kill(op: Operator, args: argparse.Namespace) -> str:
    row = op.account(args.account)
    return f"Block account {row.name} ({row.account}) and cancel its {show.counted(row.open_orders, 'live order')}?"


def _unkill(op: Operator, args: argparse.Namespace) -> Said:
    op.unkill(args.account, reason=args.reason)
    return _said(op, f"{args.account} may trade again")


def _deposit(op: Operator, args: argparse.Namespace) -> Said:
    cash = op.deposit(args.account, args.amount, reason=args.reason)
    return _said(op, f"{args.account} has {show.exact_cash(cash)} now", cash=cash)


def _deposit_arguments(parser: argparse.ArgumentParser) -> None:
    act.account(parser)
    parser.add_argument("amount", metavar="AMOUNT", type=act.decimal_text, help="cash; negative takes it out")


def _deposit_shares(op: Operator, args: argparse.Namespace) -> Said:
    position = op.deposit_shares(args.account, args.symbol, args.qty, cost=args.cost, reason=args.reason)
    symbol = op.symbols()[op.instrument_id(args.symbol)]
    return _said(op, f"{args.account} holds {position:,} lots of {symbol} now", position=position)


def _deposit_shares_arguments(parser: argparse.ArgumentParser) -> None:
    act.account(parser)
    parser.add_argument("symbol", metavar="SYM", help="symbol or id")
    parser.add_argument("qty", metavar="LOTS", type=act.whole, help="how many; negative takes them out")
    parser.add_argument("--cost", type=act.decimal_text, default="0", metavar="CASH", help="of one lot, for the profit")


def _add_key(op: Operator, args: argparse.Namespace) -> Said:
    key = op.add_key(
        args.account, operator=args.for_operator, role=args.role, key_name=args.key, reason=args.reason
    )  # fmt: skip
    name, variable = ("token", TOKEN_VARIABLE) if args.for_operator else ("api_key", KEY_VARIABLE)
    use = f"${variable}, or {name}= of the SDK"
    shown = show.pairs({name.replace("_", " "): key.secret, "kept in": key.path, "use": use})
    return Said({"ok": True, "seq": op.last_seq, name: key.secret, "path": key.path}, shown)


def _add_key_arguments(parser: argparse.ArgumentParser) -> None:
    who = parser.add_mutually_exclusive_group(required=True)
    who.add_argument("account", metavar="ACCOUNT", nargs="?", help="an account's API key: its name or id")
    who.add_argument("--for-operator", metavar="NAME", help="a token for an operator instead")
    parser.add_argument(
        "--key", metavar="NAME", help="what the API key is called (default: as its account, with a number)"
    )
    parser.add_argument("--role", choices=("admin", "viewer"), help="of the operator (default admin)")


# ------------------------------------------------------------ the market


def _cancel_all(op: Operator, args: argparse.Namespace) -> Said:
    count = op.cancel_all(args.account, args.symbol, reason=args.reason)
    return _said(op, f"{show.counted(count, 'order')} cancelled", canceled=count)


def _cancel_all_arguments(parser: argparse.ArgumentParser) -> None:
    act.maybe_account(parser)
    act.maybe_symbol(parser)


def _ask_cancel_all(op: Operator, args: argparse.Namespace) -> str:
    total = op.orders(args.account, args.symbol, limit=1)[1]
    whose = f" of account {args.account}" if args.account is not None else " of every account"
    where = f" in {args.symbol}" if args.symbol is not None else ""
    return f"Cancel {show.counted(total, 'live order')}{whose}{where}?"


def _disarm(op: Operator, args: argparse.Namespace) -> Said:
    was_armed = op.disarm(args.account, reason=args.reason)
    text = f"the dead-man timer of {args.account} is disarmed" if was_armed else f"{args.account} had no timer armed"
    return _said(op, text, was_armed=was_armed)


def _ask_disarm(op: Operator, args: argparse.Namespace) -> str:
    return f"Disarm the dead-man timer of {args.account}? Its orders stay then, also when nobody watches them."


def _snapshot(op: Operator, args: argparse.Namespace) -> Said:
    made = op.snapshot(reason=args.reason)
    return _said(
        op, f"written {made.path}, the state after command {made.seq:,}", path=made.path, snapshot_seq=made.seq
    )


def _shutdown(op: Operator, args: argparse.Namespace) -> Said:
    op.shutdown(reason=args.reason)
    return _said(op, "the engine stops in order")


def _ask_shutdown(op: Operator, args: argparse.Namespace) -> str:
    status = op.status()
    return f"Shut market {status.market} down? {show.counted(status.sessions, 'session is', 'sessions are')} logged in."


GOVERNING = {
    "cancel-all": Act("cancel live orders", _cancel_all, _cancel_all_arguments, True, _ask_cancel_all),
    "disarm": Act("take an account's dead-man timer away", _disarm, act.account, True, _ask_disarm),
    "kill": Act("block an account and cancel its orders", _kill, act.account, True, _ask_kill),
    "unkill": Act("let a blocked account trade again", _unkill, act.account, True),
    "limits": Act("show or change an account's limits", _limits, _limits_arguments, True, looks=_shows_limits),
    "deposit": Act("add or take cash", _deposit, _deposit_arguments, True),
    "deposit-shares": Act("add or take shares", _deposit_shares, _deposit_shares_arguments, True),
    "set-instrument": Act("make or change an instrument", _set_instrument, _set_instrument_arguments, True),
    "set-account": Act("make or change an account", _set_account, _set_account_arguments, True),
    "add-key": Act("make an API key of an account or a token of an operator", _add_key, _add_key_arguments, True),
    "snapshot": Act("write a snapshot of the state now", _snapshot, changes=True),
    "shutdown": Act("stop the engine in order", _shutdown, changes=True, question=_ask_shutdown),
}
