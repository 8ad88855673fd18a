"""What a scenario says of rules of cash accounts: who is held to one, what counts, what is told."""

from __future__ import annotations

from typing import Any

from openbell.wire import CashRule, CashViolation, CommandKind, RiskType

from tests.reference import commands as ask
from tests.reference.commands import Command
from tests.scenarios.money import told_cash


def counts(words: list[str]) -> Command:
    """SET_RISK: violations [, days for which one counts, days of a restriction]."""
    most, span, days = (int(word) for word in [*words, *("365", "90")[len(words) - 1 :]])
    return ask.command(CommandKind.SET_RISK, 0, 0, 0, 0, 0, most, span, days)


def held(account: int, rule: str) -> list[Command]:
    """An account that can do no more than a cash account, and has a rule."""
    number = int(CashRule[rule.upper()])
    return [
        ask.account(account, flags=0),
        ask.command(CommandKind.SET_ACCOUNT_RISK, 0, number, account=account, state=int(RiskType.CASH)),
    ]


def lift(account: int, words: list[str]) -> Command:
    """LIFT_CASH: the number of a violation; none: the restriction."""
    return ask.command(CommandKind.LIFT_CASH, int(words[0]) if words else 0, account=account)


def told_violation(name: str, event: Any) -> str:
    return f"violation {name} {CashViolation(event.reason).name} {event.qty} {told_cash(event.price)}"


def told_restricted(name: str, event: Any) -> str:
    return f"restricted {name}" if event.reason else f"free {name}"
