"""The rows of `openbell bench core` that are about types of orders.

The same calls cost the same each time they are made, but for what others do on the machine meanwhile: of each call the
least that it took in any round counts, and a row is the sum of these.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench import flow
from bench.kinds.crowds import CROWD, CROWDS, Scene
from bench.kinds.cycle import Story, calls_of, check, numbered, opened, timed_calls, told
from bench.kinds.stories import PLAIN, STORIES
from bench.table import Limit, Report, Row
from tools.steps import Step

COMMANDS = 30_000  # of a story in a round
BATCH = 256
UNRELATED = Limit(1.1)


def costs_of(story: Story, count: int) -> NDArray[np.int64]:
    """Nanoseconds of each call."""
    core, seq = opened(story)
    rows = told(story, max(1, count // len(story.asks)))
    numbered(story, rows, seq)
    return timed_calls(core, calls_of(story, rows))


def least(rounds: list[NDArray[Any]], count: int) -> float:
    """Of each call the least, over all of them; for each of `count` commands."""
    return float(np.min(rounds, axis=0).sum()) / count


def each_type(report: Report, rounds: int, count: int = COMMANDS) -> None:
    """A row each; their floor is a plain limit order that rests and is taken."""
    stories = (PLAIN, *STORIES)
    for story in stories:
        check(story)
    with Step(f"{len(STORIES)} types of orders, {rounds} rounds"):
        found = [[costs_of(story, count) for story in stories] for _ in range(rounds)]
    figures = {}
    for place, story in enumerate(stories):
        commands = max(1, count // len(story.asks)) * len(story.asks)
        figures[story.name] = least([one[place] for one in found], commands)
    plain = figures[PLAIN.name]
    report.add(Row("plain limit orders: one rests, one takes it", plain, "ns/command"))
    for story in STORIES:
        note = f"{len(story.asks)} commands, {story.trades} trades"
        report.add(Row(story.name, figures[story.name], "ns/command", plain, note=note))


def crowds(report: Report, path: Path, warm: int, rounds: int, count: int = CROWD) -> None:
    """A row each: what an event of a flow costs while so many wait; the floor is the same after they went."""
    records = flow.load(path).records
    scene = Scene(records, warm, count)
    for name in CROWDS:
        with Step(f"{count:,} {name}"):
            found = [[scene.costs(name, stays, BATCH) for stays in (True, False)] for _ in range(rounds)]
        waiting, gone = (least([one[place] for one in found], len(records) - warm) for place in range(2))
        note = "other orders of the same instrument; floor: once they are gone"
        report.add(Row(f"{count:,} {name} wait", waiting, "ns/event", gone, UNRELATED, note))
