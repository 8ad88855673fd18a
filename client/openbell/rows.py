"""Answers to queries as typed rows: prices in 1e-4, cash in 1e-6 of the currency, quantities in lots."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from decimal import Decimal
from typing import Any, TypeVar

from openbell.prices import to_decimal

RowT = TypeVar("RowT")


@dataclass(frozen=True, slots=True)
class OrderInfo:
    """A live order. side: wire.Side; tif: wire.TimeInForce; hold: cash held for it; shown: lots that are displayed.

    stop_price: what triggers a stop that waits; offset: of a trailing stop (with wire.ModeFlag.TRAIL_PERCENT in modes:
    basis points) or a peg; cap: of a peg, as it was asked for, 0: none; expire_ns: of GTD; session: the login that
    entered it.
    role: wire.Role; link_id: client order id of the next order that trades at its expense, of a parent that of a child;
    parent_id: of a child, that of the order that it waits for. See docs/linked.md.
    """

    order_id: int = 0
    client_order_id: int = 0
    price: int = 0
    account: int = 0
    instrument: int = 0
    leaves: int = 0
    filled: int = 0
    side: int = 0
    tif: int = 0
    flags: int = 0
    self_trade: int = 0
    order_type: int = 0
    place: int = 0
    peg: int = 0
    modes: int = 0
    level_qty_ahead: int = 0
    hold: int = 0
    group: int = 0
    shown: int = 0
    stop_price: int = 0
    offset: int = 0
    expire_ns: int = 0
    session: int = 0
    role: int = 0
    cap: int = 0
    link_id: int = 0
    parent_id: int = 0
    symbol: str = ""


@dataclass(frozen=True, slots=True)
class PositionInfo:
    """A position. qty is negative when short; cost is the cash paid for it at average cost."""

    account: int = 0
    instrument: int = 0
    qty: int = 0
    cost: int = 0
    realized_pnl: int = 0
    open_buy: int = 0
    open_sell: int = 0
    symbol: str = ""


@dataclass(frozen=True, slots=True)
class AccountInfo:
    """An account. A limit of 0 means none.

    cash: all of it; settled: what of it has settled, unsettled: what has not (cash = settled + unsettled); hold: what
    open buy orders and withdrawals hold; withdrawals: what of that is held for withdrawals; withdrawable: what may be
    taken out; fees: sum of those of its fills since ever; currency: empty: it trades in all; plan: number of its plan
    of fees, 0: none. docs/ledger.md. risk_type: wire.RiskType; what a MARGIN account may
    buy for is not `free`, but what its equity carries (docs/risk.md).
    """

    account: int = 0
    name: str = ""
    state: int = 0
    flags: int = 0
    cash: int = 0
    hold: int = 0
    short_proceeds: int = 0
    account_seq: int = 0
    max_order_qty: int = 0
    max_order_notional: int = 0
    max_position: int = 0
    max_open_orders: int = 0
    max_messages: int = 0
    open_orders: int = 0
    realized_pnl: int = 0
    last_client_order_id: int = 0
    settled: int = 0
    unsettled: int = 0
    withdrawals: int = 0
    withdrawable: int = 0
    fees: int = 0
    currency: str = ""
    plan: int = 0
    risk_type: int = 0

    @property
    def held(self) -> int:
        """Cash held for open buy orders and withdrawals."""
        return self.hold

    @property
    def free(self) -> int:
        """Cash that new orders may use; a buy needs its fees beside its price."""
        return self.cash - self.hold - self.short_proceeds


@dataclass(frozen=True, slots=True)
class InstrumentInfo:
    """An instrument and its day so far. bid_price or ask_price 0: that side is empty.

    halt_reason: wire.HaltReason, while it is halted; auction_kind: wire.AuctionKind, and auction_ns: when that is held
    (0: when an operator says so), while it is in a call; extensions: how often that was put off, extension_reason:
    wire.ExtensionReason of the last time; band_lower, band_upper: its price bands, 0: none. ticks: its ticks by price,
    [price from which on, tick] each, where it has some: operators are told of them.
    """

    instrument: int = 0
    symbol: str = ""
    state: int = 0
    halt_reason: int = 0
    auction_kind: int = 0
    short_restricted: int = 0
    tick_size: int = 0
    lot_size: int = 0
    currency: str = ""
    round_lot: int = 0
    reference_price: int = 0
    collar_bps: int = 0
    max_order_qty: int = 0
    max_order_notional: int = 0
    bid_price: int = 0
    ask_price: int = 0
    bid_qty: int = 0
    ask_qty: int = 0
    trades: int = 0
    volume: int = 0
    orders: int = 0
    auction_ns: int = 0
    band_lower: int = 0
    band_upper: int = 0
    extensions: int = 0
    extension_reason: int = 0
    ticks: list[list[int]] = field(default_factory=list)

    @property
    def last_price(self) -> Decimal:
        """The reference price in the currency: of the last trade, or as set."""
        return to_decimal(self.reference_price)

    @property
    def band_state(self) -> str:
        """How its best prices stand to its bands, in words of the Limit Up-Limit Down Plan: "limit up" or "limit down"
        (a limit state, section VI(B)(1)), "straddle" (VII(A)(2): a bid below them, or an offer above), "" otherwise."""
        if not self.band_lower:
            return ""
        if self.bid_price >= self.band_upper // self._tick_at(self.band_upper) * self._tick_at(self.band_upper):
            return "limit up"
        if 0 < self.ask_price <= -(-self.band_lower // self._tick_at(self.band_lower)) * self._tick_at(self.band_lower):
            return "limit down"
        return "straddle" if 0 < self.bid_price < self.band_lower or self.ask_price > self.band_upper else ""

    def _tick_at(self, price: int) -> int:
        return next((tick for begin, tick in reversed(self.ticks) if begin <= price), self.tick_size)


@dataclass(frozen=True, slots=True)
class FillInfo:
    """One side of a trade. flags: wire.EventFlag."""

    seq: int = 0
    ts_ns: int = 0
    account_seq: int = 0
    account: int = 0
    instrument: int = 0
    side: int = 0
    flags: int = 0
    qty: int = 0
    price: int = 0
    order_id: int = 0
    client_order_id: int = 0
    leaves: int = 0
    filled: int = 0
    trade_id: int = 0
    symbol: str = ""


@dataclass(frozen=True, slots=True)
class WithdrawalInfo:
    """A withdrawal that is on its way. amount: cash that is held for it; ts_ns: since when."""

    number: int = 0
    amount: int = 0
    ts_ns: int = 0
    account: int = 0
    account_name: str = ""


def rows_of(kind: type[RowT], rows: Iterable[Mapping[str, Any]], symbols: Mapping[int, str]) -> list[RowT]:
    """Typed rows of a reply's objects; fields that this release does not know are left out."""
    names = {field.name for field in fields(kind)}  # type: ignore[arg-type]
    made = []
    for row in rows:
        known = {name: value for name, value in row.items() if name in names}
        if "symbol" in names and "symbol" not in known and "instrument" in known:
            known["symbol"] = symbols.get(known["instrument"], "")
        made.append(kind(**known))
    return made
