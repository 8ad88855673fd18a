"""Random flow in bulk through the core and the model of tests/reference/: same events, same market data, same rows.

On a failure the seed is at the head of the test run, and the steps that lead to the difference are printed, as few of
them as a little shrinking finds. At the end every documented kind of event, check, reason and record must have been
seen.
"""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from openbell.wire import BookKind, CancelReason, Check, CommandKind, EventFlag, EventKind

from tests.reference.compare import Different, Pair, Step, shrink
from tests.reference.reach import CORE
from tests.reference.records import REJECTS, events_of, market_data_of
from tests.reference.swarm import Swarm
from tests.reference.worlds import WORLDS, World

SWARMS = 4  # of each world
ROWS_EVERY = 10
ALL_EVERY = 40
SEEN: Counter[tuple[str, int]] = Counter()
OF_AUCTIONS = {
    # A free page is asked for before any order is taken; those that waited for an auction come to the book together.
    ("reason", int(CancelReason.LEVEL_CAPACITY)),
    ("book", int(BookKind.CROSS)),
    ("book", int(BookKind.INDICATIVE)),
    ("event", int(EventKind.AUCTION)),
    ("flag", int(EventFlag.CROSS)),
    ("command", int(CommandKind.RUN_AUCTION)),
    ("reason", int(CancelReason.AUCTION_END)),
}


def count(pair: Pair, step: Step, events: bytes, market_data: bytes) -> None:
    """What this step has reached."""
    for event in events_of(events):
        SEEN["event", event.kind] += 1
        if event.kind in REJECTS:
            SEEN["check", event.check] += 1
            if event.kind in (EventKind.REJECTED, EventKind.REPLACE_REJECTED):
                SEEN[f"check of {EventKind(event.kind).name}", event.check] += 1
        else:
            SEEN["flag", event.flags] += 1
            if event.kind == EventKind.CANCELED:
                SEEN["reason", event.reason] += 1
    for record in market_data_of(market_data):
        SEEN["book", record.kind] += 1
    SEEN["command", step.command.fields["kind"]] += 1


# What docs/orders.md and docs/auctions.md name and neither core nor model takes yet.
NOT_YET = {
    ("book", int(BookKind.HIDDEN_TRADE)),
    ("event", int(EventKind.RESTATED)),
    ("check", int(Check.REDUCE_ONLY)),
    ("reason", int(CancelReason.MIN_QTY)),
    ("reason", int(CancelReason.REDUCE_ONLY)),
    # docs/bands.md
    *(("command", int(kind)) for kind in (CommandKind.SET_BANDS, CommandKind.SET_SHORT_SALE, CommandKind.SET_TICKS)),
    *(("event", int(kind)) for kind in (EventKind.BANDS_SET, EventKind.SHORT_SALE_SET, EventKind.TICKS_SET)),
    *(("check", int(check)) for check in (Check.PRICE_BAND, Check.SHORT_PRICE)),
    ("reason", int(CancelReason.PRICE_BAND)),
    ("book", int(BookKind.BANDS)),
    # docs/linked.md
    *(("check", int(check)) for check in (Check.ROLE, Check.LINK)),
    *(("reason", int(reason)) for reason in (CancelReason.LINKED, CancelReason.EXPOSURE)),
} | (set() if CORE.auctions else OF_AUCTIONS)


def flow(random: Random, world: World) -> tuple[list[Step], Different | None]:
    """The steps of one swarm; the difference that stopped it."""
    pair = Pair()
    swarm = Swarm(random, world, pair.model)
    steps = [Step(command) for command in world.opening(random)]
    try:
        for place in range(world.commands):
            if place >= len(steps):
                steps.append(swarm.next())
            events, market_data = pair.step(steps[place])
            count(pair, steps[place], events, market_data)
            if place % ROWS_EVERY == 0:
                pair.compare_rows()
            if place % ALL_EVERY == 0:
                pair.compare_books()
                pair.check_invariants()
    except AssertionError as error:
        return steps, Different(str(error))
    sizes = iter(lambda: random.choice((1, 2, 7, 100, 999)), None)
    pair.replay(sizes, iter(lambda: random.random() < 0.2, None))
    return steps, None


@pytest.mark.parametrize("number", range(SWARMS))
@pytest.mark.parametrize("world", WORLDS, ids=[world.name for world in WORLDS])
def test_core_and_model_agree(world: World, number: int, seed: int) -> None:
    random = Random(f"{seed} {world.name} {number}")
    steps, difference = flow(random, world)
    if difference is not None:
        found = str(difference)
        fewer, shrunk = shrink(steps)
        if shrunk:
            said = "\n".join(f"  {step!r}" for step in fewer)
            pytest.fail(f"{world.name}, {len(fewer)} of {len(steps)} steps:\n{said}\n{shrunk}")
        pytest.fail(f"{world.name}, after {len(steps)} steps, not when compared after each: {found}")


def documented() -> set[tuple[str, int]]:
    """Everything that docs/wire.md and docs/core.md name and random flow has to reach."""
    due = {("event", int(kind)) for kind in EventKind} | {("check", int(check)) for check in Check}
    due |= {("reason", int(reason)) for reason in CancelReason} | {("book", int(kind)) for kind in BookKind}
    due |= {("flag", int(flag)) for flag in EventFlag} | {("command", int(kind)) for kind in CommandKind}
    both = (
        set(range(Check.ACCOUNT, Check.UNKNOWN_ORDER + 1))
        - {Check.UNKNOWN_ORDER, Check.INSTRUMENT, Check.CLIENT_ORDER_ID, Check.DUPLICATE_ID, Check.STALE_ID, Check.SIDE}
        - {Check.ORDER_TYPE, Check.TIME_IN_FORCE, Check.SELF_TRADE_MODE, Check.OPEN_ORDERS, Check.ORDER_CAPACITY}
        - {Check.POSITION_CAPACITY}
    )
    due |= {("check of REPLACE_REJECTED", check) for check in both | {Check.UNKNOWN_ORDER}}
    due |= {("check of REJECTED", check) for check in range(Check.ACCOUNT, Check.UNKNOWN_ORDER)}
    return due - NOT_YET


def test_everything_documented_was_reached(request: pytest.FixtureRequest) -> None:
    ran = [item for item in request.session.items if "test_core_and_model_agree" in item.nodeid]
    if len(ran) < SWARMS * len(WORLDS):
        pytest.skip("only some of the flows were asked for")
    for (what, number), times in sorted(SEEN.items()):
        print(f"{what} {number}: {times:,}")
    assert documented() - SEEN.keys() == set()
    assert sum(times for (what, _), times in SEEN.items() if what == "command") >= 100_000
