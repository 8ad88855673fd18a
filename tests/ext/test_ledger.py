"""Fees, settlement and withdrawals in the core: by hand, and through snapshots. Flow against the model: tests/prove."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from openbell import wire
from openbell.wire import CommandKind, EventKind, FeeBits, HouseAccount

from ext.core import Core
from tests.ext.market import CASH, A, B, C, Market

ALL_FILLS = FeeBits.MAKER | FeeBits.TAKER | FeeBits.AUCTION
BOTH = FeeBits.BUY | FeeBits.SELL
CENT = 10_000


def component(m: Market, number: int, *values: int, house: int = HouseAccount.COMMISSION, **fields: Any) -> None:
    """value0 to value7 of SET_FEE, in plan 1; fields: reserve."""
    (event,) = m.admin(
        CommandKind.SET_FEE, *values, account=1, state=number, flags=house, instrument=fields.get("reserve", 0)
    )
    assert event.kind == EventKind.FEE_SET, event


def join(m: Market, account: int, plan: int = 1) -> None:
    (event,) = m.admin(CommandKind.SET_ACCOUNT, -1, -1, -1, -1, -1, -1, plan, account=account, flags=255)
    assert event.kind == EventKind.ACCOUNT_SET, event


def charged(events: list[Any]) -> list[tuple[int, int, int, int]]:
    """Account, component, house account and amount of each CHARGED."""
    return [(e.account, e.leaves, e.reason, e.price) for e in events if e.kind == EventKind.CHARGED]


def balances(m: Market) -> dict[int, int]:
    return {
        int(row["house"]): (int(row["balance_high"]) << 64) + int(row["balance"])
        for row in np.frombuffer(m.core.house(), wire.HOUSE_ROW)
    }


def is_balanced(m: Market) -> bool:
    cash = int(sum(int(row["cash"]) for row in np.frombuffer(m.core.accounts(), wire.ACCOUNT_ROW)))
    return cash + sum(balances(m).values()) == 0


def test_partial_fills_of_an_order_cost_what_one_fill_would() -> None:
    """0.5 of a cent a share, at least a unit of the currency, an order, to the cent."""
    m = Market()
    component(m, 0, 5_000_000, 0, 0, 1_000_000, 0, 0, CENT, BOTH | ALL_FILLS)
    join(m, A)
    m.sell(B, 1000, 100)
    m.sell(B, 1005, 150)
    m.sell(B, 1010, 151)
    events = m.buy(A, 1010, 401)
    # 100 shares: 0.50, at least 1.00; 250: 1.25; 401: 2.005, to the nearest cent away from zero
    assert charged(events) == [(A, 0, 3, 1_000_000), (A, 0, 3, 250_000), (A, 0, 3, 760_000)]
    assert m.account(A).fees == 2_010_000
    assert balances(m)[HouseAccount.COMMISSION] == 2_010_000
    assert is_balanced(m)


def test_makers_are_charged_before_takers_and_each_by_its_kind_of_fill() -> None:
    m = Market()
    component(m, 0, -2_000_000, 0, 0, 0, 0, 0, 0, BOTH | FeeBits.MAKER | FeeBits.PER_FILL, house=HouseAccount.VENUE)
    component(m, 1, 3_000_000, 0, 0, 0, 0, 0, 0, BOTH | FeeBits.TAKER | FeeBits.PER_FILL, house=HouseAccount.VENUE)
    component(m, 2, 0, 27_800, 0, 0, 0, 0, CENT, FeeBits.SELL | ALL_FILLS | FeeBits.UP, house=HouseAccount.SEC)
    join(m, A)
    join(m, B)
    m.admin(CommandKind.DEPOSIT_SHARES, 10, 0, account=A)
    m.buy(B, 250_000, 10)
    events = m.sell(A, 250_000, 10)
    kinds = [event.kind for event in events]
    assert kinds[-5:] == [EventKind.FILL, EventKind.FILL, EventKind.CHARGED, EventKind.CHARGED, EventKind.CHARGED]
    # 27.80 of a million of 250 is 0.00695: a cent
    assert charged(events) == [(B, 0, 4, -20_000), (A, 1, 4, 30_000), (A, 2, 5, CENT)]
    assert balances(m) == {HouseAccount.BANK: -3 * CASH, HouseAccount.VENUE: 10_000, HouseAccount.SEC: CENT}
    assert is_balanced(m)


def test_who_owes_as_much_as_there_can_be_gets_a_rebate() -> None:
    m = Market()
    component(m, 0, -2_000_000, 0, 0, 0, 0, 0, 0, BOTH | ALL_FILLS | FeeBits.PER_FILL, house=HouseAccount.VENUE)
    m.admin(CommandKind.SET_ACCOUNT, -1, -1, -1, -1, -1, -1, 1, account=A, flags=wire.AccountFlag.CREDIT_UNLIMITED)
    m.sell(B, 250_000, 10)
    paid = 250_000 * 10 * 100
    m.admin(CommandKind.DEPOSIT, paid - wire.MAX_CASH, account=A)
    m.admin(CommandKind.DEPOSIT, -m.account(A).cash - wire.MAX_CASH + paid, account=A)
    assert m.account(A).cash == paid - wire.MAX_CASH
    assert charged(m.buy(A, 250_000, 10)) == [(A, 0, 4, -20_000)]
    assert m.account(A).cash == 20_000 - wire.MAX_CASH


@pytest.mark.parametrize("step", range(6))
def test_it_goes_on_from_a_snapshot_at_any_point(step: int) -> None:
    """A story of six steps, told once in one go and once with a snapshot after one of them."""

    def tell(cut: int | None) -> tuple[list[Any], str]:
        m, told = Market(), []

        def parts() -> Any:
            component(m, 0, 5_000_000, 0, 0, 1_000_000, 0, 0, CENT, BOTH | ALL_FILLS)
            join(m, A)
            yield m.admin(CommandKind.SET_LEDGER, 3)
            yield m.buy(A, 1000, 500)
            yield m.sell(B, 1000, 100)
            yield m.admin(CommandKind.SETTLE, 20261130, 1)
            m.admin(CommandKind.HOLD_CASH, 77, 5, account=A)
            yield m.sell(C, 1000, 100)
            m.admin(CommandKind.SETTLE, 20261201, 1)
            yield m.sell(B, 1000, 300)
            m.admin(CommandKind.POST_CASH, 0, 5, account=A)
            m.admin(CommandKind.CHARGE, 1_000, HouseAccount.INTEREST, 0, account=C, instrument=wire.ANY)
            yield m.admin(CommandKind.SETTLE, 20261202, 0)

        for number, events in enumerate(parts()):
            told += events
            assert is_balanced(m)
            if number == cut:
                before = m.core.state_hash()
                m.core = Core.restore(m.core.snapshot())
                assert m.core.state_hash() == before
        return told, m.core.state_hash()

    assert tell(step) == tell(None)


def test_a_business_day_later() -> None:
    m = Market()
    assert [event.kind for event in m.admin(CommandKind.SETTLE, 20261127, 1)] == [EventKind.SETTLEMENT]
    m.sell(B, 1000, 10)
    m.buy(A, 1000, 10)
    cash = 1000 * 10 * 100
    row = m.account(A)
    assert (row.settled, row.unsettled, row.withdrawable) == (CASH, -cash, CASH - cash)
    row = m.account(B)
    assert (row.settled, row.unsettled, row.withdrawable) == (CASH, cash, CASH)
    (end,) = m.admin(CommandKind.SETTLE, 20261130, 1)
    assert (end.kind, end.price, end.leaves, end.client_order_id) == (EventKind.SETTLEMENT, 20261130, 0, 1)
    first, second, end = m.admin(CommandKind.SETTLE, 20261201, 1)
    assert (first.account, first.price, first.trade_id) == (A, -cash, CASH - cash)
    assert (second.account, second.price, second.trade_id) == (B, cash, CASH + cash)
    assert end.leaves == 2
    assert (m.account(A).settled, m.account(A).unsettled) == (CASH - cash, 0)


def test_the_table_of_withdrawals_is_of_accounts_and_numbers() -> None:
    m = Market()
    assert m.admin(CommandKind.HOLD_CASH, 1, 1, account=A)[0].check == wire.Check.CAPACITY
    m.admin(CommandKind.SET_LEDGER, 4)
    for account, number in ((B, 2), (A, 9), (B, 1), (A, 3)):
        (event,) = m.admin(CommandKind.HOLD_CASH, 10 * number, number, account=account)
        assert (event.kind, event.price, event.order_id) == (EventKind.CASH_HELD, 10 * number, number)
    rows = np.frombuffer(m.core.withdrawals(), wire.WITHDRAWAL_ROW)[["account", "number", "amount"]].tolist()
    assert rows == [(A, 3, 30), (A, 9, 90), (B, 1, 10), (B, 2, 20)]
    assert m.admin(CommandKind.HOLD_CASH, 1, 1, account=C)[0].check == wire.Check.CAPACITY
    assert m.admin(CommandKind.RELEASE_CASH, 0, 9, account=A)[0].trade_id == 30
    assert m.admin(CommandKind.POST_CASH, 0, 1, account=B)[0].trade_id == CASH - 10
    assert m.account(B).withdrawals == m.account(B).hold == 20
    assert m.core.stats()["withdrawals"] == {"used": 2, "capacity": 4}
    assert is_balanced(m)


def damaged(good: bytes, where: int, data: bytes) -> bytes:
    return good[:where] + data + good[where + len(data) :]


def test_a_damaged_ledger_is_refused() -> None:
    m = Market()
    m.admin(CommandKind.SET_LEDGER, 2)
    component(m, 0, 123_456_789_012, 0, 0, 0, 0, 0, 0, BOTH | ALL_FILLS)
    join(m, A)
    m.buy(A, 1000, 50)
    m.sell(B, 1000, 20)
    m.admin(CommandKind.HOLD_CASH, 987_654_321, 4_242_424_242, account=B)
    good = m.core.snapshot()
    fee = good.rindex((123_456_789_012).to_bytes(8, "little"))
    held = good.rindex((4_242_424_242).to_bytes(8, "little"))
    for bad in (
        damaged(good, fee, (10**12 + 1).to_bytes(8, "little")),  # beyond its range
        damaged(good, fee + 60, b"\x00"),  # plan 0
        damaged(good, fee + 61, b"\x08"),  # a component that there is not
        damaged(good, fee + 62, b"\x0d"),  # a house account that there is not
        damaged(good, fee + 63, b"\x00"),  # no component at all
        damaged(good, fee + 80, (77).to_bytes(8, "little")),  # the charges of an order that there is not
        damaged(good, held, bytes(8)),  # number 0
        damaged(good, held + 8, (1).to_bytes(8, "little")),  # less than the account holds
        damaged(good, held + 24, (7).to_bytes(4, "little")),  # an account that there is not
        good[:-1],
        good + b"\x00",
    ):
        with pytest.raises(ValueError, match="damaged"):
            Core.restore(bad)
    assert Core.restore(good).state_hash() == m.core.state_hash()


def test_orders_wait_for_the_fees_of_those_before_them() -> None:
    """Ten of the currency an order, and a hundredth of the notional, are kept back; short way, long way, REPLACE."""
    m = Market()
    m.admin(CommandKind.DEPOSIT, -CASH, account=A)
    m.admin(CommandKind.DEPOSIT, 220_000_000, account=A)
    component(m, 0, 0, 0, 10_000_000, 0, 0, 0, 0, BOTH | ALL_FILLS, reserve=10_000)
    join(m, A)
    m.buy(A, 10_000, 1)  # makes the position: the short way from here on
    for _ in range(2):
        m.cancel(A, m.buy(A, 10_000, 100)[0].order_id)  # 100 of the currency: 1 and 10 kept back
    (first,) = m.buy(A, 10_000, 100)
    assert first.kind == EventKind.ACCEPTED
    # free 119; kept back 1 % of (101 + 100) and three times 10: 32.01
    (refused,) = m.buy(A, 10_000, 100)
    assert (refused.check, refused.limit, refused.value) == (wire.Check.BUYING_POWER, 86_990_000, 100_000_000)
    # of 200 lots: without its own hold free is 219; 1 % of (1 + 200) and twice 10
    assert m.replace(A, first.order_id, 10_000, 200)[0].check == wire.Check.BUYING_POWER
    assert m.replace(A, first.order_id, 10_000, 196)[0].kind == EventKind.REPLACED
    assert m.account(A).hold == 197_000_000
