"""An order's life in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from openbell import wire
from openbell.events import check_in_words
from openbell.fees import house_name
from openbell.prices import format_cash, format_price
from openbell.wire import CancelReason, CommandKind, EventFlag, EventKind, Place, RestateReason

from engine.journal.commands import Names, clock, kind_name, what
from engine.travel.life import Happening, Life, Move, Spell

CANCELED: Final = {
    CancelReason.USER: "its owner asked for it",
    CancelReason.MASS: "a mass cancel of its owner",
    CancelReason.IOC: "the rest of an order that never rests",
    CancelReason.FOK: "it could not be filled whole",
    CancelReason.SELF_TRADE: "self-trade prevention: it met an order of the same owner",
    CancelReason.DAY_END: "the trading day ended",
    CancelReason.OPERATOR: "an operator's mass cancel",
    CancelReason.ACCOUNT_BLOCKED: "its account was blocked, or may only close positions and it could open some",
    CancelReason.REPLACED_BELOW_FILLED: "it was replaced to a total that was filled already",
    CancelReason.CASH_LIMIT: "a seller's cash would have left its range",
    CancelReason.LEVEL_CAPACITY: "there was no room for a further price level",
    CancelReason.EXPIRED: "its time had come",
    CancelReason.MIN_QTY: "less than its minimum quantity would have traded",
    CancelReason.REDUCE_ONLY: "nothing was left to reduce",
    CancelReason.AUCTION_END: "its auction was over",
    CancelReason.BUYING_POWER: "as a stop it was met, and the account's cash did not reach",
    CancelReason.PRICE_COLLAR: "its limit was beyond the collar when it was to trade",
    CancelReason.LINKED: "an order that it is tied to moved",
    CancelReason.EXPOSURE: "it waited for another order, and cash, position or limits did not reach then",
    CancelReason.PRICE_BAND: "it was beyond the price bands",
    CancelReason.DISCONNECT: "its session ended, and had asked for this",
    CancelReason.DEAD_MAN: "a dead-man timer was not renewed in time",
    CancelReason.ORDER_NOTIONAL: "as a stop it was met, and its notional was beyond the limit then",
    CancelReason.CORPORATE_ACTION: "a split of its instrument",
}
RESTATED: Final = {
    RestateReason.SELF_TRADE: "self-trade prevention took lots: it met an order of the same owner",
    RestateReason.REDUCE_ONLY: "its account's position became smaller than it",
    RestateReason.LINKED: "an order that it is tied to lost lots",
    RestateReason.ACTIVE: "the order that it waited for has ended: it is an order like others now",
    RestateReason.PRICED: "it is a limit order at the auction's price now",
}
PLACES: Final = {
    Place.DARK: "rests unseen", Place.STOP: "waits for its trigger", Place.CALL: "waits for an auction",
    Place.WAIT: "waits for the end of another order",
}  # fmt: skip
_OF_TRADES: Final = (EventKind.CHARGED, EventKind.CASH_VIOLATION, EventKind.DAY_TRADE)
_REFUSED: Final = {
    EventKind.REJECTED: "refused",
    EventKind.CANCEL_REJECTED: "not cancelled",
    EventKind.REPLACE_REJECTED: "not replaced",
}


def lots(number: int) -> str:
    """A number of lots."""
    return f"{number:,} lot{'' if number == 1 else 's'}"


def orders(number: int) -> str:
    """A number of orders."""
    return f"{number:,} order{'' if number == 1 else 's'}"


def head(life: Life) -> str:
    """Whose order it is, and what it asked for; of one whose entry is not kept, what it is."""
    if life.entry is not None:
        return what(life.entry, life.names)
    row = life.row
    known = "" if row is None else f": {_side(row)} {lots(int(row['leaves']))} at {format_price(int(row['price']))}"
    return f"{life.names.account(life.account)}{known}, client id {life.client_order_id}"


def state(life: Life) -> str:
    """What it is at the end of the journal, or how it ended."""
    if life.row is not None:
        row = life.row
        return f"{lots(int(row['leaves']))} open, {row['filled']:,} filled; it {place(row, life, life.last_seq)}"
    if not life.order_id:
        return "never accepted"
    ending = next((one for one in reversed(life.happenings) if one.seq == life.end_seq and _ends(one)), None)
    if ending is None:
        return "ended before what is kept"
    when = f"at seq {ending.seq:,}, {clock(ending.ts_ns)} UTC"
    if ending.event["kind"] == EventKind.FILL:
        return f"filled whole, {lots(int(ending.event['filled']))}, {when}"
    return f"cancelled {when}, {lots(int(ending.event['qty']))} of it, {ending.event['filled']:,} filled"


def place(row: Any, life: Life, seq: int) -> str:
    """Where a live order is after the command `seq`, with its place in the queue."""
    if row["place"] != Place.BOOK:
        return PLACES[Place(int(row["place"]))] + _tied(row)
    spell = next(one for one in reversed(life.spells) if one.seq <= seq)
    ahead, number = spell.at(seq)
    where = f"behind {lots(ahead)} of {orders(number)}" if ahead else "first in its queue"
    return f"rests in the book at {format_price(int(row['price']))}, {where}{_tied(row)}"


def event(one: Happening, life: Life) -> str:
    """What happened, and why; of the last that a command did to it, also where it is then."""
    if not one.is_own:
        return _lived_through(one, life.names)
    said = _own(one, life)
    if one.row is None or any(other is not one and other.seq == one.seq for other in _after(one, life)):
        return said
    return f"{said}; it {place(one.row, life, one.seq)}"


def _after(one: Happening, life: Life) -> list[Happening]:
    """What happened to it later, but for what follows from its trades."""
    at = next(number for number, other in enumerate(life.happenings) if other is one)
    return [other for other in life.happenings[at + 1 :] if other.is_own and other.event["kind"] not in _OF_TRADES]


def _own(one: Happening, life: Life) -> str:
    kind, record = EventKind(int(one.event["kind"])), one.event
    if kind in _REFUSED:
        return _refused(one, life)
    said = {
        EventKind.ACCEPTED: _accepted, EventKind.FILL: _fill, EventKind.CANCELED: _canceled,
        EventKind.REPLACED: _replaced, EventKind.TRIGGERED: _triggered, EventKind.RESTATED: _restated,
    }.get(kind)  # fmt: skip
    if said is not None:
        return said(one, life)
    qty, price, trade = int(record["qty"]), format_price(int(record["price"])), int(record["trade_id"])
    if kind == EventKind.TRADE_BUSTED:
        return f"trade {trade} is void: {_side(record)} {lots(qty)} at {price}"
    if kind == EventKind.TRADE_CORRECTED:
        return f"trade {trade} is this instead: {_side(record)} {lots(qty)} at {price}"
    if kind == EventKind.CASH_VIOLATION:
        name = wire.CashViolation(int(record["reason"])).name
        return f"violation {trade} of its account ({name}): {lots(qty)} were sold before they were paid for"
    if kind == EventKind.DAY_TRADE:
        pattern = ", which made it a pattern day trader" if int(record["flags"]) else ""
        counted = int(record["qty"])
        return f"trade {trade} was a day trade of its account, {counted} of {int(record['leaves'])} trades{pattern}"
    amount = int(record["price"])
    verb = "charged" if amount > 0 else "given"
    return f"{verb} {format_cash(abs(amount))} for trade {trade} ({house_name(int(record['reason']))})"


def cause(one: Happening, life: Life) -> str:
    """The command that caused it: whose, and what it asked for."""
    command = one.command
    kind = CommandKind(int(command["kind"]))
    if kind == CommandKind.TICK:
        return "time passed (TICK)"
    its_own = kind in (CommandKind.NEW_ORDER, CommandKind.NEW_SPECIAL) and _is_entry(command, life)
    said = what(command, life.names)
    return f"{'its own ' if its_own else ''}{kind_name(int(kind))}{f': {said}' if said else ''}{_session(command)}"


def joined(spell: Spell) -> str:
    """How it came into a queue."""
    if not spell.ahead:
        return f"first in the queue at {format_price(spell.price)}"
    return f"behind {lots(spell.ahead)} of {orders(spell.orders)} at {format_price(spell.price)}"


def moved(moves: list[Move]) -> str:
    """How its queue moved: what those ahead lost, and what is left of them."""
    sums: Counter[str] = Counter()
    for move in moves:
        sums[move.how] += move.qty
    verbs = {"traded": "traded", "reduced": "given up in place", "left": "cancelled or moved away"}
    parts = [f"{sums[how]:,} {verb}" for how, verb in verbs.items() if sums[how]]
    last = moves[-1]
    left = f"{lots(last.ahead)} of {orders(last.orders)} left" if last.ahead else "none left: it is first"
    return f"ahead of it {', '.join(parts)}; {left}"


# -- one kind each ------------------------------------------------------------------------------------------------


def _accepted(one: Happening, life: Life) -> str:
    record = one.event
    if record["flags"] & EventFlag.DUPLICATE:
        return "sent again: answered as the first time, nothing changed"
    price = format_price(int(record["price"]))
    return f"accepted: {_side(record)} {lots(int(record['qty']))} at {price}, order {life.order_id}"


def _fill(one: Happening, life: Life) -> str:
    record, other = one.event, one.other
    how = (
        "in an auction" if record["flags"] & EventFlag.CROSS else "as maker" if record["flags"] & EventFlag.MAKER
        else "as taker"
    )  # fmt: skip
    verb = "bought" if record["side"] == wire.Side.BUY else "sold"
    text = (
        f"{verb} {lots(int(record['qty']))} at {format_price(int(record['price']))} {how}, trade {record['trade_id']}"
    )
    if other is not None:
        whose = "an order of its own account" if other["account"] == life.account else f"{_account(other, life.names)}"
        text += f", with {whose}, order {other['order_id']} (client id {other['client_order_id']})"
    return f"{text}; {record['leaves']:,} open, {record['filled']:,} filled"


def _canceled(one: Happening, life: Life) -> str:
    name, why = _reason(CANCELED, one)
    return f"cancelled ({name}), {lots(int(one.event['qty']))}: {why}{_by_other(one)}"


def _replaced(one: Happening, life: Life) -> str:
    record = one.event
    kept = "its place kept" if record["flags"] & EventFlag.PRIORITY_KEPT else "its place lost"
    price = format_price(int(record["price"]))
    return f"replaced: {lots(int(record['qty']))} in all, {record['leaves']:,} open at {price}, {kept}"


def _triggered(one: Happening, life: Life) -> str:
    record = one.event
    return f"triggered: it goes to {format_price(int(record['price']))} with {lots(int(record['leaves']))}"


def _restated(one: Happening, life: Life) -> str:
    name, why = _reason(RESTATED, one)
    leaves, price = int(one.event["leaves"]), format_price(int(one.event["price"]))
    return f"restated ({name}): {leaves:,} open at {price}: {why}{_by_other(one)}"


def _reason(texts: Mapping[Any, str], one: Happening) -> tuple[str, str]:
    """The name of an event's reason, and what it means."""
    reason = type(next(iter(texts)))(int(one.event["reason"]))
    return reason.name, texts[reason]


