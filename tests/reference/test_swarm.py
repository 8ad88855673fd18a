"""The model alone on random flow with all that it takes: what must hold does, and the flow reaches all of it."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any

import pytest
from openbell.wire import (
    AuctionKind,
    BookKind,
    CancelReason,
    Check,
    EventFlag,
    EventKind,
    InstrumentState,
    OrderType,
    Place,
    Rule,
    TimeInForce,
)

from tests.reference import reached, solvent
from tests.reference.actions import invariants as acted
from tests.reference.cash import invariants as held
from tests.reference.compare import Step
from tests.reference.daytrading import invariants as counted
from tests.reference.desk import START_NS
from tests.reference.desks import invariants
from tests.reference.invariants import Watch
from tests.reference.market import Market
from tests.reference.records import ORDER_ROW, REJECTS, events_of, market_data_of
from tests.reference.swarm import Swarm
from tests.reference.worlds import WORLDS, World

COMMANDS = 1700  # of each world
CHECK_EVERY = 10
ORDERS_REJECTED = (EventKind.REJECTED, EventKind.REPLACE_REJECTED)
OF_BANDS = (EventKind.BANDS_SET, EventKind.SHORT_SALE_SET, EventKind.TICKS_SET)
SEEN: Counter[tuple[Any, ...]] = Counter()
REACHED: Counter[tuple[Any, ...]] = Counter()  # of docs/orders.md


def flow(random: Random, world: World) -> None:
    model, watch = Market(), Watch()
    swarm = Swarm(random, world, model)
    opening = [Step(command) for command in world.opening(random)]
    seq, ts_ns = 0, START_NS
    for place in range(COMMANDS):
        step = opening[place] if place < len(opening) else swarm.next()
        ts_ns += step.after_ns
        before = {each.number: each.state for each in model.state.instruments.values()}
        looks = world.desks and place % CHECK_EVERY == 0  # all sums anew: it takes its time
        risk = solvent.risk_of(model, step.command) if looks else None
        standing = invariants.standing_of(model, step.command, risk)
        watch.counted.look(model, step.command)
        try:
            seq += model.apply(step.command.encode(seq + 1, ts_ns), True)
        except ValueError:
            continue
        events, market_data = events_of(model.take_events()), market_data_of(model.take_market_data())
        watch.hear(step.command, events, market_data)
        if standing is not None:
            invariants.check_order(model, standing, invariants.standing_of(model, step.command, risk), events)
        acted.check_order(model, step.command, events)
        held.check_order(model, step.command, events)
        counted.check_order(model, step.command, events)
        reached.hear(REACHED, step.command, events, market_data, watch.asked)
        if place % CHECK_EVERY == 0:
            watch.check(model)
            SEEN.update(("waits", row.order_type, row.tif) for row in place_of(model, Place.CALL))
        for event in events:
            count(event, before)
        for record in market_data:
            if record.kind == BookKind.INDICATIVE:
                SEEN["indicative", bool(record.price)] += 1


def place_of(model: Market, place: Place) -> list[Any]:
    return [row for row in ORDER_ROW.rows(model.orders()) if row.place == place]


def count(event: Any, before: dict[int, int]) -> None:
    """What this event shows to be reached."""
    if event.kind in REJECTS:
        SEEN["check", EventKind(event.kind), event.check] += 1
        if event.check == Check.COMBINATION:
            SEEN["rule", EventKind(event.kind), event.limit] += 1
        if event.kind == EventKind.ADMIN_REJECTED:
            SEEN["mistake", event.check, event.client_order_id if event.check == Check.VALUE else 0] += 1
    elif event.kind == EventKind.AUCTION:
        SEEN["auction", event.reason, bool(event.price)] += 1
        SEEN["imbalance", event.side if event.leaves else None] += 1
    elif event.kind == EventKind.INSTRUMENT_STATE:
        SEEN["move", before[event.instrument], event.reason] += 1
    elif event.kind == EventKind.CANCELED:
        SEEN["reason", event.reason] += 1
    elif event.kind in OF_BANDS:
        SEEN["set", event.kind] += 1
    elif event.kind == EventKind.FILL:
        SEEN["crosses", bool(event.flags & EventFlag.CROSS)] += 1


def due() -> set[tuple[Any, ...]]:
    """What docs/auctions.md names."""
    limit, market, to_limit = OrderType.LIMIT, OrderType.MARKET, OrderType.MARKET_TO_LIMIT
    for_auctions = (TimeInForce.AT_OPEN, TimeInForce.AT_CLOSE, TimeInForce.AUCTION)
    found: set[tuple[Any, ...]] = {("auction", kind, price) for kind in AuctionKind for price in (False, True)}
    found |= {("waits", kind, tif) for kind in (limit, market) for tif in for_auctions}
    found |= {("waits", kind, tif) for kind in (limit, market, to_limit) for tif in (TimeInForce.DAY, TimeInForce.GTC)}
    found |= {("waits", limit, TimeInForce.GTD), ("waits", to_limit, TimeInForce.AUCTION)}
    found |= {("move", before, after) for before in InstrumentState for after in InstrumentState}
    found |= {("imbalance", side) for side in (None, 0, 1)}
    found |= {("indicative", price) for price in (False, True)} | {("crosses", True), ("crosses", False)}
    found |= {("mistake", Check.VALUE, index) for index in range(4)}
    found |= {("mistake", Check.INSTRUMENT_STATE, 0), ("mistake", Check.INSTRUMENT, 0)}
    found |= {("rule", EventKind.REJECTED, rule) for rule in (Rule.TIF, Rule.POST, Rule.MODE)}
    found |= {("rule", EventKind.REPLACE_REJECTED, Rule.POST)}
    found |= {("reason", reason) for reason in (CancelReason.AUCTION_END, CancelReason.LEVEL_CAPACITY)}
    found |= {("reason", CancelReason.PRICE_BAND), *(("set", kind) for kind in OF_BANDS)}
    found |= {("check", kind, check) for kind in ORDERS_REJECTED for check in (Check.PRICE_BAND, Check.SHORT_PRICE)}
    return found


@pytest.mark.parametrize("world", WORLDS, ids=[world.name for world in WORLDS])
def test_what_must_hold_does(world: World, seed: int) -> None:
    for number in range(world.swarms):
        flow(Random(f"{seed} {world.name} {number}"), world)


def test_all_of_auctions_was_reached(request: pytest.FixtureRequest) -> None:
    ran = [item for item in request.session.items if "test_what_must_hold_does" in item.nodeid]
    if len(ran) < len(WORLDS):
        pytest.skip("only some of the flows were asked for")
    assert due() - SEEN.keys() == set()


def test_all_of_special_orders_was_reached(request: pytest.FixtureRequest) -> None:
    ran = [item for item in request.session.items if "test_what_must_hold_does" in item.nodeid]
    if len(ran) < len(WORLDS):
        pytest.skip("only some of the flows were asked for")
    assert reached.due() - REACHED.keys() == set()
