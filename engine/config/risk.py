"""[risk], and the `margin` of an [[instrument]]: what is applied of it are commands (docs/risk.md)."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from msgspec import Meta
from openbell.wire import CashRule, DayTradeRule, MarkBy, RiskType

from engine.config.table import Section
from engine.units import AlertPercent, Cash, MarginPercent, Percent, Price

MAX_MARKS: Final = 1 << 20
LEAST_ALERT: Final = 10_000  # 100 %: below it an account is called already
RISK_TYPES: Final = {one.name.lower(): one for one in RiskType}
CASH_RULES: Final = {one.name.lower(): one for one in CashRule}
DAY_TRADES: Final = {"intraday": DayTradeRule.NONE, "pattern": DayTradeRule.PATTERN}
MARKS: Final = {one.name.lower(): one for one in MarkBy}
# The values of SET_RISK and of SET_MARGIN, in the order of the index of their rejects (MARGIN_FIELDS: all of these).
RISK_VALUES: Final = ("marks_each_tick", "alert_percent", "liquidation_percent")
CASH_VALUES: Final = ("cash_violations", "cash_violation_days", "cash_restriction_days")  # value5 to value7 of SET_RISK
PATTERN_VALUES: Final = ("pattern_day_trades", "pattern_days", "pattern_percent", "pattern_equity")  # of SET_DAY_TRADES
MAX_CASH_DAYS: Final = 3_660
MAX_VIOLATIONS: Final = 8  # that are kept of an account
MARGIN_VALUES: Final = (
    "initial_long", "maintenance_long", "initial_short", "maintenance_short", "least_low", "least",
)  # fmt: skip
LISTED_VALUES: Final = ("average_volume", "lists")  # value6 and value7
MARGIN_FIELDS: Final = (*MARGIN_VALUES, "mark_by", *LISTED_VALUES)


class Risk(Section, frozen=True):
    """[risk]. mark_interval_ms: how often a TICK marks positions, while there is something to mark. alert_percent,
    liquidation_percent: levels, in percent of what an account must keep; 0: there is no such level. cash_violations:
    from which on a cash account is restricted, each for cash_violation_days; cash_restriction_days (docs/cash.md).
    day_trades: the rule of margin accounts that say nothing themselves; pattern_day_trades within pattern_days make a
    pattern day trader, where they are above pattern_percent of all trades, and pattern_equity is the least of one, as
    FINRA Rule 4210(f)(8)(B) had it (docs/daytrading.md)."""

    marks_each_tick: Annotated[int, Meta(ge=0, le=MAX_MARKS)] = 1_024
    mark_interval_ms: Annotated[int, Meta(ge=1, le=60_000)] = 10
    alert_percent: AlertPercent = AlertPercent(12_000)
    liquidation_percent: Percent = Percent(8_000)
    cash_violations: Annotated[int, Meta(ge=0, le=MAX_VIOLATIONS)] = 3
    cash_violation_days: Annotated[int, Meta(ge=0, le=MAX_CASH_DAYS)] = 365
    cash_restriction_days: Annotated[int, Meta(ge=0, le=MAX_CASH_DAYS)] = 90
    day_trades: Literal["intraday", "pattern"] = "intraday"
    pattern_day_trades: Annotated[int, Meta(ge=0, le=255)] = 4
    pattern_days: Annotated[int, Meta(ge=1, le=8)] = 5
    pattern_percent: Percent = Percent(600)
    pattern_equity: Cash = Cash(25_000_000_000)


class Margin(Section, frozen=True):
    """An instrument's `margin`: parts of a position's value, and the least of a share sold short, below the price
    `least` and from there on. The defaults are those of Regulation T (12 CFR 220.12) and of FINRA Rule 4210(c)."""

    initial_long: MarginPercent = MarginPercent(5_000)
    maintenance_long: MarginPercent = MarginPercent(2_500)
    initial_short: MarginPercent = MarginPercent(5_000)
    maintenance_short: MarginPercent = MarginPercent(3_000)
    least_low: Price = Price(25_000)
    least: Price = Price(50_000)
    mark_by: Literal["last", "mid", "close"] = "last"


def no_risk(risk: Risk) -> str | None:
    """What is wrong with [risk] beyond single fields."""
    if 0 < risk.alert_percent < LEAST_ALERT:
        return f"risk.alert_percent: expected 0 (none) or 100 to 10000, got {risk.alert_percent / 100:g}"
    return None


def no_margin(where: str, margin: Margin) -> str | None:
    """What is wrong with a margin beyond single fields."""
    for kind in ("long", "short"):
        initial, maintenance = (getattr(margin, f"{what}_{kind}") for what in ("initial", "maintenance"))
        if initial < maintenance:
            return (
                f"{where}.margin.initial_{kind}: expected at least maintenance_{kind}, {maintenance / 100:g}, got "
                f"{initial / 100:g}"
            )
    if margin.least_low and not margin.least:
        return f"{where}.margin.least_low: it counts below the price `least`, and that is 0"
    return None


def risk_fields(risk: Risk) -> dict[str, int]:
    """What is applied of [risk]: the values of SET_RISK."""
    return {name: int(getattr(risk, name)) for name in (*RISK_VALUES, *CASH_VALUES)}


def pattern_fields(risk: Risk) -> dict[str, int]:
    """What is applied of [risk] where anybody is held to the rule of day trades: the values of SET_DAY_TRADES."""
    return {name: int(getattr(risk, name)) for name in PATTERN_VALUES}


def margin_fields(margin: Margin, average_volume: int = 0, lists: int = 0) -> dict[str, int]:
    """What is applied of a margin: the values of SET_MARGIN and its MarkBy. average_volume: lots a day; lists: bits."""
    rates = {name: int(getattr(margin, name)) for name in MARGIN_VALUES}
    return {**rates, "mark_by": int(MARKS[margin.mark_by]), "average_volume": average_volume, "lists": lists}


def margin_command(fields: dict[str, int]) -> dict[str, Any]:
    """What SET_MARGIN has of such fields."""
    return {"values": [fields[name] for name in (*MARGIN_VALUES, *LISTED_VALUES)], "state": fields["mark_by"]}
