"""Positions are found by account and instrument, whether their index is a table or hashed."""

from __future__ import annotations

import numpy as np
import pytest
from openbell import wire
from openbell.wire import AccountFlag, CommandKind, InstrumentState

from ext.core import Core
from tests.ext.market import Market, plain

ACCOUNTS, INSTRUMENTS = 40, 6
WIDE = {"accounts": 1 << 13, "instruments": 1 << 12}  # more cells than a table may have


def opened(positions: int, wide: bool) -> Market:
    """Accounts 100 and on, with shares in some of the instruments 10 and on."""
    sizes = {"accounts": 256, "instruments": 32} | (WIDE if wide else {})
    m = Market(**sizes, positions=positions, orders=4096, ids=4096, pages=256)
    for instrument in range(10, 10 + INSTRUMENTS):
        m.admin(CommandKind.SET_INSTRUMENT, 1, 1, instrument=instrument, name=b"I%d" % instrument)
        m.admin(CommandKind.SET_INSTRUMENT_STATE, instrument=instrument, state=InstrumentState.OPEN)
    flags = AccountFlag.CREDIT_UNLIMITED | AccountFlag.SHORT_ALLOWED
    for account in range(100, 100 + ACCOUNTS):
        m.admin(CommandKind.SET_ACCOUNT, account=account, flags=flags, name=b"A%d" % account)
    return m


def orders(seq: int, first_id: int) -> np.ndarray[tuple[int], np.dtype[np.void]]:
    """One order of each account in each instrument, in an order that mixes them."""
    pairs = [(account, instrument) for account in range(ACCOUNTS) for instrument in range(INSTRUMENTS)]
    np.random.default_rng(4).shuffle(pairs)
    commands = np.zeros(len(pairs), wire.ORDER_COMMAND)
    commands["kind"] = CommandKind.NEW_ORDER
    commands["seq"] = seq + np.arange(len(pairs))
    commands["ts_ns"] = 2_000_000_000
    commands["account"] = [100 + account for account, _ in pairs]
    commands["instrument"] = [10 + instrument for _, instrument in pairs]
    commands["client_order_id"] = first_id + np.arange(len(pairs))
    commands["price"] = 100
    commands["qty"] = 1 + np.arange(len(pairs))
    commands["tif"] = wire.TimeInForce.GTC
    return commands


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("together", [1, 7, 300])
def test_each_order_counts_in_its_own_position(wide: bool, together: int) -> None:
    m = opened(ACCOUNTS * INSTRUMENTS, wide)  # as many as there will be: the hashed index is as full as it gets
    expected: dict[tuple[int, int], int] = {}
    for first_id in (1, 1001):
        commands = orders(m.core.seq + 1, first_id)
        for row in commands:
            pair = int(row["account"]), int(row["instrument"])
            expected[pair] = expected.get(pair, 0) + int(row["qty"])
        for start in range(0, len(commands), together):
            m.core.apply(commands[start : start + together])
    rows = plain(m.core.positions(), wire.POSITION_ROW)
    assert {(row.account, row.instrument): row.open_buy for row in rows} == expected
    assert len(rows) == len(expected) == m.core.stats()["positions"]["capacity"]
    assert set(np.frombuffer(m.core.take_events(), wire.EVENT)["kind"].tolist()) == {wire.EventKind.ACCEPTED}
    assert Core.restore(m.core.snapshot()).positions() == m.core.positions()


def test_growth_from_a_table_to_a_hashed_index() -> None:
    m = opened(500, wide=False)
    m.core.apply(orders(m.core.seq + 1, 1))
    m.core.take_events()
    before = m.core.positions()
    m.ts_ns = 2_000_000_000
    m.admin(CommandKind.CONFIGURE, 1 << 13, 1 << 12, 4096, 256, 500, 4096, 8)
    assert m.core.positions() == before
    m.core.apply(orders(m.core.seq + 1, 1001))
    assert m.core.stats()["positions"]["used"] == ACCOUNTS * INSTRUMENTS
    assert [row.open_buy for row in plain(m.core.positions(), wire.POSITION_ROW)] == [
        2 * row.open_buy for row in plain(before, wire.POSITION_ROW)
    ]
