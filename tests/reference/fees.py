"""Plans of fees: what a fill costs, what is kept back for that. docs/ledger.md, "Fees"."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, NamedTuple

from openbell import wire
from openbell.wire import EventFlag, EventKind, FeeBits, HouseAccount

from tests.reference import ledger
from tests.reference.accounts import Account, at_most_all_cash
from tests.reference.books import BUY, Order
from tests.reference.records import FEE_ROW
from tests.reference.refusals import bad_value, in_range
from tests.reference.state import State

BILLION, MILLION = 10**9, 10**6
PLAN, COMPONENT, FLAGS, BITS, RESERVE = 9, 10, 8, 7, 11  # indices in refusals
MOST_PLANS, MOST_COMPONENTS = 255, 8
EVERY_BIT = 255
EVERY_FILL = int(FeeBits.MAKER | FeeBits.TAKER | FeeBits.AUCTION)
BOTH_WAYS = int(FeeBits.UP | FeeBits.DOWN)
RANGES = (
    (-(10**12), 10**12),  # per share
    (-BILLION, BILLION),  # of the notional
    (-(10**12), 10**12),  # per order
    (0, 10**12),  # minimum
    (0, 10**12),  # maximum
    (0, BILLION),  # maximum as a part of the notional
    (0, BILLION),  # rounded to a multiple of it
)


class Component(NamedTuple):
    """One of a plan: the values of SET_FEE, in their order; the house account that gets it; what is kept back."""

    per_share: int
    of_notional: int
    per_order: int
    minimum: int
    maximum: int
    most_of_notional: int
    rounding: int
    bits: int
    house: int
    reserve: int

    def is_of_fills(self) -> bool:
        return bool(self.bits & FeeBits.PER_FILL)

    def pays(self, side: int, kind: int) -> bool:
        """Whether a fill of this kind (a FeeBits) pays, of an order of this side."""
        of_side = FeeBits.BUY if side == BUY else FeeBits.SELL
        return bool(self.bits & of_side) and bool(self.bits & kind)


def set_fee(state: State, command: Any) -> None:
    in_range(PLAN, command.account, 1, MOST_PLANS)
    in_range(COMPONENT, command.state, 0, MOST_COMPONENTS - 1)
    components = state.plans.setdefault(command.account, {})
    if command.value7 == 0:
        components.pop(command.state, None)
    else:
        components[command.state] = component_of(command)
    state.output.event(EventKind.FEE_SET, account=command.account, reason=command.state, qty=command.request)


def component_of(command: Any) -> Component:
    """What a SET_FEE asks for, checked."""
    values = [getattr(command, f"value{index}") for index in range(len(RANGES))]
    for index, (value, (least, most)) in enumerate(zip(values, RANGES, strict=True)):
        in_range(index, value, least, most)
    bits = command.value7
    if not 0 <= bits <= EVERY_BIT or bits & BOTH_WAYS == BOTH_WAYS:
        raise bad_value(BITS, EVERY_BIT, bits)
    in_range(FLAGS, command.flags, HouseAccount.COMMISSION, max(HouseAccount))
    in_range(RESERVE, command.instrument, 0, MILLION)
    if not bits & FeeBits.PER_FILL and bits & EVERY_FILL != EVERY_FILL:
        raise bad_value(BITS, EVERY_FILL, bits)
    return Component(*values, bits, command.flags, command.instrument)


def components_of(state: State, account: Account) -> list[tuple[int, Component]]:
    """Those of its plan, from 0 on, with their numbers."""
    return sorted(state.plans.get(account.plan, {}).items())


# What a fill costs


def amount(component: Component, shares: int, notional: int) -> int:
    """f of docs/ledger.md: cash, negative where it is a rebate."""
    exact = Fraction(component.per_share * shares, 1000) + Fraction(component.of_notional * notional, BILLION)
    exact += component.per_order
    if exact >= 0:
        exact = max(exact, Fraction(component.minimum))
        if component.maximum:
            exact = min(exact, Fraction(component.maximum))
        if component.most_of_notional:
            exact = min(exact, Fraction(component.most_of_notional * notional, BILLION))
    fee = rounded(exact, component.rounding or 1, component.bits)
    return max(-wire.MAX_NOTIONAL, min(wire.MAX_NOTIONAL, fee))


def rounded(exact: Fraction, step: int, bits: int) -> int:
    """A multiple of `step`: the nearest, half away from zero; or UP away from zero, DOWN toward zero."""
    steps = abs(exact) / step
    whole = steps.numerator // steps.denominator
    rest = steps - whole
    if bits & FeeBits.UP:
        whole += rest > 0
    elif not bits & FeeBits.DOWN:
        whole += rest >= Fraction(1, 2)
    return whole * step if exact >= 0 else -whole * step


def charge(state: State, order: Order, flags: int, price: int, qty: int) -> None:
    """After the fills of a trade: what this one of the two pays. `flags`: of its FILL."""
    account, instrument = order.account, order.instrument
    if account.plan == 0:
        return
    shares, notional = qty * instrument.lot_size, instrument.notional(price, qty)
    before = order.charged_shares, order.charged_notional
    order.charged_shares += shares
    order.charged_notional = at_most_all_cash(order.charged_notional + notional)
    kind = FeeBits.MAKER if flags & EventFlag.MAKER else FeeBits.TAKER
    if flags & EventFlag.CROSS:
        kind = FeeBits.AUCTION
    for number, component in components_of(state, account):
        if not component.pays(order.side, kind):
            continue
        if component.is_of_fills():
            fee = amount(component, shares, notional)
        else:
            fee = amount(component, order.charged_shares, order.charged_notional)
            fee -= amount(component, *before) if before[0] else 0
        fee = at_most_what_there_is(account, fee)
        if fee:
            pay(state, order, component, number, fee, flags, qty)


def at_most_what_there_is(account: Account, fee: int) -> int:
    """Cash stays within its bounds: what an order in hand still buys must find room, too."""
    room = max(0, account.cash - account.hold() + wire.MAX_CASH - wire.MAX_NOTIONAL)
    return max(min(fee, room), account.cash - wire.MAX_CASH)


def pay(state: State, order: Order, component: Component, number: int, fee: int, flags: int, qty: int) -> None:
    account = order.account
    ledger.traded(state, account, -fee)
    ledger.post(state, account, component.house, fee)
    account.fees = at_most_all_cash(account.fees + fee)
    state.output.event(
        EventKind.CHARGED,
        account,
        instrument=order.instrument.number,
        side=order.side,
        reason=component.house,
        flags=flags,
        qty=qty,
        order_id=order.order_id,
        client_order_id=order.client_order_id,
        price=fee,
        leaves=number,
        trade_id=order.instrument.trades,
    )


# What is kept back


def reserve(state: State, account: Account, hold: int, notional: int, others: int) -> int:
    """Of an order of `notional` (0 of a sell), beside `others` open orders and what they hold."""
    if account.plan == 0 or account.has_credit():
        return 0
    components = [component for _, component in components_of(state, account)]
    part = min(MILLION, sum(component.reserve for component in components))
    each = sum(
        max(component.per_order, component.minimum)
        for component in components
        if component.bits & FeeBits.BUY and not component.is_of_fills()
    )
    return min(wire.MAX_CASH, (hold + notional) * part // MILLION + (others + 1) * each)


def rows(state: State) -> bytes:
    """FeeRow of each component that there is, by plan and component."""
    return b"".join(
        FEE_ROW.pack(plan=plan, component=number, **component._asdict())
        for plan, components in sorted(state.plans.items())
        for number, component in sorted(components.items())
    )
