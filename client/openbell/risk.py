"""What accounts are worth and must keep (docs/risk.md): rows, and an operator's verbs about it.

Cash in 1e-6 of the currency, prices in 1e-4, rates and levels in 1e-4 of the whole (2,500 is 25 percent).
"""

from __future__ import annotations

import base64
import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np

from openbell import wire
from openbell.bounds import Ref
from openbell.daytrading import DayTradeInfo, DayTradeSettings
from openbell.events import Event, Reject
from openbell.limits import list_bits
from openbell.prices import PriceLike, checked_int, format_cash, percent_units, price_units
from openbell.rows import AccountInfo, rows_of
from openbell.terms import choice
from openbell.wire import (
    CashRule,
    CommandKind,
    DayTradeRule,
    EventKind,
    MarkBy,
    OrderType,
    RiskLevel,
    RiskType,
    Side,
    TimeInForce,
)

MAX_MARKS: Final = 1 << 20  # each TICK
MAX_RATE: Final = 100_000  # of a margin: 1,000 percent
MAX_ALERT, MAX_LIQUIDATION = 1_000_000, 10_000
WHOLE: Final = 10_000
MAX_AVERAGE: Final = 1 << 53  # lots a day
MAX_VIOLATIONS: Final = 8
MAX_CASH_DAYS: Final = 3_660


@dataclass(frozen=True, slots=True)
class RiskInfo:
    """A watched account. risk_type: wire.RiskType; level: wire.RiskLevel.

    equity: what it has, less withdrawals that are on their way, and the value of its positions at their marks;
    maintenance: what it must keep; initial: what positions and open orders need; excess: equity less initial;
    unrealized: value less cost; base: equity that the loss of the day counts from; lists: bits of the lists of
    securities that it may not trade (docs/desks.md).
    """

    account: int = 0
    risk_type: int = 0
    level: int = 0
    equity: int = 0
    value: int = 0
    maintenance: int = 0
    initial: int = 0
    excess: int = 0
    unrealized: int = 0
    base: int = 0
    lists: int = 0
    account_name: str = ""

    @property
    def utilization(self) -> float:
        """Maintenance in percent of equity: from 100 on it is called; infinite where there is nothing left."""
        if self.equity > 0:
            return self.maintenance / self.equity * 100
        return math.inf if self.maintenance or self.equity < 0 else 0.0

    @property
    def shortfall(self) -> int:
        """Cash that is missing to what it must keep; 0: none."""
        return max(0, self.maintenance - self.equity)


@dataclass(frozen=True, slots=True)
class ExposureInfo:
    """A position as risk sees it. mark: the price that it counts at, 0: none yet; initial: with its open orders."""

    account: int = 0
    instrument: int = 0
    qty: int = 0
    mark: int = 0
    value: int = 0
    maintenance: int = 0
    initial: int = 0
    unrealized: int = 0
    symbol: str = ""


@dataclass(frozen=True, slots=True)
class MarginInfo:
    """What positions in an instrument must have behind them. mark_by: wire.MarkBy; mark: the price that they count at,
    0: none yet; close: its price as the last day ended; least_low, least: prices, for a share sold short;
    average_volume: lots a day, 0: not known; lists: bits of the lists of securities that it is on (docs/desks.md)."""

    instrument: int = 0
    mark_by: int = 0
    mark: int = 0
    close: int = 0
    initial_long: int = 0
    maintenance_long: int = 0
    initial_short: int = 0
    maintenance_short: int = 0
    least_low: int = 0
    least: int = 0
    average_volume: int = 0
    lists: int = 0
    symbol: str = ""


@dataclass(frozen=True, slots=True)
class RiskSettings:
    """How many positions a TICK marks at most (0: none ever), how often one comes while there is something to mark, and
    the levels: alert and liquidation, 1e-4 of what an account must keep; 0: there is no such level. Of cash accounts
    with a rule: violations that restrict one, days for which one counts, days of a restriction (docs/cash.md)."""

    marks_each_tick: int = 0
    alert: int = 0
    liquidation: int = 0
    mark_interval_ms: int = 0
    cash_violations: int = 0
    cash_violation_days: int = 0
    cash_restriction_days: int = 0


@dataclass(frozen=True, slots=True)
class Preview:
    """What an order would do. event: the ACCEPTED or REJECTED that it would get; before, after: the account as it is,
    and with the order's lots among its open ones and nothing traded; None where nobody watches it."""

    event: Event | Reject
    before: RiskInfo | None
    after: RiskInfo | None

    @property
    def is_accepted(self) -> bool:
        """Whether the market would take it, as things stand."""
        return isinstance(self.event, Event)

    def __str__(self) -> str:
        said = "it would be accepted" if self.is_accepted else f"it would be refused: {self.event}"
        if self.before is None or self.after is None:
            return said
        return f"{said}; excess {format_cash(self.before.excess)}, with it {format_cash(self.after.excess)}"


