"""Desks, what they measure and what limits say, as tables for people."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from openbell.desks import DeskInfo, DeskReport, LimitInfo
from openbell.limits import limit_text
from openbell.wire import AccountState
from rich.console import Group, RenderableType
from rich.text import Text

from engine.cli import show
from engine.cli.screens import risk

NO_DESKS = "no desks yet: ./openbell ctl desk set NAME"
NO_LIMITS = "no limits yet: ./openbell ctl limit --desk NAME gross --hard CASH"


def chain(desks: Sequence[DeskInfo]) -> list[tuple[int, DeskInfo]]:
    """Desks, each right below the one above it, and how far below its firm it is."""
    below: dict[int, list[DeskInfo]] = {}
    for desk in desks:
        below.setdefault(desk.parent, []).append(desk)
    found: list[tuple[int, DeskInfo]] = []

    def walk(parent: int, depth: int) -> None:
        for desk in below.get(parent, []):
            found.append((depth, desk))
            walk(desk.desk, depth + 1)

    walk(0, 0)
    return found


def state_text(desk: DeskInfo) -> Text:
    """A desk's own state, and what is in force where that is stricter."""
    text = show.account_state(desk.state)
    if desk.in_force != desk.state:
        text.append(f", {show.member(AccountState, desk.in_force)} from above", "yellow")
    return text


def desks_table(report: DeskReport) -> RenderableType:
    """Desks, those below a firm under it, and what they measure."""
    made = []
    for depth, row in chain(report.desks):
        net = max((row.net_buy, row.net_sell), key=abs)
        made.append(
            (
                "  " * depth + row.name,
                str(row.desk),
                state_text(row),
                f"{row.accounts:,}",
                f"{row.watched:,}",
                show.cash(row.gross),
                show.cash(net),
                show.cash(row.open_notional),
                f"{row.open_orders:,}",
                risk.profit(-row.loss),
                show.cash(row.equity),
            )
        )
    columns = (
        "desk", ">id", "state", ">accounts", ">watched below", ">gross", ">net", ">open", ">orders", ">day", ">equity"
    )  # fmt: skip
    return show.table(columns, made, empty=NO_DESKS)


def used(row: LimitInfo) -> Text:
    """How much of a limit is used, red beyond the hard one, yellow beyond the soft one."""
    bound = row.hard or row.soft
    if not bound or not row.measure:
        return Text(show.NOTHING, "dim")
    style = "red" if row.hard and row.measure >= row.hard else "yellow" if row.soft and row.measure > row.soft else ""
    return Text(f"{row.measure / bound * 100:,.1f} %", style)


def of_account(report: DeskReport, account: int) -> list[LimitInfo]:
    """What limits an account: its own limits, then those of the desks above it, the nearest first."""
    found = [row for row in report.limits if not (row.is_of_desk or row.is_of_key) and row.holder == account]
    parents = {row.desk: row.parent for row in report.desks}
    desk = next((row.desk for row in report.members if row.account == account), 0)
    while desk:
        found += [row for row in report.limits if row.is_of_desk and row.holder == desk]
        desk = parents.get(desk, 0)
    return found


def limit_rows(limits: Sequence[LimitInfo], holder: Callable[[LimitInfo], str]) -> list[tuple[str | Text, ...]]:
    """Limits beside what is measured. holder: what a limit's holder is called."""
    return [
        (
            holder(row),
            row.name,
            limit_text(row.limit, row.measure),
            limit_text(row.limit, row.soft) if row.soft else "none",
            limit_text(row.limit, row.hard) if row.hard else "none",
            used(row),
        )
        for row in limits
    ]


def limits_table(
    report: DeskReport, accounts: dict[int, str], limits: Sequence[LimitInfo] | None = None
) -> RenderableType:
    """Limits beside what is measured: these, or all. accounts: their names."""
    desks = {row.desk: row.name for row in report.desks}

    def holder(row: LimitInfo) -> str:
        names = desks if row.is_of_desk else accounts
        return ("desk " if row.is_of_desk else "") + names.get(row.holder, str(row.holder))

    made = limit_rows(report.limits if limits is None else limits, holder)
    return show.table(("of", "limit", ">now", ">soft", ">hard", ">used"), made, empty=NO_LIMITS)


def screen(report: DeskReport, accounts: dict[int, str]) -> RenderableType:
    """All of it."""
    parts: list[RenderableType] = [desks_table(report)]
    if report.limits:
        parts += [Text(), limits_table(report, accounts)]
    return Group(*parts)
