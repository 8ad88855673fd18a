"""What of docs/orders.md a flow has reached, by what it says: so that random flow is known to have orders meet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from openbell.wire import (
    BookKind,
    CancelReason,
    Check,
    EventFlag,
    EventKind,
    OrderFlag,
    Peg,
    RestateReason,
    Rule,
)

from tests.reference.commands import Command
from tests.reference.records import REJECTS

Asked = Mapping[int, Mapping[str, Any]]  # by order id: the fields of the command that entered it


def traits(asked: Mapping[str, Any]) -> list[str]:
    """What there is about an order that may rest."""
    flags = asked.get("flags", 0)
    found = [f"peg {Peg(asked['peg']).name}"] if asked.get("peg") else []
    found += ["hidden"] if flags & OrderFlag.HIDDEN else []
    found += ["all or none"] if flags & OrderFlag.ALL_OR_NONE else []
    found += ["reduce only"] if flags & OrderFlag.REDUCE_ONLY else []
    return found + [name for name in ("min_qty", "display_qty", "discretion") if asked.get(name)]


def hear(
    seen: Counter[tuple[Any, ...]], command: Command, events: list[Any], market_data: list[Any], asked: Asked
) -> None:
    """Count what one command has reached."""
    triggers = any(event.kind == EventKind.TRIGGERED for event in events)
    own = {event.order_id for event in events if event.kind in (EventKind.ACCEPTED, EventKind.REPLACED)}
    makers = {}
    for event in events:
        if event.kind in REJECTS:
            if event.check == Check.COMBINATION and event.kind == EventKind.REJECTED:
                seen["rule", Rule(event.limit).name] += 1
            seen["check", Check(event.check).name] += 1
        elif event.kind == EventKind.CANCELED:
            seen["reason", CancelReason(event.reason).name] += 1
        elif event.kind == EventKind.RESTATED:
            seen["restated", RestateReason(event.reason).name] += 1
        elif event.kind == EventKind.FILL and not event.flags & EventFlag.CROSS:
            role = "maker" if event.flags & EventFlag.MAKER else "taker"
            maker = makers.setdefault((event.instrument, event.trade_id % (1 << 32)), event.order_id)
            for trait in traits(asked[event.order_id]):
                seen[role, trait] += 1
                if role == "taker" and not triggers and not own & {maker, event.order_id}:
                    seen["recheck", trait, "with", *traits(asked[maker])[:1]] += 1
        elif event.kind == EventKind.REPLACED:
            for trait in traits(asked[event.order_id]):
                seen["replaced", trait, "in place" if event.flags & EventFlag.PRIORITY_KEPT else "anew"] += 1
        elif event.kind == EventKind.ACCEPTED and command.fields.get("flags", 0) & OrderFlag.SLIDE:
            seen["slid", event.price != command.fields["price"]] += 1
    gone = set()
    for record in market_data:
        if record.kind == BookKind.EXECUTE and record.leaves == 0:
            gone.add(record.order_id)
        elif record.kind == BookKind.ADD and record.order_id in gone:
            seen["next part",] += 1
        elif record.kind == BookKind.HIDDEN_TRADE and asked[makers[record.instrument, record.trade_no]].get(
            "discretion"
        ):
            seen["within discretion",] += 1


def due() -> set[tuple[Any, ...]]:
    """What random flow must reach."""
    pegs = [f"peg {peg.name}" for peg in Peg if peg]
    resting = ["hidden", "all or none", "min_qty", "display_qty", "discretion", "reduce only"]
    found: set[tuple[Any, ...]] = {("rule", rule.name) for rule in Rule if rule <= Rule.DISCRETION}
    found |= {("maker", trait) for trait in pegs + resting}
    found |= {("taker", trait) for trait in ("peg MARKET", "peg MIDPOINT", *resting)}
    found |= {("recheck", *pair) for pair in (("peg MARKET", "with", "hidden"), ("hidden", "with", "peg MARKET"))}
    found |= {("replaced", trait, how) for trait in pegs + resting for how in ("in place", "anew")}
    found |= {("restated", reason.name) for reason in (RestateReason.SELF_TRADE, RestateReason.REDUCE_ONLY)}
    found |= {("reason", reason.name) for reason in (CancelReason.MIN_QTY, CancelReason.REDUCE_ONLY)}
    found |= {("slid", False), ("slid", True), ("check", "REDUCE_ONLY"), ("check", "POST_ONLY")}
    return found | {("next part",), ("within discretion",)}
