"""Desks and limits by hand: who is in which, what an order is asked, what is told, and how all of a desk is stopped."""

from __future__ import annotations

import pytest
from openbell import wire
from openbell.wire import (
    AccountState,
    AdminFlag,
    CancelReason,
    CommandKind,
    EventKind,
    HouseAccount,
    Limit,
    OrderFlag,
    OrderType,
    RiskType,
    Role,
)

from ext.core import Core
from tests.ext.desked import (
    DESK,
    EACH,
    FIRM,
    OTHER,
    check_desks,
    desk_of,
    join,
    kinds,
    limit,
    limit_desk,
    market,
    measured,
    put,
    refused,
    room,
    set_desk,
    warned,
)
from tests.ext.market import BUY, CASH, SELL, A, B, C, Market, plain
from tests.ext.risky import DOLLAR, UNIT, mark, risk_of, watch

# Setting up


def test_desks_have_parents_names_and_ids_up_to_a_number() -> None:
    m = Market()
    assert refused(set_desk(m, 1, b"one")) == ("CAPACITY", 0, 1, 0, 0)
    room(m, desks=6)
    (event,) = set_desk(m, 1, b"one")
    assert (event.kind, event.account, event.price, event.account_seq) == (EventKind.DESK_SET, 1, 0, 0)
    assert refused(set_desk(m, 0, b"zero")) == ("CAPACITY", 6, 0, 0, 0)
    assert refused(set_desk(m, 7, b"seven")) == ("CAPACITY", 6, 7, 0, 0)
    assert refused(set_desk(m, 2, b"one")) == ("NAME", 1, 2, 0, 0)
    assert refused(set_desk(m, 2)) == ("NAME", 0, 2, 0, 0)
    for parent in (2, 5, 7, -1):
        assert refused(set_desk(m, 2, b"two", parent))[:3] == ("VALUE", 0, parent)
    for desk in (2, 3, 4):
        (event,) = set_desk(m, desk, b"%d" % desk, desk - 1)
        assert event.price == desk - 1
    assert refused(set_desk(m, 5, b"five", 4)) == ("VALUE", 4, 5, 0, 0)
    assert refused(set_desk(m, 1, b"", 4))[:3] == ("VALUE", 0, 4)  # below itself
    set_desk(m, 5, b"five")
    reject = set_desk(m, 1, b"", 5)[0]
    assert (reject.limit, reject.value, reject.client_order_id) == (4, 5, 1)
    set_desk(m, 4, b"", 2)
    set_desk(m, 1, b"first", 5)
    rows = plain(m.core.desks(), wire.DESK_ROW)
    assert [(row.desk, row.parent, row.name) for row in rows] == [
        (1, 5, b"first"), (2, 1, b"2"), (3, 2, b"3"), (4, 2, b"4"), (5, 0, b"five"),
    ]  # fmt: skip
    assert m.core.stats()["desks"] == {"used": 5, "capacity": 6}


def test_there_are_never_fewer_desks_and_places_than_before() -> None:
    m = Market()
    room(m, 6, 3)
    for desks, places, wanted in ((5, 3, (6, 5, 3)), (6, 2, (3, 2, 4)), (65_536, 3, (65_535, 65_536, 3))):
        reject = room(m, desks, places)[0]
        assert (reject.limit, reject.value, reject.client_order_id) == wanted
    assert refused(room(m, 6, 2**24 + 1))[:3] == ("VALUE", 2**24, 2**24 + 1)
    set_desk(m, 1, b"one")
    limit_desk(m, 1, Limit.GROSS, 5)
    limit(m, A, Limit.GROSS, 7)
    room(m, 70, 30)
    assert measured(m) == {(A, 0, "GROSS"): (7, 0, 0), (1, AdminFlag.OF_DESK, "GROSS"): (5, 0, 0)}
    assert refused(set_desk(m, 2, b"one")) == ("NAME", 1, 2, 0, 0)


