"""`openbell what-if`: recorded flow replayed with one order added, removed or changed (docs/travel.md)."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from openbell import wire
from openbell.errors import InvalidInput
from openbell.prices import format_cash, format_price
from openbell.wire import EventFlag, EventKind

from engine.cli import reach, show
from engine.cli.operating.act import count_from_1
from engine.journal.commands import as_dict, what
from engine.journal.errors import JournalError
from engine.ports.rows import rows_of
from engine.travel import words
from engine.travel.moment import moment
from engine.travel.past import Past
from engine.travel.whatif.change import EXAMPLE, Alter, Change, Insert, altered
from engine.travel.whatif.fork import (
    Account,
    Affected,
    Difference,
    Side,
    Standing,
    alteration,
    difference,
    insertion,
    removal,
)
from engine.travel.whatif.ids import INSERTED

HELP = "replay recorded flow with one order added, removed or changed"
EPILOG = f"""  openbell what-if --insert {EXAMPLE} --at 10:31:05.25
  openbell what-if /backup/market --remove alice:1042
  openbell what-if --change 4294967297 price=412.60 qty=20

Everything else is as recorded: nobody does anything else because of it. Orders are the same by account and client order
id. docs/travel.md says what is compared, and how commands that come after keep their meaning.

exit codes: 0 done, 1 the journal cannot be read, 2 no such order, moment or term"""
FIGURES = {"cash": "cash", "hold": "held", "fees": "fees"}
MOST_FILLS = 4  # of an order, in a table


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb to its parser."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EPILOG
    parser.add_argument(
        "data", type=Path, nargs="?", default=Path("var"), metavar="DATA",
        help="the market's directory, or its folder journal (./var)",
    )  # fmt: skip
    change = parser.add_mutually_exclusive_group(required=True)
    change.add_argument("--insert", metavar="ORDER", help='"ACCOUNT buy|sell LOTS SYM [PRICE] [name=value ...]"')
    change.add_argument("--remove", metavar="ORDER", help="an order, as of `explain`, its cancels and replaces")
    change.add_argument(
        "--change", nargs="+", metavar=("ORDER", "name=value"),
        help="an order: price, qty, side, tif; of a NEW_SPECIAL stop, display_qty, min_qty, discretion, too",
    )  # fmt: skip
    parser.add_argument("--at", metavar="WHEN", help="--insert: after this command, or the last one at this time")
    parser.add_argument("--until", metavar="WHEN", help="replay up to this command or time (default: the end)")
    parser.add_argument(
        "--limit", type=count_from_1, default=20, metavar="N", help="show at most N other orders, accounts (default 20)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON, one value, of all orders")


def run(args: argparse.Namespace) -> int:
    """Do it. Returns 0; 1 where the journal cannot be read; 2 for what there is not."""
    try:
        past = Past(args.data)
        change = _change(past, args)
        until = None if args.until is None else past.seq(args.until, field="until")
        found = difference(past, change, until)
    except InvalidInput as error:
        return reach.report("what-if", error, args.json)
    except (JournalError, OSError) as error:
        return reach.failed("what-if", str(error), args.json)
    if args.json:
        show.out_json(to_json(found))
    else:
        _print(found, args.limit)
    return reach.DONE


def _change(past: Past, args: argparse.Namespace) -> Change:
    if (args.at is None) == (args.insert is not None):
        text = "at: --insert needs --at WHEN" if args.at is None else "at: only --insert has --at WHEN"
        raise InvalidInput(text, field="at")
    if args.insert is not None:
        when = moment(args.at, field="at")
        return insertion(past, args.insert, past.seq(when, field="at"), when.ts_ns)
    if args.remove is not None:
        return removal(past, args.remove)
    order, *terms = args.change
    return alteration(past, order, altered(terms))


# ------------------------------------------------------------ for people


def _print(found: Difference, limit: int) -> None:
    show.out(
        f"{_head(found)}",
        f"replayed from seq {found.first_seq:,} to {found.last_seq:,}: {found.fills_before:,} trades as recorded, "
        f"{found.fills_after:,} with the change",
    )
    if found.left_out:
        show.out(f"left out: {show.counted(found.left_out, 'bust or correction', 'busts and corrections')} of trades "
                 "that are not made with the change")  # fmt: skip
    before, after = found.its.before, found.its.after
    rows = [
        ("when entered", _standing(before.entered), _standing(after.entered)),
        ("fills", _fills(before, found), _fills(after, found)),
        ("at the end", _end(before), _end(after)),
    ]
    show.out("", show.table(("the order", "as recorded", "with the change"), rows), "")
    _print_others(found, limit)
    made = [(found.names.account(one.account), text) for one in found.accounts if (text := _figures(one, found))]
    if made:
        show.out("", show.table(("account at the end", "as recorded -> with the change"), made[:limit]))
    if len(made) > limit:
        show.out(f"{limit:,} of {len(made):,}; --limit N shows more")


def _print_others(found: Difference, limit: int) -> None:
    filled = sum(one.has_other_fills for one in found.others)
    if not found.others:
        show.out(f"No other order's fills change, of {found.orders:,} that traded; none ends otherwise.")
        return
    owners = len({one.key[0] for one in found.others})
    show.out(
        f"Others: {show.counted(filled, 'order has', 'orders have')} other fills, of {found.orders:,} that traded; "
        f"{len(found.others) - filled:,} more end otherwise; {show.counted(owners, 'account')}."
    )
    for one in found.others[:limit]:
        asked = f"{wire.Side(one.side).name.lower()} {found.names.instrument(one.instrument)}"
        show.out(
            f"  {_client_id(one)} of {found.names.account(one.key[0])}, {asked}",
            f"    as recorded      {_both(one.before, found)}",
            f"    with the change  {_both(one.after, found)}",
        )
    if len(found.others) > limit:
        show.out(f"  {limit:,} of {len(found.others):,}; --limit N shows more")


def _head(found: Difference) -> str:
    change = found.change
    if isinstance(change, Insert):
        return f"inserted after seq {change.after_seq:,}: {what(change.command, found.names)}"
    whose = f"order {change.order.client_order_id} of {found.names.account(change.order.account)}"
    if isinstance(change, Alter):
        terms = ", ".join(f"{name} {_term(name, value)}" for name, value in change.values.items())
        return f"changed from seq {change.first_seq:,} on: {whose}: {terms}"
    return f"removed from seq {change.first_seq:,} on: {whose}"


def _term(name: str, value: int) -> str:
    if name in ("price", "stop", "discretion"):
        return format_price(value)
    if name == "side":
        return wire.Side(value).name.lower()
    return wire.TimeInForce(value).name if name == "tif" else f"{value:,}"


def _standing(standing: Standing | None) -> str:
    if standing is None:
        return show.NOTHING
    row = standing.row
    if row["place"] != wire.Place.BOOK:
        return words.PLACES[wire.Place(int(row["place"]))]
    ahead = f"behind {words.lots(standing.ahead)} of {words.orders(standing.orders)}" if standing.ahead else "first"
    return f"{ahead} at {format_price(int(row['price']))}, {int(row['leaves']):,} open"


def _fills(side: Side, found: Difference) -> str:
    if not len(side.fills):
        return show.NOTHING
    parts = []
    for fill in side.fills[:MOST_FILLS]:
        other = found.names.accounts.get(int(fill["other_account"]), str(fill["other_account"]))
        parts.append(f"{fill['qty']:,} at {format_price(int(fill['price']))} {_how(fill)} {other}")
    total = int(side.fills["qty"].sum())
    if len(side.fills) > MOST_FILLS:
        parts.append(f"... {total:,} in {len(side.fills):,} fills")
    return "; ".join(parts)


def _how(fill: Any) -> str:
    """Between price and the other side: who came to whom."""
    if fill["flags"] & EventFlag.CROSS:
        return "in an auction with"
    return "from" if not fill["flags"] & EventFlag.MAKER else "to"


def _end(side: Side) -> str:
    """How it ended; or where it is."""
    if side.last is not None:
        return _standing(side.last)
    parts = [_ending(end) for end in side.ends]
    if not parts:
        return "filled whole" if len(side.fills) else show.NOTHING
    return "; ".join(parts)


def _ending(end: Any) -> str:
    number = int(end["reason"])
    if end["kind"] == EventKind.REJECTED:
        return f"refused: {wire.Check(number).name}"
    return f"{end['qty']:,} cancelled: {wire.CancelReason(number).name}"


def _both(side: Side, found: Difference) -> str:
    ends = "; ".join(_ending(end) for end in side.ends)
    return ", ".join(part for part in (_fills(side, found) if len(side.fills) else "", ends) if part) or show.NOTHING


def _client_id(one: Affected) -> str:
    return "inserted" if one.key[1] == INSERTED else str(one.key[1])


def _figures(one: Account, found: Difference) -> str:
    given = ((FIGURES[name], two) for name, two in one.figures.items() if name in FIGURES)
    parts = [f"{name} {format_cash(two[0])} -> {format_cash(two[1])}" for name, two in given]
    parts += [f"{found.names.instrument(number)} {two[0]:,} -> {two[1]:,}" for number, two in one.lots.items()]
    return ", ".join(parts)


# ------------------------------------------------------------ JSON


def to_json(found: Difference) -> dict[str, Any]:
    """All of it; the client_order_id of an order that was inserted is null."""
    change, names = found.change, found.names
    told: dict[str, Any] = {"kind": type(change).__name__.lower(), "seq": change.first_seq}
    if isinstance(change, Insert):
        told |= {"seq": change.after_seq, "command": as_dict(change.command)}
    elif isinstance(change, Alter):
        told["values"] = dict(change.values)
    return {
        "change": told,
        "first_seq": found.first_seq,
        "last_seq": found.last_seq,
        "commands": [found.commands_before, found.commands_after],
        "trades": [found.fills_before, found.fills_after],
        "orders_that_traded": found.orders,
        "left_out": found.left_out,
        "order": _order(found.its, found),
        "others": [_order(one, found) for one in found.others],
        "accounts": [
            {
                "account": one.account,
                "name": names.accounts.get(one.account, ""),
                **{name: list(pair) for name, pair in one.figures.items()},
                "lots": {names.instrument(number): list(pair) for number, pair in one.lots.items()},
            }
            for one in found.accounts
        ],
    }


def _order(one: Affected, found: Difference) -> dict[str, Any]:
    return {
        "account": one.key[0],
        "account_name": found.names.accounts.get(one.key[0], ""),
        "client_order_id": None if one.key[1] == INSERTED else one.key[1],
        "symbol": found.names.instruments.get(one.instrument, ""),
        "side": one.side,
        "before": _side(one.before),
        "after": _side(one.after),
    }


def _side(side: Side) -> dict[str, Any]:
    fills = rows_of(side.fills)
    for fill in fills:
        fill["other_client_order_id"] = (
            None if fill["other_client_order_id"] == INSERTED else fill["other_client_order_id"]
        )
        del fill["client_order_id"], fill["account"], fill["instrument"], fill["side"]
    return {
        "fills": fills,
        "ends": [{"text": _ending(end), "qty": int(end["qty"]), "filled": int(end["filled"])} for end in side.ends],
        "entered": _place(side.entered),
        "last": _place(side.last),
    }


def _place(standing: Standing | None) -> dict[str, Any] | None:
    if standing is None:
        return None
    return {"ahead": standing.ahead, "orders_ahead": standing.orders, **rows_of(standing.row.reshape(1))[0]}
