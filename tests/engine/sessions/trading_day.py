"""A market of many instruments that lives through days in journaled time: core, batch and schedule, random flow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from openbell import wire
from openbell.wire import AccountFlag, AuctionKind, CommandKind, EventKind, OrderType, Place, TimeInForce

from engine.sequencer import admin_command, tick_command
from engine.sessions.schedule import Schedule, Session, Timeline
from ext.core import Core
from ext.sequence import CommandBatch

SECOND_NS = 10**9
TICK_SIZE = 100
CASH, SHARES = 10**16, 1_000_000
Array = np.ndarray[Any, Any]
# What traders send in a phase: times in force and their shares, and the share of market orders.
FLOW: dict[str, tuple[dict[TimeInForce, float], float]] = {
    "pre-open": (
        {
            TimeInForce.DAY: 0.5, TimeInForce.GTC: 0.15, TimeInForce.AT_OPEN: 0.12, TimeInForce.AT_CLOSE: 0.1,
            TimeInForce.AUCTION: 0.1, TimeInForce.IOC: 0.03,
        },
        0.15,
    ),
    "continuous": (
        {
            TimeInForce.DAY: 0.6, TimeInForce.GTC: 0.1, TimeInForce.IOC: 0.15, TimeInForce.FOK: 0.03,
            TimeInForce.AT_CLOSE: 0.08, TimeInForce.AUCTION: 0.04,
        },
        0.1,
    ),
    "closing": (
        {TimeInForce.DAY: 0.5, TimeInForce.GTC: 0.1, TimeInForce.AT_CLOSE: 0.2, TimeInForce.AUCTION: 0.2}, 0.15
    ),
}  # fmt: skip


class TradingDay:
    """`until` passes time, `trade` sends orders; `events` and `data` are what came since the last `take`."""

    def __init__(self, session: Session, start_ns: int, instruments: int, accounts: int, seed: int) -> None:
        self.count, self.accounts = instruments, accounts
        self.random = np.random.default_rng(seed)
        self.core, self.batch = Core(), CommandBatch(1)
        self.ts_ns = start_ns
        self.commands = 0
        self._events: list[bytes] = []
        self._data: list[bytes] = []
        self._new = np.zeros(0, wire.ORDER_COMMAND)  # every order sent, for cancels and replaces
        self._allowed = np.arange(accounts, dtype="<u4").tobytes()
        self.references = self.random.integers(2_000, 40_000, instruments) * TICK_SIZE
        self._apply(self._opening())
        self.schedule = Schedule(Timeline([session]), start_ns)
        self.schedule.members = {session.name: list(range(instruments))}

    def _opening(self) -> list[bytes]:
        def admin(kind: CommandKind, *values: int, **fields: Any) -> bytes:
            return admin_command(kind, operator="tester", reason="a test", values=values, **fields)

        capacities = (self.accounts, self.count, 1 << 19, 1 << 16, self.accounts * self.count, 1 << 20, 16)
        made = [admin(CommandKind.CONFIGURE, *capacities)]
        usd = int.from_bytes(b"USD", "little")
        for number, reference in enumerate(self.references.tolist()):
            values = (TICK_SIZE, 1, reference, 2000, 0, 0, usd)
            made.append(admin(CommandKind.SET_INSTRUMENT, *values, instrument=number, name=f"S{number}"))
        for account in range(self.accounts):
            made.append(
                admin(CommandKind.SET_ACCOUNT, account=account, name=f"a{account}", flags=AccountFlag.SHORT_ALLOWED)
            )
            made.append(admin(CommandKind.DEPOSIT, CASH, account=account))
        for number in range(self.count):
            account = number % self.accounts
            made.append(admin(CommandKind.DEPOSIT_SHARES, SHARES, 1, account=account, instrument=number))
        return made

    # ------------------------------------------------------------ time

    def _apply(self, commands: Sequence[bytes]) -> None:
        for command in commands:
            self.batch.add_admin(command)
        self._seal()

    def _seal(self) -> None:
        self.commands += self.batch.seal(self.ts_ns)
        self.core.apply(self.batch.view(), True)
        self.batch.clear()
        self._events.append(self.core.take_events())
        self._data.append(self.core.take_market_data())

    def tick(self, ts_ns: int) -> None:
        """Time passes to ts_ns, which nothing of the schedule comes before."""
        self.ts_ns = ts_ns
        self._apply([tick_command()])

    def until(self, ts_ns: int) -> None:
        """Do what is due by ts_ns, as engine/sessions/keeper.py and the sequencer do it."""
        while (due_ns := min(self.schedule.next_ns, self.core.call_ends_ns)) <= ts_ns:
            self.tick(due_ns)
            if due_ns < self.schedule.next_ns:
                continue
            rows = self.instruments()
            states = dict(zip(rows["instrument"].tolist(), rows["state"].tolist(), strict=True))
            closing = rows["instrument"][rows["auction_kind"] == AuctionKind.CLOSING].tolist()
            self._apply(self.schedule.turn(states, closing))
            self.tick(due_ns + 1)
        self.ts_ns = ts_ns

    def extend(self, kind: AuctionKind, *values: int, flags: int = 0) -> None:
        """SET_EXTENSION of all instruments."""
        self._apply([
            admin_command(
                CommandKind.SET_EXTENSION, operator="tester", reason="a test", instrument=number, state=kind,
                flags=flags, values=values,
            )
            for number in range(self.count)
        ])  # fmt: skip

    # ------------------------------------------------------------ flow

    def trade(self, phase: str, count: int) -> None:
        """`count` random commands of all accounts in all instruments: new orders, cancels, replaces."""
        tifs, market = FLOW[phase]
        rng, made = self.random, np.zeros(count, wire.ORDER_COMMAND)
        made["kind"] = CommandKind.NEW_ORDER
        made["account"] = rng.integers(0, self.accounts, count)
        made["instrument"] = rng.integers(0, self.count, count)
        made["side"] = rng.integers(0, 2, count)
        made["tif"] = rng.choice(list(tifs), count, p=list(tifs.values()))
        made["order_type"] = np.where(rng.random(count) < market, OrderType.MARKET, OrderType.LIMIT)
        made["client_order_id"] = np.arange(len(self._new) + 1, len(self._new) + count + 1)
        made["qty"] = rng.integers(1, 500, count)
        references = self.references[made["instrument"]]
        moved = references * (1 + 0.004 * rng.standard_normal(count))
        made["price"] = (moved // TICK_SIZE).astype("<i8") * TICK_SIZE
        before = len(self._new)
        self._new = np.concatenate([self._new, made])
        if before:
            others = rng.random(count)
            for kind, chosen in (
                (CommandKind.CANCEL, others < 0.15), (CommandKind.REPLACE, (others >= 0.15) & (others < 0.25))
            ):  # fmt: skip
                old = self._new[rng.integers(max(0, before - 40_000), before, int(chosen.sum()))]
                made["kind"][chosen] = kind
                for field in ("account", "instrument", "side", "client_order_id"):
                    made[field][chosen] = old[field]
        self._send(made)

    def sell_much(self, instruments: Sequence[int], tif: TimeInForce) -> None:
        """Market orders for more than anybody buys."""
        made = np.zeros(len(instruments), wire.ORDER_COMMAND)
        made["kind"], made["order_type"], made["tif"] = CommandKind.NEW_ORDER, OrderType.MARKET, tif
        made["instrument"], made["account"], made["side"] = instruments, np.arange(len(made)) % self.accounts, 1
        made["qty"], made["client_order_id"] = 1_000_000, np.arange(len(self._new) + 1, len(self._new) + len(made) + 1)
        self._new = np.concatenate([self._new, made])
        self._send(made)

    def send_all(self, kind: CommandKind, rows: Array) -> None:
        """A command for each of the live orders `rows`; NEW_ORDER: one like it under a new id."""
        made = np.zeros(len(rows), wire.ORDER_COMMAND)
        made["kind"] = kind
        for field in ("account", "instrument", "side", "price", "tif", "client_order_id"):
            made[field] = rows[field]
        if kind == CommandKind.NEW_ORDER:
            made["qty"] = 1
            made["client_order_id"] = np.arange(10**9, 10**9 + len(rows))
        self._send(made)

    def _send(self, made: Array) -> None:
        assert self.batch.add_orders(made.tobytes(), 0, 1, self._allowed) == len(made)
        self._seal()

    # ------------------------------------------------------------ what came of it

    def take(self) -> tuple[Array, Array]:
        """Events and market data since the last time."""
        events = np.frombuffer(b"".join(self._events), wire.EVENT)
        data = np.frombuffer(b"".join(self._data), wire.MARKET_DATA)
        self._events, self._data = [], []
        return events, data

    def instruments(self) -> Array:
        return np.frombuffer(self.core.instruments(), wire.INSTRUMENT_ROW)

    def orders(self) -> Array:
        """All live orders, by instrument."""
        return np.frombuffer(self.core.orders(), wire.ORDER_ROW)

    def expected_auctions(self, kind: AuctionKind) -> list[tuple[int, int, int]]:
        """Price, lots and signed imbalance of each instrument's auction now, found by trying every price."""
        rows, instruments = self.orders(), self.instruments()
        edges = np.searchsorted(rows["instrument"], np.arange(self.count + 1))
        return [
            expected_auction(rows[edges[number] : edges[number + 1]], kind, int(instruments["reference_price"][number]))
            for number in range(self.count)
        ]

    def check_books(self) -> None:
        """No book is crossed, and shares and cash are those that were paid in."""
        rows = self.instruments()
        both = (rows["bid_price"] > 0) & (rows["ask_price"] > 0)
        assert (rows["bid_price"][both] < rows["ask_price"][both]).all()
        accounts = np.frombuffer(self.core.accounts(), wire.ACCOUNT_ROW)
        assert accounts["cash"].sum() == self.accounts * CASH
        positions = np.frombuffer(self.core.positions(), wire.POSITION_ROW)
        lots = np.zeros(self.count, np.int64)
        np.add.at(lots, positions["instrument"], positions["qty"])
        assert (lots == SHARES).all()
        orders = self.orders()
        holds = np.bincount(orders["account"], orders["hold"], self.accounts)
        assert (holds == accounts["hold"]).all()
        assert (np.bincount(orders["account"], minlength=self.accounts) == accounts["open_orders"]).all()


