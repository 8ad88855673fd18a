"""DayTradeRow. docs/daytrading.md, "Rows"."""

from __future__ import annotations

from tests.reference.daytrading import counting
from tests.reference.records import DAY_TRADE_ROW
from tests.reference.state import State


def day_traders(state: State) -> bytes:
    """Of each account with the rule, by id."""
    rows = []
    for account in state.accounts_ascending():
        trader = account.trader
        if trader is None:
            continue
        day_trades, trades = counting.counted(state, trader)
        lists = {"day_trades": trader.day_trades, "trades": trader.trades, "kept": trader.kept}
        numbered = {f"{name}_{day}": count for name, days in lists.items() for day, count in enumerate(days)}
        said = {"account": account.number, "rule": trader.rule, "is_pattern": trader.is_pattern}
        rows.append(DAY_TRADE_ROW.pack(**said, **numbered, day_trades=day_trades, trades=trades))
    return b"".join(rows)
