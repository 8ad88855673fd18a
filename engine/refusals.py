"""What the core refuses of an AdminCommand, in words: which value, what is allowed, in the units of people."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from openbell import wire
from openbell.events import currency_text
from openbell.fees import house_name, plain_number
from openbell.prices import format_cash, format_price
from openbell.wire import AccountFlag, CashRule, Check, CommandKind, DayTradeRule, InstrumentState

from engine.journal.lending import yearly
from engine.journal.money import date_text
from engine.sequencer import Rejected

Unit = Callable[[int], str]


def _lots(value: int) -> str:
    return f"{value:,} lot{'' if value == 1 else 's'}"


def _number(value: int) -> str:
    return f"{value:,}"


def _clock(value: int) -> str:
    return f"{datetime.fromtimestamp(value / 1e9, UTC):%Y-%m-%d %H:%M:%S} UTC" if value else "none"


def _seconds(value: int) -> str:
    return f"{value / 1e9:g} s"


def _percent(value: int) -> str:
    return f"{value / 100:g} %"


def _a_share(value: int) -> str:
    return plain_number(value, 9)


def _part(value: int) -> str:
    return f"{plain_number(value, 7)} %"


def _reserve(value: int) -> str:
    return f"{plain_number(value, 4)} %"


_LIMITS: Final[dict[str, Unit]] = {
    "max_order_qty": _lots,
    "max_order_notional": format_cash,
    "max_position": _lots,
    "max_open_orders": _number,
    "max_messages": _number,
}
_MARGIN: Final[dict[str, Unit]] = {
    "initial_long": _percent,
    "maintenance_long": _percent,
    "initial_short": _percent,
    "maintenance_short": _percent,
    "least_low": format_price,
    "least": format_price,
    "mark_by": _number,
    "average_volume": _lots,
    "lists": _number,
}
_TRADE: Final[dict[str, Unit]] = {  # docs/busts.md
    "trade_id": _number,
    "price": format_price,
    "qty": _lots,
    "new price": format_price,
    "new qty": _lots,
}
_AMENDING: Final = (CommandKind.BUST_TRADE, CommandKind.CORRECT_TRADE)
# The values of each kind of command, in their order (docs/core.md), with their units.
_VALUES: Final[dict[CommandKind, dict[str, Unit]]] = {
    CommandKind.SET_INSTRUMENT: {
        "tick_size": format_price,
        "lot_size": _number,
        "reference_price": format_price,
        "collar_bps": _number,
        "max_order_qty": _lots,
        "max_order_notional": format_cash,
        "currency": currency_text,
        "round_lot": _lots,
    },
    CommandKind.SET_ACCOUNT: {
        **_LIMITS,
        "currency": currency_text,
        "fee_plan": _number,
        "value 7": _number,
        "flags": _number,
    },
    CommandKind.SET_FEE: {
        "per_share": _a_share,
        "percent": _part,
        "fixed": format_cash,
        "minimum": format_cash,
        "maximum": format_cash,
        "max_percent": _part,
        "round_to": format_cash,
        "bits": _number,
        "house": house_name,
        "number": _number,
        "component": _number,
        "reserve_percent": _reserve,
    },
    CommandKind.CHARGE: {"amount": format_cash, "for": house_name, "reference": _number},
    CommandKind.HOLD_CASH: {"amount": format_cash, "number": _number},
    CommandKind.POST_CASH: {"amount": format_cash, "number": _number},
    CommandKind.RELEASE_CASH: {"amount": format_cash, "number": _number},
    CommandKind.SETTLE: {"date": date_text, "days": _number},
    CommandKind.SET_LEDGER: {"withdrawals": _number},
    CommandKind.SET_RISK: {
        "marks_each_tick": _number,
        "alert": _percent,
        "liquidation": _percent,
        "desks": _number,
        "limits": _number,
        "cash_violations": _number,
        "cash_violation_days": _number,
        "cash_restriction_days": _number,
    },
    CommandKind.SET_MARGIN: _MARGIN,
    CommandKind.SET_ACCOUNT_RISK: {
        "risk_type": _number,
        "credit": _number,
        "lists": _number,
        "cash_rule": _number,
        "flags": _number,
        "value 5": _number,
        "day_trades": _number,
    },
    CommandKind.SET_DAY_TRADES: {
        "pattern_day_trades": _number,
        "pattern_days": _number,
        "pattern_percent": _percent,
        "pattern_equity": format_cash,
    },
    CommandKind.LIFT_CASH: {"violation": _number},
    CommandKind.SET_DESK: {"parent": _number, "desks above an account": _number},
    CommandKind.SET_MEMBER: {"desk": _number},
    CommandKind.SET_DESK_STATE: {"state": _number},
    CommandKind.SET_LIMIT: {"hard": _number, "soft": _number, "limit": _number},
    CommandKind.SET_BORROW: {"borrow": _number, "fee": yearly, "inventory": _lots},
    CommandKind.LOCATE: {"lots": _lots},
    CommandKind.SET_RATES: {"currency": currency_text, "debit": yearly, "credit": yearly, "days_a_year": _number},
    CommandKind.ACCRUE: {"date": date_text, "days": _number},
    CommandKind.DIVIDEND: {"amount": format_cash, "reference": _number, "due": format_cash},
    CommandKind.PAY_DIVIDEND: {"amount": format_cash, "reference": _number},
    CommandKind.SPLIT: {"new": _number, "old": _number, "price": format_price, "lots after it": _lots},
    CommandKind.SET_INSTRUMENT_STATE: {"state": _number, "reason or kind": _number, "time": _clock, "then": _number},
    CommandKind.SET_EXTENSION: {
        "extension": _seconds,
        "extensions": _number,
        "imbalance": _lots,
        "imbalance of what trades": _percent,
        "price": _percent,
        "widening": _percent,
        "random end": _seconds,
        "seed": _number,
        "flags": _number,
        "kind": _number,
    },
    CommandKind.SET_BANDS: {"lower": format_price, "upper": format_price, "reference": format_price},
    CommandKind.SET_SHORT_SALE: {"restricted": _number},
    CommandKind.SET_TICKS: {
        f"{what} of step {step}": format_price for step in range(1, 5) for what in ("price", "tick")
    },
    CommandKind.SET_ACCOUNT_STATE: {"state": _number},
    CommandKind.DEPOSIT: {"amount": format_cash},
    CommandKind.DEPOSIT_SHARES: {"qty": _lots, "cost": format_cash},
    CommandKind.BUST_TRADE: _TRADE,
    CommandKind.CORRECT_TRADE: _TRADE,
}
_BUYER_INDEX: Final = 6  # docs/busts.md
_OF_DESKS: Final = (
    CommandKind.SET_DESK, CommandKind.SET_MEMBER, CommandKind.SET_DESK_STATE, CommandKind.SET_LIMIT, CommandKind.SET_KEY
)  # fmt: skip
_OF_CURRENCIES: Final = (CommandKind.SET_ACCOUNT, CommandKind.SET_INSTRUMENT)
_ENDING: Final = (CommandKind.POST_CASH, CommandKind.RELEASE_CASH)
_CREDIT_INDEX, _FLAGS_INDEX, _WITHOUT_CREDIT = 1, 8, int(AccountFlag.SHORT_ALLOWED)  # docs/risk.md, "Who is watched"
_RULE_INDEX, _RULE_FLAGS_INDEX = 3, 4  # docs/cash.md, "Who is held to it"
_DAY_RULE_INDEX: Final = 6  # docs/daytrading.md, "Who has a pattern"
_CURRENCY_INDEX, _CURRENCY_OF_INSTRUMENT_INDEX, _CURRENCIES = 5, 6, 8  # docs/ledger.md, "Currencies"
_FIXED_ONCE_TRADED: Final = ("tick_size", "lot_size")
_MAX_FIXED: Final = 1 << 20  # of those


def in_words(kind: CommandKind, refused: Rejected) -> str:
    """The check's name and what it found, for example "CASH_RANGE: takes 500.00, free to take are 100.00"."""
    check, limit, value = refused.check, refused.limit, refused.value
    if saying := _own_words(kind, refused):
        said = saying
    elif check is Check.VALUE:
        said = _value_in_words(kind, refused)
    elif check is Check.CASH_RANGE:
        if abs(limit) == wire.MAX_CASH:
            said = f"with {format_cash(value)} the balance would be beyond {format_cash(limit)}"
        else:
            said = f"takes {format_cash(value)}, free to take are {format_cash(limit)}"
    elif check is Check.NAME:
        what = "account" if kind is CommandKind.SET_ACCOUNT else "instrument"
        said = f"the name is that of {what} {limit} already" if limit else "the name is empty, or in use already"
    elif check is Check.CAPACITY:
        said = f"id {value:,} is beyond the capacity of {limit:,}"
    elif check in (Check.ACCOUNT, Check.INSTRUMENT):
        said = f"{check.name.lower()} {value} is not set up"
    elif check is Check.INSTRUMENT_STATE:
        names = {int(state): state.name for state in InstrumentState}
        said = f"the instrument is {names.get(value, value)}, not {names.get(limit, limit)}"
    elif check is Check.POSITION_CAPACITY:
        said = f"all {limit:,} positions of the market are in use: raise capacity.positions"
    else:
        said = f"{value:,} is given, the limit is {limit:,}"
    return f"{check.name}: {said}"


