"""How a configuration has accounts watched: [risk], and of each account its risk, lists and rules (docs/risk.md)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from openbell.wire import CashRule, CommandKind, DayTradeRule, RiskType

from engine.config import Account, Config
from engine.config.desks import bits_of
from engine.config.risk import (
    CASH_RULES,
    CASH_VALUES,
    DAY_TRADES,
    PATTERN_VALUES,
    RISK_TYPES,
    RISK_VALUES,
    pattern_fields,
    risk_fields,
)
from engine.desk_setup import Do
from engine.market import Market


class RiskSetup:
    """do: applies one command, as Setup has it. before: all that was applied last; warnings: gets those of this."""

    def __init__(self, market: Market, do: Do, config: Config, before: dict[str, Any], warnings: list[str]) -> None:
        self._market = market
        self._do = do
        self._config = config
        self._before = before
        self._warnings = warnings

    def settings(self) -> None:
        """What holds for all accounts."""
        self._risk()
        self._day_trades()

    def kept(self) -> dict[str, Any]:
        """What is remembered of that."""
        days = pattern_fields(self._config.risk) if self._has_day_traders else self._before.get("day_trades", {})
        return {"risk": risk_fields(self._config.risk), "day_trades": days}

    def _risk(self) -> None:
        """SET_RISK, where the file says something else than before, or wants room for more desks or limits."""
        values = (*self._market.risk_settings(), *self._market.cash_settings())
        present = dict(zip((*RISK_VALUES, *CASH_VALUES), values, strict=True))
        changed = changed_fields(risk_fields(self._config.risk), present, self._before.get("risk", {}))
        room, wanted = self._market.desk_room(), self._config.capacity
        more = {name: max(now, int(getattr(wanted, name))) for name, now in room.items()}
        for name, now in room.items():
            if getattr(wanted, name) < now:
                lower = getattr(wanted, name)
                self._warnings.append(f"capacity.{name} stays {now}: it can be raised, not lowered to {lower}")
        if changed or more != room:
            self._do(
                "risk", "risk of the configuration", CommandKind.SET_RISK, (*RISK_VALUES, *room, *CASH_VALUES),
                values=[{**present, **more, **changed}[name] for name in (*RISK_VALUES, *room, *CASH_VALUES)],
            )  # fmt: skip

    @property
    def _has_day_traders(self) -> bool:
        """Whether the file holds anybody to the rule of day trades (docs/daytrading.md)."""
        return any(self._day_trades_of(one) == "pattern" for one in self._config.account)

    def _day_trades_of(self, one: Account) -> str:
        """What it says itself, or [risk]; of one without margin nothing holds."""
        if one.risk != "margin":
            return "intraday"
        return self._config.risk.day_trades if one.day_trades is None else one.day_trades

    def _day_trades(self) -> None:
        """SET_DAY_TRADES, where somebody is held to the rule and the file says something else than before."""
        if not self._has_day_traders:
            return
        present = dict(zip(PATTERN_VALUES, self._market.day_trade_settings(), strict=True))
        changed = changed_fields(pattern_fields(self._config.risk), present, self._before.get("day_trades", {}))
        if changed:
            self._do(
                "risk", "day trades of the configuration", CommandKind.SET_DAY_TRADES, PATTERN_VALUES,
                values=[{**present, **changed}[name] for name in PATTERN_VALUES],
            )  # fmt: skip

    def watch(self, where: str, wanted: Account, number: int, before: dict[str, Any]) -> None:
        """SET_ACCOUNT_RISK, where the file says anew how it is watched, what it may not trade, or a rule of its own."""
        fields = self.kept_of(wanted)
        was = {**self.kept_of(Account(name=wanted.name)), **{name: before[name] for name in fields if name in before}}
        if fields == was:
            return
        present = {
            "risk": int(self._market.account(number)["risk_type"][0]), "lists": self._market.lists_of(number),
            "cash_rule": self._market.cash_rule_of(number), "day_trades": self._market.day_rule_of(number),
        }  # fmt: skip
        numbers = {
            **fields,
            "risk": int(RISK_TYPES[wanted.risk]),
            "cash_rule": int(CASH_RULES[wanted.cash_rule]),
            "day_trades": int(DAY_TRADES[fields["day_trades"]]),
        }
        merged = {**present, **{name: numbers[name] for name, value in fields.items() if value != was[name]}}
        if merged["risk"] != RiskType.CASH:
            merged["cash_rule"] = int(CashRule.NONE)
        if merged["risk"] != RiskType.MARGIN:
            merged["day_trades"] = int(DayTradeRule.NONE)
        if merged != present:
            self._do(
                f"{where}.risk", f"account {wanted.name} of the configuration", CommandKind.SET_ACCOUNT_RISK,
                account=number, state=merged["risk"],
                values=[merged["lists"], merged["cash_rule"], merged["day_trades"]],
            )  # fmt: skip

    def kept_of(self, one: Account) -> dict[str, Any]:
        """What is remembered of how it is watched."""
        return {
            "risk": one.risk, "lists": bits_of(one.restricted), "cash_rule": one.cash_rule,
            "day_trades": self._day_trades_of(one),
        }  # fmt: skip


def changed_fields(
    fields: dict[str, Any], present: dict[str, Any], before: dict[str, Any], ignore: Sequence[str] = ()
) -> dict[str, Any]:
    """The fields that the file says anew and the state does not have."""
    return {
        name: value
        for name, value in fields.items()
        if name not in ignore and value != before.get(name) and value != present[name]
    }
