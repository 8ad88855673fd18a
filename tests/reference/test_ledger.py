"""Double entry, currencies, charges, by hand. docs/ledger.md. A lot at price 1 is 100 of cash."""

from __future__ import annotations

from typing import Any

import pytest
from openbell import wire
from openbell.wire import AccountFlag, Check, EventKind, FeeBits, HouseAccount, Role, TimeInForce

from tests.reference import commands as ask
from tests.reference.commands import Command
from tests.reference.desk import Desk
from tests.reference.records import ACCOUNT_ROW, HOUSE_ROW, balance_of

CASH = 1_000_000
KEEP = wire.KEEP
SHORT, CREDIT = AccountFlag.SHORT_ALLOWED, AccountFlag.CREDIT_UNLIMITED
USD, EUR, GBP = map(ask.currency, ("USD", "EUR", "GBP"))
BANK = HouseAccount.BANK


@pytest.fixture
def desk(market: Any) -> Desk:
    """Instrument 0 is in dollars, 1 in euros, 2 in nothing; accounts 0 and 1 have dollars, 2 euros, 3 anything."""
    desk = Desk(market)
    desk.do(ask.configure(positions=6))
    for number, currency in enumerate((USD, EUR, 0)):
        desk.do(ask.instrument(number, currency=currency), ask.instrument_state(number, wire.InstrumentState.OPEN))
    for number, currency in enumerate((USD, USD, EUR, 0)):
        desk.do(ask.account(number, currency=currency, flags=SHORT), ask.deposit(number, CASH))
    return desk


def in_currency(account: int, currency: int, **fields: Any) -> Command:
    """SET_ACCOUNT that changes nothing else."""
    return ask.account(account, *(KEEP,) * 5, currency, KEEP, **{"flags": 255, "name": b""} | fields)


def traded_in(instrument: int, currency: int, **fields: Any) -> Command:
    return ask.instrument(instrument, *(KEEP,) * 6, currency, KEEP, **{"name": b""} | fields)


def house(desk: Desk) -> list[tuple[bytes, int, int]]:
    """Currency, house account, balance."""
    rows = HOUSE_ROW.rows(desk.market.house())
    return [(row.currency.rstrip(b"\0"), row.house, balance_of(row)) for row in rows]


def refusal(desk: Desk, command: Command) -> tuple[int, int, int, int]:
    """Check, index, limit and value."""
    event = desk.one(command)
    assert (event.kind, event.headroom) == (EventKind.ADMIN_REJECTED, 0)
    return event.check, event.client_order_id, event.limit, event.value


# Currencies


def test_an_account_takes_orders_in_its_currency(desk: Desk) -> None:
    event = desk.one(ask.buy(0, 1, 5, 5, instrument=1))
    assert (event.kind, event.check) == (EventKind.REJECTED, Check.CURRENCY)
    assert (event.limit, event.value, event.headroom, event.account_seq) == (USD, EUR, 0, 3)
    assert [desk.one(ask.buy(2, 1, 5, 5, instrument=number)).kind for number in (0, 2)] == [EventKind.REJECTED] * 2
    assert desk.one(ask.sell(0, 2, 5, 5, instrument=2)).value == 0
    assert desk.one(ask.buy(2, 2, 5, 5, instrument=1)).kind == EventKind.ACCEPTED
    # One without takes all.
    kinds = [desk.one(ask.buy(3, 1 + number, 4, 5, instrument=number)).kind for number in range(3)]
    assert kinds == [EventKind.ACCEPTED] * 3


def test_where_the_check_has_its_place(market: Any) -> None:
    """After OPEN_ORDERS, before the table of positions."""
    desk = Desk(market)
    desk.do(ask.configure(positions=1), ask.instrument(0, currency=EUR), ask.instrument(1, currency=USD))
    desk.do(*(ask.instrument_state(number, wire.InstrumentState.OPEN) for number in range(2)))
    desk.do(ask.account(0, max_open_orders=1, currency=USD, flags=SHORT), ask.deposit(0, CASH))
    assert desk.one(ask.buy(0, 1, 5, 5, instrument=1)).kind == EventKind.ACCEPTED
    assert desk.one(ask.buy(0, 2, 5, 5)).check == Check.OPEN_ORDERS
    desk.do(ask.cancel(0, 1))
    assert desk.one(ask.buy(0, 3, 5, 5)).check == Check.CURRENCY
    assert desk.one(ask.special(0, 4, 0, 5, price=5, role=Role.CHILD)).check == Check.CURRENCY
    assert refusal(desk, ask.shares(0, 0, 5, 1)) == (Check.CURRENCY, 0, USD, EUR)


