"""Local books against the real core: its market data, through the real numbering of channels and a line that loses."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from random import Random
from typing import Any

import numpy as np
import pytest
from openbell import wire
from openbell.market import DepthBook, MarketFeed, OrderBook
from openbell.records import HEADER, HEARTBEAT, MARKET_DATA_HEADER, frame
from openbell.wire import BookKind, Channel, FrameType

from engine.config import Depth, DepthClass
from engine.depth import DepthClasses
from ext.feed import Feed
from tests.reference.compare import Pair, Step
from tests.reference.records import market_data_of
from tests.reference.swarm import Swarm
from tests.reference.worlds import WORLDS, World

COMMANDS = 700
ALL_LEVELS = 1 << 20
LETTERS = "BDTXSAVC"  # in the order of Feed.sequences
LEVELS = 3  # of the class of depth


def answer(pair: Pair, feed: Feed, depths: DepthClasses, question: bytes) -> list[bytes]:
    """A snapshot as the engine gives it."""
    core = pair.core
    asked = json.loads(question[HEADER.size :])
    letter, only = asked["channel"], asked.get("instrument")
    rows = np.frombuffer(core.instruments(), wire.INSTRUMENT_ROW)
    rows = rows if only is None else rows[rows["instrument"] == only]
    ids = rows["instrument"].tolist()
    sequence = 0
    if letter == "1":
        sequence, records = depths.snapshot(ord(letter), ids)()
        size = wire.DEPTH.itemsize
    elif letter == "B":
        records, size = b"".join(core.book(one) for one in ids), wire.MARKET_DATA.itemsize
    elif letter == "D":
        records, size = b"".join(core.depth(one, ALL_LEVELS) for one in ids), wire.DEPTH.itemsize
    elif letter == "X":
        records, size = feed.trades(asked["from"])[1], wire.TRADE.itemsize
    elif letter == "C":
        records, size = feed.bars(asked["from"])[1], wire.BAR.itemsize
    elif letter == "V":
        records, size = feed.statistics(only), wire.STATISTICS.itemsize
    elif letter == "A":
        records, size = feed.auctions(only), wire.MARKET_DATA.itemsize
    elif letter == "S":
        states = np.zeros(len(rows), wire.MARKET_DATA)
        states["kind"], states["instrument"], states["state"] = BookKind.STATUS, ids, rows["state"]
        records, size = states.tobytes(), wire.MARKET_DATA.itemsize
    elif letter == "T":
        tops = np.zeros(len(rows), wire.TOP)
        for name in ("instrument", "bid_price", "ask_price", "bid_qty", "ask_qty"):
            tops[name] = rows[name]
        records, size = tops.tobytes(), wire.TOP.itemsize
    else:
        records, size = rows.tobytes(), wire.INSTRUMENT_ROW.itemsize
    body: dict[str, Any] = {"channel": letter, "instrument": only, "record_size": size, "count": len(records) // size}
    if letter != "I":
        body["sequence"] = sequence or feed.sequences[LETTERS.index(letter)]
    number = HEADER.unpack_from(question)[4]
    return [frame(FrameType.REPLY, number, json.dumps(body).encode()), records]


def beat(feed: Feed, depths: DepthClasses) -> bytes:
    head = MARKET_DATA_HEADER.pack(Channel.HEARTBEAT, wire.VERSION, HEARTBEAT.size, 1, 0)
    return head + HEARTBEAT.pack(0, 0, *feed.sequences, *depths.sequences)


def amended(data: bytes) -> Iterator[tuple[int, int]]:
    """Instruments of busts and corrections, and by how many lots these change what was traded."""
    for record in market_data_of(data):
        if record.kind == BookKind.BUST:
            yield record.instrument, -record.qty
        elif record.kind == BookKind.CORRECTION:
            yield record.instrument, record.qty - record.leaves


def check(pair: Pair, feed: Feed, local: MarketFeed, bars: list[bytes], changes: Counter[int]) -> None:
    """What the local feed holds is what the core holds, and the feed. changes: lots of busts and corrections."""
    held = sorted(local.statistics.values(), key=lambda one: one.instrument)
    assert [tuple(one) for one in held] == np.frombuffer(feed.statistics(), wire.STATISTICS).tolist()
    assert b"".join(bars) == feed.bars(1)[1]
    trades = np.frombuffer(feed.trades(1)[1], wire.TRADE)
    trades = trades[trades["flags"] & (wire.TradeFlag.BUST | wire.TradeFlag.CORRECTION) == 0]
    for row in np.frombuffer(pair.core.instruments(), wire.INSTRUMENT_ROW):
        instrument = int(row["instrument"])
        # Whatever met what, in the book, in the dark or in an auction: each lot is told once.
        told = int(trades["qty"][trades["instrument"] == instrument].sum()) + changes[instrument]
        assert told == row["volume"]
        book = local.order_books.get(instrument, OrderBook())
        records = np.frombuffer(pair.core.book(instrument), wire.MARKET_DATA)
        told = [(one["order_id"], one["price"], one["leaves"]) for one in records]
        assert [tuple(one) for side in (0, 1) for one in book.orders(side)] == told
        depth = np.frombuffer(pair.core.depth(instrument, ALL_LEVELS), wire.DEPTH)
        levels = [(one["price"], one["level_qty"], one["level_orders"]) for one in depth]
        assert [tuple(one) for one in book.bids() + book.asks()] == levels
        by_price = local.depth_books[Channel.DEPTH].get(instrument, DepthBook())
        assert [tuple(one) for one in by_price.bids() + by_price.asks()] == levels
        best = local.depth_books[Channel.DEPTH_1].get(instrument, DepthBook())
        depth = np.frombuffer(pair.core.depth(instrument, LEVELS), wire.DEPTH)
        levels = [(one["price"], one["level_qty"], one["level_orders"]) for one in depth]
        assert [tuple(one) for one in best.bids() + best.asks()] == levels
        top = local.tops.get(instrument)
        if top is not None:
            told = tuple(int(row[name]) for name in ("bid_price", "ask_price", "bid_qty", "ask_qty"))
            assert (top.bid_price, top.ask_price, top.bid_qty, top.ask_qty) == told
        status = local.statuses.get(instrument)
        # The state of an instrument that was never opened has never been told.
        assert (wire.InstrumentState.CLOSED if status is None else status.state) == row["state"]
        trade = local.trades.get(instrument)
        if trade is not None:
            assert trade.trade_id == row["trades"]


@pytest.mark.parametrize("loses", [0.0, 0.02], ids=["whole line", "line that loses"])
@pytest.mark.parametrize("world", WORLDS, ids=[world.name for world in WORLDS])
def test_local_books_equal_those_of_the_core(world: World, loses: float, seed: int) -> None:
    random = Random(f"{seed} {world.name} {loses}")
    pair, feed = Pair(), Feed(100_000, bars=100_000)
    swarm = Swarm(random, world, pair.model)
    now = [0]
    local = MarketFeed(LETTERS + "1", clock_ns=lambda: now[0])
    kinds = Depth(class_1=DepthClass(levels=LEVELS, interval_ms=10), class_2=None)
    depths = DepthClasses(kinds, pair.core, feed, lambda action: action(), lambda: now[0] / 1e9)
    depths.want(b"1")
    bars: list[bytes] = []
    changes: Counter[int] = Counter()

    def take(channel: Channel, what: Any) -> None:
        if channel == Channel.BARS and isinstance(what, memoryview):
            bars.append(bytes(what))

    local.listeners.append(take)
    steps = [Step(command) for command in world.opening(random)]
    live = 0

    def hear(frames: list[bytes]) -> None:
        for message in frames:
            if random.random() >= loses:
                local.receive(message)

    for place in range(COMMANDS):
        _, data = pair.step(steps[place] if place < len(steps) else swarm.next())
        hear(feed.add(data))
        for instrument, lots in amended(data):
            changes[instrument] += lots
        now[0] += 10_000_000
        if place % 5 == 0:
            local.tick()
            depths.look(ord("1"), hear)
            local.receive(beat(feed, depths))
            if local.is_live:
                live += 1
                if place % 20 == 0:
                    check(pair, feed, local, bars, changes)
        if random.random() < 0.3:
            for question in local.take_outgoing():
                local.reply(answer(pair, feed, depths, question))
    assert live > COMMANDS / 25
    if not loses:
        assert local.recoveries == 0
    now[0] += 10_000_000_000
    for _ in range(3):
        local.tick()
        depths.look(ord("1"), hear)
        local.receive(beat(feed, depths))
        for question in local.take_outgoing():
            local.reply(answer(pair, feed, depths, question))
        now[0] += 100_000_000
    assert local.is_live
    check(pair, feed, local, bars, changes)
