"""Claims for dividends, and their payment. docs/actions.md, "Dividends"."""

from __future__ import annotations

from typing import Any

from openbell.wire import EventKind, HouseAccount

from tests.reference.accounts import Account
from tests.reference.actions.charging import charge
from tests.reference.ledger import within_i64
from tests.reference.records import DUE_ROW
from tests.reference.refusals import bad_value, in_range, instrument_of
from tests.reference.state import State

MOST_A_SHARE = 10**12
MOST_DUE = 1 << 61
REFERENCE, DUE = 1, 2  # indices in refusals


def check_reference(command: Any) -> None:
    if command.value1 < 0:
        raise bad_value(REFERENCE, 0, command.value1)


def declare(state: State, command: Any) -> None:
    """DIVIDEND."""
    instrument = instrument_of(state, command)
    in_range(0, command.value0, 1, MOST_A_SHARE)
    check_reference(command)
    own = [position for position in state.positions if position.instrument == instrument.number and position.qty]
    a_lot = instrument.lot_size * command.value0
    for position in own:
        after = position.due + position.qty * a_lot
        if abs(after) > MOST_DUE:
            raise bad_value(DUE, MOST_DUE, within_i64(after))
    for position in own:
        added = position.qty * a_lot
        position.due += added
        account = state.accounts[position.account]
        said = {"instrument": instrument.number, "qty": command.request}
        state.output.amount_event(EventKind.DIVIDEND_DUE, account, added, position.due, **said)
    tell(state, EventKind.DIVIDEND_SET, command, len(own), price=command.value0)


def pay(state: State, command: Any) -> None:
    """PAY_DIVIDEND."""
    instrument = instrument_of(state, command)
    check_reference(command)
    paid = 0
    said = {"instrument": instrument.number, "reference": command.value1, "request": command.request}
    for position in state.positions:
        if position.instrument == instrument.number:
            account = state.accounts[position.account]
            amount = charge(state, account, HouseAccount.DIVIDEND, -position.due, **said)
            position.due += amount
            paid += bool(amount)
    tell(state, EventKind.DIVIDEND_PAID, command, paid)


def tell(state: State, kind: int, command: Any, positions: int, **more: int) -> None:
    state.output.event(
        kind,
        instrument=command.instrument,
        leaves=positions,
        client_order_id=command.value1,
        qty=command.request,
        **more,
    )


def due(account: Account) -> int:
    """Of all of its positions."""
    return sum(position.due for position in account.positions.values())


def rows(state: State) -> bytes:
    """DueRow of each position whose due is not 0, in the order in which they were created."""
    return b"".join(
        DUE_ROW.pack(account=each.account, instrument=each.instrument, due=each.due)
        for each in state.positions
        if each.due
    )
