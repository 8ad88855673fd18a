"""An operator's verbs about what orders are checked against by price: bands, short sales, ticks (docs/bands.md)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from openbell.prices import PriceLike, price_units
from openbell.rows import InstrumentInfo, rows_of

Ref = str | int  # an id, or a name


class PriceBounds(ABC):
    """A part of `Operator`."""

    _instruments: dict[int, InstrumentInfo]

    @abstractmethod
    def instrument_id(self, instrument: Ref) -> int:
        """The id of a symbol."""

    @abstractmethod
    def _change(self, verb: str, arguments: Mapping[str, Any], reason: str) -> dict[str, Any]:
        """A verb that changes the market."""

    def bands(
        self,
        instrument: Ref,
        lower: PriceLike = 0,
        upper: PriceLike = 0,
        *,
        reference: PriceLike = 0,
        reason: str,
    ) -> InstrumentInfo:
        """Have orders of an instrument trade between two prices only, while it is OPEN; both 0: no bands. Live orders
        beyond them are cancelled. reference: the price that they are around, for the record."""
        given = {"lower": lower, "upper": upper, "reference": reference}
        prices = {name: _price_or_zero(price, name) for name, price in given.items()}
        return self._bound("bands", instrument, reason, **prices)

    def short_sales(self, instrument: Ref, *, restricted: bool, reason: str) -> InstrumentInfo:
        """Restrict short sales in an instrument to prices above the best bid, or set them free."""
        return self._bound("short-sales", instrument, reason, restricted=restricted)

    def ticks(self, instrument: Ref, steps: Sequence[tuple[PriceLike, PriceLike]], *, reason: str) -> InstrumentInfo:
        """Ticks by price: steps of a price from which on (0 first) and a tick; none: tick_size holds for all."""
        units = [[_price_or_zero(price, "from"), price_units(tick, field="tick")] for price, tick in steps]
        return self._bound("ticks", instrument, reason, steps=units)

    def _bound(self, verb: str, instrument: Ref, reason: str, **arguments: Any) -> InstrumentInfo:
        row = self._change(verb, {"instrument": self.instrument_id(instrument), **arguments}, reason)
        self._instruments.clear()
        return rows_of(InstrumentInfo, [row], {})[0]


def _price_or_zero(price: PriceLike, field: str) -> int:
    """A price, or 0, which is none."""
    return price_units(price, field=field) if str(price).strip("+-0.") else 0
