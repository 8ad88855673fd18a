"""Limit Up-Limit Down of one instrument: bands, limit states, pauses, the end of the day; breakers; Rule 201."""

from __future__ import annotations

import pytest

from engine.volatility.bands import NONE, Bands, Tier
from engine.volatility.breakers import Breakers, Halt, fall
from engine.volatility.luld import Decision, Hours, Luld, Pause, SetBands
from engine.volatility.reference import SECOND_NS
from engine.volatility.shorts import ShortSales

HOURS = Hours(0, 23_400 * SECOND_NS)  # six and a half


def at(seconds: float) -> int:
    return int(seconds * SECOND_NS)


def opened(tier: Tier = Tier.ONE, ts_ns: int = 0, hours: Hours = HOURS) -> Luld:
    """Opened at 100, which was the close of the day before; its bands are set."""
    made = Luld(tier, 100)
    made.opened(ts_ns, 100_0000, hours, 100_0000)
    assert made.look(ts_ns) == SetBands(Bands(95_0000, 105_0000, 100_0000))
    return made


def test_bands_follow_the_reference_price() -> None:
    luld = opened()
    luld.traded(at(5), 102_0000 * 3, 3)
    assert luld.look(at(29)) is None
    assert luld.look(at(30)) == SetBands(Bands(96_9000, 107_1000, 102_0000))
    assert luld.look(at(31)) is None


def test_a_limit_state_of_fifteen_seconds_is_a_pause_of_five_minutes() -> None:
    luld = opened()
    luld.quoted(at(10), 105_0000, 105_1000)
    assert luld.look(at(24.9)) is None
    assert luld.look(at(25)) == Pause(at(325), to_close=False, up=True)
    assert luld.look(at(26)) is None


def test_a_limit_state_at_the_lower_band() -> None:
    luld = opened()
    luld.quoted(at(10), 0, 95_0000)
    assert luld.look(at(25)) == Pause(at(325), to_close=False, up=False)


def test_a_limit_state_ends_when_its_quotes_are_gone() -> None:
    luld = opened()
    luld.quoted(at(10), 105_0000, 0)
    luld.quoted(at(24), 104_9900, 0)
    assert luld.look(at(25)) is None
    luld.quoted(at(26), 105_0000, 0)
    assert luld.look(at(40)) is None
    assert luld.look(at(41)) == Pause(at(341), to_close=False, up=True)


def test_no_reference_price_is_taken_over_in_a_limit_state() -> None:
    luld = opened()
    luld.traded(at(20), 104_0000, 1)
    luld.quoted(at(25), 105_0000, 0)
    assert luld.look(at(30)) is None
    luld.quoted(at(35), 104_0000, 0)
    assert luld.look(at(36)) == SetBands(Bands(98_8000, 109_2000, 104_0000))


def test_bands_that_move_onto_the_best_price_begin_a_limit_state() -> None:
    luld = opened()
    luld.quoted(at(1), 96_9000, 107_1000)
    luld.traded(at(5), 92_3000, 1)
    assert luld.look(at(30)) == SetBands(Bands(87_6900, 96_9200, 92_3000))
    luld.quoted(at(31), 96_9200, 107_1000)
    assert luld.look(at(46)) == Pause(at(346), to_close=False, up=True)


def test_trading_goes_on_after_a_pause_from_the_price_of_its_auction() -> None:
    luld = opened()
    luld.quoted(at(10), 105_0000, 0)
    assert isinstance(luld.look(at(25)), Pause)
    luld.traded(at(26), 1, 1)  # not counted: it is not open
    luld.opened(at(325), 110_0000, HOURS, 100_0000)
    luld.quoted(at(325), 0, 0)
    assert luld.look(at(325)) == SetBands(Bands(104_5000, 115_5000, 110_0000))