def test_members() -> None:
    m = market()
    assert refused(join(m, 0, DESK)) == ("ACCOUNT", 0, 0, 0, 0)
    assert refused(join(m, A, OTHER))[:3] == ("VALUE", 0, OTHER)
    assert refused(join(m, A, -1))[:3] == ("VALUE", 0, -1)
    (event,) = join(m, C, FIRM)
    assert (event.kind, event.account, event.price) == (EventKind.MEMBER_SET, C, FIRM)
    rows = plain(m.core.members(), wire.MEMBER_ROW)
    assert [(row.account, row.desk, row.in_force) for row in rows] == [(A, DESK, 0), (B, DESK, 0), (C, FIRM, 0)]
    assert (desk_of(m, FIRM).accounts, desk_of(m, FIRM).watched, desk_of(m, DESK).accounts) == (1, 3, 2)
    check_desks(m.core)


def test_who_moves_takes_along_what_it_is() -> None:
    m = market()
    m.sell(B, 100 * DOLLAR, 30)
    m.buy(A, 100 * DOLLAR, 10)
    m.buy(A, 90 * DOLLAR, 5)
    set_desk(m, OTHER, b"other")
    row = desk_of(m, FIRM)
    assert (row.gross, row.net_buy, row.net_sell) == ((15 + 30) * EACH, 5 * EACH, -20 * EACH)
    assert (row.open_notional, row.open_orders, row.equity) == (25 * EACH, 2, 2 * CASH)
    check_desks(m.core)
    join(m, A, OTHER)
    assert (desk_of(m, OTHER).gross, desk_of(m, FIRM).gross) == (15 * EACH, 30 * EACH)
    check_desks(m.core)
    set_desk(m, DESK, b"", OTHER)
    assert (desk_of(m, OTHER).gross, desk_of(m, FIRM).gross, desk_of(m, FIRM).equity) == (45 * EACH, 0, 0)
    check_desks(m.core)
    watch(m, B, RiskType.NONE)
    assert (desk_of(m, OTHER).gross, desk_of(m, OTHER).watched, desk_of(m, DESK).accounts) == (15 * EACH, 1, 1)
    check_desks(m.core)
    watch(m, B, RiskType.MARGIN)
    join(m, A, 0)
    assert desk_of(m, OTHER).gross == 30 * EACH
    check_desks(m.core)


# Limits


def test_limits_are_within_their_range_and_soft_ones_below_hard_ones() -> None:
    m = market()
    assert refused(limit(m, 0, Limit.GROSS, 1)) == ("ACCOUNT", 0, 0, 0, 0)
    assert refused(limit_desk(m, OTHER, Limit.GROSS, 1)) == ("ACCOUNT", 0, OTHER, 0, 0)
    for which in (0, 11):
        reject = limit(m, A, which, 1)[0]
        assert (reject.limit, reject.value, reject.client_order_id) == (Limit.MESSAGES, which, 2)
    for which, most in ((Limit.GROSS, wire.MAX_CASH), (Limit.ORDER_VOLUME, 1_000_000), (Limit.REPEATS, 2**31 - 1)):
        assert refused(limit(m, A, which, most + 1))[:3] == ("VALUE", most, most + 1)
        assert refused(limit(m, A, which, 0, -1))[:3] == ("VALUE", 0, -1)
    assert refused(limit(m, A, Limit.NET, 5, 6))[:3] == ("VALUE", 5, 6)
    (event,) = limit_desk(m, FIRM, Limit.NET, 6, 5)
    assert (event.kind, event.account, event.reason, event.flags) == (
        EventKind.LIMIT_SET, FIRM, Limit.NET, AdminFlag.OF_DESK,
    )  # fmt: skip
    assert (event.price, event.order_id, event.account_seq) == (6, 5, 0)


def test_accounts_have_a_place_for_limits_for_good() -> None:
    m = market()
    limit(m, A, Limit.GROSS, 0)  # takes none
    assert m.core.stats()["limits"]["used"] == 0
    for account in (A, B, C):
        limit(m, account, Limit.GROSS, 1)
    limit(m, A, Limit.GROSS, 0)
    n = Market()
    room(n, 0, 1)
    limit(n, A, Limit.GROSS, 1)
    limit(n, A, Limit.GROSS, 0)
    assert refused(limit(n, B, Limit.NET, 0, 1)) == ("CAPACITY", 1, 2, 0, 0)
    limit(n, A, Limit.NET, 9)
    assert measured(n) == {(A, 0, "NET"): (9, 0, 0)}


