"""[liquidation] of the configuration."""

from __future__ import annotations

import tomllib
from decimal import Decimal

import pytest
from openbell.wire import AccountState

from engine import config as configuration
from engine.config import ConfigError
from engine.liquidation.standing import Terms
from engine.liquidation.wanted import terms_of


def read(text: str) -> Terms:
    return terms_of(configuration.checked(tomllib.loads(text, parse_float=Decimal), "market.toml"))


def test_what_is_meant_where_nothing_is_said() -> None:
    assert read("") == Terms()


def test_everything_can_be_said() -> None:
    found = read(
        "[liquidation]\ncall_s = 300\nrestore_percent = 125.5\nslice_percent = 12.5\nprotection_percent = 0.75\n"
        'interval_ms = 250\nafter = "close_only"\n'
    )
    assert found == Terms(300 * 10**9, 12_550, 1_250, 75, 250_000_000, AccountState.CLOSE_ONLY)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("call_s = -1", "liquidation.call_s: expected int >= 0, got -1"),
        ("call_s = 2_592_001", "liquidation.call_s: expected int <= 2592000, got 2592001"),
        ("restore_percent = 99.99", "liquidation.restore_percent: expected 100 to 1000, got 99.99"),
        ("restore_percent = 1000.01", "liquidation.restore_percent: expected 100 to 1000, got 1000.01"),
        ("slice_percent = 0", "liquidation.slice_percent: expected more than 0 to 100, got 0"),
        ("slice_percent = 101", "liquidation.slice_percent: expected 0 to 100, got 101"),
        ("protection_percent = 0.001", "liquidation.protection_percent: expected at most 2 decimal places, got 0.001"),
        ("interval_ms = 9", "liquidation.interval_ms: expected int >= 10, got 9"),
        ('after = "blocked"', "liquidation.after: expected one of active, reduce_only, close_only, got 'blocked'"),
        ("slices = 1", "liquidation.slices: there is no such field"),
    ],
)
def test_mistakes_name_field_and_limit(line: str, said: str) -> None:
    with pytest.raises(ConfigError) as error:
        read(f"[liquidation]\n{line}\n")
    assert said in str(error.value)
