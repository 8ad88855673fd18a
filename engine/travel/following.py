"""Follows one order through the journal: `follow` gives its Life.

The first pass finds what happened to it. The second one stops where that was, and looks: where the order is then, who
is ahead of it in its level's queue, which orders it is tied to.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from openbell import wire
from openbell.wire import BookKind, CommandKind, EventFlag, EventKind, Place

from engine.journal.commands import Names, Records
from engine.journal.reader import JournalReader
from engine.travel.life import Happening, Life, Move, Record, Spell
from engine.travel.past import Past
from engine.travel.replaying import Piece, Replay
from engine.travel.view import View
from engine.travel.which import Named, entering, live
from ext.core import Core

OF_ORDERS: Final = (
    EventKind.ACCEPTED, EventKind.FILL, EventKind.CANCELED, EventKind.REPLACED, EventKind.REJECTED,
    EventKind.CANCEL_REJECTED, EventKind.REPLACE_REJECTED, EventKind.TRIGGERED, EventKind.RESTATED,
    EventKind.TRADE_BUSTED, EventKind.TRADE_CORRECTED, EventKind.CHARGED, EventKind.CASH_VIOLATION,
    EventKind.DAY_TRADE,
)  # fmt: skip
REFUSED: Final = (EventKind.REJECTED, EventKind.CANCEL_REJECTED, EventKind.REPLACE_REJECTED)
OF_INSTRUMENT: Final = (
    EventKind.INSTRUMENT_STATE, EventKind.AUCTION, EventKind.AUCTION_EXTENDED, EventKind.BANDS_SET,
    EventKind.SHORT_SALE_SET,
)  # fmt: skip
MOVED: Final = {BookKind.EXECUTE: "traded", BookKind.REDUCE: "reduced", BookKind.DELETE: "left"}
_MOVERS: Final = (
    EventKind.FILL, EventKind.CANCELED, EventKind.TRIGGERED, EventKind.RESTATED, EventKind.ACCEPTED, EventKind.REPLACED,
)  # fmt: skip


def follow(past: Past, named: Named) -> Life:
    """The life of an order, as `which.find` names it. Raises JournalError, OSError."""
    core, reader = past.before(named.first_seq or past.first)
    with reader:
        replay = Replay(core, reader)
        state_before = None
        for piece in replay.pieces(named.first_seq - 1):
            state_before = _last_state(piece, named.instrument) or state_before
        state = core.snapshot()
        first_pass = _Finding(past, named, core)
        first_pass.life.state_before = state_before
        first_pass.run(replay)
    life = first_pass.life
    if life.order_id:
        with JournalReader(past.journal, first_pass.start_seq + 1) as reader:
            _Looking(life, first_pass.came_to_book).run(Core.restore(state), reader)
    return life


class _Finding:
    """The first pass. came_to_book: commands that brought the order to the end of a level's queue."""

    def __init__(self, past: Past, named: Named, core: Core) -> None:
        self._past = past
        self._named = named
        self.start_seq: int = core.seq
        self.came_to_book: list[int] = []
        self._open = True
        row = live(core, named.account, named.client_order_id)
        self.life = Life(named.account, named.client_order_id, named.instrument, Names(), past.last)
        if row is not None:  # entered before what is kept
            self.life.order_id = int(row["order_id"])
            if row["place"] == Place.BOOK:
                self.came_to_book.append(core.seq)

    def run(self, replay: Replay) -> None:
        """To the end of the journal: trades of an order that has ended may still be busted."""
        life = self.life
        replay.market_data = True
        for piece in replay.pieces(self._past.last):
            self._attempts(piece)
            self._events(piece)
            self._ties(piece)
            if life.order_id and replay.market_data:
                data = piece.data
                mine = (data["order_id"] == life.order_id) & (data["kind"] == BookKind.ADD)
                self.came_to_book += np.unique(data["seq"][mine]).tolist()
            replay.market_data = self._open
        if not life.order_id:  # what came after the last refusal, nobody lived through
            own = [place for place, one in enumerate(life.happenings) if one.is_own]
            del life.happenings[max(own, default=-1) + 1 :]
        life.row = live(replay.core, life.account, life.client_order_id)
        view = View(replay.core)
        life.names.accounts, life.names.instruments = view.account_names, view.symbols

    def _attempts(self, piece: Piece) -> None:
        """What wants to enter it; the last one before it was accepted counts."""
        life, named = self.life, self._named
        if life.order_id:
            return
        for run in piece.runs:
            mask = entering(run, named.account, named.client_order_id)
            for command in run[mask]:
                if life.entry is None:
                    life.entry = command.copy()

    def _events(self, piece: Piece) -> None:
        life, events = self.life, piece.events
        own = np.isin(events["kind"], OF_ORDERS) & (events["account"] == life.account)
        same_id = events["client_order_id"] == life.client_order_id
        accepted = own & same_id & (events["kind"] == EventKind.ACCEPTED)
        if not life.order_id and accepted.any():
            life.order_id = int(events["order_id"][accepted][0])
        if life.order_id:
            same_id = same_id | (events["order_id"] == life.order_id)
        own &= same_id
        lived_through = np.zeros(len(events), bool)
        if self._open:
            lived_through = np.isin(events["kind"], OF_INSTRUMENT) & (events["instrument"] == life.instrument)
            lived_through |= (events["kind"] == EventKind.ACCOUNT_STATE) & (events["account"] == life.account)
        for place in np.flatnonzero(own | lived_through).tolist():
            self._event(piece, place, bool(own[place]))

    def _event(self, piece: Piece, place: int, is_own: bool) -> None:
        life, event = self.life, piece.events[place]
        happening = Happening(event.copy(), piece.command(int(event["seq"])), is_own)
        kind = event["kind"]
        if not is_own:
            if life.happenings and self._open:
                life.happenings.append(happening)
            return
        if kind == EventKind.CANCEL_REJECTED and happening.command["kind"] == CommandKind.MASS_CANCEL:
            return  # the number of that, not of an order
        if kind == EventKind.CHARGED and not event["order_id"]:
            return
        if kind in REFUSED:
            happening.event = piece.events[place : place + 1].view(wire.REJECT)[0].copy()
        elif kind == EventKind.ACCEPTED and not event["flags"] & EventFlag.DUPLICATE:
            life.entry, life.instrument = happening.command, int(event["instrument"])
        elif kind == EventKind.FILL:
            happening.other = _other_side(piece.events, place)
        if kind == EventKind.CANCELED or (kind == EventKind.FILL and not event["leaves"]):
            self._open, life.end_seq = False, happening.seq
        life.happenings.append(happening)

    def _ties(self, piece: Piece) -> None:
        """Orders that named it while it lived."""
        life = self.life
        end_seq = life.last_seq if self._open else life.end_seq
        for run in piece.runs:
            if run.dtype == wire.SPECIAL_COMMAND and run["seq"][0] <= end_seq:
                mask = (run["account"] == life.account) & (run["link_id"] == life.client_order_id)
                life.tied += [command.copy() for command in run[mask & (run["seq"] <= end_seq)]]


