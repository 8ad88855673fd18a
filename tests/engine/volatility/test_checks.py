"""What a configuration says of bands, ticks, breakers and Rule 201, and what is refused, by field."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.config import Config, ConfigError, load
from engine.volatility.bands import Tier
from engine.volatility.wanted import wanted_of

ONE = '[[instrument]]\nsymbol = "AAA"\n'
SESSION = '[sessions.day]\nopen = "09:00"\nclose = "17:00"\n'


def loaded(folder: Path, text: str) -> Config:
    file = folder / "market.toml"
    file.write_text(text, "utf-8")
    return load([file])


def test_nothing_is_wanted_of_an_empty_configuration(tmp_path: Path) -> None:
    assert not wanted_of(loaded(tmp_path, ONE))


def test_what_is_wanted(tmp_path: Path) -> None:
    text = (
        "[market]\nrule201 = true\n[breakers]\nindex = ['AAA']\nreopening_call_s = 60\n" + SESSION + ONE
        + 'luld = "tier2"\nsession = "day"\nticks = [{ from = 0, tick = 0.01 }, { from = "50", tick = 0.05 }]\n'
    )  # fmt: skip
    config = loaded(tmp_path, text)
    wanted = wanted_of(config)
    assert wanted
    assert (wanted.tiers, wanted.index, wanted.reopening_call_s) == ({"AAA": Tier.TWO}, {"AAA"}, 60)
    assert (wanted.rule201, wanted.sessions) == (True, {"AAA": "day"})
    assert [(step.from_price, step.tick) for step in config.instrument[0].ticks] == [(0, 100), (50_0000, 500)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (ONE + 'luld = "tier3"\n', "instrument[0].luld: expected one of tier1, tier2, got 'tier3'"),
        (ONE + "ticks = [{ from = 1, tick = 0.01 }]\n", "(AAA).ticks[0].from: the first step begins at 0, got 1.0000"),
        (
            ONE + "ticks = [{ from = 0, tick = 0.015 }]\n",
            "ticks[0].tick: expected a multiple of tick_size, 0.0100, up to 104.8576, got 0.0150",
        ),
        (ONE + "ticks = [{ from = 0, tick = 105 }]\n", "up to 104.8576, got 105.0000"),
        (
            ONE + "ticks = [{ tick = 1 }, { tick = 2 }]\n",
            "ticks[1].from: expected more than 0.0000, the step before, got 0.0000",
        ),
        (
            ONE + "ticks = [{ tick = 0.02 }, { from = 1.01, tick = 0.01 }]\n",
            "ticks[1].from: expected a multiple of 0.0200, got 1.0100",
        ),
        (
            ONE + "ticks = [{ tick = 0.01 }, { from = 1.01, tick = 0.02 }]\n",
            "ticks[1].from: expected a multiple of 0.0200, got 1.0100",
        ),
        (ONE + "ticks = [{ from = 0 }]\n", "instrument[0].ticks[0].tick is missing"),
        (ONE + "ticks = [{ form = 0, tick = 1 }]\n", "ticks[0].form: there is no such field; did you mean from?"),
        (ONE + f"ticks = [{', '.join(['{ tick = 1 }'] * 5)}]\n", "instrument[0].ticks: expected array of length <= 4"),
        ("[breakers]\nindex = ['AAB']\n" + ONE, "index[0]: there is no [[instrument]] 'AAB'; did you mean AAA?"),
        ("[breakers]\nindex = ['AAA', 'AAA']\n" + ONE, "breakers.index[1]: 'AAA' is in it already"),
        ("[breakers]\nindexes = []\n" + ONE, "breakers.indexes: there is no such field; did you mean index?"),
        ("[breakers]\nreopening_call_s = 0\n" + ONE, "breakers.reopening_call_s: expected int >= 1, got 0"),
        (
            SESSION + "[breakers]\nindex = ['AAA', 'BBB']\n" + ONE + ONE.replace("AAA", "BBB") + 'session = "day"\n',
            "breakers.index[1]: BBB is of another session than AAA",
        ),
        (
            '[market]\nday_end = "never"\n[breakers]\nindex = ["AAA"]\n' + ONE,
            'breakers.index: it needs the close of the day before, and none ever ends: market.day_end is "never"',
        ),
        ('[market]\nday_end = "never"\nrule201 = true\n' + ONE, "market.rule201: it needs the close of the day before"),
        ("[market]\nrule201 = 1\n" + ONE, "market.rule201: expected bool, got int"),
    ],
)  # fmt: skip
def test_mistakes_are_refused_by_field(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        loaded(tmp_path, text)
    assert said in str(refused.value)


def test_a_session_with_phases_has_days(tmp_path: Path) -> None:
    text = '[market]\nday_end = "never"\nrule201 = true\n' + SESSION + ONE + 'session = "day"\n'
    assert wanted_of(loaded(tmp_path, text)).rule201
