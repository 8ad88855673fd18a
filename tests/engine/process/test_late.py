"""An engine that comes late to what is due, with orders waiting at its door: they came after it."""

from __future__ import annotations

import time
import tomllib
from decimal import Decimal
from pathlib import Path

import openbell
import pytest
from openbell.wire import AuctionKind, CommandKind, InstrumentState

from engine import config as configuration
from engine.process import Engine
from engine.sequencer import admin_command
from tests.engine.process.running import CONFIGURATION

CALL_S = 0.5
LATE_S = 0.3


def called(engine: Engine, random_end_s: int) -> int:
    """AAA is called for an auction; when the call ends, random end included."""
    sequencer, until_ns = engine.market.sequencer, time.time_ns() + int(CALL_S * 1e9)
    if random_end_s:
        values = (0, 0, 0, 0, 0, 0, random_end_s * 10**9, 7)
        sequencer.admin(
            admin_command(CommandKind.SET_EXTENSION, operator="ann", reason="r", state=AuctionKind.HALT, values=values)
        )
    sequencer.admin(
        admin_command(
            CommandKind.SET_INSTRUMENT_STATE, operator="ann", reason="r", state=InstrumentState.CALL,
            values=(AuctionKind.HALT, until_ns, InstrumentState.OPEN),
        )
    )  # fmt: skip
    return engine.market.core.call_ends_ns


def stand_still(until_ns: int) -> None:
    """A long job: the loop does nothing else. ZeroMQ's own threads go on."""
    time.sleep(max(0, until_ns - time.time_ns()) / 1e9)


@pytest.mark.parametrize("random_end_s", [0, 1])
async def test_what_waits_at_the_door_takes_no_part_in_an_auction_that_is_over(
    tmp_path: Path, random_end_s: int
) -> None:
    body = tomllib.loads(CONFIGURATION, parse_float=Decimal)
    engine = Engine(tmp_path, configuration.checked(body, "test"))
    await engine.start()
    try:
        async with (
            openbell.AsyncClient(tmp_path, account="alice") as alice,
            openbell.AsyncClient(tmp_path, account="bob") as bob,
        ):
            ends_ns = called(engine, random_end_s)
            await alice.sell("AAA", 10, "100.00").wait_accepted()
            assert time.time_ns() < ends_ns, "the machine is too slow for this test"
            stand_still(ends_ns)
            bought = bob.buy("AAA", 10, "101.00")
            stand_still(ends_ns + int(LATE_S * 1e9))  # by now the frame waits in the engine's socket
            await bought.wait_filled(10)
            (fill,) = bought.fills
            assert not fill.is_auction, "it took part in an auction that had been over when it was sent"
            assert fill.ts_ns > ends_ns + LATE_S * 1e9 / 2
            assert (fill.qty, fill.price) == (10, 100_0000)
    finally:
        await engine.stop()
