"""Worked examples run on the model and on the core: both must give the numbers that were worked out by hand."""

from __future__ import annotations

import pytest

from tests.reference.both import MARKETS
from tests.reference.desk import AnyMarket, Desk


@pytest.fixture(params=MARKETS, ids=["model", "core"])
def market(request: pytest.FixtureRequest) -> AnyMarket:
    return request.param()


@pytest.fixture
def desk(market: AnyMarket) -> Desk:
    return Desk(market)
