"""Day trades, patterns and cash that stays, worked out a second time from events alone; and that no order of who has
less than the least equity opens anything. docs/daytrading.md."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

from openbell import wire
from openbell.wire import Check, CommandKind, DayTradeRule, EventKind, RiskType, Role, Side

from tests.reference.commands import Command
from tests.reference.desk import AnyMarket
from tests.reference.records import DAY_TRADE_ROW, POSITION_ROW, REJECTS, RISK_ROW, as_i64

DAYS, KEPT_DAYS = 8, 3
MOST = 65_535
NEW = (CommandKind.NEW_ORDER, CommandKind.NEW_SPECIAL)
TAKEN_ALONE = (Role.NONE, Role.PARENT)
AMENDED = (EventKind.TRADE_BUSTED, EventKind.TRADE_CORRECTED)
OPENED = -1  # in the place of a side


@dataclass
class Stake:
    """A position in two parts: what was there when the day began, and what came since. A trade takes of the latter
    first."""

    sign: int = 1
    overnight: int = 0
    today: int = 0
    last_token: int = OPENED  # of the day: OPENED, or the side that closed something of the day
    last_order: int = 0

    def qty(self) -> int:
        return self.sign * (self.overnight + self.today)

    def close_day(self) -> None:
        self.overnight, self.today = self.overnight + self.today, 0
        self.last_token, self.last_order = OPENED, 0

    def trade(self, side: int, lots: int) -> bool:
        """Whether something of the day was closed with which a new day trade begins."""
        way, before = (1 if side == Side.BUY else -1), self.overnight + self.today
        if not before:
            self.sign = way
        closed = min(lots, before) if self.sign != way else 0
        of_today = min(closed, self.today)
        self.today -= of_today
        self.overnight -= closed - of_today
        begins = of_today > 0 and self.last_token != side
        if of_today:
            self.last_token = side
        if lots > closed:
            self.sign = way
            self.today += lots - closed
            self.last_token = OPENED
        return begins

    def become(self, qty: int) -> None:
        """Without a trade."""
        stays = qty * self.sign > 0 and self.overnight + self.today > 0
        self.today = min(self.today, abs(qty)) if stays else 0
        self.overnight = abs(qty) - self.today
        self.sign = -1 if qty < 0 else 1


@dataclass
class Reckoned:
    """Of an account with the rule; lists begin with today."""

    is_pattern: bool = False
    day_trades: list[int] = field(default_factory=lambda: [0] * DAYS)
    trades: list[int] = field(default_factory=lambda: [0] * DAYS)
    kept: list[int] = field(default_factory=lambda: [0] * KEPT_DAYS)


class Counted:
    """Hears all events of a market from its beginning."""

    def __init__(self) -> None:
        self.most, self.days, self.share, self.equity = 0, 1, 0, 0
        self.traders: dict[int, Reckoned] = {}
        self.stakes: dict[tuple[int, int], Stake] = defaultdict(Stake)  # by account and instrument
        self._equity: int | None = None  # of who is about to pay in, where it may matter
        self._first: Any = None  # of two FILLs
        self._due: list[dict[str, int]] = []  # what has to be told next
        self._moved: dict[tuple[int, int], int] = {}  # what amended positions are after all

    def look(self, market: AnyMarket, command: Command) -> None:
        """Before each command."""
        self._equity = None
        fields = command.fields
        if fields["kind"] == CommandKind.DEPOSIT and fields.get("account") in self.traders:
            (row,) = RISK_ROW.rows(market.risk(fields["account"]))
            self._equity = row.equity

    def hear(self, command: Command, events: list[Any]) -> None:
        """All that one command says."""
        self._moved = {}
        for event in events:
            if event.kind == EventKind.DAY_TRADE:
                self._told(event)
                continue
            assert not self._due, f"a day trade that is not told: {self._due}"
            if event.kind in REJECTS:
                self._refused(event)
            elif event.kind == EventKind.FILL:
                self._fill(event)
            elif event.kind in AMENDED:
                self._amended(event)
            elif event.kind in HEARD:
                getattr(self, HEARD[event.kind])(command, event)
        assert not self._due, f"a day trade that is not told: {self._due}"
        for place, qty in self._moved.items():
            self.stakes[place].become(qty)

    # Trades

    def _fill(self, event: Any) -> None:
        if self._first is None:
            self._first = event
            return
        first, self._first = self._first, None
        if first.account == event.account:
            return
        for side in (first, event):
            self._side(side)

    def _side(self, event: Any) -> None:
        stake, trader = self.stakes[event.account, event.instrument], self.traders.get(event.account)
        begins = stake.trade(event.side, event.qty)
        if trader is None:
            return
        if stake.last_order != event.order_id:
            trader.trades[0] = min(MOST, trader.trades[0] + 1)
        stake.last_order = event.order_id
        if not begins:
            return
        trader.day_trades[0] = min(MOST, trader.day_trades[0] + 1)
        day_trades, trades = self._sums(trader)
        is_enough = self.most > 0 and day_trades >= self.most and 10_000 * day_trades > self.share * trades
        makes_it, trader.is_pattern = is_enough and not trader.is_pattern, trader.is_pattern or is_enough
        same = ("account", "instrument", "side", "order_id", "client_order_id", "trade_id")
        said = {name: getattr(event, name) for name in same}
        self._due.append(said | {"qty": day_trades, "leaves": trades, "flags": int(makes_it)})

    def _sums(self, trader: Reckoned) -> tuple[int, int]:
        return sum(trader.day_trades[: self.days]), sum(trader.trades[: self.days])

    def _told(self, event: Any) -> None:
        assert self._due, "a day trade that is none"
        due = self._due.pop(0)
        assert {name: getattr(event, name) for name in due} == due
        assert (event.reason, event.price, event.filled) == (0, 0, 0)

    def _amended(self, event: Any) -> None:
        place = event.account, event.instrument
        way = 1 if (event.side == Side.BUY) == (event.kind == EventKind.TRADE_CORRECTED) else -1
        self._moved[place] = self._moved.get(place, self.stakes[place].qty()) + way * event.qty

    # What else is heard

    def _refused(self, event: Any) -> None:
        if event.check == Check.DAY_TRADER:
            assert self.traders[event.account].is_pattern
            assert event.limit == self.equity > event.value

    def _shares(self, command: Command, event: Any) -> None:
        self.stakes[event.account, event.instrument].become(as_i64(event.trade_id))

    def _split_shares(self, command: Command, event: Any) -> None:
        self._moved[event.account, event.instrument] = as_i64(event.trade_id)

    def _split(self, command: Command, event: Any) -> None:
        for (account, instrument), stake in self.stakes.items():
            if instrument == event.instrument:
                qty = self._moved.pop((account, instrument), stake.qty())
                stake.today = stake.today * event.price // event.order_id
                stake.overnight = abs(qty) - stake.today

    def _settlement(self, command: Command, event: Any) -> None:
        for stake in self.stakes.values():
            stake.close_day()
        for trader in self.traders.values():
            for days in (trader.day_trades, trader.trades, trader.kept):
                days.insert(0, 0)
                days.pop()

    def _settings(self, command: Command, event: Any) -> None:
        values = [command.fields.get(f"value{index}", 0) for index in range(4)]
        self.most, self.days, self.share, self.equity = values

    def _account_risk(self, command: Command, event: Any) -> None:
        rule = event.leaves
        assert rule == command.fields.get("value2", 0)
        assert rule == DayTradeRule.NONE or event.reason == RiskType.MARGIN
        if (rule != DayTradeRule.NONE) == (event.account in self.traders):
            return
        for (account, _), stake in self.stakes.items():
            if account == event.account:
                stake.close_day()
        if rule == DayTradeRule.NONE:
            del self.traders[event.account]
        else:
            self.traders[event.account] = Reckoned()

    def _lifted(self, command: Command, event: Any) -> None:
        assert self.traders[event.account].is_pattern
        self.traders[event.account] = Reckoned()

    def _cash(self, command: Command, event: Any) -> None:
        trader = self.traders.get(event.account)
        if command.fields["kind"] != CommandKind.DEPOSIT or event.price < 0 or trader is None or not trader.is_pattern:
            return
        assert self._equity is not None
        missing = max(0, self.equity - self._equity)
        trader.kept[0] = min(wire.MAX_CASH, trader.kept[0] + min(event.price, missing))

    # What must hold

    def check(self, market: AnyMarket) -> None:
        """Raises AssertionError for rows that say something else."""
        rows = DAY_TRADE_ROW.rows(market.day_traders())
        assert [row.account for row in rows] == sorted(self.traders)
        for row in rows:
            trader = self.traders[row.account]
            said = row._asdict()
            for name, days in (("day_trades", trader.day_trades), ("trades", trader.trades), ("kept", trader.kept)):
                assert [said[f"{name}_{day}"] for day in range(len(days))] == days
            assert (row.day_trades, row.trades) == self._sums(trader)
            assert (row.rule, row.is_pattern) == (DayTradeRule.PATTERN, trader.is_pattern)
            assert trader.is_pattern or not any(trader.kept)
        assert tuple(market.day_trade_settings) == (self.most, self.days, self.share, self.equity)


def kept_of_accounts(market: AnyMarket) -> Counter[int]:
    """Cash that stays, as rows say it."""
    return Counter({row.account: sum(row[-KEPT_DAYS:]) for row in DAY_TRADE_ROW.rows(market.day_traders())})


def check_order(market: AnyMarket, command: Command, events: list[Any]) -> None:
    """That a new order that was taken, and did nothing yet, opens nothing of a pattern day trader with less than the
    least equity."""
    taken = [event for event in events if event.kind != EventKind.LIMIT_WARNING]
    if len(taken) != 1 or taken[0].kind != EventKind.ACCEPTED or taken[0].flags:
        return
    if command.fields["kind"] not in NEW or command.fields.get("role", 0) not in TAKEN_ALONE:
        return
    event = taken[0]
    row = next((row for row in DAY_TRADE_ROW.rows(market.day_traders()) if row.account == event.account), None)
    if row is None or not row.is_pattern:
        return
    (risk,) = RISK_ROW.rows(market.risk(event.account))
    _, _, _, least = market.day_trade_settings
    if risk.equity < least:
        held = next(p for p in POSITION_ROW.rows(market.positions(event.account)) if p.instrument == event.instrument)
        room = held.qty - held.open_sell if event.side == Side.SELL else -held.qty - held.open_buy
        assert room >= 0, "opens with less than the least equity"


HEARD = {
    EventKind.SHARES: "_shares",
    EventKind.SPLIT_SHARES: "_split_shares",
    EventKind.SPLIT_DONE: "_split",
    EventKind.SETTLEMENT: "_settlement",
    EventKind.DAY_TRADES_SET: "_settings",
    EventKind.ACCOUNT_RISK: "_account_risk",
    EventKind.DAY_TRADER_LIFTED: "_lifted",
    EventKind.CASH: "_cash",
}
