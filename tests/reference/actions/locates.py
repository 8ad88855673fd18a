"""Lots that were located for who sells short: what is free of them, check 23b, the end of the day. docs/borrow.md."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from openbell.wire import Borrow, Check, EventKind, Role, Side

from tests.reference.accounts import Position
from tests.reference.books import Instrument
from tests.reference.output import Failure
from tests.reference.state import State

if TYPE_CHECKING:
    from tests.reference.checks import Asked


def short(state: State, position: Position) -> int:
    """Lots that it owes, or would if its open sells traded."""
    open_sell = state.accounts[position.account].open_qty(position.instrument, Side.SELL)
    return max(0, open_sell - position.qty)


def free(state: State, position: Position) -> int:
    return max(0, position.located - short(state, position))


def lent(state: State, instrument: Instrument) -> int:
    return sum(position.located for position in state.positions if position.instrument == instrument.number)


def available(state: State, instrument: Instrument) -> int:
    """Below 0: more is lent than there is."""
    return instrument.inventory - lent(state, instrument)


def failures(asked: Asked) -> Iterator[Failure]:
    """Check 23b."""
    borrow = asked.instrument.borrow
    is_peer = asked.command is not None and asked.command.role == Role.PEER
    if asked.side != Side.SELL or borrow == Borrow.EASY or is_peer:
        return
    position = asked.account.positions.get(asked.instrument.number)
    owed_before = asked.open_qty() - (position.qty if position else 0)
    owed = owed_before + asked.qty
    if owed <= 0:
        return
    if borrow == Borrow.NONE:
        yield Failure(Check.LOCATE, 0, owed)
        return
    located = position.located if position else 0
    if owed > located:
        yield Failure(Check.LOCATE, located, owed, max(0, located - max(0, owed_before)))


def change(state: State, position: Position, lots: int, request: int) -> None:
    """More lots are located, or (negative) fewer; its account is told."""
    position.located += lots
    account = state.accounts[position.account]
    state.output.amount_event(
        EventKind.LOCATED, account, lots, position.located, instrument=position.instrument, qty=request
    )


def end_day(state: State) -> None:
    """What is free goes back."""
    for position in state.positions:
        lots = free(state, position)
        if lots:
            change(state, position, -lots, request=0)
