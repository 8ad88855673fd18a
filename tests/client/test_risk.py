"""What the SDK makes of risk: figures of rows, events and refusals in words, percent in units."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from openbell import wire
from openbell.errors import InvalidInput
from openbell.events import Event, check_in_words, decode
from openbell.prices import percent_units
from openbell.records import EVENT
from openbell.risk import RiskInfo, worst_first
from openbell.wire import Check, EventKind, RiskLevel, RiskType

CASH = wire.CASH_SCALE


@pytest.mark.parametrize(
    ("equity", "maintenance", "utilization", "shortfall"),
    [
        (1000, 250, 25.0, 0),
        (250, 250, 100.0, 0),
        (200, 250, 125.0, 50),
        (0, 0, 0.0, 0),
        (0, 1, math.inf, 1),
        (-5, 0, math.inf, 5),
        (-5, 10, math.inf, 15),
    ],
)
def test_how_much_of_its_equity_an_account_must_keep(
    equity: int, maintenance: int, utilization: float, shortfall: int
) -> None:
    row = RiskInfo(equity=equity, maintenance=maintenance)
    assert (row.utilization, row.shortfall) == (utilization, shortfall)


def test_the_worst_come_first() -> None:
    calm = RiskInfo(account=1, equity=100)
    near = RiskInfo(account=2, equity=100, maintenance=90)
    called = RiskInfo(account=3, equity=100, maintenance=110, level=RiskLevel.CALL)
    broke = RiskInfo(account=4, equity=-100, maintenance=110, level=RiskLevel.CALL)
    more_broke = RiskInfo(account=5, equity=-200, maintenance=110, level=RiskLevel.CALL)
    cash = RiskInfo(account=6, equity=100, maintenance=500, risk_type=RiskType.CASH)
    rows = [replace(row, risk_type=RiskType.MARGIN) for row in (calm, near, called, broke, more_broke)]
    assert worst_first([cash, *rows]) == [*rows[:1:-1], *rows[1::-1], cash]


def made(kind: EventKind, **fields: int) -> Event:
    values = [fields.get(name, 0) for name in wire.EVENT.names or ()]
    values[(wire.EVENT.names or ()).index("kind")] = kind
    (event,) = decode(EVENT.pack(*values))
    assert isinstance(event, Event)
    return event


def test_events_of_risk_in_words() -> None:
    fallen = made(
        EventKind.RISK_LEVEL, account_seq=12, reason=RiskLevel.CALL, flags=RiskLevel.ALERT, price=-5 * CASH // 2,
        trade_id=1_200 * CASH,
    )  # fmt: skip
    assert str(fallen) == "#12 RISK_LEVEL CALL, was ALERT: equity -2.50, it must keep 1,200.00"
    assert (fallen.equity, fallen.maintenance) == (-5 * CASH // 2, 1_200 * CASH)
    assert str(made(EventKind.ACCOUNT_RISK, account=3, account_seq=2, reason=RiskType.MARGIN)) == (
        "#2 ACCOUNT_RISK account 3: MARGIN"
    )
    assert str(made(EventKind.ACCOUNT_STATE, account=3, account_seq=3, reason=wire.AccountState.CLOSE_ONLY)) == (
        "#3 ACCOUNT_STATE account 3: CLOSE_ONLY"
    )
    assert str(made(EventKind.RISK_LEVEL, reason=9)).startswith("#0 RISK_LEVEL RiskLevel 9, was NORMAL")


@pytest.mark.parametrize(
    ("check", "limit", "value", "headroom", "said"),
    [
        (
            Check.MARGIN, 100 * CASH, 250 * CASH, 100 * CASH,
            "MARGIN: would need 250.00, and the account's equity leaves 100.00 (headroom 100.00)",
        ),
        (
            Check.ACCOUNT_STATE, 0, wire.AccountState.BLOCKED, 0,
            "ACCOUNT_STATE: the account is blocked, or may only make positions smaller and has none",
        ),
        (
            Check.ACCOUNT_STATE, 0, 50, 0,
            "ACCOUNT_STATE: the account may only make positions smaller, and this order would not",
        ),
        (
            Check.ACCOUNT_STATE, 30, 50, 30,
            "ACCOUNT_STATE: wants 50 lots, and the account may only make its position smaller, by 30 lots at most",
        ),
    ],
)  # fmt: skip
def test_refusals_say_what_is_allowed(check: Check, limit: int, value: int, headroom: int, said: str) -> None:
    assert check_in_words(check, limit, value, headroom) == said


def test_percent() -> None:
    assert [percent_units(one, field="f", most=100_000) for one in (25, "33.34", "0", 1000)] == [
        2_500,
        3_334,
        0,
        100_000,
    ]
    wrongs: tuple[tuple[Any, str], ...] = (
        ("-1", "f '-1' is out of range: 0 to 1,000 percent"),
        ("1000.01", "f '1000.01' is out of range: 0 to 1,000 percent"),
        ("33.333", "more than 2 decimal places"),
        (0.5, "a float is not exact"),
        ("a lot", "is not a decimal number"),
    )
    for wrong, said in wrongs:
        with pytest.raises(InvalidInput, match=said) as error:
            percent_units(wrong, field="f", most=100_000)
        assert error.value.field == "f"
