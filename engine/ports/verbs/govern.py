"""Verbs that change instruments, accounts and orders."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta
from openbell import wire
from openbell.wire import AccountFlag, AccountState, AdminFlag, ArmFlag, CommandKind, EventKind

from engine.market import new_id
from engine.ports.frames import FrameError
from engine.ports.guards import arm_command
from engine.ports.rows import rows_of
from engine.ports.verbs.look import instrument_rows
from engine.ports.verbs.verb import I64, U32, Act, Arguments, Desk, OneAccount, Verb, Where, value_of

KEEP_FLAGS = 255
LIMITS = ("max_order_qty", "max_order_notional", "max_position", "max_open_orders", "max_messages")
INSTRUMENT_VALUES = ("tick_size", "lot_size", "reference_price", "collar_bps", "max_order_qty", "max_order_notional")
NEW_INSTRUMENT = {"tick_size": 100, "lot_size": 1}  # where nothing else is said: 0
ACCOUNT_VALUES = (*LIMITS, "currency", "fee_plan")
CURRENCY_BYTES = 8
MAX_PLAN = 255


PlanNumber = Annotated[int, Meta(ge=0, le=MAX_PLAN)]  # 0: none


class AccountLimits(Arguments):
    max_order_qty: I64 | None = None
    max_order_notional: I64 | None = None
    max_position: I64 | None = None
    max_open_orders: I64 | None = None
    max_messages: I64 | None = None
    short_allowed: bool | None = None
    credit_unlimited: bool | None = None


class LimitsArguments(AccountLimits, kw_only=True):
    account: U32


class SetAccountArguments(AccountLimits):
    account: U32 | None = None
    name: str | None = None
    currency: str | None = None
    plan: PlanNumber | None = None


class SetInstrumentArguments(Arguments):
    instrument: U32 | None = None
    symbol: str | None = None
    tick_size: I64 | None = None
    lot_size: I64 | None = None
    reference_price: I64 | None = None
    collar_bps: I64 | None = None
    max_order_qty: I64 | None = None
    max_order_notional: I64 | None = None
    currency: str | None = None
    round_lot: I64 | None = None


class CloseOnlyArguments(OneAccount):
    cancel_orders: bool = False


class DepositArguments(OneAccount):
    amount: I64


class DepositSharesArguments(OneAccount):
    instrument: U32
    qty: I64
    cost: I64 = 0


def currency_value(currency: str) -> int:
    """A currency's name as the integer that stands for it. Raises FrameError."""
    data = currency.encode()
    if not 1 <= len(data) <= CURRENCY_BYTES or b"\0" in data:
        raise FrameError(
            "bad_args", f"currency must have 1 to {CURRENCY_BYTES} bytes, got {len(data)}",
            field="currency", limit=CURRENCY_BYTES, value=currency[:40],
        )  # fmt: skip
    return int.from_bytes(data.ljust(CURRENCY_BYTES, b"\0"), "little", signed=True)


# ------------------------------------------------------------ instruments


def _set_instrument(desk: Desk, act: Act) -> dict[str, Any]:
    given: SetInstrumentArguments = act.arguments
    number = given.instrument
    is_new = number is None or not len(desk.market.instrument(number))
    if is_new:
        if not given.symbol:
            raise FrameError("bad_args", "a new instrument needs a symbol", field="symbol")
        if number is None:
            number = _free(desk, "instrument")
        values = [_or(getattr(given, name), NEW_INSTRUMENT.get(name, 0)) for name in INSTRUMENT_VALUES]
        values += [currency_value(given.currency or "USD"), _or(given.round_lot, 0)]
    else:
        values = [_or(getattr(given, name), wire.KEEP) for name in INSTRUMENT_VALUES]
        values.append(wire.KEEP if given.currency is None else currency_value(given.currency))
        values.append(_or(given.round_lot, wire.KEEP))
    desk.change(CommandKind.SET_INSTRUMENT, act, instrument=number, values=values, name=given.symbol or "")
    assert number is not None
    return instrument_rows(desk, number)[0]


# ------------------------------------------------------------ accounts


def _flags(given: AccountLimits, before: int | None) -> int:
    """The flags of an account; before: those it has, None for a new one."""
    if before is not None and given.short_allowed is None and given.credit_unlimited is None:
        return KEEP_FLAGS
    flags = before or 0
    for wanted, flag in (
        (given.short_allowed, AccountFlag.SHORT_ALLOWED), (given.credit_unlimited, AccountFlag.CREDIT_UNLIMITED)
    ):  # fmt: skip
        if wanted is not None:
            flags = flags | flag if wanted else flags & ~flag
    return int(flags)


def _limits(desk: Desk, act: Act) -> dict[str, Any]:
    given: LimitsArguments = act.arguments
    return _change_account(desk, act, given, given.account, "")


def _set_account(desk: Desk, act: Act) -> dict[str, Any]:
    given: SetAccountArguments = act.arguments
    number = given.account
    if number is not None and len(desk.market.account(number)):
        return _change_account(desk, act, given, number, given.name or "")
    if not given.name:
        raise FrameError("bad_args", "a new account needs a name", field="name")
    if number is None:
        number = _free(desk, "account")
    values = [_or(getattr(given, name), 0) for name in LIMITS]
    values += [0 if given.currency is None else currency_value(given.currency), _or(given.plan, 0)]
    flags = _flags(given, None)
    desk.change(CommandKind.SET_ACCOUNT, act, account=number, flags=flags, values=values, name=given.name)
    return rows_of(desk.account(number))[0]


