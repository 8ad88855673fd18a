"""What must hold of locates, of claims for dividends and of splits, worked out a second time from rows and events
alone: nothing is lent beyond what there is, nobody sells short beyond what was located for him. docs/borrow.md,
docs/actions.md."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from openbell.wire import Borrow, CommandKind, EventFlag, EventKind, Place, Role, Side

from tests.reference.commands import Command
from tests.reference.desk import AnyMarket
from tests.reference.records import BORROW_ROW, DUE_ROW, LOCATE_ROW, ORDER_ROW, POSITION_ROW, RATE_ROW, as_i64, as_u64

if TYPE_CHECKING:
    from tests.reference.invariants import Rows

TAKEN = (EventKind.ACCEPTED, EventKind.REPLACED)
UNSEEN = (Role.CHILD, Role.PEER)  # roles of orders of which nothing is looked at
Key = tuple[int, int]  # account and instrument


class Acted:
    """Hears all events of a market from its beginning."""

    def __init__(self) -> None:
        self.borrow: dict[int, tuple[int, int]] = {}  # of instruments: Borrow and fee
        self.inventory: Counter[int] = Counter()
        self.located: Counter[Key] = Counter()
        self.due: Counter[Key] = Counter()
        self.rates: dict[int, tuple[int, int, int]] = {}  # by currency
        self.accrue_date = 0
        self._said: Counter[int] = Counter()  # events of the command in hand, by kind
        self._seq = 0

    def hear(self, command: Command, event: Any) -> None:
        """An event that is no refusal."""
        if event.seq != self._seq:
            self._seq = event.seq
            self._said.clear()
        self._said[event.kind] += 1
        if event.kind in HEARD:
            HEARD[event.kind](self, command, event)

    def lent(self, instrument: int) -> int:
        return sum(lots for key, lots in self.located.items() if key[1] == instrument)

    def _borrow_set(self, command: Command, event: Any) -> None:
        self.borrow[event.instrument] = event.reason, event.price
        self.inventory[event.instrument] = event.order_id

    def _located(self, command: Command, event: Any) -> None:
        key = event.account, event.instrument
        self.located[key] += event.price
        assert as_i64(event.trade_id) == self.located[key] >= 0
        assert event.price != 0
        if event.price > 0:
            assert self.lent(event.instrument) <= self.inventory[event.instrument], "lent beyond what there is"

    def _rates_set(self, command: Command, event: Any) -> None:
        self.rates[event.client_order_id] = event.price, event.order_id, event.leaves

    def _accrued(self, command: Command, event: Any) -> None:
        assert event.price > self.accrue_date
        assert event.leaves == self._said[EventKind.CHARGED]
        self.accrue_date = event.price

    def _due(self, command: Command, event: Any) -> None:
        key = event.account, event.instrument
        self.due[key] += event.price
        assert as_i64(event.trade_id) == self.due[key]
        assert event.price != 0

    def _set(self, command: Command, event: Any) -> None:
        assert event.leaves == self._said[EventKind.DIVIDEND_DUE]

    def _charged(self, command: Command, event: Any) -> None:
        """Of a PAY_DIVIDEND: what was due, or some of it."""
        if command.fields["kind"] == CommandKind.PAY_DIVIDEND:
            before = self.due[event.account, event.instrument]
            assert 0 < event.price <= -before or 0 < -event.price <= before
            self.due[event.account, event.instrument] += event.price

    def _paid(self, command: Command, event: Any) -> None:
        assert event.leaves == self._said[EventKind.CHARGED]

    def _split(self, command: Command, event: Any) -> None:
        new, old = event.price, event.order_id
        assert event.leaves == self._said[EventKind.SPLIT_SHARES]
        assert event.client_order_id == self._said[EventKind.CANCELED]
        self.inventory[event.instrument] = self.inventory[event.instrument] * new // old
        for key in [key for key in self.located if key[1] == event.instrument]:
            self.located[key] = self.located[key] * new // old

    # What must hold

    def check(self, market: AnyMarket, rows: Rows) -> None:
        """Raises AssertionError for what is not as it was told."""
        borrows = BORROW_ROW.rows(market.borrows())
        assert [row.instrument for row in borrows] == sorted(rows.instruments)
        for row in borrows:
            assert (row.borrow, row.fee) == self.borrow.get(row.instrument, (Borrow.EASY, 0))
            assert (row.inventory, row.lent) == (self.inventory[row.instrument], self.lent(row.instrument))
        located = [(key, self.located[key]) for key in map(key_of, rows.positions) if self.located[key]]
        told = LOCATE_ROW.rows(market.locates())
        assert [((row.account, row.instrument), row.located) for row in told] == located
        positions = {key_of(row): row for row in rows.positions}
        for row in told:
            assert row.short == short(positions[row.account, row.instrument])
        due = [(key, self.due[key]) for key in map(key_of, rows.positions) if self.due[key]]
        assert [((row.account, row.instrument), row.due) for row in DUE_ROW.rows(market.dues())] == due
        rates = {as_u64(row.currency): (row.debit, row.credit, row.days) for row in RATE_ROW.rows(market.rates())}
        assert rates == self.rates
        assert market.accrue_date == self.accrue_date


def key_of(row: Any) -> Key:
    return row.account, row.instrument


def short(position: Any) -> int:
    """Lots that it owes, or would if its open sells traded."""
    return max(0, position.open_sell - position.qty)


def due_of_accounts(market: AnyMarket) -> Counter[int]:
    due: Counter[int] = Counter()
    for row in DUE_ROW.rows(market.dues()):
        due[row.account] += row.due
    return due


def check_order(market: AnyMarket, command: Command, events: list[Any]) -> None:
    """That a sell that was taken, and did nothing yet, is no short sale beyond what was located."""
    taken = [event for event in events if event.kind != EventKind.LIMIT_WARNING]
    if len(taken) != 1 or taken[0].kind not in TAKEN or taken[0].side != Side.SELL:
        return
    event = taken[0]
    borrow = next(row for row in BORROW_ROW.rows(market.borrows()) if row.instrument == event.instrument).borrow
    if borrow == Borrow.EASY or command.fields.get("role", 0) in UNSEEN or event.flags & EventFlag.DUPLICATE:
        return
    orders = ORDER_ROW.rows(market.orders(event.account, event.instrument))
    if next(row for row in orders if row.order_id == event.order_id).place == Place.WAIT:
        return
    positions = POSITION_ROW.rows(market.positions(event.account))
    position = next(row for row in positions if row.instrument == event.instrument)
    rows = {key_of(row): row.located for row in LOCATE_ROW.rows(market.locates())}
    located = rows.get(key_of(position), 0) if borrow == Borrow.HARD else 0
    assert short(position) <= located, "sold short beyond what was located"


HEARD = {
    EventKind.BORROW_SET: Acted._borrow_set,
    EventKind.LOCATED: Acted._located,
    EventKind.RATES_SET: Acted._rates_set,
    EventKind.ACCRUED: Acted._accrued,
    EventKind.DIVIDEND_DUE: Acted._due,
    EventKind.DIVIDEND_SET: Acted._set,
    EventKind.CHARGED: Acted._charged,
    EventKind.DIVIDEND_PAID: Acted._paid,
    EventKind.SPLIT_DONE: Acted._split,
}
