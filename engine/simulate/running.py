"""Many runs: seeds over processes, failing schedules made smaller, and what came of all of them together."""

from __future__ import annotations

import gc
import time
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from multiprocessing import get_context
from multiprocessing.pool import AsyncResult
from typing import Any, Final

from engine.simulate import rivals
from engine.simulate.claims import ALL, Violation
from engine.simulate.outcome import Outcome
from engine.simulate.planted import PAIR, PLANTS, RIVALS, planted
from engine.simulate.rivals import Rivals
from engine.simulate.schedule import KINDS, PAIR_KINDS, Fault, schedule
from engine.simulate.simulation import Simulation
from engine.simulate.standbys.pair import Pair

EACH: Final = 8  # of so many runs one is of two machines that want to be the primary, one of a primary and its standby
RIVALS_AT, PAIR_AT = 7, 3
SEEDS_A_PROCESS: Final = 100
MOST_TRIES: Final = 60  # to make a schedule smaller
KINDS_IN_COMMAND: Final = 3


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to run for each seed. faults: numbers of those of its schedule that are to happen (None: all); kinds: of
    which they are; plant: a bug to be put into the engine (engine/simulate/planted); of: kind of run, where that is not
    the seed's or the bug's."""

    faults: tuple[int, ...] | None = None
    kinds: tuple[str, ...] | None = None
    plant: str | None = None
    of: str | None = None

    def schedule(self, seed: int) -> list[Fault]:
        known = {RIVALS: {one: KINDS[one] for one in rivals.KINDS}, PAIR: PAIR_KINDS}.get(self.run_of(seed), KINDS)
        kinds = [one for one in known if self.kinds is None or one in self.kinds] or list(known)
        return schedule(seed, self.faults, kinds, known)

    def run_of(self, seed: int) -> str:
        """What kind of run it is: of one market, of two machines that both want to be the primary, or of a primary and
        its standby."""
        if self.of is not None:
            return self.of
        if self.plant is not None:
            return PLANTS[self.plant].of
        return {RIVALS_AT: RIVALS, PAIR_AT: PAIR}.get(seed % EACH, "")

    def command(self, seed: int, faults: Sequence[Fault]) -> str:
        """What repeats a run with these faults."""
        parts = [f"openbell simulate --seed {seed} --seeds 1 --faults {','.join(str(one.number) for one in faults)}"]
        if not faults:
            parts = [f"openbell simulate --seed {seed} --seeds 1 --faults none"]
        if self.kinds is not None:
            parts.append(f"--kinds {','.join(kind.replace(' ', '-').replace(chr(39), '') for kind in self.kinds)}")
        if self.plant is not None:
            parts.append(f"--plant {self.plant}")
        return " ".join(parts)


def run(
    seed: int, wanted: Wanted, faults: Sequence[Fault] | None = None, told: Callable[[str], None] | None = None
) -> Outcome:
    """One run. told: gets each thing that happens in it."""
    with planted(wanted.plant):
        kinds: dict[str, type[Rivals | Pair | Simulation]] = {RIVALS: Rivals, PAIR: Pair}
        kind = kinds.get(wanted.run_of(seed), Simulation)
        simulation = kind(seed, wanted.schedule(seed) if faults is None else faults)
        simulation.timeline.listener = told
        return simulation.run()


@dataclass(slots=True)
class Failure:
    """A seed that failed: the least faults that it fails with."""

    seed: int
    violation: Violation
    faults: list[Fault]
    planned: int
    command: str


def shrink(seed: int, wanted: Wanted, outcome: Outcome) -> Failure:
    """Leave out faults as long as the same claim is violated."""
    claim = outcome.violations[0].claim
    faults = wanted.schedule(seed)
    planned, tries = len(faults), 0
    violation = outcome.violations[0]
    size = max(1, len(faults) // 2)
    while faults:
        for start in range(0, len(faults), size):
            fewer = faults[:start] + faults[start + size :]
            tries += 1
            found = run(seed, wanted, fewer).violations
            if found and found[0].claim == claim:
                faults, violation = fewer, found[0]
                break
            if tries >= MOST_TRIES:
                break
        else:
            if size == 1:
                break
            size = max(1, size // 2)
            continue
        if tries >= MOST_TRIES:
            break
        size = max(1, min(size, len(faults)))
    return Failure(seed, violation, faults, planned, wanted.command(seed, faults))


@dataclass(slots=True)
class Sum:
    """Of many runs. `faults`: how often each kind did something; `checked`: how often each claim was looked at."""

    seeds: int = 0
    seconds: float = 0.0  # by the clock
    processor_s: float = 0.0
    virtual_s: float = 0.0
    lives: int = 0
    acks: int = 0
    commands: int = 0
    planned: int = 0
    failed: list[Outcome] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    seeds_with: Counter[str] = field(default_factory=Counter)
    checked: Counter[str] = field(default_factory=Counter)

    def add(self, outcome: Outcome) -> None:
        self.seeds += 1
        self.virtual_s += outcome.virtual_s
        self.processor_s += outcome.seconds
        self.lives += outcome.lives
        self.acks += outcome.figures["acks"]
        self.commands += outcome.figures["acked_seq"]
        self.faults.update(outcome.faults)
        self.seeds_with.update(outcome.faults.keys())
        self.checked.update(outcome.figures["checked"])
        if outcome.violations:
            self.failed.append(outcome)

    @property
    def an_hour(self) -> float:
        """Seeds."""
        return self.seeds / self.seconds * 3600 if self.seconds else 0.0

    def rows(self) -> dict[str, Any]:
        """For --json."""
        return {
            "seeds": self.seeds, "seconds": round(self.seconds, 3), "seeds_an_hour": round(self.an_hour),
            "processor_s": round(self.processor_s, 3),
            "virtual_s": round(self.virtual_s, 3), "starts": self.lives, "acked_commands": self.commands,
            "events": self.acks, "faults": dict(self.faults),
            "checked": {claim: self.checked[claim] for claim in ALL}, "failed": len(self.failed),
        }  # fmt: skip


def run_all(
    seeds: Iterator[int], wanted: Wanted, jobs: int, until_s: float | None, told: Callable[[Outcome], None]
) -> Sum:
    """Run seeds in that many processes, until there are no more or `until_s` (of time.monotonic) has come. told: of
    each outcome, in the order in which they come."""
    total = Sum()
    began_s = time.monotonic()

    def took(outcome: Outcome) -> None:
        total.add(outcome)
        total.seconds = time.monotonic() - began_s
        told(outcome)

    def more() -> int | None:
        return None if until_s is not None and time.monotonic() > until_s else next(seeds, None)

    settle()
    if jobs == 1:
        while (seed := more()) is not None:
            took(run(seed, wanted))
        return total
    # Threads that a run has killed are greenlets that nobody can collect: a process makes place for another one.
    with get_context("fork").Pool(jobs, settle, maxtasksperchild=SEEDS_A_PROCESS) as pool:
        under_way: deque[AsyncResult[Outcome]] = deque()
        while True:
            while len(under_way) < 4 * jobs and (seed := more()) is not None:
                under_way.append(pool.apply_async(run, (seed, wanted)))
            if not under_way:
                return total
            took(under_way.popleft().get())


def settle() -> None:
    """All that was imported stays: the collection after each run need not look at it."""
    gc.collect()
    gc.freeze()


def seeds_from(first: int, number: int | None) -> Iterator[int]:
    """As many seeds, one after the other; None: without end."""
    return iter(range(first, first + number)) if number is not None else count(first)


def numbers_of(text: str, known: Collection[int]) -> tuple[int, ...]:
    """Fault numbers as they are given: "1,4,7", or "none". Raises ValueError."""
    if text == "none":
        return ()
    numbers = tuple(int(part) for part in text.split(","))
    for number in numbers:
        if number not in known:
            raise ValueError(f"there is no fault {number} in the schedule of this seed, which has {len(known)}")
    return numbers
