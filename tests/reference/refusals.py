"""Why a command is refused, and the checks that many AdminCommands share."""

from __future__ import annotations

from typing import Any

from openbell.wire import Check

from tests.reference.accounts import Account
from tests.reference.books import Instrument
from tests.reference.desks.tree import Desk
from tests.reference.output import Failure
from tests.reference.state import State


class Refused(Exception):
    """A check failed; `index` of the value, for VALUE."""

    def __init__(self, check: Check, limit: int, value: int, headroom: int = 0, index: int = 0) -> None:
        self.failure = Failure(check, limit, value, headroom)
        self.index = index


def bad_value(index: int, limit: int, value: int) -> Refused:
    return Refused(Check.VALUE, limit, value, index=index)


def in_range(index: int, value: int, least: int, most: int) -> None:
    if value < least:
        raise bad_value(index, least, value)
    if value > most:
        raise bad_value(index, most, value)


def account_of(state: State, command: Any) -> Account:
    if command.account not in state.accounts:
        raise Refused(Check.ACCOUNT, 0, command.account)
    return state.accounts[command.account]


def instrument_of(state: State, command: Any) -> Instrument:
    if command.instrument not in state.instruments:
        raise Refused(Check.INSTRUMENT, 0, command.instrument)
    return state.instruments[command.instrument]


def desk_of(state: State, command: Any) -> Desk:
    if command.account not in state.desks:
        raise Refused(Check.ACCOUNT, 0, command.account)
    return state.desks[command.account]


def checked_name(command: Any, number: int, present: bytes | None, others: dict[int, bytes]) -> bytes:
    """The name to have from now on; `others` are the names in use by id."""
    name: bytes = command.name.rstrip(b"\0")
    if not name:
        if present is None:
            raise Refused(Check.NAME, 0, number)
        return present
    for other, used in others.items():
        if used == name and other != number:
            raise Refused(Check.NAME, other, number)
    return name


def refuse(state: State, kind: int, failure: Failure | None, command: Any, **fields: Any) -> None:
    """A reject that carries what was sent."""
    assert failure is not None
    said = {
        "account": command.account,
        "side": command.side,
        "instrument": command.instrument,
        "qty": command.qty,
        "order_id": command.order_id,
        "client_order_id": command.client_order_id,
    }
    state.output.reject(kind, failure, state.accounts.get(command.account), **(said | fields))
