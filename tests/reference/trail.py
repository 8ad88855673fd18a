"""The ledger kept a second time, from commands and events alone: what rows of accounts and of the house must say."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any

from openbell import wire
from openbell.wire import AccountFlag, EventKind, HouseAccount, RiskType, Side

from tests.reference.commands import Command
from tests.reference.records import as_i64, balance_of

DAYS = 4
LEAST_I64, LARGEST_I64 = -(1 << 63), (1 << 63) - 1
OF_TRADES = (EventKind.FILL, EventKind.TRADE_BUSTED, EventKind.TRADE_CORRECTED)
# Between fills and what is charged for them.
BEFORE_FEES = (EventKind.DAY_TRADE, EventKind.CASH_VIOLATION, EventKind.CASH_RESTRICTED)


class Trail:
    """Hears all events of a market from its beginning."""

    def __init__(self) -> None:
        self.currencies: Counter[int] = Counter()  # of accounts, as integers
        self.lot_sizes: dict[int, int] = {}
        self.house: Counter[tuple[int, int]] = Counter()  # by currency and HouseAccount
        self.at_once: Counter[int] = Counter()  # cash of accounts that is settled
        self.later: dict[int, list[int]] = defaultdict(lambda: [0] * (DAYS + 1))  # today's, then of settlements to come
        self.fees: Counter[int] = Counter()
        self.ruled: set[int] = set()  # accounts with a CashRule
        self.withdrawals: dict[tuple[int, int], tuple[int, int]] = {}  # amount and time, by account and number
        self.day = 0
        self._settled: dict[int, tuple[int, int]] = {}  # of the SETTLE in hand: what settled, settled cash after it
        self._sides: list[Any] = []  # fills of the last trade, as long as fees may follow
        self._last = (0, -1)  # which side, and which component was charged last

    def hear(self, command: Command, event: Any) -> None:
        kind = event.kind
        if kind == EventKind.CHARGED and event.side != wire.SIDE_BOTH:
            self._fee(event)
            return
        if kind == EventKind.FILL:
            self._sides = [*self._sides, event] if len(self._sides) == 1 else [event]
            self._last = (0, -1)
        elif kind not in BEFORE_FEES:
            self._sides = []
        if kind in OF_TRADES:
            self._trade(event)
        elif kind in HEARD:
            HEARD[kind](self, command, event)

    # What is booked

    def _set_account(self, command: Command, event: Any) -> None:
        value = command.fields.get("value5", 0)
        if value != wire.KEEP or event.account not in self.currencies:
            self.currencies[event.account] = value

    def _set_risk(self, command: Command, event: Any) -> None:
        (self.ruled.add if event.flags else self.ruled.discard)(event.account)

    def _set_instrument(self, command: Command, event: Any) -> None:
        value = command.fields["value1"]
        if value != wire.KEEP or event.instrument not in self.lot_sizes:
            self.lot_sizes[event.instrument] = value

    def _post(self, account: int, house: int, amount: int) -> None:
        """The house gets what the account pays."""
        self.house[self.currencies[account], house] += amount

    def _cash(self, command: Command, event: Any) -> None:
        self.at_once[event.account] += event.price
        self._post(event.account, HouseAccount.BANK, -event.price)
        if event.order_id:
            amount, _ = self.withdrawals.pop((event.account, event.order_id))
            assert event.price == -amount
        assert as_i64(event.trade_id) == self.cash(event.account)

    def _charge(self, command: Command, event: Any) -> None:
        assert (event.flags, event.leaves, event.order_id) == (0, 0, 0)
        self.at_once[event.account] -= event.price
        self._post(event.account, event.reason, event.price)

    def _trade(self, event: Any) -> None:
        cash = event.price * event.qty * self.lot_sizes[event.instrument] * 100
        way = -1 if event.side == Side.BUY else 1
        self._traded(event.account, -way * cash if event.kind == EventKind.TRADE_BUSTED else way * cash)

    def _traded(self, account: int, amount: int) -> None:
        if self.day:
            self.later[account][0] += amount
        else:
            self.at_once[account] += amount

    def _fee(self, event: Any) -> None:
        """Right after the fills of its trade; those of the first side first, by component."""
        assert event.price != 0
        assert HouseAccount.COMMISSION <= event.reason <= max(HouseAccount)
        same = ("account", "instrument", "side", "flags", "qty", "order_id", "client_order_id", "trade_id")
        ours = [getattr(event, name) for name in same]
        side = next(place for place, fill in enumerate(self._sides) if [getattr(fill, name) for name in same] == ours)
        assert len(self._sides) == 2
        assert self._last < (side, event.leaves) < (2, 8)
        self._last = (side, event.leaves)
        self._traded(event.account, -event.price)
        self._post(event.account, event.reason, event.price)
        total = self.fees[event.account] + event.price
        self.fees[event.account] = max(-wire.MAX_CASH, min(wire.MAX_CASH, total))

    def _held(self, command: Command, event: Any) -> None:
        key = (event.account, event.order_id)
        assert key not in self.withdrawals
        assert event.price > 0
        self.withdrawals[key] = event.price, event.ts_ns

    def _released(self, command: Command, event: Any) -> None:
        amount, _ = self.withdrawals.pop((event.account, event.order_id))
        assert event.price == amount

    def _is_settled(self, command: Command, event: Any) -> None:
        assert event.price != 0
        assert all(account < event.account for account in self._settled)
        self._settled[event.account] = event.price, as_i64(event.trade_id)

    def _day_ended(self, command: Command, event: Any) -> None:
        assert event.price > self.day
        self.day = event.price
        due = {}
        for account, (today, following, *others) in self.later.items():
            self.later[account] = [0, *others, 0]
            settles = following
            if event.client_order_id == 0:
                settles += today
            else:
                self.later[account][event.client_order_id] += today
            self.at_once[account] += settles
            if settles:
                due[account] = settles, self.at_once[account]
        told, self._settled = self._settled, {}
        assert told == due
        assert event.leaves == len(told)

    # What must hold

    def cash(self, account: int) -> int:
        return self.at_once[account] + sum(self.later[account])

    def withdrawn(self) -> Counter[int]:
        """Cash held for withdrawals, by account."""
        held: Counter[int] = Counter()
        for (account, _), (amount, _) in self.withdrawals.items():
            held[account] += amount
        return held

    def check(self, accounts: Mapping[int, Any], house: list[Any], withdrawals: list[Any]) -> None:
        """Rows of accounts by number, of the house, of withdrawals."""
        assert not self._settled, "SETTLED without its SETTLEMENT"
        sums = Counter(dict.fromkeys(self.currencies.values(), 0))
        for (currency, _), balance in self.house.items():
            sums[currency] += balance
        for number, row in accounts.items():
            sums[self.currencies[number]] += row.cash
        assert sum(sums.values()) == 0
        if 0 not in self.currencies.values():  # who has none trades with those of all currencies
            assert not any(sums.values())
        told = {(currency_of(row), row.house): balance_of(row) for row in house}
        assert told == {key: balance for key, balance in self.house.items() if balance}
        assert len(told) == len(house)
        assert all(row.house not in (HouseAccount.NONE, HouseAccount.DEPOSITORY) for row in house)
        assert {(row.account, row.number): (row.amount, row.ts_ns) for row in withdrawals} == self.withdrawals
        keys = [(row.account, row.number) for row in withdrawals]
        assert keys == sorted(keys)
        held = self.withdrawn()
        for number, row in accounts.items():
            self._account(row, held[number])

    def _account(self, row: Any, held: int) -> None:
        later = self.later[row.account]
        assert row.cash == self.cash(row.account)
        assert (row.settled, row.unsettled) == (within_i64(self.at_once[row.account]), within_i64(sum(later)))
        assert (row.withdrawals, row.fees) == (held, self.fees[row.account])
        assert currency_of(row) == self.currencies[row.account]
        assert row.cash - row.hold >= -wire.MAX_CASH
        if row.risk_type == RiskType.MARGIN or row.account in self.ruled:
            return  # tests/reference/solvent.py and tests/reference/cash/invariants.py know of these
        assert row.withdrawable == self.withdrawable(row)

    def withdrawable(self, row: Any) -> int:
        """Of an account that is not MARGIN, whatever its rule."""
        free = row.cash - row.hold - row.short_proceeds
        if row.flags & AccountFlag.CREDIT_UNLIMITED:
            free = row.cash - row.hold + wire.MAX_CASH
        owed = sum(-amount for amount in self.later[row.account] if amount < 0)
        return max(0, min(free, self.at_once[row.account] - owed - row.withdrawals))


def currency_of(row: Any) -> int:
    return int.from_bytes(row.currency.ljust(8, b"\0"), "little", signed=True)


def within_i64(amount: int) -> int:
    return max(LEAST_I64, min(LARGEST_I64, amount))


HEARD = {
    EventKind.ACCOUNT_SET: Trail._set_account,
    EventKind.ACCOUNT_RISK: Trail._set_risk,
    EventKind.INSTRUMENT_SET: Trail._set_instrument,
    EventKind.CASH: Trail._cash,
    EventKind.CHARGED: Trail._charge,
    EventKind.CASH_HELD: Trail._held,
    EventKind.CASH_RELEASED: Trail._released,
    EventKind.SETTLED: Trail._is_settled,
    EventKind.SETTLEMENT: Trail._day_ended,
}