def test_deposits_of_shares_have_it_too(desk: Desk) -> None:
    assert refusal(desk, ask.shares(2, 0, 5, 1)) == (Check.CURRENCY, 0, EUR, USD)
    # What is wrong by itself comes first.
    assert refusal(desk, ask.shares(2, 0, 0, 1)) == (Check.VALUE, 0, 1, 0)
    assert refusal(desk, ask.shares(2, 0, 2, wire.MAX_CASH)) == (Check.VALUE, 1, wire.MAX_CASH, wire.MAX_CASH)
    assert refusal(desk, ask.shares(2, 0, -5, 1)) == (Check.VALUE, 0, 0, -5)
    assert desk.one(ask.shares(2, 1, 5, 1)).kind == EventKind.SHARES


def test_a_currency_stays(desk: Desk) -> None:
    for currency in (EUR, 0):
        assert refusal(desk, in_currency(0, currency)) == (Check.VALUE, 5, USD, currency)
    for currency in (USD, KEEP):
        assert desk.one(in_currency(0, currency)).kind == EventKind.ACCOUNT_SET
    assert desk.account(0).currency.rstrip(b"\0") == b"USD"


def test_who_has_nothing_may_get_a_currency(desk: Desk) -> None:
    assert refusal(desk, in_currency(3, EUR)) == (Check.VALUE, 5, 0, EUR)  # it has cash
    desk.do(ask.deposit(3, -CASH))
    assert desk.one(in_currency(3, EUR)).kind == EventKind.ACCOUNT_SET
    assert desk.account(3).currency.rstrip(b"\0") == b"EUR"


def test_who_had_a_position_gets_none(desk: Desk) -> None:
    desk.do(ask.buy(3, 1, 5, 5), ask.cancel(3, 1), ask.deposit(3, -CASH))
    assert refusal(desk, in_currency(3, USD)) == (Check.VALUE, 5, 0, USD)
    assert desk.one(in_currency(3, 0)).kind == EventKind.ACCOUNT_SET


def test_the_currency_of_an_instrument_stays_when_anybody_has_a_position(desk: Desk) -> None:
    assert desk.one(traded_in(2, GBP)).kind == EventKind.INSTRUMENT_SET
    assert desk.instrument(2).currency.rstrip(b"\0") == b"GBP"
    desk.do(ask.buy(3, 1, 5, 5, instrument=2), ask.cancel(3, 1))
    assert refusal(desk, traded_in(2, 0)) == (Check.VALUE, 6, GBP, 0)
    for currency in (GBP, KEEP):
        assert desk.one(traded_in(2, currency)).kind == EventKind.INSTRUMENT_SET
    desk.do(ask.shares(0, 0, 1, 1))
    assert refusal(desk, traded_in(0, EUR)) == (Check.VALUE, 6, USD, EUR)


def test_eight_currencies(desk: Desk) -> None:
    """None, dollars, euros, and five more; of accounts and instruments together, first come first listed."""
    desk.do(*(traded_in(2, ask.currency(name)) for name in ("A", "B", "C")))
    desk.do(ask.account(4, currency=ask.currency("D")), ask.account(5, currency=ask.currency("EIGHTLET")))
    for name in ("A", "B", "EIGHTLET", "USD"):  # those that came stay, used or not
        assert desk.one(traded_in(2, ask.currency(name))).kind == EventKind.INSTRUMENT_SET
    ninth = ask.currency("NINTH")
    assert refusal(desk, traded_in(2, ninth)) == (Check.CAPACITY, 0, 8, 9)
    assert refusal(desk, ask.account(6, currency=ninth)) == (Check.CAPACITY, 0, 8, 9)
    # After all other checks.
    assert refusal(desk, traded_in(2, ninth, name=b"SYM0"))[0] == Check.NAME
    assert refusal(desk, ask.account(6, currency=ninth, flags=9))[:2] == (Check.VALUE, 8)
    assert refusal(desk, ask.account(6, currency=ninth, plan=256))[:2] == (Check.VALUE, 6)
    assert refusal(desk, ask.account(6, currency=ninth, name=b"account 0"))[0] == Check.NAME
    assert all(row.account != 6 for row in ACCOUNT_ROW.rows(desk.market.accounts()))
    desk.do(ask.deposit(5, 1), ask.deposit(4, 2))
    assert house(desk) == [
        *((b"", BANK, -CASH), (b"USD", BANK, -2 * CASH), (b"EUR", BANK, -CASH)),
        *((b"D", BANK, -2), (b"EIGHTLET", BANK, -1)),
    ]


