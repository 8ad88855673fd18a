"""What operators are told of one trade: what it was and is, and what its bust or correction does to both accounts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from openbell.wire import Side


class Party(NamedTuple):
    """One side of a trade."""

    account: int
    order_id: int
    client_order_id: int


class BeforeAfter(NamedTuple):
    """A figure before and after a bust or correction."""

    before: int
    after: int


class PartyEffect(NamedTuple):
    """What becomes of one of the accounts. Cash figures: 1e-6; position: lots. warnings: what it would not be let into
    by itself, for people."""

    account: int
    name: str
    side: Side
    cash: BeforeAfter
    free: BeforeAfter
    realized_pnl: BeforeAfter
    position: BeforeAfter
    warnings: tuple[str, ...]


class TradeReport(NamedTuple):
    """A trade. price, qty (1e-4, lots), seq, ts_ns: as it was made; now_price, now_qty, is_busted, changes: as it is.

    accounts: what was done to them, or would be; refused: why it would be refused, in words, or None.
    """

    instrument: int
    trade_id: int
    price: int
    qty: int
    seq: int
    ts_ns: int
    is_auction: bool
    aggressor: int
    buyer: Party
    seller: Party
    now_price: int
    now_qty: int
    is_busted: bool
    changes: int
    accounts: tuple[PartyEffect, ...]
    refused: str | None


def trade_report(body: Mapping[str, Any]) -> TradeReport:
    """The answer to the verbs trade, bust and correct."""
    trade, now = body["trade"], body["now"]
    refused = body.get("refused")
    return TradeReport(
        instrument=int(trade["instrument"]),
        trade_id=int(trade["trade_id"]),
        price=int(trade["price"]),
        qty=int(trade["qty"]),
        seq=int(trade["seq"]),
        ts_ns=int(trade["ts_ns"]),
        is_auction=bool(trade["is_auction"]),
        aggressor=int(trade["aggressor"]),
        buyer=_party(trade["buyer"]),
        seller=_party(trade["seller"]),
        now_price=int(now["price"]),
        now_qty=int(now["qty"]),
        is_busted=bool(now["is_busted"]),
        changes=int(now["changes"]),
        accounts=tuple(_effect(one) for one in body["accounts"]),
        refused=None if refused is None else str(refused["text"]),
    )


def as_shown(report: TradeReport | None) -> dict[str, int]:
    """Arguments of bust and correct: the trade has to be yet what this says that it is."""
    return {} if report is None else {"shown_price": report.now_price, "shown_qty": report.now_qty}


def _party(row: Mapping[str, Any]) -> Party:
    return Party(int(row["account"]), int(row["order_id"]), int(row["client_order_id"]))


def _effect(row: Mapping[str, Any]) -> PartyEffect:
    def figure(name: str) -> BeforeAfter:
        before, after = row[name]
        return BeforeAfter(int(before), int(after))

    return PartyEffect(
        account=int(row["account"]),
        name=str(row["name"]),
        side=Side(int(row["side"])),
        cash=figure("cash"),
        free=figure("free"),
        realized_pnl=figure("realized_pnl"),
        position=figure("position"),
        warnings=tuple(map(str, row["warnings"])),
    )
