"""Sessions in several processes, one core each, until enough was compared."""

from __future__ import annotations

import multiprocessing
import resource
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from tests.prove.documented import Key, everything
from tests.prove.session import Difference, Result, Session

SILENCE_S = 300.0  # a session takes seconds: one that says nothing for that long hangs
MEMORY_BYTES = 4 << 30  # of a process: a core that answers without end must not take the machine's
BEATS = 64  # more than there are sessions at once


@dataclass
class Total:
    """What all sessions so far have shown."""

    sessions: int = 0
    commands: int = 0
    events: int = 0
    market_data: int = 0
    took_s: float = 0.0
    met: Counter[Key] = field(default_factory=Counter)
    differences: list[Difference] = field(default_factory=list)

    def add(self, result: Result) -> None:
        self.sessions += 1
        self.commands += result.commands
        self.events += result.events
        self.market_data += result.market_data
        self.met += result.met
        if result.difference is not None:
            self.differences.append(result.difference)

    def uncovered(self) -> set[Key]:
        return everything() - self.met.keys()


_beats: Any = None  # of this process: by session number, how many commands it has given


def begin(beats: Any) -> None:
    """First of all in a process of the pool."""
    global _beats
    _beats = beats
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))


def one(seed: int, number: int) -> Result:
    """Runs in a process of the pool."""
    return Session(seed, number).run(lambda given: _beats.__setitem__(number % BEATS, given))


def lost(seed: int, number: int, given: int, why: str) -> Difference:
    """A session whose process gave no answer to its last command: which one that was."""
    session = Session(seed, number)
    session.run(stop=given)
    return Difference(number, session.world.name, given, why, steps=session.steps[-1:])


def prove(
    seed: int,
    events: int,
    seconds: float | None,
    jobs: int,
    say: Callable[[Total], None] = lambda _: None,
    run: Callable[[int, int], Result] = one,
    until_met: bool = False,
    first: int = 0,
) -> Total:
    """Sessions `first` and those after it, until `events` were compared, `seconds` are over, or two sides parted.

    `until_met`: not before everything was met, unless `seconds` are over. What was begun is finished. `say` hears of
    each finished session.
    """
    began_s, total, numbers = time.monotonic(), Total(), count(first)
    running: dict[Future[Result], int] = {}
    context = multiprocessing.get_context("spawn")
    beats = context.RawArray("Q", BEATS)
    with ProcessPoolExecutor(jobs, context, begin, (beats,)) as pool:
        try:
            while True:
                over = seconds is not None and time.monotonic() - began_s >= seconds
                enough = total.events >= events and not (until_met and total.uncovered())
                enough = enough or over or bool(total.differences)
                while not enough and len(running) < jobs:
                    number = next(numbers)
                    running[pool.submit(run, seed, number)] = number
                if not running:
                    break
                done, _ = wait(running, SILENCE_S, FIRST_COMPLETED)
                if not done:
                    raise TimeoutError
                for future in done:
                    total.add(future.result())
                    running.pop(future)
                    total.took_s = time.monotonic() - began_s
                    say(total)
        except (BrokenProcessPool, TimeoutError) as error:
            died = isinstance(error, BrokenProcessPool)
            for process in multiprocessing.active_children():
                process.kill()
            why = "its process died" if died else f"no answer within {SILENCE_S:.0f} s"
            for number in running.values():
                why_here = f"{why} (here, or in a session beside it)" if len(running) > 1 else why
                total.differences.append(lost(seed, number, beats[number % BEATS], why_here))
    total.took_s = time.monotonic() - began_s
    return total
