"""Limit Up-Limit Down of one instrument: bands, limit states, pauses, the end of the day; breakers; Rule 201."""

from __future__ import annotations

from random import Random

import msgspec
import pytest

from engine.sequencer import NEVER_NS
from engine.volatility.bands import NONE, Bands, Tier
from engine.volatility.breakers import Breakers, Halt, fall, is_near
from engine.volatility.luld import Decision, Following, Hours, Luld, Pause, SetBands
from engine.volatility.reference import SECOND_NS
from engine.volatility.shorts import ShortSales, floor_of

HOURS = Hours(0, 23_400 * SECOND_NS)  # six and a half


def at(seconds: float) -> int:
    return int(seconds * SECOND_NS)


def done(luld: Luld, ts_ns: int) -> Decision | None:
    """Look, and have what is said done, as the market does it."""
    decision = luld.look(ts_ns)
    if isinstance(decision, SetBands):
        luld.banded(ts_ns, decision.bands)
    elif decision is not None:
        luld.left()
    return decision


def opened(tier: Tier = Tier.ONE, ts_ns: int = 0, hours: Hours = HOURS) -> Luld:
    """Opened without a cross, after a close at 100; its bands are set."""
    made = Luld(tier, 100)
    made.opened(ts_ns, 0, hours, 100_0000)
    assert done(made, ts_ns) == SetBands(Bands(95_0000, 105_0000, 100_0000))
    return made


def test_bands_follow_the_reference_price() -> None:
    luld = opened()
    luld.traded(at(5), 102_0000 * 3, 3)
    assert done(luld, at(29)) is None
    assert done(luld, at(30)) == SetBands(Bands(96_9000, 107_1000, 102_0000))
    assert done(luld, at(31)) is None


def test_a_limit_state_of_fifteen_seconds_is_a_pause_of_five_minutes() -> None:
    luld = opened()
    luld.quoted(at(10), 105_0000, 105_1000)
    assert done(luld, at(24.9)) is None
    assert done(luld, at(25)) == Pause(at(325), to_close=False, up=True)
    assert done(luld, at(26)) is None


def test_a_limit_state_at_the_lower_band() -> None:
    luld = opened()
    luld.quoted(at(10), 0, 95_0000)
    assert done(luld, at(25)) == Pause(at(325), to_close=False, up=False)


def test_a_limit_state_ends_when_its_quotes_are_gone() -> None:
    luld = opened()
    luld.quoted(at(10), 105_0000, 0)
    luld.quoted(at(24), 104_9900, 0)
    assert done(luld, at(25)) is None
    luld.quoted(at(26), 105_0000, 0)
    assert done(luld, at(40)) is None
    assert done(luld, at(41)) == Pause(at(341), to_close=False, up=True)


def test_no_reference_price_is_taken_over_in_a_limit_state() -> None:
    luld = opened()
    luld.traded(at(20), 104_0000, 1)
    luld.quoted(at(25), 105_0000, 0)
    assert done(luld, at(30)) is None
    luld.quoted(at(35), 104_0000, 0)
    assert done(luld, at(35)) == SetBands(Bands(98_8000, 109_2000, 104_0000))


def test_bands_that_move_onto_the_best_price_begin_a_limit_state() -> None:
    luld = opened()
    luld.quoted(at(1), 96_9000, 107_1000)
    luld.traded(at(5), 92_3000, 1)
    assert done(luld, at(30)) == SetBands(Bands(87_6900, 96_9200, 92_3000))
    luld.quoted(at(30), 96_9000, 107_1000)
    luld.quoted(at(31), 96_9200, 107_1000)
    assert done(luld, at(46)) == Pause(at(346), to_close=False, up=True)


def test_trading_goes_on_after_a_pause_from_the_price_of_its_auction() -> None:
    luld = opened()
    luld.quoted(at(10), 105_0000, 0)
    assert isinstance(done(luld, at(25)), Pause)
    luld.traded(at(26), 1, 1)  # not counted: it is not open
    luld.opened(at(325), 110_0000, HOURS, 100_0000)
    luld.quoted(at(325), 0, 0)
    assert done(luld, at(325)) == SetBands(Bands(104_5000, 115_5000, 110_0000))


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
    assert done(luld, 0) == SetBands(before)
    assert done(luld, at(23_400 - 1500) - 1) is None
    assert done(luld, at(23_400 - 1500)) == (SetBands(late) if late else None)


