"""What the tables of the ledger must hold: worked out in plain Python from the events and the commands."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from openbell import wire

from engine.journal.commands import split
from engine.journal.reader import JournalReader
from engine.projector.batch import signed, timestamp
from ext.core import Core
from tests.engine.markets import Trading
from tests.engine.projector.models import check, rows

KINDS = wire.EventKind
HOUSE = wire.HouseAccount
Transfer = tuple[Any, ...]
COLUMNS = (
    "seq, number, kind, payer, payee, house, currency, cash, instrument, lots, trade_id, order_id, reference, "
    "account_seq, component"
)
TO_THE_ACCOUNT = {KINDS.CASH: HOUSE.BANK, KINDS.SHARES: HOUSE.DEPOSITORY, KINDS.SPLIT_SHARES: HOUSE.DEPOSITORY}


def commands_by_seq(data: Path) -> dict[int, Any]:
    """All AdminCommands of a journal."""
    found = {}
    with JournalReader(data / "journal", 1) as reader:
        while commands := reader.read():
            for run in split(commands):
                if run.dtype == wire.ADMIN_COMMAND:
                    found.update({int(command["seq"]): command for command in run})
    return found


def expected_transfers(events: Any, commands: dict[int, Any]) -> list[Transfer]:
    """Rows in the order of the events. A lot is a share; every instrument trades in USD, as in tests.engine.markets."""
    found: list[Transfer] = []
    sides: dict[tuple[int, ...], int] = {}
    currencies: dict[int, str] = {}
    numbers: Counter[int] = Counter()
    for event in events:
        kind, seq, account = KINDS(event["kind"]), int(event["seq"]), int(event["account"])
        price, qty, instrument = int(event["price"]), int(event["qty"]), int(event["instrument"])
        trade_id, order_id, account_seq = (int(event[name]) for name in ("trade_id", "order_id", "account_seq"))
        row: list[Any]
        if kind == KINDS.ACCOUNT_SET:
            given = commands[seq]["value5"].item()
            if given != wire.KEEP:
                currencies[account] = given.to_bytes(8, "little").rstrip(b"\0").decode()
            continue
        if kind in (KINDS.FILL, KINDS.TRADE_BUSTED, KINDS.TRADE_CORRECTED):
            key = (kind, seq, instrument, trade_id)
            if key not in sides:
                sides[key] = account
                continue
            other = sides.pop(key)
            buyer, seller = (account, other) if event["side"] == wire.Side.BUY else (other, account)
            if kind == KINDS.TRADE_BUSTED:
                buyer, seller = seller, buyer
            row = [buyer, seller, None, "USD", price * qty * 100, instrument, qty, trade_id, None, None, None, None]
        elif kind in TO_THE_ACCOUNT:
            is_cash = kind == KINDS.CASH
            gets = price > 0
            # The account is payee of cash, and payer for lots.
            payer, payee = (account, None) if gets != is_cash else (None, account)
            row = [payer, payee, TO_THE_ACCOUNT[kind].value, currencies[account]]
            row += [abs(price), None, 0] if is_cash else [0, instrument, abs(price)]
            row += [None, None, (order_id or None) if is_cash else None, account_seq, None]
        elif kind == KINDS.CHARGED:
            payer, payee = (account, None) if price > 0 else (None, account)
            row = [payer, payee, int(event["reason"]), currencies[account], abs(price)]
            if order_id:
                row += [instrument, 0, trade_id, signed(order_id), None, account_seq, int(event["leaves"])]
            else:
                command = commands[seq]
                given = command["instrument"].item() if command["kind"] == wire.CommandKind.CHARGE else instrument
                if command["kind"] == wire.CommandKind.ACCRUE and event["reason"] == HOUSE.INTEREST:
                    given = wire.ANY
                row += [None if given == wire.ANY else given, 0, None, None, trade_id or None, account_seq, None]
        else:
            continue
        found.append((seq, numbers[seq], kind.value, *row))
        numbers[seq] += 1
    assert not sides
    return found


async def check_ledger(connection: Any, market: Trading) -> None:
    """`check`, and the tables of the ledger: at the market's end."""
    await check(connection, market)
    events = np.frombuffer(b"".join(market.events), wire.EVENT)
    commands = commands_by_seq(market.data)
    found = await rows(connection, f"SELECT {COLUMNS} FROM transfers ORDER BY seq, number")
    assert found == expected_transfers(events, commands)
    settled = events[events["kind"] == KINDS.SETTLED]
    names = ("seq", "account", "account_seq", "price", "trade_id")
    found = await rows(
        connection, "SELECT seq, account, account_seq, amount, settled, ts FROM settlements ORDER BY seq, account"
    )
    assert found == [
        (*(signed(row[name].item()) if row[name] > 0 else row[name].item() for name in names),
         timestamp(int(row["ts_ns"])))
        for row in settled
    ]  # fmt: skip
    await check_lists(connection, market.core)
    await check_sums(connection, market.core)


async def check_lists(connection: Any, core: Core) -> None:
    """The house, withdrawals on their way and plans of fees are as in the core."""
    house = {
        (row["currency"].item().decode(), row["house"].item()): (row["balance_high"].item() << 64)
        + row["balance"].item()
        for row in np.frombuffer(core.house(), wire.HOUSE_ROW)
    }
    found = await rows(connection, "SELECT currency, house, balance FROM house_balances WHERE balance <> 0")
    assert {(currency, number): int(balance) for currency, number, balance in found} == house
    found = await rows(connection, "SELECT account, number, amount, ts FROM withdrawals ORDER BY account, number")
    assert found == [
        (row["account"].item(), row["number"].item(), row["amount"].item(), timestamp(row["ts_ns"].item()))
        for row in np.frombuffer(core.withdrawals(), wire.WITHDRAWAL_ROW)
    ]
    names = [name for name in wire.FEE_ROW.names if name != "reserved"]
    found = await rows(connection, f"SELECT {', '.join(names)} FROM fee_plans ORDER BY plan, component")
    assert found == [
        tuple(row[name].item() for name in names)
        for row in np.sort(np.frombuffer(core.fees(), wire.FEE_ROW), order=["plan", "component"])
    ]


async def check_sums(connection: Any, core: Core) -> None:
    """Postings balance, and add up to what everybody has."""
    assert await rows(connection, "SELECT seq FROM postings GROUP BY seq, asset HAVING sum(amount) <> 0") == []
    found = await rows(
        connection,
        "SELECT account, sum(amount)::bigint FROM postings WHERE currency IS NOT NULL AND account >= 0 GROUP BY 1",
    )
    accounts = np.frombuffer(core.accounts(), wire.ACCOUNT_ROW)
    cash = {row["account"].item(): row["cash"].item() for row in accounts}
    assert {account: cash[account] - amount for account, amount in found} == dict.fromkeys(cash, 0)
    found = await rows(
        connection,
        "SELECT account, instrument, sum(amount)::bigint FROM postings "
        "WHERE instrument IS NOT NULL AND account >= 0 GROUP BY 1, 2",
    )
    positions = {
        (row["account"].item(), row["instrument"].item()): row["qty"].item()
        for row in np.frombuffer(core.positions(), wire.POSITION_ROW)
    }
    assert dict.fromkeys(positions, 0) == {
        (account, instrument): positions[account, instrument] - amount for account, instrument, amount in found
    }
