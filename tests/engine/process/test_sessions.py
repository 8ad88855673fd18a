"""A real engine through a day whose phases are seconds apart: what traders and operators see, kill -9 included."""

from __future__ import annotations

import datetime as dt
import time
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import openbell
import pytest
from openbell import wire
from openbell.wire import InstrumentState

from engine.journal.reader import JournalReader
from tests.engine.process.running import Running

SECOND_NS = 10**9
PATIENCE_S = 20.0


def in_seconds(count: int) -> dt.datetime:
    """A full second soon, in a time zone in which it is about noon: no day ends in the middle of a test."""
    hours = 12 - dt.datetime.now(dt.UTC).hour
    zone = ZoneInfo(f"Etc/GMT{-hours:+d}")  # their signs are turned around
    return (dt.datetime.now(zone) + dt.timedelta(seconds=count + 1)).replace(microsecond=0)


def ns(moment: dt.datetime) -> int:
    return round(moment.timestamp()) * SECOND_NS


def session(open_: dt.datetime, close: dt.datetime, **more: int) -> str:
    """A session of AAA, in TOML."""
    fields = "".join(f"{name} = {value}\n" for name, value in more.items())
    return (
        f'[sessions.quick]\ncalendar = "always"\ntime_zone = "{open_.tzinfo}"\n'
        f'open = "{open_:%H:%M:%S}"\nclose = "{close:%H:%M:%S}"\n{fields}'
        '[[instrument]]\nsymbol = "AAA"\nsession = "quick"\n'
    )


def wait_for(engine: Running, state: InstrumentState) -> None:
    """Until AAA is in that state."""
    deadline_s = time.monotonic() + PATIENCE_S
    with engine.operator() as operator:
        while operator.instruments()[0].state != state:
            assert time.monotonic() < deadline_s, f"AAA does not become {state.name}"
            time.sleep(0.02)


def journaled(engine: Running) -> list[tuple[int, str]]:
    """Times and reasons of the schedule's commands, without those of a start."""
    found = []
    with JournalReader(engine.data / "journal", 1) as reader:
        while data := reader.read():
            offset = 0
            while offset < len(data):
                kind = int.from_bytes(data[offset + 16 : offset + 18], "little")
                layout = wire.ORDER_COMMAND
                if kind >= wire.ADMIN_KIND:
                    layout = wire.ADMIN_COMMAND
                elif kind >= wire.SPECIAL_KIND:
                    layout = wire.SPECIAL_COMMAND
                row = np.frombuffer(data, layout, 1, offset)[0]
                if layout is wire.ADMIN_COMMAND and row["operator"] == b"schedule":
                    found.append((int(row["ts_ns"]), row["reason"].decode()))
                offset += row.nbytes
    return [(ts_ns, reason) for ts_ns, reason in found if reason.startswith("quick") and ts_ns % SECOND_NS == 0]


def test_a_day_of_continuous_trading(tmp_path: Path) -> None:
    open_ = in_seconds(8)  # a start beside many others takes seconds
    close = open_ + dt.timedelta(seconds=4)
    text = session(open_, close, opening_call_s=0, closing_call_s=0, post_s=2)
    with Running(tmp_path, text) as engine:
        with engine.client("alice") as alice, engine.operator() as operator:
            with pytest.raises(openbell.OrderRejected, match="INSTRUMENT_STATE"):
                alice.buy("AAA", 5, "99").wait_answered()
            (told,) = operator.status().raw["schedule"]
            assert (told["session"], told["phase"], told["next_phase"], told["instruments"]) == (
                "quick", "closed", "continuous", 1,
            )  # fmt: skip
            wait_for(engine, InstrumentState.OPEN)
            order = alice.buy("AAA", 5, "99").wait_accepted()
            lasting = alice.buy("AAA", 5, "98", tif="GTC").wait_accepted()
            assert operator.status().raw["schedule"][0]["phase"] == "continuous"
        engine.kill()
        engine.start()
        wait_for(engine, InstrumentState.CLOSED)
        with engine.client("alice") as alice:
            assert [one.order_id for one in alice.orders()] == [lasting.order_id, order.order_id]
            deadline_s = time.monotonic() + PATIENCE_S
            while len(alice.orders()) > 1:  # the day ends
                assert time.monotonic() < deadline_s
                time.sleep(0.05)
            assert [one.order_id for one in alice.orders()] == [lasting.order_id]
        assert engine.stop() == 0
        assert journaled(engine) == [(ns(open_), "quick: continuous"), (ns(close), "quick: post")]


def test_a_day_with_auctions(tmp_path: Path) -> None:
    open_ = in_seconds(10)
    close = open_ + dt.timedelta(seconds=5)
    with Running(tmp_path, session(open_, close, opening_call_s=3, closing_call_s=2, post_s=1)) as engine:
        with engine.client("alice") as alice, engine.client("bob") as bob, engine.operator() as operator:
            wait_for(engine, InstrumentState.CALL)
            buy = alice.buy("AAA", 10, "101").wait_accepted()
            sell = bob.sell("AAA", 10, "99", tif="AT_OPEN").wait_accepted()
            rest = bob.sell("AAA", 3, "101").wait_accepted()
            assert (buy.filled, sell.filled) == (0, 0)
            buy.wait_filled()
            sell.wait_filled()
            # 10 lots at every price from 99 to 101, no imbalance: nearest to the reference price
            assert {(row.price, row.qty) for row in alice.fills()} == {(100_0000, 10)}
            alice.buy("AAA", 3, "101").wait_filled()
            rest.wait_filled()
            wait_for(engine, InstrumentState.CALL)
            assert operator.status().raw["schedule"][0]["phase"] == "closing"
            sell = alice.sell("AAA", 5, None, tif="AT_CLOSE").wait_accepted()
            buy = bob.buy("AAA", 7, "102", tif="AT_CLOSE").wait_accepted()
            sell.wait_filled()
            buy.wait_done()
            assert (buy.filled, buy.leaves) == (5, 0)
            wait_for(engine, InstrumentState.CLOSED)
            assert {row.price for row in bob.fills() if row.qty == 5} == {
                102_0000
            }  # more was bought: the highest price
        assert engine.stop() == 0
        seconds = dt.timedelta(seconds=1)
        assert journaled(engine) == [
            (ns(open_ - 3 * seconds), "quick: pre-open"), (ns(close - 2 * seconds), "quick: closing"),
        ]  # fmt: skip
