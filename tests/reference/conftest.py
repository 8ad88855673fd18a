"""Worked examples run on the model and on the core: both must give the numbers that were worked out by hand."""

from __future__ import annotations

import pytest

from ext.core import Core
from tests.reference import reach
from tests.reference.desk import AnyMarket, Desk
from tests.reference.market import Market


@pytest.fixture(params=[lambda: Market(reach.CORE), Core], ids=["model", "core"])
def market(request: pytest.FixtureRequest) -> AnyMarket:
    return request.param()


# Of the core once it takes all that meets in an auction.
AUCTION_MARKETS = 1 + (reach.CORE.auctions and reach.CORE.hidden and reach.CORE.pegs)


@pytest.fixture(params=[Market, Core][:AUCTION_MARKETS], ids=["model", "core"][:AUCTION_MARKETS])
def auction_market(request: pytest.FixtureRequest) -> AnyMarket:
    return request.param()


@pytest.fixture(params=[Market, Core][: 1 + reach.CORE.bands], ids=["model", "core"][: 1 + reach.CORE.bands])
def band_market(request: pytest.FixtureRequest) -> AnyMarket:
    return request.param()


@pytest.fixture
def desk(market: AnyMarket) -> Desk:
    return Desk(market)
