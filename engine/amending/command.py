"""The AmendCommand that is journaled: all that the core needs of a trade."""

from __future__ import annotations

from typing import NamedTuple

from openbell import wire
from openbell.records import struct_of
from openbell.wire import CommandKind, TradeFlag

from engine.amending.facts import Facts
from engine.sequencer import checked_text

_AMEND = struct_of(wire.AMEND_COMMAND)


class Terms(NamedTuple):
    """Price (1e-4) and lots of a trade."""

    price: int
    qty: int


def amend_command(
    facts: Facts, now: Terms, new: Terms | None, *, operator: str, reason: str, request: int = 0
) -> bytes:
    """BUST_TRADE, or with `new` terms CORRECT_TRADE, of a trade that is `now` so. Raises ValueError naming a field
    that does not fit."""
    kind = CommandKind.BUST_TRADE if new is None else CommandKind.CORRECT_TRADE
    price, qty = new or (0, 0)
    texts = (checked_text("operator", operator), checked_text("reason", reason))
    buyer, seller = facts.buyer, facts.seller
    return _AMEND.pack(
        0, 0, kind, 0, TradeFlag.CROSS if facts.is_auction else 0, buyer.account, facts.instrument, request,
        facts.trade_id, now.price, now.qty, qty, price, buyer.order_id, seller.order_id, buyer.client_order_id,
        seller.client_order_id, seller.account, 0, facts.seq, facts.ts_ns, 0, *texts,
    )  # fmt: skip
