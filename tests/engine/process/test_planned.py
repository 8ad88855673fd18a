"""Planned dividends and splits in a real engine: verbs, refusals, restarts, what a standby would show."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import openbell
import pytest
from openbell.errors import InvalidInput, OperatorRefused

from tests.engine.process.running import Running

FILES = """
[market]
day_end = "23:59"
"""
DAY = dt.timedelta(days=1)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Running]:
    with Running(tmp_path, FILES) as running:
        yield running


def weekday(days: int) -> dt.date:
    """The first Monday to Friday at least so many days from now."""
    day = dt.datetime.now(dt.UTC).date() + days * DAY
    return day if day.weekday() < 5 else day + (7 - day.weekday()) * DAY


def test_what_is_planned_is_listed_kept_and_taken_back(engine: Running) -> None:
    ex, pay = weekday(3), weekday(20)
    with engine.operator() as op:
        assert op.planned_actions() == []
        claim, payment = op.plan_dividend("AAA", "0.25", ex=ex, pay=pay, reference=7, reason="of the quarter")
        assert (claim.number, claim.kind, claim.amount, claim.reference) == (1, "dividend", 250_000, 7)
        assert (payment.number, payment.kind, payment.date) == (2, "pay-dividend", int(f"{pay:%Y%m%d}"))
        before = dt.datetime.fromtimestamp(claim.due_ts_ns / 1e9, dt.UTC)
        assert before.date() < ex and f"{before:%H:%M}" == "23:59"
        (split,) = op.plan_split("BBB", 2, 1, on=pay, reason="as the company said")
        assert (split.number, split.new, split.old, split.price, split.symbol) == (3, 2, 1, -1, "BBB")
        (later,) = op.plan_payment("AAA", on=weekday(40), reason="what was left")
        rows = op.planned_actions()
        assert [row.number for row in rows] == [1, 2, 3, 4]
        assert {(row.operator, row.failed) for row in rows} == {("tester", "")}
    for ends in (engine.kill, engine.stop):
        ends()
        engine.start()
        with engine.operator() as op:
            assert op.planned_actions() == rows
    with engine.operator() as op:
        assert op.remove_action(later.number, reason="paid already") == later
        assert op.planned_actions() == rows[:3]
        with pytest.raises(OperatorRefused) as refused:
            op.remove_action(later.number, reason="again")
        assert (refused.value.field, refused.value.value) == ("number", 4)


def test_what_cannot_be_planned_is_refused_by_field(engine: Running) -> None:
    with engine.operator() as op:

        def refused(*arguments: Any, **given: Any) -> tuple[str, object]:
            plan: Callable[..., object] = op.plan_split if len(arguments) > 2 else op.plan_dividend
            with pytest.raises((OperatorRefused, InvalidInput)) as error:
                plan(*arguments, reason="a test", **given)
            return str(error.value.field), error.value.limit

        today = dt.datetime.now(dt.UTC).date()
        field, limit = refused("AAA", "1", ex=today - DAY)
        assert field == "date" and isinstance(limit, int) and limit > int(f"{today:%Y%m%d}") - 1
        saturday = today + (5 - today.weekday() + 7) * DAY
        assert refused("AAA", "1", ex=saturday)[0] == "date"
        assert refused("AAA", "1", ex=weekday(5), pay=weekday(5))[0] == "pay"
        assert refused("AAA", "1", ex=weekday(5), pay=saturday + 14 * DAY)[0] == "pay"
        assert refused("AAA", 2, 2, on=weekday(5))[0] == "old"
        assert refused("AAA", 20_000, 1, on=weekday(5))[0] == "new"
        assert op.planned_actions() == []


def test_two_persons_may_be_needed(tmp_path: Path) -> None:
    with Running(tmp_path, FILES + '[two_person]\nverbs = ["actions-add"]\n') as engine, engine.operator() as op:
        with pytest.raises(openbell.NeedsApproval):
            op.plan_split("AAA", 2, 1, on=weekday(5), reason="as the company said")
        assert op.planned_actions() == []