def test_what_is_refused_takes_no_place(desk: Desk) -> None:
    for number in range(9):
        assert desk.one(traded_in(2, 1000 + number, name=b"SYM0")).check == Check.NAME
    assert [desk.one(traded_in(2, 1000 + number)).kind for number in range(5)] == [EventKind.INSTRUMENT_SET] * 5
    assert refusal(desk, traded_in(2, 2000)) == (Check.CAPACITY, 0, 8, 9)


def test_what_is_new_has_nothing_to_keep(desk: Desk) -> None:
    """-1 is a currency there, of eight bytes like others."""
    assert desk.one(ask.account(4, currency=KEEP)).kind == EventKind.ACCOUNT_SET
    assert desk.account(4).currency == b"\xff" * 8
    assert refusal(desk, in_currency(4, 0)) == (Check.VALUE, 5, -1, 0)


# The house


def test_the_house_has_the_other_side(desk: Desk) -> None:
    assert house(desk) == [(b"", BANK, -CASH), (b"USD", BANK, -2 * CASH), (b"EUR", BANK, -CASH)]
    desk.do(ask.deposit(0, -CASH), ask.deposit(1, -CASH), ask.deposit(2, 5))
    assert house(desk) == [(b"", BANK, -CASH), (b"EUR", BANK, -CASH - 5)]  # what is 0 is no row


def test_shares_are_no_cash(desk: Desk) -> None:
    before = house(desk)
    desk.do(ask.shares(0, 0, 500, 7), ask.shares(0, 0, -100))
    assert house(desk) == before


def test_a_balance_that_is_more_than_an_i64_has(market: Any) -> None:
    """Five accounts have all the cash that there can be."""
    desk = Desk(market).open(wire.MAX_CASH, accounts=5)
    assert house(desk) == [(b"", BANK, -5 * wire.MAX_CASH)]
    desk.do(ask.deposit(0, -wire.MAX_CASH), ask.deposit(1, 1 - wire.MAX_CASH))
    assert house(desk) == [(b"", BANK, -3 * wire.MAX_CASH - 1)]
    (row,) = HOUSE_ROW.rows(desk.market.house())
    assert (row.balance_high, row.balance) == (-1, (1 << 64) - 3 * wire.MAX_CASH - 1)


def test_rows_are_by_currency_then_house_account(desk: Desk) -> None:
    charges = [(2, 1, 12), (0, 2, 9), (0, 3, 3), (3, 4, 5), (1, 5, 7)]
    desk.do(*(ask.charge(account, amount, kind) for account, amount, kind in charges))
    assert house(desk) == [
        *((b"", BANK, -CASH), (b"", HouseAccount.SEC, 4)),
        *((b"USD", BANK, -2 * CASH), (b"USD", 3, 3), (b"USD", 7, 5), (b"USD", 9, 2)),
        *((b"EUR", BANK, -CASH), (b"EUR", 12, 1)),
    ]


def test_a_fee_is_kept_in_the_currency_of_its_account(desk: Desk) -> None:
    bits = int(FeeBits.BUY | FeeBits.SELL | FeeBits.MAKER | FeeBits.TAKER | FeeBits.AUCTION)
    desk.do(ask.fee(1, 0, bits, per_order=7), *(ask.account(n, *(KEEP,) * 6, 1, flags=255, name=b"") for n in (2, 3)))
    desk.do(ask.sell(2, 1, 5, 5, instrument=1), ask.buy(3, 1, 5, 5, instrument=1))
    assert house(desk) == [
        *((b"", BANK, -CASH), (b"", HouseAccount.COMMISSION, 7)),
        (b"USD", BANK, -2 * CASH),
        *((b"EUR", BANK, -CASH), (b"EUR", HouseAccount.COMMISSION, 7)),
    ]


# CHARGE


def test_a_charge(desk: Desk) -> None:
    event = desk.one(ask.charge(0, 1234, HouseAccount.BORROW, 20_240_531, instrument=1, request=6))
    assert (event.kind, event.account, event.account_seq, event.instrument) == (EventKind.CHARGED, 0, 3, 1)
    assert (event.side, event.reason, event.qty, event.price) == (wire.SIDE_BOTH, HouseAccount.BORROW, 6, 1234)
    assert (event.trade_id, event.order_id, event.client_order_id, event.leaves) == (20_240_531, 0, 0, 0)
    assert (event.flags, event.filled) == (0, 0)
    row = desk.account(0)
    assert (row.cash, row.settled, row.fees, row.realized_pnl) == (CASH - 1234, CASH - 1234, 0, 0)
    event = desk.one(ask.charge(0, -34, HouseAccount.BORROW))
    assert (event.instrument, event.price, event.trade_id) == (0, -34, 0)
    assert (b"USD", HouseAccount.BORROW, 1200) in house(desk)