HARD = [  # limit, hard, soft, value of the reject and headroom, after 10 bought at 100 and 2 more waiting at 90
    (Limit.POSITION, 20 * EACH, 22 * EACH, 8 * EACH),
    (Limit.GROSS, 21 * EACH, 22 * EACH, 9 * EACH),
    (Limit.NET, 15 * EACH, 22 * EACH, 3 * EACH),
    (Limit.OPEN_NOTIONAL, 11 * EACH, 12 * EACH, 9 * EACH),
    (Limit.OPEN_ORDERS, 1, 2, 0),
    (Limit.ORDER_NOTIONAL, 900 * UNIT - 1, 900 * UNIT, 900 * UNIT - 1),
    (Limit.ORDER_VOLUME, 99, 100, 99),
]


@pytest.mark.parametrize("holder", [0, 1, 2])
@pytest.mark.parametrize(("which", "hard", "value", "headroom"), HARD, ids=[row[0].name for row in HARD])
@pytest.mark.parametrize("special", [False, True])
def test_an_order_beyond_a_hard_limit_is_refused(
    holder: int, which: Limit, hard: int, value: int, headroom: int, special: bool
) -> None:
    m = market()
    m.sell(C, 100 * DOLLAR, 10)
    m.buy(A, 100 * DOLLAR, 10)
    m.buy(A, 90 * DOLLAR, 2)
    m.admin(CommandKind.SET_MARGIN, 0, 0, 0, 0, 0, 0, 1_000, instrument=0)
    if holder:
        limit_desk(m, (0, DESK, FIRM)[holder], which, hard)
    else:
        limit(m, A, which, hard)
    enter = m.special if special else lambda account, side, qty, price: m.new(account, side, price, qty)
    before = (m.core.limits(), m.core.desks())
    qty = 10
    assert refused(enter(A, BUY, qty, price=90 * DOLLAR)) == (f"LIMIT_{which.name}", hard, value, headroom, holder)
    assert m.core.limits() == before[0]
    # one that closes is never asked but for how many there are
    (event, *_) = enter(A, SELL, qty, price=110 * DOLLAR)
    if which == Limit.OPEN_ORDERS:
        assert refused([event]) == ("LIMIT_OPEN_ORDERS", 1, 2, 0, holder)
    else:
        assert event.kind == EventKind.ACCEPTED
    check_desks(m.core)


def test_limits_do_not_hold_for_who_is_not_watched() -> None:
    m = market()
    watch(m, A, RiskType.NONE)
    limit(m, A, Limit.OPEN_ORDERS, 1)
    limit_desk(m, FIRM, Limit.MESSAGES, 1)
    limit_desk(m, FIRM, Limit.GROSS, 1)
    for _ in range(3):
        assert m.buy(A, 90 * DOLLAR, 1)[0].kind == EventKind.ACCEPTED
    assert desk_of(m, FIRM).messages == 0
    assert measured(m)[A, 0, "OPEN_ORDERS"] == (1, 0, 0)


def test_the_nearest_holder_refuses_first_and_of_each_the_first_limit() -> None:
    m = market()
    limit_desk(m, FIRM, Limit.POSITION, 1)
    limit_desk(m, DESK, Limit.NET, 1)
    limit_desk(m, DESK, Limit.GROSS, 1)
    limit(m, A, Limit.REPEATS, 1)
    assert refused(m.buy(A, 90 * DOLLAR, 1))[0::4] == ("LIMIT_GROSS", 1)
    limit_desk(m, DESK, Limit.GROSS, 0)
    assert refused(m.buy(A, 90 * DOLLAR, 1))[0::4] == ("LIMIT_NET", 1)
    limit_desk(m, DESK, Limit.NET, 0)
    assert refused(m.buy(A, 90 * DOLLAR, 1))[0::4] == ("LIMIT_POSITION", 2)


