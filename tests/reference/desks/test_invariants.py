"""What must hold of desks, whatever is asked: sums, states in force, bounds of limits to the unit."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openbell.limits import ACCOUNT_LIMITS
from openbell.wire import AccountState, Check, EventKind, Limit, Side

from tests.reference import checks, solvent
from tests.reference import commands as ask
from tests.reference.both import MARKETS
from tests.reference.commands import Command
from tests.reference.desk import START_NS
from tests.reference.desks import invariants
from tests.reference.desks.worked import TEN, moves_to, trade, with_desks
from tests.reference.invariants import Watch
from tests.reference.market import Market
from tests.reference.records import events_of, market_data_of

BOTH = pytest.mark.parametrize("make", MARKETS, ids=["model", "core"])
OF_LOTS = (Limit.POSITION, Limit.GROSS, Limit.NET, Limit.OPEN_NOTIONAL)
ACCOUNTS, DESKS = 5, 8
AN_ACCOUNT, A_DESK = st.integers(0, ACCOUNTS - 1), st.integers(0, DESKS)
A_STATE = st.sampled_from(list(AccountState))
PRICES = st.integers(TEN - 5, TEN + 5)


@st.composite
def orders(draw: Any) -> Command:
    make = draw(st.sampled_from((ask.buy, ask.buy, ask.sell)))
    # Ids rise in the order in which they are drawn, so that hardly any is known.
    return make(draw(AN_ACCOUNT), draw(st.integers(1, 10**6)), draw(PRICES), draw(st.integers(1, 9)))


@st.composite
def limits(draw: Any) -> Command:
    make, number = draw(st.sampled_from(((ask.limit, AN_ACCOUNT), (ask.desk_limit, A_DESK))))
    kind = draw(st.sampled_from(ACCOUNT_LIMITS))
    unit = 1 if kind in (Limit.OPEN_ORDERS, Limit.REPEATS, Limit.MESSAGES) else 10_000_000
    hard, soft = draw(st.integers(0, 30)) * unit, draw(st.integers(0, 30)) * unit
    return make(draw(number), kind, min(hard, 1_000_000) if kind == Limit.ORDER_VOLUME else hard, min(hard, soft))


ANY = st.one_of(
    orders(),
    orders(),
    orders(),
    limits(),
    st.builds(ask.desk, A_DESK, A_DESK),
    st.builds(ask.member, AN_ACCOUNT, A_DESK),
    st.builds(ask.desk_state, A_DESK, A_STATE, flags=st.integers(0, 1)),
    st.builds(ask.account_state, AN_ACCOUNT, A_STATE),
    st.builds(ask.account_risk, AN_ACCOUNT, st.integers(0, 2), st.integers(0, 1)),
    st.builds(ask.charge, AN_ACCOUNT, st.integers(1, 10**9)),
    st.builds(ask.shares, AN_ACCOUNT, st.just(0), st.integers(1, 9)),
    st.builds(ask.cancel, AN_ACCOUNT, st.integers(1, 10**6)),
    st.builds(ask.tick),
)


def opening() -> list[Command]:
    commands = [ask.configure(), ask.instrument(0, reference_price=TEN), ask.instrument_state(0, 1)]
    for number in range(ACCOUNTS):
        commands += [ask.account(number, flags=1), ask.deposit(number, 10**13), ask.account_risk(number, 1)]
    return [*commands, ask.risk(9, desks=DESKS, limited=ACCOUNTS), ask.desk(1), ask.desk(2, 1), ask.member(0, 2)]


@BOTH
@settings(deadline=None, max_examples=60)
@given(commands=st.lists(ANY, min_size=5, max_size=60))
def test_sums_of_desks_are_those_of_their_accounts(make: Any, commands: list[Command]) -> None:
    """After each command; and no order takes anybody beyond a hard limit."""
    market, watch = make(), Watch()
    for seq, command in enumerate([*opening(), *commands], start=1):
        risk = solvent.risk_of(market, command)
        before = invariants.standing_of(market, command, risk)
        market.apply(command.encode(seq, START_NS + seq), True)
        events = events_of(market.take_events())
        watch.hear(command, events, market_data_of(market.take_market_data()))
        invariants.check_order(market, before, invariants.standing_of(market, command, risk), events)
        watch.check(market)


class WrongSum(Market):
    """Says that a firm's desks are worth a cent more than they are."""

    def desks(self) -> bytes:
        rows = invariants.DESK_ROW.rows(super().desks())
        return b"".join(invariants.DESK_ROW.pack(**row._asdict() | {"gross": row.gross + 10_000}) for row in rows)


def test_a_wrong_sum_is_seen() -> None:
    market, watch = WrongSum(), Watch()
    for seq, command in enumerate(opening(), start=1):
        market.apply(command.encode(seq, START_NS), True)
        watch.hear(command, events_of(market.take_events()), market_data_of(market.take_market_data()))
    with pytest.raises(AssertionError):
        watch.check(market)


