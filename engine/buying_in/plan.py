"""What a buy-in would buy, at which price at worst, and what is in its way (docs/borrow.md, "Buy-in").

Price protection and bounds are those of a slice of a liquidation (engine/liquidation/slices.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from openbell import wire
from openbell.prices import format_price
from openbell.wire import AccountState, Side

from engine.liquidation.rows import Depths, Quotes
from engine.liquidation.slices import protected_price, valid_price
from engine.liquidation.standing import CASH_OF_PRICE, Quote
from ext.core import Core

Rows = np.ndarray[Any, Any]
LAST_ID: Final = (1 << 64) - 1


class NoBuyIn(Exception):
    """It cannot be done now; nothing was changed. field: what is in its way, with limit and value."""

    def __init__(self, text: str, *, field: str, limit: int | None = None, value: int | None = None) -> None:
        super().__init__(text)
        self.field, self.limit, self.value = field, limit, value


@dataclass(frozen=True, slots=True)
class Plan:
    """lots at `price` or better. short: what the account owes; located: for it; recalled: lots that were lent of the
    instrument and are not there any more; displayed: lots that are offered at that price or better.

    bound: what kept it to fewer lots than were asked for, empty: nothing did. cancels: whether its own orders in the
    instrument have to go first.
    """

    account: int
    instrument: int
    symbol: str
    short: int
    located: int
    recalled: int
    mark: int
    lots: int
    price: int
    displayed: int
    bound: str
    cancels: bool
    lot_size: int
    client_order_id: int


def plan_of(core: Core, protection: int, account: int, instrument: int, lots: int, limit_price: int | None) -> Plan:
    """A buy-in of so many lots, at the protected price (protection: 1e-4 above the mark), or at `limit_price` where
    that is lower. Raises NoBuyIn."""
    row = _row(core.accounts(), wire.ACCOUNT_ROW, account=account)
    position = _row(core.positions(account), wire.POSITION_ROW, instrument=instrument)
    quote = Quotes(core)[instrument]
    qty = 0 if position is None else int(position["qty"])
    if qty >= 0:
        raise NoBuyIn(f"the account owes no {quote.symbol}: it holds {qty:,} lots", field="qty", limit=0, value=lots)
    if lots > -qty:
        raise NoBuyIn(f"qty: it owes {-qty:,} lots of {quote.symbol}", field="qty", limit=-qty, value=lots)
    if int(row["state"]) == AccountState.BLOCKED:
        text = "the account is BLOCKED: no order of it is taken; unkill it, to REDUCE_ONLY or CLOSE_ONLY"
        raise NoBuyIn(text, field="ACCOUNT_STATE", value=int(AccountState.BLOCKED))
    if not quote.is_open:
        raise NoBuyIn(f"{quote.symbol} is not OPEN", field="INSTRUMENT_STATE")
    exposure = _row(core.exposures(account), wire.EXPOSURE_ROW, instrument=instrument)
    mark, price = _price(quote, int(exposure["mark"]), protection, limit_price)
    displayed = Depths(core)(instrument, Side.BUY, price)
    if displayed <= 0:
        text = f"nobody offers {quote.symbol} at {format_price(price)} or less"
        raise NoBuyIn(text, field="price", limit=price)
    bound, most = _most(row, quote, lots, price)
    located = _row(core.locates(), wire.LOCATE_ROW, account=account, instrument=instrument)
    borrow = _row(core.borrows(), wire.BORROW_ROW, instrument=instrument)
    last_id, open_orders, max_open = (
        int(row[name]) for name in ("last_client_order_id", "open_orders", "max_open_orders")
    )
    return Plan(
        account, instrument, quote.symbol, -qty, 0 if located is None else int(located["located"]),
        max(0, int(borrow["lent"]) - int(borrow["inventory"])), mark, most, price, displayed, bound,
        most > -qty - int(position["open_buy"]) or 0 < max_open <= open_orders, quote.lot_size,
        last_id + 1 if last_id < LAST_ID else core.seq,
    )  # fmt: skip


def _row(data: bytes, dtype: np.dtype[Any], **where: int) -> Any:
    """The first row of which this holds; None."""
    rows: Rows = np.frombuffer(data, dtype)
    for name, value in where.items():
        rows = rows[rows[name] == value]
    return rows[0] if len(rows) else None


def _price(quote: Quote, mark: int, protection: int, limit_price: int | None) -> tuple[int, int]:
    """The mark, and the worst price that it may trade at."""
    if not mark:
        raise NoBuyIn(f"the position in {quote.symbol} has no mark yet: ctl risk --marks", field="mark", limit=0)
    price = protected_price(mark, quote, Side.BUY, protection)
    if limit_price is not None and price > limit_price:
        price = valid_price(limit_price, quote.steps, Side.BUY)
    if not price:
        text = f"there is no valid price for {quote.symbol} within protection, collar and bands"
        raise NoBuyIn(text, field="price")
    return mark, price


def _most(row: Any, quote: Quote, lots: int, price: int) -> tuple[str, int]:
    """What bounds it, and the lots of one order."""
    each = price * quote.lot_size * CASH_OF_PRICE
    notionals = (int(row["max_order_notional"]), quote.max_order_notional, wire.MAX_NOTIONAL)
    qtys = (int(row["max_order_qty"]), quote.max_order_qty, wire.MAX_QTY)
    bounds = [("", lots)]
    bounds += [("max_order_qty", one) for one in qtys if one]
    bounds += [("max_order_notional", one // each) for one in notionals if one]
    bound, most = min(bounds, key=lambda one: one[1])
    if not most:
        text = f"one lot of {quote.symbol} at {format_price(price)} is more than max_order_notional"
        raise NoBuyIn(text, field="ORDER_NOTIONAL")
    return bound, most