class _Looking:
    """The second pass: to the commands of what happened, and in the queue between them."""

    def __init__(self, life: Life, came_to_book: list[int]) -> None:
        self._life = life
        self._came = set(came_to_book)
        self._by_seq: dict[int, list[Happening]] = {}
        for one in life.happenings:
            self._by_seq.setdefault(one.seq, []).append(one)
        self._queue: dict[int, int] = {}  # lots that are shown of the orders ahead
        self._lots = 0  # their sum
        self._ring: set[int] = set()  # client ids of those that it was tied to before the last stop

    def run(self, core: Core, reader: JournalReader) -> None:
        """To the order's end, or the journal's."""
        life = self._life
        by_others = [seq for seq, found in self._by_seq.items() if any(map(_is_of_others, found))]
        stops = {*self._by_seq, *self._came, *(seq - 1 for seq in by_others)}
        replay = Replay(core, reader, market_data=True)
        if core.seq in self._came:
            self._join(core, core.seq, None)
        for piece in replay.pieces(life.end_seq or life.last_seq, stops):
            seq = core.seq
            self._follow_queue(piece, seq if seq in self._came else None)
            if seq in self._came:
                self._join(core, seq, piece)
            rows = np.frombuffer(core.orders(life.account), wire.ORDER_ROW) if seq in stops else None
            for happening in self._by_seq.get(seq, ()):
                if _is_of_others(happening):
                    happening.other = self._mover(piece, happening)
                happening.row = None if rows is None else _one(rows, life.order_id)
            if rows is not None:
                self._ring = _ring_of(rows, life.client_order_id)
                mine = _one(rows, life.order_id)
                if mine is None or mine["place"] != Place.BOOK:
                    self._queue.clear()

    def _join(self, core: Core, seq: int, piece: Piece | None) -> None:
        """It is in the queue of its level now, at the end of the command `seq`."""
        life = self._life
        self._queue.clear()
        rows = np.frombuffer(core.orders(None, life.instrument), wire.ORDER_ROW)
        mine = _one(rows, life.order_id)
        if mine is None or mine["place"] != Place.BOOK:
            self._lots = 0  # it came and went within the command
            return
        level = (rows["place"] == Place.BOOK) & (rows["side"] == mine["side"]) & (rows["price"] == mine["price"])
        for row in rows[level]:
            if row["order_id"] == mine["order_id"]:
                break
            self._queue[int(row["order_id"])] = int(row["shown"])
        self._lots = sum(self._queue.values())
        command = life.entry if piece is None else piece.command(seq)
        life.spells.append(
            Spell(seq, core.ts_ns, int(mine["price"]), self._lots, len(self._queue), command)
        )  # fmt: skip

    def _follow_queue(self, piece: Piece, until_seq: int | None) -> None:
        """What orders ahead lost. until_seq: a command with which the order joins anew: what it does is not of this
        queue any more."""
        if not self._queue:
            return
        data, spell, instrument = piece.data, self._life.spells[-1], self._life.instrument
        mask = np.isin(data["kind"], list(MOVED)) & (data["price"] == spell.price)
        mask &= data["instrument"] == instrument
        if until_seq is not None:
            mask &= data["seq"] < until_seq
        for place in np.flatnonzero(mask).tolist():
            record = data[place]
            order_id, qty = int(record["order_id"]), int(record["qty"])
            shown = self._queue.get(order_id)
            if shown is None:
                continue
            how = "traded" if _is_discretionary(data, place) else MOVED[BookKind(int(record["kind"]))]
            leaves = record["kind"] == BookKind.DELETE
            self._lots -= min(qty, shown)
            if qty >= shown or leaves:
                self._lots -= max(0, shown - qty)
                del self._queue[order_id]
            else:
                self._queue[order_id] = shown - qty
            seq, ts_ns = int(record["seq"]), int(record["ts_ns"])
            spell.moves.append(Move(seq, ts_ns, order_id, how, min(qty, shown), self._lots, len(self._queue)))

    def _mover(self, piece: Piece, of: Happening) -> Record | None:
        """The event of a linked order, of the same command and before, that did this to it."""
        events = piece.events
        mask = np.isin(events["kind"], _MOVERS) & (events["account"] == self._life.account)
        mask &= np.isin(events["client_order_id"], list(self._ring)) & (events["account_seq"] < of.event["account_seq"])
        places = np.flatnonzero(mask & (events["seq"] == of.event["seq"]))
        return events[places[-1]].copy() if len(places) else None


