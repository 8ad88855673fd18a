"""The rows of `openbell bench core` that are about types of orders."""

from __future__ import annotations

import time
from collections import deque
from functools import partial
from pathlib import Path

from bench import flow
from bench.harness.rounds import interleave, median, median_ratio
from bench.kinds.crowds import CROWD, CROWDS, Scene
from bench.kinds.cycle import Story, calls_of, check, numbered, opened, told
from bench.kinds.stories import PLAIN, STORIES
from bench.table import Limit, Report, Row
from tools.steps import Step

COMMANDS = 60_000  # of a story in a round
BATCH = 256
UNRELATED = Limit(1.1)


def cost_of(story: Story, count: int = COMMANDS) -> float:
    """Nanoseconds a command."""
    core, seq = opened(story)
    rows = told(story, max(1, count // len(story.asks)))
    numbered(story, rows, seq)
    calls = calls_of(story, rows)
    apply, take = core.apply, core.take_events
    run_through = deque[int](maxlen=0).extend
    start = time.perf_counter_ns()
    for at in range(0, len(calls), 16):
        run_through(map(apply, calls[at : at + 16]))
        take()
    return (time.perf_counter_ns() - start) / (len(rows) * len(story.asks))


def each_type(report: Report, rounds: int, count: int = COMMANDS) -> None:
    """A row each; their floor is a plain limit order that rests and is taken."""
    for story in (PLAIN, *STORIES):
        check(story)
    with Step(f"{len(STORIES)} types of orders, {rounds} rounds"):
        figures = interleave({story.name: partial(cost_of, story, count) for story in (PLAIN, *STORIES)}, rounds)
    plain = median(figures[PLAIN.name])
    report.add(Row("plain limit orders, one rests, one takes it", plain, "ns/command"))
    for story in STORIES:
        ratio = median_ratio(figures[story.name], figures[PLAIN.name])
        note = f"{len(story.asks)} commands, {story.trades} trades; median ratio of the rounds {ratio:.2f}"
        report.add(Row(story.name, median(figures[story.name]), "ns/command", plain, note=note))


def crowds(report: Report, path: Path, warm: int, rounds: int, count: int = CROWD) -> None:
    """A row each: what an event of a flow costs while so many wait; the floor is the same without them."""
    scene = Scene(flow.load(path).records, warm, count)
    for name in CROWDS:
        with Step(f"{count:,} {name}"):
            figures = interleave(
                {"alone": partial(scene.cost, None, BATCH), "crowd": partial(scene.cost, name, BATCH)}, rounds
            )
        ratio = median_ratio(figures["crowd"], figures["alone"])
        waiting, alone = median(figures["crowd"]), median(figures["alone"])
        note = f"other orders of the same instrument; median ratio of the rounds {ratio:.2f}"
        report.add(Row(f"{count:,} {name} wait", waiting, "ns/event", alone, UNRELATED, note))
