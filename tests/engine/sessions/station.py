"""A real market on disk that keeps its sessions by a clock that the test sets: core, journal, sequencer, keeper."""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
from openbell import wire
from openbell.wire import CommandKind, OrderType, TimeInForce

from engine import config as configuration
from engine import snapshots
from engine.bring_back import Beside, bring_back
from engine.corporate.actor import Actor
from engine.corporate.planned import PLANNED, Planned
from engine.gains import GAINS, Gains
from engine.journal.reader import JournalReader
from engine.journal.writer import JournalWriter
from engine.liquidation.liquidator import LIQUIDATION, Liquidator
from engine.liquidation.standing import Terms
from engine.market import Market
from engine.sequencer import admin_command, tick_command
from engine.sessions.keeper import Keeper, definitions_of, timeline_of
from engine.settlement.settler import Settler, business_days_of
from engine.setup import Setup
from engine.standby.epochs import Epochs
from engine.volatility.hours import RegularHours
from engine.volatility.wanted import wanted_of
from engine.volatility.watch import WATCH, Watch
from ext.feed import Feed
from ext.streams import Streams

SECOND_NS = 10**9
CONFIGURATION = """
[capacity]
orders = 1000
accounts = 16
instruments = 8
pages = 64
positions = 64
id_window = 1000
[[account]]
name = "alice"
id = 1
cash = 1_000_000
positions = { AAA = 1000, BBB = 1000 }
[[instrument]]
symbol = "AAA"
reference_price = 100
session = "us"
[[instrument]]
symbol = "BBB"
reference_price = 50
"""


def at(text: str) -> int:
    """ns of a time in UTC."""
    return int(dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC).timestamp()) * SECOND_NS


