"""Who is in the demo market, and what its instruments are worth."""

from __future__ import annotations

from itertools import pairwise
from statistics import fmean, stdev

from openbell import wire

from engine.demo import cast
from engine.demo.value import Value


def test_about_fifty_with_names_and_accounts_of_their_own() -> None:
    everybody = cast.participants()
    assert 45 <= len(everybody) <= 55
    assert len({one.name for one in everybody}) == len({one.account for one in everybody}) == len(everybody)
    assert {one.role for one in everybody} == {"maker", "noise", "momentum", "seller"}
    assert all(len(one.name.encode()) <= 32 for one in everybody)


def test_every_symbol_has_makers_and_every_price_is_on_its_tick() -> None:
    makers = [one for one in cast.participants() if one.role == "maker"]
    for listing in cast.LISTINGS:
        assert listing.price % listing.tick_size == 0
        assert sum(listing.symbol in one.symbols for one in makers) == 4
    assert len(cast.SYMBOLS) == len(set(cast.SYMBOLS)) == 20


def test_workers_share_everybody_out() -> None:
    for count in (1, 2, 3, 7):
        dealt = cast.workers(count)
        names = [one.name for part in dealt for one in part]
        assert sorted(names) == sorted(one.name for one in cast.participants())
        assert max(map(len, dealt)) - min(map(len, dealt)) <= 1


def test_money_fits_into_the_core() -> None:
    assert all(one.cash < wire.MAX_CASH for one in cast.participants())


def test_the_value_is_a_function_of_time_and_seed() -> None:
    one, same, other = Value(1, "AAA", 1e6, 0.0002), Value(1, "AAA", 1e6, 0.0002), Value(2, "AAA", 1e6, 0.0002)
    times = [1_700_000_000 + step * 0.37 for step in range(200)]
    path = [one.at(time_s) for time_s in times]
    assert path == [same.at(time_s) for time_s in times]
    assert path == [one.at(time_s) for time_s in times], "asking out of order changes nothing"
    assert path != [other.at(time_s) for time_s in times]
    assert path != [Value(1, "AAB", 1e6, 0.0002).at(time_s) for time_s in times]


def test_the_value_moves_as_much_as_it_should_and_stays_in_reach() -> None:
    value = Value(3, "AAA", 1e6, 0.0002)
    path = [value.at(1_700_000_000 + step) for step in range(4000)]
    moves = [(after - before) / before for before, after in pairwise(path)]
    assert 0.3 < stdev(moves) / 0.0002 < 3
    assert abs(fmean(moves)) < 0.0001
    far = [value.at(1_700_000_000 + day * 86_400) for day in range(365)]
    assert 0.8 < min(far) / 1e6 < max(far) / 1e6 < 1.25
