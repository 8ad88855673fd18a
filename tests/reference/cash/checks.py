"""Check 24c, of accounts with a CashRule. docs/cash.md, "Checks"."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from openbell.wire import CashRule, Check, Side

from tests.reference.output import Failure

if TYPE_CHECKING:
    from tests.reference.checks import Asked


def failures(asked: Asked, free: int) -> Iterator[Failure]:
    """`free` is that of check 24 for this order."""
    ruled = asked.account.ruled
    if ruled is None:
        return
    if asked.side == Side.BUY and ruled.is_restricted:
        room = max(0, free - ruled.pending())
        if asked.notional() > room:
            yield Failure(Check.SETTLED_CASH, room, asked.notional(), room)
    if asked.side == Side.SELL and ruled.rule == CashRule.REFUSE:
        position = asked.account.positions.get(asked.instrument.number)
        held = position.qty - position.unpaid.all_lots() if position else 0
        room = max(0, held - asked.open_qty())
        out = sum(order.leaves for order in (asked.own, asked.tied) if order)  # of the open lots
        if asked.qty > max(room, out):
            yield Failure(Check.GOOD_FAITH, room, asked.qty, room)
