"""Two replays from one state: as recorded, and changed; and what is different then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from openbell import wire
from openbell.errors import InvalidInput

from engine.journal.commands import Names, Records
from engine.travel.following import follow
from engine.travel.past import Past
from engine.travel.replaying import Replay
from engine.travel.view import View
from engine.travel.whatif.change import Alter, Change, Insert, Remove, inserted
from engine.travel.whatif.changed import Changed, Orders
from engine.travel.whatif.fills import END_COMPARED, FILL_COMPARED, Collected, Key, accepted, differing, of_order
from engine.travel.whatif.ids import INSERTED, Ids, ids_for
from engine.travel.which import Named, find, live
from ext.core import Core

_FIGURES: Final = ("cash", "hold", "fees", "realized_pnl")


@dataclass(frozen=True, slots=True)
class Standing:
    """An order right after the command that entered it, or at the end. row: OrderRow; ahead, orders: in its queue."""

    row: Any
    ahead: int
    orders: int


@dataclass(slots=True)
class Side:
    """Of an order in one of the two replays. fills, ends: its FILL and END records (engine.travel.whatif.fills).

    entered: after the command that entered it; None: it was not live then, or not there. last: at the end.
    """

    fills: Records
    ends: Records
    entered: Standing | None = None
    last: Standing | None = None


@dataclass(slots=True)
class Affected:
    """An order that has other fills, or ends otherwise."""

    key: Key
    instrument: int
    side: int
    before: Side
    after: Side
    has_other_fills: bool


@dataclass(slots=True)
class Account:
    """An account that has something else at the end: figures and lots by instrument, (before, after) each."""

    account: int
    figures: dict[str, tuple[int, int]]
    lots: dict[int, tuple[int, int]]


@dataclass(slots=True)
class Difference:
    """What the change brings. key: the order that is inserted, removed or changed.

    first_seq to last_seq were replayed, as `commands_before` and `commands_after` commands. orders: that traded in
    either replay. left_out: busts and corrections of trades that are not made in the changed one. as_recorded, changed:
    the market at the end of each.
    """

    change: Change
    key: Key
    names: Names
    first_seq: int
    last_seq: int
    commands_before: int
    commands_after: int
    left_out: int
    fills_before: int
    fills_after: int
    orders: int
    its: Affected
    as_recorded: View
    changed: View
    others: list[Affected] = field(default_factory=list)
    accounts: list[Account] = field(default_factory=list)


def insertion(past: Past, text: str, at_seq: int, ts_ns: int | None = None) -> Insert:
    """An order that comes right after a command, at `ts_ns` or that command's time. Raises InvalidInput."""
    view = past.at(at_seq)
    command = inserted(text, view)
    command["ts_ns"] = view.ts_ns if ts_ns is None else max(ts_ns, view.ts_ns)
    return Insert(command, at_seq)


def removal(past: Past, order: str) -> Remove:
    """A recorded order that is left out. Raises InvalidInput."""
    named, entry = _entry(past, order, "remove")
    return Remove(named, int(entry["seq"]))


def alteration(past: Past, order: str, values: dict[str, int]) -> Alter:
    """A recorded order with other terms. Raises InvalidInput."""
    named, entry = _entry(past, order, "change")
    change = Alter(named, int(entry["seq"]), values)
    change.apply(entry.reshape(1))  # tells of fields that its command does not have
    return change


def _entry(past: Past, order: str, what: str) -> tuple[Named, Any]:
    """The order and the command that entered it: the one that was accepted; where none was, the first attempt."""
    named = find(past, order, field=what)
    if not named.first_seq:
        raise InvalidInput(
            f"{what}: order {order} was entered before seq {past.first:,}, the first state that is kept", field=what,
            limit=past.first, value=order,
        )  # fmt: skip
    return named, follow(past, named).entry


def difference(past: Past, change: Change, last_seq: int | None = None) -> Difference:
    """Replay as recorded and changed, side by side, up to `last_seq` (the last command). Raises InvalidInput,
    JournalError, OSError."""
    last_seq = past.last if last_seq is None else last_seq
    if last_seq < change.first_seq - isinstance(change, Insert):
        raise InvalidInput(
            f"until: seq {last_seq:,} is before the change, at {change.first_seq:,}", field="until",
            limit=change.first_seq, value=last_seq,
        )  # fmt: skip
    core, reader = past.before(change.first_seq)
    with reader:
        replay = Replay(core, reader)
        for _ in replay.pieces(change.first_seq - 1):
            pass  # the same in both
        return _Fork(past, change, core).run(replay, last_seq)


