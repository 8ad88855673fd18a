"""Markets on disk with margin accounts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine.liquidation.standing import Terms
from tests.engine.liquidation.floor import Floor

Open = Callable[..., Floor]


@pytest.fixture
def open_floor(tmp_path: Path) -> Iterator[Open]:
    made: list[Floor] = []

    def start(terms: Terms | None = None, text: str = "") -> Floor:
        made.append(Floor(tmp_path / str(len(made)), terms, text))
        return made[-1]

    yield start
    for one in made:
        one.stop()


@pytest.fixture
def floor(open_floor: Open) -> Floor:
    return open_floor()
