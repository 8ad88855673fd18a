"""Markets on disk whose clock the test sets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.sessions.station import Make, stations


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    with stations(tmp_path, "") as start:
        yield start
