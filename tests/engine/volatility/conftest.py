"""Markets on disk whose clock the test sets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.sessions.station import Station
from tests.engine.volatility.watched import Make


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    made: list[Station] = []

    def start(now: str, text: str) -> Station:
        made.append(Station(tmp_path, text, now))
        return made[-1]

    yield start
    for station in made:
        station.stop()
