"""Commands of traders."""

from __future__ import annotations

from typing import Any

from openbell import wire
from openbell.wire import (
    CancelReason,
    Check,
    EventFlag,
    EventKind,
    InstrumentState,
    MassFlag,
    OrderFlag,
    OrderType,
    Place,
    Role,
    TimeInForce,
)

from tests.reference import checks, guards, links, states
from tests.reference.accounts import Account
from tests.reference.actions import locates
from tests.reference.books import FOR_AUCTIONS, Order
from tests.reference.capacity import Known
from tests.reference.desks import limits, losses
from tests.reference.matching import cancel, enter, leave, lose, wait
from tests.reference.output import DAY_NS, Failure
from tests.reference.records import SPECIAL_COMMAND
from tests.reference.refusals import refuse
from tests.reference.state import State

FURTHER = SPECIAL_COMMAND.names.index("stop_price")
MASS_FLAGS = int(MassFlag.BY_SESSION | MassFlag.BY_GROUP)


def new_order(state: State, command: Any) -> None:
    account, is_tied = state.accounts.get(command.account), False
    failure = next(checks.identity(state, command), None)
    if failure is None and account is not None:
        known = state.ids.find(account.number, command.client_order_id)
        if known is not None:
            answer_again(state, command, account, known)
            return
        failure = next(checks.stale(account, command.client_order_id), None)
        if failure is None:
            failure = next(checks.form(state, command), None) or next(links.failures(state, command), None)
            is_tied = failure is not None and links.is_forming(state, command, is_late=False)
        if failure is None:
            failure = next(checks.of_new_order(state, command, account), None)
            is_tied = failure is not None and links.is_forming(state, command, is_late=True)
    if failure is not None or account is None:
        refuse(state, EventKind.REJECTED, failure, command)
        if is_tied:
            links.take_along(state, command)
        return
    other = links.named(state, command) if command.link_id else None  # the new id may drop that of the named one
    order = accept(state, command, account)
    links.tie(state, order, command, other)
    if command.role == Role.CHILD:
        wait(state, order, Place.WAIT)
    else:
        enter(state, order)


def content(command: Any) -> tuple[Any, ...]:
    """What a retry must repeat."""
    return (
        command.instrument,
        command.side,
        command.order_type,
        command.tif,
        command.flags,
        command.self_trade,
        command.price,
        command.qty,
        *command[FURTHER:],
    )


def answer_again(state: State, command: Any, account: Account, known: Known) -> None:
    """An id that is known."""
    if known.content != content(command):
        failure = Failure(Check.DUPLICATE_ID, 0, command.client_order_id)
        refuse(state, EventKind.REJECTED, failure, command, order_id=known.order_id)
        return
    state.output.event(
        EventKind.ACCEPTED,
        account,
        side=command.side,
        flags=EventFlag.DUPLICATE,
        instrument=command.instrument,
        qty=command.qty,
        order_id=known.order_id,
        client_order_id=command.client_order_id,
        price=command.price,
    )


def accept(state: State, command: Any, account: Account) -> Order:
    """A new order with its id, not in the book yet."""
    instrument = state.instruments[command.instrument]
    is_market, tif = command.order_type == OrderType.MARKET, command.tif
    in_call = instrument.state == InstrumentState.CALL
    if is_market and not in_call and tif not in (TimeInForce.FOK, *FOR_AUCTIONS):
        tif = TimeInForce.IOC
    order = Order(
        order_id=state.slots.take(),
        client_order_id=command.client_order_id,
        account=account,
        instrument=instrument,
        side=command.side,
        tif=tif,
        flags=command.flags,
        self_trade=command.self_trade,
        price=checks.price_of(command, instrument),
        leaves=command.qty,
        order_type=command.order_type,
        session=command.session,
        group=command.group,
        expire_ns=command.expire_ns,
        stop_price=command.stop_price,
        offset=command.offset,
        modes=command.modes,
        water=instrument.reference_price,
        peg=command.peg,
        cap=command.price if command.order_type == OrderType.PEGGED else 0,
        display_qty=command.display_qty,
        min_qty=command.min_qty,
        discretion=command.discretion,
        self_trade_group=command.self_trade_group,
    )
    state.accepted += 1
    order.accepted = state.accepted
    if order.order_type == OrderType.TRAILING_STOP:
        order.stop_price = order.price
    if order.order_type == OrderType.MARKET_TO_LIMIT and not checks.goes_to_call(command, instrument):
        order.order_type = OrderType.LIMIT
    state.orders[order.order_id] = order
    account.orders.append(order)
    state.position(account, instrument)
    account.last_client_order_id = max(account.last_client_order_id, command.client_order_id)
    known = Known(order.order_id, content(command))
    for number, dropped in state.ids.add(account.number, command.client_order_id, known, state.capacity.id_window):
        state.accounts[number].id_floor = max(state.accounts[number].id_floor, dropped)
    state.output.order_event(EventKind.ACCEPTED, order, qty=order.leaves, leaves=order.leaves)
    limits.tell(state, order)
    return order