@pytest.mark.parametrize(("begins_s", "to_close"), [(23_400 - 901, False), (23_400 - 900, False), (23_400 - 899, True)])
def test_a_pause_that_would_last_into_the_last_ten_minutes_lasts_to_the_close(begins_s: int, to_close: bool) -> None:
    luld = Luld(Tier.TWO, 100)
    luld.opened(0, 100_0000, HOURS, 100_0000)
    done(luld, 0)
    luld.quoted(at(begins_s - 15), 110_0000, 0)
    until_ns = HOURS.close_ns if to_close else at(begins_s + 300)
    assert done(luld, at(begins_s)) == Pause(until_ns, to_close, up=True)


def test_bands_end_with_regular_hours() -> None:
    luld = Luld(Tier.TWO, 100)
    luld.opened(0, 100_0000, HOURS, 100_0000)
    done(luld, 0)
    assert done(luld, HOURS.close_ns) == SetBands(NONE)
    assert done(luld, HOURS.close_ns + 1) is None


def test_nothing_is_known_before_the_first_price() -> None:
    luld = Luld(Tier.ONE, 100)
    luld.opened(0, 0)
    decisions: list[Decision | None] = [done(luld, at(60))]
    luld.traded(at(61), 50_0000, 1)
    decisions.append(done(luld, at(61)))
    assert decisions == [None, SetBands(Bands(47_5000, 52_5000, 50_0000))]


def test_the_mean_counts_at_once_after_a_limit_state() -> None:
    luld = opened()
    luld.traded(at(4), 100_5000, 1)  # less than 1 % away
    luld.quoted(at(5), 105_0000, 0)
    assert done(luld, at(6)) is None
    luld.quoted(at(7), 104_0000, 0)
    assert done(luld, at(7)) == SetBands(Bands(95_4800, 105_5300, 100_5000))  # to the nearest cent
    luld.traded(at(8), 101_0000, 1)
    assert done(luld, at(9)) is None  # as ever


def test_the_price_of_the_cross_counts_among_the_trades() -> None:
    luld = Luld(Tier.ONE, 100)
    luld.opened(0, 100_0000, HOURS, 90_0000)
    assert done(luld, 0) == SetBands(Bands(95_0000, 105_0000, 100_0000))
    luld.traded(at(1), 103_0000, 1)
    assert done(luld, at(30)) == SetBands(Bands(96_4300, 106_5800, 101_5000))


@pytest.mark.parametrize(
    ("bid", "ask", "reference"), [(98_0000, 99_0000, 98_5000), (98_0000, 0, 100_0000), (0, 0, 100_0000)]
)
def test_a_reopening_without_a_cross(bid: int, ask: int, reference: int) -> None:
    luld = opened()
    luld.left()
    luld.quoted(at(60), bid, ask)
    luld.opened(at(60), 0, HOURS, 90_0000)
    decision = done(luld, at(60))
    assert isinstance(decision, SetBands) and decision.bands.reference == reference


@pytest.mark.parametrize(("close", "last", "reference"), [(90_0000, 80_0000, 90_0000), (0, 80_0000, 80_0000)])
def test_a_day_that_opens_without_a_cross_begins_with_the_close(close: int, last: int, reference: int) -> None:
    luld = opened()
    luld.left()
    luld.day_ended(close)
    fresh = Luld(Tier.ONE, 100)
    for one in (luld, fresh):
        one.quoted(at(60), 50_0000, 51_0000)
        one.opened(at(60), 0, HOURS, close, last)
    decision = done(fresh, at(60))
    assert isinstance(decision, SetBands) and decision.bands.reference == reference
    decision = done(luld, at(60))
    assert isinstance(decision, SetBands) and decision.bands.reference == (close or 100_0000)


def test_when_to_look() -> None:
    luld = Luld(Tier.ONE, 100)
    assert luld.due_ns(0) == NEVER_NS
    luld.opened(0, 0, Hours(at(10), at(10_000)), 100_0000)
    assert luld.due_ns(0) == at(10)
    done(luld, at(10))
    assert luld.due_ns(at(10)) == at(10_000 - 1500)
    luld.traded(at(11), 100_0000, 1)
    assert luld.due_ns(at(11)) == at(40)
    assert luld.due_ns(at(40.5)) == at(41)
    luld.quoted(at(50.5), 105_0000, 0)
    assert luld.due_ns(at(51)) == at(65.5)
    luld.quoted(at(52), 104_0000, 0)
    assert luld.due_ns(at(9_999.5)) == at(10_000)
    assert luld.due_ns(at(10_000)) == NEVER_NS


