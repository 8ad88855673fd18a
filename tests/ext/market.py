"""A market to try the core on: commands by keyword, numbered and applied one at a time; events as plain objects."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
from openbell import wire
from openbell.wire import AccountFlag, CommandKind, InstrumentState, Side, TimeInForce

from ext.core import Core

REJECTS = {
    wire.EventKind.REJECTED,
    wire.EventKind.CANCEL_REJECTED,
    wire.EventKind.REPLACE_REJECTED,
    wire.EventKind.ARM_REJECTED,
    wire.EventKind.ADMIN_REJECTED,
}
CASH = 10**15
A, B, C = 1, 2, 3  # accounts; account 0 and instrument 9 are never set up
GTC, DAY, IOC, FOK = TimeInForce.GTC, TimeInForce.DAY, TimeInForce.IOC, TimeInForce.FOK
BUY, SELL = Side.BUY, Side.SELL
FURTHER = set(wire.SPECIAL_COMMAND.names or ()) - set(wire.ORDER_COMMAND.names or ())


def record(dtype: np.dtype[Any], **fields: Any) -> bytes:
    row = np.zeros((), dtype)
    for name, value in fields.items():
        row[name] = value
    return row.tobytes()


def plain(data: bytes, dtype: np.dtype[Any]) -> list[SimpleNamespace]:
    names = [name for name in (dtype.names or ()) if name]
    return [SimpleNamespace(**dict(zip(names, row, strict=True))) for row in np.frombuffer(data, dtype)[names].tolist()]


def event_of(data: bytes) -> SimpleNamespace:
    """An Event, or the Reject that it is."""
    kind = np.frombuffer(data, wire.EVENT)["kind"][0]
    return plain(data, wire.REJECT if kind in REJECTS else wire.EVENT)[0]


class Market:
    """Accounts A, B, C with cash; B and C may sell short; instrument 0 open with a tick of 5, instrument 1 closed."""

    def __init__(self, ts_ns: int = 1_000_000_000, **capacity: int) -> None:
        self.core, self.ts_ns, self.want_data = Core(), ts_ns, False
        self.data: list[Any] = []
        sizes = {"accounts": 8, "instruments": 8, "orders": 64, "pages": 32, "positions": 16, "ids": 64, "window": 8}
        values = (sizes | capacity).values()
        self.admin(CommandKind.CONFIGURE, *values)
        self.admin(CommandKind.SET_INSTRUMENT, 5, 1, instrument=0, name=b"ZERO")
        self.admin(CommandKind.SET_INSTRUMENT, 1, 10, instrument=1, name=b"ONE")
        self.admin(CommandKind.SET_INSTRUMENT_STATE, instrument=0, state=InstrumentState.OPEN)
        for account, flags in ((A, 0), (B, AccountFlag.SHORT_ALLOWED), (C, AccountFlag.SHORT_ALLOWED)):
            self.admin(CommandKind.SET_ACCOUNT, account=account, flags=flags, name=b"acc%d" % account)
            self.admin(CommandKind.DEPOSIT, CASH, account=account)
        self.next_id = dict.fromkeys((A, B, C), 1)

    def apply(self, command: bytes) -> list[SimpleNamespace]:
        assert self.core.apply(command, self.want_data) == 1
        events = self.core.take_events()
        assert len(events) % 80 == 0
        data = self.core.take_market_data()
        self.data = []
        for start in range(0, len(data), 64):
            one = data[start : start + 64]
            top = plain(one, wire.TOP)[0]
            self.data.append(top if top.kind == wire.BookKind.TOP else plain(one, wire.MARKET_DATA)[0])
        return [event_of(events[start : start + 80]) for start in range(0, len(events), 80)]

    def command(self, kind: int, **fields: Any) -> bytes:
        named = {"seq": self.core.seq + 1, "ts_ns": self.ts_ns, "kind": kind} | fields
        if kind == CommandKind.NEW_SPECIAL:
            return record(wire.SPECIAL_COMMAND, **named)
        return record(wire.ADMIN_COMMAND if kind >= 64 else wire.ORDER_COMMAND, **named)

    def admin(self, kind: int, *values: int, **fields: Any) -> list[SimpleNamespace]:
        named = {f"value{place}": value for place, value in enumerate(values)}
        return self.apply(self.command(kind, **named, **fields))

    def order(self, account: int, side: int, price: int, qty: int, **fields: Any) -> bytes:
        """A NEW_ORDER; NEW_SPECIAL where there are fields that only that has."""
        named = {"client_order_id": self.next_id.get(account, 1), "tif": GTC} | fields
        self.next_id[account] = max(self.next_id.get(account, 1), named["client_order_id"] + 1)
        kind = CommandKind.NEW_SPECIAL if named.keys() & FURTHER else CommandKind.NEW_ORDER
        return self.command(kind, account=account, side=side, price=price, qty=qty, **named)

    def new(self, account: int, side: int, price: int, qty: int, **fields: Any) -> list[SimpleNamespace]:
        return self.apply(self.order(account, side, price, qty, **fields))

    def special(self, account: int, side: int, qty: int, **fields: Any) -> list[SimpleNamespace]:
        """NEW_SPECIAL: LIMIT, GTC unless said otherwise."""
        named = {"client_order_id": self.next_id.get(account, 1), "tif": GTC} | fields
        self.next_id[account] = max(self.next_id.get(account, 1), named["client_order_id"] + 1)
        return self.apply(self.command(CommandKind.NEW_SPECIAL, account=account, side=side, qty=qty, **named))

    def state(self, state: int, *values: int, instrument: int = 0, **fields: Any) -> list[SimpleNamespace]:
        """SET_INSTRUMENT_STATE; values: AuctionKind or HaltReason, time of the auction, state after it."""
        return self.admin(CommandKind.SET_INSTRUMENT_STATE, *values, state=state, instrument=instrument, **fields)

    def auction(self, instrument: int = 0, **fields: Any) -> list[SimpleNamespace]:
        return self.admin(CommandKind.RUN_AUCTION, instrument=instrument, **fields)

    def buy(self, account: int, price: int, qty: int, **fields: Any) -> list[SimpleNamespace]:
        return self.new(account, BUY, price, qty, **fields)

    def sell(self, account: int, price: int, qty: int, **fields: Any) -> list[SimpleNamespace]:
        return self.new(account, SELL, price, qty, **fields)

    def cancel(self, account: int, order_id: int = 0, **fields: Any) -> list[SimpleNamespace]:
        return self.apply(self.command(CommandKind.CANCEL, account=account, order_id=order_id, **fields))

    def replace(self, account: int, order_id: int, price: int, qty: int, flags: int = 0, **fields: Any) -> list[Any]:
        named = {"order_id": order_id, "price": price, "qty": qty, "flags": flags} | fields
        return self.apply(self.command(CommandKind.REPLACE, account=account, **named))

    def mass_cancel(self, account: int, instrument: int = wire.ANY, side: int = 2, **fields: Any) -> list[Any]:
        named = {"account": account, "instrument": instrument, "side": side} | fields
        return self.apply(self.command(CommandKind.MASS_CANCEL, **named))

    def tick(self, ts_ns: int) -> list[SimpleNamespace]:
        self.ts_ns = ts_ns
        return self.apply(self.command(CommandKind.TICK))

    def limits(self, account: int, *values: int, flags: int = 255) -> None:
        """max order qty and notional, position, open orders, messages; -1 keeps."""
        kept = [*values, *[-1] * 7][:7]
        self.admin(CommandKind.SET_ACCOUNT, *kept, account=account, flags=flags)

    def instrument(self, instrument: int, *values: int) -> None:
        """tick, lot, reference price, collar bps, max order qty and notional; -1 keeps."""
        kept = [*values, -1, -1, -1, -1, -1, -1, -1][:7]
        self.admin(CommandKind.SET_INSTRUMENT, *kept, instrument=instrument)

    def account(self, account: int) -> SimpleNamespace:
        return next(row for row in plain(self.core.accounts(), wire.ACCOUNT_ROW) if row.account == account)

    def position(self, account: int, instrument: int = 0) -> SimpleNamespace:
        rows = plain(self.core.positions(account), wire.POSITION_ROW)
        return next(row for row in rows if row.instrument == instrument)

    def orders(self, **which: int) -> list[SimpleNamespace]:
        return plain(self.core.orders(**which), wire.ORDER_ROW)
