"""Day trades (docs/daytrading.md): rows, and an operator's verbs about them.

Cash in 1e-6 of the currency, shares of trades in 1e-4 of the whole (600 is 6 percent).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from openbell import wire
from openbell.bounds import Ref
from openbell.prices import PriceLike, cash_units, checked_int, percent_units
from openbell.rows import rows_of

DAYS: Final = 8  # of which day trades and trades are known
MOST_LEAST: Final = 255
_WHOLE: Final = 10_000


@dataclass(frozen=True, slots=True)
class DayTradeInfo:
    """A margin account with the rule. rule: wire.DayTradeRule; is_pattern: 1: it is a pattern day trader; day_trades,
    trades: of the days that count; day_trades_0 to day_trades_7 and trades_0 to trades_7: of each of eight days, 0 is
    the one that is not over; kept_0 to kept_2: cash paid in that stays, likewise."""

    account: int = 0
    rule: int = 0
    is_pattern: int = 0
    day_trades_0: int = 0
    day_trades_1: int = 0
    day_trades_2: int = 0
    day_trades_3: int = 0
    day_trades_4: int = 0
    day_trades_5: int = 0
    day_trades_6: int = 0
    day_trades_7: int = 0
    trades_0: int = 0
    trades_1: int = 0
    trades_2: int = 0
    trades_3: int = 0
    trades_4: int = 0
    trades_5: int = 0
    trades_6: int = 0
    trades_7: int = 0
    day_trades: int = 0
    trades: int = 0
    kept_0: int = 0
    kept_1: int = 0
    kept_2: int = 0
    account_name: str = ""

    @property
    def kept(self) -> int:
        """Cash paid in that stays for now: `withdrawable` is without it."""
        return self.kept_0 + self.kept_1 + self.kept_2


@dataclass(frozen=True, slots=True)
class DayTradeSettings:
    """What makes a pattern day trader, and what is asked of one. pattern_day_trades: from which on they are a pattern;
    0: never; pattern_days: that count, today among them; pattern_share: of all trades that they must be above, 1e-4;
    pattern_equity: the least equity of one, cash."""

    pattern_day_trades: int = 0
    pattern_days: int = 1
    pattern_share: int = 0
    pattern_equity: int = 0


class DayTradeVerbs(ABC):
    """A part of `Operator`."""

    @abstractmethod
    def account_id(self, account: Ref) -> int:
        """The id of an account's name."""

    @abstractmethod
    def ask(self, verb: str, arguments: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The `result` of a verb."""

    @abstractmethod
    def _change(self, verb: str, arguments: Mapping[str, Any], reason: str) -> dict[str, Any]:
        """A verb that changes the market."""

    def day_traders(self, account: Ref | None = None) -> list[DayTradeInfo]:
        """Margin accounts with the rule, ids ascending, or one, if it has it."""
        where = {} if account is None else {"account": self.account_id(account)}
        return rows_of(DayTradeInfo, self.ask("day-trades", where)["rows"], {})

    def day_trade_settings(self) -> DayTradeSettings:
        """What is in force."""
        return rows_of(DayTradeSettings, [self.ask("day-trades")["settings"]], {})[0]

    def set_day_trades(
        self,
        *,
        pattern_day_trades: int | None = None,
        pattern_days: int | None = None,
        pattern_percent: PriceLike | None = None,
        pattern_equity: PriceLike | None = None,
        reason: str,
    ) -> DayTradeSettings:
        """Change some of them, from now on: day trades from which on they are a pattern (0: never, to 255), days that
        count (1 to 8), percent of all trades that they must be above, the least equity. Nobody becomes a pattern day
        trader by it, or is none any more."""
        least, days, percent = pattern_day_trades, pattern_days, pattern_percent
        share = None if percent is None else percent_units(percent, field="pattern_percent", most=_WHOLE)
        arguments = {
            "pattern_day_trades": least if least is None else checked_int(least, "pattern_day_trades", 0, MOST_LEAST),
            "pattern_days": days if days is None else checked_int(days, "pattern_days", 1, DAYS),
            "pattern_share": share,
            "pattern_equity": None if pattern_equity is None else _equity(pattern_equity),
        }
        return rows_of(DayTradeSettings, [self._change("day-trade-settings", arguments, reason)], {})[0]

    def lift_day_trader(self, account: Ref, *, reason: str) -> DayTradeInfo:
        """Have an account be no pattern day trader any more: its day trades and trades count from 0, and what it paid
        in is free. The account afterwards."""
        arguments = {"account": self.account_id(account)}
        return rows_of(DayTradeInfo, self._change("lift-day-trader", arguments, reason)["rows"], {})[0]


def _equity(given: PriceLike) -> int:
    return checked_int(cash_units(given, field="pattern_equity"), "pattern_equity", 0, wire.MAX_CASH)
