"""What accounts are worth and must keep, as tables for people."""

from __future__ import annotations

import math

from openbell.daytrading import DayTradeInfo, DayTradeSettings
from openbell.risk import ExposureInfo, MarginInfo, Preview, RiskInfo, RiskReport, RiskSettings, level_name, worst_first
from openbell.wire import MarkBy, RiskLevel, RiskType
from rich.console import Group, RenderableType
from rich.text import Text

from engine.cli import show

STYLES = {
    RiskLevel.NORMAL: "green",
    RiskLevel.ALERT: "yellow",
    RiskLevel.CALL: "red",
    RiskLevel.LIQUIDATION: "bold red",
}
NOBODY = "no account is watched: ./openbell ctl account-risk ACCOUNT cash|margin"


def level(number: int) -> Text:
    """A RiskLevel in its colour."""
    return Text(level_name(number), STYLES.get(RiskLevel(number), "red") if number in STYLES else "red")


def percent(rate: int) -> str:
    """A part of 1e-4 as percent: 2,500 is "25 %"."""
    return f"{rate / 100:g} %"


def profit(units: int) -> Text:
    """An amount of cash, green above 0 and red below."""
    return Text(show.cash(units), "green" if units > 0 else "red" if units < 0 else "dim")


def used(row: RiskInfo) -> Text:
    """How much of its equity an account must keep."""
    if math.isinf(row.utilization):
        return Text("no equity", "bold red")
    style = "red" if row.utilization > 100 else "" if row.maintenance else "dim"
    return Text(f"{row.utilization:,.1f} %", style)


def settings_text(settings: RiskSettings) -> str:
    """What SET_RISK has in force, in words."""
    if not settings.marks_each_tick:
        marks = "positions are never marked"
    else:
        marks = f"{settings.marks_each_tick:,} positions marked at most every {settings.mark_interval_ms} ms"
    alert = f"alert below {percent(settings.alert)} of what must be kept" if settings.alert else "no alert"
    liquidation = f"liquidation below {percent(settings.liquidation)}" if settings.liquidation else "no liquidation"
    return f"{marks}; {alert}, call below 100 %, {liquidation}"


def cash_text(settings: RiskSettings) -> str:
    """When cash accounts with a rule are restricted (docs/cash.md)."""
    if not settings.cash_restriction_days:
        return "cash accounts are never restricted"
    by = f"{settings.cash_violations} violations" if settings.cash_violations else "free riding alone"
    if settings.cash_violations and settings.cash_violation_days:
        by += f" within {settings.cash_violation_days:,} days"
    return f"cash accounts restricted for {settings.cash_restriction_days:,} days by {by}"


def day_trades_text(settings: DayTradeSettings) -> str:
    """What makes a pattern day trader, and what is asked of one (docs/daytrading.md)."""
    if not settings.pattern_day_trades:
        return "no day trades make a pattern"
    within = show.counted(settings.pattern_days, "business day")
    share = f", above {percent(settings.pattern_share)} of all trades," if settings.pattern_share else ""
    return (
        f"{show.counted(settings.pattern_day_trades, 'day trade')} within {within}{share} make a pattern day trader; "
        f"least equity of one {show.exact_cash(settings.pattern_equity)}"
    )


def day_trader_words(row: DayTradeInfo, settings: DayTradeSettings) -> str:
    """What is known of the day trades of an account."""
    within = show.counted(settings.pattern_days, "business day")
    trades = f"{show.counted(row.day_trades, 'day trade')} of {show.counted(row.trades, 'trade')} within {within}"
    kept = f", {show.exact_cash(row.kept)} paid in stay" if row.kept else ""
    return f"{'a pattern day trader, ' if row.is_pattern else ''}{trades}{kept}"


def day_traders_table(rows: list[DayTradeInfo]) -> RenderableType:
    """Margin accounts that are held to the rule of day trades."""
    made = [
        (
            row.account_name,
            Text("pattern day trader", "red") if row.is_pattern else Text("no pattern", "green"),
            f"{row.day_trades:,}",
            f"{row.trades:,}",
            f"{row.day_trades_0:,}",
            show.exact_cash(row.kept),
        )
        for row in rows
    ]
    columns = ("account", "is", ">day trades", ">trades", ">day trades today", ">cash that stays")
    return show.table(columns, made, empty="no account is held to the rule of day trades")


def accounts_table(report: RiskReport) -> RenderableType:
    """Watched accounts, the worst first."""
    made = [
        (
            row.account_name,
            show.member(RiskType, row.risk_type),
            level(row.level),
            show.cash(row.equity),
            show.cash(row.maintenance),
            used(row),
            show.cash(row.initial),
            profit(row.excess),
            profit(row.unrealized),
        )
        for row in worst_first(report.accounts)
    ]
    columns = (
        "account", "as", "level", ">equity", ">must keep", ">of equity", ">with orders", ">excess", ">unrealized",
    )  # fmt: skip
    lines: list[RenderableType] = [show.table(columns, made, empty=NOBODY)]
    if report.day_traders:
        lines.append(day_traders_table(report.day_traders))
    if made:
        lines.append(Text(settings_text(report.settings), "dim"))
    if report.day_traders:
        lines.append(Text(day_trades_text(report.day_trade_settings), "dim"))
    return Group(*lines)


