"""What SET_RISK, SET_MARGIN and SET_ACCOUNT_RISK refuse, and that nothing changes then. docs/risk.md."""

from __future__ import annotations

import pytest
from openbell import wire
from openbell.wire import AccountFlag, Check, EventKind, MarkBy, RiskType

from tests.reference import commands as ask
from tests.reference.commands import Command
from tests.reference.desk import Desk

VALUE = Check.VALUE
MOST_RATE, MOST_MARKS = 100_000, 1 << 20
LEAST_I64, MOST_I64 = -(1 << 63), (1 << 63) - 1


def margin(place: int, value: int) -> Command:
    """SET_MARGIN with one value that is not 0."""
    return ask.margin(0, *(value if place == index else 0 for index in range(6)))


REFUSED = [
    (ask.risk(-1), (VALUE, 0, 0, -1)),
    (ask.risk(MOST_MARKS + 1, -1), (VALUE, 0, MOST_MARKS, MOST_MARKS + 1)),
    (ask.risk(0, 1), (VALUE, 1, 10_000, 1)),
    (ask.risk(0, 9_999), (VALUE, 1, 10_000, 9_999)),
    (ask.risk(0, 1_000_001), (VALUE, 1, 1_000_000, 1_000_001)),
    (ask.risk(0, MOST_I64), (VALUE, 1, 1_000_000, MOST_I64)),
    (ask.risk(0, -1, 7), (VALUE, 1, 0, -1)),
    (ask.risk(0, LEAST_I64), (VALUE, 1, 0, LEAST_I64)),
    (ask.risk(0, 0, -1), (VALUE, 2, 0, -1)),
    (ask.risk(0, 0, 10_001), (VALUE, 2, 10_000, 10_001)),
    (ask.margin(9, -1), (Check.INSTRUMENT, 0, 0, 9)),
    (ask.margin(wire.ANY), (Check.INSTRUMENT, 0, 0, wire.ANY)),
    *((margin(place, -1), (VALUE, place, 0, -1)) for place in range(6)),
    *((margin(place, MOST_RATE + 1), (VALUE, place, MOST_RATE, MOST_RATE + 1)) for place in range(4)),
    *((margin(place, wire.MAX_PRICE + 1), (VALUE, place, wire.MAX_PRICE, wire.MAX_PRICE + 1)) for place in (4, 5)),
    (ask.margin(0, mark_by=3), (VALUE, 6, MarkBy.CLOSE, 3)),
    (ask.margin(0, wire.KEEP, mark_by=255), (VALUE, 0, 0, -1)),
    (ask.account_risk(9, 3), (Check.ACCOUNT, 0, 0, 9)),
    (ask.account_risk(0, 3), (VALUE, 0, RiskType.MARGIN, 3)),
    (ask.account_risk(1, 3), (VALUE, 0, RiskType.MARGIN, 3)),
    (ask.account_risk(1, RiskType.MARGIN), (VALUE, 1, 0, AccountFlag.CREDIT_UNLIMITED)),
]


@pytest.mark.parametrize(("command", "expected"), REFUSED, ids=[repr(command) for command, _ in REFUSED])
def test_command_is_refused(desk: Desk, command: Command, expected: tuple[int, int, int, int]) -> None:
    desk.open(reference_price=500)
    desk.do(ask.shares(0, 0, 3), ask.risk(5, 12_000, 4_000), ask.account_risk(0))
    desk.do(ask.account(1, flags=AccountFlag.CREDIT_UNLIMITED))
    market = desk.market
    before = market.risk(), market.exposures(), market.margins(), market.accounts()
    refused = desk.one(Command(command.fields | {"request": 4711}))
    assert refused.kind == EventKind.ADMIN_REJECTED
    assert (refused.check, refused.client_order_id, refused.limit, refused.value) == expected
    assert (refused.headroom, refused.qty, refused.account_seq) == (0, 4711, 0)
    assert refused.account == command.fields.get("account", 0)
    assert refused.instrument == command.fields.get("instrument", 0)
    assert before == (market.risk(), market.exposures(), market.margins(), market.accounts())


@pytest.mark.parametrize(
    "command",
    [
        ask.risk(0, 0, 0),
        ask.risk(MOST_MARKS, 10_000, 10_000),
        ask.risk(1, 1_000_000, 1),
        ask.margin(0, *(MOST_RATE,) * 4, wire.MAX_PRICE, wire.MAX_PRICE, MarkBy.CLOSE),
        ask.margin(0, 0, 0, 0, 0),
        ask.account_risk(1, RiskType.CASH),
    ],
    ids=repr,
)
def test_bounds_are_taken(desk: Desk, command: Command) -> None:
    desk.open(reference_price=500)
    assert desk.do(command)[0].kind in (EventKind.RISK_SET, EventKind.MARGIN_SET, EventKind.ACCOUNT_RISK)