class _Fork:
    def __init__(self, past: Past, change: Change, core: Core) -> None:
        self._change = change
        self._core = core
        self._collected = Collected()
        self._orders = Orders.of(core)
        ids: Ids | None = None
        if isinstance(change, Insert):
            account = int(change.command["account"])
            last = View(core).account(account).last_client_order_id
            ids = ids_for(past, account, change.after_seq, last)
            self._key: Key = (account, INSERTED)
            change.command["client_order_id"] = ids.new
            self._key_after: Key = (account, ids.new)
        else:
            self._key = self._key_after = (change.order.account, change.order.client_order_id)
        self._changed = Changed(Core.restore(core.snapshot()), change, ids, self._orders, self._collected)

    def run(self, replay: Replay, last_seq: int) -> Difference:
        """To the end, and compare."""
        change, core, other = self._change, self._core, self._changed
        began = core.seq
        entered: list[Standing | None] = [None, None]
        if isinstance(change, Insert):
            other.insert(change.command)
            entered[1] = standing(other.core, self._key_after)
        for piece in replay.pieces(last_seq, [change.first_seq]):
            self._orders.learn(accepted(piece.events))
            self._collected.add(piece.events)
            other.take(piece)
            if core.seq == change.first_seq and not isinstance(change, Insert):
                entered = [standing(core, self._key), standing(other.core, self._key_after)]
        fills = self._collected.fills, other.collected.fills
        ends = self._collected.ends, other.collected.ends
        by_fills = differing(*fills, FILL_COMPARED)
        found = by_fills | differing(*ends, END_COMPARED)
        its = self._affected(self._key, fills, ends, self._key in by_fills)
        its.before.entered, its.after.entered = entered
        its.before.last, its.after.last = standing(core, self._key), standing(other.core, self._key_after)
        view = View(core)
        traded = np.unique(np.concatenate([one[["account", "client_order_id"]] for one in fills]))
        return Difference(
            change, self._key, _names(view), change.first_seq, last_seq, core.seq - began, other.commands,
            other.left_out, len(fills[0]) // 2, len(fills[1]) // 2, len(traded), its, view, View(other.core),
            [self._affected(key, fills, ends, key in by_fills) for key in sorted(found - {self._key})],
            _accounts(core, other.core),
        )  # fmt: skip

    def _affected(self, key: Key, fills: Sequence[Records], ends: Sequence[Records], by_fills: bool) -> Affected:
        before, after = (Side(of_order(one, key), of_order(two, key)) for one, two in zip(fills, ends, strict=True))
        records = [one for side in (before, after) for one in (side.fills, side.ends) if len(one)]
        instrument, side = (int(records[0][name][0]) if records else 0 for name in ("instrument", "side"))
        return Affected(key, instrument, side, before, after, by_fills)


def standing(core: Core, key: Key) -> Standing | None:
    """Where an order is now; None where it is not live."""
    row = live(core, *key)
    if row is None:
        return None
    ahead, orders = int(row["level_qty_ahead"]), 0
    if row["place"] == wire.Place.BOOK:
        rows = np.frombuffer(core.orders(None, int(row["instrument"])), wire.ORDER_ROW)
        names = ("place", "side", "price")
        level = rows[np.logical_and.reduce([rows[name] == row[name] for name in names])]
        orders = level["order_id"].tolist().index(int(row["order_id"]))
    return Standing(row, ahead, orders)


def _names(view: View) -> Names:
    names = Names()
    names.accounts, names.instruments = view.account_names, view.symbols
    return names


def _accounts(before: Core, after: Core) -> list[Account]:
    """Accounts whose figures or lots are not the same."""
    rows = [np.frombuffer(core.accounts(), wire.ACCOUNT_ROW) for core in (before, after)]
    lots = [_lots(core) for core in (before, after)]
    found = []
    for one, two in zip(*rows, strict=True):
        number = int(one["account"])
        figures = {name: (int(one[name]), int(two[name])) for name in _FIGURES if one[name] != two[name]}
        had, has = (of.get(number, {}) for of in lots)
        pairs = {instrument: (had.get(instrument, 0), has.get(instrument, 0)) for instrument in sorted({*had, *has})}
        moved = {instrument: pair for instrument, pair in pairs.items() if pair[0] != pair[1]}
        if figures or moved:
            found.append(Account(number, figures, moved))
    return found


def _lots(core: Core) -> dict[int, dict[int, int]]:
    """By account and instrument."""
    rows = np.frombuffer(core.positions(), wire.POSITION_ROW)
    found: dict[int, dict[int, int]] = {}
    for account, instrument, qty in zip(
        *(rows[name].tolist() for name in ("account", "instrument", "qty")), strict=True
    ):
        found.setdefault(account, {})[instrument] = qty
    return found
