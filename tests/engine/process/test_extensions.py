"""Auctions that are put off, through a real engine: told to everybody, and gone on with after kill -9."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import openbell
from openbell.rows import InstrumentInfo
from openbell.wire import AuctionKind, ExtensionReason, InstrumentState

from tests.engine.process.running import Running

EXTENSION_S = 15
MORE = f"""
[sessions.calls]
[sessions.calls.extensions.halt]
market_orders = true
extension_s = {EXTENSION_S}
max_extensions = 2
[[instrument]]
symbol = "AAA"
session = "calls"
"""


def row_of(engine: Running) -> InstrumentInfo:
    with engine.operator() as operator:
        return next(row for row in operator.instruments() if row.symbol == "AAA")


def test_an_extension_is_told_and_survives_kill_9(tmp_path: Path) -> None:
    with Running(tmp_path, MORE) as engine:
        with (
            engine.client("alice") as alice,
            engine.operator() as operator,
            openbell.MarketData(engine.data, channels="S") as data,
        ):
            at = datetime.now(UTC) + timedelta(seconds=3)
            operator.call_auction("AAA", kind="HALT", at=at, reason="a halt is over")
            sold = alice.sell("AAA", 10, tif="AUCTION").wait_accepted()
            deadline_s = time.monotonic() + 20
            while not (row := row_of(engine)).extensions:
                assert time.monotonic() < deadline_s, "it was not put off"
                time.sleep(0.05)
            at_ns = (int(at.timestamp() * 10**6) + EXTENSION_S * 10**6) * 1000
            assert (row.state, row.auction_kind, row.extensions) == (InstrumentState.CALL, AuctionKind.HALT, 1)
            assert (row.auction_ns, row.extension_reason) == (at_ns, ExtensionReason.MARKET_ORDERS)
            while (status := data.status("AAA")) is None or not status.extensions:
                assert time.monotonic() < deadline_s, "nobody was told"
                data.poll(0.1)
            assert (status.auction_ns, status.extension_reason) == (at_ns, ExtensionReason.MARKET_ORDERS)
        engine.kill()
        engine.start()
        row = row_of(engine)
        assert (row.extensions, row.auction_ns) in ((1, at_ns), (2, at_ns + EXTENSION_S * 10**9))
        with engine.client("alice", resume={1: 1}) as alice, engine.client("bob") as bob:
            bought = bob.buy("AAA", 10, "100.00", tif="AUCTION").wait_accepted()
            bought.wait_filled(2 * EXTENSION_S + 20)
            (fill,) = bought.fills
            assert fill.is_auction and fill.ts_ns >= row.auction_ns
            assert not alice.orders()
            (of_alice,) = alice.fills()
        assert (of_alice.client_order_id, of_alice.qty, of_alice.price) == (sold.client_order_id, 10, fill.price)
        assert (of_alice.trade_id, of_alice.ts_ns) == (fill.trade_id, fill.ts_ns)
        assert row_of(engine).state == InstrumentState.OPEN
