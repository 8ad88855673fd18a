"""Verbs of the ledger: plans of fees, charges, withdrawals, business days. The rules are in docs/ledger.md."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Annotated, Any, Final

import numpy as np
from msgspec import Meta
from openbell import wire
from openbell.ledger import date_number
from openbell.wire import CommandKind, EventKind, HouseAccount

from engine.market import names_of
from engine.ports.frames import FrameError
from engine.ports.rows import rows_of, table_of
from engine.ports.verbs.govern import KEEP_FLAGS, LIMITS, PlanNumber
from engine.ports.verbs.verb import I64, U32, Act, AnyAccount, Arguments, Desk, OneAccount, Row, Verb, value_of
from engine.settlement.days import MAX_DAYS, date_of
from engine.world import here

CHARGED_TO: Final = tuple(house for house in HouseAccount if house >= HouseAccount.COMMISSION)
AHEAD_DAYS: Final = 1  # how much later than in UTC the date is anywhere
SECOND_NS: Final = 10**9
HouseNumber = Annotated[int, Meta(ge=int(CHARGED_TO[0]), le=int(CHARGED_TO[-1]))]


class FeePlanArguments(OneAccount):
    plan: PlanNumber


class ChargeArguments(OneAccount):
    amount: I64
    house: HouseNumber
    instrument: U32 | None = None
    reference: I64 = 0


class WithdrawalArguments(OneAccount):
    number: I64


class HoldArguments(WithdrawalArguments):
    amount: I64


class SettleArguments(Arguments):
    date: I64
    days: Annotated[int, Meta(ge=0, le=MAX_DAYS)] | None = None


# ------------------------------------------------------------ fees


def _fees(desk: Desk, act: Act) -> dict[str, Any]:
    """Plans that have components, a name, or accounts."""
    rows = np.frombuffer(desk.market.core.fees(), wire.FEE_ROW)
    used, counts = np.unique(desk.market.accounts()["plan"], return_counts=True)
    accounts = dict(zip(used.tolist(), counts.tolist(), strict=True))
    names = desk.market.plan_names()
    numbers = sorted({*rows["plan"].tolist(), *names, *(number for number in accounts if number)})
    return {
        "plans": [
            {
                "plan": number,
                "name": names.get(number, ""),
                "accounts": accounts.get(number, 0),
                "components": rows_of(rows[rows["plan"] == number]),
            }
            for number in numbers
        ]
    }


def _fee_plan(desk: Desk, act: Act) -> dict[str, Any]:
    given: FeePlanArguments = act.arguments
    rows = np.frombuffer(desk.market.core.fees(), wire.FEE_ROW)
    known = {0, *rows["plan"].tolist(), *desk.market.plan_names()}
    if given.plan not in known:  # else a typing error would be a plan without fees
        listed = ", ".join(map(str, sorted(known)))
        text = f"plan {given.plan} has no components and no name in the configuration; there are {listed}"
        raise FrameError("bad_args", text, field="plan", value=given.plan)
    values = [*[wire.KEEP] * (len(LIMITS) + 1), given.plan]
    desk.change(CommandKind.SET_ACCOUNT, act, account=given.account, flags=KEEP_FLAGS, values=values)
    return _account_row(desk, given.account)


def _charge(desk: Desk, act: Act) -> dict[str, Any]:
    given: ChargeArguments = act.arguments
    desk.change(
        CommandKind.CHARGE, act, account=given.account,
        instrument=wire.ANY if given.instrument is None else given.instrument,
        values=(given.amount, given.house, given.reference),
    )  # fmt: skip
    return _account_row(desk, given.account)


def _account_row(desk: Desk, account: int) -> dict[str, Any]:
    return rows_of(desk.account(account))[0]


# ------------------------------------------------------------ withdrawals


def _withdrawals(desk: Desk, act: Act) -> dict[str, Any]:
    account = act.arguments.account
    if account is not None:
        desk.account(account)
    rows = desk.market.withdrawals(account)
    names = names_of(desk.market.accounts(), "account", "name")
    return {
        "rows": table_of(rows, account_name=[names[number] for number in rows["account"].tolist()]),
        "capacity": desk.market.capacity()["withdrawals"],
    }


def _hold(desk: Desk, act: Act) -> dict[str, Any]:
    given: HoldArguments = act.arguments
    desk.change(CommandKind.HOLD_CASH, act, account=given.account, values=(given.amount, given.number))
    return {"amount": given.amount, **_account_row(desk, given.account)}


def _end(kind: CommandKind) -> Callable[[Desk, Act], dict[str, Any]]:
    """It went out, or it will not."""

    def do(desk: Desk, act: Act) -> dict[str, Any]:
        given: WithdrawalArguments = act.arguments
        events = desk.change(kind, act, account=given.account, values=(0, given.number))
        answer = EventKind.CASH if kind == CommandKind.POST_CASH else EventKind.CASH_RELEASED
        return {"amount": abs(value_of(events, answer, "price")), **_account_row(desk, given.account)}

    return do


# ------------------------------------------------------------ the house, and business days


def _house(desk: Desk, act: Act) -> dict[str, Any]:
    """Balances by currency, and what all accounts of that currency have together: the sum of all of it is 0."""
    rows = np.frombuffer(desk.market.core.house(), wire.HOUSE_ROW)
    accounts = desk.market.accounts()
    together: dict[str, int] = {}
    for currency, cash in zip(_texts(accounts), accounts["cash"].tolist(), strict=True):
        together[currency] = together.get(currency, 0) + cash  # as ints: the sum may be beyond 64 bits
    balances = (rows["balance_high"].astype(object) << 64) + rows["balance"].astype(object)
    return {
        "rows": [
            # As text: JSON's numbers are not that large everywhere.
            {"currency": currency, "house": house, "name": HouseAccount(house).name, "balance": str(balance)}
            for currency, house, balance in zip(_texts(rows), rows["house"].tolist(), balances.tolist(), strict=True)
        ],
        "accounts": [{"currency": currency, "cash": str(cash)} for currency, cash in together.items() if cash],
    }


def _texts(rows: Row) -> list[str]:
    return [text.decode("utf-8", "replace") for text in rows["currency"].tolist()]


def _settle(desk: Desk, act: Act) -> dict[str, Any]:
    given: SettleArguments = act.arguments
    day = date_of(given.date)
    if day is None:
        raise FrameError("bad_args", f"date {given.date} is no day YYYYMMDD", field="date", value=given.date)
    last = dt.datetime.fromtimestamp(here.clock.time_ns() // SECOND_NS, dt.UTC).date() + dt.timedelta(AHEAD_DAYS)
    if day > last:
        text = f"date: {day} has not begun anywhere: expected at most {last}"
        raise FrameError("bad_args", text, field="date", limit=date_number(last), value=given.date)
    days = desk.market.config.ledger.settlement_days if given.days is None else given.days
    events = desk.change(CommandKind.SETTLE, act, values=(given.date, days))
    return {"date": given.date, "days": days, "accounts": value_of(events, EventKind.SETTLEMENT, "leaves")}


LEDGER = (
    Verb("fees", Arguments, _fees, changes=False),
    Verb("withdrawals", AnyAccount, _withdrawals, changes=False),
    Verb("house", Arguments, _house, changes=False),
    Verb("fee-plan", FeePlanArguments, _fee_plan),
    Verb("charge", ChargeArguments, _charge),
    Verb("withdraw-hold", HoldArguments, _hold),
    Verb("withdraw-post", WithdrawalArguments, _end(CommandKind.POST_CASH)),
    Verb("withdraw-release", WithdrawalArguments, _end(CommandKind.RELEASE_CASH)),
    Verb("settle", SettleArguments, _settle),
)
