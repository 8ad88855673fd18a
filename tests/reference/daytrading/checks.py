"""Check 24p, of pattern day traders. docs/daytrading.md, "Check"."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from openbell.wire import Check

from tests.reference import worth
from tests.reference.ledger import within_i64
from tests.reference.output import Failure
from tests.reference.state import State

if TYPE_CHECKING:
    from tests.reference.checks import Asked


def failures(state: State, asked: Asked) -> Iterator[Failure]:
    trader, least = asked.account.trader, state.day_trades.equity
    if trader is None or not trader.is_pattern or asked.qty <= asked.room():
        return
    equity, _ = worth.held(state, asked.account)
    if equity < least:
        yield Failure(Check.DAY_TRADER, least, within_i64(equity), max(0, asked.room()))
