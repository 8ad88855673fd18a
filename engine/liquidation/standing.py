"""What a look of a liquidation looks at: an account, its positions, the instruments of these. Numbers only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple

from openbell import wire
from openbell.wire import AccountState

WHOLE: Final = 10_000  # 1e-4: all of it
CASH_OF_PRICE: Final = wire.CASH_SCALE // wire.PRICE_SCALE


@dataclass(frozen=True, slots=True)
class Terms:
    """[liquidation] of the configuration. restore, slice, protection: 1e-4."""

    call_ns: int = 0
    restore: int = 11_000
    slice: int = 2_500
    protection: int = 300
    interval_ns: int = 500_000_000
    after: AccountState = AccountState.REDUCE_ONLY


@dataclass(frozen=True, slots=True)
class Needs:
    """What positions in an instrument must have behind them (docs/risk.md): maintenance of long and of short ones,
    1e-4, and the least for a share sold short, prices."""

    long: int
    short: int
    least_low: int = 0
    least: int = 0


@dataclass(frozen=True, slots=True)
class Quote:
    """An instrument. Bounds of collar and bands: 0 where there is none. steps: prices from which on ticks hold.

    key: whatever may make a slice possible that was not; compared, and nothing else.
    """

    instrument: int
    symbol: str
    is_open: bool
    lot_size: int
    steps: tuple[tuple[int, int], ...]
    needs: Needs
    collar_lower: int = 0
    collar_upper: int = 0
    band_lower: int = 0
    band_upper: int = 0
    max_order_qty: int = 0
    max_order_notional: int = 0
    key: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Holding:
    """A position that is not 0."""

    instrument: int
    qty: int
    mark: int
    maintenance: int
    value: int
    open_buy: int = 0
    open_sell: int = 0


@dataclass(frozen=True, slots=True)
class Standing:
    """An account, as of one moment. holdings: in any order."""

    account: int
    state: int
    equity: int
    maintenance: int
    holdings: tuple[Holding, ...]
    open_orders: int = 0
    max_open_orders: int = 0
    max_order_qty: int = 0
    max_order_notional: int = 0
    last_client_order_id: int = 0


class Tried(NamedTuple):
    """Why a slice came to nothing, as the instrument was then."""

    why: int
    detail: int
    key: tuple[int, ...]


# Lots that are displayed at a price or better: instrument, side of the slice, price.
Displayed = Callable[[int, int, int], int]


def worth(lots: int, price: int, lot_size: int) -> int:
    """`at(n)` of docs/risk.md: cash."""
    return min(abs(lots) * price * lot_size * CASH_OF_PRICE, wire.MAX_CASH)


def needed(lots: int, mark: int, lot_size: int, needs: Needs) -> int:
    """`needs(n)` of docs/risk.md, of maintenance: cash."""
    value = worth(lots, mark, lot_size)
    if lots >= 0:
        return min(value * needs.long // WHOLE, wire.MAX_CASH)
    least = 0
    if needs.least:
        least = max(mark, needs.least_low) if mark < needs.least else needs.least
    return max(min(value * needs.short // WHOLE, wire.MAX_CASH), worth(lots, least, lot_size))


def is_restored(equity: int, maintenance: int, restore: int) -> bool:
    """Whether an account has enough again. restore: 1e-4 of its maintenance."""
    return equity * WHOLE >= maintenance * restore
