"""Bands, pauses, breakers and the short-sale restriction in a real engine, on a day whose clock the test sets."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import openbell
import pytest
from openbell.errors import OrderRejected
from openbell.orders import OrderState
from openbell.wire import AuctionKind, BookKind, HaltReason, InstrumentState

from tests.engine.process.clock import Clocked
from tests.engine.process.running import environment

SESSION = (
    '[sessions.day]\ncalendar = "always"\nopen = "09:30"\nclose = "16:00"\nopening_call_s = 0\nclosing_call_s = 0\n'
    '[[instrument]]\nsymbol = "AAA"\nsession = "day"\n'
)
LULD = SESSION + 'luld = "tier1"\n'
BREAKERS = (
    SESSION + '[[instrument]]\nsymbol = "BBB"\nsession = "day"\n[breakers]\nindex = ["AAA"]\nreopening_call_s = 60\n'
)
RULE201 = "[market]\nrule201 = true\n" + SESSION + '[[account]]\nname = "eve"\nshort_allowed = true\n'


def row(engine: Clocked, symbol: str = "AAA") -> openbell.rows.InstrumentInfo:
    with engine.operator() as operator:
        return next(one for one in operator.instruments() if one.symbol == symbol)


def told(engine: Clocked, operator: str) -> list[str]:
    """What `openbell journal show` tells of that author's commands."""
    done = subprocess.run(
        [sys.executable, "-m", "engine.cli", "journal", "show", "--data", str(engine.data)],
        capture_output=True, text=True, timeout=60, env=environment(), check=True,
    )  # fmt: skip
    return [line.split("  ", 1)[-1] for line in done.stdout.splitlines() if f"; by {operator}: " in line]


@pytest.mark.parametrize("durability", ["fsync", "memory"])
def test_a_limit_state_a_pause_and_a_cross(tmp_path: Path, durability: str) -> None:
    with (
        Clocked(tmp_path, "2026-12-02T09:29:00", LULD, "--durability", durability) as engine,
        openbell.MarketData(engine.data, channels="SAX", symbols=["AAA"]) as data,
        engine.client("alice") as alice,
        engine.client("bob") as bob,
    ):
        updates = data.updates(timeout_s=1.0)
        engine.pass_to("2026-12-02T09:30:00")
        assert row(engine).state == InstrumentState.OPEN
        assert row(engine).band_upper == 105_0000
        with pytest.raises(OrderRejected, match="PRICE_BAND"):
            alice.buy("AAA", 1, "105.01").wait_accepted()
        engine.pass_to("2026-12-02T10:00:00")
        alice.buy("AAA", 10, "105").wait_accepted()
        engine.pass_to("2026-12-02T10:00:14.999")
        assert row(engine).state == InstrumentState.OPEN
        engine.pass_to("2026-12-02T10:00:15")
        assert row(engine).state == InstrumentState.CALL
        found = row(engine)
        assert found.auction_kind == AuctionKind.VOLATILITY
        assert (found.band_lower, found.band_upper) == (0, 0)
        bought = alice.buy("AAA", 20, "109").wait_accepted()
        bob.sell("AAA", 20, "108").wait_accepted()
        engine.pass_to("2026-12-02T10:05:14.999")
        assert row(engine).state == InstrumentState.CALL
        engine.pass_to("2026-12-02T10:05:15")
        assert row(engine).state == InstrumentState.OPEN
        bought.wait_filled()
        cross = bought.fills[0].price
        assert row(engine).band_lower < cross < row(engine).band_upper
        seen = [update for update in updates if isinstance(update, openbell.StatusUpdate)]
        bands_seen = [(one.price, one.order_id) for one in seen if one.kind == BookKind.BANDS]
        assert bands_seen[:2] == [(95_0000, 105_0000), (0, 0)]
        bands = data.bands("AAA")
        assert bands is not None and bands.level_qty == cross
        lines = told(engine, "luld")
        assert "AAA: bands 95.00 to 105.00 around 100.00; by luld: tier 1: opened, reference 100.00" in lines[0]
        assert "AAA: CALL for VOLATILITY at 2026-12-02 10:05:" in lines[1]
        assert "; by luld: tier 1: best bid 105.00 at the upper band for 15 s" in lines[1]