def expected_market_left(rows: Array, kind: AuctionKind, price: int, lots: int) -> int:
    """docs/auctions.md, "Extensions": M, where each side would trade so many lots at a price (0: none)."""
    other = TimeInForce.AT_CLOSE if kind is AuctionKind.OPENING else TimeInForce.AT_OPEN
    rows = rows[(rows["tif"] != other) & (rows["place"] == Place.CALL) & (rows["order_type"] == OrderType.MARKET)]
    left = 0
    for side, sign in ((0, 1), (1, -1)):
        own = rows[rows["side"] == side]
        able = own["leaves"][sign * own["price"] >= sign * price].sum() if price else 0
        left += int(own["leaves"].sum()) - min(int(able), lots)
    return left


def expected_auction(rows: Array, kind: AuctionKind, reference: int) -> tuple[int, int, int]:
    """docs/auctions.md, "Price": (0, 0, 0) where nothing trades."""
    other = TimeInForce.AT_CLOSE if kind is AuctionKind.OPENING else TimeInForce.AT_OPEN
    rows = rows[(rows["tif"] != other) & np.isin(rows["place"], (Place.BOOK, Place.CALL))]
    limits = rows[rows["order_type"] == OrderType.LIMIT]["price"]
    prices = np.array([reference // TICK_SIZE * TICK_SIZE])
    if len(limits):
        prices = np.union1d(prices, np.arange(limits.min(), limits.max() + 1, TICK_SIZE))
    buys, sells = rows[rows["side"] == 0], rows[rows["side"] == 1]
    demand, supply = np.zeros((2, len(prices) + 1), np.int64)
    np.add.at(demand, np.searchsorted(prices, buys["price"], "right"), buys["leaves"])  # at the prices below this place
    np.add.at(supply, np.searchsorted(prices, sells["price"], "left"), sells["leaves"])  # and from this place on
    demand, supply = demand[::-1].cumsum()[::-1][1:], supply.cumsum()[:-1]
    volume, imbalance = np.minimum(demand, supply), demand - supply
    if volume.max() == 0:
        return 0, 0, 0
    best = np.flatnonzero(volume == volume.max())
    best = best[np.abs(imbalance[best]) == np.abs(imbalance[best]).min()]
    if (imbalance[best] > 0).any():
        chosen = best[-1]
    elif (imbalance[best] < 0).any():
        chosen = best[0]
    else:
        distance = np.abs(prices[best] - reference)
        chosen = best[distance == distance.min()][-1]
    return int(prices[chosen]), int(volume[chosen]), int(imbalance[chosen])


def crossed(events: Array) -> Array:
    """Fills of auctions."""
    found: Array = events[(events["kind"] == EventKind.FILL) & (events["flags"] & wire.EventFlag.CROSS != 0)]
    return found
