"""Verbs of rules of cash accounts. The rules are in docs/cash.md."""

from __future__ import annotations

from typing import Any

import numpy as np
from openbell import wire
from openbell.wire import CommandKind

from engine.ports.verbs.lending import rows_of_account
from engine.ports.verbs.verb import U32, Act, AnyAccount, Desk, OneAccount, Verb


class LiftArguments(OneAccount):
    """violation: its number; 0: the restriction."""

    violation: U32 = 0


def _cash(desk: Desk, act: Act) -> dict[str, Any]:
    return rows_of_account(desk, np.frombuffer(desk.market.core.cash(), wire.CASH_ROW), act.arguments.account)


def _unpaid(desk: Desk, act: Act) -> dict[str, Any]:
    return rows_of_account(desk, np.frombuffer(desk.market.core.unpaid(), wire.UNPAID_ROW), act.arguments.account)


def _violations(desk: Desk, act: Act) -> dict[str, Any]:
    rows = np.frombuffer(desk.market.core.violations(), wire.VIOLATION_ROW)
    return rows_of_account(desk, rows, act.arguments.account)


def _lift_cash(desk: Desk, act: Act) -> dict[str, Any]:
    given: LiftArguments = act.arguments
    desk.change(CommandKind.LIFT_CASH, act, account=given.account, values=(given.violation,))
    return _cash(desk, act)


CASH = (
    Verb("cash", AnyAccount, _cash, changes=False),
    Verb("unpaid", AnyAccount, _unpaid, changes=False),
    Verb("violations", AnyAccount, _violations, changes=False),
    Verb("lift-cash", LiftArguments, _lift_cash),
)
