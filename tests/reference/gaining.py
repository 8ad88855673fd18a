"""The machine of tax lots beside the reference, over what a core says: docs/lots.md."""

from __future__ import annotations

from collections import Counter
from enum import IntEnum
from typing import Any

import numpy as np
from openbell import wire
from openbell.wire import EventKind, Side

from ext.core import Core
from ext.taxlots.asked import gains_of, lots_of
from ext.taxlots.machine import TaxLots
from ext.taxlots.saved import load, state_of
from tests.reference.lots import CASH_OF_PRICE, Lot, Lots, Open, Position, joined
from tests.reference.market import Market
from tests.reference.records import events_of

AMENDED = (EventKind.TRADE_BUSTED, EventKind.TRADE_CORRECTED)
OF_POSITIONS = (EventKind.FILL, EventKind.SHARES, *AMENDED)


class Gained(IntEnum):
    """What docs/lots.md names, and a proof has to meet."""

    LONG_CLOSED = 1
    SHORT_CLOSED = 2
    TURNED = 3  # through 0 by one trade
    SHARES_IN = 4
    SHARES_OUT = 5
    BUST_OF_OPEN = 6  # a lot that is open, whole or in part
    BUST_OF_PAIRED = 7
    CORRECTED_OPEN = 8
    CORRECTED_PAIRED = 9
    SPLIT_LONG = 10
    SPLIT_SHORT = 11
    SPLIT_FRACTION = 12
    AMENDED_AFTER_SPLIT = 13
    GAIN_OF_ANOTHER_DAY = 14


def net(position: Position) -> int:
    """Lots that are open; below 0: short."""
    bought, sold = (sum(lot.qty for lot in row) for row in position.rows)
    return bought - sold


