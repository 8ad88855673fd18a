"""Counts what a run has met of docs/daytrading.md: a second reckoning of day trades that says what it comes by."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from typing import Any

from openbell import wire
from openbell.wire import CancelReason, Check, CommandKind, EventFlag, EventKind, RestateReason, Role, Side

from tests.prove.daytrades import Counting, Example, LeastEquity, Patterned
from tests.prove.documented import Key
from tests.reference.commands import Command
from tests.reference.daytrading.invariants import Counted, Reckoned, Stake
from tests.reference.desk import AnyMarket
from tests.reference.records import INSTRUMENT_ROW, RISK_ROW
from tests.reference.seldom.daytrades import EXAMPLES, SIX_PERCENT

DAY_TRADES = (1, 2, 1, 1, 2, 2)  # of the examples
NEW = (CommandKind.NEW_ORDER, CommandKind.NEW_SPECIAL)
ORDERS = (*NEW, CommandKind.REPLACE)
WITHDRAWING = (CommandKind.DEPOSIT, CommandKind.HOLD_CASH)
LOWERED = {
    CommandKind.BUST_TRADE: Counting.LOWERED_BY_BUST,
    CommandKind.CORRECT_TRADE: Counting.LOWERED_BY_CORRECTION,
    CommandKind.DEPOSIT_SHARES: Counting.LOWERED_BY_DELIVERY,
}
AMENDING = (CommandKind.BUST_TRADE, CommandKind.CORRECT_TRADE)
MOST_RATE = 10  # of initial margin


class Days(Counted):
    """Hears all events of a market from its beginning."""

    def __init__(self, met: Counter[Key]) -> None:
        super().__init__()
        self.met = met
        self._begun: Counter[tuple[int, int]] = Counter()  # day trades of the day, by account and instrument
        self._lifted_before: set[int] = set()  # accounts
        self._traded: dict[int, list[list[int]]] = defaultdict(list)  # by account: instrument, side, lots, day trades
        self._equity_of_order: int | None = None  # of a pattern day trader

    def look(self, market: AnyMarket, command: Command) -> None:
        super().look(market, command)
        number, self._equity_of_order = command.fields.get("account", wire.ANY), None
        trader = self.traders.get(number)
        if trader is not None and trader.is_pattern and command.fields["kind"] in ORDERS:
            (row,) = RISK_ROW.rows(market.risk(number))
            self._equity_of_order = row.equity

    def step(self, market: AnyMarket, command: Command, events: list[Any]) -> None:
        """After each command."""
        kind = command.fields["kind"]
        before = {place: replace(stake) for place, stake in self.stakes.items() if place[0] in self.traders}
        self.hear(command, events)
        for place, stake in before.items():
            self._moved_otherwise(kind, stake, self.stakes[place])
        for event in events:
            self._answered(command.fields, event)
        self._children(market, events)

    # Fills

    def _fill(self, event: Any) -> None:
        first, due = self._first, len(self._due)
        super()._fill(event)
        if first is None:
            return
        if len(self._due) == due + 2:
            self._count(Counting.OF_BOTH_SIDES)
        stake = self.stakes[event.account, event.instrument]
        if first.account == event.account in self.traders and stake.today:
            self._count(Counting.OF_ITSELF)

    def _side(self, event: Any) -> None:
        trader, place = self.traders.get(event.account), (event.account, event.instrument)
        before, due = replace(self.stakes[place]), len(self._due)
        was = trader is not None and trader.is_pattern
        super()._side(event)
        if trader is None:
            return
        begins = len(self._due) > due
        is_same = before.last_order == event.order_id
        if is_same:
            self._count(Counting.SAME_ORDER)
        closes = before.qty() * (1 if event.side == Side.BUY else -1) < 0
        if closes:
            self._closed(event, before, begins)
        if begins:
            self._begins(event, trader, was)
        self._example(event, is_same, begins)

    def _closed(self, event: Any, before: Stake, begins: bool) -> None:
        all_lots = before.overnight + before.today
        if not before.today:
            self._count(Counting.OVERNIGHT_CLOSED)
        elif not begins:
            self._count(Counting.SAME_RUN)
        if 0 < before.today < event.qty < all_lots:
            self._count(Counting.OVERNIGHT_ALONG)
        if event.qty > all_lots:
            self._count(Counting.ACROSS_ZERO if before.today else Counting.ACROSS_FROM_OVERNIGHT)

    def _begins(self, event: Any, trader: Reckoned, was: bool) -> None:
        """A day trade."""
        self._count(Counting.SHORT_COVERED if event.side == Side.BUY else Counting.LONG_CLOSED)
        if event.flags & EventFlag.CROSS:
            self._count(Counting.IN_AN_AUCTION)
        else:
            self._count(Counting.BY_A_MAKER if event.flags & EventFlag.MAKER else Counting.BY_A_TAKER)
        self._begun[event.account, event.instrument] += 1
        if self._begun[event.account, event.instrument] > 1:
            self._count(Counting.BEGAN_AGAIN)
        day_trades, trades = self._sums(trader)
        if day_trades > trader.day_trades[0]:
            self._count(Counting.OF_DAYS_BEFORE)
        if was:
            self._pattern(Patterned.ONE_ALREADY)
        elif trader.is_pattern:
            self._pattern(Patterned.MADE)
            if day_trades == 4 == self.most:
                self._pattern(Patterned.MADE_OF_FOUR)
            if event.account in self._lifted_before:
                self._pattern(Patterned.MADE_AGAIN)
            if self.share == SIX_PERCENT:
                self._pattern(Patterned.SIX_PERCENT_EXCEEDED)
        elif not self.most:
            self._pattern(Patterned.NEVER)
        elif day_trades < self.most:
            self._pattern(Patterned.TOO_FEW)
        else:
            is_just = day_trades * 10_000 == trades * self.share
            self._pattern(Patterned.JUST_THE_SHARE if is_just else Patterned.SHARE_NOT_EXCEEDED)
            if self.share == SIX_PERCENT:
                self._pattern(Patterned.SIX_PERCENT_NOT_EXCEEDED)

    def _example(self, event: Any, is_same: bool, begins: bool) -> None:
        """Whether the last trades of the day, order by order, are one of the Notice, with as many day trades."""
        traded = self._traded[event.account]
        last = next((each for each in reversed(traded) if each[0] == event.instrument), None)
        if is_same and last is not None:
            last[2] += event.qty
            last[3] += begins
        else:
            traded.append([event.instrument, event.side, event.qty, int(begins)])
        for example, trades, day_trades in zip(Example, EXAMPLES, DAY_TRADES, strict=True):
            tail = traded[-len(trades) :]
            shares: dict[int, int] = {}
            wanted = [(shares.setdefault(which, len(shares)), side, lots) for side, lots, which in trades]
            names: dict[int, int] = {}
            found = [(names.setdefault(each[0], len(names)), each[1], each[2]) for each in tail]
            if found == wanted and sum(each[3] for each in tail) == day_trades:
                self.met["day trade example", example] += 1

    # What else

    def _moved_otherwise(self, kind: int, before: Stake, after: Stake) -> None:
        if kind in LOWERED and after.today < before.today:
            self._count(LOWERED[kind])
        if kind in AMENDING and before.today and after.qty() * before.qty() < 0:
            self._count(Counting.TURNED)
        if kind == CommandKind.SPLIT and before.today != after.today:
            self._count(Counting.SPLIT_AWAY if after.qty() and not after.today else Counting.SPLIT)

    def _settlement(self, command: Command, event: Any) -> None:
        counted = {number: self._sums(trader)[0] for number, trader in self.traders.items()}
        for trader in self.traders.values():
            if trader.day_trades[-1]:
                self._count(Counting.DAY_FORGOTTEN)
            if trader.kept[-1]:
                self._least(LeastEquity.FREE_AGAIN)
        super()._settlement(command, event)
        if any(self._sums(trader)[0] < counted[number] for number, trader in self.traders.items()):
            self._count(Counting.DAY_LEFT)
        self._begun.clear()
        self._traded.clear()

    def _account_risk(self, command: Command, event: Any) -> None:
        trader = self.traders.get(event.account)
        super()._account_risk(command, event)
        after = self.traders.get(event.account)
        self.met["day trade rule change", int(trader is not None), int(after is not None)] += 1
        if trader is not None and trader.is_pattern and after is None:
            self._pattern(Patterned.FORGOTTEN)
            if any(trader.kept):
                self._least(LeastEquity.FORGOTTEN_WITH_KEPT)
        if trader is None or after is None:
            self._traded.pop(event.account, None)
            self._lifted_before.discard(event.account)

    def _lifted(self, command: Command, event: Any) -> None:
        if any(self.traders[event.account].kept):
            self._least(LeastEquity.LIFTED_WITH_KEPT)
        super()._lifted(command, event)
        self._pattern(Patterned.LIFTED)
        self._lifted_before.add(event.account)

    def _cash(self, command: Command, event: Any) -> None:
        trader = self.traders.get(event.account)
        before = trader.kept[0] if trader is not None else 0
        super()._cash(command, event)
        is_deposit = command.fields["kind"] == CommandKind.DEPOSIT and event.price > 0
        if trader is None or not trader.is_pattern or not is_deposit:
            return
        more = trader.kept[0] - before
        enough = self._equity is not None and self._equity >= self.equity
        what = LeastEquity.KEPT if more == event.price else LeastEquity.KEPT_IN_PART
        self._least(LeastEquity.NOT_KEPT if enough else what)
        if trader.kept[0] == wire.MAX_CASH:
            self._least(LeastEquity.KEPT_AT_MOST)

    def _answered(self, fields: dict[str, Any], event: Any) -> None:
        """What became of an order, or of a withdrawal."""
        kind = fields["kind"]
        if event.kind in REFUSED and event.check == Check.DAY_TRADER:
            if kind == CommandKind.REPLACE:
                self._least(LeastEquity.REPLACE_REFUSED)
            elif fields.get("role", 0) == Role.PEER:
                self._least(LeastEquity.PEER_REFUSED)
            else:
                self._least(LeastEquity.SELL_REFUSED if fields["side"] else LeastEquity.BUY_REFUSED)
            if event.headroom:
                self._least(LeastEquity.MORE_THAN_CLOSES)
        elif event.kind == EventKind.ADMIN_REJECTED and event.check == Check.CASH_RANGE and kind in WITHDRAWING:
            trader = self.traders.get(event.account)
            if trader is not None and any(trader.kept):
                self._least(LeastEquity.WITHDRAWAL_REFUSED)
        elif self._equity_of_order is not None and event.account == fields["account"]:
            is_less = self._equity_of_order < self.equity
            is_taken = event.kind == EventKind.ACCEPTED and not event.flags and not fields.get("role", 0)
            if is_taken and self._equity_of_order == self.equity:
                self._least(LeastEquity.JUST_ENOUGH)
            if is_taken and is_less:
                self._least(LeastEquity.CLOSE_TAKEN)
            if event.kind == EventKind.REPLACED and is_less:
                self._least(LeastEquity.CLOSE_REPLACED)

    def _children(self, market: AnyMarket, events: list[Any]) -> None:
        """Those that nothing else can have ended when they woke: there was excess of equity."""
        last: Any = None
        for event in events:
            woke = last is not None and last.kind == EventKind.RESTATED and last.reason == RestateReason.ACTIVE
            woke = woke and last.order_id == event.order_id
            if woke and event.kind == EventKind.CANCELED and event.reason == CancelReason.EXPOSURE:
                trader = self.traders.get(event.account)
                if trader is not None and trader.is_pattern and self._is_rich_enough(market, event):
                    self._least(LeastEquity.CHILD_ENDED)
            last = event

    def _is_rich_enough(self, market: AnyMarket, event: Any) -> bool:
        (risk,) = RISK_ROW.rows(market.risk(event.account))
        rows = INSTRUMENT_ROW.rows(market.instruments())
        lot_size = next(row.lot_size for row in rows if row.instrument == event.instrument)
        needs = event.price * event.qty * lot_size * 100 * MOST_RATE
        return bool(needs <= risk.excess and risk.equity < self.equity)

    def _count(self, what: Counting) -> None:
        self.met["day trade", what] += 1

    def _pattern(self, what: Patterned) -> None:
        self.met["pattern of day trades", what] += 1

    def _least(self, what: LeastEquity) -> None:
        self.met["least equity", what] += 1


REFUSED = (EventKind.REJECTED, EventKind.REPLACE_REJECTED)
