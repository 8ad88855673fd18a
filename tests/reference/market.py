"""The whole market in slow, plain Python, with the face of `ext.core.Core`. What it does is docs/core.md."""

from __future__ import annotations

from typing import Any

from openbell import wire

from tests.reference import admin, busts, fees, guards, ledger, marks, orders, recheck, risk, rows, settlement, worth
from tests.reference.actions import accruing, borrow, dividends
from tests.reference.cash import rows as cash_rows
from tests.reference.daytrading import rows as day_trade_rows
from tests.reference.desks import losses
from tests.reference.desks import rows as desk_rows
from tests.reference.records import SPECIAL_COMMAND, layout_of
from tests.reference.state import State

KIND_OFFSET = wire.ORDER_COMMAND.fields["kind"][1]  # the same in both kinds of commands
TRADERS = {
    wire.CommandKind.NEW_ORDER: orders.new_order,
    wire.CommandKind.NEW_SPECIAL: orders.new_order,
    wire.CommandKind.CANCEL: orders.cancel_order,
    wire.CommandKind.REPLACE: orders.replace,
    wire.CommandKind.MASS_CANCEL: orders.mass_cancel,
    wire.CommandKind.TICK: orders.tick,
    wire.CommandKind.ARM: guards.arm,
    wire.CommandKind.DISCONNECT: guards.disconnect,
}


def parse(commands: bytes) -> list[Any]:
    """Commands back to back as named tuples. Raises ValueError for an unknown kind or a cut record."""
    parsed, offset = [], 0
    while offset < len(commands):
        if offset + KIND_OFFSET + 2 > len(commands):
            raise ValueError("a command is cut")
        kind = int.from_bytes(commands[offset + KIND_OFFSET :][:2], "little")
        if kind not in TRADERS and kind not in admin.COMMANDS:
            raise ValueError(f"unknown kind {kind}")
        layout = layout_of(kind)
        if offset + layout.size > len(commands):
            raise ValueError("a command is cut")
        if kind == wire.CommandKind.NEW_ORDER:  # the same as NEW_SPECIAL with nothing in its further fields
            whole = commands[offset : offset + layout.size] + bytes(SPECIAL_COMMAND.size - layout.size)
            parsed.append(SPECIAL_COMMAND.unpack(whole))
        else:
            parsed.append(layout.unpack(commands, offset))
        offset += layout.size
    return parsed


class Market:
    """State and the commands that change it."""

    def __init__(self) -> None:
        self.state = State()
        self.seq = 0
        self.ts_ns = 0

    def apply(self, commands: bytes, market_data: bool = False) -> int:
        """Apply commands; returns their number. Raises ValueError for a caller's error."""
        parsed = parse(commands)
        for place, command in enumerate(parsed):
            if command.seq != self.seq + 1 + place:
                raise ValueError(f"seq {command.seq} where {self.seq + 1 + place} was due")
        times = [self.ts_ns, *(command.ts_ns for command in parsed)]
        if times != sorted(times):
            raise ValueError("time runs backward")
        for command in parsed:
            if not self.state.configured and command.kind != wire.CommandKind.CONFIGURE:
                raise ValueError("the first command must be CONFIGURE")
            self._apply_one(command)
        if not market_data:
            self.state.output.market_data.clear()
        return len(parsed)

    def _apply_one(self, command: Any) -> None:
        self.seq, self.ts_ns = command.seq, command.ts_ns
        self.state.output.begin(command.seq, command.ts_ns)
        self.state.warned.clear()
        if command.kind >= wire.ADMIN_KIND:
            admin.apply(self.state, command)
        else:
            TRADERS[command.kind](self.state, command)
        recheck.settle(self.state)
        if command.kind == wire.CommandKind.TICK:
            marks.sweep(self.state)
        losses.tell(self.state)
        risk.tell_levels(self.state)
        self.state.output.end()

    def take_events(self) -> bytes:
        taken = bytes(self.state.output.events)
        self.state.output.events.clear()
        return taken

    def take_market_data(self) -> bytes:
        taken = bytes(self.state.output.market_data)
        self.state.output.market_data.clear()
        return taken

    # Rows; ValueError for an account or instrument that is not set up

    def orders(self, account: int | None = None, instrument: int | None = None) -> bytes:
        return rows.orders(self.state, self._account(account), self._instrument(instrument))

    def accounts(self) -> bytes:
        return rows.accounts(self.state)

    def positions(self, account: int | None = None) -> bytes:
        return rows.positions(self.state, self._account(account))

    def instruments(self) -> bytes:
        return rows.instruments(self.state)

    def amendments(self) -> bytes:
        return busts.rows(self.state)

    def timers(self) -> bytes:
        return guards.rows(self.state)

    def house(self) -> bytes:
        return ledger.rows(self.state)

    def fees(self) -> bytes:
        return fees.rows(self.state)

    def withdrawals(self) -> bytes:
        return settlement.rows(self.state)

    def risk(self, account: int | None = None) -> bytes:
        return worth.risk_rows(self.state, self._account(account))

    def exposures(self, account: int | None = None) -> bytes:
        return worth.exposure_rows(self.state, self._account(account))

    def margins(self) -> bytes:
        return worth.margin_rows(self.state)

    def desks(self) -> bytes:
        return desk_rows.desks(self.state)

    def members(self) -> bytes:
        return desk_rows.members(self.state)

    def limits(self) -> bytes:
        return desk_rows.limits(self.state)

    def borrows(self) -> bytes:
        return borrow.borrow_rows(self.state)

    def locates(self) -> bytes:
        return borrow.locate_rows(self.state)

    def rates(self) -> bytes:
        return accruing.rows(self.state)

    def dues(self) -> bytes:
        return dividends.rows(self.state)

    def cash(self) -> bytes:
        return cash_rows.cash(self.state)

    def unpaid(self) -> bytes:
        return cash_rows.unpaid(self.state)

    def violations(self) -> bytes:
        return cash_rows.violations(self.state)

    def day_traders(self) -> bytes:
        return day_trade_rows.day_traders(self.state)

    @property
    def day_trade_settings(self) -> tuple[int, int, int, int]:
        return tuple(self.state.day_trades)

    @property
    def cash_settings(self) -> tuple[int, int, int]:
        return tuple(self.state.cash)

    @property
    def accrue_date(self) -> int:
        return self.state.accrue_date

    @property
    def risk_settings(self) -> tuple[int, int, int]:
        risk = self.state.risk
        return risk.marks, risk.alert, risk.liquidation

    @property
    def sweeping(self) -> bool:
        return self.state.risk.is_sweeping

    @property
    def timer_ns(self) -> int:
        return min((guard.deadline_ns for guard in self.state.guards.values() if guard.deadline_ns), default=0)

    def depth(self, instrument: int, levels: int) -> bytes:
        self._instrument(instrument)
        return rows.depth(self.state, instrument, levels)

    def book(self, instrument: int) -> bytes:
        self._instrument(instrument)
        return rows.book(self.state, instrument)

    def _account(self, number: int | None) -> int | None:
        if number is not None and number not in self.state.accounts:
            raise ValueError(f"account {number} is not set up")
        return number

    def _instrument(self, number: int | None) -> int | None:
        if number is not None and number not in self.state.instruments:
            raise ValueError(f"instrument {number} is not set up")
        return number
