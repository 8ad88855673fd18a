"""Counts what a run has met of docs/cash.md, from commands, events and rows alone."""

from __future__ import annotations

from collections import Counter
from typing import Any

from openbell.wire import (
    AccountFlag,
    CancelReason,
    CashRule,
    CashViolation,
    Check,
    CommandKind,
    EventKind,
    OrderType,
    RestateReason,
    Role,
    Side,
)

from tests.prove.cash import PaidWith, Restricted, Unsettled, Violated
from tests.prove.documented import Key
from tests.reference.desk import AnyMarket
from tests.reference.records import ACCOUNT_ROW, CASH_ROW, INSTRUMENT_ROW, POSITION_ROW, UNPAID_ROW, VIOLATION_ROW

MOST_KEPT = 8
OWED = 5  # its place among lots and money
STOPS = (OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TRAILING_STOP)
WITHDRAWING = (CommandKind.DEPOSIT, CommandKind.HOLD_CASH)
NOTHING = (0,) * 6
Place = tuple[int, int]  # account, instrument


class Noted:
    """Rows of accounts with a rule, after a command."""

    def __init__(self, market: AnyMarket | None = None) -> None:
        cash = CASH_ROW.rows(market.cash()) if market else []
        unpaid = UNPAID_ROW.rows(market.unpaid()) if market and cash else []
        self.cash = {row.account: row for row in cash}
        self.unused = {row.account: tuple(row[-5:]) for row in cash}
        self.lots = {(row.account, row.instrument): tuple(row[2:8]) for row in unpaid}
        self.money = {(row.account, row.instrument): tuple(row[8:14]) for row in unpaid}
        self.positions = {(p.account, p.instrument): p.qty for p in positions_of(market) if p.account in self.cash}
        rows = VIOLATION_ROW.rows(market.violations()) if market and cash else []
        self.violations = {(row.account, row.number) for row in rows}


def positions_of(market: AnyMarket | None) -> list[Any]:
    return POSITION_ROW.rows(market.positions()) if market else []


