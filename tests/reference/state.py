"""All that the market is between two commands."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from tests.reference.accounts import Account, Position
from tests.reference.books import Instrument, Order
from tests.reference.capacity import Capacity, ClientOrderIds, Slots
from tests.reference.output import Output

if TYPE_CHECKING:
    from tests.reference.desks.tree import Desk
    from tests.reference.fees import Component
    from tests.reference.guards import Guard


class Amendment(NamedTuple):
    """What a trade that was busted (qty 0) or corrected is now, and how often it was."""

    price: int
    qty: int
    changes: int


class Rates(NamedTuple):
    """Interest of a currency: 1e-6 a year of so many days."""

    debit: int = 0
    credit: int = 0
    days: int = 360


class CashSettings(NamedTuple):
    """What SET_RISK says of accounts with a CashRule. docs/cash.md."""

    most: int = 0  # violations from which on an account is restricted; 0: never by number
    violation_days: int = 0  # that one counts; 0: until it is lifted
    restriction_days: int = 0  # 0: there is none


class DayTradeSettings(NamedTuple):
    """What SET_DAY_TRADES says. docs/daytrading.md."""

    most: int = 0  # day trades from which on they are a pattern; 0: never
    days: int = 1  # that count, today among them
    share: int = 0  # of all trades, 1e-4, that they must be above
    equity: int = 0  # the least of a pattern day trader


class Warned(NamedTuple):
    """A soft limit that was crossed, and by whose measure."""

    limit: int
    distance: int
    soft: int
    measure: int
    desk: int  # 0: the account's


@dataclass
class Risk:
    """What SET_RISK said, and how far marks are taken. docs/risk.md."""

    marks: int = 0  # that each TICK may take
    alert: int = 0  # 1e-4 of maintenance; 0: no such level
    liquidation: int = 0
    looked_at: int = -1  # the instrument id that was looked at last
    walk: Position | None = None  # the next one to be marked; its instrument's are under way
    is_sweeping: bool = False


class State:
    """What the commands read and change."""

    def __init__(self) -> None:
        self.capacity = Capacity(0, 0, 0, 0, 0, 0, 0, 0)
        self.configured = False
        self.day_end_ns = 0
        self.accounts: dict[int, Account] = {}
        self.instruments: dict[int, Instrument] = {}
        self.positions: list[Position] = []  # in order of creation
        self.orders: dict[int, Order] = {}  # live, by order id
        self.slots = Slots()
        self.ids = ClientOrderIds()
        self.rank = 0  # the last one given
        self.accepted = 0  # orders so far
        self.queue: list[Order] = []  # stops that were met
        self.moved: list[Instrument] = []  # whose dark orders have to be looked at again
        self.amendments: dict[tuple[int, int], Amendment] = {}  # by instrument and trade id, in order
        self.guards: dict[tuple[int, int], Guard] = {}  # by account and session; 0: of the account
        self.guard_capacity = 0
        self.currencies = [0]  # in the order in which they first came
        self.house: Counter[tuple[int, int]] = Counter()  # balances by currency and HouseAccount
        self.plans: dict[int, dict[int, Component]] = {}
        self.settled_day = 0  # the last one, YYYYMMDD; 0: none was settled yet
        self.withdrawal_capacity = 0
        self.rates: dict[int, Rates] = {}  # by currency, once they were set
        self.accrue_date = 0  # the last one, YYYYMMDD
        self.risk = Risk()
        self.cash = CashSettings()
        self.day_trades = DayTradeSettings()
        self.desks: dict[int, Desk] = {}
        self.desk_capacity = 0
        self.limited_capacity = 0  # accounts that may have limits
        self.warned: list[Warned] = []  # of the order in hand, told when it is taken
        self.output = Output()

    def pages_used(self) -> int:
        return sum(instrument.pages() for instrument in self.instruments.values())

    def position(self, account: Account, instrument: Instrument) -> Position:
        """The position, created when it is not there yet."""
        if instrument.number not in account.positions:
            position = Position(account.number, instrument.number, mark=instrument.mark)
            account.positions[instrument.number] = position
            self.positions.append(position)
        return account.positions[instrument.number]

    def note_moved(self, instrument: Instrument) -> None:
        """Have the recheck look at this instrument."""
        if instrument not in self.moved:
            self.moved.append(instrument)

    def instruments_ascending(self) -> list[Instrument]:
        return [self.instruments[number] for number in sorted(self.instruments)]

    def accounts_ascending(self) -> list[Account]:
        return [self.accounts[number] for number in sorted(self.accounts)]

    def forget(self, order: Order) -> None:
        """An order ends: its slot is free, its account lists it no more."""
        del self.orders[order.order_id]
        order.account.orders.remove(order)
        self.slots.free(order.order_id)
        if order in self.queue:
            self.queue.remove(order)
