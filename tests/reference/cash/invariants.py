"""What must hold of accounts with a CashRule, worked out a second time from rows and events alone: no proceeds from
nowhere, nothing unpaid that is not held, no order that was taken sells or buys what it may not. docs/cash.md."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

from openbell import wire
from openbell.wire import AccountFlag, CashRule, CommandKind, EventKind, RiskType, Role, Side

from tests.reference.commands import Command
from tests.reference.desk import AnyMarket
from tests.reference.records import ACCOUNT_ROW, CASH_ROW, POSITION_ROW, UNPAID_ROW, VIOLATION_ROW
from tests.reference.trail import DAYS, Trail

if TYPE_CHECKING:
    from tests.reference.invariants import Rows

MOST_KEPT = 8
TRADES = (EventKind.FILL, EventKind.TRADE_CORRECTED)
NEW = (CommandKind.NEW_ORDER, CommandKind.NEW_SPECIAL)
TAKEN_ALONE = (Role.NONE, Role.PARENT)


class Held:
    """Hears all events of a market from its beginning. trail: what heard them before."""

    def __init__(self, trail: Trail) -> None:
        self.trail = trail
        self.rules: Counter[int] = Counter()  # of accounts
        # Proceeds that there may be at most, used or not: today's, then of settlements to come.
        self.most: dict[int, list[int]] = {}
        self.numbers: Counter[int] = Counter()  # of violations
        self.restricted: Counter[int] = Counter()
        self.lifted: dict[int, set[int]] = defaultdict(set)
        self.told: set[tuple[int, int, int]] = set()  # account, instrument, kind: of the day

    def hear(self, command: Command, event: Any) -> None:
        """An event that is no refusal."""
        if event.kind in HEARD:
            HEARD[event.kind](self, command, event)
        elif event.kind in TRADES and event.account in self.most and self.trail.day:
            lot_cash, most = event.price * self.trail.lot_sizes[event.instrument] * 100, self.most[event.account]
            if event.side == Side.SELL:
                most[0] += lot_cash * event.qty
            else:  # of a lot that several steps paid the money is of the last of them
                self.most[event.account] = [amount + lot_cash * (step != 1) for step, amount in enumerate(most)]

    def _risk(self, command: Command, event: Any) -> None:
        account, rule = event.account, event.flags
        assert rule == CashRule.NONE or event.reason == RiskType.CASH
        if rule == CashRule.NONE:
            for kept in (self.most, self.numbers, self.restricted, self.lifted):
                kept.pop(account, None)
            self.told = {each for each in self.told if each[0] != account}
        elif self.rules[account] == CashRule.NONE:
            self.most[account] = [max(0, amount) for amount in self.trail.later[account]]
        self.rules[account] = rule

    def _violation(self, command: Command, event: Any) -> None:
        account = event.account
        assert self.rules[account] != CashRule.NONE
        assert (event.side, event.flags) == (Side.SELL, 0)
        self.numbers[account] += 1
        assert event.trade_id == self.numbers[account]
        assert 1 <= event.leaves <= min(MOST_KEPT, event.trade_id)
        assert event.qty > 0 < event.price
        key = account, event.instrument, event.reason
        assert key not in self.told, "told twice a day"
        self.told.add(key)

    def _restriction(self, command: Command, event: Any) -> None:
        assert event.reason == bool(event.trade_id)
        assert event.reason or self.restricted[event.account]
        assert event.trade_id in (0, self.numbers[event.account])
        self.restricted[event.account] = event.reason

    def _lift(self, command: Command, event: Any) -> None:
        assert 1 <= event.trade_id <= self.numbers[event.account]
        assert event.trade_id not in self.lifted[event.account]
        self.lifted[event.account].add(event.trade_id)

    def _day_ended(self, command: Command, event: Any) -> None:
        self.told.clear()
        for account, (today, _, *others) in self.most.items():
            self.most[account] = [0, *others, 0]
            if event.client_order_id:
                self.most[account][event.client_order_id] += today
        assert all(len(each) == DAYS + 1 for each in self.most.values())

    # What must hold

    def check(self, market: AnyMarket, rows: Rows) -> None:
        """Raises AssertionError for what is not as it was told, or adds up to more than there is."""
        cash = CASH_ROW.rows(market.cash())
        assert [(row.account, row.rule) for row in cash] == sorted((a, rule) for a, rule in self.rules.items() if rule)
        positions = {(row.account, row.instrument): row for row in rows.positions}
        money: dict[int, list[int]] = defaultdict(lambda: [0] * (DAYS + 1))
        for row in UNPAID_ROW.rows(market.unpaid()):
            assert self.rules[row.account] != CashRule.NONE
            lots, paid = row[2:8], row[8:14]
            assert all((a > 0 < b) or (a == b == 0) for a, b in zip(lots, paid, strict=True))
            assert 0 < sum(lots) <= positions[row.account, row.instrument].qty
            *settling, today, _ = paid
            money[row.account] = [sum(pair) for pair in zip(money[row.account], (today, *settling), strict=True)]
        violations: dict[int, list[int]] = defaultdict(list)
        for row in VIOLATION_ROW.rows(market.violations()):
            violations[row.account].append(row.number)
        assert all(self.rules[number] for number in violations)
        for row in cash:
            account, (*settling, today) = rows.accounts[row.account], row[-5:]
            assert account.risk_type == RiskType.CASH
            assert not account.flags & int(AccountFlag.SHORT_ALLOWED | AccountFlag.CREDIT_UNLIMITED)
            unused = [today, *settling]
            assert min(unused) >= 0
            assert sum(unused) <= wire.MAX_CASH
            assert row.funds == account.cash - account.withdrawals - sum(unused)
            for have, used, most in zip(unused, money[row.account], self.most[row.account], strict=True):
                assert have + used <= most, "proceeds from nowhere"
            assert account.withdrawable == max(0, min(self.trail.withdrawable(account), row.funds))
            assert row.restricted == self.restricted[row.account]
            assert row.restricted or not row.since
            numbers = violations[row.account]
            assert numbers == sorted(set(numbers) - self.lifted[row.account])
            assert row.violations == len(numbers) <= MOST_KEPT
            assert not numbers or numbers[-1] <= self.numbers[row.account]


def check_order(market: AnyMarket, command: Command, events: list[Any]) -> None:
    """That a new order that was taken, and did nothing yet, sells nothing that is not paid for where that is refused,
    and buys with settled cash alone where it has to."""
    taken = [event for event in events if event.kind != EventKind.LIMIT_WARNING]
    if len(taken) != 1 or taken[0].kind != EventKind.ACCEPTED or taken[0].flags:
        return
    if command.fields["kind"] not in NEW or command.fields.get("role", 0) not in TAKEN_ALONE:
        return
    event = taken[0]
    row = next((row for row in CASH_ROW.rows(market.cash()) if row.account == event.account), None)
    if row is None:
        return
    if event.side == Side.SELL and row.rule == CashRule.REFUSE:
        positions = POSITION_ROW.rows(market.positions(event.account))
        held = next(each for each in positions if each.instrument == event.instrument)
        places = {(each.account, each.instrument): each for each in UNPAID_ROW.rows(market.unpaid())}
        unpaid = places.get((event.account, event.instrument))
        assert held.open_sell <= held.qty - (sum(unpaid[2:8]) if unpaid else 0), "sells what is not paid for"
    if event.side == Side.BUY and row.restricted:
        account = next(each for each in ACCOUNT_ROW.rows(market.accounts()) if each.account == event.account)
        assert account.cash - account.hold - account.short_proceeds >= sum(row[-5:]), "buys with what has not settled"


HEARD = {
    EventKind.ACCOUNT_RISK: Held._risk,
    EventKind.CASH_VIOLATION: Held._violation,
    EventKind.CASH_RESTRICTED: Held._restriction,
    EventKind.CASH_LIFTED: Held._lift,
    EventKind.SETTLEMENT: Held._day_ended,
}