def test_an_order_that_makes_a_measure_no_larger_passes_what_is_exceeded() -> None:
    m = market()
    m.buy(A, 90 * DOLLAR, 10)
    limit_desk(m, FIRM, Limit.GROSS, 5 * EACH)
    limit_desk(m, FIRM, Limit.NET, 5 * EACH)
    assert m.sell(B, 100 * DOLLAR, 1)[0].kind != EventKind.ACCEPTED  # gross would grow
    order = m.orders(account=A)[0].order_id
    (event,) = m.replace(A, order, 95 * DOLLAR, 9)
    assert event.kind == EventKind.REPLACED
    assert refused(m.replace(A, order, 95 * DOLLAR, 10)) == ("LIMIT_GROSS", 5 * EACH, 10 * EACH, 0, 2)
    check_desks(m.core)


def test_a_replace_counts_its_own_lots_once_and_has_neither_orders_nor_repeats() -> None:
    m = market()
    m.buy(A, 90 * DOLLAR, 10)
    limit(m, A, Limit.POSITION, 12 * EACH, 10 * EACH)
    limit(m, A, Limit.OPEN_ORDERS, 1)
    limit(m, A, Limit.REPEATS, 1)
    order = m.orders(account=A)[0].order_id
    events = m.replace(A, order, 90 * DOLLAR, 12)
    assert kinds(events) == [EventKind.REPLACED, EventKind.LIMIT_WARNING]
    assert warned(events) == [("POSITION", A, 0, 10 * EACH, 12 * EACH, 0)]
    assert refused(m.replace(A, order, 90 * DOLLAR, 13))[:4] == ("LIMIT_POSITION", 12 * EACH, 13 * EACH, 0)
    for price in (85 * DOLLAR, 90 * DOLLAR, 85 * DOLLAR):
        assert m.replace(A, order, price, 12)[0].kind == EventKind.REPLACED
    check_desks(m.core)


def test_a_peer_is_one_order_of_its_own_size() -> None:
    """Also where of the order that it names, which is what it counts as among what is open, less is left."""
    m = market()
    limit(m, A, Limit.ORDER_NOTIONAL, 40 * EACH, 5 * EACH)
    first = m.special(A, BUY, 10, price=100 * DOLLAR)
    assert warned(first) == [("ORDER_NOTIONAL", A, 0, 5 * EACH, 10 * EACH, 0)]
    m.sell(C, 100 * DOLLAR, 6)
    ring = {"order_type": OrderType.STOP, "role": Role.PEER, "link_id": first[0].client_order_id}
    events = m.special(A, BUY, 10, stop_price=110 * DOLLAR, **ring)
    assert kinds(events) == [EventKind.ACCEPTED, EventKind.LIMIT_WARNING, EventKind.RESTATED]
    assert warned(events) == [("ORDER_NOTIONAL", A, 0, 5 * EACH, 11 * EACH, 0)]
    check_desks(m.core)


def test_messages_of_an_account_and_of_all_of_a_desk() -> None:
    m = market()
    m.ts_ns += 10**9
    limit(m, A, Limit.MESSAGES, 2, 1)
    limit_desk(m, FIRM, Limit.MESSAGES, 4, 3)
    assert warned(m.buy(A, 90 * DOLLAR, 1)) == []
    events = m.buy(A, 90 * DOLLAR, 1)
    assert kinds(events) == [EventKind.LIMIT_WARNING, EventKind.ACCEPTED]
    assert warned(events) == [("MESSAGES", A, 0, 1, 2, 0)]
    assert refused(m.buy(A, 90 * DOLLAR, 1)) == ("LIMIT_MESSAGES", 2, 3, 0, 0)
    m.buy(B, 90 * DOLLAR, 1)
    assert (desk_of(m, FIRM).messages, desk_of(m, DESK).messages) == (3, 3)
    order = m.orders(account=B)[0]
    events = m.replace(B, order.order_id, 90 * DOLLAR, 2, OrderFlag.QTY_IS_LEAVES)
    assert warned(events) == [("MESSAGES", B, 2, 3, 4, FIRM)]
    assert (events[0].instrument, events[0].client_order_id) == (0, order.client_order_id)
    assert refused(m.buy(B, 90 * DOLLAR, 1)) == ("LIMIT_MESSAGES", 4, 5, 0, 2)
    assert m.buy(C, 90 * DOLLAR, 1)[0].kind == EventKind.ACCEPTED
    m.ts_ns += 10**9
    assert m.buy(B, 90 * DOLLAR, 1)[0].kind == EventKind.ACCEPTED
    assert measured(m)[FIRM, AdminFlag.OF_DESK, "MESSAGES"] == (4, 3, 1)
    assert measured(m)[A, 0, "MESSAGES"][2] == 2


