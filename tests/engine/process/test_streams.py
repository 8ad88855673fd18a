"""Private streams and market data of a real engine: over restarts, with clients that do not read, with gaps."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import openbell
import pytest
import zmq
from openbell import wire
from openbell.records import HEADER, json_body, json_frame
from openbell.wire import FrameType

from tests.engine.process.running import Running

FEW = "[ports]\nsend_queue = 10\n"


def account_seqs(events: np.ndarray) -> list[int]:
    return events["account_seq"].tolist()


@pytest.mark.parametrize("killed", [False, True])
def test_a_stream_goes_on_over_a_restart(tmp_path: Path, killed: bool) -> None:
    with Running(tmp_path) as engine:
        with engine.client("alice") as alice:
            first = alice.account_seq() + 1
            for _ in range(50):
                alice.buy("AAA", 1, "99.00").wait_accepted()
            seen = alice.account_seq()
            assert seen == first + 49
        with engine.client("bob") as bob:
            for _ in range(20):
                bob.sell("AAA", 1, "99.00").wait_filled()
        engine.kill() if killed else engine.stop()
        engine.start()
        with engine.client("alice", resume={1: seen - 9}) as alice:
            events = alice.events(5.0)
            assert account_seqs(events) == list(range(seen - 9, seen + 21))
            assert events["kind"][-20:].tolist() == [wire.EventKind.FILL] * 20
            assert len(alice.fills()) == 20


def test_a_connected_client_survives_a_restart(tmp_path: Path) -> None:
    with Running(tmp_path) as engine, engine.client("alice") as alice:
        before = alice.buy("AAA", 1, "99.00").wait_accepted()
        engine.kill()
        engine.start()
        after = alice.buy("AAA", 1, "98.00").wait_accepted(20.0)
        alice.cancel_all(timeout_s=20.0)
        assert before.is_done
        assert after.is_done
        seqs = account_seqs(alice.events())
        assert seqs == list(range(seqs[0], seqs[0] + len(seqs)))


def test_a_client_that_does_not_read_holds_nobody_up(tmp_path: Path) -> None:
    with Running(tmp_path, FEW) as engine:
        # Its own queues are small too, and it reads nothing after its login.
        deaf = engine.dealer("orders", rcvhwm=10, rcvbuf=4096)
        deaf.send(json_frame(FrameType.LOGIN, 1, {"api_key": engine.api_key("alice")}))
        first = json_body(deaf.recv())["accounts"][0]["next_seq"]
        commands = np.zeros(1000, wire.ORDER_COMMAND)
        commands["kind"], commands["account"], commands["qty"], commands["tif"] = 1, 1, 1, wire.TimeInForce.GTC
        commands["price"] = 99_0000
        with engine.client("alice") as alice, engine.operator() as operator:
            deadline_s = time.monotonic() + 60
            while operator.status().sessions > 1:
                assert time.monotonic() < deadline_s, "the deaf client was not dropped"
                base = alice.reserve_ids(1000)
                commands["client_order_id"] = base + np.arange(1000, dtype=np.uint64)
                alice.send_batch(commands)
                alice.cancel_all(timeout_s=30.0)
                alice.events()
            assert operator.status().raw["dropped_sessions"] == 1
            last = alice.account_seq()
        # What it has in its queues is in order; then it is told, logs in again, and gets the rest.
        got: list[int] = []
        told = ""
        while not told:
            message = deaf.recv()
            kind, count = HEADER.unpack_from(message)[2:4]
            if kind == FrameType.EVENTS:
                got += account_seqs(np.frombuffer(message, wire.EVENT, count, HEADER.size))
            else:
                assert kind == FrameType.ERROR
                told = json_body(message)["text"]
        assert "did not read" in told
        assert got == list(range(first, first + len(got)))
        deaf.close()
        with engine.client("alice", resume={1: first + len(got)}) as again:
            events = again.events(10.0)
            while account_seqs(events)[-1] < last:
                events = np.concatenate([events, again.events(10.0)])
            assert account_seqs(events) == list(range(first + len(got), last + 1))


def test_local_books_are_exact_while_a_subscriber_loses_frames(tmp_path: Path) -> None:
    with Running(tmp_path, "[ports]\nfeed_queue = 10\n") as engine:
        settings = openbell.SocketSettings(receive_queue=10)
        with (
            engine.client("alice") as alice,
            engine.client("bob") as bob,
            openbell.MarketData(engine.data, channels="BDTXS", settings=settings) as data,
        ):
            rng = np.random.default_rng(1)
            commands = np.zeros(400, wire.ORDER_COMMAND)
            commands["kind"], commands["qty"], commands["tif"] = 1, 5, wire.TimeInForce.GTC
            for turn in range(60):
                client, account, side = ((alice, 1, 0), (bob, 2, 1))[turn % 2]
                commands["account"], commands["side"] = account, side
                commands["price"] = 100_0000 + rng.integers(-50, 51, 400) * 100
                commands["client_order_id"] = client.reserve_ids(400) + np.arange(400, dtype=np.uint64)
                client.send_batch(commands)
                client.events()
            for client in (alice, bob):
                client.query("account")
            deadline_s = time.monotonic() + 30
            while time.monotonic() < deadline_s:
                data.poll(0.2)
                with engine.operator() as operator:
                    book = operator.book("AAA", levels=1000)
                local = data.book("AAA")
                if data.is_live and [
                    [(level.price, level.qty) for level in side] for side in (local.bids(), local.asks())
                ] == [[(level.price, level.qty) for level in side] for side in (book.bids, book.asks)]:
                    break
            else:
                pytest.fail("the local book did not become that of the market")


def test_channel_sequences_survive_a_restart(tmp_path: Path) -> None:
    def sequences(engine: Running) -> dict[str, int]:
        with engine.operator() as operator:
            return dict(operator.status().raw["channels"])

    with Running(tmp_path) as engine:
        with engine.client("alice") as alice, engine.client("bob") as bob:
            for _ in range(10):
                alice.buy("AAA", 2, "99.00").wait_accepted()
                bob.sell("AAA", 1, "99.00").wait_filled()
        before = sequences(engine)
        assert before["X"] == 10
        for end in (engine.stop, engine.kill, engine.stop):
            end()
            engine.start()
            after = sequences(engine)
            assert [after[letter] for letter in "BDTXSA"] == [before[letter] for letter in "BDTXSA"]
            assert all(after[letter] >= before[letter] for letter in "VC")  # meanwhile time passes
        peer = engine.dealer("snapshots")
        peer.send(json_frame(FrameType.QUERY, 1, {"channel": "X", "from": 4}))
        head, records = peer.recv_multipart()
        assert json_body(head)["sequence"] == 10
        assert np.frombuffer(records, wire.TRADE)["trade_id"].tolist() == list(range(4, 11))
        peer.close()


def test_statistics_and_bars_of_a_market(tmp_path: Path) -> None:
    """They come by themselves when nobody does anything any more, and a restart changes nothing of them."""

    def bars(data: openbell.MarketData) -> tuple[int, int, int, int, int]:
        rows = data.bars("AAA", period_s=1, last=60)
        priced = rows[rows["open"] > 0]
        sums = (int(rows["volume"].sum()), int(rows["turnover"].sum()), int(rows["trades"].sum()))
        return int(priced["high"].max()), int(priced["low"].min()), *sums

    with Running(tmp_path) as engine:
        with (
            engine.client("alice") as alice,
            engine.client("bob") as bob,
            openbell.MarketData(engine.data, channels="XVC", symbols=["AAA"]) as data,
        ):
            assert data.statistics("AAA") is None
            assert len(data.bars("AAA")) == 0
            for price, qty in (("99.00", 150), ("99.50", 100), ("98.00", 2)):
                alice.buy("AAA", qty, price).wait_accepted()
                bob.sell("AAA", qty, price).wait_filled()
            updates = data.updates(timeout_s=10)
            volume = 0
            while volume < 252:
                update = next(updates)
                if isinstance(update, openbell.BarUpdate) and update.period_s == 1:
                    volume += update.volume
            data.poll(0.5)
            day = data.statistics("AAA")
            assert day is not None
            assert (day.open, day.high, day.low, day.close) == (99_0000, 99_5000, 99_0000, 99_5000)
            turnover = 150 * 99_0000 + 100 * 99_5000 + 2 * 98_0000
            assert (day.volume, day.turnover, day.vwap, day.trades) == (252, turnover, turnover // 252, 3)
            assert bars(data) == (99_5000, 99_0000, 252, turnover, 3)
            trade = data.last_trade("AAA")
            assert trade is not None
            assert trade.conditions == openbell.TradeFlag.ODD_LOT
            with pytest.raises(openbell.InvalidInput, match="period_s 7 is not one of 1, 60"):
                data.bars("AAA", period_s=7)
        with engine.operator() as operator:
            operator.snapshot(reason="a test")
        for end in (engine.stop, engine.kill):
            end()
            engine.start()
            with openbell.MarketData(engine.data, channels="VC", symbols=["AAA"]) as data:
                assert data.statistics("AAA") == day
                assert bars(data) == (99_5000, 99_0000, 252, turnover, 3)


def test_a_halt_and_its_auction(tmp_path: Path) -> None:
    """Why it is halted, what the auction would trade, what it has traded; a restart knows it all."""

    def told(data: openbell.MarketData, kind: type[Any], **fields: int) -> Any:
        for update in data.updates(timeout_s=10):
            if isinstance(update, kind) and all(getattr(update, name) == value for name, value in fields.items()):
                return update
        raise AssertionError(f"no {kind.__name__} came with {fields}")

    with Running(tmp_path) as engine:
        with (
            engine.client("alice") as alice,
            engine.client("bob") as bob,
            engine.operator() as operator,
            openbell.MarketData(engine.data, channels="BXSAV", symbols=["AAA"]) as data,
        ):
            operator.halt("AAA", halt_reason="NEWS", reason="a test")
            status = told(data, openbell.StatusUpdate)
            assert status.reason == openbell.HaltReason.NEWS
            operator.call_auction("AAA", kind="HALT", reason="a test")
            alice.buy("AAA", 30, "101.00", tif="GTC").wait_accepted()
            bob.sell("AAA", 20, "99.00", tif="GTC").wait_accepted()
            bob.sell("AAA", 4, "101.00", tif="GTC").wait_accepted()
            indicative = told(data, openbell.AuctionUpdate, level_qty=24)
            assert not indicative.is_over
            assert (indicative.leaves, indicative.side) == (6, openbell.Side.BUY)
            assert str(data.status("AAA")) == "CALL (HALT), reference 100.00"
            (result,) = operator.run_auction("AAA", reason="a test")
            trade = told(data, openbell.TradeUpdate)
            flags = openbell.TradeFlag
            assert trade.conditions == flags.CROSS | flags.REOPENING | flags.FIRST
            assert (trade.price, trade.qty, trade.aggressor, trade.trade_id) == (result.price, 24, wire.SIDE_BOTH, 2)
            day = told(data, openbell.StatisticsUpdate)
            assert (day.open, day.close, day.volume, day.trades) == (trade.price, trade.price, 24, 1)
            auction = data.auction("AAA")
            assert auction is not None
            assert str(auction) == f"halt auction: 24 @ {openbell.format_price(trade.price)}"
            assert [tuple(level) for level in data.book("AAA").bids()] == [(101_0000, 6, 1)]
            operator.halt("AAA", halt_reason="REGULATORY", reason="a test")
            operator.snapshot(reason="a test")
        for end in (engine.stop, engine.kill):
            end()
            engine.start()
            with openbell.MarketData(engine.data, channels="XSAV", symbols=["AAA"], trades_from=1) as data:
                assert (data.auction("AAA"), data.statistics("AAA")) == (auction, day)
                status = data.status("AAA")
                assert status is not None
                assert status.reason == openbell.HaltReason.REGULATORY


def test_a_class_of_depth(tmp_path: Path) -> None:
    """It shows the best levels and no more, and goes on over a restart by itself."""

    def follow(data: openbell.MarketData, bids: list[int]) -> None:
        deadline_s = time.monotonic() + 10
        while [level.price for level in data.book("AAA").bids()] != bids or not data.is_live:
            assert time.monotonic() < deadline_s, data.book("AAA").bids()
            data.poll(0.1)

    with Running(tmp_path) as engine, openbell.MarketData(engine.data, channels="1") as data:
        with engine.client("alice") as alice:
            for price in range(80, 95):
                alice.buy("AAA", 1, price * 10_000, tif="GTC").wait_accepted()
        follow(data, [price * 10_000 for price in range(94, 84, -1)])
        engine.kill()
        engine.start()
        with engine.client("alice") as alice:
            alice.buy("AAA", 1, 95_0000, tif="GTC").wait_accepted()
            follow(data, [price * 10_000 for price in range(95, 85, -1)])
            alice.cancel_all()
            follow(data, [])


def test_a_subscriber_that_sends_nonsense(tmp_path: Path) -> None:
    with Running(tmp_path) as engine:
        peer = zmq.Context.instance().socket(zmq.XSUB)
        peer.linger, peer.rcvtimeo = 0, 10_000
        peer.connect(engine.ports["market_data"])
        for message in (b"\x02abc", b"\xff" * 500, b"\x01" + b"z" * 900, b"\0nothing", b"", b"\x01H", b"\x01"):
            peer.send(message)
        assert peer.recv()[:1] == b"H"
        with engine.operator() as operator:
            assert operator.status().raw["subscriptions"] == "BDTXSAVC1234H"
        peer.close()
        deadline_s = time.monotonic() + 10
        with engine.operator() as operator:
            while operator.status().raw["subscriptions"]:
                assert time.monotonic() < deadline_s
                time.sleep(0.05)