@pytest.mark.parametrize("kind", [Limit.GROSS, Limit.NET, Limit.OPEN_NOTIONAL, Limit.OPEN_ORDERS])
def test_an_order_beyond_a_hard_limit_is_seen(kind: Limit, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a market that has no check 24d."""
    desk = with_desks(Market())
    desk.do(ask.desk_limit(1, kind, 1), ask.buy(1, 1, TEN, 1))
    monkeypatch.setattr(checks.limits, "failures", lambda state, asked: iter(()))
    order = ask.buy(0, 1, TEN, 1)
    risk = solvent.risk_of(desk.market, order)
    before = invariants.standing_of(desk.market, order, risk)
    events = desk.do(order)
    with pytest.raises(AssertionError, match="beyond a hard limit"):
        invariants.check_order(desk.market, before, invariants.standing_of(desk.market, order, risk), events)


@BOTH
@settings(deadline=None, max_examples=60)
@given(
    kind=st.sampled_from(OF_LOTS),
    distance=st.integers(0, 4),
    held=st.integers(-9, 9),
    resting=st.lists(st.tuples(st.sampled_from(list(Side)), st.integers(1, 9)), max_size=4),
    mark=st.integers(TEN // 2, TEN * 2),
    side=st.sampled_from(list(Side)),
    qty=st.integers(1, 30),
)
def test_a_hard_limit_is_exact(
    make: Any, kind: Limit, distance: int, held: int, resting: list[tuple[Side, int]], mark: int, side: Side, qty: int
) -> None:
    """What the measure is with an order is taken; one unit less is not, and says so. POSITION is asked of its own."""
    desk, number = with_desks(make()), (0, 4, 3, 2, 1)[distance]
    limit = ask.desk_limit if distance else ask.limit
    if held:
        trade(desk, *((0, 5) if held > 0 else (5, 0)), abs(held))
    for place, (way, lots) in enumerate(resting):
        away = TEN // 4 if way == Side.BUY else TEN * 4
        desk.do(ask.order(0, place + 1, way, away, lots))
    moves_to(desk, mark)
    buys, sells = (sum(lots for way, lots in resting if way == each) for each in Side)
    at = mark * 100
    before, after = (
        {
            Limit.POSITION: max(abs(held), abs(held + more[0]), abs(held - more[1])) * at,
            Limit.GROSS: max(abs(held), abs(held + more[0]), abs(held - more[1])) * at,
            Limit.NET: abs(held + more[0] if side == Side.BUY else held - more[1]) * at,
            Limit.OPEN_NOTIONAL: (more[0] + more[1]) * at,
        }[kind]
        for more in ((buys, sells), (buys + qty * (side == Side.BUY), sells + qty * (side == Side.SELL)))
    )
    order = ask.order(0, 100, side, TEN // 4 if side == Side.BUY else TEN * 4, qty)
    desk.do(limit(number, kind, max(1, after - 1)))
    events = desk.do(order)
    reduces = qty <= (held - sells if side == Side.SELL else -held - buys)
    if reduces or after <= before or after <= 1:
        assert [event.kind for event in events] == [EventKind.ACCEPTED]
        return
    (event,) = events
    assert (event.check, event.flags, event.limit) == (Check[f"LIMIT_{kind.name}"], distance, after - 1)
    assert (event.value, event.headroom) == (after, max(0, after - 1 - before))
    desk.do(limit(number, kind, after))
    assert [event.kind for event in desk.do(order)] == [EventKind.ACCEPTED]


@BOTH
@settings(deadline=None, max_examples=60)
@given(parents=st.lists(st.tuples(st.integers(1, DESKS), st.integers(0, DESKS)), max_size=25), states=st.data())
def test_trees_stay_trees(make: Any, parents: list[tuple[int, int]], states: Any) -> None:
    """Nobody is above himself, nor more than four are above anybody; the strictest state above is in force."""
    desk = with_desks(make())
    for number, parent in parents:
        desk.do(ask.desk(number, parent))
    known = {number: desk.desk(number) for number in range(1, DESKS + 1) if any_desk(desk, number)}
    for number in known:
        desk.do(ask.desk_state(number, states.draw(A_STATE)))
    known = {number: desk.desk(number) for number in known}
    strictness = [AccountState.ACTIVE, AccountState.REDUCE_ONLY, AccountState.CLOSE_ONLY, AccountState.BLOCKED]
    for number, row in known.items():
        above = [number]
        while known[above[-1]].parent:
            above.append(known[above[-1]].parent)
            assert len(above) <= 4
        assert row.in_force == max((known[each].state for each in above), key=strictness.index)
    for member in desk.members():
        assert member.in_force == known[member.desk].in_force


def any_desk(desk: Any, number: int) -> bool:
    return any(row.desk == number for row in invariants.DESK_ROW.rows(desk.market.desks()))
