"""Verbs of risk: what accounts are worth and must keep, and what is asked of them. The rules are in docs/risk.md."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta
from openbell.wire import CashRule, CommandKind, DayTradeRule, RiskType

from engine.config.risk import CASH_VALUES, MARGIN_FIELDS, RISK_VALUES, margin_command
from engine.market import names_of
from engine.ports.frames import FrameError
from engine.ports.preview import preview_of
from engine.ports.rows import rows_of, table_of
from engine.ports.verbs import daytrading
from engine.ports.verbs.look import named
from engine.ports.verbs.verb import I64, U32, Act, AnyAccount, AnyInstrument, Arguments, Desk, OneAccount, Verb

U8 = Annotated[int, Meta(ge=0, le=255)]  # the core says what it knows


class RiskSettings(Arguments):
    marks_each_tick: I64 | None = None
    alert: I64 | None = None
    liquidation: I64 | None = None
    cash_violations: I64 | None = None
    cash_violation_days: I64 | None = None
    cash_restriction_days: I64 | None = None


class MarginArguments(Arguments):
    instrument: U32
    initial_long: I64 | None = None
    maintenance_long: I64 | None = None
    initial_short: I64 | None = None
    maintenance_short: I64 | None = None
    least_low: I64 | None = None
    least: I64 | None = None
    mark_by: U8 | None = None
    average_volume: I64 | None = None
    lists: I64 | None = None


class PreviewArguments(OneAccount):
    command: bytes


class AccountRiskArguments(OneAccount):
    """lists: bits of those that it may not trade; cash_rule: CashRule; day_trades: DayTradeRule; left out: as it is (of
    another risk_type than CASH, MARGIN: NONE)."""

    risk_type: Annotated[int, Meta(ge=int(min(RiskType)), le=int(max(RiskType)))]
    lists: I64 | None = None
    cash_rule: Annotated[int, Meta(ge=int(min(CashRule)), le=int(max(CashRule)))] | None = None
    day_trades: Annotated[int, Meta(ge=int(min(DayTradeRule)), le=int(max(DayTradeRule)))] | None = None


def settings_of(desk: Desk) -> dict[str, int]:
    """What SET_RISK has in force, and how often the engine has positions marked."""
    marks, alert, liquidation = desk.market.risk_settings()
    interval_ms = desk.market.config.risk.mark_interval_ms
    of_cash = dict(zip(CASH_VALUES, desk.market.cash_settings(), strict=True))
    marking = {"marks_each_tick": marks, "alert": alert, "liquidation": liquidation, "mark_interval_ms": interval_ms}
    return {**marking, **of_cash}


# ------------------------------------------------------------ looking


def _risk(desk: Desk, act: Act) -> dict[str, Any]:
    """Watched accounts; of one account its positions, too."""
    account = act.arguments.account
    answer: dict[str, Any] = {"settings": settings_of(desk), "day_trade_settings": daytrading.settings_of(desk)}
    if account is not None:
        desk.account(account)
        answer["exposures"] = named(desk, desk.market.exposures(account))
    answer["day_traders"] = daytrading.day_traders(desk, account)["rows"]
    rows = desk.market.risk(account)
    names = names_of(desk.market.accounts(), "account", "name")
    answer["rows"] = table_of(rows, account_name=[names[number] for number in rows["account"].tolist()])
    return answer


def _margins(desk: Desk, act: Act) -> dict[str, Any]:
    instrument = act.arguments.instrument
    rows = desk.market.margins()
    if instrument is not None:
        desk.instrument(instrument)
        rows = rows[rows["instrument"] == instrument]
    symbols = names_of(desk.market.instruments(), "instrument", "symbol")
    return {"rows": table_of(rows, symbol=[symbols[number] for number in rows["instrument"].tolist()])}


def _preview(desk: Desk, act: Act) -> dict[str, Any]:
    given: PreviewArguments = act.arguments
    desk.account(given.account)
    return preview_of(desk.market, given.command, given.account)


# ------------------------------------------------------------ changing


def _set_risk(desk: Desk, act: Act) -> dict[str, Any]:
    given: RiskSettings = act.arguments
    wanted = (given.marks_each_tick, given.alert, given.liquidation)
    of_cash = tuple(getattr(given, name) for name in CASH_VALUES)
    if {*wanted, *of_cash} == {None}:
        names = f"marks_each_tick, alert, liquidation, {', '.join(CASH_VALUES[:-1])} or {CASH_VALUES[-1]}"
        raise FrameError("bad_args", f"nothing to set: give {names}", field=RISK_VALUES[0])
    values = [now if new is None else new for now, new in zip(desk.market.risk_settings(), wanted, strict=True)]
    cash = [now if new is None else new for now, new in zip(desk.market.cash_settings(), of_cash, strict=True)]
    desk.change(CommandKind.SET_RISK, act, values=[*values, *desk.market.desk_room().values(), *cash])
    return settings_of(desk)


def _check_margin(fields: dict[str, int]) -> None:
    """What the core would take, and a configuration not: a position that is called as it is opened. Raises
    FrameError."""
    for side in ("long", "short"):
        initial, kept = fields[f"initial_{side}"], fields[f"maintenance_{side}"]
        if initial < kept:
            text = f"initial_{side} is {initial / 100:g} %: expected at least maintenance_{side}, {kept / 100:g} %"
            raise FrameError("bad_args", text, field=f"initial_{side}", limit=kept, value=initial)


def _margin(desk: Desk, act: Act) -> dict[str, Any]:
    given: MarginArguments = act.arguments
    desk.instrument(given.instrument)
    row = desk.market.margin(given.instrument)
    fields = {name: int(row[name]) if (new := getattr(given, name)) is None else new for name in MARGIN_FIELDS}
    _check_margin(fields)
    desk.change(CommandKind.SET_MARGIN, act, instrument=given.instrument, **margin_command(fields))
    rows = desk.market.margins()
    return rows_of(rows[rows["instrument"] == given.instrument])[0]


def _account_risk(desk: Desk, act: Act) -> dict[str, Any]:
    given: AccountRiskArguments = act.arguments
    desk.account(given.account)
    lists = desk.market.lists_of(given.account) if given.lists is None else given.lists
    rule = given.cash_rule
    if rule is None:
        rule = desk.market.cash_rule_of(given.account) if given.risk_type == RiskType.CASH else int(CashRule.NONE)
    day_rule = given.day_trades
    if day_rule is None:
        is_margin = given.risk_type == RiskType.MARGIN
        day_rule = desk.market.day_rule_of(given.account) if is_margin else int(DayTradeRule.NONE)
    if day_rule and given.risk_type == RiskType.MARGIN:  # else the market refuses it
        daytrading.have_settings(desk, act)
    values = [lists, rule, day_rule]
    desk.change(CommandKind.SET_ACCOUNT_RISK, act, account=given.account, state=given.risk_type, values=values)
    return rows_of(desk.account(given.account))[0]


RISK = (
    Verb("risk", AnyAccount, _risk, changes=False),
    Verb("margins", AnyInstrument, _margins, changes=False),
    Verb("preview", PreviewArguments, _preview, changes=False),
    Verb("risk-settings", RiskSettings, _set_risk),
    Verb("margin", MarginArguments, _margin),
    Verb("account-risk", AccountRiskArguments, _account_risk),
)
