"""Which order is meant: by the engine's order_id, by ACCOUNT:client_order_id, or by a client_order_id alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from openbell import wire
from openbell.errors import InvalidInput
from openbell.wire import CommandKind, EventFlag, EventKind

from engine.journal.commands import split
from engine.travel.past import Past
from engine.travel.replaying import Replay
from ext.core import Core

NEW: Final = (CommandKind.NEW_ORDER, CommandKind.NEW_SPECIAL)
U64_MAX: Final = (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class Named:
    """An order by its account and client_order_id; of those that were accepted at most one ever has them.

    first_seq: the first command that wanted to enter it, refused or not; 0: that is before what is kept.
    """

    account: int
    client_order_id: int
    first_seq: int
    instrument: int


def find(past: Past, text: str, *, field: str = "order") -> Named:
    """The order that `text` names. Raises InvalidInput where there is none; JournalError, OSError."""
    account, colon, number = text.rpartition(":")
    if not number.isdecimal() or not 0 < int(number) <= U64_MAX or (colon and not account):
        raise InvalidInput(
            f"{field}: {text!r} is neither an order id, such as 4294967297, nor ACCOUNT:CLIENT_ORDER_ID, such as "
            "alice:1042",
            field=field, value=text,
        )  # fmt: skip
    if colon:
        keys = [(past.at(past.last).account_id(account), int(number))]
    else:
        keys = _keys_of(past, int(number))
    found = [named for key in keys if (named := _named(past, *key)) is not None]
    if len(found) == 1:
        return found[0]
    if found:
        names = past.at(past.last).account_names
        whose = ", ".join(f"{names.get(one.account, one.account)}:{number}" for one in found)
        raise InvalidInput(f"{field}: several accounts have an order {number}: say {whose}", field=field, value=text)
    kept = f"seq {past.journal_first:,} to {past.last:,}"
    raise InvalidInput(f"{field}: there is no order {text} in the journal, {kept}", field=field, value=text)


def _keys_of(past: Past, number: int) -> list[tuple[int, int]]:
    """Account and client_order_id of the order with this order_id; else of those with this client_order_id."""
    core, reader = past.before(past.first)
    by_client_id: dict[tuple[int, int], None] = {}
    with reader:
        for row in np.frombuffer(core.orders(), wire.ORDER_ROW):
            if int(row["order_id"]) == number:
                return [(int(row["account"]), int(row["client_order_id"]))]
            if int(row["client_order_id"]) == number:
                by_client_id[int(row["account"]), number] = None
        for piece in Replay(core, reader).pieces(past.last):
            events = piece.events
            accepted = events["kind"] == EventKind.ACCEPTED
            exact = accepted & (events["order_id"] == number) & ((events["flags"] & EventFlag.DUPLICATE) == 0)
            for event in events[exact]:
                return [(int(event["account"]), int(event["client_order_id"]))]
            mask = np.isin(events["kind"], (EventKind.ACCEPTED, EventKind.REJECTED))
            for event in events[mask & (events["client_order_id"] == number)]:
                by_client_id[int(event["account"]), number] = None
    return list(by_client_id)


def _named(past: Past, account: int, client_order_id: int) -> Named | None:
    """With the first command that wanted to enter it; None where nothing ever did."""
    core, reader = past.before(past.first)
    with reader:
        row = live(core, account, client_order_id)
        if row is not None:
            return Named(account, client_order_id, 0, int(row["instrument"]))
        while commands := reader.read(past.last):
            for run in split(commands):
                for command in run[entering(run, account, client_order_id)]:
                    return Named(account, client_order_id, int(command["seq"]), int(command["instrument"]))
    return None


def live(core: Core, account: int, client_order_id: int) -> Any:
    """The OrderRow of an order; None where it is not live."""
    if not core.seq or account not in np.frombuffer(core.accounts(), wire.ACCOUNT_ROW)["account"]:
        return None
    rows = np.frombuffer(core.orders(account), wire.ORDER_ROW)
    found = rows[rows["client_order_id"] == client_order_id]
    return found[0].copy() if len(found) else None


def entering(run: np.ndarray[Any, Any], account: int, client_order_id: int) -> Any:
    """Which commands of a run want to enter this order."""
    if run.dtype not in (wire.ORDER_COMMAND, wire.SPECIAL_COMMAND):
        return np.zeros(len(run), bool)
    mask = np.isin(run["kind"], NEW) & (run["account"] == account)
    return mask & (run["client_order_id"] == client_order_id)