def test_the_same_order_again_and_again() -> None:
    m = market()
    limit_desk(m, FIRM, Limit.REPEATS, 2, 1)
    limit(m, A, Limit.OPEN_ORDERS, 5)
    assert warned(m.buy(A, 90 * DOLLAR, 1)) == []
    assert warned(m.buy(A, 90 * DOLLAR, 1)) == [("REPEATS", A, 2, 1, 2, FIRM)]
    assert refused(m.buy(A, 90 * DOLLAR, 1)) == ("LIMIT_REPEATS", 2, 3, 0, 2)
    assert m.buy(B, 90 * DOLLAR, 1)[0].kind == EventKind.ACCEPTED  # another account
    for change in ({"qty": 2}, {"price": 80 * DOLLAR}, {"side": SELL, "price": 120 * DOLLAR}):
        fields = {"side": BUY, "price": 90 * DOLLAR, "qty": 1} | change
        m.cancel(A, m.orders(account=A)[0].order_id)
        assert m.new(A, fields["side"], fields["price"], fields["qty"])[0].kind in (
            EventKind.ACCEPTED, EventKind.REJECTED,
        )  # fmt: skip
    m.ts_ns += 10**9
    m.cancel(A, m.orders(account=A)[0].order_id)
    assert m.buy(A, 90 * DOLLAR, 1)[0].kind == EventKind.ACCEPTED


def test_four_different_orders_are_remembered() -> None:
    m = market()
    limit(m, A, Limit.REPEATS, 1)
    for qty in (1, 2, 3, 4):
        assert m.buy(A, 80 * DOLLAR, qty)[0].kind == EventKind.ACCEPTED
    assert refused(m.buy(A, 80 * DOLLAR, 1))[0] == "LIMIT_REPEATS"  # and is the last one sent
    assert m.buy(A, 80 * DOLLAR, 5)[0].kind == EventKind.ACCEPTED  # in the place of 2
    assert refused(m.buy(A, 80 * DOLLAR, 1))[0] == "LIMIT_REPEATS"
    assert m.buy(A, 80 * DOLLAR, 2)[0].kind == EventKind.ACCEPTED


def test_restricted_securities() -> None:
    m = market()
    m.sell(C, 100 * DOLLAR, 10)
    m.buy(A, 100 * DOLLAR, 10)
    m.admin(CommandKind.SET_ACCOUNT_RISK, 0b110, account=A, state=RiskType.CASH)
    assert m.buy(A, 90 * DOLLAR, 1)[0].kind == EventKind.ACCEPTED
    m.admin(CommandKind.SET_MARGIN, 0, 0, 0, 0, 0, 0, 0, 0b011, instrument=0)
    assert refused(m.buy(A, 90 * DOLLAR, 1)) == ("RESTRICTED", 0, 0b010, 0, 0)
    assert m.sell(A, 110 * DOLLAR, 10)[0].kind == EventKind.ACCEPTED
    assert m.buy(B, 90 * DOLLAR, 1)[0].kind == EventKind.ACCEPTED
    assert risk_of(m, A).lists == 0b110
    reject = m.admin(CommandKind.SET_ACCOUNT_RISK, 2**53 + 1, account=A, state=RiskType.CASH)[0]
    assert (reject.client_order_id, reject.limit) == (2, 2**53)
    for place, index in ((6, 7), (7, 8)):
        reject = m.admin(CommandKind.SET_MARGIN, *[0] * place, 2**53 + 1, instrument=0)[0]
        assert (reject.client_order_id, reject.limit) == (index, 2**53)


