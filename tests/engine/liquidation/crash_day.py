"""A day on which prices fall by 20 percent within a minute: many margin accounts, makers whose bids follow prices."""

from __future__ import annotations

import random
import time
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
from openbell import wire
from openbell.wire import AccountFlag, CommandKind, InstrumentState, OrderType, RiskLevel, RiskType, Side, TimeInForce

from engine import config as configuration
from engine.liquidation.standing import Terms
from engine.sequencer import admin_command
from tests.engine.liquidation.made import cash
from tests.engine.sessions.station import SECOND_NS, Station

MAKER, BANK, TRADER = 2, 3, 4
FIRST = 10  # of the margin accounts
FALL_S = 60
FALL_BPS = 2_000
LEVELS, STEP = 5, 500  # of a maker's bids: so many, 0.05 apart
MARKS = 4_096  # of a TICK
BATCH = 4_096  # commands


@dataclass(slots=True)
class Figures:
    """What the day was like. seconds: that it took from the first fall on; turn_ms: how long the loop was held by what
    was due, each time."""

    seconds: float = 0.0
    turn_ms: list[float] = field(default_factory=list)
    between: int = 0  # orders of others that were taken while liquidations were under way


class CrashDay(Station):
    """`fall`, then `settle`."""

    def __init__(self, folder: Path, accounts: int, instruments: int, seed: int) -> None:
        self.accounts, self.instruments = accounts, instruments
        self.random = random.Random(seed)
        self.terms = Terms(call_ns=30 * SECOND_NS)
        self.figures = Figures()
        self.first_prices = [self.random.randrange(2_000, 30_000) * 100 for _ in range(instruments)]
        self.prices = list(self.first_prices)
        listed = "".join(
            f'[[instrument]]\nsymbol = "S{number:02}"\nid = {number}\nreference_price = "{at / 10_000:.2f}"\n'
            for number, at in enumerate(self.first_prices)
        )
        self.text = f"""
[capacity]
orders = 200_000
accounts = {accounts + FIRST}
instruments = {instruments}
pages = 20_000
positions = {4 * accounts + 200}
id_window = 200_000
{listed}"""
        super().__init__(folder, self.text, "2026-11-30T15:00")
        self._furnish()

    def configure(self, text: str) -> None:
        """Without what other tests have."""
        self.config = configuration.checked(tomllib.loads(text, parse_float=Decimal), "test")

    # ------------------------------------------------------------ to begin with

    def do(self, commands: Iterator[bytes]) -> None:
        """Journal and apply many."""
        batch: list[bytes] = []
        for command in commands:
            batch.append(command)
            if len(batch) == BATCH:
                self.market.sequencer.execute(batch)
                batch.clear()
        if batch:
            self.market.sequencer.execute(batch)

    def _furnish(self) -> None:
        self.do(self._set_up())
        allowed = np.arange(self.accounts + FIRST, dtype="<u4").tobytes()
        self.allowed = allowed
        rng = self.random
        for number in range(FIRST, FIRST + self.accounts):
            equity = 10_000
            share = 1 / rng.uniform(0.31, 0.42)  # of its equity that it buys for
            chosen = rng.sample(range(self.instruments), rng.randint(1, 4))
            for instrument in chosen:
                at = self.prices[instrument]
                lots = int(equity * share / len(chosen) * 10_000 / at)
                if lots:
                    self.put(BANK, Side.SELL, instrument, lots, at)
                    self.put(number, Side.BUY, instrument, lots, at, tif=TimeInForce.IOC)
            if number % 200 == 0:
                self.market.sequencer.flush(0)
        self.market.sequencer.flush(0)
        self.mark()

    def _set_up(self) -> Iterator[bytes]:
        def admin(kind: CommandKind, **fields: Any) -> bytes:
            return admin_command(kind, operator="ann", reason="set up", **fields)

        yield admin(CommandKind.SET_RISK, values=(MARKS, 12_000, 8_000))
        for instrument in range(self.instruments):
            yield admin(CommandKind.SET_MARGIN, instrument=instrument, values=(3_000, 2_500, 5_000, 3_000, 0, 0))
        for number, name in ((MAKER, "maker"), (BANK, "bank"), (TRADER, "trader")):
            flags = AccountFlag.CREDIT_UNLIMITED | AccountFlag.SHORT_ALLOWED
            yield admin(CommandKind.SET_ACCOUNT, account=number, name=name, flags=flags)
        for number in range(FIRST, FIRST + self.accounts):
            yield admin(CommandKind.SET_ACCOUNT, account=number, name=f"client {number}")
            yield admin(CommandKind.DEPOSIT, account=number, values=(cash(10_000),))
            yield admin(CommandKind.SET_ACCOUNT_RISK, account=number, state=RiskType.MARGIN)

    def put(self, account: int, side: Side, instrument: int, qty: int, at: int, **fields: Any) -> None:
        """An order for the next batch; at: 1e-4."""
        self._ids += 1
        command = np.zeros((), wire.ORDER_COMMAND)
        values: dict[str, Any] = {
            "kind": CommandKind.NEW_ORDER, "account": account, "instrument": instrument, "side": side, "qty": qty,
            "price": at, "order_type": OrderType.LIMIT, "tif": TimeInForce.GTC, "client_order_id": self._ids, **fields,
        }  # fmt: skip
        for name, value in values.items():
            command[name] = value
        assert self.market.sequencer.batch.add_orders(command.tobytes(), 0, 1, self.allowed) == 1

    def mark(self) -> None:
        """TICKs until all positions are marked."""
        self.tick()
        while self.market.core.sweeping:
            self.tick()

    # ------------------------------------------------------------ the day

    def fall(self, bid_lots: int) -> None:
        """A minute: each second makers quote lower, somebody trades there, positions are marked, liquidations go on."""
        for second in range(1, FALL_S + 1):
            self.prices = [
                at * (10_000 - FALL_BPS * second // FALL_S) // 10_000 // 100 * 100 for at in self.first_prices
            ]
            self._second(bid_lots)

    def settle(self, bid_lots: int, most_s: int = 600) -> None:
        """Prices stay, makers bid on, until nothing more is done."""
        for _ in range(most_s):
            self._second(bid_lots)
            if not len(self.liquidator.cases):
                return

    def _second(self, bid_lots: int) -> None:
        began_s = time.perf_counter()
        sequencer = self.market.sequencer
        end_ns = self.now_ns + SECOND_NS
        requote: dict[str, Any] = {"operator": "maker", "reason": "requote", "account": MAKER}
        kind = CommandKind.OPERATOR_CANCEL
        self.do(admin_command(kind, instrument=one, **requote) for one in range(self.instruments))
        for instrument, at in enumerate(self.prices):
            self.put(BANK, Side.SELL, instrument, 1, at)
            self.put(MAKER, Side.BUY, instrument, 1, at)
            for level in range(LEVELS):
                self.put(MAKER, Side.BUY, instrument, bid_lots, at - level * STEP)
        sequencer.flush(0)
        self.mark()
        while sequencer.due_ns <= end_ns:
            self.now_ns = max(self.now_ns, sequencer.due_ns)
            if len(self.liquidator.cases):
                self.put(TRADER, Side.BUY, self.random.randrange(self.instruments), 1, 100)
                self.figures.between += 1
            turn_s = time.perf_counter()
            sequencer.flush(0)
            self.figures.turn_ms.append((time.perf_counter() - turn_s) * 1e3)
        self.now_ns = end_ns
        self.figures.seconds += time.perf_counter() - began_s

    # ------------------------------------------------------------ what must hold

    def risk(self) -> np.ndarray[Any, Any]:
        return np.frombuffer(self.market.core.risk(), wire.RISK_ROW)

    def below_with_something_to_sell(self) -> list[int]:
        """Accounts below maintenance that hold something in an open instrument."""
        rows = self.risk()
        below = rows["account"][rows["level"] >= RiskLevel.CALL]
        exposures = np.frombuffer(self.market.core.exposures(), wire.EXPOSURE_ROW)
        instruments = self.market.instruments()
        open_ones = instruments["instrument"][instruments["state"] == InstrumentState.OPEN]
        held = exposures[(exposures["qty"] != 0) & np.isin(exposures["instrument"], open_ones)]
        found: list[int] = np.intersect1d(below, held["account"]).tolist()
        return found

    def cash_of_all(self) -> int:
        """Of accounts and house together: 0."""
        house = np.frombuffer(self.market.core.house(), wire.HOUSE_ROW)
        balances = sum(int(row["balance_high"]) * (1 << 64) + int(row["balance"]) for row in house)
        return balances + sum(self.market.accounts()["cash"].tolist())
