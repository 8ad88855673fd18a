"""Charges that nobody is asked for: as far as cash can take them. docs/borrow.md, docs/actions.md."""

from __future__ import annotations

from openbell import wire
from openbell.wire import EventKind

from tests.reference import ledger
from tests.reference.accounts import Account
from tests.reference.records import as_u64
from tests.reference.state import State


def charge(
    state: State, account: Account, house: int, amount: int, *, instrument: int, reference: int, request: int
) -> int:
    """Have the account pay (negative: get) this, or what of it there is room for: that. A CHARGED where it is not 0."""
    amount = max(-wire.MAX_CASH, min(wire.MAX_CASH, amount))
    if amount > 0:
        amount = min(amount, account.cash - account.hold() + wire.MAX_CASH)
    else:
        amount = -min(-amount, wire.MAX_CASH - account.cash)
    if amount:
        ledger.moved(state, account, house, -amount)
        state.output.event(
            EventKind.CHARGED,
            account,
            instrument=instrument,
            side=wire.SIDE_BOTH,
            reason=house,
            qty=request,
            price=amount,
            trade_id=as_u64(reference),
        )
    return amount
