"""What must hold notices a market that does something else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from openbell.wire import AccountFlag, Borrow, InstrumentState, RiskType

from tests.reference import commands as ask
from tests.reference import ledger
from tests.reference.accounts import Position
from tests.reference.actions import accruing, dividends, invariants, locates, splits
from tests.reference.desk import START_NS
from tests.reference.invariants import Watch
from tests.reference.market import Market
from tests.reference.records import events_of, market_data_of

OPENING = [
    ask.configure(),
    ask.instrument(0, reference_price=1000),
    ask.borrow(0, Borrow.HARD, 300_000, 50),
    ask.instrument_state(0, InstrumentState.OPEN),
    *(ask.account(number, flags=int(AccountFlag.SHORT_ALLOWED)) for number in range(3)),
    *(ask.deposit(number, 10**9) for number in range(3)),
    ask.account_risk(0, RiskType.CASH),
    ask.rates(0, 50_000, 10_000),
    ask.shares(0, 0, 15, 90_000),
    ask.locate(1, 0, 20),
]
FLOW = [
    ask.sell(1, 1, 1000, 5),
    ask.buy(0, 1, 1000, 5),
    ask.sell(2, 1, 1001, 4),
    ask.locate(2, 0, 40),
    ask.dividend(0, 2_000_000),
    ask.sell(1, 2, 1010, 8),
    ask.accrue(20_261_130),
    ask.instrument_state(0, InstrumentState.CLOSED),
    ask.split(0, 3, 7, 900),
    ask.pay_dividend(0),
]


def play() -> None:
    """Raises AssertionError for what does not hold."""
    model, watch = Market(), Watch()
    for seq, command in enumerate((*OPENING, *FLOW), 1):
        model.apply(command.encode(seq, START_NS), True)
        events = events_of(model.take_events())
        watch.hear(command, events, market_data_of(model.take_market_data()))
        watch.check(model)
        invariants.check_order(model, command, events)


def cash_from_nowhere(state: Any, account: Any, house: int, amount: int) -> None:
    account.cash += amount


def one_more(make: Callable[..., Any]) -> Callable[..., Any]:
    """A share from nowhere, of who has any after a split."""

    def change(state: Any, instrument: Any, position: Position, command: Any) -> Any:
        changed = make(state, instrument, position, command)
        position.qty += 1
        return changed

    return change


def test_all_of_it_holds() -> None:
    play()


@pytest.mark.parametrize(
    ("module", "name", "wrong"),
    [
        (locates, "failures", lambda asked: iter(())),  # anybody sells short
        (locates, "available", lambda state, instrument: 1000),  # lent twice
        (locates, "short", lambda state, position: 0),
        (dividends, "due", lambda account: 0),  # equity without it
        (ledger, "moved", cash_from_nowhere),
        (splits, "change_position", one_more(splits.change_position)),
        (splits, "cancel", lambda state, order, reason: None),  # orders stay
        (dividends, "charge", lambda *_, **__: 1),  # nobody is told
        (accruing, "charge", lambda *_, **__: 1),
    ],
    ids=["check 23b", "inventory", "short", "equity", "cash", "shares", "orders", "paid", "accrued"],
)
def test_what_does_not_is_noticed(monkeypatch: pytest.MonkeyPatch, module: Any, name: str, wrong: Any) -> None:
    monkeypatch.setattr(module, name, wrong)
    with pytest.raises(AssertionError):
        play()