def account_lines(name: str, report: RiskReport) -> RenderableType:
    """All that is known of one account; of one that is not watched nothing is."""
    row = next(iter(report.accounts), None)
    if row is None:
        return Text(f"{name} is not watched: nothing of it is worked out, but its positions have marks", "yellow")
    lines: dict[str, RenderableType] = {
        "account": Text.assemble(f"{name} ({row.account}), {show.member(RiskType, row.risk_type)}, ", level(row.level)),
        "equity": f"{show.exact_cash(row.equity)}, {show.exact_cash(row.value)} of it its positions",
        "must keep": Text.assemble(f"{show.exact_cash(row.maintenance)}, ", used(row), " of its equity"),
        "with its orders": f"{show.exact_cash(row.initial)}, excess {show.exact_cash(row.excess)}",
        "unrealized": profit(row.unrealized),
    }
    if row.shortfall:
        lines["is short of"] = Text(f"{show.exact_cash(row.shortfall)} in cash", "red")
    for one in report.day_traders:
        lines["day trades"] = day_trader_words(one, report.day_trade_settings)
        if one.is_pattern and row.equity < report.day_trade_settings.pattern_equity:
            least = show.exact_cash(report.day_trade_settings.pattern_equity)
            lines["may only close"] = Text(f"the least equity of a pattern day trader is {least}", "red")
    return show.pairs(lines)


def exposures_table(rows: list[ExposureInfo], margins: dict[int, MarginInfo]) -> RenderableType:
    """Positions of an account, what needs most first. margins: by instrument."""
    made = []
    for row in sorted(rows, key=lambda one: (-one.maintenance, -one.initial, one.instrument)):
        if not (row.qty or row.initial):
            continue
        of = margins.get(row.instrument)
        made.append(
            (
                row.symbol or str(row.instrument),
                f"{row.qty:,}",
                show.price(row.mark),
                show.cash(row.value),
                profit(row.unrealized),
                show.cash(row.maintenance),
                show.cash(row.initial),
                rates(of, short=row.qty < 0) if of else show.NOTHING,
            )
        )
    columns = ("symbol", ">lots", ">mark", ">value", ">unrealized", ">must keep", ">with orders", "rates")
    return show.table(columns, made, empty="no positions, and no open orders")


def rates(row: MarginInfo, *, short: bool) -> str:
    """Initial and maintenance of a side."""
    if short:
        return f"{percent(row.initial_short)} / {percent(row.maintenance_short)}"
    return f"{percent(row.initial_long)} / {percent(row.maintenance_long)}"


def margins_table(rows: list[MarginInfo]) -> RenderableType:
    """What positions in instruments must have behind them."""
    made = [
        (
            row.symbol,
            show.price(row.mark),
            show.member(MarkBy, row.mark_by),
            rates(row, short=False),
            rates(row, short=True),
            least_text(row),
        )
        for row in rows
    ]
    columns = ("symbol", ">mark", "by", "long", "short", "least a share sold short")
    return show.table(columns, made, empty="no instruments yet: ./openbell ctl set-instrument SYM --new")


def least_text(row: MarginInfo) -> str:
    """The least for a share sold short."""
    if not row.least:
        return "none"
    below = f"{show.price(row.least_low)} below {show.price(row.least)}, then " if row.least_low else ""
    return f"{below}{show.price(row.least)}"


def margin_words(row: MarginInfo) -> str:
    """What positions in an instrument must have behind them, in one line."""
    marked = {MarkBy.LAST: "the last trade", MarkBy.MID: "the middle of the book", MarkBy.CLOSE: "the day's close"}
    by = marked.get(MarkBy(row.mark_by), "?") if row.mark_by in marked else f"MarkBy {row.mark_by}"
    return (
        f"long {percent(row.initial_long)} at first, {percent(row.maintenance_long)} kept; short "
        f"{percent(row.initial_short)}, {percent(row.maintenance_short)}, least a share {least_text(row)}; by {by}"
    )


def preview_lines(head: str, preview: Preview) -> RenderableType:
    """What an order would do: `head` says which."""
    verdict = Text(f"{head}: it would be accepted", "green")
    if not preview.is_accepted:
        verdict = Text(f"{head}: it would be refused: {preview.event}", "red")
    if preview.before is None or preview.after is None:
        return Group(verdict, Text("nobody watches the account: of what it is worth nothing is worked out", "dim"))
    rows = [
        (title, show.exact_cash(getattr(preview.before, name)), show.exact_cash(getattr(preview.after, name)))
        for title, name in (
            ("equity", "equity"), ("must keep", "maintenance"), ("with its orders", "initial"), ("excess", "excess")
        )
    ]  # fmt: skip
    return Group(verdict, show.table(("", ">now", ">with it, untraded"), rows))
