"""Verbs of dividends and splits that are planned for a day. Rules: docs/actions.md, "By schedule"."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta
from openbell import wire
from openbell.wire import CommandKind

from engine.corporate.actor import Actor, NotADay
from engine.corporate.planned import REFERENCE_PRICE, Entry
from engine.market import names_of
from engine.ports.frames import FrameError
from engine.ports.verbs.verb import U32, Act, Arguments, Desk, Verb
from engine.sequencer import NEVER_NS
from engine.world import here

MOST = 10_000  # that wait
MOST_CASH = 10**12  # a share
MOST_LOTS = 10_000  # of one side of a split
KINDS = {
    "dividend": CommandKind.DIVIDEND, "pay-dividend": CommandKind.PAY_DIVIDEND, "split": CommandKind.SPLIT,
}  # fmt: skip
NAMES = {int(kind): name for name, kind in KINDS.items()}
Date = Annotated[int, Meta(ge=19700101, le=99991231)]
Side = Annotated[int, Meta(ge=1, le=MOST_LOTS)]
Reference = Annotated[int, Meta(ge=0, le=(1 << 63) - 1)]


class AddArguments(Arguments):
    """kind: what is done on `date`. amount: of a dividend; pay: the date on which that is paid, too; new, old, price:
    of a split."""

    instrument: U32
    kind: Literal["dividend", "pay-dividend", "split"]
    date: Date
    amount: Annotated[int, Meta(ge=1, le=MOST_CASH)] | None = None
    pay: Date | None = None
    reference: Reference = 0
    new: Side | None = None
    old: Side | None = None
    price: Annotated[int, Meta(ge=0, le=wire.MAX_PRICE)] | None = None


class RemoveArguments(Arguments):
    number: U32


NEEDED = {"dividend": ("amount",), "pay-dividend": (), "split": ("new", "old")}
ALLOWED = {"dividend": ("amount", "pay"), "pay-dividend": (), "split": ("new", "old", "price")}


def _check(given: AddArguments) -> None:
    """Raises FrameError for what does not belong together."""
    for field in ("amount", "pay", "new", "old", "price"):
        value = getattr(given, field)
        if value is None and field in NEEDED[given.kind]:
            raise FrameError("bad_args", f"{field} is missing: a {given.kind} needs it", field=field)
        if value is not None and field not in ALLOWED[given.kind]:
            raise FrameError("bad_args", f"{field} is nothing that a {given.kind} has", field=field, value=value)
    if given.pay is not None and given.pay <= given.date:
        text = f"pay: it is paid after its ex-date {given.date}, not on {given.pay}"
        raise FrameError("bad_args", text, field="pay", limit=given.date + 1, value=given.pay)
    if given.new is not None and given.new == given.old:
        raise FrameError("bad_args", f"old is {given.old:,} as new is: nothing would change", field="old")


def _entries(given: AddArguments, act: Act) -> list[Entry]:
    values = {
        "dividend": (given.amount or 0, given.reference, 0),
        "pay-dividend": (0, given.reference, 0),
        "split": (given.new or 0, given.old or 0, REFERENCE_PRICE if given.price is None else given.price),
    }

    def entry(kind: str, date: int) -> Entry:
        return Entry(0, int(KINDS[kind]), given.instrument, date, values[kind], act.operator, act.reason)

    made = [entry(given.kind, given.date)]
    return made if given.pay is None else [*made, entry("pay-dividend", given.pay)]


def _rows(desk: Desk, entries: list[Entry]) -> dict[str, Any]:
    actor = desk.process.actor
    symbols = names_of(desk.market.instruments(), "instrument", "symbol")
    return {"rows": [_row(actor, one, symbols[one.instrument]) for one in entries]}


def _row(actor: Actor, entry: Entry, symbol: str) -> dict[str, Any]:
    due_ns = actor.due_ns(entry)
    first, second, third = entry.values
    is_split = entry.kind == CommandKind.SPLIT
    return {
        "number": entry.number, "kind": NAMES[entry.kind], "instrument": entry.instrument, "symbol": symbol,
        "date": entry.date, "due_ts_ns": 0 if due_ns == NEVER_NS else due_ns,
        "amount": 0 if is_split else first, "reference": 0 if is_split else second,
        "new": first if is_split else 0, "old": second if is_split else 0,
        "price": third if is_split else 0, "operator": entry.operator, "reason": entry.reason, "failed": entry.failed,
    }  # fmt: skip


# ------------------------------------------------------------ verbs


def _actions(desk: Desk, act: Act) -> dict[str, Any]:
    return _rows(desk, list(desk.process.actor.planned))


def _add(desk: Desk, act: Act) -> dict[str, Any]:
    given: AddArguments = act.arguments
    actor = desk.process.actor
    desk.instrument(given.instrument)
    _check(given)
    for field, date in (("date", given.date), ("pay", given.pay)):
        try:
            if date is not None:
                actor.check(date)
        except NotADay as error:
            raise FrameError("rejected", f"{field}: {error}", field=field, limit=error.limit, value=date) from None
    if len(actor.planned) >= MOST:
        raise FrameError("too_many", f"{MOST:,} actions are planned already", field="number", limit=MOST)
    desk.market.sequencer.flush(here.clock.perf_counter_ns())
    try:
        return _rows(desk, actor.add(_entries(given, act)))
    except ValueError as error:
        raise FrameError("bad_args", str(error), field="reason") from None


def _remove(desk: Desk, act: Act) -> dict[str, Any]:
    actor, number = desk.process.actor, act.arguments.number
    entry = actor.planned.get(number)
    if entry is None:
        raise FrameError("rejected", f"no action {number} is planned", field="number", value=number)
    told = _rows(desk, [entry])
    desk.market.sequencer.flush(here.clock.perf_counter_ns())
    try:
        actor.remove(entry, act.operator, act.reason)
    except ValueError as error:
        raise FrameError("bad_args", str(error), field="reason") from None
    return told


PLANNING = (
    Verb("actions", Arguments, _actions, changes=False),
    Verb("actions-add", AddArguments, _add),
    Verb("actions-remove", RemoveArguments, _remove),
)
