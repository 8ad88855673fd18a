"""Short sales that can be delivered, interest and fees for borrowing, by hand: docs/borrow.md."""

from __future__ import annotations

import pytest
from openbell import wire
from openbell.wire import (
    AccountFlag,
    Borrow,
    CancelReason,
    CommandKind,
    EventKind,
    InstrumentState,
    RiskType,
    Role,
)

from ext.core import Core
from tests.ext.lending import (
    DAY,
    accrue,
    borrow_of,
    cash,
    charged,
    check_snapshot,
    house,
    locate,
    located,
    refused,
    set_borrow,
    set_rates,
)
from tests.ext.market import CASH, A, B, C, Market, event_of, plain
from tests.ext.risky import DOLLAR, UNIT, mark, risk_of, watch

DAY_NS = 86_400 * 10**9


def hard(inventory: int = 1_000, fee: int = 0) -> Market:
    m = Market()
    m.instrument(0, -1, -1, 10 * DOLLAR)
    set_borrow(m, Borrow.HARD, fee, inventory)
    return m


# SET_BORROW


def test_an_instrument_has_a_borrow_a_fee_and_an_inventory() -> None:
    m = Market()
    assert borrow_of(m) == (Borrow.EASY, 0, 0, 0)
    (event,) = m.admin(CommandKind.SET_BORROW, 30_000, 500, state=Borrow.HARD, request=3)
    assert (event.kind, event.reason, event.price, event.order_id, event.qty) == (
        EventKind.BORROW_SET, Borrow.HARD, 30_000, 500, 3,
    )  # fmt: skip
    assert (event.account, event.account_seq) == (0, 0)
    assert borrow_of(m) == (Borrow.HARD, 30_000, 500, 0)
    assert refused(set_borrow(m, 3, instrument=9)) == ("INSTRUMENT", 0, 9, 0, 0)
    assert refused(set_borrow(m, 3, -1, -1)) == ("VALUE", 2, 3, 0, 0)
    assert refused(set_borrow(m, 0, -1, -1)) == ("VALUE", 0, -1, 0, 1)
    assert refused(set_borrow(m, 0, 10**7 + 1, -1)) == ("VALUE", 10**7, 10**7 + 1, 0, 1)
    assert refused(set_borrow(m, 0, 0, -1)) == ("VALUE", 0, -1, 0, 2)
    assert refused(set_borrow(m, 0, 0, 2**40 + 1)) == ("VALUE", 2**40, 2**40 + 1, 0, 2)
    assert borrow_of(m) == (Borrow.HARD, 30_000, 500, 0)
    check_snapshot(m.core)


# LOCATE


def test_lots_are_located_as_far_as_there_are_some_and_given_back_as_far_as_they_are_free() -> None:
    m = hard(100)
    (event,) = locate(m, B, 60)
    assert (event.kind, event.account, event.instrument, event.price, event.trade_id, event.qty) == (
        EventKind.LOCATED, B, 0, 60, 60, 7,
    )  # fmt: skip
    assert event.account_seq > 0
    assert refused(locate(m, C, 41)) == ("LOCATE", 40, 41, 40, 0)
    (event,) = locate(m, C, 40)
    assert located(m) == {(B, 0): (60, 0), (C, 0): (40, 0)}
    assert borrow_of(m)[2:] == (100, 100)
    m.sell(B, 50, 25)
    assert located(m)[B, 0] == (60, 25)
    assert refused(locate(m, B, -36)) == ("VALUE", -35, -36, 0, 0)
    (event,) = locate(m, B, -35)
    assert (event.price, event.trade_id) == (-35, 25)
    assert refused(locate(m, B, -1)) == ("VALUE", 0, -1, 0, 0)
    set_borrow(m, Borrow.HARD, 0, 10)  # a recall: what was located stays
    assert borrow_of(m)[2:] == (10, 65)
    assert refused(locate(m, B, 1)) == ("LOCATE", 0, 1, 0, 0)
    check_snapshot(m.core)


