"""Commands of the ledger in words: plans of fees, charges, business days, withdrawals (docs/ledger.md)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from openbell import wire
from openbell.fees import FEE_VALUES, FeeInfo, house_name, plain_number
from openbell.prices import format_cash
from openbell.wire import CommandKind


def date_text(date: int) -> str:
    """YYYYMMDD as 2026-11-30."""
    return f"{date // 10_000:04}-{date // 100 % 100:02}-{date % 100:02}"


def fee_of_command(command: Any) -> FeeInfo:
    """The component that a SET_FEE sets."""
    values = {name: int(command[f"value{index}"]) for index, name in enumerate(FEE_VALUES)}
    plan, component, house, reserve = (int(command[name]) for name in ("account", "state", "flags", "instrument"))
    return FeeInfo(plan=plan, component=component, house=house, reserve=reserve, **values)


def _fee(command: Any, account: str, instrument: str) -> str:
    fee, name = fee_of_command(command), command["name"].decode("utf-8", "replace")
    kept = f", keeps back {plain_number(fee.reserve, 4)} % of buy orders" if fee.reserve else ""
    text = f"{fee}{kept}" if fee.bits else "taken out"
    return f"fee plan {fee.plan}{f' {name}' if name else ''}, component {fee.component}: {text}"


def _charge(command: Any, account: str, instrument: str) -> str:
    amount, house, reference = (int(command[f"value{index}"]) for index in range(3))
    of = "" if command["instrument"] == wire.ANY else f" of {instrument}"
    said = f", reference {reference}" if reference else ""
    return f"{account}: {house_name(house)}{of} {format_cash(amount)}{said}"


def _hold(command: Any, account: str, instrument: str) -> str:
    return f"{account}: withdrawal {int(command['value1'])}, {format_cash(int(command['value0']))}"


def _end(command: Any, account: str, instrument: str) -> str:
    return f"{account}: withdrawal {int(command['value1'])}"


def _settle(command: Any, account: str, instrument: str) -> str:
    days = int(command["value1"])
    when = "at once" if not days else f"after {days} more" if days > 1 else "with the next one"
    return f"business day {date_text(int(command['value0']))} is over; its trades settle {when}"


def _ledger(command: Any, account: str, instrument: str) -> str:
    return f"{int(command['value0']):,} withdrawals"


WORDS: Final[dict[int, Callable[[Any, str, str], str]]] = {
    CommandKind.SET_FEE: _fee,
    CommandKind.CHARGE: _charge,
    CommandKind.HOLD_CASH: _hold,
    CommandKind.POST_CASH: _end,
    CommandKind.RELEASE_CASH: _end,
    CommandKind.SETTLE: _settle,
    CommandKind.SET_LEDGER: _ledger,
}
