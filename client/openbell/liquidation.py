"""Liquidations (docs/liquidation.md): who is called or liquidated, what would be done, and an operator's stops.

Cash in 1e-6 of the currency, prices in 1e-4, times in ns since 1970 UTC.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from openbell.bounds import Ref
from openbell.rows import rows_of


@dataclass(frozen=True, slots=True)
class LiquidationStop:
    """An operator has a liquidation stand still."""

    operator: str = ""
    reason: str = ""
    ts_ns: int = 0


@dataclass(frozen=True, slots=True)
class LiquidationInfo:
    """An account. stage: "called", "running", "waiting" (nothing can be done now), "exhausted" (no position is left),
    "stopped". level: wire.RiskLevel; since_ts_ns: called since; due_ts_ns: when it is looked at next; 0: never.

    begun_ts_ns: 0: none has begun; equity_before, maintenance_before: as it began; slices, lots, notional, cost: what
    was done, cost against the marks. passed: positions that were passed over when that was said last, and why.
    """

    account: int = 0
    account_name: str = ""
    stage: str = ""
    level: int = 0
    since_ts_ns: int = 0
    due_ts_ns: int = 0
    equity: int = 0
    maintenance: int = 0
    begun_ts_ns: int = 0
    equity_before: int = 0
    maintenance_before: int = 0
    slices: int = 0
    lots: int = 0
    notional: int = 0
    cost: int = 0
    passed: tuple[str, ...] = ()
    stop: LiquidationStop | None = None


@dataclass(frozen=True, slots=True)
class LiquidationStep:
    """A step of a plan. step: "CLOSE", "REDUCE", "RESTORED", "EXHAUSTED", "WAIT"; text: in words.

    instrument, side (wire.Side), qty, price: of REDUCE. equity, maintenance: of the account after it, if it traded
    whole and at that price. passed: positions of more relief, and why they are passed over.
    """

    step: str = ""
    text: str = ""
    instrument: int = 0
    side: int = 0
    qty: int = 0
    price: int = 0
    equity: int = 0
    maintenance: int = 0
    passed: tuple[str, ...] = ()


class LiquidationPlan(NamedTuple):
    """What would be done with an account. begins: "now", "at" due_ts_ns, or why it would not begin.

    is_whole: False where there are more steps than are shown.
    """

    account: int
    level: int
    equity: int
    maintenance: int
    begins: str
    due_ts_ns: int
    steps: list[LiquidationStep]
    is_whole: bool


class LiquidationReport(NamedTuple):
    """counts: accounts by stage; total: how many there are, of which `accounts` are the first, by id."""

    accounts: list[LiquidationInfo]
    counts: dict[str, int]
    total: int


class LiquidationVerbs(ABC):
    """A part of `Operator`."""

    @abstractmethod
    def account_id(self, account: Ref) -> int:
        """The id of an account's name."""

    @abstractmethod
    def ask(self, verb: str, arguments: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The `result` of a verb."""

    @abstractmethod
    def _change(self, verb: str, arguments: Mapping[str, Any], reason: str) -> dict[str, Any]:
        """A verb that changes the market."""

    def liquidations(self, account: Ref | None = None, limit: int = 1_000) -> LiquidationReport:
        """Accounts that are called, liquidated or stopped; with `account` that one alone, if it is one of them."""
        arguments = {"limit": limit} | ({} if account is None else {"account": self.account_id(account)})
        return _report(self.ask("liquidation", arguments))

    def liquidation_plan(self, account: Ref) -> LiquidationPlan:
        """What would be done with an account from now on, at prices that stay. Nothing is done."""
        answer = self.ask("liquidation-plan", {"account": self.account_id(account)})
        rows = [{**row, "passed": tuple(row["passed"])} for row in answer["steps"]]
        steps = rows_of(LiquidationStep, rows, {})
        return LiquidationPlan(**{**{name: answer[name] for name in LiquidationPlan._fields}, "steps": steps})

    def stop_liquidation(self, account: Ref, *, reason: str) -> LiquidationInfo:
        """Have an account's liquidation stand still, or not begin, until it is started again, over restarts too."""
        return _report(self._change("liquidation-stop", {"account": self.account_id(account)}, reason)).accounts[0]

    def start_liquidation(self, account: Ref, *, reason: str) -> LiquidationInfo | None:
        """Take a stop back; None where nothing else is to be said of the account."""
        found = _report(self._change("liquidation-start", {"account": self.account_id(account)}, reason)).accounts
        return found[0] if found else None


def _report(answer: Mapping[str, Any]) -> LiquidationReport:
    rows = []
    for row in answer["rows"]:
        stop = row["stop"]
        made = {**row, "passed": tuple(row["passed"]), "stop": None if stop is None else LiquidationStop(**stop)}
        rows.append(made)
    return LiquidationReport(rows_of(LiquidationInfo, rows, {}), dict(answer["counts"]), int(answer["total"]))
