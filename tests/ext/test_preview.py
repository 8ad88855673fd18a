"""What an order would do, asked of the core: its answer, and what its account would have to keep. Nothing changes."""

from __future__ import annotations

from random import Random
from types import SimpleNamespace

import numpy as np
import pytest
from openbell import wire
from openbell.wire import Check, CommandKind, EventFlag, EventKind, OrderType, RiskType, Role

from ext.core import Core
from tests.ext.market import BUY, CASH, SELL, A, B, Market, event_of, plain, record
from tests.ext.risky import DOLLAR, REG_T, UNIT, risk_of, set_margin, watch
from tests.ext.test_margin_flow import ACCOUNTS, INSTRUMENTS, order, tell

REJECTED_OR_ACCEPTED = {EventKind.ACCEPTED, EventKind.REJECTED}


def market() -> Market:
    """A is a MARGIN account with 10,000, instrument 0 at 100 dollars and as Regulation T has it."""
    m = Market()
    m.instrument(0, -1, -1, 100 * DOLLAR)
    set_margin(m, *REG_T)
    m.admin(CommandKind.SET_RISK, 100)
    m.tick(m.ts_ns)
    m.admin(CommandKind.DEPOSIT, 10_000 * UNIT - CASH, account=A)
    watch(m, A)
    return m


def preview(core: Core, command: bytes) -> tuple[SimpleNamespace, SimpleNamespace | None, SimpleNamespace | None]:
    before = core.snapshot()
    event, *rows = core.preview_order(command)
    assert len(event) == 80
    assert core.snapshot() == before
    assert core.take_events() == b""
    now, after = [plain(row, wire.RISK_ROW)[0] if row else None for row in rows]
    return event_of(event), now, after


def test_what_it_would_have_the_account_keep() -> None:
    m = market()
    event, now, after = preview(m.core, m.order(A, BUY, 100 * DOLLAR, 50))
    assert (event.kind, event.side, event.qty, event.price, event.leaves) == (
        EventKind.ACCEPTED, BUY, 50, 100 * DOLLAR, 50,
    )  # fmt: skip
    assert (event.seq, event.ts_ns, event.account_seq, event.order_id) == (m.core.seq, m.core.ts_ns, 0, 0)
    assert now is not None
    assert after is not None
    assert now == risk_of(m, A)
    assert (now.initial, now.excess) == (0, 10_000 * UNIT)
    assert (after.initial, after.excess) == (2_500 * UNIT, 7_500 * UNIT)
    assert (after.equity, after.value, after.maintenance, after.level) == (now.equity, 0, 0, 0)
    m.buy(A, 100 * DOLLAR, 50)
    assert risk_of(m, A).initial == 2_500 * UNIT
    event, _, after = preview(m.core, m.order(A, BUY, 100 * DOLLAR, 300))
    assert (Check(event.check), event.limit, event.value) == (Check.MARGIN, 7_500 * UNIT, 15_000 * UNIT)
    assert (event.account_seq, event.order_id) == (0, 0)
    assert after is not None
    assert (after.initial, after.excess) == (17_500 * UNIT, -7_500 * UNIT)
    # a sale of less than the purchases need raises nothing
    _, now, after = preview(m.core, m.order(A, SELL, 110 * DOLLAR, 1))
    assert now == after


def test_who_is_not_watched_has_no_rows() -> None:
    m = market()
    assert preview(m.core, m.order(B, BUY, 100 * DOLLAR, 50))[1:] == (None, None)
    event, *rows = preview(m.core, m.order(7, BUY, 100 * DOLLAR, 50))
    assert (Check(event.check), event.value, rows) == (Check.ACCOUNT, 7, [None, None])
    event, *rows = preview(m.core, m.order(A, BUY, 100 * DOLLAR, 50, instrument=7))
    assert (Check(event.check), rows) == (Check.INSTRUMENT, [None, None])
    watch(m, B, RiskType.CASH)
    event, now, after = preview(m.core, m.order(B, SELL, 100 * DOLLAR, 50))
    assert event.kind == EventKind.ACCEPTED
    assert now is not None
    assert after is not None
    assert (now.risk_type, now.initial, after.initial) == (RiskType.CASH, 0, 7_500 * UNIT)


