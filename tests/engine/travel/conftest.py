"""Markets on disk in which everything happened, and their journals command by command."""

from __future__ import annotations

import shutil
from itertools import pairwise
from pathlib import Path

import pytest

from engine import snapshots
from engine.journal import segment
from tests.conftest import SEED
from tests.engine.ledgers import Days
from tests.engine.markets import Trading


def lively(data: Path, seed: int) -> Trading:
    """A stopped market with plain, special and linked orders, busts, fees and charges; two snapshots on the way."""
    market = Trading(data, seed)
    Days(market).pass_by(1)
    market.trade_specials(200)
    market.snapshot()
    market.trade_linked(120)
    market.amend(10)
    market.trade(400)
    market.snapshot()
    market.trade_specials(100)
    market.stop()
    return market


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Trading:
    return lively(tmp_path_factory.mktemp("market"), request.config.stash[SEED])


@pytest.fixture
def shortened(market: Trading, tmp_path: Path) -> Path:
    """A copy of the market whose journal was moved away up to the newest snapshot, as far as whole segments go."""
    data = tmp_path / "copy"
    shutil.copytree(market.data, data)
    kept = snapshots.listed(data)[-1].seq
    for one, following in pairwise(segment.segments(data / "journal")):
        if following.first_seq <= kept + 1:
            one.path.unlink()
    return data
