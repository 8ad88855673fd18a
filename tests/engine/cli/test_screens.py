"""What the live screen shows in the room that it has, and rates."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openbell.market import AuctionUpdate, Level, StatisticsUpdate, StatusUpdate
from openbell.rows import AccountInfo, InstrumentInfo
from openbell.status import Status, status_of
from openbell.wire import AuctionKind, BookKind, ExtensionReason, HaltReason, InstrumentState, TradeFlag
from rich.console import Console

from engine.cli import show
from engine.cli.screens.book import BookScreen, Trade
from engine.cli.screens.market import MarketScreen, ports_text
from engine.cli.screens.rates import Rates
from engine.demo.cast import LISTINGS, participants

HINTS = ("Ctrl-C stops in order.", "./openbell ctl status")


def made_status(second: int, **fields: object) -> Status:
    base = {
        "market": "a market",
        "durability": "fsync",
        "pid": 4711,
        "ts_ns": (100 + second) * 10**9,
        "started_ts_ns": 40 * 10**9,
        "sequence": 1_000 * second,
        "durable_sequence": 1_000 * second - 7,
        "orders": 500 * second,
        "trades": 120 * second,
        "latency_us": {"count": 10, "p50": 412.0, "p90": 600.0, "p99": 1240.0, "max": 9000.0},
        "projector": {"state": "running", "lag": 244, "lag_s": 0.1},
        "ports": {
            name: f"tcp://127.0.0.1:{7701 + step}"
            for step, name in enumerate(("orders", "market_data", "snapshots", "control"))
        },
    }
    return status_of({**base, **fields})


def made_screen(seconds: int = 5, count: int = 20, **fields: object) -> MarketScreen:
    screen = MarketScreen(demo="50 participants in 2 processes", hint=HINTS[0], commands=HINTS[1:])
    for second in range(1, seconds + 1):
        instruments = [
            InstrumentInfo(
                instrument=number,
                symbol=one.symbol,
                state=1,
                reference_price=one.price + 100 * second,
                bid_price=one.price,
                ask_price=one.price + one.tick_size,
                bid_qty=300,
                ask_qty=1200,
                trades=second * number,
                volume=second * 100,
            )
            for number, one in enumerate(LISTINGS[:count])
        ]
        accounts = [
            AccountInfo(account=one.account, name=one.name, cash=one.cash, account_seq=second * one.account)
            for one in participants()
        ]
        screen.seen.add(made_status(second, **fields), instruments, accounts)
    return screen


def made_update(of: type[Any], /, **fields: int) -> Any:
    """An update of market data; what is not given is 0."""
    return of(*(fields.get(name, 0) for name in of._fields))


def drawn(screen: MarketScreen, width: int, height: int) -> list[str]:
    console = Console(width=width, height=height)
    with console.capture() as capture:
        console.print(screen, end="")
    return capture.get().removesuffix("\n").split("\n")


@pytest.mark.parametrize("business", [False, True])
@pytest.mark.parametrize(("width", "height"), [(80, 24), (160, 50), (100, 30), (80, 60), (200, 24), (60, 24)])
def test_it_fits_and_says_the_most_important(width: int, height: int, business: bool) -> None:
    screen = made_screen()
    screen.by_business = business
    lines = drawn(screen, width, height)
    assert len(lines) <= height
    assert max(map(len, lines)) <= width
    text = "\n".join(lines)
    for word in ("a market", "fsync", "500/s", "412 us", "1.24 ms", "7701", "244 behind", *HINTS):
        assert word in text
    assert "…" not in text.split("symbol")[1], "no cell of the table is cut"
    if width >= 80:
        assert "120/s" in text
        assert "7704" in text


def test_what_does_not_fit_is_counted() -> None:
    text = "\n".join(drawn(made_screen(), 80, 24))
    shown = sum(one.symbol in text for one in LISTINGS)
    assert 8 <= shown < 20
    assert f"and {20 - shown} more" in text


def test_the_busiest_come_first_on_top() -> None:
    screen = made_screen()
    screen.by_business = True
    lines = drawn(screen, 160, 50)
    symbols = [
        line.split()[0] for line in lines if line.split() and line.split()[0] in {one.symbol for one in LISTINGS}
    ]
    assert symbols == [one.symbol for one in reversed(LISTINGS)]
    accounts = [line.split()[0] for line in lines if line.startswith((" seller", " momentum"))]
    assert accounts[0] == "seller-01"


def test_warnings_are_seen_and_memory_durability_too() -> None:
    screen = made_screen(durability="memory", warnings=["orders: 95 % of the room is used"])
    screen.alarms = ["demo worker 1 ended"]
    text = "\n".join(drawn(screen, 80, 24))
    for word in ("durability memory", "95 %", "demo worker 1 ended"):
        assert word in text


def test_a_stale_book_says_so_on_a_narrow_screen_too() -> None:
    screen = BookScreen(
        "NOVA", bids=[Level(410_8000, 46, 1)], asks=[Level(410_8500, 350, 1)], status=made_update(StatusUpdate, state=1)
    )
    screen.alarm = "stale for 1.5 s"
    console = Console(width=60, height=24)
    with console.capture() as capture:
        console.print(screen)
    assert "stale for 1.5 s" in capture.get().splitlines()[0]


def test_an_empty_market_tells_what_to_do() -> None:
    screen = MarketScreen(hint=HINTS[0])
    assert any("waiting" in line for line in drawn(screen, 80, 24))
    screen.seen.add(made_status(1), [])
    assert any("set-instrument" in line for line in drawn(screen, 80, 24))


def test_the_host_is_said_once() -> None:
    assert ports_text(made_status(1)).count("127.0.0.1") == 1
    two = made_status(1, ports={"orders": "tcp://10.0.0.1:1", "control": "tcp://127.0.0.1:2"})
    assert ports_text(two) == "orders 10.0.0.1:1  control 127.0.0.1:2"


@given(st.lists(st.integers(0, 10**6), min_size=2, max_size=50))
def test_rates_add_up(gains: list[int]) -> None:
    rates, total = Rates(), 0
    for second, gain in enumerate(gains):
        total += gain
        rates.add(float(second), {"orders": total})
    assert rates.series("orders") == gains[1:]
    assert rates.per_s("orders", 0.5) == gains[-1]
    assert rates.per_s("orders", 1000) == pytest.approx(sum(gains[1:]) / (len(gains) - 1))


def test_a_counter_that_starts_anew_gives_no_negative_rate() -> None:
    rates = Rates()
    for second, total in enumerate((100, 200, 10, 30)):
        rates.add(float(second), {"orders": total})
    assert rates.series("orders") == [20.0]
    rates.add(3.0, {"orders": 99})
    assert rates.series("orders") == [20.0], "a reading of the same moment is none"


def test_the_book_screen_fits_and_shows_both_sides() -> None:
    screen = BookScreen("NOVA", hint="Ctrl-C leaves", status=made_update(StatusUpdate, state=1), last=4_125_000)
    screen.day = made_update(
        StatisticsUpdate, open=4_100_000, high=4_130_000, low=4_090_000, close=4_125_000, previous_close=4_126_000,
        volume=123_456, vwap=4_111_100, trades=5,
    )  # fmt: skip
    screen.bids = [Level(4_124_500 - 500 * step, 100 * (step + 1), step + 1) for step in range(40)]
    screen.asks = [Level(4_125_500 + 500 * step, 200, 1) for step in range(3)]
    for number in range(50):
        flags = TradeFlag.ODD_LOT | TradeFlag.HIDDEN if number == 49 else 0
        screen.trades.append(Trade(number * 10**9, 4_125_000 + number, number, number % 2, flags))
    for width, height in ((80, 24), (160, 50)):
        lines = drawn(screen, width, height)
        assert len(lines) <= height
        assert max(map(len, lines)) <= width
        text = "\n".join(lines)
        for word in ("NOVA", "open", "412.50", "412.45", "412.55", "spread 0.10", "412.5049", "Ctrl-C leaves", "Ih"):
            assert word in text
        for word in ("open 410.00", "high 413.00", "low 409.00", "VWAP 411.11", "123,456 lots in 5 trades", "-0.10"):
            assert word in text
        assert "…" not in text
        assert sum("412.5" in line or "411." in line for line in lines) >= height - 6
    assert any("empty" in line for line in drawn(BookScreen("X"), 80, 24))


def test_a_halt_and_an_auction_are_told() -> None:
    screen = BookScreen("NOVA", status=made_update(StatusUpdate, state=InstrumentState.HALTED, flags=HaltReason.NEWS))
    screen.auction = made_update(
        AuctionUpdate,
        kind=BookKind.INDICATIVE,
        state=AuctionKind.HALT,
        price=412_0000,
        level_qty=700,
        leaves=30,
        side=1,
    )
    assert "halted (news)" in drawn(screen, 80, 24)[0]
    assert "no trade yet" in drawn(screen, 80, 24)[1]
    screen.status = made_update(StatusUpdate, state=InstrumentState.CALL, flags=AuctionKind.HALT)
    assert "call (halt)" in drawn(screen, 80, 24)[0]
    screen.status = made_update(
        StatusUpdate,
        kind=BookKind.STATUS,
        state=InstrumentState.CALL,
        flags=AuctionKind.HALT,
        level_qty=1_751_457_600 * 10**9,
        level_orders=2,
        trade_no=ExtensionReason.MARKET_ORDERS,
    )
    head = drawn(screen, 120, 24)[0]
    assert f"call (halt)  auction {show.clock(screen.status.auction_ns)}  extended 2 times: market orders" in head
    assert "halt auction so far: 700 @ 412.00, imbalance 30 to sell" in drawn(screen, 80, 24)[1]


def test_commands_get_a_line_each_where_they_are_long_and_there_is_room() -> None:
    screen = made_screen()
    screen.commands = [
        "./openbell ctl status --data somewhere/far/away",
        "./openbell watch NOVA --data somewhere/far/away",
    ]
    small, large, wide = (drawn(screen, *size) for size in ((80, 24), (80, 40), (160, 24)))
    assert large[-2:] == [f" {text}" for text in screen.commands]
    assert small[-1] == f" {screen.commands[0]}"
    assert all(text in wide[-1] for text in screen.commands)
