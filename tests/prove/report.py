"""What a proof prints: how far it is, what it met, what it did not, and where two sides parted."""

from __future__ import annotations

import sys
import time
from itertools import groupby, zip_longest

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from tests.prove.documented import GROUPS, everything, name
from tests.prove.pool import Total
from tests.prove.session import Difference
from tests.reference.compare import Step

PLAIN_EVERY_S = 10.0
LAST_STEPS = 5
WIDTH = 78


def speed(total: Total) -> str:
    rate = total.events / total.took_s if total.took_s else 0.0
    return (
        f"{total.events:,} events and {total.market_data:,} market data records of {total.commands:,} commands, "
        f"{total.sessions:,} sessions: {rate:,.0f} events/s"
    )


class Shown:
    """Progress: a bar on a terminal, else a line now and then."""

    def __init__(self, events: int) -> None:
        self.last_s = time.monotonic()
        self.bar: Progress | None = None
        if sys.stderr.isatty():
            console = Console(stderr=True)
            columns = (BarColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
            self.bar = Progress(*columns, console=console, transient=True)
            self.task = self.bar.add_task("", total=events)

    def __enter__(self) -> Shown:
        if self.bar:
            self.bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.bar:
            self.bar.stop()

    def say(self, total: Total) -> None:
        if self.bar:
            rate = total.events / total.took_s if total.took_s else 0.0
            of = len(everything())
            said = f"{total.events:,} events, {rate:,.0f}/s, met {of - len(total.uncovered())} of {of}"
            self.bar.update(self.task, completed=total.events, description=said)
        elif time.monotonic() - self.last_s >= PLAIN_EVERY_S:
            self.last_s = time.monotonic()
            print(f"{total.took_s:.0f} s: {speed(total)}", file=sys.stderr, flush=True)


def side_by_side(core: list[str], model: list[str]) -> list[str]:
    """Records of both, a mark between those that are not the same."""
    said = [f"    {'core':<{WIDTH}}   model"]
    for mine, theirs in zip_longest(core, model, fillvalue="-"):
        mark = "|" if mine == theirs else "≠"
        left = [mine[at : at + WIDTH] for at in range(0, len(mine), WIDTH)]
        right = [theirs[at : at + WIDTH] for at in range(0, len(theirs), WIDTH)]
        for a, b in zip_longest(left, right, fillvalue=""):
            said.append(f"    {a:<{WIDTH}} {mark} {b}")
    return said


def told(difference: Difference, seed: int) -> str:
    """Where and how the two sides parted, and how to see it again."""
    said = [
        f"DIFFERENT: seed {seed}, session {difference.session} ({difference.world}), command {difference.command}",
        f"  again: ./openbell prove --seed {seed} --session {difference.session}",
    ]
    said += [f"  {step!r}" for step in difference.steps[-LAST_STEPS:]]
    if difference.core or difference.model:
        said += [f"  {difference.text.splitlines()[0]}", *side_by_side(difference.core, difference.model)]
    else:
        said.append(f"  {difference.text}")
    return "\n".join(said)


def told_fewer(steps: list[Step], text: str, of: int) -> str:
    said = [f"  {len(steps)} of the {of} commands are enough:", *(f"    {step!r}" for step in steps)]
    return "\n".join([*said, *(f"  {line}" for line in text.splitlines())])


def table(total: Total) -> str:
    """How often everything was met, by group."""
    said = []
    names = {name(key): times for key, times in total.met.items()}
    for key in everything():
        names.setdefault(name(key), 0)
    place = {group: number for number, group in enumerate(GROUPS)}
    ordered = sorted(names, key=lambda what: (place[what.partition(": ")[0]], what))
    for group, members in groupby(ordered, lambda what: what.partition(": ")[0]):
        said.append(group)
        said += [f"    {what.partition(': ')[2]:<40}{names[what]:>14,}" for what in members]
    return "\n".join(said)


def closing(total: Total) -> str:
    """What was not met, and the verdict."""
    said = []
    missed = sorted(map(name, total.uncovered()))
    if missed:
        said += [f"NOT MET: {len(missed)}", *(f"    {what}" for what in missed)]
    of = len(everything())
    said.append(f"met {of - len(missed)} of {of}; differences: {len(total.differences)}; {speed(total)}")
    return "\n".join(said)
