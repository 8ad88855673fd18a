"""The watch over prices in a real market on disk whose clock the test sets: what it has journaled, and when."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pytest
from openbell import wire
from openbell.wire import CommandKind, OrderType, Side, TimeInForce

from engine import snapshots
from engine.market import FEED
from engine.sequencer import admin_command
from engine.volatility.watch import WATCH
from tests.engine.sessions.station import SECOND_NS, Make, Station, at
from tests.engine.volatility.watched import (
    AAA,
    BANDS,
    BBB,
    BOTH,
    CALL,
    CCC,
    CCC_ITSELF,
    CLOSED,
    DAY,
    INDEX,
    LULD,
    NEW_YORK,
    PARTNER,
    US,
    bands_of,
    closes,
    decided,
    trade,
)  # fmt: skip


def test_bands_come_with_the_opening_and_go_with_the_close(make: Make) -> None:
    station = make(f"{DAY}T13:00", LULD + PARTNER)
    assert bands_of(station, CCC) == (0, 0, 0)
    station.at(f"{DAY}T13:30")
    assert bands_of(station, CCC) == (95_0000, 105_0000, 100_0000)
    station.at(f"{DAY}T19:34:59")
    assert bands_of(station, CCC) == (95_0000, 105_0000, 100_0000)
    station.at(f"{DAY}T19:35")
    assert bands_of(station, CCC) == (90_0000, 110_0000, 100_0000)
    station.at(f"{DAY}T20:00")
    assert bands_of(station, CCC) == (0, 0, 0)
    assert decided(station) == [
        ("13:30:00.000", CCC, BANDS, [95_0000, 105_0000, 100_0000], "tier 1: opened, reference 100.00"),
        ("19:35:00.000", CCC, BANDS, [90_0000, 110_0000, 100_0000], "tier 1: last 25 minutes, reference 100.00"),
    ]
    assert station.told == []


def test_bands_follow_the_trades_of_five_minutes(make: Make) -> None:
    station = make(f"{DAY}T13:29", LULD + PARTNER)
    station.at(f"{DAY}T13:30")
    station.at(f"{DAY}T13:30:05")
    trade(station, CCC, 102_0000)
    trade(station, CCC, 104_0000)
    trade(station, CCC, 96_0000, qty=99)  # an odd lot is no price
    station.at(f"{DAY}T13:30:29")
    assert bands_of(station, CCC)[2] == 100_0000
    station.at(f"{DAY}T13:30:40")
    assert bands_of(station, CCC) == (97_8500, 108_1500, 103_0000)
    assert [row[0] for row in decided(station)] == ["13:30:00.000", "13:30:30.000"]
    station.at(f"{DAY}T13:36")
    trade(station, CCC, 101_0000)
    station.at(f"{DAY}T13:36:01")
    assert bands_of(station, CCC)[2] == 101_0000


def limit_state(station: Station) -> None:
    """A limit state from 13:40:00.5 on: a bid at the upper band."""
    station.at(f"{DAY}T13:40")
    station.now_ns += SECOND_NS // 2
    station.order(CCC, price=105_0000, qty=10)


PAUSED = ("13:40:15.500", CCC, CALL, "tier 1: best bid 105.00 at the upper band for 15 s")


def pauses(station: Station) -> list[tuple[str, int, int, str]]:
    return [(time, number, what, reason) for time, number, what, _, reason in decided(station) if what != BANDS]


def test_a_limit_state_becomes_a_pause_and_a_cross_reopens(make: Make) -> None:
    station = make(f"{DAY}T13:29", LULD + PARTNER)
    limit_state(station)
    assert station.at(f"{DAY}T13:40:15")["CCC"] == "OPEN"
    assert station.at(f"{DAY}T13:40:16")["CCC"] == "CALL"
    assert pauses(station) == [PAUSED]
    station.at(f"{DAY}T13:42")
    station.order(CCC, account=2, side=Side.SELL, price=108_0000)
    station.order(CCC, price=108_0000)
    station.at(f"{DAY}T13:45:15")
    station.market.sequencer.execute([])
    assert station.states()["CCC"] == "CALL"
    station.at(f"{DAY}T13:45:16")
    station.tick()
    assert station.states()["CCC"] == "OPEN"
    assert bands_of(station, CCC) == (102_6000, 113_4000, 108_0000)
    assert decided(station)[-1][4] == "tier 1: opened, reference 108.00"
    assert station.told == []


def test_a_limit_state_that_ends_in_time_is_none(make: Make) -> None:
    station = make(f"{DAY}T13:29", LULD + PARTNER)
    limit_state(station)
    station.at(f"{DAY}T13:40:10")
    station.order(CCC, account=2, side=Side.SELL, price=105_0000, qty=10)  # all that is there is traded
    assert station.at(f"{DAY}T13:50")["CCC"] == "OPEN"
    assert pauses(station) == []


def test_a_limit_state_that_ends_and_begins_in_one_batch_begins_anew(make: Make) -> None:
    station = make(f"{DAY}T13:29", LULD + PARTNER)
    limit_state(station)
    station.at(f"{DAY}T13:40:10")
    station.order(CCC, account=2, side=Side.SELL, price=105_0000, qty=10, flush=False)
    station.order(CCC, price=105_0000, qty=10)
    assert station.at(f"{DAY}T13:40:24")["CCC"] == "OPEN"
    assert station.at(f"{DAY}T13:40:25")["CCC"] == "CALL"


@pytest.mark.parametrize("restarts", [False, True])
@pytest.mark.parametrize("bids_first", [False, True])
@pytest.mark.parametrize(
    ("steps", "side", "price"),
    [
        ([0, 4000], Side.BUY, 104_8000),
        ([0, 4000], Side.SELL, 95_2000),
        ([0, 100, 100_0000, 4000], Side.BUY, 104_8000),
        ([0, 100, 100_0000, 4000], Side.SELL, 95_0000),  # its step has the fine ticks
    ],
)
def test_a_limit_state_is_at_the_last_price_that_ticks_allow(
    make: Make, steps: list[int], side: Side, price: int, bids_first: bool, restarts: bool
) -> None:
    """In a limit state bands stay; else they move to multiples of the coarsest tick: 95.20 and 105.20."""
    station = make(f"{DAY}T13:29", LULD + PARTNER)
    station.at(f"{DAY}T13:40")
    ticks = admin_command(CommandKind.SET_TICKS, operator="ann", reason="r", instrument=CCC, values=steps)
    account = 1 if side == Side.BUY else 2
    if bids_first:
        station.order(CCC, account=account, side=side, price=price)
        station.at(f"{DAY}T13:40:05")
    station.market.sequencer.admin(ticks)
    if not bids_first:
        station.at(f"{DAY}T13:40:05")
        price = 105_2000 if side == Side.BUY else 95_2000
        station.order(CCC, account=account, side=side, price=price)
    if restarts:
        station.save()
        station.tick()
        station.stop()
        station.start()
    limits_first = bids_first and price == 95_0000  # by the ticks before, too
    assert station.at(f"{DAY}T13:40:14")["CCC"] == "OPEN"
    assert station.at(f"{DAY}T13:40:19")["CCC"] == ("CALL" if limits_first else "OPEN")
    assert station.at(f"{DAY}T13:40:20")["CCC"] == "CALL"
    assert station.told == []


def test_bands_follow_a_change_of_the_tick_size(make: Make) -> None:
    """It is none of a table of ticks: the instrument's own, while no order rests and before its first trade."""
    station = make(f"{DAY}T13:29", LULD + PARTNER)
    station.at(f"{DAY}T13:40")
    assert bands_of(station, CCC) == (95_0000, 105_0000, 100_0000)
    values = [3000, *[wire.KEEP] * 7]
    station.market.sequencer.admin(
        admin_command(CommandKind.SET_INSTRUMENT, operator="ann", reason="r", instrument=CCC, values=values)
    )
    station.at(f"{DAY}T13:40:01")
    assert bands_of(station, CCC) == (95_1000, 105_0000, 100_0000)


