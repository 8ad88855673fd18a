"""Counts what a run has met of docs/risk.md, from commands, events and rows alone."""

from __future__ import annotations

from collections import Counter
from typing import Any

from openbell import wire
from openbell.wire import (
    AccountState,
    AdminFlag,
    CancelReason,
    Check,
    CommandKind,
    EventKind,
    MarkBy,
    RiskType,
    Role,
    Side,
)

from tests.prove.documented import LEVEL_CHANGED_BY, Closing, Key, Margined, Swept
from tests.reference.desk import AnyMarket
from tests.reference.records import EXPOSURE_ROW, MARGIN_ROW

ROOM = (AccountState.REDUCE_ONLY, AccountState.CLOSE_ONLY)
WITHDRAWING = (CommandKind.DEPOSIT, CommandKind.HOLD_CASH)


class Watched:
    """What is remembered of accounts, orders and marks."""

    def __init__(self, met: Counter[Key]) -> None:
        self.met = met
        self._types: Counter[int] = Counter()  # of accounts
        self._states: Counter[int] = Counter()
        self._plans: Counter[int] = Counter()
        self._roles: dict[int, int] = {}  # of orders, as they were sent
        self._marks: dict[int, tuple[int, int]] = {}  # of instruments: mark, and what it is marked by
        self._behind: dict[int, int] = {}  # positions that still had another mark than their instrument
        self._budget = 0

    def refused(self, fields: dict[str, Any], event: Any) -> None:
        met, kind, account = self.met, fields["kind"], event.account
        if event.check == Check.ACCOUNT_STATE and self._states[account] in ROOM:
            if fields.get("role", 0) == Role.CHILD:
                met["closing", Closing.CHILD_REFUSED] += 1
            else:
                met["closing", Closing.REPLACE_REFUSED if kind == CommandKind.REPLACE else Closing.ORDER_REFUSED] += 1
        if self._types[account] != RiskType.MARGIN:
            return
        if event.check in REFUSED:
            of_order, of_replace = REFUSED[event.check]
            met["margin", of_replace if kind == CommandKind.REPLACE else of_order[fields["side"]]] += 1
            if event.check == Check.MARGIN and self._plans[account]:
                met["margin", Margined.WITH_A_PLAN] += 1
        elif event.check == Check.CASH_RANGE and kind in WITHDRAWING and event.limit < wire.MAX_CASH:
            met["margin", Margined.WITHDRAWAL_REFUSED] += 1

    def order(self, before: Any, events: list[Any]) -> None:
        """An order or a REPLACE; before: the RiskRow that its account had."""
        if before is None or before.risk_type != RiskType.MARGIN or not events:
            return
        if before.excess < 0 and events[0].kind == EventKind.ACCEPTED:
            self.met["margin", Margined.TAKEN_IN_DEFICIT] += 1
        if before.excess < 0 and events[0].kind == EventKind.REPLACED:
            self.met["margin", Margined.REPLACED_IN_DEFICIT] += 1

    def hear(self, fields: dict[str, Any], event: Any) -> None:
        """An event that is no refusal."""
        if event.kind in HEARD:
            HEARD[event.kind](self, fields, event)

    def _account_set(self, fields: dict[str, Any], event: Any) -> None:
        if fields.get("value6", 0) != wire.KEEP:
            self._plans[event.account] = fields.get("value6", 0)

    def _account_risk(self, fields: dict[str, Any], event: Any) -> None:
        self.met["risk type change", self._types[event.account], event.reason] += 1
        self._types[event.account] = event.reason

    def _account_state(self, fields: dict[str, Any], event: Any) -> None:
        self._states[event.account] = event.reason

    def _risk_set(self, fields: dict[str, Any], event: Any) -> None:
        self._budget = event.price

    def _margin_set(self, fields: dict[str, Any], event: Any) -> None:
        self.met["mark by", event.reason] += 1

    def _level(self, fields: dict[str, Any], event: Any) -> None:
        self.met["level change", event.flags, event.reason] += 1
        if fields["kind"] in LEVEL_CHANGED_BY:
            self.met["level changed by", fields["kind"]] += 1

    def _accepted(self, fields: dict[str, Any], event: Any) -> None:
        self._roles[event.order_id] = fields.get("role", 0)
        if self._states[event.account] in ROOM:
            self.met["closing", Closing.ORDER_TAKEN] += 1

    def _replaced(self, fields: dict[str, Any], event: Any) -> None:
        if self._states[event.account] in ROOM:
            self.met["closing", Closing.REPLACE_TAKEN] += 1

    def _restated(self, fields: dict[str, Any], event: Any) -> None:
        if event.reason == wire.RestateReason.ACTIVE and self._states[event.account] in ROOM:
            self.met["closing", Closing.CHILD_WOKE] += 1

    def _canceled(self, fields: dict[str, Any], event: Any) -> None:
        role = self._roles.pop(event.order_id, 0)
        if event.reason == CancelReason.ACCOUNT_BLOCKED and closes(fields):
            self.met["closing", Closing.CHILD_CANCELED if role == Role.CHILD else Closing.ORDER_CANCELED] += 1
            if role == Role.PEER:
                self.met["closing", Closing.OF_A_RING_CANCELED] += 1
        elif event.reason == CancelReason.EXPOSURE and self._types[event.account] == RiskType.MARGIN:
            self.met["margin", Margined.CHILD_ENDED] += 1

    def _mass_canceled(self, fields: dict[str, Any], event: Any) -> None:
        if closes(fields) and event.qty == 0:
            self.met["closing", Closing.NOTHING_CANCELED] += 1

    def ticked(self, market: AnyMarket) -> None:
        """Marks after a TICK."""
        margins = {row.instrument: row for row in MARGIN_ROW.rows(market.margins())}
        behind: Counter[int] = Counter()
        for row in EXPOSURE_ROW.rows(market.exposures()):
            behind[row.instrument] += row.mark != margins[row.instrument].mark
        for number, row in margins.items():
            mark, mark_by = self._marks.get(number, (row.mark, row.mark_by))
            if mark != row.mark and mark_by == row.mark_by:
                self.met["marked by", MarkBy(mark_by)] += 1
            self._marks[number] = row.mark, row.mark_by
            if self._behind.get(number, 0) > behind[number]:
                self.met["swept", Swept.WALK_WENT_ON] += 1
            if behind[number]:
                self.met["swept", Swept.CUT_IN_A_WALK] += 1
        self._behind = dict(behind)
        if self._budget:
            self.met["swept", Swept.CUT if market.sweeping else Swept.DONE] += 1