def test_who_is_on_a_list_needs_no_desk_and_no_limit() -> None:
    m = market()
    m.admin(CommandKind.SET_ACCOUNT_RISK, 1, account=C, state=RiskType.MARGIN)
    m.admin(CommandKind.SET_MARGIN, 0, 0, 0, 0, 0, 0, 0, 1, instrument=0)
    assert refused(m.buy(C, 90 * DOLLAR, 1)) == ("RESTRICTED", 0, 1, 0, 0)


# Losses


def test_a_loss_of_the_day_is_told_once_and_stops_what_opens() -> None:
    m = market()
    m.sell(C, 100 * DOLLAR, 10)
    m.buy(A, 100 * DOLLAR, 10)
    limit(m, A, Limit.DAY_LOSS, 200 * UNIT, 50 * UNIT)
    limit_desk(m, FIRM, Limit.DAY_LOSS, 0, 50 * UNIT)
    assert warned(mark(m, 0, 95 * DOLLAR)) == []
    assert warned(mark(m, 0, 94 * DOLLAR)) == [
        ("DAY_LOSS", A, 0, 50 * UNIT, 60 * UNIT, 0), ("DAY_LOSS", 0, 1, 50 * UNIT, 60 * UNIT, FIRM),
    ]  # fmt: skip
    assert warned(mark(m, 0, 90 * DOLLAR)) == []
    assert m.buy(A, 80 * DOLLAR, 1)[0].kind == EventKind.ACCEPTED
    mark(m, 0, 79 * DOLLAR)
    assert refused(m.buy(A, 70 * DOLLAR, 1)) == ("LIMIT_DAY_LOSS", 200 * UNIT, 210 * UNIT, 0, 0)
    assert m.sell(A, 90 * DOLLAR, 10)[0].kind == EventKind.ACCEPTED
    assert desk_of(m, FIRM).loss == 210 * UNIT
    assert warned(limit(m, A, Limit.DAY_LOSS, 0, 300 * UNIT)) == []
    assert warned(limit(m, A, Limit.DAY_LOSS, 0, 209 * UNIT)) == [("DAY_LOSS", A, 0, 209 * UNIT, 210 * UNIT, 0)]
    check_desks(m.core)


def test_what_comes_from_outside_is_no_gain_and_no_loss() -> None:
    m = market()
    assert risk_of(m, A).base == CASH
    m.admin(CommandKind.SET_LEDGER, 4)
    m.admin(CommandKind.DEPOSIT, 5 * UNIT, account=A)
    m.admin(CommandKind.DEPOSIT_SHARES, 7, DOLLAR, account=A, instrument=0)
    m.admin(CommandKind.CHARGE, 2 * UNIT, HouseAccount.OTHER, 0, account=A, instrument=wire.ANY)
    m.admin(CommandKind.HOLD_CASH, 3 * UNIT, 1, account=A)
    m.admin(CommandKind.HOLD_CASH, 4 * UNIT, 2, account=A)
    m.admin(CommandKind.POST_CASH, 0, 1, account=A)
    m.admin(CommandKind.RELEASE_CASH, 0, 2, account=A)
    risk = risk_of(m, A)
    assert risk.base == risk.equity == CASH + 5 * UNIT + 7 * EACH - 2 * UNIT - 3 * UNIT
    assert desk_of(m, FIRM).loss == 0
    check_desks(m.core)