def _change_account(desk: Desk, act: Act, given: AccountLimits, account: int, name: str) -> dict[str, Any]:
    flags = _flags(given, int(desk.account(account)["flags"][0]))
    values = [_or(getattr(given, limit), wire.KEEP) for limit in LIMITS]
    more = given if isinstance(given, SetAccountArguments) else SetAccountArguments()
    values.append(wire.KEEP if more.currency is None else currency_value(more.currency))
    values.append(_or(more.plan, wire.KEEP))
    desk.change(CommandKind.SET_ACCOUNT, act, account=account, flags=flags, values=values, name=name)
    return rows_of(desk.account(account))[0]


def _kill(desk: Desk, act: Act) -> dict[str, Any]:
    events = desk.change(
        CommandKind.SET_ACCOUNT_STATE, act, account=act.arguments.account, state=AccountState.BLOCKED,
        flags=AdminFlag.CANCEL_ORDERS,
    )  # fmt: skip
    return {"canceled": value_of(events, EventKind.MASS_CANCELED, "qty")}


def _reduce_only(desk: Desk, act: Act) -> dict[str, Any]:
    desk.change(CommandKind.SET_ACCOUNT_STATE, act, account=act.arguments.account, state=AccountState.REDUCE_ONLY)
    return {}


def _close_only(desk: Desk, act: Act) -> dict[str, Any]:
    """Orders that could open a position are cancelled; cancel_orders: all are."""
    given: CloseOnlyArguments = act.arguments
    events = desk.change(
        CommandKind.SET_ACCOUNT_STATE, act, account=given.account, state=AccountState.CLOSE_ONLY,
        flags=AdminFlag.CANCEL_ORDERS if given.cancel_orders else 0,
    )  # fmt: skip
    return {"canceled": value_of(events, EventKind.MASS_CANCELED, "qty")}


def _unkill(desk: Desk, act: Act) -> dict[str, Any]:
    desk.change(CommandKind.SET_ACCOUNT_STATE, act, account=act.arguments.account, state=AccountState.ACTIVE)
    return {}


def _deposit(desk: Desk, act: Act) -> dict[str, Any]:
    given: DepositArguments = act.arguments
    events = desk.change(CommandKind.DEPOSIT, act, account=given.account, values=[given.amount])
    return {"cash": value_of(events, EventKind.CASH, "trade_id")}


def _deposit_shares(desk: Desk, act: Act) -> dict[str, Any]:
    given: DepositSharesArguments = act.arguments
    events = desk.change(
        CommandKind.DEPOSIT_SHARES, act, account=given.account, instrument=given.instrument,
        values=[given.qty, given.cost],
    )  # fmt: skip
    return {"position": value_of(events, EventKind.SHARES, "trade_id")}


# ------------------------------------------------------------ orders


def _cancel_all(desk: Desk, act: Act) -> dict[str, Any]:
    given: Where = act.arguments
    events = desk.change(
        CommandKind.OPERATOR_CANCEL,
        act,
        account=_or(given.account, wire.ANY),
        instrument=_or(given.instrument, wire.ANY),
    )
    return {"canceled": value_of(events, EventKind.MASS_CANCELED, "qty")}


def _disarm(desk: Desk, act: Act) -> dict[str, Any]:
    """Take an account's dead-man timer away: a NOTE says who does it and why."""
    number = act.arguments.account
    timers = desk.market.timers()
    desk.account(number)
    was_armed = bool(((timers["account"] == number) & (timers["session"] == 0)).any())
    desk.change(CommandKind.NOTE, act, name="disarm", account=number)
    desk.market.sequencer.execute([arm_command(number, 0, ArmFlag.OF_ACCOUNT)])
    return {"was_armed": was_armed}


def _or(given: int | None, default: int) -> int:
    return default if given is None else given


def _free(desk: Desk, kind: str) -> int:
    """The id for a new account or instrument. Raises FrameError."""
    capacity = desk.market.capacity()[f"{kind}s"][1]
    rows = desk.market.accounts() if kind == "account" else desk.market.instruments()
    number = new_id(rows, kind, capacity)
    if number is None:
        raise FrameError("rejected", f"all {capacity} {kind}s are in use", field="CAPACITY", limit=capacity)
    return number


GOVERNING = (
    Verb("cancel-all", Where, _cancel_all, when_full=True),
    Verb("disarm", OneAccount, _disarm),
    Verb("kill", OneAccount, _kill, when_full=True),
    Verb("reduce-only", OneAccount, _reduce_only, when_full=True),
    Verb("close-only", CloseOnlyArguments, _close_only, when_full=True),
    Verb("unkill", OneAccount, _unkill),
    Verb("limits", LimitsArguments, _limits, when_full=True),
    Verb("deposit", DepositArguments, _deposit, when_full=True),
    Verb("deposit-shares", DepositSharesArguments, _deposit_shares),
    Verb("set-instrument", SetInstrumentArguments, _set_instrument),
    Verb("set-account", SetAccountArguments, _set_account),
)
