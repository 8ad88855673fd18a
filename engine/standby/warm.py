"""A standby's market as it is handed on in the process that becomes the primary."""

from __future__ import annotations

from dataclasses import dataclass

from engine.bring_back import Beside
from engine.lock import MarketLock
from engine.recovery import Recovered
from engine.standby.primary import Begun


@dataclass(frozen=True, slots=True)
class Warm:
    """`recovered` and `beside` are of the journal's last command, which is on disk."""

    beside: Beside
    recovered: Recovered
    lock: MarketLock
    begun: Begun