class Gaining:
    """Both, told the same. off: of a position, how far parts of lots may be apart that were cut elsewhere."""

    def __init__(self, model: Market) -> None:
        self.machine = TaxLots()
        self.reference = Lots(lambda instrument: model.state.instruments[instrument].lot_size)
        self.off: dict[tuple[int, int], int] = {}
        self.odd: set[tuple[int, int]] = set()  # of which something was amended that was not so
        self.left: set[tuple[int, int]] = set()
        self.met: Counter[Gained] = Counter()
        self.sales: dict[tuple[int, int], int] = {}  # how often something was truncated, at most

    def hear(self, events: bytes, core: Core) -> None:
        self.machine.apply(events, core.instruments)
        for event in events_of(events):
            key = event.account, event.instrument
            if event.kind in AMENDED and not self._are_facts(event):
                self.odd.add(key)
            if event.kind in OF_POSITIONS and key in self.odd:
                continue
            self._count(event)
            self.reference.hear(event)
            self.sales[key] = self.sales.get(key, 0) + 1
            if event.kind in AMENDED and self.reference.positions[key].is_rounded:
                self.off[key] = self.off.get(key, 0) + 2 * self.sales[key]

    def _are_facts(self, event: Any) -> bool:
        """Whether the trade was what an operator says. The engine looks that up; here nobody does (docs/busts.md)."""
        if event.kind == EventKind.TRADE_CORRECTED:
            return True  # after what it was
        position = self.reference.positions.get((event.account, event.instrument), Position())
        cost = event.qty * event.price * self.reference.lot_size(event.instrument) * CASH_OF_PRICE
        return any(
            (lot.trade_id, lot.qty, lot.cost) == (event.trade_id, event.qty, cost) for lot in position.rows[event.side]
        )

    def _count(self, event: Any) -> None:
        """What of Gained comes now."""
        kind, met = event.kind, self.met
        if kind == EventKind.SPLIT_DONE:
            for (_, instrument), position in self.reference.positions.items():
                if instrument == event.instrument and (lots := net(position)):
                    met[Gained.SPLIT_LONG if lots > 0 else Gained.SPLIT_SHORT] += 1
                    met[Gained.SPLIT_FRACTION] += abs(lots) * event.price % event.order_id > 0
        if kind not in OF_POSITIONS:
            return
        position = self.reference.positions.get((event.account, event.instrument), Position())
        lots = net(position)
        if kind == EventKind.SHARES:
            met[Gained.SHARES_IN if event.price > 0 else Gained.SHARES_OUT] += 1
            if event.price < 0:
                self.left.add((event.account, event.instrument))
        elif kind == EventKind.FILL:
            met[Gained.LONG_CLOSED] += event.side == Side.SELL and lots > 0
            met[Gained.SHORT_CLOSED] += event.side == Side.BUY and lots < 0
            met[Gained.TURNED] += (lots > 0) == (event.side == Side.SELL) and 0 < abs(lots) < event.qty
            met[Gained.GAIN_OF_ANOTHER_DAY] += position.morning != 0
        else:
            met[Gained.AMENDED_AFTER_SPLIT] += position.is_rounded
            row, other = position.rows[event.side], position.rows[1 - event.side]
            before = [lot.qty for lot in row if (lot.seq, lot.trade_id) < self._place_of(row, event)]
            is_open = sum(before) >= sum(lot.qty for lot in other)
            if kind == EventKind.TRADE_BUSTED:
                met[Gained.BUST_OF_OPEN if is_open else Gained.BUST_OF_PAIRED] += 1
            else:
                met[Gained.CORRECTED_OPEN if is_open else Gained.CORRECTED_PAIRED] += 1

    def _place_of(self, row: list[Lot], event: Any) -> tuple[int, int]:
        """Of the trade that is amended among the lots of its side."""
        if event.kind == EventKind.TRADE_CORRECTED:
            _, void = self.reference.void
            assert void is not None
            return void.seq, void.trade_id
        return next((lot.seq, lot.trade_id) for lot in row if lot.trade_id == event.trade_id)

    def check(self, core: Core) -> None:
        """What both have, and what must hold beside average cost."""
        positions = np.frombuffer(core.positions(), wire.POSITION_ROW)
        gains = np.frombuffer(gains_of(self.machine, positions.tobytes(), core.exposures()), wire.GAIN_ROW)
        for position, gain in zip(positions, gains, strict=True):
            key = int(position["account"]), int(position["instrument"])
            self._check_lots(key, position)
            if key in self.odd:
                continue
            realized, today = self.reference.realized(*key)
            if max(abs(realized), abs(int(position["realized_pnl"])), abs(int(position["cost"]))) >= wire.MAX_CASH // 4:
                continue  # it may have stopped at its bound
            off = self.off.get(key, 0)
            assert abs(int(gain["realized_fifo"]) - realized) <= off, key
            assert abs(int(gain["today_fifo"]) - today) <= 2 * off, key
            on_the_whole = [int(gain[f"realized_{way}"]) - int(gain[f"cost_{way}"]) for way in ("fifo", "average")]
            # Each sale, bust and split may truncate once; a bust at average cost once more.
            most = 4 * self.sales.get(key, 0) + off
            # Shares that went elsewhere went at another cost.
            assert key in self.left or abs(on_the_whole[0] - on_the_whole[1]) <= most, key
        self._check_state()

    def _check_lots(self, key: tuple[int, int], position: Any) -> None:
        rows = np.frombuffer(lots_of(self.machine, position.tobytes()), wire.LOT_ROW)
        ours = joined([Open(*row) for row in rows[list(Open._fields)].tolist()])
        assert sum(lot.qty for lot in ours) == position["qty"], key
        if key in self.odd:
            return
        theirs = self.reference.lots(*key)
        assert [lot[:4] for lot in ours] == [lot[:4] for lot in theirs], key
        for mine, other in zip(ours, theirs, strict=True):
            assert abs(mine.cost - other.cost) <= self.off.get(key, 0), key

    def _check_state(self) -> None:
        state = state_of(self.machine)
        self.machine = TaxLots()
        load(self.machine, state)
        assert state_of(self.machine) == state
