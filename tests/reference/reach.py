"""What of the rules a market takes. The model takes all of it; where the core is compared with it, what the core does.

Who brings a feature to the core takes it out of `CORE` here.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Reach:
    """What is taken; the rest is refused by name."""

    auctions: bool = True  # docs/auctions.md


CORE = Reach(auctions=False)