def _refused(one: Happening, life: Life) -> str:
    record = one.event
    check, limit, value, headroom = (int(record[name]) for name in ("check", "limit", "value", "headroom"))
    text = f"{_REFUSED[EventKind(int(record['kind']))]}: {check_in_words(check, limit, value, headroom)}"
    if check == wire.Check.INSTRUMENT_STATE:
        before = [other for other in life.happenings if not other.is_own and other.seq < one.seq and _is_state(other)]
        since = before[-1] if before else life.state_before
        if since is not None:
            text += f"; so since seq {since.seq:,}, {clock(since.ts_ns)} UTC: {_author(since, life.names)}"
    return text


def _lived_through(one: Happening, names: Names) -> str:
    record = one.event
    kind, instrument = EventKind(int(record["kind"])), names.instrument(int(record["instrument"]))
    if kind == EventKind.ACCOUNT_STATE:
        return f"its account is {wire.AccountState(int(record['flags'])).name} now"  # that of its desks counted
    if kind == EventKind.INSTRUMENT_STATE:
        state_ = wire.InstrumentState(int(record["reason"]))
        text = f"{instrument} is {state_.name} now"
        if state_ == wire.InstrumentState.HALTED and record["side"]:
            text += f" ({wire.HaltReason(int(record['side'])).name})"
        elif state_ == wire.InstrumentState.CALL:
            text += f" ({wire.AuctionKind(int(record['side'])).name})"
        return text
    if kind == EventKind.AUCTION:
        auction = wire.AuctionKind(int(record["reason"])).name
        price, qty = int(record["price"]), int(record["qty"])
        traded = f"{lots(qty)} at {format_price(price)}" if price else "nothing traded"
        return f"auction of {instrument} ({auction}): {traded}"
    if kind == EventKind.AUCTION_EXTENDED:
        why = wire.ExtensionReason(int(record["reason"])).name
        return f"the auction of {instrument} was put off to {clock(int(record['trade_id']))} UTC ({why})"
    if kind == EventKind.BANDS_SET:
        lower, upper = int(record["price"]), int(record["order_id"])
        bands = f"{format_price(lower)} to {format_price(upper)}" if lower or upper else "none"
        return f"price bands of {instrument}: {bands}"
    return f"short sales of {instrument} are {'restricted' if record['reason'] else 'free'}"


