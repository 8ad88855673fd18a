"""The watch over prices in a real market on disk whose clock the test sets: what it has journaled, and when."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from openbell import wire
from openbell.wire import CommandKind, InstrumentState, OrderType, Side, TimeInForce

from engine.journal.cut import cut
from engine.journal.reader import JournalReader
from engine.sequencer import admin_command
from tests.engine.sessions.station import SECOND_NS, Station, at

US = '[sessions.us]\ncalendar = "XNYS"\nopening_call_s = 0\nclosing_call_s = 0\n'
NEW_YORK = (
    '[sessions.us]\ncalendar = "always"\ntime_zone = "America/New_York"\nopen = "09:30"\nclose = "16:00"\n'
    "opening_call_s = 0\nclosing_call_s = 0\n"
)
CCC_ITSELF = '[[instrument]]\nsymbol = "CCC"\nreference_price = 100\nluld = "tier1"\nsession = "us"\n'
LULD = NEW_YORK + CCC_ITSELF
PARTNER = '[[account]]\nname = "bob"\nid = 2\ncash = 1_000_000\npositions = { AAA = 1000, BBB = 1000, CCC = 1000 }\n'
BOTH = 'session = "us"\n'  # goes on with the table of BBB
INDEX = '[breakers]\nindex = ["AAA", "BBB"]\nreopening_call_s = 60\n'
Make = Callable[..., Station]
DAY = "2025-07-02"  # a Wednesday; the next one is a half day, to 17:00 UTC
AAA, BBB, CCC = 0, 1, 2
IOC = TimeInForce.IOC


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    made: list[Station] = []

    def start(now: str, text: str) -> Station:
        made.append(Station(tmp_path, text, now))
        return made[-1]

    yield start
    for station in made:
        station.stop()


def decided(station: Station, *operators: str) -> list[tuple[str, int, int, list[int], str]]:
    """Time of day, instrument, kind or state, values and reason of the watch's commands in the journal."""
    wanted = operators or ("luld", "breakers", "rule201")
    station.journal.wait(station.market.core.seq)
    found = []
    with JournalReader(station.folder / "journal", 1) as reader:
        while data := reader.read():
            offset = 0
            while offset < len(data):
                kind = int.from_bytes(data[offset + 16 : offset + 18], "little")
                layout = wire.ADMIN_COMMAND if kind >= wire.ADMIN_KIND else wire.ORDER_COMMAND
                row = np.frombuffer(data, layout, 1, offset)[0]
                offset += row.nbytes
                if layout is wire.ADMIN_COMMAND and row["operator"].decode() in wanted:
                    time = np.datetime64(int(row["ts_ns"]), "ns").astype("M8[ms]").astype(str)[11:]
                    what = int(row["state"]) if kind == CommandKind.SET_INSTRUMENT_STATE else kind
                    values = [int(row[f"value{number}"]) for number in range(3)]
                    found.append((time, int(row["instrument"]), what, values, row["reason"].decode()))
    return found


def trade(station: Station, instrument: int, price: int, qty: int = 100) -> None:
    """Alice buys of bob."""
    sell = {"account": 2, "side": Side.SELL, "price": price, "qty": qty}
    station.order(instrument, **sell)
    station.order(instrument, price=price, qty=qty, tif=IOC)


def bands_of(station: Station, instrument: int) -> tuple[int, int, int]:
    """Lower, upper and reference that the tape knows; 0 where there are none."""
    station.journal.wait(station.market.core.seq)
    station.market.on_durable()
    for record in np.frombuffer(station.market.feed.statuses(instrument), wire.MARKET_DATA):
        if record["kind"] == wire.BookKind.BANDS:
            return int(record["price"]), int(record["order_id"]), int(record["level_qty"])
    return 0, 0, 0