def preview_of(answer: Mapping[str, Any]) -> Preview:
    """Of the answer to a query or a verb."""
    told = answer["event"]
    kind = Reject if told["kind"] == EventKind.REJECTED else Event
    event = kind(**{name: int(told[name]) for name in kind._fields})
    before, after = (
        None if (row := answer[name]) is None else rows_of(RiskInfo, [row], {})[0] for name in ("before", "after")
    )
    return Preview(event, before, after)


def command_text(record: bytes) -> str:
    """A command as the market takes it for a preview."""
    return base64.b64encode(record).decode()


class RiskReport(NamedTuple):
    """Watched accounts, ids ascending; of one account its positions, too. day_traders: those of them that are held to
    the rule of day trades, and day_trade_settings what that asks (docs/daytrading.md)."""

    settings: RiskSettings
    accounts: list[RiskInfo]
    exposures: list[ExposureInfo]
    day_traders: list[DayTradeInfo]
    day_trade_settings: DayTradeSettings


def worst_first(rows: list[RiskInfo]) -> list[RiskInfo]:
    """Accounts with margin by level, then by how much of their equity they must keep; then the others."""

    def place(row: RiskInfo) -> tuple[float, ...]:
        return -row.level, row.risk_type != RiskType.MARGIN, -row.utilization, row.equity, row.account

    return sorted(rows, key=place)


