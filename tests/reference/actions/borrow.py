"""What may be sold short, and lots that are located for it, as operators say. docs/borrow.md, "Lists and locates"."""

from __future__ import annotations

from typing import Any

from openbell.wire import Borrow, Check, EventKind

from tests.reference.actions import locates
from tests.reference.positions import there_or_made
from tests.reference.records import BORROW_ROW, LOCATE_ROW
from tests.reference.refusals import Refused, account_of, bad_value, in_range, instrument_of
from tests.reference.state import State

MOST_FEE = 10**7  # 1e-6 of the value a year
MOST_LOTS = 1 << 40
FEE, INVENTORY = 1, 2  # indices in refusals


def set_borrow(state: State, command: Any) -> None:
    instrument = instrument_of(state, command)
    in_range(0, command.state, 0, max(Borrow))
    in_range(FEE, command.value0, 0, MOST_FEE)
    in_range(INVENTORY, command.value1, 0, MOST_LOTS)
    instrument.borrow, instrument.borrow_fee, instrument.inventory = command.state, command.value0, command.value1
    state.output.event(
        EventKind.BORROW_SET,
        instrument=instrument.number,
        reason=command.state,
        price=command.value0,
        order_id=command.value1,
        qty=command.request,
    )


def locate(state: State, command: Any) -> None:
    account, instrument, lots = account_of(state, command), instrument_of(state, command), command.value0
    if lots == 0:
        raise bad_value(0, 1, 0)
    in_range(0, lots, -MOST_LOTS, MOST_LOTS)
    if lots < 0:
        position = account.positions.get(instrument.number)
        most = locates.free(state, position) if position else 0
        if position is None or -lots > most:
            raise bad_value(0, -most, lots)
    else:
        most = max(0, locates.available(state, instrument))
        if lots > most:
            raise Refused(Check.LOCATE, most, lots, most)
        position = there_or_made(state, account, instrument)
    locates.change(state, position, lots, command.request)


# Rows


def borrow_rows(state: State) -> bytes:
    """BorrowRow of each instrument."""
    return b"".join(
        BORROW_ROW.pack(
            instrument=each.number,
            borrow=each.borrow,
            fee=each.borrow_fee,
            inventory=each.inventory,
            lent=locates.lent(state, each),
        )
        for each in state.instruments_ascending()
    )


def locate_rows(state: State) -> bytes:
    """LocateRow of each position for which lots are located, in the order in which they were created."""
    return b"".join(
        LOCATE_ROW.pack(
            account=each.account, instrument=each.instrument, located=each.located, short=locates.short(state, each)
        )
        for each in state.positions
        if each.located
    )
