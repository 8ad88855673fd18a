"""Counts what a run has met of docs/borrow.md and docs/actions.md, from commands, events and rows alone."""

from __future__ import annotations

from collections import Counter
from typing import Any

from openbell import wire
from openbell.wire import (
    AccountFlag,
    Borrow,
    CancelReason,
    Check,
    CommandKind,
    EventKind,
    HouseAccount,
    InstrumentState,
    OrderType,
    RestateReason,
    RiskType,
    Role,
    Side,
)

from tests.prove.actions import Accrued, Borrowed, Claim, Divided
from tests.prove.documented import Key
from tests.reference.desk import AnyMarket
from tests.reference.records import ACCOUNT_ROW, BORROW_ROW, DUE_ROW, INSTRUMENT_ROW, as_i64

OF_THE_CASH = (CommandKind.ACCRUE, CommandKind.PAY_DIVIDEND, CommandKind.SPLIT)
LOTS_INDEX = 3
LARGEST = 1 << 61
NEVER_ALONE = (OrderType.TRAILING_STOP,)  # may have no price when they wake


class Acted:
    """What is remembered of instruments, accounts and positions."""

    def __init__(self, met: Counter[Key]) -> None:
        self.met = met
        self._borrow: Counter[int] = Counter()  # of instruments
        self._inventory: Counter[int] = Counter()
        self._states: Counter[int] = Counter()
        self._restricted: Counter[int] = Counter()
        self._limited: set[tuple[str, int]] = set()  # instruments and accounts that ever had a limit
        self._flags: Counter[int] = Counter()  # of accounts
        self._types: Counter[int] = Counter()
        self._qty: Counter[tuple[int, int]] = Counter()  # of positions
        self._located: Counter[tuple[int, int]] = Counter()
        self._due: Counter[tuple[int, int]] = Counter()
        self._split: set[int] = set()  # instruments
        self._days: dict[int, int] = {}  # a year, by currency
        self._last: Any = None  # the event before, of the same command
        self._kinds: dict[int, tuple[int, int]] = {}  # role and type of orders

    def begin(self) -> None:
        """Of each command."""
        self._last = None

    def refused(self, fields: dict[str, Any], event: Any) -> None:
        kind, check = fields["kind"], event.check
        if check == Check.LOCATE and kind == CommandKind.LOCATE:
            self._count(Borrowed.LOCATE_REFUSED if event.limit else Borrowed.NOTHING_AVAILABLE)
        elif check == Check.LOCATE:
            if kind == CommandKind.REPLACE:
                self._count(Borrowed.REPLACE_BEYOND)
            if self._flags[event.account] & AccountFlag.CREDIT_UNLIMITED:
                self._count(Borrowed.UNLIMITED_REFUSED)
            if self._borrow[event.instrument] == Borrow.NONE:
                self._count(Borrowed.OF_NONE)
            else:
                self._count(Borrowed.BEYOND_LOCATED if event.limit else Borrowed.WITHOUT_LOCATED)
        elif check == Check.VALUE and kind == CommandKind.LOCATE and event.limit < 0 and -event.value <= 1 << 40:
            self._count(Borrowed.GIVEN_BACK_REFUSED)
        elif check == Check.VALUE and kind == CommandKind.SPLIT and event.client_order_id == LOTS_INDEX:
            whole = self._inventory[event.instrument] * fields["value0"] // fields["value1"]
            self._divided(Divided.INVENTORY_REFUSED if whole > LARGEST else Divided.LOTS_REFUSED)
        elif check == Check.TRADE and event.instrument in self._split and 0 < fields["trade_id"] <= event.limit:
            self._divided(Divided.OLD_TRADE_REFUSED)

    def hear(self, fields: dict[str, Any], event: Any) -> None:
        """An event that is no refusal."""
        if event.kind in HEARD:
            HEARD[event.kind](self, fields, event)
        self._last = event

    def _count(self, what: Borrowed) -> None:
        self.met["borrowed", what] += 1

    def _accrue(self, what: Accrued) -> None:
        self.met["accrued", what] += 1

    def _claim(self, what: Claim) -> None:
        self.met["claim", what] += 1

    def _divided(self, what: Divided) -> None:
        self.met["divided", what] += 1

    # What is remembered

    def _account_set(self, fields: dict[str, Any], event: Any) -> None:
        if fields.get("flags", 0) != 255:
            self._flags[event.account] = fields.get("flags", 0)
        if any(fields.get(f"value{index}", 0) not in (0, wire.KEEP) for index in (0, 1, 2)):
            self._limited.add(("account", event.account))

    def _instrument_set(self, fields: dict[str, Any], event: Any) -> None:
        if fields["value5"] not in (0, wire.KEEP):
            self._limited.add(("instrument", event.instrument))

    def _account_risk(self, fields: dict[str, Any], event: Any) -> None:
        self._types[event.account] = event.reason

    def _state(self, fields: dict[str, Any], event: Any) -> None:
        self._states[event.instrument] = event.reason

    def _short_sale(self, fields: dict[str, Any], event: Any) -> None:
        self._restricted[event.instrument] = event.reason

    def _fill(self, fields: dict[str, Any], event: Any) -> None:
        self._qty[event.account, event.instrument] += event.qty if event.side == Side.BUY else -event.qty

    def _amended(self, fields: dict[str, Any], event: Any) -> None:
        way = 1 if (event.side == Side.BUY) == (event.kind == EventKind.TRADE_CORRECTED) else -1
        self._qty[event.account, event.instrument] += way * event.qty
        if event.instrument in self._split:
            self._divided(Divided.NEW_TRADE_AMENDED)

    def _shares(self, fields: dict[str, Any], event: Any) -> None:
        self._qty[event.account, event.instrument] += event.price

    # Borrowing

    def _borrow_set(self, fields: dict[str, Any], event: Any) -> None:
        self.met["borrow change", self._borrow[event.instrument], event.reason] += 1
        self._borrow[event.instrument], self._inventory[event.instrument] = event.reason, event.order_id

    def _is_located(self, fields: dict[str, Any], event: Any) -> None:
        key = event.account, event.instrument
        self._located[key] = as_i64(event.trade_id)
        if fields["kind"] == CommandKind.TICK:
            self._count(Borrowed.WENT_BACK)
        elif event.price < 0:
            self._count(Borrowed.GIVEN_BACK)
        elif key not in self._qty:
            self._count(Borrowed.POSITION_MADE)
        self._qty[key] += 0

    def _accepted(self, fields: dict[str, Any], event: Any) -> None:
        key = event.account, event.instrument
        self._qty[key] += 0
        self._kinds[event.order_id] = fields.get("role", 0), fields.get("order_type", 0)
        borrow = self._borrow[event.instrument]
        if event.side != Side.SELL or borrow == Borrow.EASY:
            return
        if fields.get("role", 0) == Role.PEER:
            self._count(Borrowed.PEER_TAKEN)
        elif borrow == Borrow.HARD and event.qty > self._qty[key] and fields.get("role", 0) != Role.CHILD:
            self._count(Borrowed.SOLD_AS_LOCATED)

    def _canceled(self, fields: dict[str, Any], event: Any) -> None:
        """A child that nothing else can have ended when it woke."""
        role, order_type = self._kinds.pop(event.order_id, (0, 0))
        woke = self._last is not None and self._last.order_id == event.order_id
        woke = woke and self._last.kind == EventKind.RESTATED and self._last.reason == RestateReason.ACTIVE
        if not woke or role != Role.CHILD or event.reason != CancelReason.EXPOSURE or event.side != Side.SELL:
            return
        limited = {("account", event.account), ("instrument", event.instrument)} & self._limited
        is_free = self._flags[event.account] & AccountFlag.SHORT_ALLOWED and not limited
        is_free = is_free and self._types[event.account] == RiskType.NONE and not self._restricted[event.instrument]
        if is_free and order_type not in NEVER_ALONE and self._borrow[event.instrument] != Borrow.EASY:
            self._count(Borrowed.CHILD_ENDED)

    def rows(self, market: AnyMarket) -> None:
        """Now and then."""
        if any(row.lent > row.inventory for row in BORROW_ROW.rows(market.borrows())):
            self._count(Borrowed.RECALLED)

    def ticked(self, market: AnyMarket, events: list[Any]) -> None:
        if any(event.kind == EventKind.DAY_ENDED for event in events) and market.locates():
            self._count(Borrowed.STAYED)

    # Interest and fees, dividends

    def _rates_set(self, fields: dict[str, Any], event: Any) -> None:
        self._days[event.client_order_id] = event.leaves

    def _charged(self, fields: dict[str, Any], event: Any) -> None:
        key = event.account, event.instrument
        if fields["kind"] == CommandKind.ACCRUE:
            if event.reason == HouseAccount.BORROW:
                self._accrue(Accrued.FEE)
            else:
                self._accrue(Accrued.DEBIT if event.price > 0 else Accrued.CREDIT)
        elif fields["kind"] == CommandKind.PAY_DIVIDEND:
            self._claim(Claim.PAID_LONG if event.price < 0 else Claim.PAID_SHORT)
            if not self._qty[key]:
                self._claim(Claim.PAID_WITHOUT_SHARES)
            self._due[key] += event.price
        elif fields["kind"] == CommandKind.SPLIT:
            self._divided(Divided.LONG_FRACTION if event.price < 0 else Divided.SHORT_FRACTION)

    def _is_accrued(self, fields: dict[str, Any], event: Any) -> None:
        if event.client_order_id > 1:
            self._accrue(Accrued.SEVERAL_DAYS)
        if not event.leaves:
            self._accrue(Accrued.NOTHING)

    def _is_due(self, fields: dict[str, Any], event: Any) -> None:
        self._claim(Claim.LONG if event.price > 0 else Claim.SHORT)
        if as_i64(event.trade_id) != event.price:
            self._claim(Claim.BESIDE_ANOTHER)
        self._due[event.account, event.instrument] += event.price

    def _dividend_set(self, fields: dict[str, Any], event: Any) -> None:
        if not event.leaves:
            self._claim(Claim.NOBODY)

    def _dividend_paid(self, fields: dict[str, Any], event: Any) -> None:
        if not event.leaves:
            self._claim(Claim.NOTHING_PAID)

    def acted(self, market: AnyMarket, fields: dict[str, Any], events: list[Any]) -> None:
        """After a command that moves cash: charges for which there was no room, and in which currencies they were."""
        charged = [event for event in events if event.kind == EventKind.CHARGED]
        if events and events[-1].kind == EventKind.SPLIT_DONE:
            rows = INSTRUMENT_ROW.rows(market.instruments())
            price = next(row.reference_price for row in rows if row.instrument == fields["instrument"])
            self.met["divided", Divided.LEAST_PRICE] += price == 1
            self.met["divided", Divided.LARGEST_PRICE] += price == wire.MAX_PRICE
        if fields["kind"] not in OF_THE_CASH or not charged:
            return
        accounts = {row.account: row for row in ACCOUNT_ROW.rows(market.accounts())}
        due = {(row.account, row.instrument) for row in DUE_ROW.rows(market.dues())}
        for event in charged:
            account = accounts[event.account]
            currency = int.from_bytes(account.currency.ljust(8, b"\0"), "little")
            is_full = (
                account.cash - account.hold == -wire.MAX_CASH if event.price > 0 else account.cash == wire.MAX_CASH
            )
            if fields["kind"] == CommandKind.PAY_DIVIDEND:
                if (event.account, event.instrument) in due:
                    self._claim(Claim.PAID_IN_PART)
            elif fields["kind"] == CommandKind.SPLIT:
                if is_full:
                    self._divided(Divided.IN_LIEU_CUT)
            else:
                self._of_a_day(event, is_full, currency)

    def _of_a_day(self, event: Any, is_full: bool, currency: int) -> None:
        if event.reason == HouseAccount.BORROW:
            self.met["accrued", Accrued.FEE_CUT] += is_full
            return
        if is_full:
            self._accrue(Accrued.DEBIT_CUT if event.price > 0 else Accrued.CREDIT_CUT)
        self.met["accrued", Accrued.OF_365_DAYS] += self._days.get(currency) == 365
        self.met["accrued", Accrued.OF_A_CURRENCY] += currency != 0

    # Splits

    def _split_shares(self, fields: dict[str, Any], event: Any) -> None:
        key, after = (event.account, event.instrument), as_i64(event.trade_id)
        before = self._qty[key]
        self._divided(Divided.LONG if before > 0 else Divided.SHORT)
        if after == 0:
            self._divided(Divided.ALL_OF_IT)
        self._qty[key] = after

    def _split_done(self, fields: dict[str, Any], event: Any) -> None:
        number, new, old = event.instrument, event.price, event.order_id
        self._divided(Divided.MORE if new > old else Divided.FEWER)
        is_halted = self._states[number] == InstrumentState.HALTED
        self._divided(Divided.OF_HALTED if is_halted else Divided.OF_CLOSED)
        if event.client_order_id:
            self._divided(Divided.ORDERS_ENDED)
        for key in [key for key, lots in self._located.items() if key[1] == number and lots]:
            self._located[key] = self._located[key] * new // old
            self._divided(Divided.WITH_LOCATED)
        if any(due for key, due in self._due.items() if key[1] == number):
            self._divided(Divided.WITH_DUE)
        self._inventory[number] = self._inventory[number] * new // old
        self._split.add(number)


