"""Counts what a run has met of docs/desks.md, from commands, events and rows alone."""

from __future__ import annotations

from collections import Counter
from typing import Any

from openbell.limits import ACCOUNT_LIMITS
from openbell.wire import (
    AdminFlag,
    CancelReason,
    Check,
    CommandKind,
    EventKind,
    Limit,
    RiskType,
    Role,
    Side,
)

from tests.prove.desks import Desked
from tests.prove.documented import Key
from tests.reference.desk import AnyMarket
from tests.reference.records import RISK_ROW

LIMIT_OF = {Check[f"LIMIT_{limit.name}"]: limit for limit in ACCOUNT_LIMITS}
OF_LOTS = (Limit.POSITION, Limit.GROSS, Limit.NET, Limit.OPEN_NOTIONAL)
CHANGED_BY = {
    CommandKind.SET_DESK: Desked.STATE_BY_DESK,
    CommandKind.SET_MEMBER: Desked.STATE_BY_MEMBER,
    CommandKind.SET_DESK_STATE: Desked.STATE_BY_STATE,
}


class Nested:
    """What is remembered of desks and limits."""

    def __init__(self, met: Counter[Key]) -> None:
        self.met = met
        self._parents: dict[int, int] = {}
        self._states: Counter[int] = Counter()  # of desks
        self._members: Counter[int] = Counter()  # desks of accounts
        self._bases: dict[int, int] = {}  # of accounts that are watched
        self._losing: Counter[tuple[int, int]] = Counter()  # warnings of losses, by account or desk
        self._types: Counter[int] = Counter()  # of accounts
        self._hard: Counter[tuple[int, int, int]] = Counter()  # limits, by OF_DESK or 0, holder, Limit

    def refused(self, fields: dict[str, Any], event: Any) -> None:
        met, kind = self.met, fields["kind"]
        if event.check in LIMIT_OF:
            met["limit refused", LIMIT_OF[event.check], event.flags] += 1
            if fields.get("role", 0) == Role.CHILD:
                met["desked", Desked.CHILD_REFUSED] += 1
            elif fields.get("role", 0) == Role.PEER:
                met["desked", Desked.PEER_REFUSED] += 1
        elif event.check == Check.RESTRICTED:
            met["desked", Desked.SELL_RESTRICTED if event.side == Side.SELL else Desked.BUY_RESTRICTED] += 1
        elif event.check == Check.CAPACITY and kind == CommandKind.SET_LIMIT:
            met["desked", Desked.PLACES_FULL] += 1
        elif event.check == Check.CAPACITY and kind == CommandKind.SET_DESK:
            met["desked", Desked.DESKS_FULL] += 1
        elif event.check == Check.NAME and kind == CommandKind.SET_DESK:
            met["desked", Desked.NAME_REFUSED] += 1
        elif event.check == Check.ACCOUNT and kind == CommandKind.SET_LIMIT:
            met["desked", Desked.HOLDER_REFUSED] += 1

    def step(self, fields: dict[str, Any], events: list[Any]) -> None:
        """All that a command gave: a warning of an order that was refused then."""
        kinds = [event.kind for event in events]
        refused = EventKind.REJECTED in kinds or EventKind.REPLACE_REJECTED in kinds
        if EventKind.LIMIT_WARNING in kinds and refused:
            self.met["desked", Desked.WARNED_AND_REFUSED] += 1
        if fields["kind"] == CommandKind.REPLACE and EventKind.LIMIT_WARNING in kinds:
            self.met["desked", Desked.REPLACE_WARNED] += 1
        if kinds.count(EventKind.LIMIT_WARNING) > 1:
            self.met["desked", Desked.WARNED_OF_SEVERAL] += 1
        if EventKind.LIMIT_WARNING in kinds and EventKind.FILL in kinds:
            self.met["desked", Desked.WARNED_BEFORE_FILLS] += 1

    def hear(self, fields: dict[str, Any], event: Any) -> None:
        """An event that is no refusal."""
        if event.kind in HEARD:
            HEARD[event.kind](self, fields, event)

    def _desk_set(self, fields: dict[str, Any], event: Any) -> None:
        before, now = self._parents.get(event.account), event.price
        self._parents[event.account] = now
        if before is None:
            self.met["desked", Desked.DESK_MADE if now else Desked.FIRM_MADE] += 1
        elif before != now:
            self.met["desked", Desked.DESK_MOVED] += 1

    def _member_set(self, fields: dict[str, Any], event: Any) -> None:
        before, now = self._members[event.account], event.price
        self._members[event.account] = now
        if before and now and before != now:
            self.met["desked", Desked.MEMBER_MOVED] += 1
        elif bool(before) != bool(now):
            self.met["desked", Desked.MEMBER_CAME if now else Desked.MEMBER_LEFT] += 1

    def _desk_state(self, fields: dict[str, Any], event: Any) -> None:
        self.met["desk state change", self._states[event.account], event.reason] += 1
        self._states[event.account] = event.reason

    def _account_state(self, fields: dict[str, Any], event: Any) -> None:
        self.met["state in force", event.reason, event.flags] += 1
        if fields["kind"] in CHANGED_BY:
            self.met["desked", CHANGED_BY[fields["kind"]]] += 1

    def _mass_canceled(self, fields: dict[str, Any], event: Any) -> None:
        if fields["kind"] != CommandKind.SET_DESK_STATE:
            return
        if not event.qty:
            self.met["desked", Desked.NOTHING_CANCELED] += 1
        elif fields.get("flags", 0) & AdminFlag.CANCEL_ORDERS:
            self.met["desked", Desked.ALL_CANCELED] += 1
        else:
            self.met["desked", Desked.OPENING_CANCELED] += 1

    def _limit_set(self, fields: dict[str, Any], event: Any) -> None:
        self.met["limit set", event.reason, 1 if event.flags else 0] += 1
        self._hard[event.flags, event.account, event.reason] = event.price

    def _warned(self, fields: dict[str, Any], event: Any) -> None:
        # That of a desk's loss is one of all of its accounts.
        self.met["limit warned", event.reason, event.flags] += 1
        if event.reason == Limit.DAY_LOSS:
            holder = (event.flags, event.trade_id or event.account)
            self._losing[holder] += 1
            if self._losing[holder] > 1:
                self.met["desked", Desked.LOSS_WARNED_AGAIN] += 1

    def _account_risk(self, fields: dict[str, Any], event: Any) -> None:
        self._types[event.account] = event.reason
        if fields.get("value0", 0):
            self.met["desked", Desked.LISTS_SET] += 1

    def _canceled(self, fields: dict[str, Any], event: Any) -> None:
        """A child of a CASH account whose lots are limited."""
        if (
            event.reason == CancelReason.EXPOSURE
            and self._types[event.account] == RiskType.CASH
            and self._is_limited(event.account)
        ):
            self.met["desked", Desked.CHILD_ENDED] += 1

    def _is_limited(self, account: int) -> bool:
        """Whether lots of its orders are, by itself or a desk above it."""
        holders, number = [(0, account)], self._members[account]
        while number:
            holders.append((int(AdminFlag.OF_DESK), number))
            number = self._parents[number]
        return any(self._hard[(*holder, limit)] for holder in holders for limit in OF_LOTS)

    def ticked(self, market: AnyMarket, events: list[Any]) -> None:
        """Bases after a TICK."""
        bases = {row.account: row.base for row in RISK_ROW.rows(market.risk())}
        if any(event.kind == EventKind.DAY_ENDED for event in events):
            changed = any(self._bases.get(account, base) != base for account, base in bases.items())
            self.met["desked", Desked.BASE_OF_A_NEW_DAY] += changed
        self._bases = bases


HEARD = {
    EventKind.DESK_SET: Nested._desk_set,
    EventKind.MEMBER_SET: Nested._member_set,
    EventKind.DESK_STATE: Nested._desk_state,
    EventKind.ACCOUNT_STATE: Nested._account_state,
    EventKind.MASS_CANCELED: Nested._mass_canceled,
    EventKind.LIMIT_SET: Nested._limit_set,
    EventKind.LIMIT_WARNING: Nested._warned,
    EventKind.ACCOUNT_RISK: Nested._account_risk,
    EventKind.CANCELED: Nested._canceled,
}