def test_the_day_ends_and_all_begin_anew() -> None:
    m = market()
    m.admin(CommandKind.SET_SCHEDULE, m.ts_ns + 10**9)
    m.sell(C, 100 * DOLLAR, 10)
    m.buy(A, 100 * DOLLAR, 10)
    limit(m, A, Limit.DAY_LOSS, 0, 50 * UNIT)
    limit_desk(m, DESK, Limit.DAY_LOSS, 0, 50 * UNIT)
    assert len(warned(mark(m, 0, 90 * DOLLAR))) == 2
    events = m.tick(m.ts_ns + 10**9)
    assert EventKind.DAY_ENDED in kinds(events)
    assert risk_of(m, A).base == CASH - 100 * UNIT
    assert desk_of(m, FIRM).loss == 0
    assert warned(mark(m, 0, 86 * DOLLAR)) == []
    assert len(warned(mark(m, 0, 84 * DOLLAR))) == 2
    check_desks(m.core)


# Linked orders


def test_children_count_when_they_wake() -> None:
    m = market()
    limit_desk(m, FIRM, Limit.OPEN_ORDERS, 3)
    limit_desk(m, FIRM, Limit.GROSS, 10 * EACH)
    child = m.special(A, BUY, 20, price=80 * DOLLAR, role=Role.CHILD)
    assert child[0].kind == EventKind.ACCEPTED
    assert desk_of(m, FIRM).open_orders == 1
    check_desks(m.core)
    events = m.special(A, SELL, 5, price=110 * DOLLAR, role=Role.PARENT, link_id=1)
    assert events[0].kind == EventKind.REJECTED  # A has nothing to sell
    child = m.special(A, BUY, 20, price=80 * DOLLAR, role=Role.CHILD)
    m.special(A, BUY, 5, price=90 * DOLLAR, role=Role.PARENT, link_id=child[0].client_order_id)
    check_desks(m.core)
    m.sell(C, 90 * DOLLAR, 5)
    assert desk_of(m, FIRM).open_orders == 1  # with the lots of its parent alone
    check_desks(m.core)
    limit_desk(m, FIRM, Limit.GROSS, 11 * EACH)
    child = m.special(A, BUY, 20, price=80 * DOLLAR, role=Role.CHILD)
    m.special(A, BUY, 1, price=90 * DOLLAR, role=Role.PARENT, link_id=child[0].client_order_id)
    limit_desk(m, FIRM, Limit.GROSS, 10 * EACH)
    events = m.sell(C, 90 * DOLLAR, 1)
    assert [e.reason for e in events if e.kind == EventKind.CANCELED] == [CancelReason.EXPOSURE]
    check_desks(m.core)


def test_a_peer_adds_no_lots() -> None:
    m = market()
    m.sell(C, 100 * DOLLAR, 10)
    m.buy(A, 100 * DOLLAR, 10)
    limit_desk(m, FIRM, Limit.GROSS, 10 * EACH)
    first = m.special(A, SELL, 10, price=120 * DOLLAR)
    named = first[0].client_order_id
    peer = m.special(A, SELL, 10, order_type=OrderType.STOP, stop_price=80 * DOLLAR, role=Role.PEER, link_id=named)
    assert peer[0].kind == EventKind.ACCEPTED
    assert (desk_of(m, FIRM).open_notional, desk_of(m, FIRM).open_orders) == (10 * EACH, 2)
    check_desks(m.core)


# Around it


def test_a_preview_counts_nothing() -> None:
    m = market()
    limit(m, A, Limit.MESSAGES, 2, 1)
    limit_desk(m, FIRM, Limit.REPEATS, 1)
    m.buy(A, 90 * DOLLAR, 1)
    hashed = m.core.state_hash()
    event, before, after = m.core.preview_order(m.order(A, BUY, 90 * DOLLAR, 1))
    assert before != after
    reject = plain(event, wire.REJECT)[0]
    assert (reject.kind, wire.Check(reject.check).name) == (EventKind.REJECTED, "LIMIT_REPEATS")
    (event, *_) = m.core.preview_order(m.order(A, BUY, 91 * DOLLAR, 1))
    assert plain(event, wire.EVENT)[0].kind == EventKind.ACCEPTED
    assert m.core.state_hash() == hashed


