"""Shares become more, or fewer. docs/actions.md, "Splits"."""

from __future__ import annotations

from typing import Any

from openbell import wire
from openbell.wire import CancelReason, Check, EventKind, HouseAccount, InstrumentState

from tests.reference.accounts import Position, at_most_all_cash, divide
from tests.reference.actions import locates
from tests.reference.actions.charging import charge
from tests.reference.books import Instrument
from tests.reference.cash import trades
from tests.reference.daytrading import counting
from tests.reference.matching import cancel
from tests.reference.refusals import Refused, bad_value, in_range, instrument_of
from tests.reference.risk import MOST_VOLUME
from tests.reference.state import State

MOST = 10_000
LARGEST_POSITION = 1 << 61
LARGEST_I64 = (1 << 63) - 1
NEW, OLD, PRICE, LOTS = range(4)  # indices in refusals


def split(state: State, command: Any) -> None:
    instrument, new, old = instrument_of(state, command), command.value0, command.value1
    check(state, instrument, command)
    ended = instrument.book.orders() + instrument.unseen
    for order in ended:
        cancel(state, order, CancelReason.CORPORATE_ACTION)
    own = [position for position in state.positions if position.instrument == instrument.number]
    changed = 0
    for position in own:
        changed += change_position(state, instrument, position, command)
        position.located = position.located * new // old
        trades.split(position, new, old)
        counting.split(position, new, old)
        position.mark = at_new_price(position.mark, new, old)
    instrument.inventory = instrument.inventory * new // old
    volume = min(MOST_VOLUME, instrument.margin.average_volume * new // old)
    instrument.margin = instrument.margin._replace(average_volume=volume)
    instrument.reference_price = at_new_price(instrument.reference_price, new, old)
    instrument.mark = at_new_price(instrument.mark, new, old)
    instrument.close = at_new_price(instrument.close, new, old)
    instrument.trades_before = instrument.trades
    state.output.event(
        EventKind.SPLIT_DONE,
        instrument=instrument.number,
        price=new,
        order_id=old,
        leaves=changed,
        client_order_id=len(ended),
        trade_id=command.value2,
        qty=command.request,
    )
    state.output.status(instrument)


def check(state: State, instrument: Instrument, command: Any) -> None:
    new, old = command.value0, command.value1
    if instrument.state not in (InstrumentState.CLOSED, InstrumentState.HALTED):
        raise Refused(Check.INSTRUMENT_STATE, InstrumentState.CLOSED, instrument.state)
    in_range(NEW, new, 1, MOST)
    in_range(OLD, old, 1, MOST)
    if new == old:
        raise bad_value(OLD, new, old)
    in_range(PRICE, command.value2, 0, wire.MAX_PRICE)
    own = [abs(position.qty) for position in state.positions if position.instrument == instrument.number]
    for lots in (instrument.inventory, locates.lent(state, instrument), *own):
        if lots * new // old > LARGEST_POSITION:
            raise bad_value(LOTS, LARGEST_POSITION, min(LARGEST_I64, lots * new // old))


def at_new_price(price: int, new: int, old: int) -> int:
    return min(wire.MAX_PRICE, max(1, price * old // new)) if price else 0


def change_position(state: State, instrument: Instrument, position: Position, command: Any) -> bool:
    """Whether it has another number of lots now. What is no whole lot is paid for."""
    new, old, qty = command.value0, command.value1, position.qty
    account = state.accounts[position.account]
    whole, rest = divmod(abs(qty) * new, old)  # rest: in `old`-ths of a new lot
    whole = whole if qty > 0 else -whole
    lieu = 0
    if rest:
        lieu = min(wire.MAX_CASH, rest * instrument.lot_cash(command.value2) // new)
        released = divide(position.cost * rest, abs(qty) * new)
        position.cost -= released
        realized = lieu - abs(released) if qty > 0 else abs(released) - lieu
        position.realized_pnl = at_most_all_cash(position.realized_pnl + realized)
        account.realize(realized)
    position.qty = whole
    said = {"instrument": instrument.number, "request": command.request}
    if whole != qty:
        state.output.amount_event(
            EventKind.SPLIT_SHARES,
            account,
            whole - qty,
            whole,
            instrument=instrument.number,
            qty=command.request,
        )
    charge(state, account, HouseAccount.OTHER, -lieu if qty > 0 else lieu, reference=0, **said)
    return whole != qty