def find(state: State, command: Any, account: Account) -> tuple[Order | None, Failure]:
    """The live order that a command names, or why there is none."""
    order_id, named = command.order_id, command.order_id
    if order_id == 0:
        named = command.client_order_id
        known = state.ids.find(account.number, command.client_order_id)
        order_id = known.order_id if known else 0
    order = state.orders.get(order_id)
    if order is not None and order.account is not account:
        order = None
    return order, Failure(Check.UNKNOWN_ORDER, 0, named)


def cancel_order(state: State, command: Any) -> None:
    account = state.accounts.get(command.account)
    if account is None:
        refuse(state, EventKind.CANCEL_REJECTED, Failure(Check.ACCOUNT, 0, command.account), command)
        return
    order, failure = find(state, command, account)
    if order is None:
        refuse(state, EventKind.CANCEL_REJECTED, failure, command)
        return
    cancel(state, order, CancelReason.USER)


def replace(state: State, command: Any) -> None:
    account = state.accounts.get(command.account)
    if account is None:
        refuse(state, EventKind.REPLACE_REJECTED, Failure(Check.ACCOUNT, 0, command.account), command)
        return
    order, failure = find(state, command, account)
    if order is None:
        refuse(state, EventKind.REPLACE_REJECTED, failure, command)
        return
    trouble = next(checks.of_replace(state, command, order), None)
    leaves = command.qty if command.flags & OrderFlag.QTY_IS_LEAVES else command.qty - order.filled
    if trouble is None and leaves <= 0:
        cancel(state, order, CancelReason.REPLACED_BELOW_FILLED)
        return
    trouble = trouble or next(checks.of_new_leaves(state, command, order, leaves), None)
    if trouble is not None:
        names = {"order_id": order.order_id, "client_order_id": order.client_order_id}
        place = {"instrument": order.instrument.number, "side": order.side}
        refuse(state, EventKind.REPLACE_REJECTED, trouble, command, **names, **place)
        return
    if order.order_type == OrderType.PEGGED:
        order.cap = command.price
    if order.place == Place.WAIT:
        replace_waiting(state, order, command)
    elif order.place == Place.STOP:
        replace_stop(state, order, command, leaves)
    elif order.place == Place.CALL:
        replace_in_call(state, order, command, leaves)
    elif checks.keeps_priority(command, order, leaves):
        shrink(state, order, leaves)
    else:
        requeue(state, order, checks.new_price(command, order), leaves)


def say_replaced(state: State, order: Order, *, keeps: bool) -> None:
    """keeps: its priority."""
    qty, flags = order.leaves + order.filled, EventFlag.PRIORITY_KEPT if keeps else 0
    state.output.order_event(EventKind.REPLACED, order, qty=qty, leaves=order.leaves, flags=flags)
    limits.tell(state, order)


def replace_waiting(state: State, order: Order, command: Any) -> None:
    """A child: only its price may change, and it keeps its place."""
    order.price = checks.new_price(command, order)
    if order.order_type == OrderType.STOP:
        order.stop_price = order.price
    say_replaced(state, order, keeps=True)


def replace_stop(state: State, order: Order, command: Any, leaves: int) -> None:
    """In place, or with a new rank, last of the list."""
    keeps = checks.keeps_priority(command, order, leaves)
    price = checks.new_price(command, order)
    if not keeps:
        leave(state, order)
    order.price, order.leaves = price, leaves
    if order.order_type == OrderType.STOP:
        order.stop_price = price
    say_replaced(state, order, keeps=keeps)
    if not keeps:
        wait(state, order, Place.STOP)