def test_a_pause_late_in_the_day_lasts_to_the_close(make: Make) -> None:
    station = make(f"{DAY}T13:29", LULD + PARTNER)
    station.at(f"{DAY}T19:46")
    station.order(CCC, price=110_0000, qty=10)
    station.at(f"{DAY}T19:47")
    ((_, _, _, values, reason),) = [row for row in decided(station) if row[2] == CALL]
    assert values == [wire.AuctionKind.CLOSING, at(f"{DAY}T20:00"), CLOSED]
    assert reason.endswith("; to the close")
    assert station.at(f"{DAY}T19:59")["CCC"] == "CALL"
    station.at(f"{DAY}T20:00")
    assert station.states()["CCC"] == "CLOSED"


@pytest.mark.parametrize("saves", [False, True])
@pytest.mark.parametrize("seconds", [3, 14, 20])
def test_a_restart_in_a_limit_state_goes_on_as_if_nothing_had_been(make: Make, seconds: int, saves: bool) -> None:
    station = make(f"{DAY}T13:29", LULD + PARTNER)
    station.at(f"{DAY}T13:39:30")
    trade(station, CCC, 100_9000)
    limit_state(station)
    if saves:
        station.save()
    station.order(BBB)  # something after it
    station.stop()
    station.now_ns += seconds * SECOND_NS
    station.start()
    assert (station.recovered.snapshot_seq > 0) == saves
    station.at(f"{DAY}T13:45:15")
    assert pauses(station) == [PAUSED]
    assert station.states()["CCC"] == "CALL"
    station.at(f"{DAY}T13:45:20")
    station.tick()
    assert station.states()["CCC"] == "OPEN"
    assert bands_of(station, CCC)[2] == 100_0000  # nothing was crossed, and there is no offer: the last one counts on
    assert station.told == []


