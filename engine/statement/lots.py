"""An account's tax lots out of its transfers: what is open, and what was paired, first in, first out (docs/lots.md)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np
from openbell import wire
from openbell.records import EVENT
from openbell.wire import EventKind, Side

from engine.projector.batch import EPOCH
from engine.statement.contents import Gain, Lot
from engine.statement.history import OF_TRADES, Leg
from ext.taxlots.asked import lots_of, pairs_of, realized_of
from ext.taxlots.machine import TaxLots

ACCOUNT: Final = 0  # there is one only
EVERYTHING: Final = (1 << 63) - 1  # that was paired is kept
CASH_OF_PRICE: Final = wire.CASH_SCALE // wire.PRICE_SCALE
_FIELDS: Final = wire.EVENT.names or ()


class LotHistory:
    """Takes movements and splits in their order. instruments: rows with instrument, symbol, lot_size."""

    def __init__(self, instruments: Iterable[Any]) -> None:
        self._instruments = {row["instrument"]: row for row in instruments}
        self._machine = TaxLots(EVERYTHING)
        self._held: set[int] = set()  # instruments
        self._gains: list[Gain] = []

    def take(self, leg: Leg, cost_of_deposit: int) -> None:
        """A movement of lots. cost_of_deposit: of all lots of a DEPOSIT_SHARES."""
        row, lots = leg.row, leg.lots
        if row["kind"] in OF_TRADES:
            each = self._each(row["instrument"])
            # A void trade is told with what was taken back.
            is_buy = (lots > 0) != (row["kind"] == EventKind.TRADE_BUSTED)
            price = row["cash"] // (abs(lots) * each)
            side = Side.BUY if is_buy else Side.SELL
            self._say(
                row, row["kind"], row["instrument"], side=side, qty=abs(lots), price=price, trade_id=row["trade_id"]
            )
        elif row["kind"] == EventKind.SHARES:
            cost = cost_of_deposit // lots if lots > 0 else 0
            self._say(row, EventKind.SHARES, row["instrument"], price=lots, order_id=cost)

    def split(self, row: Any) -> None:
        """A SPLIT of an instrument, a row of operations."""
        instrument, (new, old, price, *_) = row["instrument"], row["given"]
        if instrument not in self._held:
            return
        self._keep_pairs(instrument)
        lots = sum(lot[1] for lot in self._open(instrument))
        before = realized_of(self._machine, ACCOUNT, instrument)
        self._say(row, EventKind.SPLIT_DONE, instrument, price=new, order_id=old, trade_id=price)
        rest = abs(lots) * new % old
        if rest:
            each = self._each(instrument)
            lieu = min(wire.MAX_CASH, rest * price * each // new)
            gain = realized_of(self._machine, ACCOUNT, instrument) - before
            cost, proceeds = (lieu - gain, lieu) if lots > 0 else (lieu, lieu + gain)
            symbol = self._instruments[instrument]["symbol"]
            self._gains.append(Gain(row["ts"], f"fraction of {symbol}, {new:,} for {old:,}", None, cost, proceeds))

    def gains(self) -> list[Gain]:
        """What was closed by trades and splits, in the order of their times."""
        for instrument in self._held:
            self._keep_pairs(instrument)
        return sorted(self._gains, key=lambda gain: gain.ts)

    def lots(self) -> list[Lot]:
        """What is open, by symbol, the earliest first."""
        found = []
        for instrument in sorted(self._held, key=lambda one: self._instruments[one]["symbol"]):
            row = self._instruments[instrument]
            found += [
                Lot(row["symbol"], moment(ts_ns), lots * row["lot_size"], cost)
                for ts_ns, lots, cost in self._open(instrument)
            ]
        return found

    def _each(self, instrument: int) -> int:
        """Cash of a lot at a price of 1e-4."""
        each: int = self._instruments[instrument]["lot_size"] * CASH_OF_PRICE
        return each

    def _open(self, instrument: int) -> list[tuple[int, int, int]]:
        """Times, lots and costs."""
        position = np.zeros(1, wire.POSITION_ROW)
        position["account"], position["instrument"] = ACCOUNT, instrument
        rows = np.frombuffer(lots_of(self._machine, position.tobytes()), wire.LOT_ROW)
        found: list[tuple[int, int, int]] = rows[["ts_ns", "qty", "cost"]].tolist()
        return found

    def _keep_pairs(self, instrument: int) -> None:
        """What is paired by now, which nothing changes any more."""
        row = self._instruments[instrument]
        for bought, sold, lots in pairs_of(self._machine, ACCOUNT, instrument):
            if not sold[2]:
                continue  # shares that went elsewhere
            is_short = sold[:3] < bought[:3]
            opened, closed = (sold, bought) if is_short else (bought, sold)
            how = "sold short" if is_short else "bought" if bought[2] else "came"
            since = f"{moment(opened[0]):%Y-%m-%d}"
            text = f"{row['symbol']}, {how} {since}{_trade(opened[2])}, closed by trade {closed[2]}"
            self._gains.append(Gain(moment(closed[0]), text, lots * row["lot_size"], bought[3], sold[3]))

    def _say(self, row: Any, kind: int, instrument: int, **fields: int) -> None:
        """To the machine, as the core would have."""
        self._held.add(instrument)
        given = dict.fromkeys(_FIELDS, 0) | {
            "seq": row["seq"], "ts_ns": (row["ts"] - EPOCH) // timedelta(microseconds=1) * 1000, "kind": kind,
            "account": ACCOUNT, "instrument": instrument, **fields,
        }  # fmt: skip
        self._machine.apply(EVENT.pack(*given.values()), self._rows)

    def _rows(self) -> bytes:
        """What a lot is of each instrument."""
        rows = np.zeros(len(self._instruments), wire.INSTRUMENT_ROW)
        rows["instrument"] = list(self._instruments)
        rows["lot_size"] = [row["lot_size"] for row in self._instruments.values()]
        return rows.tobytes()


def moment(ts_ns: int) -> datetime:
    """A time, to the microsecond."""
    return EPOCH + timedelta(microseconds=ts_ns // 1000)


def _trade(trade_id: int) -> str:
    return f" by trade {trade_id}" if trade_id else ""
