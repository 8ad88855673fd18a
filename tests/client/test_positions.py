"""Positions followed by events are those of the market, whatever operators amend."""

from __future__ import annotations

from collections import Counter
from random import Random

import numpy as np
from openbell import wire
from openbell.positions import moves

from tests.reference.market import Market
from tests.reference.records import POSITION_ROW
from tests.reference.swarm import Swarm
from tests.reference.worlds import WORLDS


def test_what_moves_adds_up_to_the_positions(seed: int) -> None:
    random, model = Random(seed), Market()
    swarm = Swarm(random, WORLDS[0], model)
    held: Counter[tuple[int, int]] = Counter()
    steps = WORLDS[0].opening(random)
    kinds: set[int] = set()
    for number in range(1500):
        command = steps[number] if number < len(steps) else swarm.next().command
        if command.fields["kind"] == wire.CommandKind.TICK:
            continue
        try:
            model.apply(command.encode(model.seq + 1, model.ts_ns + 1))
        except ValueError:
            continue
        moving, lots = moves(np.frombuffer(model.take_events(), wire.EVENT))
        for event, count in zip(moving, lots.tolist(), strict=True):
            held[int(event["account"]), int(event["instrument"])] += count
            kinds.add(int(event["kind"]))
    assert {one: lots for one, lots in held.items() if lots} == {
        (row.account, row.instrument): row.qty for row in POSITION_ROW.rows(model.positions()) if row.qty
    }
    assert wire.EventKind.SHARES in kinds