class Station:
    """`start` and `stop` as often as wanted; `at` sets the clock and lets the market do what is due."""

    terms = Terms()
    is_open = True  # the journal is not behind

    def __init__(self, folder: Path, text: str, now: str) -> None:
        self.folder, self.now_ns = folder, at(now)
        self.told: list[str] = []
        self._ids = 0
        self.configure(text)
        self.start()

    def configure(self, text: str) -> None:
        """What the next start reads."""
        self.config = configuration.checked(tomllib.loads(CONFIGURATION + text, parse_float=Decimal), "test")

    def start(self) -> None:
        """As engine/process.py does it."""
        timeline = timeline_of(self.config, self.now_ns)
        self.streams, feed = Streams(10_000), Feed(1000)
        wanted = wanted_of(self.config)
        self.watch = Watch(wanted, RegularHours(timeline), self.told.append)
        self.liquidator = Liquidator(self.terms, self.told.append)
        self.gains, planned = Gains(self.told.append), Planned()
        beside = Beside(
            self.streams, feed, self.watch if wanted else None, self.liquidator, Epochs(), self.gains, planned
        )
        self.recovered = recovered = bring_back(self.folder, beside, self.told.append, history_commands=0)
        self.journal = JournalWriter(
            self.folder / "journal",
            next_seq=recovered.next_seq,
            durability="fsync",
            market_id=recovered.market_id,
            segment_bytes=1 << 20,
        )
        self.market = Market(self.config, recovered, self.journal, self.streams, feed, self.clock_ns)
        self.market.gains = self.gains
        self.market.sequencer.see = self.gains.see
        setup = Setup(self.market, self.config, self.folder, self.clock_ns, definitions_of(self.config, timeline))
        self.keeper = Keeper(self.market, timeline, self.told.append, self.clock_ns)
        if wanted:
            self.watch.start(self.market)
        days = business_days_of(self.config, timeline)
        self.settler = Settler(self.market, days, self.told.append, self.clock_ns)
        self.actor = Actor(self.market, planned, days, self.told.append, self.clock_ns)
        self.liquidator.start(self.market, self.clock_ns, lambda: self.is_open)
        self.settler.begin()
        self.actor.begin()
        self.keeper.begin(setup)
        if self.market.core.seq:
            self.market.sequencer.execute([tick_command()])
        setup.apply()
        self.keeper.settle(setup)
        self.journal.wait(self.market.core.seq)
        setup.remember()
        self.liquidator.begin()

    def stop(self) -> None:
        self.journal.close()

    def save(self, **instead: Any) -> None:
        """A snapshot, as engine/process.py makes one. instead: other content for a part beside the core."""
        self.journal.wait(self.market.core.seq)
        self.market.on_durable()
        beside = {WATCH: self.watch.state(), LIQUIDATION: self.liquidator.state(), GAINS: self.gains.state()}
        beside[PLANNED] = self.actor.planned.state()
        snapshots.save(self.folder, self.market.core, {**self.market.extra(), **beside, **instead})

    def clock_ns(self) -> int:
        return self.now_ns

    def at(self, now: str) -> dict[str, str]:
        """States by symbol when the clock says `now`."""
        self.now_ns = at(now)
        self.market.sequencer.flush(0)
        return self.states()

    def tick(self) -> None:
        """What the engine does once a second while an instrument is called."""
        self.market.sequencer.execute([tick_command()])

    def states(self) -> dict[str, str]:
        rows = self.market.instruments()[["symbol", "state"]].tolist()
        return {symbol.decode(): wire.InstrumentState(state).name for symbol, state in rows}

    def operator(self, instrument: int, state: wire.InstrumentState) -> None:
        """What `ctl halt`, `resume` and `close` do."""
        self.market.sequencer.admin(
            admin_command(
                CommandKind.SET_INSTRUMENT_STATE, operator="ann", reason="r", instrument=instrument, state=state
            )
        )

    def order(self, instrument: int = 0, *, flush: bool = True, **fields: Any) -> None:
        """A buy of alice, for the day if nothing else is said, on its way with the next flush."""
        self._ids += 1
        command = np.zeros((), wire.ORDER_COMMAND)
        values = {
            "kind": CommandKind.NEW_ORDER,
            "account": 1,
            "client_order_id": self._ids,
            "qty": 10,
            "price": 99_0000,
        }
        values |= {"instrument": instrument, "order_type": OrderType.LIMIT, "tif": TimeInForce.DAY, **fields}
        for name, value in values.items():
            command[name] = value
        account = np.array([1, 2], "<u4").tobytes()
        assert self.market.sequencer.batch.add_orders(command.tobytes(), 0, 1, account) == 1
        if flush:
            self.market.sequencer.flush(0)

    def live_orders(self) -> list[tuple[int, int]]:
        """Instrument and time in force of all live orders."""
        found: list[tuple[int, int]] = self.market.orders()[["instrument", "tif"]].tolist()
        return found

    def fills(self) -> np.ndarray[Any, Any]:
        """Alice's, as Event records."""
        self.journal.wait(self.market.core.seq)
        self.market.on_durable()
        return np.frombuffer(self.streams.fills(1, 100), wire.EVENT)

    def journaled(self, since_seq: int = 1) -> list[tuple[int, int, str]]:
        """Time, kind and reason of all commands in the journal; of orders no reason."""
        found = []
        for command in self.commands(since_seq):
            kind = int.from_bytes(command[16:18], "little")
            is_admin = kind >= wire.ADMIN_KIND
            row = np.frombuffer(command, wire.ADMIN_COMMAND if is_admin else wire.ORDER_COMMAND)[0]
            found.append((int(row["ts_ns"]), kind, row["reason"].decode() if is_admin else ""))
        return found

    def commands(self, since_seq: int = 1) -> list[bytes]:
        """All commands in the journal."""
        self.journal.wait(self.market.core.seq)
        found = []
        with JournalReader(self.folder / "journal", since_seq) as reader:
            while data := reader.read():
                offset = 0
                while offset < len(data):
                    kind = int.from_bytes(data[offset + 16 : offset + 18], "little")
                    size = (wire.ADMIN_COMMAND if kind >= wire.ADMIN_KIND else wire.ORDER_COMMAND).itemsize
                    found.append(data[offset : offset + size])
                    offset += size
        return found


Make = Callable[..., Station]


@contextmanager
def stations(folder: Path, plain: str) -> Iterator[Make]:
    """What makes them, by the time and their configuration (default: `plain`); they are stopped at the end."""
    made: list[Station] = []

    def start(now: str, text: str = plain) -> Station:
        made.append(Station(folder, text, now))
        return made[-1]

    yield start
    for station in made:
        station.stop()
