"""The rows of `openbell bench core` for each type of order, small: every story goes as it says, and crowds wait."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bench import flow
from bench.kinds import checks, rows
from bench.kinds.crowds import CROWDS, Scene
from bench.kinds.cycle import Story, buy, check, sell
from bench.kinds.stories import PLAIN, STORIES
from bench.table import Report


@pytest.mark.parametrize("story", [PLAIN, *STORIES], ids=lambda story: story.name)
def test_a_story_goes_as_it_says(story: Story) -> None:
    check(story)


@pytest.mark.parametrize(
    ("story", "said"),
    [
        (replace(PLAIN, trades=2), "96 trades of 192"),
        (replace(PLAIN, asks=PLAIN.asks[:1], trades=0), "96 orders are left"),
        (replace(PLAIN, asks=(*PLAIN.asks, sell(1, 0))), "refused: QTY"),
        (replace(PLAIN, asks=(*PLAIN.asks, buy(1, 5, min_qty=6))), "refused: COMBINATION"),
    ],
)
def test_a_story_that_goes_otherwise_is_an_error(story: Story, said: str) -> None:
    with pytest.raises(RuntimeError, match=said):
        check(story)


def test_a_row_for_each() -> None:
    report = Report("core")
    rows.each_type(report, 1, 600)
    assert [row.what for row in report.rows[1:]] == [story.name for story in STORIES]
    assert all(row.figure and row.figure > 0 for row in report.rows)
    assert all(row.floor == report.rows[0].figure for row in report.rows[1:])


def test_rows_of_watched_accounts_and_of_a_mark() -> None:
    report = Report("core")
    checks.checks(report, 1, (10, 2_000))
    assert len(report.rows) == 12
    assert all(row.figure and row.floor for row in report.rows)
    checks.mark(report, 2, 100, 5_000)
    whole, longest = report.rows[-2:]
    assert whole.figure is not None
    assert longest.figure is not None
    assert longest.figure / 1e3 <= whole.figure  # us, ms


def test_crowds_wait_while_others_trade(tmp_path: Path) -> None:
    report = Report("core")
    rows.crowds(report, flow.cached(tmp_path, 3_000, 1, 200), 200, 1, 500)
    assert [row.what for row in report.rows] == [f"500 {name} wait" for name in CROWDS]


def test_a_crowd_that_is_met_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene(flow.load(flow.cached(tmp_path, 3_000, 1, 200)).records, 200, 500)
    monkeypatch.setitem(CROWDS["stops"], "stop_price", flow.START_PRICE - 1)
    monkeypatch.delitem(CROWDS["stops"], "at")
    with pytest.raises(RuntimeError, match="stops: "):
        scene.costs("stops", True, 256)
