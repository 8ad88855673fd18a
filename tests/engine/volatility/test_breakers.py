"""Breakers of the whole market in a real market on disk: halts, restarts in the middle, what operators do."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from openbell import wire
from openbell.wire import CommandKind

from engine.journal.cut import cut
from engine.sequencer import admin_command
from tests.engine.sessions.station import SECOND_NS, Make, Station
from tests.engine.volatility.watched import (
    AAA,
    BBB,
    BOTH,
    CALL,
    CCC,
    CCC_ITSELF,
    CLOSED,
    DAY,
    HALTED,
    INDEX,
    OPEN,
    PARTNER,
    US,
    closes,
    decided,
    trade,
)  # fmt: skip


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
    station.operator(BBB, HALTED)
    assert station.at("2025-07-03T14:00:02") == {"AAA": "HALTED", "BBB": "HALTED"}
    assert station.at("2025-07-03T14:20") == {"AAA": "OPEN", "BBB": "HALTED"}
    assert station.told == []


@pytest.mark.parametrize("saves", [False, True])
@pytest.mark.parametrize("index", ["", INDEX.replace('"AAA", "BBB"', '"CCC"')])
def test_a_halt_that_no_breaker_ends_any_more_is_told(make: Make, saves: bool, index: str) -> None:
    instruments = BOTH + US + CCC_ITSELF.replace('luld = "tier1"\n', "") + PARTNER
    station = make(f"{DAY}T15:00", instruments + INDEX)
    closes(station)
    station.at("2025-07-03T14:00")
    trade(station, AAA, 80_0000)
    trade(station, BBB, 40_0000)
    station.at("2025-07-03T14:00:02")
    if saves:
        station.save()
        station.tick()
    station.stop()
    station.start()
    assert station.told == []
    station.stop()
    station.configure(instruments + index)
    station.start()
    is_held = saves and index != ""  # by what the snapshot knew of it
    left = ["AAA, BBB, CCC: halted with the whole market, and no breaker will end that: an operator has to"]
    assert station.told == ([] if is_held else left)
    assert station.at("2025-07-03T17:16")["AAA"] == ("CLOSED" if is_held else "HALTED")
