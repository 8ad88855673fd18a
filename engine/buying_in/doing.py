"""Does a buy-in: the commands, in one batch, and what came of them (docs/borrow.md, "Buy-in")."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from openbell import wire
from openbell.events import Reject, decode
from openbell.wire import CommandKind, EventKind

from engine.buying_in.plan import Plan
from engine.liquidation.commands import slice_order
from engine.sequencer import Sequencer, admin_command
from ext.core import Core

NAME: Final = "buy-in"  # of each of its commands


@dataclass(frozen=True, slots=True)
class Done:
    """What came of it. cost: cash, without fees; canceled: orders of its own; given_back: located lots; left: what the
    account owes now. refused: why the order was."""

    bought: int
    cost: int
    canceled: int
    given_back: int
    left: int
    refused: Reject | None


def buy_in(sequencer: Sequencer, core: Core, plan: Plan, operator: str, reason: str) -> Done:
    """Have it journaled and applied: what is in its way, why, the order; then what was located for that goes back.
    Nothing may be in the sequencer's batch. Raises ValueError for text that does not fit."""
    where: dict[str, Any] = {"account": plan.account, "instrument": plan.instrument, "name": NAME}
    who: dict[str, Any] = {"operator": operator, "reason": reason}
    commands = [admin_command(CommandKind.OPERATOR_CANCEL, **who, **where)] if plan.cancels else []
    number = plan.client_order_id
    values = (number - (number >> 63 << 64), plan.lots, plan.price, plan.mark, plan.short, plan.recalled)
    commands.append(admin_command(CommandKind.NOTE, values=values, **who, **where))
    commands.append(slice_order(plan.account, plan.instrument, wire.Side.BUY, plan.lots, plan.price, number))
    answers = sequencer.execute(commands)
    canceled = sum(_count(answer, EventKind.CANCELED) for answer in answers[:-2])
    fills = np.frombuffer(answers[-1], wire.EVENT)
    fills = fills[(fills["kind"] == EventKind.FILL) & (fills["client_order_id"] == number)]
    fills = fills[(fills["account"] == plan.account) & (fills["side"] == wire.Side.BUY)]
    bought = int(fills["qty"].sum())
    each = plan.lot_size * (wire.CASH_SCALE // wire.PRICE_SCALE)
    cost = sum(qty * price for qty, price in fills[["qty", "price"]].tolist()) * each
    given_back = _give_back(sequencer, core, plan, bought, operator, reason)
    return Done(bought, cost, canceled, given_back, plan.short - bought, _refusal(answers[-1]))


def _give_back(sequencer: Sequencer, core: Core, plan: Plan, bought: int, operator: str, reason: str) -> int:
    """Located lots that what was bought needs no more, so that they are not sold short again."""
    rows = np.frombuffer(core.locates(), wire.LOCATE_ROW)
    rows = rows[(rows["account"] == plan.account) & (rows["instrument"] == plan.instrument)]
    lots = min(bought, max(0, int(rows["located"][0]) - int(rows["short"][0]))) if len(rows) else 0
    if lots:
        sequencer.admin(
            admin_command(
                CommandKind.LOCATE,
                operator=operator,
                reason=reason,
                name=NAME,
                account=plan.account,
                instrument=plan.instrument,
                values=(-lots,),
            )
        )
    return lots


def _count(events: bytes, kind: EventKind) -> int:
    return int((np.frombuffer(events, wire.EVENT)["kind"] == kind).sum())


def _refusal(events: bytes) -> Reject | None:
    """Of the answer to an order."""
    first = next(decode(events))
    return first if isinstance(first, Reject) else None
