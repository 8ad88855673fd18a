"""Small markets on disk in which the ledger has something to do: plans of fees, charges, withdrawals, business days."""

from __future__ import annotations

from typing import Any

import numpy as np
from openbell import wire

from tests.engine.markets import Trading, admin

KINDS = wire.CommandKind
HOUSE = wire.HouseAccount
BITS = wire.FeeBits
USD = int.from_bytes(b"USD", "little")
KEPT = [wire.KEEP] * 5  # limits of an account
PLANS = {0: 1, 1: 1, 2: 2}  # plans by account; the others have none
FIRST_DAY = 20231114


def fee(plan: int, component: int, house: int, bits: int, *values: int, reserve: int = 0) -> bytes:
    """SET_FEE. values: per share, of notional, per order, minimum, maximum, most of notional, rounding."""
    given = [*values, *[0] * (7 - len(values)), bits]
    return admin(KINDS.SET_FEE, *given, account=plan, state=component, flags=house, instrument=reserve)


def set_up(market: Trading) -> None:
    """Two plans, of which one has a rebate for makers, accounts with them, and room for eight withdrawals."""
    both = BITS.BUY | BITS.SELL | BITS.MAKER | BITS.TAKER | BITS.AUCTION
    for command in (
        admin(KINDS.SET_LEDGER, 8),
        fee(1, 0, HOUSE.COMMISSION, both, 5_000_000, 0, 0, 1_000_000, reserve=1000),
        fee(1, 1, HOUSE.SEC, BITS.SELL | BITS.MAKER | BITS.TAKER | BITS.AUCTION | BITS.PER_FILL | BITS.UP, 0, 27_800),
        fee(2, 0, HOUSE.VENUE, BITS.BUY | BITS.SELL | BITS.MAKER | BITS.PER_FILL, -2_000_000),
        fee(2, 7, HOUSE.VENUE, BITS.BUY | BITS.SELL | BITS.TAKER | BITS.PER_FILL, 3_000_000),
        *[set_plan(account, plan) for account, plan in PLANS.items()],
    ):
        market.batch.add_admin(command)
    market.commit()


def set_plan(account: int, plan: int) -> bytes:
    """SET_ACCOUNT of one that exists: all else is kept."""
    return admin(KINDS.SET_ACCOUNT, *KEPT, wire.KEEP, plan, account=account, flags=255)


class Days:
    """Business days of a market: each trades, charges, holds, posts and releases at random, and may settle."""

    def __init__(self, market: Trading) -> None:
        self.market = market
        self.day = FIRST_DAY
        self.number = 0
        set_up(market)

    def acts(self, count: int) -> list[bytes]:
        """Random charges and withdrawals, some of them wrong."""
        rng, commands = self.market.random, []
        for _ in range(count):
            account, amount = int(rng.integers(0, 7)), int(rng.integers(1, 5_000_000))  # there is no account 6
            kind = rng.choice([KINDS.CHARGE, KINDS.HOLD_CASH, KINDS.POST_CASH, KINDS.RELEASE_CASH, KINDS.DEPOSIT])
            if kind == KINDS.CHARGE:
                of = int(rng.choice([wire.ANY, 0, 1, 2, 9]))
                house = int(rng.integers(HOUSE.COMMISSION, HOUSE.OTHER + 1))
                values = [amount * int(rng.choice([1, -1])), house, int(rng.integers(0, 3))]
                commands.append(admin(kind, *values, account=account, instrument=of, reason="what it is for"))
            elif kind == KINDS.DEPOSIT:
                commands.append(admin(kind, amount * int(rng.choice([1, -1])), account=account))
            else:
                self.number += kind == KINDS.HOLD_CASH
                number = self.number if kind == KINDS.HOLD_CASH else int(rng.integers(1, self.number + 2))
                for one in range(account, account + 1 if kind == KINDS.HOLD_CASH else 6):
                    commands.append(admin(kind, amount, number, account=one))
        return commands

    def pass_by(self, count: int, orders: int = 100, *, settle: bool = True) -> None:
        """So many days of so many orders."""
        for _ in range(count):
            self.market.trade(orders)
            for command in self.acts(12):
                self.market.batch.add_admin(command)
            self.market.commit()
            self.market.trade(orders)
            if settle:
                self.settle()
        self.market.writer.wait(self.market.seq)

    def lend(self, new: int = 3, old: int = 2) -> None:
        """A day's interest and fees; of instrument 0 a locate, a dividend that is paid and one that is due, a split."""
        for command in (
            admin(KINDS.SET_BORROW, 40_000, 5_000, instrument=0, state=wire.Borrow.HARD),
            admin(KINDS.SET_BORROW, 70_000, 0, instrument=1),
            admin(KINDS.LOCATE, 500, account=1, instrument=0),
            admin(KINDS.SET_RATES, USD, 90_000, 30_000, 360),
            admin(KINDS.SET_RATES, 0, 90_000, 30_000, 365),
            admin(KINDS.ACCRUE, self.day, 3, reason="a weekend"),
            admin(KINDS.DIVIDEND, 250_000, 7, instrument=0, reason="of the year"),
            admin(KINDS.PAY_DIVIDEND, 0, 8, instrument=0, reason="of the year"),
            admin(KINDS.DIVIDEND, 110_000, 9, instrument=0),
            admin(KINDS.SET_INSTRUMENT_STATE, instrument=0, state=wire.InstrumentState.CLOSED),
            admin(KINDS.SPLIT, new, old, 1_000_000, instrument=0, reason="as the company said"),
            admin(KINDS.SET_INSTRUMENT_STATE, instrument=0, state=wire.InstrumentState.OPEN),
        ):
            self.market.batch.add_admin(command)
        self.market.commit()

    def settle(self, days: int = 1) -> None:
        self.market.batch.add_admin(admin(KINDS.SETTLE, self.day, days))
        self.market.commit()
        self.day += 1


def order(account: int, number: int, side: int, price: int, qty: int, **fields: Any) -> bytes:
    """One limit order in instrument 0."""
    made = np.zeros((), wire.ORDER_COMMAND)
    given = {
        "kind": KINDS.NEW_ORDER, "account": account, "client_order_id": number, "side": side, "price": price,
        "qty": qty, "tif": wire.TimeInForce.GTC, **fields,
    }  # fmt: skip
    for name, value in given.items():
        made[name] = value
    return made.tobytes()
