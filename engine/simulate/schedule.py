"""What breaks in a run, and when: a schedule that follows from the seed alone."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any, Final

from engine.simulate.world.timeline import MS, SECOND, US

LONGEST_NS: Final = 2 * SECOND  # in which faults happen
LEAST_FAULTS, MOST_FAULTS = 3, 14
Arguments = dict[str, Any]
Kinds = dict[str, tuple[float, Callable[[random.Random], Arguments]]]


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault. `number`: in its schedule; `arguments`: what its kind needs."""

    number: int
    kind: str
    at_ns: int
    arguments: Arguments = field(default_factory=dict)

    def __str__(self) -> str:
        said = ", ".join(f"{name} {value}" for name, value in self.arguments.items())
        return f"{self.number:>3}  {self.at_ns / 1e9:9.6f} s  {self.kind}{f': {said}' if said else ''}"


def _nothing(generator: random.Random) -> Arguments:
    return {}


def _crash(generator: random.Random) -> Arguments:
    return {"how": generator.choice(("kill", "power"))}


def _crash_at(generator: random.Random) -> Arguments:
    return {
        "how": generator.choice(("kill", "power", "power")),
        "call": generator.choice(("write", "sync", "write", "sync", "any")),
        "of": generator.choice(("journal", "journal", "snapshot", "any")),
        "skip": int(generator.expovariate(0.2)),
        "when": generator.choice(("before", "after")),
    }


def _of_file(generator: random.Random) -> Arguments:
    return {"of": generator.choice(("journal", "journal", "journal", "snapshot", "any"))}


def _times(generator: random.Random) -> Arguments:
    return {"times": generator.randint(1, 12), "share": round(generator.random() ** 3, 4)}


def _for_a_while(generator: random.Random) -> Arguments:
    return {"ms": generator.randint(5, 900)}


def _slow(generator: random.Random) -> Arguments:
    return {"factor": round(10 ** generator.uniform(0.5, 3.2), 1), "ms": generator.randint(5, 700)}


def _full(generator: random.Random) -> Arguments:
    return {"free_bytes": generator.choice((0, 4096, 20_000, 70_000, 200_000)), "ms": generator.randint(20, 900)}


def _jump(generator: random.Random) -> Arguments:
    size_ns = round(10 ** generator.uniform(5, 12.5))
    return {"ns": size_ns * generator.choice((1, -1))}


def _some(generator: random.Random) -> Arguments:
    return {"which": generator.randrange(1000), "times": generator.randint(1, 6)}


def _lag(generator: random.Random) -> Arguments:
    return {"us": generator.randint(100, 300_000), "ms": generator.randint(5, 600)}


def _statement(generator: random.Random) -> Arguments:
    return {
        "skip": int(generator.expovariate(0.05)),
        "of": generator.choice(("any", "any", "COMMIT")),
        "how": generator.choice(("lost", "lost after", "deadlock", "disk", "shutdown")),
    }


# Kinds, how often they come beside each other, and what makes their arguments.
KINDS: Final[Kinds] = {
    "crash": (1.0, _crash),
    "crash at a call": (3.0, _crash_at),
    "stop in order": (0.4, _nothing),
    "process stalls": (0.5, lambda generator: {"ms": generator.randint(5, 1200)}),
    "fsync error": (0.7, _of_file),
    "write error": (0.4, _of_file),
    "read error": (0.2, _of_file),
    "short writes": (0.6, _times),
    "short reads": (0.6, _times),
    "bit rot": (0.5, lambda generator: {"of": generator.choice(("journal", "journal", "snapshot"))}),
    "lost write": (0.4, _nothing),
    "misdirected write": (0.4, _nothing),
    "disk full": (0.8, _full),
    "slow disk": (0.9, _slow),
    "clock jump": (0.8, _jump),
    "connection lost": (1.5, _some),
    "all connections lost": (0.4, _nothing),
    "slow network": (0.7, _lag),
    "client does not read": (0.6, lambda generator: {**_some(generator), **_for_a_while(generator)}),
    "projector killed": (0.5, _nothing),
    "database gone": (0.6, _for_a_while),
    "database crash": (0.6, _for_a_while),
    "database slow": (0.4, _slow),
    "statement fails": (1.2, _statement),
    "poison frames": (0.8, _some),
    "poison commands": (0.8, _some),
    "frames come twice": (0.8, _some),
    "frames are sent again": (0.8, _some),
}


def _on(make: Callable[[random.Random], Arguments], *where: str) -> Callable[[random.Random], Arguments]:
    """Arguments with the machine that it happens to: that of the primary, or of the standby."""
    return lambda generator: {"on": generator.choice(where), **make(generator)}


def _away(generator: random.Random) -> Arguments:
    """For how long a machine stays off."""
    return {"how": generator.choice(("kill", "power")), "away_ms": generator.choice((0, 0, generator.randint(50, 900)))}


def _apart(generator: random.Random) -> Arguments:
    """What a machine hears nothing of, for a while."""
    return {"from": generator.choice(("other", "all", "all", "clients too")), "ms": generator.randint(20, 900)}


EITHER: Final = ("primary", "standby")
# Of a primary and its standby.
PAIR_KINDS: Final[Kinds] = {
    "crash": (2.0, _on(_away, "primary", "primary", "standby")),
    "crash at a call": (2.0, _on(_crash_at, *EITHER)),
    "stop in order": (0.4, _on(_nothing, *EITHER)),
    "process stalls": (0.8, _on(lambda generator: {"ms": generator.randint(5, 1200)}, *EITHER)),
    "fsync error": (0.5, _on(_of_file, *EITHER)),
    "write error": (0.4, _on(_of_file, *EITHER)),
    "read error": (0.2, _on(_of_file, *EITHER)),
    "short writes": (0.3, _on(_times, *EITHER)),
    "short reads": (0.3, _on(_times, *EITHER)),
    "bit rot": (0.6, _on(_nothing, "standby")),
    "disk full": (0.8, _on(_full, "standby", "standby", "primary")),
    "slow disk": (0.8, _on(_slow, "standby", "standby", "primary")),
    "clock jump": (0.4, _on(_jump, *EITHER)),
    "connection lost": (0.6, _some),
    "standby's connection lost": (1.0, _nothing),
    "all connections lost": (0.3, _nothing),
    "slow network": (0.6, _lag),
    "machine cut off": (1.5, _on(_apart, "primary", "primary", "standby")),
    "database gone": (0.5, _for_a_while),
    "database slow": (0.6, _slow),
    "promotion": (0.8, _nothing),
    "standby computes wrongly": (0.4, _nothing),
}


def schedule(
    seed: int, keep: Collection[int] | None = None, kinds: Collection[str] | None = None, of: Kinds = KINDS
) -> list[Fault]:
    """The faults of a seed, in the order of time. keep: only those of these numbers; kinds: only of these kinds, of
    which there are as many then; of: all that there are in such a run."""
    generator = random.Random(f"{seed} schedule")
    wanted = [one for one in of if kinds is None or one in kinds]
    weights = [of[one][0] for one in wanted]
    count = generator.randint(LEAST_FAULTS, MOST_FAULTS)
    times = sorted(generator.randrange(1 * MS, LONGEST_NS) // US * US for _ in range(count))
    faults = []
    for number, at_ns in enumerate(times):
        kind = generator.choices(wanted, weights)[0]
        faults.append(Fault(number, kind, at_ns, of[kind][1](random.Random(f"{seed} fault {number}"))))
    return [fault for fault in faults if keep is None or fault.number in keep]