def test_what_is_charged_is_owed(desk: Desk) -> None:
    """Free cash may become negative, whatever it is bound by; the next buy is refused."""
    desk.do(ask.buy(0, 1, 10, 900), ask.charge(0, 600_000))
    row = desk.account(0)
    assert (row.cash, row.hold, row.withdrawable) == (400_000, 900_000, 0)
    assert desk.one(ask.buy(0, 2, 1, 1)).check == Check.BUYING_POWER
    desk.do(ask.charge(0, 2 * CASH))
    assert desk.account(0).cash == 400_000 - 2 * CASH
    assert len(desk.orders(0)) == 1


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (ask.charge(7, 0, 0, instrument=9), (Check.ACCOUNT, 0, 0, 7)),
        (ask.charge(0, 0, 0, instrument=9), (Check.INSTRUMENT, 0, 0, 9)),
        (ask.charge(0, 0, 0), (Check.VALUE, 0, 1, 0)),
        (ask.charge(0, wire.MAX_CASH + 1, 0), (Check.VALUE, 0, wire.MAX_CASH, wire.MAX_CASH + 1)),
        (ask.charge(0, -wire.MAX_CASH - 1, 0), (Check.VALUE, 0, -wire.MAX_CASH, -wire.MAX_CASH - 1)),
        (ask.charge(0, 1, HouseAccount.BANK, -1), (Check.VALUE, 1, HouseAccount.COMMISSION, HouseAccount.BANK)),
        (ask.charge(0, 1, HouseAccount.DEPOSITORY), (Check.VALUE, 1, HouseAccount.COMMISSION, 2)),
        (ask.charge(0, 1, max(HouseAccount) + 1), (Check.VALUE, 1, max(HouseAccount), max(HouseAccount) + 1)),
        (ask.charge(0, 1, -1), (Check.VALUE, 1, HouseAccount.COMMISSION, -1)),
        (ask.charge(0, wire.MAX_CASH, 3, -1), (Check.VALUE, 2, 0, -1)),
    ],
)
def test_what_charge_refuses(desk: Desk, command: Command, said: tuple[int, ...]) -> None:
    before = desk.market.accounts(), desk.market.house()
    assert refusal(desk, command) == said
    assert (desk.market.accounts(), desk.market.house()) == before


def test_a_charge_stays_within_what_cash_may_be(desk: Desk) -> None:
    """As a deposit of the opposite: value has its sign, headroom is what could be moved that way."""
    desk.do(ask.buy(0, 1, 10, 100, tif=TimeInForce.DAY))
    event = desk.one(ask.charge(0, -wire.MAX_CASH))
    assert (event.check, event.limit, event.value) == (Check.CASH_RANGE, wire.MAX_CASH, wire.MAX_CASH)
    assert event.headroom == wire.MAX_CASH - CASH
    desk.do(ask.charge(0, wire.MAX_CASH))
    event = desk.one(ask.charge(0, CASH))
    assert (event.check, event.limit, event.value) == (Check.CASH_RANGE, wire.MAX_CASH, -CASH)
    assert event.headroom == CASH - 100_000  # the order holds it
    assert desk.one(ask.charge(0, CASH - 100_000, note=(1 << 63) - 1)).trade_id == (1 << 63) - 1
    assert desk.account(0).cash == 100_000 - wire.MAX_CASH
    assert desk.one(ask.charge(0, -CASH)).kind == EventKind.CHARGED


def test_a_trade_may_leave_no_cash_out(market: Any) -> None:
    """All that moved, over all accounts and the house, is 0."""
    desk = Desk(market).open(CASH, CREDIT | SHORT, accounts=3)
    bits = int(FeeBits.BUY | FeeBits.SELL | FeeBits.PER_FILL | FeeBits.MAKER | FeeBits.TAKER)
    desk.do(ask.fee(1, 0, bits, per_share=777_777, of_notional=-333), ask.account(1, plan=1, flags=3), ask.ledger(1))
    desk.do(ask.sell(0, 1, 77, 5), ask.sell(1, 1, 78, 5), ask.buy(2, 1, 80, 7), ask.buy(1, 2, 80, 9))
    desk.do(ask.bust(1, 2, 0, 77, 5), ask.hold_cash(1, 9, 1), ask.post_cash(1, 1), ask.charge(2, -5))
    cash = sum(row.cash for row in ACCOUNT_ROW.rows(desk.market.accounts()))
    assert len(house(desk)) == 3
    assert cash + sum(balance for _, _, balance in house(desk)) == 0