def test_known_ids_bad_sides_and_orders_that_add_no_lots() -> None:
    m = market()
    command = m.order(A, BUY, 100 * DOLLAR, 50)
    m.apply(command)
    event, now, after = preview(m.core, command)
    assert (event.kind, event.flags, event.order_id) == (EventKind.ACCEPTED, EventFlag.DUPLICATE, 0)
    event, now, after = preview(m.core, m.order(A, BUY, 100 * DOLLAR, 51, client_order_id=1))
    assert (Check(event.check), event.order_id) == (Check.DUPLICATE_ID, 0)
    event, now, after = preview(m.core, m.order(A, 2, 100 * DOLLAR, 51))
    assert (Check(event.check), now) == (Check.SIDE, after)
    stop = {"order_type": OrderType.STOP, "stop_price": 120 * DOLLAR, "role": Role.PEER, "link_id": 1}
    event, now, after = preview(m.core, m.order(A, BUY, 0, 50, **stop))
    assert (event.kind, now) == (EventKind.ACCEPTED, after)
    event, now, after = preview(m.core, m.order(A, SELL, 110 * DOLLAR, 50, role=Role.CHILD))
    assert (event.kind, now) == (EventKind.ACCEPTED, after)


def test_a_refused_bracket_takes_nothing_along() -> None:
    m = market()
    m.special(A, SELL, 5, price=120 * DOLLAR, role=Role.CHILD)
    event, *_ = preview(m.core, m.order(A, BUY, 100 * DOLLAR, 500, role=Role.PARENT, link_id=1))
    assert Check(event.check) == Check.MARGIN
    assert m.tick(m.ts_ns) == []
    assert len(m.orders(account=A)) == 1


def test_messages_are_not_counted() -> None:
    m = market()
    m.limits(A, -1, -1, -1, -1, 1)
    for _ in range(3):
        assert preview(m.core, m.order(A, BUY, 100 * DOLLAR, 1))[0].kind == EventKind.ACCEPTED
    assert m.buy(A, 100 * DOLLAR, 1)[0].kind == EventKind.ACCEPTED
    assert Check(preview(m.core, m.order(A, BUY, 100 * DOLLAR, 1))[0].check) == Check.MESSAGE_RATE


def test_only_one_new_order_of_a_market() -> None:
    m = market()
    good = m.order(A, BUY, 100 * DOLLAR, 1)
    for bad in (b"", good[:-1], good + good, m.command(CommandKind.CANCEL), m.command(CommandKind.NOTE)):
        with pytest.raises(ValueError, match="only a NEW_ORDER"):
            m.core.preview_order(bad)
    with pytest.raises(ValueError, match="only a NEW_ORDER"):
        Core().preview_order(good)


def test_the_answer_is_what_comes_when_it_is_sent(seed: int) -> None:
    """Of markets in the midst of things: of each of many orders the preview, then the order, then back."""
    answers = set()
    for number in range(24):  # a market may refuse all, where it is halted or its accounts are blocked
        if number >= 3 and answers == REJECTED_OR_ACCEPTED:
            break
        answers |= answered(Random(f"{seed} {number} preview"), tell(f"{seed} {number} preview")[2])
    assert answers == REJECTED_OR_ACCEPTED


def answered(random: Random, core: Core) -> set[int]:
    """Send this market 60 orders, each to it as it is now, compare the answers with previews, and say their kinds."""
    snapshot = core.snapshot()
    rows = np.frombuffer(core.accounts(), wire.ACCOUNT_ROW)
    last = {account: int(rows["last_client_order_id"][rows["account"] == account][0]) for account in ACCOUNTS}
    assert len(INSTRUMENTS) == 3
    kinds = set()
    for _ in range(60):
        kind, fields = order(random, dict(last))
        dtype = wire.SPECIAL_COMMAND if kind == CommandKind.NEW_SPECIAL else wire.ORDER_COMMAND
        command = record(dtype, seq=core.seq + 1, ts_ns=core.ts_ns, kind=kind, **fields)
        said, _, _ = preview(core, command)
        core.apply(command)
        came = event_of(core.take_events()[:80])
        assert came.kind in REJECTED_OR_ACCEPTED
        came.seq, came.account_seq, came.order_id = core.seq - 1, 0, 0
        assert said == came
        kinds.add(came.kind)
        core = Core.restore(snapshot)
    return kinds
