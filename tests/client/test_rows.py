"""What rows of answers say beside their fields."""

from __future__ import annotations

import pytest
from openbell.rows import InstrumentInfo


@pytest.mark.parametrize(
    ("bid", "ask", "said"),
    [
        (100_0000, 100_0100, ""),
        (0, 0, ""),
        (95_0000, 105_0000, ""),
        (94_9900, 100_0000, "straddle"),
        (100_0000, 105_0100, "straddle"),
        (0, 105_0100, "straddle"),
        (105_0000, 105_0100, "limit up"),
        (94_9900, 95_0000, "limit down"),
        (94_0000, 94_9000, "limit down"),
    ],
)
def test_how_prices_stand_to_bands(bid: int, ask: int, said: str) -> None:
    """Bands from 94.995 to 105.005 in ticks of a cent: 95.00 is the lowest valid price, 105.00 the highest."""
    row = InstrumentInfo(tick_size=100, band_lower=94_9950, band_upper=105_0050, bid_price=bid, ask_price=ask)
    assert row.band_state == said
    table = InstrumentInfo(
        tick_size=1, ticks=[[0, 1], [50_0000, 100]], band_lower=94_9950, band_upper=105_0050, bid_price=bid,
        ask_price=ask,
    )  # fmt: skip
    assert table.band_state == said
    assert InstrumentInfo(tick_size=100, bid_price=bid, ask_price=ask).band_state == "", "no bands"