class RiskVerbs(ABC):
    """A part of `Operator`."""

    @abstractmethod
    def account_id(self, account: Ref) -> int:
        """The id of an account's name."""

    @abstractmethod
    def account(self, account: Ref) -> AccountInfo:
        """One account."""

    @abstractmethod
    def instrument_id(self, instrument: Ref) -> int:
        """The id of a symbol."""

    @abstractmethod
    def symbols(self) -> dict[int, str]:
        """Symbols by instrument id."""

    @abstractmethod
    def ask(self, verb: str, arguments: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The `result` of a verb."""

    @abstractmethod
    def _change(self, verb: str, arguments: Mapping[str, Any], reason: str) -> dict[str, Any]:
        """A verb that changes the market."""

    # ------------------------------------------------------------ looking

    def risk(self, account: Ref | None = None) -> RiskReport:
        """Accounts that are watched; with `account` that one alone and its positions, whether or not it is watched."""
        answer = self.ask("risk", {} if account is None else {"account": self.account_id(account)})
        return RiskReport(
            rows_of(RiskSettings, [answer["settings"]], {})[0],
            rows_of(RiskInfo, answer["rows"], {}),
            rows_of(ExposureInfo, answer.get("exposures", []), {}),
            rows_of(DayTradeInfo, answer["day_traders"], {}),
            rows_of(DayTradeSettings, [answer["day_trade_settings"]], {})[0],
        )

    def margins(self, instrument: Ref | None = None) -> list[MarginInfo]:
        """What positions must have behind them, of one instrument or of all."""
        where = {} if instrument is None else {"instrument": self.instrument_id(instrument)}
        return rows_of(MarginInfo, self.ask("margins", where)["rows"], {})

    def preview(
        self, account: Ref, side: Side | str, instrument: Ref, qty: int, price: PriceLike | None = None
    ) -> Preview:
        """What an order of an account would do, at the market or at a price; nothing changes."""
        row = self.account(account)
        order = np.zeros(1, wire.ORDER_COMMAND)
        order["kind"], order["side"] = CommandKind.NEW_ORDER, choice(side, Side, "side")
        order["account"], order["instrument"] = row.account, self.instrument_id(instrument)
        order["qty"] = checked_int(qty, "qty", 1, wire.MAX_QTY)
        order["client_order_id"] = row.last_client_order_id + 1
        order["order_type"] = OrderType.MARKET if price is None else OrderType.LIMIT
        order["tif"] = TimeInForce.IOC if price is None else TimeInForce.DAY
        order["price"] = 0 if price is None else price_units(price)
        arguments = {"account": row.account, "command": command_text(order.tobytes())}
        return preview_of(self.ask("preview", arguments))

    # ------------------------------------------------------------ changing

    def set_risk(
        self,
        *,
        marks_each_tick: int | None = None,
        alert_percent: PriceLike | None = None,
        liquidation_percent: PriceLike | None = None,
        cash_violations: int | None = None,
        cash_violation_days: int | None = None,
        cash_restriction_days: int | None = None,
        reason: str,
    ) -> RiskSettings:
        """Change some of the settings: positions marked each TICK, levels in percent of what an account must keep (0:
        no such level; else alert from 100 on, liquidation up to 100), and of cash accounts with a rule: violations from
        which on one is restricted (to 8), days for which one counts, days of a restriction (docs/cash.md)."""
        arguments = {
            "marks_each_tick": marks_each_tick
            if marks_each_tick is None
            else checked_int(marks_each_tick, "marks_each_tick", 0, MAX_MARKS),
            "alert": _percent(alert_percent, "alert_percent", MAX_ALERT),
            "liquidation": _percent(liquidation_percent, "liquidation_percent", MAX_LIQUIDATION),
            "cash_violations": _count(cash_violations, "cash_violations", MAX_VIOLATIONS),
            "cash_violation_days": _count(cash_violation_days, "cash_violation_days", MAX_CASH_DAYS),
            "cash_restriction_days": _count(cash_restriction_days, "cash_restriction_days", MAX_CASH_DAYS),
        }
        return rows_of(RiskSettings, [self._change("risk-settings", arguments, reason)], {})[0]

    def set_margin(
        self,
        instrument: Ref,
        *,
        initial_long: PriceLike | None = None,
        maintenance_long: PriceLike | None = None,
        initial_short: PriceLike | None = None,
        maintenance_short: PriceLike | None = None,
        least_low: PriceLike | None = None,
        least: PriceLike | None = None,
        mark_by: MarkBy | str | None = None,
        average_volume: int | None = None,
        lists: Iterable[int] | None = None,
        reason: str,
    ) -> MarginInfo:
        """Change what an instrument's positions must have behind them, from now on; what is None stays.

        Rates in percent of a position's value; least_low, least: prices, least for a share sold short below the price
        `least`, and from there on. mark_by: the price that they count at: "LAST", "MID" or "CLOSE". average_volume:
        lots a day, 0: not known; lists: numbers, 1 to 53, of the lists of securities that it is on (docs/desks.md).
        """
        rates = {
            "initial_long": initial_long,
            "maintenance_long": maintenance_long,
            "initial_short": initial_short,
            "maintenance_short": maintenance_short,
        }
        arguments = {
            "instrument": self.instrument_id(instrument),
            **{name: _percent(rate, name, MAX_RATE) for name, rate in rates.items()},
            "least_low": _price(least_low, "least_low"),
            "least": _price(least, "least"),
            "mark_by": None if mark_by is None else int(choice(mark_by, MarkBy, "mark_by")),
            "average_volume": average_volume
            if average_volume is None
            else checked_int(average_volume, "average_volume", 0, MAX_AVERAGE),
            "lists": None if lists is None else list_bits(lists, "lists"),
        }
        return rows_of(MarginInfo, [self._change("margin", arguments, reason)], self.symbols())[0]

    def set_account_risk(
        self,
        account: Ref,
        risk_type: RiskType | str,
        *,
        restricted: Iterable[int] | None = None,
        cash_rule: CashRule | str | None = None,
        day_trades: DayTradeRule | str | None = None,
        reason: str,
    ) -> AccountInfo:
        """Have an account watched: "NONE", "CASH" or "MARGIN" (which may owe cash as far as its equity carries that);
        the account afterwards. restricted: numbers of the lists of securities that it may not trade; cash_rule: "NONE",
        "COUNT" or "REFUSE", of a CASH account (docs/cash.md); day_trades: "NONE" or "PATTERN", of a MARGIN account
        (docs/daytrading.md); None: as it is."""
        kind = int(choice(risk_type, RiskType, "risk_type"))
        arguments = {
            "account": self.account_id(account),
            "risk_type": kind,
            "lists": None if restricted is None else list_bits(restricted, "restricted"),
            "cash_rule": None if cash_rule is None else int(choice(cash_rule, CashRule, "cash_rule")),
            "day_trades": None if day_trades is None else int(choice(day_trades, DayTradeRule, "day_trades")),
        }
        return rows_of(AccountInfo, [self._change("account-risk", arguments, reason)], {})[0]

    def reduce_only(self, account: Ref, *, reason: str) -> None:
        """From now on it may only make positions smaller; what rests stays. `unkill` lets it trade again."""
        self._change("reduce-only", {"account": self.account_id(account)}, reason)

    def close_only(self, account: Ref, *, cancel_orders: bool = False, reason: str) -> int:
        """The same, and orders that could open a position are cancelled (cancel_orders: all of them); their number."""
        arguments = {"account": self.account_id(account), "cancel_orders": cancel_orders}
        return int(self._change("close-only", arguments, reason)["canceled"])


def level_name(level: int) -> str:
    """A RiskLevel in small letters: "call"."""
    return RiskLevel(level).name.lower() if level in RiskLevel._value2member_map_ else f"level {level}"


def _percent(given: PriceLike | None, field: str, most: int) -> int | None:
    return None if given is None else percent_units(given, field=field, most=most)


def _count(given: int | None, field: str, most: int) -> int | None:
    return None if given is None else checked_int(given, field, 0, most)


def _price(given: PriceLike | None, field: str) -> int | None:
    """A price where 0 means none."""
    if given is None or not str(given).strip("+-0."):
        return None if given is None else 0
    return price_units(given, field=field)