@pytest.mark.parametrize("saves", [False, True])
def test_a_kill_in_a_limit_state(tmp_path: Path, saves: bool) -> None:
    with Clocked(tmp_path, "2026-12-02T09:45:00", LULD) as engine:
        assert row(engine).band_upper == 105_0000
        with engine.client("alice") as alice, engine.operator() as operator:
            alice.buy("AAA", 10, "105").wait_accepted()
            if saves:
                operator.snapshot(reason="a test")
            alice.buy("BBB", 1, "50").wait_accepted()
        engine.kill()
        engine.set("2026-12-02T09:45:10")
        engine.start()
        assert row(engine).state == InstrumentState.OPEN
        assert row(engine).band_upper == 105_0000
        engine.pass_to("2026-12-02T09:45:15")
        assert row(engine).state == InstrumentState.CALL
        engine.kill()  # in the pause, too
        engine.set("2026-12-02T09:50:15")
        engine.start()
        assert row(engine).state == InstrumentState.OPEN
        lines = told(engine, "luld")
        assert len(lines) == 3, lines
        assert "tier 1: opened" in lines[2]


def test_a_breaker_halts_the_market_and_reopens_it(tmp_path: Path) -> None:
    with (
        Clocked(tmp_path, "2026-12-01T15:00:00", BREAKERS) as engine,
        engine.client("alice") as alice,
        engine.client("bob") as bob,
    ):
        assert row(engine).state == InstrumentState.OPEN
        _trade(alice, bob, "100")
        engine.pass_to("2026-12-02T10:00:00")
        assert row(engine).state == InstrumentState.OPEN
        _trade(alice, bob, "93.01")
        engine.pass_to("2026-12-02T10:00:02")
        assert row(engine).state == InstrumentState.OPEN
        _trade(alice, bob, "93")
        engine.pass_to("2026-12-02T10:00:03")  # the index is looked at each second
        assert row(engine).state == InstrumentState.HALTED
        assert {row(engine, symbol).halt_reason for symbol in ("AAA", "BBB")} == {HaltReason.MARKET_WIDE}
        engine.kill()
        engine.set("2026-12-02T10:14:59.999")
        engine.start()
        assert row(engine, "BBB").state == InstrumentState.HALTED
        engine.pass_to("2026-12-02T10:15:03")
        assert row(engine).state == InstrumentState.CALL
        assert row(engine, "BBB").auction_kind == AuctionKind.HALT
        engine.pass_to("2026-12-02T10:16:03")
        assert row(engine).state == InstrumentState.OPEN
        assert row(engine, "BBB").state == InstrumentState.OPEN
        assert "level 1: the index is 7.00 % below the close" in told(engine, "breakers")[0]
        assert len(told(engine, "breakers")) == 4


def _trade(alice: openbell.Client, bob: openbell.Client, price: str) -> None:
    sold = bob.sell("AAA", 100, price).wait_accepted()
    alice.buy("AAA", 100, price).wait_filled()
    sold.wait_filled()


def test_a_fall_restricts_short_sales_until_the_next_day_is_over(tmp_path: Path) -> None:
    with (
        Clocked(tmp_path, "2026-12-01T15:00:00", RULE201) as engine,
        engine.client("alice") as alice,
        engine.client("bob") as bob,
        engine.client("eve") as eve,
    ):
        assert row(engine).state == InstrumentState.OPEN
        _trade(alice, bob, "100")
        engine.pass_to("2026-12-02T10:00:00")
        assert row(engine).state == InstrumentState.OPEN
        _trade(alice, bob, "90")
        assert row(engine).short_restricted == 1
        alice.buy("AAA", 10, "89", tif="GTC").wait_accepted()
        with pytest.raises(OrderRejected, match="SHORT_PRICE"):
            eve.sell("AAA", 1, "89").wait_accepted()
        assert bob.sell("AAA", 1, "89").wait_answered().state == OrderState.FILLED  # he has them
        engine.pass_to("2026-12-03T10:00:00")
        assert row(engine).state == InstrumentState.OPEN
        assert row(engine).short_restricted == 1
        engine.kill()
        engine.set("2026-12-04T10:00:00")
        engine.start()
        assert row(engine).short_restricted == 0
        lines = told(engine, "rule201")
        assert [line.partition("; by rule201: ")[2] for line in lines] == [
            "a trade 10 % or more below the close, 100.00", "the day after is over",
        ]  # fmt: skip
