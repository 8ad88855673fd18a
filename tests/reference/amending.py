"""What a swarm's operators do about docs/busts.md: they bust and correct trades, now and then wrongly."""

from __future__ import annotations

from random import Random
from typing import Any

from openbell import wire
from openbell.wire import CommandKind, EventFlag, Side, TradeFlag

from tests.reference import commands as ask
from tests.reference.commands import Command
from tests.reference.market import Market

USUAL = {"bust": 0.6, "correct": 0.8}
KEPT = "trade_id", "account", "seller", "instrument", "price", "qty", "flags"


def facts(random: Random, model: Market) -> dict[str, int] | None:
    """Of one of the last trades, mostly as it is now; None where nothing was traded."""
    fills = list(model.state.output.fills)
    if not fills:
        return None
    place = random.randrange(len(fills) // 2) * 2
    of = {side: next(fill for fill in fills[place : place + 2] if fill.side == side) for side in Side}
    buyer, seller = of[Side.BUY], of[Side.SELL]
    found = {
        "trade_id": buyer.trade_id,
        "instrument": buyer.instrument,
        "account": buyer.account,
        "seller": seller.account,
        "price": buyer.price,
        "qty": buyer.qty,
        "flags": int(TradeFlag.CROSS) if buyer.flags & EventFlag.CROSS else 0,
        "buyer_order_id": buyer.order_id,
        "seller_order_id": seller.order_id,
        "buyer_client_order_id": buyer.client_order_id,
        "seller_client_order_id": seller.client_order_id,
    }
    now = model.state.amendments.get((buyer.instrument, buyer.trade_id))
    if now is not None and now.qty and random.random() < 0.8:
        found |= {"price": now.price, "qty": now.qty}
    return found


def spoilt(random: Random, model: Market, found: dict[str, int]) -> dict[str, int]:
    """With one field that is wrong, or unlikely."""
    accounts = list(model.state.accounts)
    wrong = {
        "account": (1 << 20, random.choice(accounts)),
        "seller": (1 << 20, random.choice(accounts)),
        "instrument": (1 << 20, random.choice(list(model.state.instruments))),
        "trade_id": (0, found["trade_id"] + 1000, found["trade_id"] + 1, (1 << 64) - 1),
        "price": (0, -1, wire.MAX_PRICE + 1, found["price"] + 1, wire.MAX_PRICE),
        "qty": (0, wire.MAX_QTY + 1, found["qty"] + 1, wire.MAX_QTY),
        "flags": (2, 255),
    }
    name = random.choice(KEPT)
    return found | {name: random.choice(wrong[name])}


def bust(random: Random, model: Market, bad: bool, **fields: Any) -> Command | None:
    """None where nothing was traded yet."""
    found = facts(random, model)
    if found is None:
        return None
    return ask.command(CommandKind.BUST_TRADE, **(spoilt(random, model, found) if bad else found) | fields)


def correct(random: Random, model: Market, bad: bool, **fields: Any) -> Command | None:
    """Mostly to a price or a quantity near by. None where nothing was traded yet."""
    found = facts(random, model)
    if found is None:
        return None
    price = max(1, found["price"] + random.choice((0, 0, 1, -1, 7, -30)))
    new = {"new_price": price, "new_qty": max(1, found["qty"] + random.choice((0, 0, 1, -1, 5, -4)))}
    if bad and random.random() < 0.5:
        wrong = {
            "new_price": (0, -1, wire.MAX_PRICE + 1, wire.MAX_PRICE),
            "new_qty": (0, wire.MAX_QTY + 1, wire.MAX_QTY),
        }
        name = random.choice(list(wrong))
        new[name] = random.choice(wrong[name])
    elif bad:
        found = spoilt(random, model, found)
    return ask.command(CommandKind.CORRECT_TRADE, **found | new | fields)
