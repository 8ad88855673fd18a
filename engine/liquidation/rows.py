"""What a turn of liquidations looks at, out of the core's rows; each table is asked for once a turn."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

import numpy as np
from openbell import wire
from openbell.wire import InstrumentState, RiskType, Side

from engine.liquidation.standing import WHOLE, Holding, Needs, Quote, Standing
from ext.core import Core

Rows = np.ndarray[Any, Any]
# Of the rows what makes Holding and Standing, in their order.
_SEEN: Final = ["account", "instrument", "qty", "mark", "maintenance", "value"]
_ORDERS: Final = ["open_buy", "open_sell"]
_LIMITS: Final = [
    "account", "state", "open_orders", "max_open_orders", "max_order_qty", "max_order_notional", "last_client_order_id",
]  # fmt: skip
_WORTH: Final = ["risk_type", "equity", "maintenance"]
LEVELS: Final = 64  # of a book's side that are looked at


class Quotes(Mapping[int, Quote]):
    """Instruments as they are now, each made when it is asked for first."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._rows = np.frombuffer(core.instruments(), wire.INSTRUMENT_ROW)
        self._margins = np.frombuffer(core.margins(), wire.MARGIN_ROW)
        self._made: dict[int, Quote] = {}

    def __getitem__(self, instrument: int) -> Quote:
        found = self._made.get(instrument)
        if found is None:
            place = int(np.searchsorted(self._rows["instrument"], instrument))
            if place == len(self._rows) or self._rows["instrument"][place] != instrument:
                raise KeyError(instrument)
            found = self._made[instrument] = quote_of(self._rows[place], self._margins[place], self._steps(instrument))
        return found

    def __iter__(self) -> Iterator[int]:
        return iter(self._rows["instrument"].tolist())

    def __len__(self) -> int:
        return len(self._rows)

    def _steps(self, instrument: int) -> tuple[tuple[int, int], ...]:
        return tuple(self._core.ticks(instrument))


def quote_of(row: Any, margin: Any, steps: tuple[tuple[int, int], ...]) -> Quote:
    """Of an InstrumentRow and its MarginRow. steps: its table of ticks, where it has one."""
    reference, collar_bps = int(row["reference_price"]), int(row["collar_bps"])
    lower = upper = 0
    if reference and collar_bps:
        width = reference * collar_bps // WHOLE
        lower, upper = max(1, reference - width), min(wire.MAX_PRICE, reference + width)
    names = ("state", "bid_price", "ask_price", "reference_price", "band_lower", "band_upper")
    return Quote(
        int(row["instrument"]),
        row["symbol"].decode(),
        bool(row["state"] == InstrumentState.OPEN),
        int(row["lot_size"]),
        steps or ((0, int(row["tick_size"])),),
        Needs(*(int(margin[name]) for name in ("maintenance_long", "maintenance_short", "least_low", "least"))),
        lower,
        upper,
        int(row["band_lower"]),
        int(row["band_upper"]),
        int(row["max_order_qty"]),
        int(row["max_order_notional"]),
        (*(int(row[name]) for name in names), int(margin["mark"])),
    )


class Depths:
    """What is displayed, less what slices of the turn are about to take."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._levels: dict[int, Rows] = {}
        self._taken: dict[tuple[int, int], int] = {}

    def __call__(self, instrument: int, side: int, price: int) -> int:
        """Lots that a slice of this side could meet at this price or a better one."""
        levels = self._levels.get(instrument)
        if levels is None:
            levels = self._levels[instrument] = np.frombuffer(self._core.depth(instrument, LEVELS), wire.DEPTH)
        if side == Side.SELL:
            met = levels[(levels["side"] == Side.BUY) & (levels["price"] >= price)]
        else:
            met = levels[(levels["side"] == Side.SELL) & (levels["price"] <= price)]
        return int(met["level_qty"].sum()) - self._taken.get((instrument, side), 0)

    def take(self, instrument: int, side: int, lots: int) -> None:
        """A slice is on its way."""
        self._taken[instrument, side] = self._taken.get((instrument, side), 0) + lots


def standings(core: Core, accounts: Collection[int]) -> dict[int, Standing]:
    """Accounts that have margin, as they are now."""
    dtypes = (wire.ACCOUNT_ROW, wire.RISK_ROW, wire.POSITION_ROW, wire.EXPOSURE_ROW)
    found = core.standings(np.array(list(accounts), "<u4").tobytes())
    rows, risks, positions, exposures = (np.frombuffer(data, dtype) for data, dtype in zip(found, dtypes, strict=True))
    holdings: dict[int, list[Holding]] = {}
    for (account, *seen), orders in zip(exposures[_SEEN].tolist(), positions[_ORDERS].tolist(), strict=True):
        holdings.setdefault(account, []).append(Holding(*seen, *orders))
    return {
        account: Standing(account, state, equity, maintenance, tuple(holdings.get(account, ())), *limits)
        for (account, state, *limits), (risk_type, equity, maintenance) in zip(
            rows[_LIMITS].tolist(), risks[_WORTH].tolist(), strict=True
        )
        if risk_type == RiskType.MARGIN
    }
