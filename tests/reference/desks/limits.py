"""Limits of accounts and of desks above them: how they are set, and checks 13a and 24d. docs/desks.md, "Limits"."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from openbell import wire
from openbell.limits import ACCOUNT_LIMITS
from openbell.wire import AdminFlag, Check, EventKind, Limit

from tests.reference.accounts import Account, Bounds
from tests.reference.books import Order
from tests.reference.desks import measures, repeats
from tests.reference.desks.tree import Desk
from tests.reference.ledger import within_i64
from tests.reference.output import Failure
from tests.reference.records import as_u64
from tests.reference.refusals import Refused, account_of, bad_value, desk_of, in_range
from tests.reference.state import State, Warned

if TYPE_CHECKING:
    from tests.reference.checks import Asked

LIMIT = 2  # index in refusals
COUNTS = (Limit.OPEN_ORDERS, Limit.REPEATS, Limit.MESSAGES)
MOST = dict.fromkeys(ACCOUNT_LIMITS, wire.MAX_CASH) | dict.fromkeys(COUNTS, (1 << 31) - 1)
MOST[Limit.ORDER_VOLUME] = 1_000_000
CHECKS = {limit: Check[f"LIMIT_{limit.name}"] for limit in ACCOUNT_LIMITS}
OF_LOTS = {Limit.POSITION, Limit.GROSS, Limit.NET, Limit.OPEN_NOTIONAL}
OF_EVERY_ORDER = {Limit.OPEN_ORDERS, Limit.REPEATS}  # of those that make no position larger, too
NOT_OF_REPLACE = {Limit.OPEN_ORDERS, Limit.REPEATS}
OF_THE_AWAKE = {*OF_LOTS, Limit.DAY_LOSS}


def set_limit(state: State, command: Any) -> None:
    of_desk = command.flags & AdminFlag.OF_DESK
    holder = desk_of(state, command) if of_desk else account_of(state, command)
    if command.state not in ACCOUNT_LIMITS:
        raise bad_value(LIMIT, Limit.MESSAGES, command.state)
    hard, soft = command.value0, command.value1
    for index, value in enumerate((hard, soft)):
        in_range(index, value, 0, MOST[Limit(command.state)])
    if hard and soft > hard:
        raise bad_value(1, hard, soft)
    if isinstance(holder, Account) and (hard or soft) and not holder.is_limited:
        places = state.limited_capacity
        if sum(account.is_limited for account in state.accounts.values()) >= places:
            raise Refused(Check.CAPACITY, places, places + 1)
        holder.is_limited = True
    holder.limits[command.state] = Bounds(hard, soft)
    state.output.event(
        EventKind.LIMIT_SET,
        account=command.account,
        reason=command.state,
        flags=of_desk,
        price=hard,
        order_id=soft,
        qty=command.request,
    )


# Messages: check 13a


def messages(state: State, account: Account, instrument: int, client_order_id: int) -> Iterator[Failure]:
    """Check 13a; when it passes it counts, and warns at once."""
    if not measures.is_watched(account):
        account.rate.count += 1
        return
    warned, holders = [], measures.holders(state, account)
    for distance, holder in enumerate(holders):
        hard, soft = holder.limits.get(Limit.MESSAGES, Bounds())
        if isinstance(holder, Desk):
            holder.rate.start_anew_if_over(state.output.ts_ns)
        count = holder.rate.count
        if hard and count + 1 > hard:
            yield Failure(CHECKS[Limit.MESSAGES], hard, count + 1, max(0, hard - count), distance)
        if soft and count == soft:
            warned.append(Warned(Limit.MESSAGES, distance, soft, count + 1, number_of(holder)))
    for holder in holders:
        holder.rate.count += 1
    for each in warned:
        warn(state, account, each, instrument, client_order_id)


# Orders: check 24d


def failures(state: State, asked: Asked) -> Iterator[Failure]:
    """Check 24d. What it warns of is kept until the order is taken."""
    account = asked.account
    if not measures.is_watched(account):
        return
    shared = account.lists & asked.instrument.margin.lists
    if shared and opens(asked):
        yield Failure(Check.RESTRICTED, 0, shared)
    state.warned.clear()
    chosen, known = made_of(asked), None
    for distance, holder in enumerate(measures.holders(state, account)):
        for limit in chosen:
            hard, soft = holder.limits.get(limit, Bounds())
            if not hard and not soft:
                continue
            if limit == Limit.REPEATS and known is None:
                known = repeats.find(account, asked.command, state.output.ts_ns)
            before, after = both(state, limit, holder, asked, known.count if known else 0)
            if hard and after > hard and (after > before or limit not in OF_LOTS):
                yield Failure(CHECKS[limit], hard, within_i64(after), max(0, hard - before), distance)
            if soft and before <= soft < after:
                state.warned.append(Warned(limit, distance, soft, after, number_of(holder)))
    if known is not None:
        known.count += 1


def opens(asked: Asked) -> bool:
    """Whether the order may make a position larger."""
    return asked.qty > asked.room()


def made_of(asked: Asked) -> list[Limit]:
    """The limits that there are of this order, but MESSAGES, in their order."""
    chosen = set(ACCOUNT_LIMITS) - {Limit.MESSAGES}
    if not opens(asked):
        chosen &= OF_EVERY_ORDER
    if asked.own is not None:
        chosen -= NOT_OF_REPLACE
    if asked.wakes:
        chosen &= OF_THE_AWAKE
    if not asked.instrument.margin.average_volume:
        chosen -= {Limit.ORDER_VOLUME}
    return sorted(chosen)


def both(state: State, limit: int, holder: Account | Desk, asked: Asked, repeated: int) -> tuple[int, int]:
    """The measure without the order, and with it."""
    if limit in OF_LOTS:
        # Of one position it is that of the account, whoever holds the limit.
        of = asked.account if limit == Limit.POSITION else holder
        ways = (None, None if asked.waits else asked)
        before, after = (
            measures.lots_measure(limit, measures.every_held(state, of, way), asked.side, asked.instrument)
            for way in ways
        )
        return before, after
    if limit == Limit.DAY_LOSS:
        lost = max(0, measures.loss(state, holder))
        return lost, lost
    if limit == Limit.ORDER_NOTIONAL:
        return 0, asked.notional_as_sent()
    if limit == Limit.ORDER_VOLUME:
        return 0, asked.sent * measures.VOLUME // asked.instrument.margin.average_volume
    count = repeated if limit == Limit.REPEATS else measures.open_orders(state, holder)
    return count, count + 1


# Warnings


def number_of(holder: Account | Desk) -> int:
    """Of a desk; 0 of an account."""
    return holder.number if isinstance(holder, Desk) else 0


def warn(state: State, account: Account | None, warned: Warned, instrument: int = 0, client_order_id: int = 0) -> None:
    """That a soft limit was crossed; account None: by all of a desk."""
    state.output.event(
        EventKind.LIMIT_WARNING,
        account,
        instrument=instrument,
        client_order_id=client_order_id,
        reason=warned.limit,
        flags=warned.distance,
        price=warned.soft,
        order_id=as_u64(within_i64(warned.measure)),
        trade_id=warned.desk,
    )


def tell(state: State, order: Order) -> None:
    """Right after an order's ACCEPTED or REPLACED."""
    for warned in state.warned:
        warn(state, order.account, warned, order.instrument.number, order.client_order_id)
    state.warned.clear()
