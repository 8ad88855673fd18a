"""kill -9 under load, again and again: whatever a client was shown is in the journal and comes again the same."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import openbell
import pytest
from openbell import wire

from engine.journal.reader import JournalReader
from ext.core import Core
from tests.chaos.market import ACCOUNTS, Market
from tests.chaos.trader import Trader

KILLS = 50
PATIENCE_S = 60.0  # until all is answered and shown, on a busy machine
LIVES_S = (0.02, 0.35)  # from live until killed


@pytest.fixture
def market(tmp_path: Path) -> Iterator[Market]:
    made = Market(tmp_path)
    yield made
    made.end()


def journaled(data: Path) -> tuple[Core, np.ndarray[Any, Any]]:
    """What the journal alone says: a core that applied all of it, and all events."""
    core, events = Core(), []
    with JournalReader(data / "journal") as reader:
        while commands := reader.read():
            core.apply(commands)
            events.append(core.take_events())
    return core, np.frombuffer(b"".join(events), wire.EVENT)


def caught_up(market: Market, traders: list[Trader]) -> None:
    """Have every trader stop, and wait until it has seen the last event of its account."""
    deadline_s = time.monotonic() + PATIENCE_S
    for trader in traders:
        trader.stopping.set()
    for trader in traders:
        while not trader.quiet.wait(0.1):  # what it has sent can still wait for its turn
            assert trader.failure is None, trader.failure
            assert time.monotonic() < deadline_s, f"{trader.account} saw {trader.seen}: {market.tail()}"
    with openbell.Operator(market.data, name="olga") as operator:
        rows = {row.account: row.account_seq for row in operator.accounts()}
    for trader in traders:
        trader.target_seq = rows[trader.id]
    for trader in traders:
        trader.done.wait(max(0.0, deadline_s - time.monotonic()))
        assert trader.failure is None, trader.failure
        assert trader.done.is_set(), f"{trader.account} saw {trader.seen} of {trader.target_seq}: {market.tail()}"


@pytest.mark.slow
@pytest.mark.timeout(420)
def test_nothing_that_a_client_saw_is_lost(market: Market, seed: int) -> None:
    chance = random.Random(seed)
    market.start()
    traders = [Trader(market.data, account, seed + number) for number, account in enumerate(ACCOUNTS)]
    for trader in traders:
        trader.start()
    for _ in range(KILLS):
        time.sleep(chance.uniform(*LIVES_S))
        market.kill()
        seen = {trader.id: trader.seen for trader in traders}
        market.start()
        assert [trader.failure for trader in traders if trader.failure] == []
        # What was shown before the crash is there right after the restart, before anything new.
        with openbell.Operator(market.data, name="olga") as operator:
            there = {row.account: row.account_seq for row in operator.accounts()}
        assert {account: there[account] for account, seq in seen.items() if there[account] < seq} == {}
    time.sleep(0.3)
    caught_up(market, traders)
    assert market.stop() == 0, market.tail()

    core, events = journaled(market.data)
    for trader in traders:
        shown, told = trader.events, events[events["account"] == trader.id]
        told = told[told["account_seq"] > 0]
        assert np.array_equal(shown["account_seq"], np.arange(shown["account_seq"][0], len(told) + 1))
        assert shown.tobytes() == told[int(shown["account_seq"][0]) - 1 :].tobytes(), "the stream is not the journal's"
        first = shown[(shown["kind"] == wire.EventKind.ACCEPTED) & (shown["flags"] & wire.EventFlag.DUPLICATE == 0)]
        assert len(np.unique(first["client_order_id"])) == len(first), "an order was accepted twice"
        assert (shown["kind"] == wire.EventKind.FILL).any()
    again, _ = journaled(market.data)
    assert again.state_hash() == core.state_hash()
    starts_s = sorted(market.starts_s[1:])
    print(f"{KILLS} kills, {len(events):,} events, restart {starts_s[len(starts_s) // 2]:.2f} s (median), "
          f"{starts_s[-1]:.2f} s (longest); seed {seed}")  # fmt: skip