def test_locate_is_refused_by_account_instrument_value_currency_and_room() -> None:
    m = Market(positions=2)
    euro = int.from_bytes(b"EUR".ljust(8, b"\0"), "little")
    set_borrow(m, Borrow.HARD, 0, 2**40)
    assert refused(locate(m, 0, 0, 9)) == ("ACCOUNT", 0, 0, 0, 0)
    assert refused(locate(m, A, 0, 9)) == ("INSTRUMENT", 0, 9, 0, 0)
    assert refused(locate(m, A, 0)) == ("VALUE", 1, 0, 0, 0)
    assert refused(locate(m, A, 2**40 + 1)) == ("VALUE", 2**40, 2**40 + 1, 0, 0)
    assert refused(locate(m, A, -(2**40) - 1)) == ("VALUE", -(2**40), -(2**40) - 1, 0, 0)
    assert refused(locate(m, A, -1)) == ("VALUE", 0, -1, 0, 0)
    assert refused(locate(m, A, 1, 1)) == ("LOCATE", 0, 1, 0, 0)
    m.admin(CommandKind.SET_ACCOUNT, 0, 0, 0, 0, 0, euro, account=4, name=b"euro")
    assert refused(locate(m, 4, 1)) == ("CURRENCY", euro, 0, 0, 0)
    locate(m, A, 1)
    locate(m, B, 1)
    assert refused(locate(m, C, 1)) == ("POSITION_CAPACITY", 2, 3, 0, 0)
    assert [row.qty for row in plain(m.core.positions(), wire.POSITION_ROW)] == [0, 0]


# Check 23b


def test_short_sales_of_what_is_hard_to_borrow_need_located_lots() -> None:
    m = hard()
    (reject,) = events = m.sell(B, 50, 10)
    assert refused(events) == ("LOCATE", 0, 10, 0, 0)
    assert reject.flags == 0  # only limits of docs/desks.md have a distance
    locate(m, B, 30)
    m.sell(B, 50, 20)
    assert refused(m.sell(B, 50, 11)) == ("LOCATE", 30, 31, 10, 0)
    m.sell(B, 50, 10)
    m.admin(CommandKind.DEPOSIT_SHARES, 5, 0, account=B)  # what it has needs none
    assert refused(m.sell(B, 50, 6)) == ("LOCATE", 30, 31, 5, 0)
    m.sell(B, 50, 5)
    m.buy(C, 50, 35)
    assert located(m) == {(B, 0): (30, 30)}
    assert refused(m.sell(B, 50, 1)) == ("LOCATE", 30, 31, 0, 0)
    assert refused(m.sell(A, 50, 1))[0] == "SHORT_SALE"  # 23 comes first
    assert not [e for e in m.sell(C, 50, 35) if hasattr(e, "check")]  # stays long
    check_snapshot(m.core)


def test_nobody_sells_short_what_cannot_be_borrowed() -> None:
    m = hard()
    locate(m, B, 30)
    m.admin(CommandKind.DEPOSIT_SHARES, 10, 0, account=B)
    set_borrow(m, Borrow.NONE)
    m.admin(CommandKind.SET_ACCOUNT, 0, 0, 0, 0, 0, account=C, flags=AccountFlag.CREDIT_UNLIMITED | 1)
    assert refused(m.sell(C, 50, 3)) == ("LOCATE", 0, 3, 0, 0)
    m.sell(B, 50, 8)
    assert refused(m.sell(B, 50, 3)) == ("LOCATE", 0, 1, 0, 0)
    m.sell(B, 50, 2)
    set_borrow(m, Borrow.EASY)
    assert not [e for e in m.sell(B, 50, 50) if hasattr(e, "check")]
    assert located(m)[B, 0] == (30, 50)


def test_a_replace_is_asked_without_its_own_lots() -> None:
    m = hard()
    locate(m, B, 30)
    order = m.sell(B, 50, 30)[0].order_id
    assert refused(m.replace(B, order, 50, 31)) == ("LOCATE", 30, 31, 30, 0)
    assert m.replace(B, order, 45, 30)[0].kind == EventKind.REPLACED
    m.special(B, wire.Side.BUY, 5, price=10)
    set_borrow(m, Borrow.NONE)
    assert refused(m.replace(B, order, 50, 10)) == ("LOCATE", 0, 10, 0, 0)


