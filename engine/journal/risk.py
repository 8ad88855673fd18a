"""Commands of risk in words: levels, margins of instruments, how accounts are watched (docs/risk.md)."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from typing import Any, Final

from openbell.limits import lists_text
from openbell.prices import format_cash, format_price
from openbell.wire import CashRule, CommandKind, DayTradeRule, MarkBy, RiskType


def _percent(rate: int) -> str:
    return f"{rate / 100:g} %"


def _name(of: type[IntEnum], number: int) -> str:
    return of(number).name if number in of._value2member_map_ else f"{of.__name__} {number}"


def _risk(command: Any, account: str, instrument: str) -> str:
    marks, alert, liquidation = (int(command[f"value{index}"]) for index in range(3))
    levels = [f"{name} {_percent(level)}" for name, level in (("alert", alert), ("liquidation", liquidation)) if level]
    desks, limits = (int(command[f"value{index}"]) for index in (3, 4))
    room = f", room for {desks:,} desks and limits of {limits:,} accounts" if desks or limits else ""
    violations, span, days = (int(command[f"value{index}"]) for index in (5, 6, 7))
    cash = f", cash accounts restricted for {days:,} days by {violations} violations in {span:,} days" if days else ""
    return f"{marks:,} marks each TICK, {', '.join(levels) or 'no levels but CALL'}{room}{cash}"


def _margin(command: Any, account: str, instrument: str) -> str:
    rates, leasts = ([int(command[f"value{index}"]) for index in places] for places in (range(4), (4, 5)))
    long, short = (f"{_percent(first)} / {_percent(kept)}" for first, kept in (rates[:2], rates[2:]))
    least = f", least {' / '.join(map(format_price, leasts))}" if leasts[1] else ""
    volume, lists = int(command["value6"]), int(command["value7"])
    more = f", {volume:,} lots a day" if volume else ""
    more += f", on {lists_text(lists)}" if lists else ""
    return f"{instrument}: long {long}, short {short}{least}, by {_name(MarkBy, int(command['state']))}{more}"


def _account_risk(command: Any, account: str, instrument: str) -> str:
    lists = int(command["value0"])
    barred = f", may not trade {lists_text(lists)}" if lists else ""
    rule = int(command["value1"])
    of_cash = f", cash rule {_name(CashRule, rule)}" if rule else ""
    rule = int(command["value2"])
    of_days = f", day trades {_name(DayTradeRule, rule)}" if rule else ""
    return f"{account}: {_name(RiskType, int(command['state']))}{barred}{of_cash}{of_days}"


def _lift_cash(command: Any, account: str, instrument: str) -> str:
    number = int(command["value0"])
    return f"{account}: {f'violation {number:,}' if number else 'its restriction to settled cash'} lifted"


def _day_trades(command: Any, account: str, instrument: str) -> str:
    least, days, share, equity = (int(command[f"value{index}"]) for index in range(4))
    if not least:
        return "no day trades make a pattern"
    return (
        f"{least:,} day trades within {days:,} business days, above {_percent(share)} of all trades, make a pattern; "
        f"least equity {format_cash(equity)}"
    )


def _lift_day_trader(command: Any, account: str, instrument: str) -> str:
    return f"{account}: no pattern day trader any more"


WORDS: Final[dict[int, Callable[[Any, str, str], str]]] = {
    CommandKind.SET_RISK: _risk,
    CommandKind.SET_MARGIN: _margin,
    CommandKind.SET_ACCOUNT_RISK: _account_risk,
    CommandKind.LIFT_CASH: _lift_cash,
    CommandKind.SET_DAY_TRADES: _day_trades,
    CommandKind.LIFT_DAY_TRADER: _lift_day_trader,
}
