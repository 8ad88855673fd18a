"""Verbs that buy back what an account owes, and show what that would do. Rules: docs/borrow.md, "Buy-in"."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta
from openbell import wire
from openbell.wire import Check

from engine.buying_in.doing import buy_in
from engine.buying_in.plan import NoBuyIn, Plan, plan_of
from engine.ports.frames import FrameError
from engine.ports.verbs.verb import U32, Act, Arguments, Desk, Journaled, Verb
from engine.world import here


class BuyInArguments(Arguments):
    account: U32
    instrument: U32
    qty: Annotated[int, Meta(ge=1, le=1 << 61)]
    price: Annotated[int, Meta(ge=1, le=wire.MAX_PRICE)] | None = None


def _plan_of(desk: Desk, given: BuyInArguments) -> Plan:
    """Raises FrameError."""
    desk.account(given.account)
    desk.instrument(given.instrument)
    protection = desk.process.liquidator.terms.protection
    try:
        return plan_of(desk.market.core, protection, given.account, given.instrument, given.qty, given.price)
    except NoBuyIn as error:
        raise FrameError("rejected", str(error), field=error.field, limit=error.limit, value=error.value) from None


def _told(desk: Desk, plan: Plan) -> dict[str, Any]:
    names = ("account", "instrument", "symbol", "short", "located", "recalled", "mark", "price", "displayed", "bound")
    row: dict[str, Any] = {name: getattr(plan, name) for name in names}
    row["account_name"] = desk.account(plan.account)["name"][0].decode()
    return {**row, "qty": plan.lots, "cancels": plan.cancels}


def _plan(desk: Desk, act: Act) -> dict[str, Any]:
    return _told(desk, _plan_of(desk, act.arguments))


def _buy_in(desk: Desk, act: Act) -> dict[str, Any]:
    desk.market.sequencer.flush(here.clock.perf_counter_ns())  # what came before: then nothing comes between
    plan = _plan_of(desk, act.arguments)
    try:
        done = buy_in(desk.market.sequencer, desk.market.core, plan, act.operator, act.reason)
    except ValueError as error:
        raise FrameError("bad_args", str(error), field="reason") from None
    if done.refused is not None:
        check = Check(done.refused.check).name
        text = f"the order was refused, and nothing was bought: {done.refused}"
        raise Journaled("rejected", text, field=check, limit=done.refused.limit, value=done.refused.value)
    names = ("bought", "cost", "canceled", "given_back", "left")
    return {**_told(desk, plan), **{name: getattr(done, name) for name in names}}


BUYING_IN = (
    Verb("buy-in-plan", BuyInArguments, _plan, changes=False),
    Verb("buy-in", BuyInArguments, _buy_in),
)