def test_its_state_can_be_kept() -> None:
    luld, again = opened(), Luld(Tier.ONE, 100)
    luld.traded(at(3), 102_0000, 1)
    luld.quoted(at(10), 105_0000, 105_1000)
    again.load(msgspec.convert(msgspec.json.decode(msgspec.json.encode(luld.state(at(10)))), Following))
    again.hours = HOURS
    assert again.state(at(10)) == luld.state(at(10))
    assert again.look(at(25)) == luld.look(at(25)) == Pause(at(325), to_close=False, up=True)


# Breakers


def test_levels_halt_once_each() -> None:
    day = Breakers()
    assert day.look(at(10), 699, 10_000, HOURS) is None
    for fallen, begins_s, level in ((700, 11, 1), (1300, 1001, 2)):
        found = day.look(at(begins_s), fallen, 10_000, HOURS)
        assert found == Halt(level, at(begins_s + 900))
        day.begin(at(begins_s), found)
        assert day.look(at(begins_s + 901), fallen, 10_000, HOURS) is None
    assert day.look(at(2001), 2000, 10_000, HOURS) == Halt(3, 0)
    day.day_ended()
    assert day.look(at(2002), 700, 10_000, HOURS) == Halt(1, at(2902))


def test_the_last_35_minutes_know_level_three_only() -> None:
    day = Breakers()
    late_ns = HOURS.close_ns - at(2100)
    assert day.look(late_ns, 1500, 10_000, HOURS) == Halt(2, late_ns + at(900))  # up to and including 15:25
    assert day.look(late_ns + 1, 1500, 10_000, HOURS) is None
    assert day.look(late_ns + 1, 2000, 10_000, HOURS) == Halt(3, 0)
    assert day.look(HOURS.close_ns, 3000, 10_000, HOURS) is None


def test_a_halt_is_over_when_all_are_let_go() -> None:
    day = Breakers()
    day.begin(at(0), Halt(1, at(900)))
    for number in (3, 4):
        day.holds(number)
    day.lets_go(3)
    assert (day.level, day.until_ns, day.halted) == (1, at(900), {4})
    day.lets_go(4)
    assert (day.level, day.until_ns, day.reached) == (0, 0, 1)


def test_the_index_has_equal_weights() -> None:
    closes = {1: 100_0000, 2: 10_0000, 3: 50_0000}
    part, whole = fall({1: 90_0000, 2: 8_0000, 3: 50_0000}, closes)
    assert part * 10 == whole  # 10 %, 20 % and 0 %
    assert fall({1: 110_0000}, closes) == (0, 1_000_000)
    assert fall({}, closes) == (0, 1)


def test_what_is_no_level_by_far_is_not_worked_out(seed: int) -> None:
    random = Random(seed)
    for _ in range(300):
        closes = {one: random.randrange(1, 10**6) for one in range(5)}
        prices = {one: int(closes[one] * random.uniform(0.9, 0.96)) for one in range(5)}
        part, whole = fall(prices, closes)
        assert is_near(prices, closes) or 100 * part < 7 * whole
    assert not is_near({1: 94}, {1: 100})
    assert is_near({1: 93}, {1: 100})


# Rule 201


def test_a_fall_of_ten_percent_restricts_for_that_day_and_the_next() -> None:
    assert floor_of(100_0000) == 90_0000
    assert floor_of(9) == 8
    assert floor_of(0) == 0
    one = ShortSales()
    assert one.wanted is None
    one.fell()
    assert one.wanted is True
    one.told(True)
    assert one.wanted is None
    one.day_ended()
    assert one.wanted is None
    one.day_ended()
    assert one.wanted is False
    one.told(False)
    assert one.wanted is None


def test_a_further_fall_on_the_second_day_begins_anew() -> None:
    one = ShortSales()
    one.fell()
    one.told(True)
    one.day_ended()
    one.fell()
    one.day_ended()
    assert one.wanted is None
    one.day_ended()
    assert one.wanted is False


def test_what_an_operator_does_stays() -> None:
    one = ShortSales()
    one.told(True)
    one.day_ended()
    assert one.wanted is None  # he ends it himself
    one.fell()
    one.day_ended()
    one.day_ended()
    assert one.wanted is None
    other = ShortSales()
    other.fell()
    other.told(True)
    other.told(False)  # he has the last word
    assert other.wanted is None