def replace_in_call(state: State, order: Order, command: Any, leaves: int) -> None:
    """In place, or with a new rank."""
    keeps = checks.keeps_priority(command, order, leaves)
    price = checks.new_price(command, order)
    if not keeps:
        leave(state, order)
    order.price, order.leaves = price, leaves
    say_replaced(state, order, keeps=keeps)
    if not keeps:
        wait(state, order, Place.CALL)


def shrink(state: State, order: Order, leaves: int) -> None:
    """In place."""
    lose(state, order, order.leaves - leaves)
    say_replaced(state, order, keeps=True)


def requeue(state: State, order: Order, price: int, leaves: int) -> None:
    """Out of the place where it rests, and in again."""
    if order.place == Place.BOOK:
        state.output.touch(order.instrument)
    leave(state, order)
    order.price, order.leaves = price, leaves
    say_replaced(state, order, keeps=False)
    enter(state, order)


def cancel_of_account(
    state: State,
    account: Account,
    instrument: int,
    side: int,
    reason: CancelReason,
    session: int | None = None,
    group: int | None = None,
) -> int:
    """Cancel an account's orders, newest accepted first; their number. ANY, SIDE_BOTH and None match all."""
    chosen = [
        order
        for order in reversed(account.orders)
        if instrument in (wire.ANY, order.instrument.number)
        and side in (wire.SIDE_BOTH, order.side)
        and session in (None, order.session)
        and group in (None, order.group)
    ]
    for order in chosen:
        cancel(state, order, reason)
    return len(chosen)


def mass_canceled(state: State, command: Any, account: int, instrument: int, number: int) -> None:
    """The answer to an operator, which counts in no account."""
    state.output.event(
        EventKind.MASS_CANCELED,
        account=account,
        instrument=instrument,
        side=wire.SIDE_BOTH,
        qty=number,
        leaves=command.request,
    )


def mass_cancel(state: State, command: Any) -> None:
    account = state.accounts.get(command.account)
    failure = None
    if account is None:
        failure = Failure(Check.ACCOUNT, 0, command.account)
    elif command.instrument != wire.ANY and command.instrument not in state.instruments:
        failure = Failure(Check.INSTRUMENT, 0, command.instrument)
    elif command.side > wire.SIDE_BOTH:
        failure = Failure(Check.SIDE, wire.SIDE_BOTH, command.side)
    elif command.flags & ~MASS_FLAGS:
        failure = Failure(Check.FLAGS, MASS_FLAGS, command.flags)
    if failure is not None or account is None:
        refuse(state, EventKind.CANCEL_REJECTED, failure, command)
        return
    number = cancel_of_account(
        state,
        account,
        command.instrument,
        command.side,
        CancelReason.MASS,
        command.session if command.flags & MassFlag.BY_SESSION else None,
        command.qty if command.flags & MassFlag.BY_GROUP else None,
    )
    state.output.event(
        EventKind.MASS_CANCELED,
        account,
        side=command.side,
        instrument=command.instrument,
        qty=number,
        client_order_id=command.client_order_id,
    )


def tick(state: State, command: Any) -> None:
    """Time passes: timers, orders with a date, the day, calls."""
    state.output.time(state.day_end_ns)
    guards.lapse(state, command.ts_ns)
    expired = [order for order in state.orders.values() if 0 < order.expire_ns <= command.ts_ns]
    for order in sorted(expired, key=lambda order: (order.expire_ns, order.accepted)):
        cancel(state, order, CancelReason.EXPIRED)
    if 0 < state.day_end_ns <= command.ts_ns:
        end_day(state, command.ts_ns)
    states.tick(state, command.ts_ns)


def end_day(state: State, ts_ns: int) -> None:
    number = 0
    for instrument in state.instruments_ascending():
        for order in instrument.book.orders() + instrument.unseen:
            if order.tif not in (TimeInForce.GTC, TimeInForce.GTD):
                cancel(state, order, CancelReason.DAY_END)
                number += 1
    while state.day_end_ns <= ts_ns:
        state.day_end_ns += DAY_NS
    for instrument in state.instruments.values():
        instrument.close = instrument.reference_price
    losses.end_day(state)
    locates.end_day(state)
    state.output.event(EventKind.DAY_ENDED, qty=number, price=state.day_end_ns)
