"""Small markets on disk for tests: real commands, sequenced, journaled, applied."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from openbell import wire

from engine import snapshots
from engine.amending.command import Terms, amend_command
from engine.amending.facts import facts_in
from engine.journal.writer import JournalWriter
from ext.core import Core
from ext.sequence import CommandBatch

MARKET = bytes(range(16))
ACCOUNTS, INSTRUMENTS = 6, 3
START_NS = 1_700_000_000_000_000_000
NAMES = ["alice", "bob", "carol", "dave", "erin", "frank"]
SYMBOLS = ["ACME", "BELL", "CORN"]
ALLOWED = np.arange(ACCOUNTS, dtype="<u4").tobytes()


def admin(kind: wire.CommandKind, *values: int, **fields: Any) -> bytes:
    """One AdminCommand."""
    command = np.zeros((), wire.ADMIN_COMMAND)
    command["kind"] = kind
    for index, value in enumerate(values):
        command[f"value{index}"] = value
    for name, value in {"operator": "tester", "reason": "a test", **fields}.items():
        command[name] = value.encode() if isinstance(value, str) else value
    return command.tobytes()


def opening() -> list[bytes]:
    """Commands that set up instruments and accounts with cash and shares."""
    kinds = wire.CommandKind
    commands = [admin(kinds.CONFIGURE, ACCOUNTS + 2, INSTRUMENTS + 1, 1 << 14, 1 << 10, 64, 1 << 14, 16, 256)]
    for number, symbol in enumerate(SYMBOLS):
        usd = int.from_bytes(b"USD", "little")
        commands.append(admin(kinds.SET_INSTRUMENT, 100, 1, 1_000_000, 0, 0, 0, usd, instrument=number, name=symbol))
        commands.append(admin(kinds.SET_INSTRUMENT_STATE, instrument=number, state=wire.InstrumentState.OPEN))
    for number, name in enumerate(NAMES):
        commands.append(admin(kinds.SET_ACCOUNT, account=number, name=name, flags=wire.AccountFlag.SHORT_ALLOWED))
        commands.append(admin(kinds.DEPOSIT, 10**15, account=number))
        commands.append(
            admin(kinds.DEPOSIT_SHARES, 10_000, 50_000_000, account=number, instrument=number % INSTRUMENTS)
        )
    return commands


class Trading:
    """A market that trades at random: `data` gets a journal; `core` is the state. commands: what it is set up by, where
    that is not `opening`."""

    def __init__(
        self,
        data: Path,
        seed: int,
        *,
        segment_bytes: int = 1 << 14,
        durability: str = "fsync",
        commands: Sequence[bytes] | None = None,
    ) -> None:
        self.data = data
        self.core = Core()
        self.batch = CommandBatch(1)
        self.writer = JournalWriter(
            data / "journal", next_seq=1, durability=durability, market_id=MARKET, segment_bytes=segment_bytes
        )
        self.random = np.random.default_rng(seed)
        self.next_ids = [1] * ACCOUNTS
        self.ts_ns = START_NS
        self.events: list[bytes] = []
        self.market_data: list[bytes] = []
        self.links: dict[tuple[int, int], tuple[int, int, int]] = {}  # (account, client id) -> role, link_id, first id
        for command in opening() if commands is None else commands:
            self.batch.add_admin(command)
        self.commit()

    @property
    def seq(self) -> int:
        """Number of the last command."""
        return self.core.seq

    def commit(self) -> None:
        """Sequence, journal and apply what was added."""
        self.ts_ns += 1_000_000
        self.batch.seal(self.ts_ns)
        self.writer.submit(self.batch.records, self.batch.last_seq)
        self.core.apply(self.batch.commands, True)
        self.events.append(self.core.take_events())
        self.market_data.append(self.core.take_market_data())
        self.batch.clear()

    def orders(self, count: int) -> bytes:
        """Random orders, cancels, replaces and now and then nonsense that the core refuses."""
        rng = self.random
        commands = np.zeros(count, wire.ORDER_COMMAND)
        commands["kind"] = rng.choice([1, 1, 1, 1, 1, 1, 2, 3, 3, 4], count, p=[0.1] * 9 + [0.1])
        commands["kind"][(commands["kind"] == 4) & (rng.random(count) < 0.9)] = 1
        commands["account"] = rng.integers(0, ACCOUNTS, count)
        commands["instrument"] = rng.integers(0, INSTRUMENTS, count)
        commands["side"] = rng.integers(0, 2, count)
        commands["order_type"] = rng.random(count) < 0.05
        commands["tif"] = rng.choice([0, 1, 1, 1, 2, 3], count)
        commands["self_trade"] = rng.integers(0, 4, count)
        commands["price"] = 1_000_000 + 100 * rng.integers(-20, 21, count)
        commands["qty"] = rng.integers(0, 200, count)
        for command in commands:
            account = int(command["account"])
            if command["kind"] == wire.CommandKind.NEW_ORDER:
                command["client_order_id"] = self.next_ids[account]
                self.next_ids[account] += 1
            else:
                command["client_order_id"] = rng.integers(1, self.next_ids[account] + 1)
        return commands.tobytes()

    def specials(self, count: int) -> bytes:
        """Random stops of all kinds, orders that expire, icebergs, sliding, reduce-only and market-to-limit orders, in
        groups and of owners; now and then nonsense."""
        rng, types = self.random, wire.OrderType
        commands = np.zeros(count, wire.SPECIAL_COMMAND)
        commands["kind"] = wire.CommandKind.NEW_SPECIAL
        commands["account"] = rng.integers(0, ACCOUNTS, count)
        commands["instrument"] = rng.integers(0, INSTRUMENTS, count)
        commands["side"] = rng.integers(0, 2, count)
        commands["order_type"] = rng.choice(
            [types.LIMIT, types.STOP, types.STOP_LIMIT, types.TRAILING_STOP, types.MARKET_TO_LIMIT], count
        )
        commands["tif"] = wire.TimeInForce.GTC
        commands["price"] = 1_000_000 + 100 * rng.integers(-20, 21, count)
        commands["qty"] = rng.integers(1, 200, count)
        commands["group"] = rng.integers(0, 4, count)
        stops = np.isin(commands["order_type"], [types.STOP, types.STOP_LIMIT])
        away = 100 * rng.integers(1, 20, count) * np.where(commands["side"] == wire.Side.BUY, 1, -1)
        commands["stop_price"][stops] = 1_000_000 + away[stops]
        commands["offset"][commands["order_type"] == types.TRAILING_STOP] = 300
        dated = (commands["order_type"] == types.LIMIT) & (rng.random(count) < 0.9)
        commands["tif"][dated] = wire.TimeInForce.GTD
        commands["expire_ns"][dated] = self.ts_ns + rng.integers(0, 50_000_000, count)[dated]
        limits = commands["order_type"] == types.LIMIT
        commands["display_qty"][limits] = np.minimum(commands["qty"], 20)[limits] * rng.integers(0, 2, count)[limits]
        commands["self_trade_group"] = rng.integers(0, 3, count)
        commands["self_trade"] = rng.integers(0, 5, count)
        slides = wire.OrderFlag.POST_ONLY | wire.OrderFlag.SLIDE
        commands["flags"][limits] = rng.choice([0, 0, slides, wire.OrderFlag.REDUCE_ONLY], count)[limits]
        if count:  # one that nobody trades with before it expires, at the next TICK
            commands[0]["side"], commands[0]["order_type"] = wire.Side.BUY, types.LIMIT
            commands[0]["price"], commands[0]["stop_price"], commands[0]["offset"], commands[0]["flags"] = 100, 0, 0, 0
            commands[0]["tif"], commands[0]["expire_ns"] = wire.TimeInForce.GTD, self.ts_ns + 1_500_000
        for command in commands:
            account = int(command["account"])
            command["client_order_id"] = self.next_ids[account]
            self.next_ids[account] += 1
        return commands.tobytes()

    def linked(self, count: int) -> bytes:
        """Random groups of docs/linked.md: a limit order and a stop or two of which one cancels the others; most of
        them wait for a parent."""
        made = []
        for _ in range(count):
            account, legs = int(self.random.integers(ACCOUNTS)), 2 + int(self.random.random() < 0.3)
            sides, first = self.random.permutation(2), self.next_ids[account]
            is_bracket = self.random.random() < 0.7
            orders = np.zeros(legs + is_bracket, wire.SPECIAL_COMMAND)
            orders["kind"], orders["tif"] = wire.CommandKind.NEW_SPECIAL, wire.TimeInForce.GTC
            orders["account"], orders["instrument"] = account, self.random.integers(INSTRUMENTS)
            orders["client_order_id"] = first + np.arange(len(orders))
            orders["side"], orders["qty"] = sides[0], self.random.integers(1, 60)
            away = 100 * self.random.integers(1, 6, legs) * (1 if sides[0] == wire.Side.SELL else -1)
            orders["price"][0] = 1_000_000 + away[0]
            orders["order_type"][1:legs], orders["stop_price"][1:legs] = wire.OrderType.STOP, 1_000_000 - away[1:]
            orders["role"][:legs] = wire.Role.CHILD if is_bracket else wire.Role.PEER
            orders["role"][0] = wire.Role.CHILD if is_bracket else wire.Role.NONE
            orders["link_id"][1:] = first
            if is_bracket:
                orders["side"][-1], orders["role"][-1] = sides[1], wire.Role.PARENT
                orders["price"][-1] = 1_000_000 + 100 * self.random.integers(-3, 4)
            self.next_ids[account] += len(orders)
            for order in orders:
                if order["role"]:
                    key = (account, int(order["client_order_id"]))
                    self.links[key] = (int(order["role"]), int(order["link_id"]), first)
            made.append(orders)
        return np.concatenate(made).tobytes()

    def trade_linked(self, count: int, each: int = 4) -> None:
        """As `trade`, with as many groups of linked orders."""
        for _ in range(0, count, each):
            groups = self.linked(each)
            size = len(groups) // wire.SPECIAL_COMMAND.itemsize
            assert self.batch.add_specials(groups, 0, 7, ALLOWED) == size
            assert self.batch.add_orders(self.orders(each), 0, 8, ALLOWED) == each
            self.commit()
        self.writer.wait(self.seq)

    def trade(self, count: int, each: int = 20) -> None:
        """`count` random commands in batches of `each`, made durable."""
        for _ in range(0, count, each):
            assert self.batch.add_orders(self.orders(each), 0, 7, ALLOWED) == each
            self.commit()
        self.writer.wait(self.seq)

    def trade_specials(self, count: int, each: int = 20) -> None:
        """As `trade`, with as many random orders of all kinds, and a TICK each time."""
        tick = np.zeros((), wire.ORDER_COMMAND)
        tick["kind"] = wire.CommandKind.TICK
        for _ in range(0, count, each):
            assert self.batch.add_specials(self.specials(each), 0, 7, ALLOWED) == each
            self.batch.add_admin(tick.tobytes())
            assert self.batch.add_orders(self.orders(each), 0, 8, ALLOWED) == each
            self.commit()
        self.writer.wait(self.seq)

    def amend(self, count: int) -> None:
        """Random busts and corrections of trades that were made, some of them again and some wrong, made durable."""
        rng = self.random
        events = np.frombuffer(b"".join(self.events), wire.EVENT)
        fills = events[events["kind"] == wire.EventKind.FILL]
        for _ in range(count):
            one = fills[rng.integers(0, min(len(fills), 60)) - 60]
            trade = fills[(fills["trade_id"] == one["trade_id"]) & (fills["instrument"] == one["instrument"])]
            facts = facts_in(trade, int(one["instrument"]), int(one["trade_id"]))
            assert facts is not None
            rows = np.frombuffer(self.core.amendments(), wire.AMENDMENT_ROW)
            rows = rows[(rows["instrument"] == facts.instrument) & (rows["trade_id"] == facts.trade_id)]
            now = Terms(int(rows["price"][0]), int(rows["qty"][0]) or 1) if len(rows) else Terms(facts.price, facts.qty)
            new = Terms(now.price + 100 * int(rng.integers(-9, 10)), int(rng.integers(1, 300)))
            command = amend_command(
                facts, now, new if rng.random() < 0.6 else None, operator="ann", reason="wrong price"
            )
            self.batch.add_admin(command)
            self.commit()
        self.writer.wait(self.seq)

    def snapshot(self, **extra: Any) -> Path:
        """Save a snapshot."""
        self.writer.wait(self.seq)
        return snapshots.save(self.data, self.core, extra)

    def stop(self) -> str:
        """End the writer; the state hash."""
        self.writer.close()
        return self.core.state_hash()
