"""Counts what a run has met, from what is asked and said alone: commands, events, market data and rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
from openbell import wire
from openbell.wire import (
    ArmFlag,
    BookKind,
    Check,
    CommandKind,
    DataFlag,
    EventFlag,
    EventKind,
    InstrumentState,
    MassFlag,
    ModeFlag,
    OrderFlag,
    SelfTrade,
)

from tests.prove.acted import Acted
from tests.prove.booked import Books
from tests.prove.counted import Days
from tests.prove.documented import Act, Amended, Field, Filter, Guarding, Key, Way
from tests.prove.funded import Funded
from tests.prove.nested import Nested
from tests.prove.watched import Watched
from tests.reference.commands import Command
from tests.reference.records import REJECTS

GROUP_OF_REJECT = {kind: f"check of {EventKind(kind).name}" for kind in REJECTS}
RULES_OF_REJECT = {kind: f"rule of {EventKind(kind).name}" for kind in REJECTS}
NEW_KINDS = (CommandKind.NEW_ORDER, CommandKind.NEW_SPECIAL)
# Of STATUS the others are a reason.
FLAGS_OF_RECORD = {BookKind.EXECUTE: 255, BookKind.TIME: 255, BookKind.STATUS: int(DataFlag.SHORT_RESTRICTED)}
REPLACE_FLAGS = (OrderFlag.QTY_IS_LEAVES, OrderFlag.REQUEUE)
BITS = [tuple(1 << place for place in range(8) if bits >> place & 1) for bits in range(256)]
ROW = np.dtype(
    {
        "names": ["order_id", "place", "order_type"],
        "formats": ["<u8", "u1", "u1"],
        "offsets": [wire.ORDER_ROW.fields[name][1] for name in ("order_id", "place", "order_type")],
        "itemsize": wire.ORDER_ROW.itemsize,
    }
)


class Coverage:
    """Of one market from its beginning."""

    def __init__(self) -> None:
        self.met: Counter[Key] = Counter()
        self.books = Books(self.met)
        self.watched = Watched(self.met)
        self.nested = Nested(self.met)
        self.acted = Acted(self.met)
        self.funded = Funded(self.met)
        self.days = Days(self.met)
        self._types: dict[int, int] = {}  # as they were sent, by order id
        self._places: dict[int, int] = {}  # of the orders that were live when rows were last seen
        self._states: dict[int, int] = {}
        self._account_states: dict[int, int] = {}
        self._auctions: dict[int, int] = {}  # times that were told, of instruments in CALL
        self._amended: set[tuple[int, int]] = set()  # instrument and id of trades
        self._guards: dict[tuple[int, int], tuple[int, int]] = {}  # by account and session: flags, deadline

    def step(self, command: Command, events: list[Any], market_data: list[Any]) -> None:
        """A command, and what was said to it."""
        met, fields = self.met, command.fields
        met["command", fields["kind"]] += 1
        self.nested.step(fields, events)
        self.acted.begin()
        for event in events:
            kind = event.kind
            met["event", kind] += 1
            if kind in REJECTS:
                self._reject(fields, event)
                continue
            for bit in BITS[event.flags]:
                met["event flag", bit] += 1
            self.books.hear(fields, event)
            self.watched.hear(fields, event)
            self.nested.hear(fields, event)
            self.acted.hear(fields, event)
            if kind in SAID:
                SAID[kind](self, fields, event)
        for record in market_data:
            met["book record", record.kind] += 1
            mask = FLAGS_OF_RECORD.get(record.kind)
            if mask:
                for bit in BITS[record.flags & mask]:
                    met["data flag", bit] += 1
            if record.kind == BookKind.TIME and any(ts_ns <= record.ts_ns for ts_ns in self._auctions.values()):
                met["act", Act.CALL_ENDED_LATER] += 1

    def _reject(self, fields: dict[str, Any], event: Any) -> None:
        self.met[GROUP_OF_REJECT[event.kind], event.check] += 1
        self.books.refused(fields, event)
        self.watched.refused(fields, event)
        self.nested.refused(fields, event)
        self.acted.refused(fields, event)
        self.funded.refused(fields, event)
        if event.check == Check.COMBINATION:
            self.met[RULES_OF_REJECT[event.kind], event.limit] += 1
        elif event.check == Check.VALUE:
            self.met["value refused", fields["kind"], event.client_order_id] += 1

    def _accepted(self, fields: dict[str, Any], event: Any) -> None:
        if event.flags & EventFlag.DUPLICATE:
            return
        met, kind = self.met, fields.get("order_type", 0)
        self._types[event.order_id] = kind
        met["order type and tif", kind, fields["tif"]] += 1
        met["self-trade mode", fields.get("self_trade", 0)] += 1
        for bit in BITS[fields.get("flags", 0)]:
            met["order flag", bit] += 1
        if fields["kind"] == CommandKind.NEW_SPECIAL:
            for field in used(fields):
                met["order field", field] += 1
            for name in ("peg", "role"):
                if fields.get(name):
                    met[name, fields[name]] += 1

    def _fill(self, fields: dict[str, Any], event: Any) -> None:
        group = "cross of type" if event.flags & EventFlag.CROSS else "filled type"
        self.met[group, self._types[event.order_id]] += 1

    def _canceled(self, fields: dict[str, Any], event: Any) -> None:
        self.met["cancel reason", event.reason] += 1
        if event.reason == wire.CancelReason.SELF_TRADE and fields["kind"] in NEW_KINDS:
            self.met["self-trade met", fields.get("self_trade", 0)] += 1

    def _restated(self, fields: dict[str, Any], event: Any) -> None:
        self.met["restate reason", event.reason] += 1
        if event.reason == wire.RestateReason.SELF_TRADE:
            self.met["self-trade met", SelfTrade.DECREMENT] += 1

    def _replaced_event(self, fields: dict[str, Any], event: Any) -> None:
        way = Way.IN_PLACE if event.flags & EventFlag.PRIORITY_KEPT else Way.ANEW
        place = self._places.get(event.order_id)
        if place is not None:
            self.met["replace", place, way] += 1
        for flag in REPLACE_FLAGS:
            if fields.get("flags", 0) & flag:
                self.met["replace flag", flag] += 1

    def _triggered(self, fields: dict[str, Any], event: Any) -> None:
        self.met["triggered type", self._types[event.order_id]] += 1

    def _armed(self, fields: dict[str, Any], event: Any) -> None:
        met, key = self.met, (event.account, event.qty)
        before = self._guards.pop(key, None)
        if not event.price and not event.reason & ArmFlag.ON_DISCONNECT:
            met["guard", Guarding.DISARMED] += before is not None
            return
        self._guards[key] = event.reason, event.price
        met["guard", Guarding.OF_ACCOUNT if event.reason & ArmFlag.OF_ACCOUNT else Guarding.OF_SESSION] += 1
        if not event.price:
            met["guard", Guarding.WITHOUT_A_TIMER] += 1
        elif before is not None and before[1]:
            met["guard", Guarding.RENEWED] += 1

    def _guard_acted(self, event: Any) -> None:
        key = (event.account, event.leaves)
        flags, _ = self._guards.pop(key)
        if event.reason == wire.CancelReason.DISCONNECT:
            self.met["guard", Guarding.SESSION_ENDED] += 1
        elif flags & ArmFlag.ON_DISCONNECT:
            self._guards[key] = flags, 0
            self.met["guard", Guarding.LAPSED_AND_STAYED] += 1
        else:
            whole = flags & ArmFlag.OF_ACCOUNT
            self.met["guard", Guarding.LAPSED_OF_ACCOUNT if whole else Guarding.LAPSED_OF_SESSION] += 1
        if event.qty:
            for flag in BITS[flags]:
                self.met["guard that cancelled", flag] += 1

    def _mass_canceled(self, fields: dict[str, Any], event: Any) -> None:
        if event.reason:
            self._guard_acted(event)
        elif event.qty:
            for which in filters(fields):
                self.met["mass cancel", which] += 1

    def _instrument_state(self, fields: dict[str, Any], event: Any) -> None:
        before = self._states.get(event.instrument, int(InstrumentState.CLOSED))
        by_command = fields["kind"] == CommandKind.SET_INSTRUMENT_STATE
        self.met[f"state change by {'command' if by_command else 'auction'}", before, event.reason] += 1
        self._states[event.instrument] = event.reason
        if event.reason == InstrumentState.HALTED and event.side:
            self.met["halt reason", event.side] += 1
        self._auctions.pop(event.instrument, None)
        if event.reason == InstrumentState.CALL:
            self.met["called auction", event.side] += 1
            if event.price:
                self._auctions[event.instrument] = event.price

    def _extension_set(self, fields: dict[str, Any], event: Any) -> None:
        for bit in BITS[fields.get("flags", 0)]:
            self.met["extension flag", bit] += 1

    def _extended(self, fields: dict[str, Any], event: Any) -> None:
        self.met["extended for", event.reason] += 1
        self.met["extended auction", event.side] += 1
        self._auctions[event.instrument] = event.trade_id

    def _account_state(self, fields: dict[str, Any], event: Any) -> None:
        before = self._account_states.get(event.account, 0)
        self.met["account state change", before, event.reason] += 1
        self._account_states[event.account] = event.reason

    def _auction(self, fields: dict[str, Any], event: Any) -> None:
        self.met[f"auction {'with' if event.price else 'without'} a price", event.reason] += 1

    def _day_ended(self, fields: dict[str, Any], event: Any) -> None:
        self.met["act", Act.DAY_ENDED] += 1

    def _trade_busted(self, fields: dict[str, Any], event: Any) -> None:
        if event.side != wire.Side.BUY:
            return
        key = event.instrument, event.trade_id
        self.met["amended", Amended(event.reason + 2 * (key in self._amended))] += 1
        self._amended.add(key)
        if event.flags:
            self.met["amended", Amended.OF_A_CROSS] += 1
        if fields["account"] == fields["seller"]:
            self.met["amended", Amended.OF_ONE_ACCOUNT] += 1

    def rows(self, orders: bytes) -> None:
        """OrderRows of all live orders, from time to time."""
        self.met["act", Act.COMPARED_ALL_ROWS] += 1
        rows = np.frombuffer(orders, ROW)
        places = dict(zip(rows["order_id"].tolist(), rows["place"].tolist(), strict=True))
        types = rows["order_type"].tolist()
        self.met.update(("place of type", *pair) for pair in zip(places.values(), types, strict=True))
        for order_id, place in places.items():
            before = self._places.get(order_id, place)
            if before != place:
                self.met["place change", before, place] += 1
        self._places = places


def used(fields: dict[str, Any]) -> Iterator[Field]:
    """The further fields that a NEW_SPECIAL makes use of."""
    for field in (Field.MIN_QTY, Field.DISPLAY_QTY, Field.DISCRETION, Field.GROUP, Field.SELF_TRADE_GROUP):
        if fields.get(field.name.lower()):
            yield field
    modes = fields.get("modes", 0)
    if modes & ModeFlag.TRAIL_PERCENT:
        yield Field.TRAIL_PERCENT
    if modes & ModeFlag.IMBALANCE_ONLY:
        yield Field.IMBALANCE_ONLY
    if fields.get("peg"):
        if fields.get("offset"):
            yield Field.PEG_OFFSET
        if fields.get("price"):
            yield Field.PEG_CAP


def filters(fields: dict[str, Any]) -> Iterator[Filter]:
    """How a mass cancel chose."""
    if fields["kind"] != CommandKind.MASS_CANCEL:
        yield Filter.OPERATOR_ALL if fields["account"] == wire.ANY else Filter.OPERATOR_ACCOUNT
        return
    flags, side = fields.get("flags", 0), fields["side"]
    if fields["instrument"] != wire.ANY:
        yield Filter.ONE_INSTRUMENT
    if flags & MassFlag.BY_SESSION:
        yield Filter.BY_SESSION
    if flags & MassFlag.BY_GROUP:
        yield Filter.BY_GROUP
    yield {0: Filter.BUYS, 1: Filter.SELLS}.get(side, Filter.ALL)


SAID = {
    EventKind.ACCEPTED: Coverage._accepted,
    EventKind.FILL: Coverage._fill,
    EventKind.CANCELED: Coverage._canceled,
    EventKind.RESTATED: Coverage._restated,
    EventKind.REPLACED: Coverage._replaced_event,
    EventKind.TRIGGERED: Coverage._triggered,
    EventKind.MASS_CANCELED: Coverage._mass_canceled,
    EventKind.ARMED: Coverage._armed,
    EventKind.INSTRUMENT_STATE: Coverage._instrument_state,
    EventKind.ACCOUNT_STATE: Coverage._account_state,
    EventKind.AUCTION: Coverage._auction,
    EventKind.EXTENSION_SET: Coverage._extension_set,
    EventKind.AUCTION_EXTENDED: Coverage._extended,
    EventKind.DAY_ENDED: Coverage._day_ended,
    EventKind.TRADE_BUSTED: Coverage._trade_busted,
}
