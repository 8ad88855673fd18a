"""Kill -9 under load, again and again, and what must be so after each kill and at the end."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import openbell
from openbell import wire

from engine.journal.reader import JournalReader
from ext.core import Core
from tests.chaos.market import ACCOUNTS, Market
from tests.chaos.trader import Trader
from tests.engine.projector import models

PATIENCE_S = 60.0  # until all is answered and shown, on a busy machine
LIVES_S = (0.02, 0.35)  # from live until killed

Events = np.ndarray[Any, Any]


def journaled(data: Path) -> tuple[Core, Events]:
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
    with openbell.Operator(market.seen, name="olga") as operator:
        rows = {row.account: row.account_seq for row in operator.accounts()}
    for trader in traders:
        trader.target_seq = rows[trader.id]
    for trader in traders:
        trader.done.wait(max(0.0, deadline_s - time.monotonic()))
        assert trader.failure is None, trader.failure
        assert trader.done.is_set(), f"{trader.account} saw {trader.seen} of {trader.target_seq}: {market.tail()}"


def killed(
    market: Market, times: int, seed: int, before: Callable[[], None], between: Callable[[], None], pause_s: float = 0.0
) -> list[Trader]:
    """Start it with traders, who pause between batches, and kill it so often: `before` each kill something else
    happens, and `between` it and the next start. After each start what anybody was shown is there."""
    chance = random.Random(seed)
    market.start()
    traders = [Trader(market.seen, account, seed + number, pause_s) for number, account in enumerate(ACCOUNTS)]
    for trader in traders:
        trader.start()
    for _ in range(times):
        time.sleep(chance.uniform(*LIVES_S))
        before()
        market.kill()
        shown = {trader.id: trader.seen for trader in traders if trader.id >= 0}  # who has been let in
        between()
        market.start()
        assert [trader.failure for trader in traders if trader.failure] == []
        with openbell.Operator(market.seen, name="olga") as operator:  # before anything new
            there = {row.account: row.account_seq for row in operator.accounts()}
        assert {account: there[account] for account, seq in shown.items() if there[account] < seq} == {}
    return traders


def compared(market: Market, traders: list[Trader]) -> tuple[Core, Events]:
    """What traders were shown is the journal's, once and in order, and it replays to one state; that and its events."""
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
    return core, events


def projected(market: Market, timeout_s: float = 120.0) -> int:
    """Wait until the database has all that was durable at some moment, and say up to where."""
    deadline_s = time.monotonic() + timeout_s
    with openbell.Operator(market.seen, name="olga") as operator:
        while (status := operator.status()).projected_sequence < status.durable_sequence:
            assert time.monotonic() < deadline_s, status
            time.sleep(0.05)
    return status.durable_sequence


async def compare(dsn: str, core: Core, events: Events, least_seq: int) -> None:
    """The tables hold what the journal says, each event once, up to a command that is no earlier than this."""
    market = SimpleNamespace(core=core, events=[events.tobytes()], seq=core.seq, links={})
    async with models.connected(dsn) as connection:
        seq = await connection.fetchval("SELECT seq FROM watermark")
        assert least_seq <= seq <= core.seq  # time goes on in a market without orders, too
        await models.check(connection, cast(Any, market), seq)