def test_a_snapshot_goes_on_as_it_was() -> None:
    m = market(RiskType.MARGIN)
    m.admin(CommandKind.SET_MARGIN, 0, 0, 0, 0, 0, 0, 1_000, 5, instrument=0)
    m.sell(C, 100 * DOLLAR, 10)
    m.buy(A, 100 * DOLLAR, 10)
    limit(m, B, Limit.GROSS, 10**12, 10**9)
    limit(m, A, Limit.DAY_LOSS, 0, 50 * UNIT)
    limit_desk(m, FIRM, Limit.REPEATS, 3)
    limit_desk(m, DESK, Limit.DAY_LOSS, 0, 70 * UNIT)
    m.buy(A, 90 * DOLLAR, 1)
    mark(m, 0, 94 * DOLLAR)
    put(m, DESK, AccountState.REDUCE_ONLY)
    copy = Core.restore(m.core.snapshot())
    assert copy.state_hash() == m.core.state_hash()
    for rows in ("desks", "members", "limits", "risk", "margins", "accounts"):
        assert getattr(copy, rows)() == getattr(m.core, rows)(), rows
    check_desks(copy)
    other = Market()
    other.core, other.ts_ns, other.next_id = copy, m.ts_ns, dict(m.next_id)
    for one in (m, other):
        assert refused(set_desk(one, OTHER, b"desk")) == ("NAME", DESK, OTHER, 0, 0)
    left = mark(m, 0, 90 * DOLLAR)
    assert warned(left) == [("DAY_LOSS", 0, 1, 70 * UNIT, 100 * UNIT, DESK)]  # A's was told before
    assert left == mark(other, 0, 90 * DOLLAR)
    assert copy.state_hash() == m.core.state_hash()


def test_a_larger_market_keeps_its_desks() -> None:
    m = market()
    m.buy(A, 90 * DOLLAR, 1)
    limit(m, A, Limit.REPEATS, 1)
    m.buy(A, 90 * DOLLAR, 1)
    rows = m.core.desks(), m.core.members(), m.core.limits()
    m.admin(CommandKind.CONFIGURE, 80, 8, 128, 64, 32, 64, 8)
    assert (m.core.desks(), m.core.members(), m.core.limits()) == rows
    assert refused(m.buy(A, 90 * DOLLAR, 1))[0] == "LIMIT_REPEATS"
    check_desks(m.core)


@pytest.mark.parametrize("seed", range(4))
def test_sums_hold_in_a_random_flow(seed: int) -> None:
    """Both ways, and what follows of orders of all kinds: prove compares all of it with the model."""
    import random

    rng = random.Random(seed)
    m = market(RiskType.MARGIN if seed % 2 else RiskType.CASH)
    set_desk(m, OTHER, b"other", FIRM)
    limit_desk(m, FIRM, Limit.GROSS, 60 * EACH, 40 * EACH)
    limit_desk(m, DESK, Limit.OPEN_NOTIONAL, 50 * EACH, 20 * EACH)
    limit(m, A, Limit.NET, 30 * EACH)
    for _ in range(600):
        account, side = rng.choice((A, B, C)), rng.choice((BUY, SELL))
        price, qty = rng.randrange(95, 106) * DOLLAR, rng.randrange(1, 12)
        what = rng.randrange(20)
        m.ts_ns += rng.choice((0, 10**7, 10**9))
        orders = m.orders(account=account)
        if what < 11:
            m.new(account, side, price, qty)
        elif what < 13:
            m.special(account, side, qty, price=price, display_qty=max(1, qty // 3))
        elif what < 15 and orders:
            m.replace(account, rng.choice(orders).order_id, price, qty)
        elif what < 17 and orders:
            m.cancel(account, rng.choice(orders).order_id)
        elif what == 17:
            join(m, account, rng.choice((0, FIRM, DESK, OTHER)))
        elif what == 18:
            mark(m, 0, price)
        elif rng.random() < 0.3:
            watch(m, account, rng.choice((RiskType.NONE, RiskType.CASH, RiskType.MARGIN)))
        check_desks(m.core)
        if rng.random() < 0.02:
            assert Core.restore(m.core.snapshot()).state_hash() == m.core.state_hash()
