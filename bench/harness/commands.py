"""Commands for the core, whole arrays at a time: the set-up of a market, and a flow's records as orders.

Orders are spread over accounts by oid modulo their number; an account's client order ids count 1, 2, 3. A tick of the
flow is a price unit (1e-4 of the currency) times `TICK`, a share is a lot.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from openbell import wire

from bench import flow

ACCOUNTS = 1024
TICK = 1
CASH = 1 << 58  # to each account: the flow must never run out of it
SHARES = 1 << 24  # of each instrument, likewise
SHARES_AT_MOST = 1 << 14  # deposits of shares that a market's opening may take
COLLAR_BPS = 5000
START_NS = 1_700_000_000_000_000_000
OPS = np.array([0, wire.CommandKind.NEW_ORDER, wire.CommandKind.CANCEL, wire.CommandKind.REPLACE], "<u2")


@dataclass(frozen=True)
class Capacity:
    """CONFIGURE's values: see docs/core.md."""

    accounts: int = ACCOUNTS
    instruments: int = 8
    orders: int = 1 << 17
    pages: int = 1 << 12
    positions: int = 1 << 14
    id_window: int = 1 << 18
    window_pages: int = 64


def market(instruments: int, capacity: Capacity, accounts: int = ACCOUNTS, limits: bool = True) -> NDArray[Any]:
    """AdminCommands that open `instruments` and fund `accounts`; unnumbered.

    Accounts get shares of every instrument and may not sell short, so that this is checked, too; where that would be
    more than `SHARES_AT_MOST` deposits they may sell short instead.
    """
    rows: list[dict[str, Any]] = []
    shares = accounts * instruments <= SHARES_AT_MOST
    configure = (capacity.accounts, capacity.instruments, capacity.orders, capacity.pages, capacity.positions)
    rows.append(admin(wire.CommandKind.CONFIGURE, *configure, capacity.id_window, capacity.window_pages))
    usd = int.from_bytes(b"USD", "little")
    for number in range(instruments):
        values = (TICK, 1, flow.START_PRICE * TICK, *limits_of_one(limits), usd)
        rows.append(admin(wire.CommandKind.SET_INSTRUMENT, *values, instrument=number, name=f"S{number}".encode()))
        rows.append(admin(wire.CommandKind.SET_INSTRUMENT_STATE, instrument=number, state=wire.InstrumentState.OPEN))
    for number in range(accounts):
        rows.append(account(number, (10_000, 1 << 50, 1 << 39, 1 << 30, 1 << 30) if limits else (), short=not shares))
        rows.append(admin(wire.CommandKind.DEPOSIT, CASH, account=number))
        for one in range(instruments if shares else 0):
            cost = flow.START_PRICE * TICK * 100
            rows.append(admin(wire.CommandKind.DEPOSIT_SHARES, SHARES, cost, account=number, instrument=one))
    return table(rows)


def limits_of_one(limits: bool) -> tuple[int, int, int]:
    """Collar, order quantity and order notional of an instrument."""
    return (COLLAR_BPS, 10_000, 1 << 50) if limits else (0, 0, 0)


def table(rows: list[dict[str, Any]]) -> NDArray[Any]:
    """Rows of `admin` as an array of AdminCommands."""
    commands = np.zeros(len(rows), wire.ADMIN_COMMAND)
    for place, row in enumerate(rows):
        for name, value in row.items():
            commands[name][place] = value
    return commands


def account(number: int, limits: tuple[int, ...] = (), short: bool = True) -> dict[str, Any]:
    """A SET_ACCOUNT row: limits are max order qty and notional, position, open orders, messages a second."""
    name = f"bench-{number}".encode()
    flags = int(wire.AccountFlag.SHORT_ALLOWED) if short else 0
    return admin(wire.CommandKind.SET_ACCOUNT, *limits, account=number, flags=flags, name=name)


def admin(kind: wire.CommandKind, *values: int, **fields: Any) -> dict[str, Any]:
    """One AdminCommand as a dictionary of its fields."""
    return {"kind": int(kind), **{f"value{place}": value for place, value in enumerate(values)}, **fields}


def orders(records: NDArray[Any], accounts: int = ACCOUNTS) -> NDArray[Any]:
    """A flow's records as OrderCommands; unnumbered."""
    commands = np.zeros(len(records), wire.ORDER_COMMAND)
    commands["kind"] = OPS[records["op"]]
    commands["side"] = records["side"]
    commands["tif"] = wire.TimeInForce.GTC
    replaces = records["op"] == flow.REPLACE
    commands["flags"][replaces] = wire.OrderFlag.QTY_IS_LEAVES | wire.OrderFlag.REQUEUE
    commands["account"] = records["oid"] % accounts
    commands["client_order_id"] = records["oid"] // accounts + 1
    commands["instrument"] = records["symbol"]
    commands["price"] = records["price"].astype(np.int64) * TICK
    commands["qty"] = records["qty"]
    return commands


def number(commands: NDArray[Any], first_seq: int, ts_ns: int = START_NS) -> NDArray[Any]:
    """The same commands with seq counting from `first_seq`, all at one time."""
    commands["seq"] = np.arange(first_seq, first_seq + len(commands))
    commands["ts_ns"] = ts_ns
    return commands
