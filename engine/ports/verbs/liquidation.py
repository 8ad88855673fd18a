"""Verbs of liquidations: who is called or liquidated, what would be done, and stops. Rules: docs/liquidation.md."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta

from engine.liquidation import views
from engine.ports.frames import FrameError
from engine.ports.verbs.verb import U32, Act, Arguments, Desk, OneAccount, Verb

MAX_ROWS = 10_000
MAX_STEPS = 200  # of a plan that is shown


class Listed(Arguments):
    account: U32 | None = None
    limit: Annotated[int, Meta(ge=1, le=MAX_ROWS)] = 1_000


def _list(desk: Desk, act: Act) -> dict[str, Any]:
    given: Listed = act.arguments
    if given.account is not None:
        desk.account(given.account)
    return views.listed(desk.process.liquidator, given.account, given.limit)


def _plan(desk: Desk, act: Act) -> dict[str, Any]:
    account = act.arguments.account
    desk.account(account)
    found = views.planned(desk.process.liquidator, account, MAX_STEPS)
    if found is None:
        text = f"account {account} has no margin: there is nothing to liquidate it for"
        raise FrameError("rejected", text, field="account", value=account)
    return found


def _stop(desk: Desk, act: Act) -> dict[str, Any]:
    account = act.arguments.account
    desk.account(account)
    liquidator = desk.process.liquidator
    case = liquidator.cases.get(account)
    if case is not None and case.stop is not None:
        text = f"account {account} is stopped already, by {case.stop.operator}: {case.stop.reason}"
        raise FrameError("rejected", text, field="account", value=account)
    liquidator.stop(account, act.operator, act.reason)
    return views.listed(liquidator, account, 1)


def _start(desk: Desk, act: Act) -> dict[str, Any]:
    account = act.arguments.account
    desk.account(account)
    liquidator = desk.process.liquidator
    case = liquidator.cases.get(account)
    if case is None or case.stop is None:
        text = f"account {account} is not stopped: nothing to take back"
        raise FrameError("rejected", text, field="account", value=account)
    liquidator.go_on(account, act.operator, act.reason)
    return views.listed(liquidator, account, 1)


LIQUIDATION = (
    Verb("liquidation", Listed, _list, changes=False),
    Verb("liquidation-plan", OneAccount, _plan, changes=False),
    Verb("liquidation-stop", OneAccount, _stop),
    Verb("liquidation-start", OneAccount, _start, when_full=True),
)
