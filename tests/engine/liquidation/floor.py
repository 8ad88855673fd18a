"""A real market on disk with margin accounts, whose clock and prices the test sets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from openbell import wire
from openbell.events import Event
from openbell.records import EVENT
from openbell.wire import AccountState, CommandKind, OrderType, RiskType, Side, TimeInForce

from engine.journal.commands import split
from engine.journal.reader import JournalReader
from engine.liquidation.cases import Case
from engine.liquidation.standing import Terms
from engine.sequencer import admin_command
from tests.engine.liquidation.made import price
from tests.engine.sessions.station import SECOND_NS, Station

ALICE, BOB, CAROL, DAVE = 1, 2, 3, 4  # makers of the market; those with margin
AAA, BBB = 0, 1
GTC, IOC = TimeInForce.GTC, TimeInForce.IOC
BUY, SELL = Side.BUY, Side.SELL
NOON = "2025-07-02T12:00"
TEXT = """
[sessions.us]
[[account]]
name = "bob"
id = 2
cash = 100_000_000
positions = { AAA = 1_000_000, BBB = 1_000_000 }
[[account]]
name = "carol"
id = 3
cash = 10_000
short_allowed = true
[[account]]
name = "dave"
id = 4
cash = 10_000
short_allowed = true
"""


class Floor(Station):
    """`carol` and `dave` have margin: 50 percent to begin with, 25 (of short positions 30) to keep."""

    def __init__(self, folder: Path, terms: Terms | None = None, text: str = "", now: str = NOON) -> None:
        """Of a folder that has a market that one goes on."""
        self.terms = terms or Terms()
        is_new = not (folder / "journal").exists()
        super().__init__(folder, TEXT + text, now)
        if is_new:
            self._furnish()

    def _furnish(self) -> None:
        room = self.market.config.capacity
        self.admin(CommandKind.SET_RISK, values=(1 << 20, 12_000, 8_000, room.desks, room.limits))
        for instrument in (AAA, BBB):
            rates = (5_000, 2_500, 5_000, 3_000, price("2.50"), price(5))
            self.admin(CommandKind.SET_MARGIN, instrument=instrument, values=rates)
        for account in (CAROL, DAVE):
            self.admin(CommandKind.SET_ACCOUNT_RISK, account=account, state=RiskType.MARGIN)

    def admin(self, kind: CommandKind, **fields: Any) -> None:
        """What an operator does."""
        self.market.sequencer.admin(admin_command(kind, operator="ann", reason="r", **fields))

    def send(self, account: int, side: Side, instrument: int, qty: int, at: float, **fields: Any) -> int:
        """A LIMIT order, good till cancelled if nothing else is said; its client order id."""
        self._ids += 1
        number = int(fields.pop("client_order_id", self._ids))
        command = np.zeros((), wire.ORDER_COMMAND)
        values: dict[str, Any] = {
            "kind": CommandKind.NEW_ORDER, "account": account, "instrument": instrument, "side": side, "qty": qty,
            "price": price(at), "order_type": OrderType.LIMIT, "tif": GTC, "client_order_id": number, **fields,
        }  # fmt: skip
        for name, value in values.items():
            command[name] = value
        allowed = np.arange(1 << 14, dtype="<u4").tobytes()
        assert self.market.sequencer.batch.add_orders(command.tobytes(), 0, 1, allowed) == 1
        self.market.sequencer.flush(0)
        return number

    def trade(self, buyer: int, seller: int, instrument: int, qty: int, at: float) -> None:
        """One of them with the other, whatever else is bid or offered at that price."""
        self.send(seller, SELL, instrument, qty, at)
        self.send(buyer, BUY, instrument, qty, at, tif=IOC)

    def moved(self, instrument: int, at: float) -> None:
        """The makers leave, the last trade is at that price, and all positions are marked by it; what follows is not
        done yet."""
        for account in (ALICE, BOB):
            self.admin(CommandKind.OPERATOR_CANCEL, account=account, instrument=instrument)
        self.trade(ALICE, BOB, instrument, 1, at)
        self.tick()

    def run(self, seconds: float = 60) -> None:
        """Let time pass, each thing at its own time."""
        end_ns = self.now_ns + int(seconds * SECOND_NS)
        while self.market.sequencer.due_ns <= end_ns:
            self.now_ns = max(self.now_ns, self.market.sequencer.due_ns)
            self.market.sequencer.flush(0)
        self.now_ns = end_ns

    def step(self) -> bool:
        """What is due next, and only that; whether there was something within a minute."""
        due_ns = self.market.sequencer.due_ns
        if due_ns > self.now_ns + 60 * SECOND_NS:
            return False
        self.now_ns = max(self.now_ns, due_ns)
        self.market.sequencer.flush(0)
        return True

    def restart(self) -> None:
        """Killed and started again."""
        self.stop()
        self.start()

    # ------------------------------------------------------------ what is there

    def case(self, account: int = CAROL) -> Case | None:
        return self.liquidator.cases.get(account)

    def state(self, account: int = CAROL) -> AccountState:
        return AccountState(int(self.market.account(account)["state"][0]))

    def risk(self, account: int = CAROL) -> tuple[int, int, int]:
        """Equity, maintenance, level."""
        rows = np.frombuffer(self.market.core.risk(), wire.RISK_ROW)
        (row,) = rows[rows["account"] == account]
        return int(row["equity"]), int(row["maintenance"]), int(row["level"])

    def lots(self, account: int = CAROL, instrument: int = AAA) -> int:
        rows = self.market.positions(account)
        return int(rows["qty"][rows["instrument"] == instrument].sum())

    def fills_of(self, account: int) -> list[Event]:
        """What it traded, in order."""
        self.journal.wait(self.market.core.seq)
        self.market.on_durable()
        return [Event._make(one) for one in EVENT.iter_unpack(self.streams.fills(account, 1_000))]

    def story(self, since_seq: int = 1) -> list[tuple[str, int, str]]:
        """Kind, account and reason of what liquidations had journaled, and of the house's orders: kind, account and
        "side qty price"."""
        self.journal.wait(self.market.core.seq)
        found = []
        with JournalReader(self.folder / "journal", since_seq) as reader:
            while data := reader.read():
                for rows in split(data):
                    for row in rows:
                        kind = CommandKind(int(row["kind"]))
                        if rows.dtype == wire.ADMIN_COMMAND and row["operator"] == b"liquidation":
                            found.append((kind.name, int(row["account"]), row["reason"].decode()))
                        elif kind == CommandKind.NEW_ORDER and row["session"] == 0:
                            what = f"{Side(int(row['side'])).name} {row['qty']} {int(row['price']) / 10_000:g}"
                            found.append((kind.name, int(row["account"]), what))
        return found
