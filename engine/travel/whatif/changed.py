"""The changed replay: takes recorded commands, and applies to a core of its own what they are there.

Numbers of commands go on without a gap, so those after an order more or less are others. Engine ids are given by the
core and are others, too: a command that names an order by its order_id means the same order, by account and
client_order_id, whatever its id is here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from openbell import wire
from openbell.wire import CommandKind

from engine.journal.commands import Records
from engine.travel.replaying import Piece
from engine.travel.whatif.change import Alter, Change, Remove
from engine.travel.whatif.fills import Collected, Key, accepted
from engine.travel.whatif.ids import Ids
from engine.travel.which import entering
from ext.core import Core

NO_ORDER: Final = (1 << 64) - 1  # an order_id that no order ever has
BY_ID: Final = (CommandKind.CANCEL, CommandKind.REPLACE)
_IDENTITY: Final = (
    "instrument", "price", "qty", "ts_ns", "account", "client_order_id", "other_account", "other_client_order_id",
)  # fmt: skip


@dataclass(slots=True)
class Orders:
    """Which order has which engine id, in one replay."""

    ids: dict[Key, int] = field(default_factory=dict)
    keys: dict[int, Key] = field(default_factory=dict)

    @classmethod
    def of(cls, core: Core) -> Orders:
        """The live ones."""
        made = cls()
        if core.seq:
            rows = np.frombuffer(core.orders(), wire.ORDER_ROW)
            columns = (rows[name].tolist() for name in ("account", "client_order_id", "order_id"))
            made.learn(
                [((account, client_id), order_id) for account, client_id, order_id in zip(*columns, strict=True)]
            )
        return made

    def learn(self, found: list[tuple[Key, int]]) -> None:
        """Take up new ones."""
        self.ids.update(found)
        self.keys.update((order_id, key) for key, order_id in found)


class Changed:
    """A core, and what comes of it. orders, collected: of the replay as recorded, which is ahead by a piece.

    left_out: busts and corrections of trades that are not made here.
    """

    def __init__(self, core: Core, change: Change, ids: Ids | None, orders: Orders, collected: Collected) -> None:
        self.core = core
        self.collected = Collected()
        self.left_out = 0
        self.commands = 0
        self._change = change
        self._client_ids = ids
        self._recorded, self._recorded_fills = orders, collected
        self._orders = Orders.of(core)
        rows = np.frombuffer(core.instruments(), wire.INSTRUMENT_ROW)
        self._trades_before = dict(zip(rows["instrument"].tolist(), rows["trades"].tolist(), strict=True))
        self._waiting: list[Records] = []

    def insert(self, command: Any) -> None:
        """Apply a command that was not recorded."""
        self._waiting.append(command.reshape(1))
        self._flush()

    def take(self, piece: Piece) -> None:
        """Apply what the recorded commands are here."""
        for recorded in piece.runs:
            run = self._kept(recorded)
            if not len(run):
                continue
            if run.dtype == wire.AMEND_COMMAND:
                self._flush()
                if not self._amended(run):
                    self.left_out += 1
                    continue
            elif run.dtype == wire.ORDER_COMMAND:
                run = self._named(run)
            self._waiting.append(run)
        self._flush()

    # -- what becomes of commands -----------------------------------------------------------------------------

    def _kept(self, recorded: Records) -> Records:
        """A copy, without what is removed, with other terms, with room for a client id."""
        change = self._change
        if isinstance(change, Alter):
            return change.apply(recorded).copy()
        if isinstance(change, Remove):
            kept: Records = recorded[~self._removed(recorded, change)]
            return kept.copy()
        run = recorded.copy()
        if self._client_ids is not None:
            self._client_ids.rewrite(run)
        return run

    def _removed(self, run: Records, change: Remove) -> Any:
        """Which commands enter, cancel or replace the order that is removed."""
        key = change.order.account, change.order.client_order_id
        mask = entering(run, *key)
        if run.dtype == wire.ORDER_COMMAND:
            mine = (run["account"] == key[0]) & np.isin(run["kind"], BY_ID)
            order_id = self._recorded.ids.get(key, NO_ORDER)
            by_client_id = (run["order_id"] == 0) & (run["client_order_id"] == key[1])
            mask |= mine & ((run["order_id"] == order_id) | by_client_id)
        return mask & (run["seq"] >= change.first_seq)

    def _named(self, run: Records) -> Records:
        """The rest of a run, with order ids as they are here; what comes before is applied where that has to be."""
        start = 0
        for place in np.flatnonzero(np.isin(run["kind"], BY_ID) & (run["order_id"] != 0)).tolist():
            key = self._recorded.keys.get(int(run["order_id"][place]))
            if key is not None and self._client_ids is not None:
                key = self._here(key)
            order_id = None if key is None else self._orders.ids.get(key)
            if order_id is None and key is not None and (self._waiting or place > start):
                self._waiting.append(run[start:place])
                self._flush()
                start = place
                order_id = self._orders.ids.get(key)
            run["order_id"][place] = NO_ORDER if order_id is None else order_id
        return run[start:]

    def _here(self, key: Key) -> Key:
        ids = self._client_ids
        if ids is not None and ids.shift and key[0] == ids.account and key[1] >= ids.new:
            return key[0], key[1] + 1
        return key

    def _amended(self, run: Records) -> bool:
        """Have a bust or correction name the same trade here. False where there is none."""
        command = run[0]
        instrument, trade_id = int(command["instrument"]), int(command["trade_id"])
        if trade_id <= self._trades_before.get(instrument, 0):
            return True  # of before the change
        fills = self._recorded_fills.fills
        same = (fills["instrument"] == instrument) & (fills["trade_id"] == trade_id)
        if not same.any():
            return True  # nobody made it in either replay: refused in both
        pair = fills[same][:1]
        number = np.flatnonzero(_like(fills, pair)).tolist().index(int(np.flatnonzero(same)[0]))
        here = self.collected.fills
        alike = here[_like(here, pair)]
        if number >= len(alike):
            return False
        trade = here[(here["instrument"] == instrument) & (here["trade_id"] == alike[number]["trade_id"])]
        buyer, seller = trade[np.argsort(trade["side"], kind="stable")]
        command["trade_id"], command["trade_seq"] = buyer["trade_id"], buyer["seq"]
        command["buyer_order_id"], command["seller_order_id"] = buyer["order_id"], seller["order_id"]
        return True

    def _flush(self) -> None:
        """Number what waits, and apply it."""
        parts, seq = [], self.core.seq
        for run in self._waiting:
            if len(run):
                run["seq"] = np.arange(seq + 1, seq + 1 + len(run))
                seq += len(run)
                parts.append(run.tobytes())
        self._waiting.clear()
        if not parts:
            return
        self.commands += self.core.apply(b"".join(parts))
        events = np.frombuffer(self.core.take_events(), wire.EVENT)
        self._orders.learn(accepted(events))
        self.collected.add(events if self._client_ids is None else self._client_ids.recorded(events))


def _like(fills: Records, pair: Records) -> Any:
    """Which fills are the same as that one but for the numbers of command, trade and order."""
    return np.logical_and.reduce([fills[name] == pair[name] for name in _IDENTITY])
