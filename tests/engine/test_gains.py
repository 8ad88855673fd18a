"""What a snapshot has of tax lots, and what is done where it has none, or others."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import numpy as np
from openbell import wire
from openbell.wire import CommandKind, LotFlag

from engine.gains import GAINS, Gains
from engine.snapshots import listed, load, save
from ext.core import Core
from tests.ext.market import A, B, Market, event_of

DOLLAR = 10_000
CASH = 1_000_000


class Heard(Market):
    """Whose events go to tax lots, too."""

    def __init__(self) -> None:
        self.events = b""
        super().__init__()

    def apply(self, command: bytes) -> list[SimpleNamespace]:
        assert self.core.apply(command) == 1
        events = self.core.take_events()
        self.events += events
        return [event_of(events[start : start + 80]) for start in range(0, len(events), 80)]


def gains_of(core: Core, extra: dict[str, Any], told: list[str] | None = None) -> Gains:
    """As a start makes them, of what came with a snapshot."""
    made = Gains((told if told is not None else []).append)
    made.load(extra)
    made.attach(core)
    return made


def traded() -> tuple[Market, Gains]:
    """A has bought twice of B, and sold a part of it."""
    m = Heard()
    m.admin(CommandKind.DEPOSIT_SHARES, 100, 5 * CASH, account=B)
    for buyer, seller, price, qty in ((A, B, 10, 30), (A, B, 12, 30), (B, A, 15, 40)):
        m.sell(seller, price * DOLLAR, qty)
        m.buy(buyer, price * DOLLAR, qty)
    gains = Gains(lambda text: None)
    gains.attach(Core())
    gains._core = m.core
    gains.see(m.events)
    return m, gains


def told(gains: Gains) -> list[Any]:
    return [gains.lots().tolist(), gains.gains().tolist()]


def test_a_snapshot_keeps_them(tmp_path: Any) -> None:
    m, gains = traded()
    (row,) = gains.gains(A)
    assert (int(row["realized_fifo"]), int(row["cost_fifo"])) == ((30 * 5 + 10 * 3) * CASH, 20 * 12 * CASH)
    save(tmp_path, m.core, {GAINS: gains.state()})
    snapshot = load(listed(tmp_path)[0].path)
    assert told(gains_of(Core.restore(snapshot.state), snapshot.extra)) == told(gains)


def test_of_a_snapshot_without_them_each_position_is_a_lot_at_its_average_cost() -> None:
    m, _ = traded()
    for extra, said in (({}, 0), ({GAINS: json.dumps(3)}, 1), ({GAINS: 7}, 1)):
        texts: list[str] = []
        made = gains_of(m.core, extra, texts)
        assert len(texts) == said
        lots = made.lots()
        assert set(lots["flags"].tolist()) == {LotFlag.TAKEN_UP}
        assert [row[:2] for row in lots[["account", "qty", "cost"]].tolist()] == [(B, 80), (A, 20)]
        assert lots["cost"].tolist() == np.frombuffer(m.core.positions(), wire.POSITION_ROW)["cost"].tolist()
        row = made.gains(A)[0]
        assert row["realized_fifo"] == row["realized_average"]
        assert row["unrealized_fifo"] == row["unrealized_average"]
        assert row["today_fifo"] == 0


def test_a_new_market_has_none() -> None:
    m, _ = traded()
    made = gains_of(Core(), {})
    assert len(made.state()) == len(gains_of(Core(), {}).state())
    made = gains_of(m.core, {GAINS: "x"}, [])
    made.attach(Core())  # no snapshot served after all: from the journal's first command on
    assert made.state() == gains_of(Core(), {}).state()
