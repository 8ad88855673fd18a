"""Sessions in several processes, one core each, until enough was compared."""

from __future__ import annotations

import multiprocessing
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from itertools import count

from tests.prove.documented import Key, due
from tests.prove.session import Difference, Result, Session

SILENCE_S = 300.0  # a session takes seconds: one that says nothing for that long hangs


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
        return due() - self.met.keys()


def one(seed: int, number: int) -> Result:
    """Runs in a process of the pool."""
    return Session(seed, number).run()


def prove(
    seed: int,
    events: int,
    seconds: float | None,
    jobs: int,
    say: Callable[[Total], None] = lambda _: None,
    run: Callable[[int, int], Result] = one,
    until_met: bool = False,
) -> Total:
    """Sessions 0, 1, 2, ... until `events` were compared, `seconds` are over, or two sides parted.

    `until_met`: not before everything was met, unless `seconds` are over. What was begun is finished. `say` hears of
    each finished session.
    """
    began_s, total, numbers = time.monotonic(), Total(), count()
    running: dict[Future[Result], int] = {}
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=context) as pool:
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
            for number in running.values():
                text = "its process died" if died else f"no answer within {SILENCE_S:.0f} s"
                total.differences.append(Difference(number, "", 0, f"{text} (this session or one beside it)"))
            for process in multiprocessing.active_children():
                process.kill()
    total.took_s = time.monotonic() - began_s
    return total
