"""Gives commands to a market, the core or the model, one at a time, and reads what it says."""

from __future__ import annotations

from typing import Any, Protocol

from openbell import wire

from tests.reference import commands as ask
from tests.reference.commands import Command
from tests.reference.records import (
    ACCOUNT_ROW,
    BORROW_ROW,
    CASH_ROW,
    DAY_TRADE_ROW,
    DESK_ROW,
    DUE_ROW,
    EXPOSURE_ROW,
    INSTRUMENT_ROW,
    LIMIT_ROW,
    LOCATE_ROW,
    MARGIN_ROW,
    MEMBER_ROW,
    ORDER_ROW,
    POSITION_ROW,
    RISK_ROW,
    UNPAID_ROW,
    VIOLATION_ROW,
    events_of,
    market_data_of,
)

START_NS = 1_700_000_000_000_000_000


class AnyMarket(Protocol):
    """What core and model have in common."""

    def apply(self, commands: bytes, market_data: bool = False) -> int: ...
    def take_events(self) -> bytes: ...
    def take_market_data(self) -> bytes: ...
    def orders(self, account: int | None = None, instrument: int | None = None) -> bytes: ...
    def accounts(self) -> bytes: ...
    def positions(self, account: int | None = None) -> bytes: ...
    def instruments(self) -> bytes: ...
    def amendments(self) -> bytes: ...
    def house(self) -> bytes: ...
    def fees(self) -> bytes: ...
    def withdrawals(self) -> bytes: ...
    def risk(self, account: int | None = None) -> bytes: ...
    def exposures(self, account: int | None = None) -> bytes: ...
    def margins(self) -> bytes: ...
    def desks(self) -> bytes: ...
    def members(self) -> bytes: ...
    def limits(self) -> bytes: ...
    def borrows(self) -> bytes: ...
    def locates(self) -> bytes: ...
    def rates(self) -> bytes: ...
    def dues(self) -> bytes: ...
    def cash(self) -> bytes: ...
    def unpaid(self) -> bytes: ...
    def violations(self) -> bytes: ...
    def day_traders(self) -> bytes: ...
    @property
    def accrue_date(self) -> int: ...
    @property
    def risk_settings(self) -> tuple[int, int, int]: ...
    @property
    def cash_settings(self) -> tuple[int, int, int]: ...
    @property
    def day_trade_settings(self) -> tuple[int, int, int, int]: ...
    @property
    def sweeping(self) -> bool: ...
    def depth(self, instrument: int, levels: int) -> bytes: ...
    def book(self, instrument: int) -> bytes: ...


class Desk:
    """Numbers commands, moves time by what it is told."""

    def __init__(self, market: AnyMarket, ts_ns: int = START_NS) -> None:
        self.market = market
        self.seq = 0
        self.ts_ns = ts_ns
        self.market_data: list[Any] = []  # of the last `do`

    def do(self, *commands: Command, after_ns: int = 0) -> list[Any]:
        """The events of these commands, each `after_ns` after the one before it."""
        for command in commands:
            self.seq += 1
            self.ts_ns += after_ns
            self.market.apply(command.encode(self.seq, self.ts_ns), True)
        self.market_data = market_data_of(self.market.take_market_data())
        return events_of(self.market.take_events())

    def one(self, command: Command, after_ns: int = 0) -> Any:
        """The only event of a command."""
        (event,) = self.do(command, after_ns=after_ns)
        return event

    def open(self, cash: int = 10**15, flags: int = 0, accounts: int = 2, **fields: Any) -> Desk:
        """A market with instrument 0 and funded accounts 0, 1, ...; `fields` are of `commands.instrument`."""
        self.do(ask.configure(), ask.instrument(0, **fields), ask.instrument_state(0, wire.InstrumentState.OPEN))
        for number in range(accounts):
            self.do(ask.account(number, flags=flags), ask.deposit(number, cash))
        return self

    def account(self, number: int) -> Any:
        return next(row for row in ACCOUNT_ROW.rows(self.market.accounts()) if row.account == number)

    def position(self, account: int, instrument: int = 0) -> Any:
        rows = POSITION_ROW.rows(self.market.positions(account))
        return next(row for row in rows if row.instrument == instrument)

    def instrument(self, number: int = 0) -> Any:
        return next(row for row in INSTRUMENT_ROW.rows(self.market.instruments()) if row.instrument == number)

    def risk(self, number: int) -> Any:
        (row,) = RISK_ROW.rows(self.market.risk(number))
        return row

    def exposure(self, account: int, instrument: int = 0) -> Any:
        rows = EXPOSURE_ROW.rows(self.market.exposures(account))
        return next(row for row in rows if row.instrument == instrument)

    def margin(self, instrument: int = 0) -> Any:
        return next(row for row in MARGIN_ROW.rows(self.market.margins()) if row.instrument == instrument)

    def desk(self, number: int) -> Any:
        return next(row for row in DESK_ROW.rows(self.market.desks()) if row.desk == number)

    def members(self) -> list[Any]:
        return MEMBER_ROW.rows(self.market.members())

    def limits(self) -> list[Any]:
        return LIMIT_ROW.rows(self.market.limits())

    def borrow(self, number: int = 0) -> Any:
        return next(row for row in BORROW_ROW.rows(self.market.borrows()) if row.instrument == number)

    def locates(self) -> list[Any]:
        return LOCATE_ROW.rows(self.market.locates())

    def dues(self) -> list[Any]:
        return DUE_ROW.rows(self.market.dues())

    def cash(self, number: int) -> Any:
        """CashRow; None of an account without a rule."""
        return next((row for row in CASH_ROW.rows(self.market.cash()) if row.account == number), None)

    def unpaid(self, account: int, instrument: int = 0) -> Any:
        """UnpaidRow; None of a position of which all is paid for."""
        rows = UNPAID_ROW.rows(self.market.unpaid())
        return next((row for row in rows if (row.account, row.instrument) == (account, instrument)), None)

    def violations(self, account: int) -> list[Any]:
        return [row for row in VIOLATION_ROW.rows(self.market.violations()) if row.account == account]

    def day_trader(self, account: int) -> Any:
        """DayTradeRow; None of an account without a rule."""
        return next((row for row in DAY_TRADE_ROW.rows(self.market.day_traders()) if row.account == account), None)

    def orders(self, account: int | None = None, instrument: int | None = None) -> list[Any]:
        return ORDER_ROW.rows(self.market.orders(account, instrument))