# -- parts --------------------------------------------------------------------------------------------------------


def _by_other(one: Happening) -> str:
    """Which of the linked orders it was, and what happened to it."""
    other = one.other
    if other is None:
        return ""
    kind = EventKind(int(other["kind"]))
    did = {
        EventKind.FILL: f"traded {lots(int(other['qty']))}, trade {other['trade_id']}",
        EventKind.CANCELED: "was cancelled",
        EventKind.TRIGGERED: "was triggered",
    }.get(kind, kind.name)
    return f" (order {other['order_id']}, client id {other['client_order_id']}, {did})"


def _tied(row: Any) -> str:
    text = ""
    if row["parent_id"]:
        text += f", for client id {row['parent_id']}"
    if row["link_id"]:
        text += f", {'triggers' if row['role'] == wire.Role.PARENT else 'one cancels the other with'} {row['link_id']}"
    return text


def _author(one: Happening, names: Names) -> str:
    said = what(one.command, names)
    return f"{kind_name(int(one.command['kind']))}{f' {said}' if said else ''}"


def _account(record: Any, names: Names) -> str:
    return names.account(int(record["account"]))


def _side(record: Any) -> str:
    return "buy" if record["side"] == wire.Side.BUY else "sell"


def _session(command: Any) -> str:
    return f", session {command['session']}" if "session" in command.dtype.names and command["session"] else ""


def _is_entry(command: Any, life: Life) -> bool:
    return bool(command["account"] == life.account and command["client_order_id"] == life.client_order_id)


def _is_state(one: Happening) -> bool:
    return bool(one.event["kind"] == EventKind.INSTRUMENT_STATE)


def _ends(one: Happening) -> bool:
    kind = one.event["kind"]
    return one.is_own and bool(kind == EventKind.CANCELED or (kind == EventKind.FILL and not one.event["leaves"]))
