"""Sales of what was not paid for, and what follows from them. docs/cash.md, "Violations"."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from openbell import wire
from openbell.wire import CashViolation, EventKind, Side

from tests.reference.accounts import Account, Position
from tests.reference.cash.kept import OWED, Violation
from tests.reference.refusals import account_of, bad_value
from tests.reference.state import State

if TYPE_CHECKING:
    from tests.reference.cash.trades import Left

MOST_KEPT = 8
LARGEST_U32 = (1 << 32) - 1


def of_sale(
    state: State, account: Account, position: Position, left: list[Left], order_id: int, client_order_id: int
) -> None:
    """Each kind at most once for a position and business day."""
    for kind in CashViolation:
        own = [each for each in left if (each.step == OWED) == (kind == CashViolation.FREE_RIDING)]
        if own and kind not in position.unpaid.told:
            position.unpaid.told.add(kind)
            tell(state, account, position, kind, own, order_id, client_order_id)


def tell(
    state: State,
    account: Account,
    position: Position,
    kind: CashViolation,
    left: list[Left],
    order_id: int,
    client_order_id: int,
) -> None:
    ruled = account.ruled
    assert ruled
    ruled.numbers += 1
    ruled.violations = [*ruled.violations, Violation(ruled.numbers, position.instrument, kind)][-MOST_KEPT:]
    state.output.event(
        EventKind.CASH_VIOLATION,
        account,
        instrument=position.instrument,
        side=Side.SELL,
        reason=kind,
        qty=min(LARGEST_U32, sum(each.lots for each in left)),
        order_id=order_id,
        client_order_id=client_order_id,
        price=min(wire.MAX_CASH, sum(each.money for each in left)),
        leaves=len(ruled.violations),
        trade_id=ruled.numbers,
    )
    most, days = state.cash.most, state.cash.restriction_days
    if days and (kind == CashViolation.FREE_RIDING or 0 < most <= len(ruled.violations)):
        ruled.is_restricted, ruled.since = True, 0
        state.output.event(EventKind.CASH_RESTRICTED, account, reason=1, trade_id=ruled.numbers)


# Days


def days(date: int) -> int:
    """A number that is larger by one for the next day."""
    year, month, day = date // 10_000 + 400, date // 100 % 100, date % 100
    if month <= 2:
        year, month = year - 1, month + 12
    return 365 * year + year // 4 - year // 100 + year // 400 + (153 * (month - 3) + 2) // 5 + day


def date(state: State, account: Account, today: int) -> None:
    """A business day is over: what happened in it gets its date, and what is old goes."""
    ruled = account.ruled
    assert ruled
    for violation in ruled.violations:
        violation.date = violation.date or today
    most = state.cash.violation_days
    if most:
        ruled.violations = [each for each in ruled.violations if days(today) - days(each.date) < most]
    if ruled.is_restricted:
        ruled.since = ruled.since or today
        if days(today) - days(ruled.since) >= state.cash.restriction_days:
            end_restriction(state, account)


def end_restriction(state: State, account: Account, **fields: int) -> None:
    assert account.ruled
    account.ruled.is_restricted, account.ruled.since = False, 0
    state.output.event(EventKind.CASH_RESTRICTED, account, reason=0, **fields)


def lift(state: State, command: Any) -> None:
    """LIFT_CASH."""
    account, number = account_of(state, command), command.value0
    ruled = account.ruled
    if number == 0:
        if ruled is None or not ruled.is_restricted:
            raise bad_value(0, 1, 0)
        end_restriction(state, account, qty=command.request)
        return
    if ruled is None or number not in [each.number for each in ruled.violations]:
        raise bad_value(0, 0, number)
    ruled.violations = [each for each in ruled.violations if each.number != number]
    count = len(ruled.violations)
    state.output.event(EventKind.CASH_LIFTED, account, trade_id=number, leaves=count, qty=command.request)
