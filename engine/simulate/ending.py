"""The end of a run: everybody must know the same then."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from openbell import wire
from openbell.wire import Channel

from engine.market import CHANNELS
from engine.simulate.claims import GAPLESS, REPLAY, Claims
from engine.simulate.clients.onlooker import Onlooker
from engine.simulate.clients.trader import Trader
from engine.simulate.house import House
from engine.simulate.projection import Projection


def why_not_settled(house: House, traders: Sequence[Trader], onlooker: Onlooker, projection: Projection) -> str | None:
    """What is still under way; None where nothing is."""
    engine = house.engine
    if engine is None:
        return f"the market is not live: {house.messages[-3:]}"
    market = engine.market
    if len(market.gate) or market.journal.durable_seq < market.core.seq:
        return "the journal is behind"
    for trader in traders:
        if not trader.is_settled:
            return f"{trader.name} has no answer to something, or is not online"
    if not onlooker.feed.is_live:
        return "the market data are not live"
    for trader in traders:
        if trader.last_account_seq < market.streams.range(trader.account)[1]:
            return f"{trader.name} does not have all events"
    for channel in onlooker.channels:
        if onlooker.feed.sequence(channel) < market.feed.sequences[CHANNELS.index(chr(channel))]:
            return f"the onlooker does not have all of channel {chr(channel)}"
    if projection.database.is_busy:
        return "the database has a transaction under way"
    mark = projection.database.watermark
    if mark is None or mark["seq"] < market.core.seq:
        return f"the database is at {mark and mark['seq']} of {market.core.seq}: {projection.failed[-2:]}"
    return None


def check_end(claims: Claims, house: House, traders: Sequence[Trader], onlooker: Onlooker) -> None:
    """What everybody knows is what is."""
    engine = house.engine
    assert engine is not None
    core = engine.market.core
    claims.compare(core.seq, core.state_hash())
    claims.finish()
    for trader in traders:
        claims.checked[GAPLESS] += 1
        told = claims.events_of(trader.account)
        if trader.events != [event for number, event in sorted(told.items()) if number not in trader.lost]:
            claims.violated(GAPLESS, f"{trader.name} has {len(trader.events)} events, a replay gives {len(told)}")
        rows = np.frombuffer(core.orders(account=trader.account), wire.ORDER_ROW)
        live = {int(row["client_order_id"]): int(row["leaves"]) for row in rows}
        known = {number: order.leaves for number, order in trader.desk.orders.items()}
        missing = {number: leaves for number, leaves in known.items() if live.get(number) != leaves}
        if missing:
            claims.violated(GAPLESS, f"{trader.name} believes in orders {missing}, the market has {live}")
    feed = onlooker.feed
    for channel in onlooker.channels:
        claims.checked[GAPLESS] += 1
        ours, theirs = feed.sequence(channel), engine.market.feed.sequences[CHANNELS.index(chr(channel))]
        if ours != theirs:
            claims.violated(GAPLESS, f"the onlooker is at {ours} of channel {chr(channel)}, the market at {theirs}")
    for symbol, row in feed.instruments.items():
        resting = np.frombuffer(core.book(row.instrument), wire.MARKET_DATA)
        book = sorted((int(one["order_id"]), int(one["price"]), int(one["leaves"])) for one in resting)
        seen = sorted(onlooker.orders(symbol))
        if book != seen:
            claims.violated(REPLAY, f"the onlooker's book of {symbol} is not that of the market")
    assert Channel.BOOK in onlooker.channels