def _own_words(kind: CommandKind, refused: Rejected) -> str | None:
    """What is said of some commands in words of their own; None where it is not."""
    if kind in _AMENDING:
        return _trade_in_words(refused)
    return _desk_in_words(kind, refused) if kind in _OF_DESKS else _money_in_words(kind, refused)


def _desk_in_words(kind: CommandKind, refused: Rejected) -> str | None:
    """Of a refusal of docs/desks.md."""
    check, limit, value, index = refused.check, refused.limit, refused.value, refused.index
    if check is Check.CAPACITY and kind is CommandKind.SET_LIMIT:
        return f"{limit:,} accounts have limits, and no more may: raise capacity.limits"
    if check is Check.CAPACITY:
        remedy = "" if kind is CommandKind.SET_KEY else ": raise capacity.desks"
        return f"id {value:,} is none of 1 to {limit:,}{remedy}"
    if check is Check.NAME:
        what = "API key" if kind is CommandKind.SET_KEY else "desk"
        return f"the name is that of {what} {limit} already" if limit else "the name is empty"
    if check is Check.ACCOUNT and kind is CommandKind.SET_DESK_STATE:
        return f"desk {value:,} is not set up"
    if check is not Check.VALUE or index > 1:
        return None
    if kind is CommandKind.SET_DESK and index == 0:
        return f"parent is {value:,}: it is not set up, or the desk itself or below it"
    if kind is CommandKind.SET_DESK:
        return f"{value:,} desks would be above an account, the most is {limit:,}"
    if kind is CommandKind.SET_MEMBER:
        return f"desk {value:,} is not set up"
    return None


