"""What must hold of desks and limits, worked out a second time from rows and events alone: sums of desks are those of
their accounts; no account comes beyond a hard limit by its own order. docs/desks.md."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from openbell import wire
from openbell.wire import AccountState, AdminFlag, EventKind, Limit, RiskType, Side

from tests.reference.commands import Command
from tests.reference.desk import AnyMarket
from tests.reference.records import DESK_ROW, LIMIT_ROW, MEMBER_ROW, POSITION_ROW, as_i64
from tests.reference.trail import LARGEST_I64, within_i64

if TYPE_CHECKING:
    from tests.reference.invariants import Rows

RANKS = {AccountState.ACTIVE: 0, AccountState.REDUCE_ONLY: 1, AccountState.CLOSE_ONLY: 2, AccountState.BLOCKED: 3}
TAKEN = (EventKind.ACCEPTED, EventKind.REPLACED)
OF_LOTS = (Limit.GROSS, Limit.NET, Limit.OPEN_NOTIONAL)
FARTHEST = 4
Key = tuple[int, int]  # of a holder: OF_DESK or 0, and its id


class Sums(NamedTuple):
    """Of one position, an account or a desk. Cash, but for orders."""

    gross: int = 0
    net_buy: int = 0
    net_sell: int = 0
    open_notional: int = 0
    open_orders: int = 0
    equity: int = 0
    loss: int = 0

    def plus(self, other: Sums) -> Sums:
        return Sums(*map(sum, zip(self, other, strict=True)))


class Nested:
    """Hears all events of a market from its beginning."""

    def __init__(self) -> None:
        self.desks: dict[int, list[int]] = {}  # parent and state
        self.members: Counter[int] = Counter()  # desks of accounts
        self.states: Counter[int] = Counter()  # of accounts, their own
        self.in_force: Counter[int] = Counter()  # as it was told
        self.limits: dict[tuple[int, int, int], tuple[int, int]] = {}  # OF_DESK or 0, holder, Limit: hard, soft

    def hear(self, event: Any) -> None:
        kind = event.kind
        if kind == EventKind.DESK_SET:
            self.desks.setdefault(event.account, [0, AccountState.ACTIVE])[0] = event.price
            assert len(self.above(event.account)) <= FARTHEST
        elif kind == EventKind.DESK_STATE:
            self.desks[event.account][1] = event.reason
        elif kind == EventKind.MEMBER_SET:
            self.members[event.account] = event.price
        elif kind == EventKind.ACCOUNT_STATE:
            self.states[event.account], self.in_force[event.account] = event.reason, event.flags
        elif kind == EventKind.LIMIT_SET:
            self.limits[event.flags, event.account, event.reason] = event.price, event.order_id
        elif kind == EventKind.LIMIT_WARNING:
            self._warned(event)

    def _warned(self, event: Any) -> None:
        """It names the limit that there is, and a measure beyond it."""
        if event.trade_id:
            key, limits = (AdminFlag.OF_DESK, event.trade_id), self.limits
            assert event.account_seq == 0 or self.above(self.members[event.account])[event.flags - 1] == event.trade_id
        else:
            key, limits = (0, event.account), self.limits
            assert event.flags == 0
        assert limits[(*key, event.reason)][1] == event.price < as_i64(event.order_id)

    def above(self, number: int) -> list[int]:
        """A desk and those above it."""
        found = []
        while number:
            found.append(number)
            number = self.desks[number][0]
        return found

    def strictest(self, own: int, number: int) -> int:
        return max((own, *(self.desks[each][1] for each in self.above(number))), key=lambda state: RANKS[state])

    def check(self, market: AnyMarket, rows: Rows) -> None:
        """Raises AssertionError for what is not the sum of its parts."""
        desks, members = DESK_ROW.rows(market.desks()), MEMBER_ROW.rows(market.members())
        assert [row.desk for row in desks] == sorted(self.desks)
        within = {account: number for account, number in sorted(self.members.items()) if number}
        assert {row.account: row.desk for row in members} == within
        assert [row.account for row in members] == list(within)
        for row in members:
            in_force = self.strictest(rows.accounts[row.account].state, row.desk)
            assert row.in_force == in_force == self.in_force[row.account]
        for number, account in rows.accounts.items():
            assert account.state == self.states[number]
        sums = sums_of_accounts(rows)
        known = {row.holder: row for row in LIMIT_ROW.rows(market.limits()) if row.flags}
        for row in desks:
            below = [number for number in rows.accounts if row.desk in self.above(self.members[number])]
            watched = [number for number in below if rows.accounts[number].risk_type != RiskType.NONE]
            total = Sums()
            for number in watched:
                total = total.plus(sums[number])
            assert row.watched == len(watched)
            assert row.accounts == sum(number == row.desk for number in self.members.values())
            assert [row.parent, row.state] == self.desks[row.desk]
            assert row.in_force == self.strictest(row.state, row.parent)
            told = Sums(row.gross, row.net_buy, row.net_sell, row.open_notional, row.open_orders, row.equity, row.loss)
            if any(abs(each.base) >= LARGEST_I64 for each in rows.risk):  # it is more than a row can say
                told, total = told._replace(loss=0), total._replace(loss=0)
            assert told == Sums(*map(within_i64, total))
            assert row.desk in known or not any(bounds[0] or bounds[1] for bounds in self.of_desk(row.desk))
        self._limits(market, rows, sums, {row.desk: row for row in desks})

    def of_desk(self, number: int) -> Iterator[tuple[int, int]]:
        return (bounds for key, bounds in self.limits.items() if key[:2] == (AdminFlag.OF_DESK, number))

    def _limits(self, market: AnyMarket, rows: Rows, sums: dict[int, Sums], desks: dict[int, Any]) -> None:
        told = LIMIT_ROW.rows(market.limits())
        there = sorted(key for key, bounds in self.limits.items() if any(bounds))
        assert [(row.flags, row.holder, row.limit) for row in told] == there
        for row in told:
            assert (row.hard, row.soft) == self.limits[row.flags, row.holder, row.limit]
            total = desks[row.holder] if row.flags else sums[row.holder]
            is_watched = row.flags or rows.accounts[row.holder].risk_type != RiskType.NONE
            if not is_watched:
                assert row.measure == 0
            elif row.limit in MEASURES and (row.limit != Limit.DAY_LOSS or abs(total.equity) < LARGEST_I64):
                assert row.measure == within_i64(MEASURES[row.limit](total))


MEASURES = {
    Limit.POSITION: lambda total: 0,
    Limit.GROSS: lambda total: total.gross,
    Limit.NET: lambda total: max(abs(total.net_buy), abs(total.net_sell)),
    Limit.OPEN_NOTIONAL: lambda total: total.open_notional,
    Limit.OPEN_ORDERS: lambda total: total.open_orders,
    Limit.DAY_LOSS: lambda total: max(0, total.loss),
    Limit.ORDER_NOTIONAL: lambda total: 0,
    Limit.ORDER_VOLUME: lambda total: 0,
    Limit.REPEATS: lambda total: 0,
}


def sums_of_accounts(rows: Rows) -> dict[int, Sums]:
    """Of each account, from its positions, orders and RiskRow."""
    sums = {number: Sums(open_orders=account.open_orders) for number, account in rows.accounts.items()}
    for position, exposure in zip(rows.positions, rows.exposures, strict=True):
        lot_cash = exposure.mark * rows.instruments[position.instrument].lot_size * 100
        sums[position.account] = sums[position.account].plus(of_position(position, lot_cash))
    for row in rows.risk:
        account = rows.accounts[row.account]
        held = [exposure.value for exposure in rows.exposures if exposure.account == row.account]
        equity = account.cash - account.withdrawals + sum(held) + rows.due[row.account]
        sums[row.account] = sums[row.account]._replace(equity=equity, loss=row.base - equity)
    return sums


def of_position(position: Any, lot_cash: int) -> Sums:
    def at(lots: int) -> int:
        return min(wire.MAX_CASH, abs(lots) * lot_cash)

    ends = (position.qty, position.qty + position.open_buy, position.qty - position.open_sell)
    signed = [at(lots) if lots >= 0 else -at(lots) for lots in ends]
    return Sums(max(map(at, ends)), signed[1], signed[2], at(position.open_buy) + at(position.open_sell))


# Orders


class Standing(NamedTuple):
    """Of the account of an order, and of all above it."""

    limits: dict[tuple[int, int, int], Any]  # LimitRow by OF_DESK or 0, holder, Limit
    holders: set[Key]


def standing_of(market: AnyMarket, command: Command, risk: Any) -> Standing | None:
    """Before or after a command that may bring lots; None where nothing limits it. risk: the RiskRow of its account,
    where it is watched."""
    if risk is None:
        return None
    limits = {(row.flags, row.holder, row.limit): row for row in LIMIT_ROW.rows(market.limits())}
    if not limits:
        return None
    account = command.fields["account"]
    parents = {row.desk: row.parent for row in DESK_ROW.rows(market.desks())}
    number = next((row.desk for row in MEMBER_ROW.rows(market.members()) if row.account == account), 0)
    holders: set[Key] = {(0, account)}
    while number:
        holders.add((int(AdminFlag.OF_DESK), number))
        number = parents[number]
    return Standing(limits, holders)


def check_order(market: AnyMarket, before: Standing | None, after: Standing | None, events: list[Any]) -> None:
    """That an order that was taken, and did nothing yet, brings no measure beyond a hard limit, or farther beyond."""
    taken = [event for event in events if event.kind != EventKind.LIMIT_WARNING]
    if before is None or after is None or len(taken) != 1 or taken[0].kind not in TAKEN or taken[0].flags:
        return
    event = taken[0]
    hard = {key: row for key, row in after.limits.items() if row.hard and key[:2] in before.holders}
    if event.kind == EventKind.ACCEPTED:
        orders = [row for row in hard.values() if row.limit == Limit.OPEN_ORDERS]
        assert all(row.measure <= row.hard for row in orders), "beyond a hard limit of orders"
    positions = POSITION_ROW.rows(market.positions(event.account))
    if only_reduces(event, next(row for row in positions if row.instrument == event.instrument)):
        return
    for key, row in hard.items():
        if row.limit in OF_LOTS:
            assert row.measure <= row.hard or row.measure <= before.limits[key].measure, "beyond a hard limit"


def only_reduces(event: Any, position: Any) -> bool:
    """Whether the order makes its position no larger. position: its PositionRow, the order's lots among the open ones
    (those of a child that waits are not)."""
    is_buy = event.side == Side.BUY
    held = -position.qty if is_buy else position.qty
    return bool((position.open_buy if is_buy else position.open_sell) <= held)