class Funded:
    """What is remembered of orders and of rows."""

    def __init__(self, met: Counter[Key]) -> None:
        self.met = met
        self._rules: Counter[int] = Counter()  # of accounts
        self._types: dict[int, int] = {}  # of orders, as they were sent
        self._roles: dict[int, int] = {}
        self._before = Noted()
        self._instruments: list[Any] = []

    def refused(self, fields: dict[str, Any], event: Any) -> None:
        kind, check = fields["kind"], event.check
        if kind == CommandKind.LIFT_CASH and check == Check.VALUE:
            if event.limit:
                self._restricted(Restricted.NOT_RESTRICTED)
            else:
                self._violated(Violated.LIFT_REFUSED)
        elif check == Check.CASH_RANGE and kind in WITHDRAWING and event.account in self._before.cash:
            funds = max(0, self._before.cash[event.account].funds)
            if event.limit == funds and any(self._before.unused[event.account]):
                self._unsettled(Unsettled.WITHDRAWAL_REFUSED)

    def _violated(self, what: Violated) -> None:
        self.met["violated", what] += 1

    def _restricted(self, what: Restricted) -> None:
        self.met["restricted", what] += 1

    def _unsettled(self, what: Unsettled) -> None:
        self.met["unsettled", what] += 1

    def step(self, market: AnyMarket, fields: dict[str, Any], events: list[Any]) -> None:
        """After each command."""
        for event in events:
            if event.kind in HEARD:
                HEARD[event.kind](self, fields, event)
        if not any(self._rules.values()) and not self._before.cash:
            return
        now = Noted(market)
        self._instruments = INSTRUMENT_ROW.rows(market.instruments())
        self._violations(fields, events)
        self._changes(fields, events, now)
        self._children(market, events)
        self._before = now

    # What events say

    def _account_risk(self, fields: dict[str, Any], event: Any) -> None:
        before, now = self._rules[event.account], event.flags
        self.met["rule change", before, now] += 1
        self._rules[event.account] = now

    def _accepted(self, fields: dict[str, Any], event: Any) -> None:
        self._types[event.order_id] = fields.get("order_type", 0)
        self._roles[event.order_id] = fields.get("role", 0)

    def _lifted(self, fields: dict[str, Any], event: Any) -> None:
        self._violated(Violated.LIFTED)

    def _violations(self, fields: dict[str, Any], events: list[Any]) -> None:
        last, auctions = None, {event.instrument for event in events if event.kind == EventKind.AUCTION}
        for event in events:
            if event.kind == EventKind.CASH_VIOLATION:
                self._violation(fields, event, last, auctions)
            elif event.kind == EventKind.CASH_RESTRICTED:
                self._restriction(fields, event, last)
            if event.kind != EventKind.CASH_RESTRICTED:
                last = event

    def _violation(self, fields: dict[str, Any], event: Any, last: Any, auctions: set[int]) -> None:
        met = {Violated.IN_REFUSE if self._rules[event.account] == CashRule.REFUSE else Violated.COUNTED}
        if fields["kind"] == CommandKind.DEPOSIT_SHARES:
            met.add(Violated.BY_DELIVERY)
        elif event.instrument in auctions:
            met.add(Violated.BY_AN_AUCTION)
        elif self._types[event.order_id] in STOPS:
            met.add(Violated.BY_A_STOP)
        else:
            is_its = fields.get("client_order_id") == event.client_order_id and fields["account"] == event.account
            met.add(Violated.BY_ITS_ORDER if is_its else Violated.BY_WHAT_RESTED)
        if last is not None and last.kind == EventKind.CASH_VIOLATION and last.account == event.account:
            met.add(Violated.BOTH_KINDS)
        row = self._before.cash.get(event.account)
        if row is not None and row.violations == event.leaves == MOST_KEPT:
            met.add(Violated.NINTH)
        for what in met:
            self._violated(what)

    def _restriction(self, fields: dict[str, Any], event: Any, last: Any) -> None:
        if not event.reason:
            is_lifted = fields["kind"] == CommandKind.LIFT_CASH
            self._restricted(Restricted.LIFTED if is_lifted else Restricted.ENDED)
            return
        is_riding = last.reason == CashViolation.FREE_RIDING
        self._restricted(Restricted.BY_RIDING if is_riding else Restricted.BY_NUMBER)
        if self._before.cash[event.account].restricted:
            self._restricted(Restricted.ANEW)

    # What rows say

    def _changes(self, fields: dict[str, Any], events: list[Any], now: Noted) -> None:
        kind, before = fields["kind"], self._before
        risks = [event for event in events if event.kind == EventKind.ACCOUNT_RISK]
        for event in risks:
            is_new = event.account in now.cash and event.account not in before.cash
            if is_new and any(now.unused[event.account]):
                self._unsettled(Unsettled.RULE_WITH_PROCEEDS)
            if event.account not in now.cash and any(place[0] == event.account for place in before.lots):
                self._unsettled(Unsettled.FORGOTTEN)
        fills = [event for event in events if event.kind == EventKind.FILL and event.account in now.cash]
        for place in {(event.account, event.instrument) for event in fills}:
            self._traded(place, [event for event in fills if (event.account, event.instrument) == place], events, now)
        if kind == CommandKind.SETTLE and any(event.kind == EventKind.SETTLEMENT for event in events):
            self._settled(now)
        elif kind == CommandKind.DEPOSIT and fields.get("value0", 0) > 0:
            self._deposited(now)
        elif kind == CommandKind.SPLIT:
            for place, lots in before.lots.items():
                if now.lots.get(place, NOTHING) != lots:
                    self._unsettled(Unsettled.SPLIT if place in now.lots else Unsettled.SPLIT_AWAY)
        elif kind in (CommandKind.BUST_TRADE, CommandKind.CORRECT_TRADE):
            self._amended([event for event in events if event.account in now.cash], now)

    def _traded(self, place: Place, fills: list[Any], events: list[Any], now: Noted) -> None:
        """All fills of a position."""
        account, sides = place[0], {event.side for event in fills}
        before, after = self._before.lots.get(place, NOTHING), now.lots.get(place, NOTHING)
        spent = [a > b for a, b in zip(self._before.unused[account], now.unused[account], strict=True)]
        grown = [step for step, (a, b) in enumerate(zip(before, after, strict=True)) if b > a]
        if sides == {Side.BUY}:
            self.met.update(("paid with", PaidWith(step + 1)) for step in grown)
            if len(grown) > 1:
                self._unsettled(Unsettled.OF_TWO_STEPS)
            if len(fills) == 1 and sum(spent) + (OWED in grown) > len(grown) > 0:
                self._unsettled(Unsettled.CARRIED)
            if self._before.positions.get(place, 0) < 0 and any(spent):
                self._unsettled(Unsettled.SHORT_COVERED)
        told = any(e.kind == EventKind.CASH_VIOLATION and (e.account, e.instrument) == place for e in events)
        if sides == {Side.SELL} and sum(after) < sum(before) and not told:
            self._violated(Violated.NOT_AGAIN)

    def _settled(self, now: Noted) -> None:
        for place, lots in self._before.lots.items():
            after = now.lots.get(place, NOTHING)
            if lots[0]:
                self._unsettled(Unsettled.PAID_BY_SETTLE)
            if any(lots[1:5]) and any(after[:4]):
                self._unsettled(Unsettled.CAME_NEARER)
            if lots[OWED]:
                self._unsettled(Unsettled.OWED_STAYED if after[OWED] else Unsettled.OWED_PAID_BY_SETTLE)
        gone = self._before.violations - now.violations
        self.met["violated", Violated.AGED] += len(gone)

    def _deposited(self, now: Noted) -> None:
        for place, before in self._before.money.items():
            after, money = now.lots.get(place, NOTHING), now.money.get(place, NOTHING)
            less = [a > b for a, b in zip(before, money, strict=True)]
            if less[OWED]:
                self._unsettled(Unsettled.OWED_PAID_BY_DEPOSIT)
            for step in range(OWED):
                if less[step]:
                    self._unsettled(Unsettled.PAID_IN_PART if after[step] else Unsettled.PAID_BY_DEPOSIT)

    def _amended(self, events: list[Any], now: Noted) -> None:
        for event in (event for event in events if event.kind == EventKind.TRADE_BUSTED):
            place, unused = (event.account, event.instrument), now.unused[event.account]
            lots, after = self._before.lots.get(place, NOTHING), now.lots.get(place, NOTHING)
            if event.side == Side.BUY and not event.reason:
                if lots[OWED] > after[OWED]:
                    self._unsettled(Unsettled.OWED_BUY_UNDONE)
                    self._undone_of_both(event, now)
                if sum(unused) > sum(self._before.unused[event.account]):
                    self._unsettled(Unsettled.BUY_UNDONE)
            elif event.side == Side.BUY and sum(after) > sum(lots):
                self._unsettled(Unsettled.BOUGHT_INSTEAD)
            elif event.side == Side.SELL and sum(unused) < sum(self._before.unused[event.account]):
                self._unsettled(Unsettled.SALE_UNDONE)

    def _undone_of_both(self, event: Any, now: Noted) -> None:
        """Steps from the latest on; what they had cost, and the trade."""
        place = event.account, event.instrument
        money = self._before.money[place], now.money.get(place, NOTHING)
        gone = [before - after for before, after in zip(*money, strict=True)]
        size = next((i.lot_size for i in self._instruments if i.instrument == event.instrument), 1)
        if any(gone[:OWED]) and sum(gone) > event.price * event.qty * size * 100:
            self._unsettled(Unsettled.UNDONE_OF_BOTH)

    def _children(self, market: AnyMarket, events: list[Any]) -> None:
        """Those that nothing else can have ended when they woke: they had the lots, or the cash."""
        last: Any = None
        for event in events:
            woke = last is not None and last.kind == EventKind.RESTATED and last.reason == RestateReason.ACTIVE
            woke = woke and last.order_id == event.order_id and event.account in self._before.cash
            is_child = self._roles.get(event.order_id, 0) == Role.CHILD
            if woke and is_child and event.kind == EventKind.CANCELED and event.reason == CancelReason.EXPOSURE:
                self._child_ended(market, event)
            last = event

    def _child_ended(self, market: AnyMarket, event: Any) -> None:
        row = next(row for row in ACCOUNT_ROW.rows(market.accounts()) if row.account == event.account)
        if row.max_position or row.max_order_notional or row.plan or row.flags & AccountFlag.SHORT_ALLOWED:
            return
        if event.side == Side.BUY:
            free = row.cash - row.hold - row.short_proceeds
            traded = next(i for i in self._instruments if i.instrument == event.instrument)
            notional = event.price * event.qty * traded.lot_size * 100
            if self._before.cash[event.account].restricted and free >= notional:
                self._restricted(Restricted.CHILD_ENDED)
            return
        held = next(p for p in POSITION_ROW.rows(market.positions(event.account)) if p.instrument == event.instrument)
        if held.qty - held.open_sell >= event.qty:
            self._unsettled(Unsettled.CHILD_ENDED)


HEARD = {
    EventKind.ACCOUNT_RISK: Funded._account_risk,
    EventKind.ACCEPTED: Funded._accepted,
    EventKind.CASH_LIFTED: Funded._lifted,
}
