"""Bands and reference prices by the Limit Up-Limit Down Plan, from tables worked out by hand."""

from __future__ import annotations

from random import Random

import pytest
from openbell import wire

from engine.volatility.bands import Tier, bands, doubles, percent
from engine.volatility.reference import SECOND_NS, Reference

ONE, TWO = Tier.ONE, Tier.TWO


@pytest.mark.parametrize(
    ("close", "one", "two"),
    [(100_0000, 5, 10), (3_0001, 5, 10), (3_0000, 20, 20), (7500, 20, 20), (7499, 75, 75), (100, 75, 75)],
)
def test_percentages(close: int, one: int, two: int) -> None:
    assert (percent(ONE, close), percent(TWO, close)) == (one, two)


@pytest.mark.parametrize(
    ("reference", "close", "tier", "tick", "doubled", "lower", "upper"),
    [
        (100_0000, 100_0000, ONE, 100, False, 95_0000, 105_0000),
        (100_0000, 100_0000, TWO, 100, False, 90_0000, 110_0000),
        (100_0000, 100_0000, ONE, 100, True, 90_0000, 110_0000),
        (10_0300, 10_0000, ONE, 100, False, 9_5300, 10_5300),  # 9.5285 and 10.5315 to the nearest cent
        (2_5000, 2_5000, TWO, 100, False, 2_0000, 3_0000),
        (2_5000, 2_5000, TWO, 100, True, 1_5000, 3_5000),
        (5000, 5000, ONE, 1, False, 3500, 6500),  # 0.15 is less than 75 %
        (1000, 1000, ONE, 1, False, 300, 1800),  # 75 % is less than 0.15: 0.025 and 0.175, to the nearest cent
        (100, 100, ONE, 1, True, 100, 300),  # never below a cent
        (100_0000, 100_0000, ONE, 5_0000, False, 95_0000, 105_0000),
        (101_0000, 100_0000, ONE, 5_0000, False, 95_0000, 105_0000),  # 95.95 and 106.05, to a tick of 5
    ],
)
def test_bands(reference: int, close: int, tier: Tier, tick: int, doubled: bool, lower: int, upper: int) -> None:
    assert bands(reference, tier, close, tick, doubled=doubled) == (lower, upper, reference)


def test_only_these_are_doubled_at_the_end_of_the_day() -> None:
    assert doubles(ONE, 500_0000)
    assert doubles(TWO, 3_0000)
    assert not doubles(TWO, 3_0001)


def test_bands_are_prices() -> None:
    found = bands(wire.MAX_PRICE - 50, ONE, 100_0000, 7)
    assert 0 < found.lower < found.upper <= wire.MAX_PRICE


# The reference price


def at(seconds: float) -> int:
    return int(seconds * SECOND_NS)


def test_it_follows_a_move_of_one_percent_after_thirty_seconds() -> None:
    reference = Reference()
    reference.begin(0, 100_0000)
    reference.add(at(1), 101_0000, 1)
    assert reference.due(at(29.9)) == 100_0000
    assert reference.due(at(30)) == 101_0000
    reference.take(at(30), 101_0000)
    assert (reference.price, reference.since_ns) == (101_0000, at(30))
    reference.take(at(31), 101_0000)
    assert reference.since_ns == at(30)


def test_it_does_not_follow_less() -> None:
    reference = Reference()
    reference.begin(0, 100_0000)
    reference.add(at(1), 100_9999, 1)
    assert reference.due(at(60)) == 100_0000
    assert reference.due(at(60), at_once=True) == 100_9999
    reference.add(at(61), 98_0000 * 5, 5)
    assert reference.due(at(61)) == (100_9999 + 5 * 98_0000 + 3) // 6


def test_trades_of_300_seconds_count_and_older_ones_do_not() -> None:
    reference = Reference()
    reference.begin(0, 100_0000)
    reference.add(at(10.2), 100_0000, 1)
    reference.add(at(10.9), 120_0000, 1)
    reference.add(at(20), 90_0000, 2)
    assert reference.mean(at(20)) == 77_5000
    assert reference.mean(at(309.9)) == 77_5000
    assert reference.mean(at(310)) == 45_0000
    assert reference.is_moving
    assert reference.mean(at(320)) == 0
    assert not reference.is_moving
    assert reference.due(at(320)) == reference.due(at(320), at_once=True) == 100_0000


def test_the_mean_is_that_of_all_trades_of_the_last_five_minutes(seed: int) -> None:
    random = Random(seed)
    reference, trades, now_ns = Reference(), [], 0
    reference.begin(0, 50_0000)
    for _ in range(500):
        now_ns += random.randrange(at(5))
        price = random.randrange(1, 100_0000)
        trades.append((now_ns, price))
        reference.add(now_ns, price, 1)
        counted = [price for ts_ns, price in trades if ts_ns // SECOND_NS > now_ns // SECOND_NS - 300]
        assert abs(reference.mean(now_ns) - sum(counted) / len(counted)) <= 0.5
        assert len(reference.lumps(now_ns)) <= 300
