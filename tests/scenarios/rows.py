"""The table: every row."""

from __future__ import annotations

from tests.scenarios import (
    actions,
    auctions,
    cash_accounts,
    dark,
    day_trades,
    desks,
    displayed,
    extended,
    fees,
    halts,
    lending,
    margin,
    settlement,
)
from tests.scenarios.table import Scenario

GROUPS: dict[str, list[Scenario]] = {
    "Displayed orders": displayed.ROWS,
    "Orders that are not displayed": dark.ROWS,
    "Auctions": auctions.ROWS,
    "Auctions that are put off": extended.ROWS,
    "Halts, pauses, bands, short sales": halts.ROWS,
    "Fees": fees.ROWS,
    "Settlement": settlement.ROWS,
    "Cash accounts": cash_accounts.ROWS,
    "Margin": margin.ROWS,
    "Day trades": day_trades.ROWS,
    "Desks and limits": desks.ROWS,
    "Shares that are lent, interest by the day": lending.ROWS,
    "Dividends and splits": actions.ROWS,
}
ROWS = [row for rows in GROUPS.values() for row in rows]