def _last_state(piece: Piece, instrument: int) -> Happening | None:
    """The last change of the instrument's state in a piece."""
    events = piece.events
    found = events[(events["kind"] == EventKind.INSTRUMENT_STATE) & (events["instrument"] == instrument)]
    return Happening(found[-1].copy(), piece.command(int(found[-1]["seq"])), False) if len(found) else None


def _is_discretionary(data: Records, place: int) -> bool:
    """Whether a REDUCE or DELETE is the trade of a discretionary order: it is told right after it (docs/orders.md)."""
    if data[place]["kind"] == BookKind.EXECUTE or place + 1 == len(data):
        return False
    one, following = data[place], data[place + 1]
    return bool(
        following["kind"] == BookKind.HIDDEN_TRADE
        and all(one[name] == following[name] for name in ("seq", "instrument", "side", "qty"))
    )


def _is_of_others(happening: Happening) -> bool:
    """Whether orders that it is tied to did this."""
    kind = happening.event["kind"]
    if not happening.is_own or happening.event.dtype != wire.EVENT:
        return False
    reason = happening.event["reason"]
    restated = (wire.RestateReason.LINKED, wire.RestateReason.ACTIVE)
    by_link = (wire.CancelReason.LINKED, wire.CancelReason.EXPOSURE)
    return bool(
        (kind == EventKind.RESTATED and reason in restated) or (kind == EventKind.CANCELED and reason in by_link)
    )


def _other_side(events: Records, place: int) -> Record:
    """The other FILL of a trade: the two follow each other among the FILLs of their command."""
    fill = events[place]
    mask = (events["kind"] == EventKind.FILL) & (events["instrument"] == fill["instrument"])
    mask &= (events["trade_id"] == fill["trade_id"]) & (events["side"] != fill["side"])
    return events[mask][0].copy()


def _one(rows: Records, order_id: int) -> Any:
    found = rows[rows["order_id"] == order_id]
    return found[0].copy() if len(found) else None


def _ring_of(rows: Records, client_order_id: int) -> set[int]:
    """Client ids of the orders that an order is tied to: its ring, its parent, its children."""
    by_id = {int(row["client_order_id"]): row for row in rows}
    found: set[int] = set()
    waiting = [client_order_id]
    while waiting:
        number = waiting.pop()
        if number in found or number not in by_id:
            continue
        found.add(number)
        waiting += [*_ties_of(by_id[number])]
    return found - {client_order_id}


def _ties_of(row: Record) -> Iterator[int]:
    yield from (int(row[name]) for name in ("link_id", "parent_id") if row[name])