def closes(fields: dict[str, Any]) -> bool:
    """Whether it cancels orders that could open a position, and those alone."""
    return fields["kind"] == CommandKind.SET_ACCOUNT_STATE and not fields.get("flags", 0) & AdminFlag.CANCEL_ORDERS


REFUSED = {
    Check.MARGIN: ({Side.BUY: Margined.BUY_REFUSED, Side.SELL: Margined.SELL_REFUSED}, Margined.REPLACE_REFUSED),
    Check.NO_PRICE: (
        {Side.BUY: Margined.BUY_WITHOUT_A_MARK, Side.SELL: Margined.SELL_WITHOUT_A_MARK},
        Margined.REPLACE_WITHOUT_A_MARK,
    ),
}
HEARD = {
    EventKind.ACCOUNT_SET: Watched._account_set,
    EventKind.ACCOUNT_RISK: Watched._account_risk,
    EventKind.ACCOUNT_STATE: Watched._account_state,
    EventKind.RISK_SET: Watched._risk_set,
    EventKind.MARGIN_SET: Watched._margin_set,
    EventKind.RISK_LEVEL: Watched._level,
    EventKind.ACCEPTED: Watched._accepted,
    EventKind.REPLACED: Watched._replaced,
    EventKind.RESTATED: Watched._restated,
    EventKind.CANCELED: Watched._canceled,
    EventKind.MASS_CANCELED: Watched._mass_canceled,
}
