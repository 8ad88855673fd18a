"""What a configuration wants of the watch over prices, by symbols."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from engine.config import Config
from engine.volatility.bands import Tier

TIERS: Final = {"tier1": Tier.ONE, "tier2": Tier.TWO}


@dataclass(frozen=True, slots=True)
class Wanted:
    """sessions: of all instruments of the files."""

    tiers: dict[str, Tier]
    index: frozenset[str]
    reopening_call_s: int
    rule201: bool
    sessions: dict[str, str | None]

    def __bool__(self) -> bool:
        """Whether there is anything to do at all."""
        return bool(self.tiers or self.index or self.rule201)


def wanted_of(config: Config) -> Wanted:
    """Of the files."""
    return Wanted(
        {one.symbol: TIERS[one.luld] for one in config.instrument if one.luld is not None},
        frozenset(config.breakers.index),
        config.breakers.reopening_call_s,
        config.market.rule201,
        {one.symbol: one.session for one in config.instrument},
    )