def _trade_in_words(refused: Rejected) -> str | None:
    """What is said of a bust or correction in words of its own; None where it is not."""
    check, limit, value = refused.check, refused.limit, refused.value
    if check is Check.BUSTED:
        return f"trade {value:,} was busted before, and that is final"
    if check is Check.TRADE:
        return f"the instrument has no such trade {value:,} of these accounts, its last one is {limit:,}"
    if check is Check.CAPACITY:
        return f"{limit:,} trades were busted or corrected, and no more may be: raise capacity.amendments"
    if check is Check.ORDER_NOTIONAL:
        return f"{format_cash(value)} is the value of it, the limit is {format_cash(limit)}"
    if check is Check.CASH_RANGE:
        whose = "buyer" if refused.index == _BUYER_INDEX else "seller"
        return f"the {whose}'s cash would be beyond {format_cash(limit)}, moved by {format_cash(value)}"
    return None


def _money_in_words(kind: CommandKind, refused: Rejected) -> str | None:
    """What is said of a refusal by the ledger in words of its own; None where it is not."""
    check, limit, value = refused.check, refused.limit, refused.value
    if check is Check.CURRENCY:
        return f"the account has {currency_text(limit)}, and the instrument trades in {currency_text(value)}"
    if check is Check.LOCATE:
        return f"{_lots(value)} are wanted, {_lots(limit)} can still be lent"
    if check is Check.CAPACITY and kind in _OF_CURRENCIES and (limit, value) == (_CURRENCIES, _CURRENCIES + 1):
        return f"accounts and instruments have {limit} currencies in all, and no more may be"
    if check is Check.CAPACITY and kind is CommandKind.HOLD_CASH:
        return f"{limit:,} withdrawals are on their way, and no more may be: raise ledger.withdrawals"
    if check is not Check.VALUE:
        return None
    if kind is CommandKind.SET_ACCOUNT_RISK and refused.index == _CREDIT_INDEX:
        return "risk: the account has unlimited credit, and MARGIN excludes that"
    if kind is CommandKind.SET_ACCOUNT_RISK and refused.index == _RULE_INDEX and value <= max(CashRule):
        return "cash_rule: only an account that is watched as CASH has one"
    if kind is CommandKind.SET_ACCOUNT_RISK and refused.index == _RULE_FLAGS_INDEX:
        return f"cash_rule: the account is {_flag_words(value)}, and a rule of cash accounts excludes that"
    if kind is CommandKind.SET_ACCOUNT and refused.index == _FLAGS_INDEX and limit == 0:
        return f"flags: {_flag_words(value)} is excluded by the account's rule of cash accounts"
    if kind is CommandKind.SET_ACCOUNT_RISK and refused.index == _DAY_RULE_INDEX and value <= max(DayTradeRule):
        return "day_trades: only an account that is watched as MARGIN is held to that rule"
    if kind is CommandKind.LIFT_DAY_TRADER:
        return "the account is no pattern day trader"
    if kind is CommandKind.LIFT_CASH:
        return f"violation {value:,}: none that counts has the number" if value else "the account is not restricted"
    if kind is CommandKind.SET_ACCOUNT and refused.index == _FLAGS_INDEX and limit == _WITHOUT_CREDIT:
        return "credit: the account is watched as MARGIN, and that excludes unlimited credit"
    if kind is CommandKind.SET_ACCOUNT and refused.index == _CURRENCY_INDEX:
        if limit == 0:
            return f"currency is {currency_text(value)}: an account that has cash or positions stays without one"
        return f"currency is {currency_text(value)}, and that of the account stays {currency_text(limit)}"
    if kind is CommandKind.SET_INSTRUMENT and refused.index == _CURRENCY_OF_INSTRUMENT_INDEX:
        return f"currency {currency_text(value)}: it stays {currency_text(limit)}, as there are positions in it"
    if kind in (CommandKind.SETTLE, CommandKind.ACCRUE) and refused.index == 0:
        return _date_in_words(limit, value)
    if kind is CommandKind.SET_RATES and refused.index == 0:
        return f"currency {currency_text(value)}: no account and no instrument has it"
    if kind is CommandKind.SPLIT and refused.index == 1 and limit == value:
        return f"old is {value:,} as new is: nothing would change"
    if kind is CommandKind.LOCATE and value < 0 and limit > value:
        return f"gives back {_lots(-value)}, free are {_lots(-limit)}"
    if kind is CommandKind.CHARGE and value == 0 and refused.index == 0:
        return "amount is 0: nothing would move"
    if kind is CommandKind.HOLD_CASH and limit == 0 and refused.index == 1:
        return f"number is {value:,}: a withdrawal of that number is on its way"
    if kind in _ENDING and limit == 0 and refused.index == 1:
        return f"number is {value:,}: no withdrawal of that number is on its way"
    return None


