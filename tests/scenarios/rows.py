"""The table: every row."""

from __future__ import annotations

from tests.scenarios import auctions, dark, desks, displayed, extended, fees, halts, margin, settlement
from tests.scenarios.table import Scenario

GROUPS: dict[str, list[Scenario]] = {
    "Displayed orders": displayed.ROWS,
    "Orders that are not displayed": dark.ROWS,
    "Auctions": auctions.ROWS,
    "Auctions that are put off": extended.ROWS,
    "Halts, pauses, bands, short sales": halts.ROWS,
    "Fees": fees.ROWS,
    "Settlement": settlement.ROWS,
    "Margin": margin.ROWS,
    "Desks and limits": desks.ROWS,
}
ROWS = [row for rows in GROUPS.values() for row in rows]