def test_a_pause_is_put_off_like_any_call(make: Make) -> None:
    """docs/auctions.md, "Extensions": the watch knows nothing of them, and takes the instrument up again after it."""
    extended = "[sessions.us.extensions.volatility]\nmarket_orders = true\nextension_s = 60\nmax_extensions = 1\n"
    station = make(f"{DAY}T13:29", NEW_YORK + extended + CCC_ITSELF + PARTNER)
    limit_state(station)
    station.at(f"{DAY}T13:41")
    selling = {"account": 2, "side": Side.SELL, "order_type": OrderType.MARKET, "price": 0, "tif": TimeInForce.AUCTION}
    station.order(CCC, **selling, qty=15)
    assert station.at(f"{DAY}T13:46")["CCC"] == "CALL"
    row = station.market.instrument(CCC)[0]
    assert (row["extensions"], row["auction_ns"]) == (1, at(f"{DAY}T13:46:15") + SECOND_NS // 2)
    assert station.at(f"{DAY}T13:46:16")["CCC"] == "OPEN"
    assert pauses(station) == [PAUSED]
    (reopened,) = [fill for fill in station.fills().tolist() if fill[1] > at(f"{DAY}T13:41")]
    assert reopened[1] == int(row["auction_ns"])
    bands = [one for one in decided(station) if one[2] == BANDS and one[0] > "13:46"]
    assert bands, "new ones, around the price of the cross"


@pytest.mark.parametrize("restarts", [False, True])
def test_a_pause_that_is_put_off_into_the_last_ten_minutes_lasts_to_the_close(make: Make, restarts: bool) -> None:
    """Section VII(C)(1): nothing reopens in them. The pause itself, from 19:44:30 to 19:49:30, is before them."""
    extended = "[sessions.us.extensions.volatility]\nmarket_orders = true\nextension_s = 60\nmax_extensions = 1\n"
    station = make(f"{DAY}T13:29", NEW_YORK + extended + CCC_ITSELF + PARTNER)
    station.at(f"{DAY}T19:44:15")
    station.order(CCC, price=110_0000, qty=10)
    station.at(f"{DAY}T19:45")
    selling = {"account": 2, "side": Side.SELL, "order_type": OrderType.MARKET, "price": 0, "tif": TimeInForce.AUCTION}
    station.order(CCC, **selling, qty=15)
    station.at(f"{DAY}T19:49")
    if restarts:
        station.stop()
        station.now_ns += 40 * SECOND_NS
        station.start()
    station.at(f"{DAY}T19:51")
    paused, to_close = [row for row in decided(station) if row[2] == CALL]
    assert paused[3] == [wire.AuctionKind.VOLATILITY, at(f"{DAY}T19:49:30"), wire.InstrumentState.OPEN]
    assert to_close[0].startswith("19:49:3")
    assert to_close[3:] == (
        [wire.AuctionKind.CLOSING, at(f"{DAY}T20:00"), CLOSED],
        "tier 1: put off into the last ten minutes; to the close",
    )
    assert station.at(f"{DAY}T19:59")["CCC"] == "CALL"
    assert station.at(f"{DAY}T20:00")["CCC"] == "CLOSED"
    assert station.told == []


def test_what_came_due_in_a_long_stop_is_done_at_its_time(make: Make) -> None:
    station = make(f"{DAY}T13:29", LULD + PARTNER)
    limit_state(station)
    station.stop()
    station.now_ns += 3600 * SECOND_NS
    station.start()
    # The bid still stands there after each pause, so a limit state begins anew: every 15 s and five minutes
    first_ns = at(f"{DAY}T13:40:15") + SECOND_NS // 2
    paused = [ts_ns for ts_ns, _, reason in station.journaled() if reason == PAUSED[3]]
    assert paused == [first_ns + number * 315 * SECOND_NS for number in range(12)]
    assert pauses(station)[0] == PAUSED


@pytest.mark.parametrize("saves", [False, True])
def test_a_restart_keeps_the_trades_of_five_minutes(make: Make, saves: bool) -> None:
    station = make(f"{DAY}T13:29", LULD + PARTNER)
    station.at(f"{DAY}T13:30:10")
    trade(station, CCC, 104_0000)
    if saves:
        station.save()
    trade(station, CCC, 102_0000)
    station.stop()
    station.now_ns += 5 * SECOND_NS
    station.start()
    station.at(f"{DAY}T13:31")
    assert bands_of(station, CCC)[2] == 103_0000
    assert [row[0] for row in decided(station)] == ["13:30:00.000", "13:30:30.000"]


def test_luld_may_come_and_go_with_the_configuration(make: Make) -> None:
    station = make(f"{DAY}T13:35", LULD.replace('luld = "tier1"\n', "") + PARTNER)
    trade(station, CCC, 98_0000)
    station.save()
    assert decided(station) == []
    station.stop()
    station.configure(LULD + PARTNER)
    station.now_ns += 60 * SECOND_NS
    station.start()
    assert bands_of(station, CCC) == (93_1000, 102_9000, 98_0000)
    station.stop()
    station.configure(LULD.replace('luld = "tier1"\n', "") + PARTNER)
    station.start()
    assert bands_of(station, CCC) == (0, 0, 0)


def test_luld_may_go_with_its_instrument(make: Make) -> None:
    station = make(f"{DAY}T13:35", LULD + PARTNER)
    assert bands_of(station, CCC) != (0, 0, 0)
    station.stop()
    station.configure(NEW_YORK + PARTNER.replace(", CCC = 1000", ""))
    for commands in (2, 1):  # that, and a TICK at each start
        station.start()
        assert bands_of(station, CCC) == (0, 0, 0)
        assert station.market.sequencer.commands == commands
        station.stop()
    station.start()


# Snapshots


def restart(station: Station, **changed: Any) -> None:
    """Behind a snapshot that has something else beside the core."""
    station.journal.wait(station.market.core.seq)
    station.market.on_durable()
    snapshots.save(station.folder, station.market.core, {**station.market.extra(), **changed})
    station.tick()
    station.stop()
    station.start()


@pytest.mark.parametrize("kept", [{}, [1], {"table": "AAAA", "bands": {}, "shorts": {}, "breakers": [], "day_ns": 0}])
def test_a_snapshot_of_another_version_of_the_watch_serves_without_it(make: Make, kept: Any) -> None:
    station = make(f"{DAY}T15:00", BOTH + US + CCC_ITSELF + INDEX + PARTNER)
    closes(station)
    station.at("2025-07-03T14:00")
    restart(station, **{WATCH: kept})
    assert station.recovered.snapshot_seq > 0
    tape = [np.frombuffer(station.market.feed.statistics(number), wire.STATISTICS)[0] for number in (AAA, BBB)]
    assert [(int(one["close"]), int(one["trades"])) for one in tape] == [(100_0000, 1), (50_0000, 1)]
    (text,) = station.told
    assert text.startswith("the watch over prices was kept by another version (")
    trade(station, AAA, 95_0000)
    trade(station, BBB, 45_5000)  # 5 % and 9 %: the tape knows the closes
    assert station.at("2025-07-03T14:00:02")["CCC"] == "HALTED"


def test_a_snapshot_that_the_tape_refuses_leaves_the_watch_as_it_was(make: Make) -> None:
    station = make(f"{DAY}T15:00", BOTH + US + CCC_ITSELF + INDEX + PARTNER)
    closes(station)
    station.at("2025-07-03T14:00")
    trade(station, AAA, 95_0000)
    station.at("2025-07-03T14:00:01")
    known = station.watch.state()
    restart(station, **{FEED: b"", WATCH: known})
    (ignored,) = station.recovered.ignored
    assert "less than its head" in ignored
    assert (station.watch.state(), station.told) == (known, [])


# Rule 201

RULE201 = US + "[market]\nrule201 = true\n" + PARTNER.replace(", CCC = 1000", "")
SHORT_SALE = CommandKind.SET_SHORT_SALE


@pytest.mark.parametrize("restarts", [False, True])
def test_a_fall_restricts_short_sales_for_that_day_and_the_next(make: Make, restarts: bool) -> None:
    station = make(f"{DAY}T15:00", RULE201)
    closes(station)

    def go_on(now: str) -> None:
        if restarts:
            station.stop()
            station.start()
        station.at(now)

    go_on("2025-07-03T14:00")
    trade(station, AAA, 90_0100)
    trade(station, AAA, 90_0000, qty=99)  # an odd lot
    assert decided(station) == []
    trade(station, AAA, 90_0000)
    assert decided(station) == [
        ("14:00:00.000", AAA, SHORT_SALE, [1, 0, 0], "a trade 10 % or more below the close, 100.00")
    ]
    trade(station, AAA, 85_0000)
    go_on("2025-07-03T20:00")
    for now in ("2025-07-04T20:00", "2025-07-05T20:00", "2025-07-06T20:00"):  # a holiday and a weekend
        go_on(now)
        station.tick()
    go_on("2025-07-07T14:00")
    assert len(decided(station)) == 1
    go_on("2025-07-08T14:00")
    assert decided(station)[1:] == [("20:15:00.000", AAA, SHORT_SALE, [0, 0, 0], "the day after is over")]
    assert station.told == []


def test_an_operator_has_the_last_word_on_short_sales(make: Make) -> None:
    station = make(f"{DAY}T15:00", RULE201)
    closes(station)
    station.at("2025-07-03T14:00")
    trade(station, AAA, 90_0000)
    for instrument, value in ((AAA, 0), (BBB, 1)):
        station.market.sequencer.admin(
            admin_command(SHORT_SALE, operator="ann", reason="r", instrument=instrument, values=[value])
        )
    trade(station, AAA, 88_0000)
    station.at("2025-07-10T15:00")
    assert len(decided(station)) == 1


def test_a_close_is_that_of_the_tape(make: Make) -> None:
    station = make(f"{DAY}T15:00", RULE201)
    closes(station)
    station.journal.wait(station.market.core.seq)
    station.market.on_durable()
    tape = np.frombuffer(station.market.feed.statistics(AAA), wire.STATISTICS)[0]
    kept: Any = station.watch.state()["table"]
    assert int(tape["close"]) == 100_0000
    assert int(np.frombuffer(kept[:96], "<i8")[6]) == 100_0000


def test_hidden_trades_and_trades_after_hours(make: Make) -> None:
    station = make(f"{DAY}T15:00", RULE201.replace("closing_call_s = 0", "closing_call_s = 0\npost_trading = true"))
    closes(station)
    station.at("2025-07-03T17:05")  # after the close of a half day
    trade(station, AAA, 85_0000)
    assert decided(station) == []
    station.at("2025-07-07T14:00")
    assert OrderType.LIMIT == 0
    trade(station, AAA, 76_5000)  # 10 % below the 85 that the day before ended with
    assert [row[0] for row in decided(station)] == ["14:00:00.000"]


@pytest.mark.parametrize("saves", [False, True])
def test_a_restart_knows_what_the_market_knew(make: Make, seed: int, saves: bool) -> None:
    """Random trading with pauses, falls and halts: what is known after a start is what was known before it."""
    random = Random(seed)
    more = "[market]\nrule201 = true\n" + '[breakers]\nindex = ["AAA"]\nreopening_call_s = 20\n'
    station = make(f"{DAY}T19:50", BOTH + NEW_YORK + CCC_ITSELF + more + PARTNER.replace("1000", "100_000_000"))
    closes(station)
    station.at("2025-07-03T13:30")
    price = {AAA: 100_0000, BBB: 50_0000, CCC: 100_0000}
    kinds = set()
    for step in range(120):
        station.now_ns += random.choice([0, SECOND_NS // 7, SECOND_NS, 9 * SECOND_NS, 40 * SECOND_NS])
        station.market.sequencer.flush(0)
        station.tick()
        number = random.choice([AAA, BBB, CCC, CCC])
        price[number] = max(100, int(price[number] * random.uniform(0.985, 1.012)) // 100 * 100)
        row = station.market.instrument(number)[0]
        if random.random() < 0.2 and row["band_upper"]:  # to a band
            price[number] = int(row["band_upper"] if random.random() < 0.5 else row["band_lower"])
        side = random.choice([Side.BUY, Side.SELL])
        account = random.choice([1, 2])
        station.order(number, account=account, side=side, price=price[number], qty=random.choice([50, 100, 300]))
        kinds |= {row[2] for row in decided(station)} if step % 20 == 19 else set()
        if saves and step == 60:
            station.save()
    station.now_ns = (station.now_ns // SECOND_NS + 1) * SECOND_NS
    station.market.sequencer.flush(0)
    station.tick()
    known, seq = station.watch.state(), station.market.core.seq
    station.stop()
    station.start()
    station.market.sequencer.flush(0)
    assert (station.recovered.snapshot_seq > 0) == saves
    again = station.watch.state()
    for name in known:
        assert again[name] == known[name], name
    assert [row for row in station.journaled(seq + 1) if row[2]] == []
    assert BANDS in kinds
    assert station.told == []