BANDS = CommandKind.SET_BANDS
OPEN, CLOSED, HALTED, CALL = (
    InstrumentState.OPEN, InstrumentState.CLOSED, InstrumentState.HALTED, InstrumentState.CALL,
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


# Breakers


def closes(station: Station) -> None:
    """A day on which AAA closes at 100 and BBB at 50, to the next morning."""
    trade(station, AAA, 100_0000)
    trade(station, BBB, 50_0000)
    station.at(f"{DAY}T23:00")


def test_a_breaker_halts_all_and_reopens(make: Make) -> None:
    station = make(f"{DAY}T15:00", BOTH + US + CCC_ITSELF + INDEX + PARTNER)
    closes(station)
    station.at("2025-07-03T14:00")
    trade(station, AAA, 95_0000)
    assert station.at("2025-07-03T14:00:01") == {"AAA": "OPEN", "BBB": "OPEN", "CCC": "OPEN"}
    trade(station, BBB, 45_5000)  # 5 % and 9 %
    assert station.at("2025-07-03T14:00:02") == {"AAA": "HALTED", "BBB": "HALTED", "CCC": "HALTED"}
    halted = decided(station, "breakers")
    assert [row[:3] for row in halted] == [("14:00:02.000", number, HALTED) for number in (AAA, BBB, CCC)]
    assert {row[4] for row in halted} == {"level 1: the index is 7.00 % below the close"}
    assert {row[3][0] for row in halted} == {wire.HaltReason.MARKET_WIDE}
    station.stop()
    station.start()
    assert station.at("2025-07-03T14:15:01")["BBB"] == "HALTED"
    assert station.at("2025-07-03T14:15:02") == {"AAA": "CALL", "BBB": "CALL", "CCC": "CALL"}
    station.at("2025-07-03T14:16:01")
    station.tick()
    assert station.states()["AAA"] == "CALL"
    station.at("2025-07-03T14:16:02")
    station.tick()
    assert station.states() == {"AAA": "OPEN", "BBB": "OPEN", "CCC": "OPEN"}
    trade(station, BBB, 45_0000)
    assert station.at("2025-07-03T14:20")["BBB"] == "OPEN"  # level 1 halts once a day
    assert station.told == []


def crashes(station: Station, saves: bool | None) -> None:
    """Stop and start, behind a snapshot or without one; None: neither."""
    if saves is not None:
        if saves:
            station.save()
        station.tick()  # something after it
        station.stop()
        station.start()
        assert (station.recovered.snapshot_seq > 0) == saves


@pytest.mark.parametrize("saves", [None, False, True])
@pytest.mark.parametrize("ended_meanwhile", [False, True])
def test_level_three_halts_for_the_day(make: Make, saves: bool | None, ended_meanwhile: bool) -> None:
    station = make(f"{DAY}T15:00", BOTH + US + INDEX + PARTNER.replace(", CCC = 1000", ""))
    closes(station)
    station.at("2025-07-03T14:00")
    trade(station, AAA, 80_0000)
    trade(station, BBB, 40_0000)
    assert station.at("2025-07-03T14:00:02") == {"AAA": "HALTED", "BBB": "HALTED"}
    assert decided(station)[-1][4] == "level 3: the index is 20.00 % below the close"
    crashes(station, saves)
    if not ended_meanwhile:
        assert station.at("2025-07-03T17:14")["AAA"] == "HALTED"
        crashes(station, saves)
        assert station.at("2025-07-03T17:14:30") == {"AAA": "HALTED", "BBB": "HALTED"}
    assert station.at("2025-07-03T17:16") == {"AAA": "CLOSED", "BBB": "CLOSED"}
    assert station.at("2025-07-07T14:00") == {"AAA": "OPEN", "BBB": "OPEN"}
    assert station.told == []


@pytest.mark.parametrize("fall", [8, 20])
def test_a_halt_is_whole_wherever_the_engine_was_killed(make: Make, tmp_path: Path, fall: int) -> None:
    """The journal ends after any command from the fall to the end of the halt; the engine is up at its last minute."""
    text = BOTH + US + CCC_ITSELF + INDEX + PARTNER
    station = make(f"{DAY}T15:00", text)
    closes(station)
    station.at("2025-07-03T14:00")
    station.now_ns += SECOND_NS // 3
    before = station.market.core.seq
    trade(station, AAA, (100 - fall) * 1_0000)
    trade(station, BBB, (100 - fall) * 5000)
    end = "2025-07-03T14:16:30" if fall < 20 else "2025-07-03T17:16"
    station.at("2025-07-03T14:00:02")
    states, expected = station.at(end), decided(station, "breakers")
    assert [row[2] for row in expected] == [HALTED] * 3 + [CALL if fall < 20 else CLOSED] * 3
    for seq in range(before + 4, station.market.core.seq + 1):
        folder = tmp_path / f"after {seq}"
        shutil.copytree(station.folder / "journal", folder / "journal")
        cut(folder, seq)
        again = Station(folder, text, end)
        assert decided(again, "breakers") == expected, f"the journal ended with {seq}"
        assert (again.states(), again.told) == (states, [])
        again.stop()


def test_an_operator_who_halts_as_the_index_falls_begins_the_halt_of_all(make: Make) -> None:
    station = make(f"{DAY}T15:00", BOTH + US + CCC_ITSELF + INDEX + PARTNER)
    closes(station)
    station.at("2025-07-03T14:00")
    trade(station, AAA, 92_0000)
    trade(station, BBB, 46_0000)
    values, kind = (wire.HaltReason.MARKET_WIDE,), CommandKind.SET_INSTRUMENT_STATE
    station.market.sequencer.admin(
        admin_command(kind, operator="ann", reason="r", instrument=CCC, state=HALTED, values=values)
    )
    assert station.states() == {"AAA": "HALTED", "BBB": "HALTED", "CCC": "HALTED"}
    assert [row[:3] for row in decided(station, "breakers")] == [("14:00:00.000", one, HALTED) for one in (AAA, BBB)]
    station.operator(BBB, OPEN)  # at the same moment by this clock
    assert station.at("2025-07-03T14:14:59") == {"AAA": "HALTED", "BBB": "OPEN", "CCC": "HALTED"}
    assert station.at("2025-07-03T14:15") == {"AAA": "CALL", "BBB": "OPEN", "CCC": "CALL"}
    assert station.told == []


def test_what_an_operator_halted_a_breaker_does_not_reopen(make: Make) -> None:
    station = make(f"{DAY}T15:00", BOTH + US + INDEX + PARTNER.replace(", CCC = 1000", ""))
    closes(station)
    station.at("2025-07-03T14:00")
    trade(station, AAA, 90_0000)
    trade(station, BBB, 46_0000)
    station.operator(BBB, InstrumentState.HALTED)
    assert station.at("2025-07-03T14:00:02") == {"AAA": "HALTED", "BBB": "HALTED"}
    assert station.at("2025-07-03T14:20") == {"AAA": "OPEN", "BBB": "HALTED"}
    assert station.told == []


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
