"""Accounts and instruments for the planner, in units of people: prices and cash as decimal numbers."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from openbell import wire
from openbell.wire import AccountState

from engine.liquidation.standing import Holding, Needs, Quote, Standing, Terms, needed, worth

TERMS = Terms()
RATES = Needs(2_500, 3_000, 25_000, 50_000)


def price(text: float | str) -> int:
    """1e-4 of the currency."""
    return int(Decimal(str(text)) * wire.PRICE_SCALE)


def cash(text: float | str) -> int:
    """1e-6 of the currency."""
    return int(Decimal(str(text)) * wire.CASH_SCALE)


def quote(instrument: int, symbol: str = "", **fields: Any) -> Quote:
    """One that is open, of lots of one share and ticks of 0.01."""
    plain = Quote(instrument, symbol or "ABC"[instrument], True, 1, ((0, 100),), RATES, key=(instrument,))
    return replace(plain, **fields)


def holding(of: Quote, qty: int, mark: float | str, open_buy: int = 0, open_sell: int = 0) -> Holding:
    """A position, with what follows from its lots and mark."""
    at = price(mark)
    value = worth(qty, at, of.lot_size) * (1 if qty > 0 else -1)
    return Holding(of.instrument, qty, at, needed(qty, at, of.lot_size, of.needs), value, open_buy, open_sell)


def standing(equity: float | str, *holdings: Holding, **fields: Any) -> Standing:
    """An account that is CLOSE_ONLY, with that equity."""
    plain = Standing(
        7, AccountState.CLOSE_ONLY, cash(equity), sum(one.maintenance for one in holdings), holdings,
        last_client_order_id=41,
    )  # fmt: skip
    return replace(plain, **fields)


def plenty(instrument: int, side: int, at: int) -> int:
    """A book that has lots at every price."""
    return 1 << 40
