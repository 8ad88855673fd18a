"""Positions that operators' commands make: of who never had one in an instrument. docs/core.md, docs/ledger.md."""

from __future__ import annotations

from tests.reference import ledger
from tests.reference.accounts import Account, Position
from tests.reference.books import Instrument
from tests.reference.checks import position_capacity
from tests.reference.refusals import Refused
from tests.reference.state import State


def there_or_made(state: State, account: Account, instrument: Instrument) -> Position:
    """Raises Refused where it is not there and cannot be made."""
    if instrument.number not in account.positions:
        other = ledger.other_currency(account, instrument)
        if other is not None:
            raise Refused(*other)
        for failure in position_capacity(state):
            raise Refused(*failure)
    return state.position(account, instrument)
