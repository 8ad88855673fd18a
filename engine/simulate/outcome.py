"""What comes of a run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from engine.simulate.claims import Violation


@dataclass(slots=True)
class Outcome:
    """Of one seed. `seconds`: of a processor; `faults`: how often each kind did something; `figures`: acks, acked_seq,
    and how often each claim was checked."""

    seed: int
    violations: list[Violation]
    digest: str
    faults: dict[str, int]
    virtual_s: float
    seconds: float
    lives: int
    figures: dict[str, Any] = field(default_factory=dict)