@pytest.mark.parametrize(
    ("tier", "before", "late"),
    [
        (Tier.ONE, Bands(95_0000, 105_0000, 100_0000), Bands(90_0000, 110_0000, 100_0000)),
        (Tier.TWO, Bands(90_0000, 110_0000, 100_0000), None),
    ],
)
def test_the_last_25_minutes(tier: Tier, before: Bands, late: Bands | None) -> None:
    luld = Luld(tier, 100)
    luld.opened(0, 100_0000, HOURS, 100_0000)
    assert luld.look(0) == SetBands(before)
    assert luld.look(at(23_400 - 1500) - 1) is None
    assert luld.look(at(23_400 - 1500)) == (SetBands(late) if late else None)


@pytest.mark.parametrize(("begins_s", "to_close"), [(23_400 - 901, False), (23_400 - 900, False), (23_400 - 899, True)])
def test_a_pause_that_would_last_into_the_last_ten_minutes_lasts_to_the_close(begins_s: int, to_close: bool) -> None:
    luld = Luld(Tier.TWO, 100)
    luld.opened(0, 100_0000, HOURS, 100_0000)
    luld.look(0)
    luld.quoted(at(begins_s - 15), 110_0000, 0)
    until_ns = HOURS.close_ns if to_close else at(begins_s + 300)
    assert luld.look(at(begins_s)) == Pause(until_ns, to_close, up=True)


def test_bands_end_with_regular_hours() -> None:
    luld = Luld(Tier.TWO, 100)
    luld.opened(0, 100_0000, HOURS, 100_0000)
    luld.look(0)
    assert luld.look(HOURS.close_ns) == SetBands(NONE)
    assert luld.look(HOURS.close_ns + 1) is None


def test_nothing_is_known_before_the_first_price() -> None:
    luld = Luld(Tier.ONE, 100)
    luld.opened(0, 0)
    decisions: list[Decision | None] = [luld.look(at(60))]
    luld.traded(at(61), 50_0000, 1)
    decisions.append(luld.look(at(61)))
    assert decisions == [None, SetBands(Bands(47_5000, 52_5000, 50_0000))]


# Breakers


def test_levels_halt_once_each() -> None:
    day = Breakers()
    day.begin(HOURS)
    assert day.look(at(10), 699, 10_000) is None
    assert day.look(at(11), 700, 10_000) == Halt(1, at(911))
    assert day.look(at(1000), 1299, 10_000) is None
    assert day.look(at(1001), 1300, 10_000) == Halt(2, at(1901))
    assert day.look(at(2000), 700, 10_000) is None
    assert day.look(at(2001), 2000, 10_000) == Halt(3, 0)


def test_the_last_35_minutes_know_level_three_only() -> None:
    day = Breakers()
    day.begin(HOURS)
    late_ns = HOURS.close_ns - at(2100)
    assert day.look(late_ns, 1500, 10_000) is None
    assert day.look(late_ns + 1, 2000, 10_000) == Halt(3, 0)
    day.begin(HOURS)
    assert day.look(late_ns - 1, 1500, 10_000) == Halt(2, late_ns - 1 + at(900))
    assert day.look(HOURS.close_ns, 3000, 10_000) is None


def test_the_index_has_equal_weights() -> None:
    closes = {1: 100_0000, 2: 10_0000, 3: 50_0000}
    part, whole = fall({1: 90_0000, 2: 8_0000, 3: 50_0000}, closes)
    assert part * 10 == whole  # 10 %, 20 % and 0 %
    assert fall({1: 110_0000}, closes) == (0, 1_000_000)
    assert fall({}, closes) == (0, 1)


# Rule 201


def test_a_fall_of_ten_percent_restricts_for_that_day_and_the_next() -> None:
    one = ShortSales()
    assert not one.traded(90_0100, 100_0000)
    assert one.traded(90_0000, 100_0000)
    assert one.is_restricted
    assert not one.traded(89_0000, 100_0000)
    assert not one.day_ended()
    assert one.is_restricted
    assert one.day_ended()
    assert not one.is_restricted


def test_a_further_fall_on_the_second_day_begins_anew() -> None:
    one = ShortSales()
    one.traded(90_0000, 100_0000)
    one.day_ended()
    assert not one.traded(80_0000, 90_0000)
    assert not one.day_ended()
    assert one.day_ended()