def _flag_words(flags: int) -> str:
    return " and ".join(str(one.name) for one in AccountFlag if flags & one) or str(flags)


def _date_in_words(limit: int, value: int) -> str:
    if limit > 1 and value < limit:
        return f"date is {date_text(value)}: the business day {date_text(limit - 1)} is over already"
    return f"date is {value}: it is no day YYYYMMDD"


def _value_in_words(kind: CommandKind, refused: Rejected) -> str:
    limit, value, index = refused.limit, refused.value, refused.index
    values = _VALUES.get(kind, {})
    name = next(iter(list(values)[index : index + 1]), f"value {index}")
    unit = values.get(name, _number)
    if kind is CommandKind.DEPOSIT_SHARES and name == "qty" and value < 0 and limit >= 0:
        return f"takes {_lots(-value)}, free to take are {_lots(limit)}"
    if value == 0 and kind in (CommandKind.DEPOSIT, CommandKind.DEPOSIT_SHARES) and index == 0:
        return f"{name} is 0: nothing would move"
    if name in _FIXED_ONCE_TRADED and 1 <= value <= _MAX_FIXED:
        return f"{name} {unit(value)}: it stays {unit(limit)} once there was a trade, and while orders rest"
    if kind is CommandKind.SET_TICKS and 0 < limit < min(value, _MAX_FIXED) and value % limit:
        return f"{name} is {unit(value)}, and no multiple of {unit(limit)}"
    return f"{name} is {unit(value)}, the {'least' if value < limit else 'most'} is {unit(limit)}"
