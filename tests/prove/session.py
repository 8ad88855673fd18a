"""One session: a world of its own, some thousand commands and more, core and model compared all the way.

All of it comes from the seed and the session's number: who gives both gets the same session again, to the bit.
"""

from __future__ import annotations

import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from openbell.wire import CommandKind, EventKind

from ext.core import Core
from tests.prove.coverage import Coverage
from tests.prove.documented import Act, BadInput, Key
from tests.reference.commands import Command, tick
from tests.reference.compare import Different, Pair, Step
from tests.reference.records import events_of, market_data_of
from tests.reference.records import told as told_record
from tests.reference.swarm import Swarm
from tests.reference.worlds import WORLDS, World

ROWS_EVERY = 20
ALL_EVERY = 200
BAD_SHARE = 0.01
PREVIEW_SHARE = 0.03
NEW_KINDS = (CommandKind.NEW_ORDER, CommandKind.NEW_SPECIAL)
ANSWERS = (EventKind.ACCEPTED, EventKind.REJECTED)
RESTART_SHARE = 0.004
EVENT_BYTES = 80
# Worlds in turn; those of which the model's own tests want more swarms come more often, or as they say themselves: each
# at even distances.
TIMES = [(world, max(1, (world.share or world.swarms) + 1 >> 1)) for world in WORLDS]
TURNS = sorted(((turn + 0.5) / times, place, turn) for place, (_, times) in enumerate(TIMES) for turn in range(times))
ROUND = [WORLDS[place] for _, place, _ in TURNS]


@dataclass
class Difference:
    """Where a session's two sides parted."""

    session: int
    world: str
    command: int  # its number in the session's journal, from 1
    text: str
    core: list[str] = field(default_factory=list)
    model: list[str] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)  # all up to that command


@dataclass
class Result:
    """What a session has shown."""

    session: int
    world: str
    commands: int = 0
    events: int = 0
    market_data: int = 0
    took_s: float = 0.0
    met: Counter[Key] = field(default_factory=Counter)
    difference: Difference | None = None


