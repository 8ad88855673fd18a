"""What accounts are worth and must keep, worked out a second time from rows alone; that no order makes a deficit
larger; that levels are what was told. docs/risk.md."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

from openbell import wire
from openbell.wire import CommandKind, EventKind, RiskLevel, RiskType

from tests.reference.commands import Command
from tests.reference.desk import AnyMarket
from tests.reference.records import RISK_ROW, as_i64
from tests.reference.trail import LARGEST_I64, within_i64

if TYPE_CHECKING:
    from tests.reference.invariants import Rows

ORDERS = (CommandKind.NEW_ORDER, CommandKind.NEW_SPECIAL, CommandKind.REPLACE)
TAKEN = (EventKind.ACCEPTED, EventKind.REPLACED)


class Solvent:
    """Hears all events of a market from its beginning."""

    def __init__(self) -> None:
        self.types: Counter[int] = Counter()  # RiskType of accounts
        self.levels: Counter[int] = Counter()  # RiskLevel of accounts, as it was told
        self.alert = self.liquidation = 0

    def hear(self, event: Any) -> None:
        if event.kind == EventKind.ACCOUNT_RISK:
            self.types[event.account] = event.reason
        elif event.kind == EventKind.RISK_SET:
            self.alert, self.liquidation = event.order_id, event.client_order_id
        elif event.kind == EventKind.RISK_LEVEL:
            assert event.flags == self.levels[event.account] != event.reason
            self.levels[event.account] = event.reason
            equity, maintenance = event.price, as_i64(event.trade_id)
            if self.types[event.account] != RiskType.MARGIN:
                assert event.reason == RiskLevel.NORMAL
            elif abs(equity) < LARGEST_I64 and maintenance < LARGEST_I64:  # else they are more than an event can say
                assert event.reason == self.level(equity, maintenance)

    def level(self, equity: int, maintenance: int) -> int:
        """That of a MARGIN account."""
        bounds = ((RiskLevel.LIQUIDATION, self.liquidation), (RiskLevel.CALL, 10_000), (RiskLevel.ALERT, self.alert))
        reached = (level for level, bound in bounds if bound and equity * 10_000 < maintenance * bound)
        return next(reached, RiskLevel.NORMAL)

    def check(self, rows: Rows) -> None:
        """Raises AssertionError for what is not the sum of its parts."""
        sums: dict[int, list[int]] = defaultdict(lambda: [0, 0, 0, 0])  # value, maintenance, initial, cost
        assert [(row.account, row.instrument) for row in rows.exposures] == [
            (row.account, row.instrument) for row in rows.positions
        ]
        for row, position in zip(rows.exposures, rows.positions, strict=True):
            lot_size = rows.instruments[row.instrument].lot_size
            worth = figures(row.mark, position, lot_size, rows.margins[row.instrument])
            assert (row.qty, row.value, row.maintenance, row.initial) == (position.qty, *worth)
            assert row.unrealized == within_i64(row.value - position.cost)
            sums[row.account] = [sum(pair) for pair in zip(sums[row.account], (*worth, position.cost), strict=True)]
        told = {row.account: row for row in rows.risk}
        assert list(told) == sorted(told)
        for number, account in rows.accounts.items():
            value, maintenance, initial, cost = sums[number]
            equity = account.cash - account.withdrawals + value + rows.due[number]
            assert account.risk_type == self.types[number]
            assert (number in told) == (account.risk_type != RiskType.NONE)
            if account.risk_type == RiskType.MARGIN:
                most = min(equity - initial, account.cash - account.hold + wire.MAX_CASH, LARGEST_I64 - account.hold)
                assert account.withdrawable == max(0, most - rows.kept[number])
                assert self.levels[number] == self.level(equity, maintenance)
            else:
                assert self.levels[number] == RiskLevel.NORMAL
            if number in told:
                row = told[number]
                assert (row.risk_type, row.level) == (account.risk_type, self.levels[number])
                assert (row.equity, row.value) == (within_i64(equity), within_i64(value))
                assert (row.maintenance, row.initial) == (within_i64(maintenance), within_i64(initial))
                assert row.excess == within_i64(equity - initial)
                assert row.unrealized == within_i64(value - cost)


def figures(mark: int, position: Any, lot_size: int, margin: Any) -> tuple[int, int, int]:
    """Value, maintenance and initial."""

    def bounded(amount: int) -> int:
        return min(amount, wire.MAX_CASH)

    def needs(lots: int, of_long: int, of_short: int) -> int:
        whole = bounded(abs(lots) * mark * lot_size * 100)
        if lots >= 0:
            return bounded(whole * of_long // 10_000)
        least = margin.least if mark >= margin.least else max(mark, margin.least_low)
        return max(bounded(whole * of_short // 10_000), bounded(-lots * lot_size * least * 100))

    rates = margin.initial_long, margin.initial_short
    maintenance = needs(position.qty, margin.maintenance_long, margin.maintenance_short)
    sides = position.qty + position.open_buy, position.qty - position.open_sell
    value = bounded(abs(position.qty) * mark * lot_size * 100)
    return value if position.qty >= 0 else -value, maintenance, max(maintenance, *(needs(one, *rates) for one in sides))


# Orders


def risk_of(market: AnyMarket, command: Command) -> Any:
    """Of a command that may bring lots: the RiskRow of its account; None where it is not watched."""
    if command.fields["kind"] not in ORDERS:
        return None
    rows = RISK_ROW.rows(market.risk())
    return next((row for row in rows if row.account == command.fields["account"]), None)


def check_order(before: Any, after: Any, events: list[Any]) -> None:
    """That an order that was taken, and did nothing yet, has its account need no more than it has, or no more than
    before."""
    events = [event for event in events if event.kind != EventKind.LIMIT_WARNING]
    is_alone = len(events) == 1 and events[0].kind in TAKEN
    if is_alone and before is not None and before.risk_type == RiskType.MARGIN:
        assert after.excess >= 0 or after.initial <= before.initial, "an order that makes a deficit larger"
