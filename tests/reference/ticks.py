"""Which prices are valid: one tick, or ticks by price. docs/bands.md, "Tick tables"."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Ticks:
    """Steps: the price from which on a tick holds, and the tick. The first begins at 0; each step begins at a multiple
    of its own tick and of the one before it."""

    steps: tuple[tuple[int, int], ...]

    def at(self, price: int) -> int:
        """The tick at a price."""
        return [tick for begin, tick in self.steps if begin <= max(price, 0)][-1]

    def down(self, price: int) -> int:
        """The largest valid price up to this one; below 1 there is none."""
        return price // self.at(price) * self.at(price)

    def up(self, price: int) -> int:
        """The smallest valid price from this one on."""
        return -(-price // self.at(price)) * self.at(price)


def every(tick: int) -> Ticks:
    """The same tick at all prices."""
    return Ticks(((0, tick),))