class Session:
    """Drives both sides. `core`: what makes the core, for those who prove the proof."""

    def __init__(self, seed: int, number: int, core: type[Core] = Core) -> None:
        self.number = number
        self.world: World = ROUND[number % len(ROUND)]
        self.random = Random(f"prove {seed} {number}")
        self.pair = Pair(core)
        self.coverage = Coverage()
        self.steps: list[Step] = []

    def run(self, beat: Callable[[int], None] = lambda _: None, stop: int = 0) -> Result:
        """All of it, or up to the first difference, or to before the command `stop`, counted from 1.

        `beat` hears the number of each command before it is given.
        """
        began_s = time.monotonic()
        difference = None
        try:
            if self._flow(beat, stop):
                self._again()
        except AssertionError as error:
            difference = self._difference(error)
        pair = self.pair
        for member, count in pair.gaining.met.items():
            if count:
                self.coverage.met["gained", int(member)] += count
        return Result(
            self.number,
            self.world.name,
            len(pair.commands),
            sum(map(len, pair.events)) // EVENT_BYTES,
            sum(map(len, pair.market_data)) // 64,
            time.monotonic() - began_s,
            self.coverage.met,
            difference,
        )

    def _difference(self, error: AssertionError) -> Difference:
        core, model = (error.core, error.model) if isinstance(error, Different) else ([], [])
        text = told(error)
        return Difference(self.number, self.world.name, self.pair.seq, text, core, model, self.steps)

    def _flow(self, beat: Callable[[int], None], stop: int) -> bool:
        """Commands in turn; rows, books, wrong input and snapshots between them. Whether all were given."""
        random, pair, coverage, world = self.random, self.pair, self.coverage, self.world
        swarm = Swarm(random, world, pair.model)
        opening = [Step(command) for command in world.opening(random)]
        for place in range(world.commands):
            step = opening[place] if place < len(opening) else swarm.next()
            self.steps.append(step)
            beat(place + 1)
            if place + 1 == stop:
                return False
            foretold = self._foretold(step) if random.random() < PREVIEW_SHARE else None
            coverage.days.look(pair.core, step.command)
            events, market_data = pair.step(step)
            if foretold is not None:
                check_foretold(foretold, events_of(events))
                coverage.met["act", Act.FORETOLD] += 1
            coverage.step(step.command, events_of(events), market_data_of(market_data))
            coverage.watched.order(pair.before, events_of(events))
            coverage.days.step(pair.core, step.command, events_of(events))
            coverage.funded.step(pair.core, step.command.fields, events_of(events))
            coverage.acted.acted(pair.core, step.command.fields, events_of(events))
            if step.command.fields["kind"] == CommandKind.TICK:
                coverage.watched.ticked(pair.core)
                coverage.nested.ticked(pair.core, events_of(events))
                coverage.acted.ticked(pair.core, events_of(events))
            if place % ROWS_EVERY == 0:
                pair.compare_rows()
                coverage.rows(pair.core.orders())
                coverage.acted.rows(pair.core)
            if place % ALL_EVERY == 0:
                pair.compare_books()
                pair.check_invariants()
            if random.random() < BAD_SHARE:
                self._bad(random.choice(list(BadInput)))
            if random.random() < RESTART_SHARE:
                pair.restart()
                coverage.met["act", Act.WENT_ON_FROM_SNAPSHOT] += 1
        pair.compare_rows()
        pair.compare_books()
        pair.check_invariants()
        return True

    def _foretold(self, step: Step) -> Any:
        """What the core says that an order would get, if it came at once; None of other commands. Nothing changes."""
        core = self.pair.core
        comes_ns = self.pair.ts_ns + step.after_ns  # time passes with commands that both refuse, too
        if step.command.fields["kind"] not in NEW_KINDS or comes_ns != core.ts_ns:
            return None
        before = core.state_hash()
        event, _, _ = core.preview_order(step.command.encode(self.pair.seq + 1, self.pair.ts_ns))
        if core.state_hash() != before:
            raise Different(f"to ask what an order would do changed the core: {step!r}")
        return events_of(event)[0]

    def _bad(self, kind: BadInput) -> None:
        """Input that is a caller's error to both, and changes nothing."""
        pair, before = self.pair, self.pair.core.state_hash()
        data = bad_input(kind, pair.core.seq, pair.core.ts_ns, pair.commands[-1])
        for side, market in (("core", pair.core), ("model", pair.model)):
            try:
                market.apply(data, True)
            except ValueError:
                if market.take_events() or market.take_market_data():
                    raise Different(f"{side} said something to wrong input: {kind.name}") from None
                continue
            raise Different(f"{side} took wrong input: {kind.name}")
        if pair.core.state_hash() != before:
            raise Different(f"wrong input changed the core: {kind.name}")
        self.coverage.met["bad input", int(kind)] += 1

    def _again(self) -> None:
        """The journal anew, in batches of other sizes, snapshots between: the same output and state."""
        random = self.random
        sizes = iter(lambda: random.choice((1, 2, 7, 100, 999)), None)
        try:
            self.pair.replay(sizes, iter(lambda: random.random() < 0.2, None))
        except AssertionError as error:
            raise Different(
                f"the same commands in batches, from snapshots, gave something else: {told(error)}"
            ) from error
        self.coverage.met["act", Act.REPLAYED_IN_BATCHES] += 1


def check_foretold(foretold: Any, events: list[Any]) -> None:
    """The answer to the order, that was told before it came: but for its numbers."""
    came = next(event for event in events if event.kind in ANSWERS)
    numbers = {"seq": 0, "ts_ns": 0, "account_seq": 0, "order_id": 0}
    both = [event._asdict() | numbers for event in (foretold, came)]
    if both[0] != both[1]:
        raise Different("what it would do is not what it did", [told_record(foretold)], [told_record(came)])


def told(error: AssertionError) -> str:
    """What it says, or the line that raised it."""
    return str(error) or str(traceback.extract_tb(error.__traceback__)[-1].line)


def bad_input(kind: BadInput, seq: int, ts_ns: int, last: bytes) -> bytes:
    """Bytes that no market takes, after the command `seq` of `ts_ns`, whose bytes are `last`."""
    due = tick()
    if kind == BadInput.UNKNOWN_KIND:
        return Command({"kind": 63}).encode(seq + 1, ts_ns)
    if kind == BadInput.NUMBER_TOO_HIGH:
        return due.encode(seq + 2, ts_ns)
    if kind == BadInput.NUMBER_AGAIN:
        return last
    if kind == BadInput.TIME_BACKWARD:
        return due.encode(seq + 1, ts_ns - 1)
    if kind == BadInput.CUT:
        return due.encode(seq + 1, ts_ns)[:-1]
    return due.encode(seq + 1, ts_ns) + due.encode(seq + 2, ts_ns + 1) + due.encode(seq + 2, ts_ns + 1)