def test_rings_and_children_are_asked_once_and_when_they_wake() -> None:
    m = hard()
    locate(m, B, 10)
    first = m.special(B, wire.Side.SELL, 10, price=60)[0]
    peer = m.special(B, wire.Side.SELL, 10, order_type=wire.OrderType.STOP, stop_price=30, role=Role.PEER,
                     link_id=first.client_order_id)  # fmt: skip
    assert peer[0].kind == EventKind.ACCEPTED
    child = m.special(B, wire.Side.SELL, 20, price=70, role=Role.CHILD)[0]
    assert child.kind == EventKind.ACCEPTED  # it adds no lots yet
    m.special(B, wire.Side.BUY, 5, price=40, role=Role.PARENT, link_id=child.client_order_id)
    m.admin(CommandKind.DEPOSIT_SHARES, 100, 0, account=A)
    set_borrow(m, Borrow.NONE)  # its five lots are more than what the ring leaves of the parent's
    events = m.sell(A, 40, 5)
    ended = [e for e in events if e.kind == EventKind.CANCELED]
    assert [(e.order_id, e.reason) for e in ended] == [(child.order_id, CancelReason.EXPOSURE)]


def test_an_instrument_that_is_hard_to_borrow_trades_as_others_do() -> None:
    """The short way is not taken there: the same orders give the same events."""
    easy, other = Market(), Market()
    set_borrow(easy, Borrow.EASY)
    set_borrow(other, Borrow.HARD)
    for m in (easy, other):
        m.admin(CommandKind.DEPOSIT_SHARES, 500, 0, account=A)
        m.said = []
        for price, qty in ((50, 10), (55, 20), (45, 30)):
            m.said += m.sell(A, price, qty)
            m.said += m.buy(B, price, qty // 2)
            m.said += m.buy(C, price - 5, qty)
    assert easy.said == other.said and len(easy.said) > 15


# The end of the day


def test_what_is_free_goes_back_as_the_day_ends() -> None:
    m = hard()
    m.admin(CommandKind.SET_SCHEDULE, m.ts_ns + DAY_NS)
    for account, lots in ((B, 50), (C, 40)):
        locate(m, account, lots)
    m.sell(B, 50, 20)  # GTC
    m.sell(B, 50, 10, tif=wire.TimeInForce.DAY)
    m.ts_ns += DAY_NS
    events = m.tick(m.ts_ns)
    back = [(e.account, e.price, e.trade_id, e.qty) for e in events if e.kind == EventKind.LOCATED]
    assert back == [(B, -30, 20, 0), (C, -40, 0, 0)]
    assert events[-1].kind == EventKind.DAY_ENDED
    assert located(m) == {(B, 0): (20, 20)}
    assert borrow_of(m)[3] == 20
    m.buy(A, 50, 20)
    m.sell(A, 50, 15)
    m.buy(B, 50, 15)  # buys back
    m.ts_ns += DAY_NS
    back = [(e.account, e.price, e.trade_id) for e in m.tick(m.ts_ns) if e.kind == EventKind.LOCATED]
    assert back == [(B, -15, 5)]
    check_snapshot(m.core)


# Interest


def test_interest_of_settled_cash_without_short_proceeds() -> None:
    m = Market()
    assert plain(m.core.rates(), wire.RATE_ROW) == []
    (event,) = set_rates(m, 90_000, 36_000)
    assert (event.kind, event.price, event.order_id, event.client_order_id, event.leaves) == (
        EventKind.RATES_SET, 90_000, 36_000, 0, 360,
    )  # fmt: skip
    m.admin(CommandKind.CHARGE, CASH + 50 * UNIT + 1, 12, 0, account=A)
    m.sell(B, 50, 100)
    m.buy(C, 50, 100)
    events = accrue(m)
    # A owes 50.000001 for a day at 9 % / 360, rounded up; B and C get 3.6 % / 360 of what was theirs, and B nothing
    # of what its short sale brought.
    assert charged(events) == [
        (A, 0, "INTEREST", 12_501, DAY),
        (B, 0, "INTEREST", -CASH // 10_000, DAY),
        (C, 0, "INTEREST", -((CASH - 100 * 50 * 100) // 10_000), DAY),
    ]
    last = events[-1]
    assert (last.kind, last.price, last.leaves, last.client_order_id, last.qty) == (EventKind.ACCRUED, DAY, 3, 1, 9)
    assert all(e.qty == 9 and e.side == 2 and e.order_id == 0 for e in events[:-1])
    assert house(m)["INTEREST"] == sum(price for *_, price, _ in charged(events))
    assert m.core.accrue_date == DAY
    assert sum(row.fees for row in plain(m.core.accounts(), wire.ACCOUNT_ROW)) == 0
    check_snapshot(m.core)


def test_what_is_not_settled_earns_nothing() -> None:
    m = Market()
    set_rates(m, 0, 36_000, 360)
    m.admin(CommandKind.SETTLE, DAY, 1)
    m.admin(CommandKind.DEPOSIT_SHARES, 100, 0, account=A)
    m.sell(A, 10_000, 100)
    m.buy(C, 10_000, 100)
    events = accrue(m, days=3)
    assert charged(events)[0][3] == -(CASH * 3 // 10_000)
    m.admin(CommandKind.SETTLE, DAY + 1, 1)
    m.admin(CommandKind.SETTLE, DAY + 2, 1)
    now = cash(m, A)
    assert charged(accrue(m, DAY + 1))[0][3] == -(now // 10_000)
    assert charged(events)[0][:3] == (A, 0, "INTEREST")


def test_rates_and_days_are_refused_by_value() -> None:
    m = Market()
    euro = int.from_bytes(b"EUR".ljust(8, b"\0"), "little")
    assert refused(set_rates(m, 1, 1, 360, euro)) == ("VALUE", 0, euro, 0, 0)
    assert refused(set_rates(m, -1, -1, 1)) == ("VALUE", 0, -1, 0, 1)
    assert refused(set_rates(m, 10**7 + 1, -1, 1)) == ("VALUE", 10**7, 10**7 + 1, 0, 1)
    assert refused(set_rates(m, 1, -1, 1)) == ("VALUE", 0, -1, 0, 2)
    for days, limit in ((359, 360), (361, 360), (364, 360), (366, 365), (-1, 360)):
        assert refused(set_rates(m, 1, 1, days)) == ("VALUE", limit, days, 0, 3)
    assert refused(accrue(m, 0, 0)) == ("VALUE", 1, 0, 0, 0)
    assert refused(accrue(m, 99991232, 0)) == ("VALUE", 99991231, 99991232, 0, 0)
    assert refused(accrue(m, DAY, 0)) == ("VALUE", 1, 0, 0, 1)
    assert refused(accrue(m, DAY, 32)) == ("VALUE", 31, 32, 0, 1)
    accrue(m)
    assert refused(accrue(m, DAY, 0)) == ("VALUE", DAY + 1, DAY, 0, 0)
    m.admin(CommandKind.SET_ACCOUNT, 0, 0, 0, 0, 0, euro, account=4, name=b"euro")
    set_rates(m, 5, 7, 365, euro)
    assert [vars(row) | {"reserved": 0} for row in plain(m.core.rates(), wire.RATE_ROW)] == [
        {"currency": euro, "debit": 5, "credit": 7, "days": 365, "reserved": 0}
    ]
    check_snapshot(m.core)


def test_nobody_is_charged_beyond_what_cash_may_be() -> None:
    m = Market()
    m.admin(CommandKind.SET_ACCOUNT, account=4, name=b"rich")
    m.admin(CommandKind.SET_ACCOUNT, account=5, name=b"poor")
    m.admin(CommandKind.SET_ACCOUNT, account=6, name=b"free", flags=AccountFlag.CREDIT_UNLIMITED)
    m.admin(CommandKind.DEPOSIT, wire.MAX_CASH - 100, account=4)
    m.admin(CommandKind.CHARGE, wire.MAX_CASH - 100, 12, account=5)
    m.admin(CommandKind.DEPOSIT, 10**12, account=6)
    set_rates(m, 10**7, 10**7)
    events = accrue(m, days=31)
    assert [(e[0], e[3]) for e in charged(events)][-2:] == [(4, -100), (5, 100)]
    assert [cash(m, account) for account in (4, 5, 6)] == [wire.MAX_CASH, -wire.MAX_CASH, 10**12]
    assert {e[0] for e in charged(accrue(m, DAY + 1))} == {A, B, C}
    check_snapshot(m.core)


# Fees for borrowing


def test_who_owes_shares_pays_by_the_mark() -> None:
    m = Market()
    m.admin(CommandKind.SET_INSTRUMENT_STATE, instrument=1, state=InstrumentState.OPEN)
    m.instrument(1, -1, -1, 20 * DOLLAR)
    set_borrow(m, Borrow.EASY, 36_000, 0, 1)
    m.admin(CommandKind.SET_RISK, 1_000)
    m.tick(m.ts_ns)
    for account in (B, C):
        m.sell(account, 20 * DOLLAR, 7, instrument=1)
    m.buy(A, 20 * DOLLAR, 14, instrument=1)
    m.admin(CommandKind.SET_ACCOUNT, 0, 0, 0, 0, 0, account=C, flags=AccountFlag.CREDIT_UNLIMITED | 1)
    # 7 lots of 10 shares at 20.00 are 1,400.00; 3.6 % a year of 360 days, for three
    assert charged(accrue(m, days=3)) == [(B, 1, "BORROW", 1_400 * UNIT * 3 // 10_000, DAY)]
    mark(m, 1, 20 * DOLLAR + 1)
    assert charged(accrue(m, DAY + 1)) == [(B, 1, "BORROW", 140_001, DAY + 1)]  # rounded up
    assert house(m)["BORROW"] == 420_000 + 140_001


def test_interest_is_a_loss_of_the_day_and_tells_levels() -> None:
    m = Market()
    watch(m, A, RiskType.MARGIN)
    set_rates(m, 10**7, 10**6)
    before = risk_of(m, A)
    accrue(m)
    after = risk_of(m, A)
    assert after.equity - before.equity == CASH // 360
    assert after.base == before.base


@pytest.mark.parametrize("borrow", list(Borrow))
def test_a_snapshot_goes_on_as_what_it_was_saved_from(borrow: Borrow) -> None:
    m = hard()
    locate(m, B, 30)
    locate(m, C, 20)
    set_borrow(m, borrow, 5, 60)
    set_rates(m, 3, 2, 365)
    accrue(m)
    check_snapshot(m.core)
    again = Core.restore(m.core.snapshot())
    command = m.command(CommandKind.LOCATE, account=B, value0=11)  # one more than there are
    for core in (m.core, again):
        core.apply(command)
    events = again.take_events()
    assert events == m.core.take_events()
    assert refused([event_of(events)]) == ("LOCATE", 10, 11, 10, 0)


def test_a_damaged_snapshot_is_refused() -> None:
    m = hard()
    locate(m, B, 30)
    damaged = bytearray(m.core.snapshot())
    place = damaged.find((1).to_bytes(8, "little") + (1).to_bytes(8, "little") + (30).to_bytes(8, "little"))
    assert place > 0  # how many, which position, its lots
    damaged[place + 23] = 0x80
    with pytest.raises(ValueError, match="damaged"):
        Core.restore(bytes(damaged))


def test_configure_keeps_locates() -> None:
    m = hard()
    locate(m, B, 30)
    m.admin(CommandKind.CONFIGURE, 16, 16, 128, 64, 32, 64, 8)
    assert located(m) == {(B, 0): (30, 0)}
    assert borrow_of(m) == (Borrow.HARD, 0, 1_000, 30)
    assert refused(m.sell(B, 50, 31))[0] == "LOCATE"