HEARD = {
    EventKind.ACCOUNT_SET: Acted._account_set,
    EventKind.INSTRUMENT_SET: Acted._instrument_set,
    EventKind.ACCOUNT_RISK: Acted._account_risk,
    EventKind.INSTRUMENT_STATE: Acted._state,
    EventKind.SHORT_SALE_SET: Acted._short_sale,
    EventKind.FILL: Acted._fill,
    EventKind.TRADE_BUSTED: Acted._amended,
    EventKind.TRADE_CORRECTED: Acted._amended,
    EventKind.SHARES: Acted._shares,
    EventKind.BORROW_SET: Acted._borrow_set,
    EventKind.LOCATED: Acted._is_located,
    EventKind.ACCEPTED: Acted._accepted,
    EventKind.CANCELED: Acted._canceled,
    EventKind.RATES_SET: Acted._rates_set,
    EventKind.CHARGED: Acted._charged,
    EventKind.ACCRUED: Acted._is_accrued,
    EventKind.DIVIDEND_DUE: Acted._is_due,
    EventKind.DIVIDEND_SET: Acted._dividend_set,
    EventKind.DIVIDEND_PAID: Acted._dividend_paid,
    EventKind.SPLIT_SHARES: Acted._split_shares,
    EventKind.SPLIT_DONE: Acted._split_done,
}
