"""What operators see of liquidations: who is called, in one, waiting, exhausted, stopped; and plans in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from itertools import islice
from typing import Any

import msgspec
import numpy as np
from openbell import wire
from openbell.wire import RiskLevel

from engine.liquidation.cases import Case
from engine.liquidation.commands import stands, why_passed, why_slice
from engine.liquidation.liquidator import Liquidator
from engine.liquidation.planner import Close, Exhausted, Reduce, Restored, Step
from engine.liquidation.rows import Quotes, standings
from engine.liquidation.slices import Why
from engine.liquidation.standing import Quote, Standing, Terms
from engine.sequencer import NEVER_NS


class Stage(StrEnum):
    """Where an account is."""

    CALLED = "called"
    RUNNING = "running"
    WAITING = "waiting"
    EXHAUSTED = "exhausted"
    STOPPED = "stopped"


def stage_of(case: Case, *, is_idle: bool) -> Stage:
    """is_idle: nothing can be done now."""
    if case.stop is not None:
        return Stage.STOPPED
    if case.is_exhausted:
        return Stage.EXHAUSTED
    if is_idle:
        return Stage.WAITING
    return Stage.RUNNING if case.begun_ns else Stage.CALLED


def counts(liquidator: Liquidator) -> dict[str, int]:
    """How many accounts are where."""
    found = {stage.value: 0 for stage in Stage}
    for case in liquidator.cases:
        found[stage_of(case, is_idle=liquidator.agenda.is_idle(case.account))] += 1
    return found


def listed(liquidator: Liquidator, account: int | None, limit: int) -> dict[str, Any]:
    """The first `limit` accounts, by id, or that one; and how many are where."""
    cases = sorted(
        (case for case in liquidator.cases if account in (None, case.account)), key=lambda case: case.account
    )
    core = liquidator.core
    shown = cases[:limit]
    wanted, quotes = [case.account for case in shown], Quotes(core)
    known = standings(core, wanted)
    names = np.frombuffer(core.accounts(), wire.ACCOUNT_ROW)[["account", "name"]]
    named = dict(names[np.isin(names["account"], wanted)].tolist())
    rows = [_row(liquidator, case, known.get(case.account), named[case.account].decode(), quotes) for case in shown]
    return {"rows": rows, "counts": counts(liquidator), "total": len(cases)}


def _row(liquidator: Liquidator, case: Case, standing: Standing | None, name: str, quotes: Quotes) -> dict[str, Any]:
    return {
        "account": case.account,
        "account_name": name,
        "stage": stage_of(case, is_idle=liquidator.agenda.is_idle(case.account)),
        "level": case.level,
        "since_ts_ns": case.since_ns,
        "due_ts_ns": liquidator.agenda.due_of(case.account),
        "equity": 0 if standing is None else standing.equity,
        "maintenance": 0 if standing is None else standing.maintenance,
        "begun_ts_ns": case.begun_ns,
        "equity_before": case.equity,
        "maintenance_before": case.maintenance,
        **{field: getattr(case, field) for field in ("slices", "lots", "notional", "cost")},
        "passed": passed_of(case.said, quotes),
        "stop": None if case.stop is None else msgspec.to_builtins(case.stop),
    }


def planned(liquidator: Liquidator, account: int, most: int) -> dict[str, Any] | None:
    """What would be done with an account, `most` steps of it at most; None of one that has no margin."""
    core = liquidator.core
    standing = standings(core, [account]).get(account)
    if standing is None:
        return None
    quotes, level = Quotes(core), int(np.frombuffer(core.risk(account), wire.RISK_ROW)["level"][0])
    steps = list(islice(liquidator.plan(standing, quotes), most + 1))
    begins, due_ns = _begins(liquidator, account, level)
    return {
        "account": account,
        "level": level,
        "equity": standing.equity,
        "maintenance": standing.maintenance,
        "begins": begins,
        "due_ts_ns": due_ns,
        "steps": [step_row(step, after, quotes, liquidator.terms) for step, after in steps[:most]],
        "is_whole": len(steps) <= most,
    }


def _begins(liquidator: Liquidator, account: int, level: int) -> tuple[str, int]:
    """Whether it would begin, or go on, and when."""
    case = liquidator.cases.get(account)
    if case is None or (not case.begun_ns and level < RiskLevel.CALL and case.stop is None):
        return "not: it is neither called nor below the level of liquidation", 0
    if case.stop is not None:
        return f"not: stopped by {case.stop.operator}: {case.stop.reason}", 0
    due_ns = liquidator.begins_ns(case, core_ns := liquidator.core.ts_ns)
    if due_ns == NEVER_NS:
        return "not: it is called, and calls alone never lead there (liquidation.call_s is 0)", 0
    return ("now", 0) if due_ns <= core_ns else ("at", due_ns)


def passed_of(codes: Iterable[int], quotes: Mapping[int, Quote]) -> list[str]:
    """What was passed over when it was said last, without prices."""
    told = []
    for code in codes:
        instrument, why = code >> 8, Why(code & 0xFF)
        name = "the account" if instrument == wire.ANY else quotes[instrument].symbol
        told.append(f"{name}: {why.name}")
    return told


def step_row(step: Step, after: Standing, quotes: Mapping[int, Quote], terms: Terms) -> dict[str, Any]:
    """A step of a plan: what is done, in words, and the account after it."""
    row: dict[str, Any] = {
        "step": type(step).__name__.upper(),
        "text": step_text(step, after, quotes, terms),
        "passed": [why_passed(one, quotes) for one in step.passed],
        "equity": after.equity,
        "maintenance": after.maintenance,
    }
    if isinstance(step, Reduce):
        found = step.slice
        row |= {
            "instrument": found.holding.instrument,
            "side": int(found.side),
            "qty": found.lots,
            "price": found.price,
        }
    return row


def step_text(step: Step, after: Standing, quotes: Mapping[int, Quote], terms: Terms) -> str:
    """A step in words."""
    if isinstance(step, Close):
        return "CLOSE_ONLY: orders that could open a position are cancelled"
    if isinstance(step, Reduce):
        text = why_slice(step.slice, quotes[step.slice.holding.instrument].symbol, terms)
        if step.cancel is None:
            return text
        which = "" if step.cancel == wire.ANY else f" in {quotes[step.cancel].symbol}"
        return f"cancel its orders{which}, {text}"
    if isinstance(step, Restored):
        return f"restored: {stands(after.equity, after.maintenance)}"
    if isinstance(step, Exhausted):
        return f"no position is left: {stands(after.equity, after.maintenance)}"
    return "wait: " + "; ".join(why_passed(one, quotes) for one in step.passed)
