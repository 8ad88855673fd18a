"""Trades that operators declare void, or give another price and quantity. docs/busts.md."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from openbell import wire
from openbell.wire import BookKind, Check, CommandKind, DataFlag, EventFlag, EventKind, Side, TradeFlag

from tests.reference import ledger
from tests.reference.accounts import Account
from tests.reference.books import Instrument
from tests.reference.cash import trades
from tests.reference.daytrading import counting
from tests.reference.records import AMENDMENT_ROW, as_u64
from tests.reference.refusals import Refused, account_of, bad_value, in_range, instrument_of
from tests.reference.state import Amendment, State

TRADE_ID, PRICE, QTY, NEW_PRICE, NEW_QTY, SELLER, BUYER, _, FLAGS = range(9)  # indices in refusals
LARGEST_POSITION = 1 << 61


@dataclass
class Party:
    """One of the two accounts of a trade."""

    account: Account
    index: int
    side: int
    order_id: int
    client_order_id: int


def amend(state: State, command: Any) -> None:
    """BUST_TRADE and CORRECT_TRADE."""
    is_bust = command.kind == CommandKind.BUST_TRADE
    new_price, new_qty = (0, 0) if is_bust else (command.new_price, command.new_qty)
    parties = parties_of(state, command)
    instrument = instrument_of(state, command)
    check_terms(instrument, command, is_bust)
    before = state.amendments.get((instrument.number, command.trade_id))
    check_standing(before, command)
    check_effect(state, instrument, parties, command, new_price, new_qty)
    if before is None and len(state.amendments) >= state.capacity.amendments:
        raise Refused(Check.CAPACITY, state.capacity.amendments, len(state.amendments) + 1)

    changes = before.changes + 1 if before else 1
    price = command.price if is_bust else new_price
    state.amendments[instrument.number, command.trade_id] = Amendment(price, new_qty, changes)
    instrument.volume += new_qty - command.qty
    apart = parties[0].account is not parties[1].account
    held = [party.account.positions[instrument.number] for party in parties]
    lots_before = [position.qty for position in held]
    for party in parties:
        book(state, instrument, party, 1 - party.side, command.price, command.qty)
        if apart:
            trades.undo(party.account, instrument, party.side, command.price, command.qty)
        say(state, EventKind.TRADE_BUSTED, party, command, command.price, command.qty, reason=int(not is_bust))
        if not is_bust:
            book(state, instrument, party, party.side, new_price, new_qty)
            if apart:
                trades.instead(state, party.account, instrument, party.side, new_price, new_qty)
            say(state, EventKind.TRADE_CORRECTED, party, command, new_price, new_qty)
    for position, lots in zip(held, lots_before, strict=True):
        counting.changed(position, lots)
    state.output.of_instrument(
        BookKind.BUST if is_bust else BookKind.CORRECTION,
        instrument,
        flags=int(DataFlag.CROSS) if command.flags else 0,
        order_id=command.trade_id,
        trade_no=command.trade_id & 0xFFFFFFFF,
        price=price,
        qty=command.qty if is_bust else new_qty,
        leaves=0 if is_bust else command.qty,
        level_qty=0 if is_bust else command.price,
    )


def parties_of(state: State, command: Any) -> tuple[Party, Party]:
    """The buyer and the seller."""
    if command.account not in state.accounts:
        raise Refused(Check.ACCOUNT, 0, command.account, index=BUYER)
    if command.seller not in state.accounts:
        raise Refused(Check.ACCOUNT, 0, command.seller, index=SELLER)
    seller = state.accounts[command.seller]
    return (
        Party(account_of(state, command), BUYER, Side.BUY, command.buyer_order_id, command.buyer_client_order_id),
        Party(seller, SELLER, Side.SELL, command.seller_order_id, command.seller_client_order_id),
    )


def check_terms(instrument: Instrument, command: Any, is_bust: bool) -> None:
    """What was sent, by itself."""
    if not instrument.trades_before < command.trade_id <= instrument.trades:
        raise Refused(Check.TRADE, instrument.trades, command.trade_id)
    if command.flags & ~int(TradeFlag.CROSS):
        raise bad_value(FLAGS, int(TradeFlag.CROSS), command.flags)
    check_price_and_qty(instrument, command.price, command.qty, PRICE, QTY)
    if not is_bust:
        check_price_and_qty(instrument, command.new_price, command.new_qty, NEW_PRICE, NEW_QTY)


def check_price_and_qty(instrument: Instrument, price: int, qty: int, price_index: int, qty_index: int) -> None:
    in_range(price_index, price, 1, wire.MAX_PRICE)
    in_range(qty_index, qty, 1, wire.MAX_QTY)
    notional = instrument.notional(price, qty)
    if notional > wire.MAX_NOTIONAL:
        raise Refused(Check.ORDER_NOTIONAL, wire.MAX_NOTIONAL, min(notional, (1 << 63) - 1), index=qty_index)


def check_standing(before: Amendment | None, command: Any) -> None:
    """Against what became of the trade earlier."""
    if before is None:
        return
    if before.qty == 0:
        raise Refused(Check.BUSTED, 0, command.trade_id)
    if command.price != before.price:
        raise bad_value(PRICE, before.price, command.price)
    if command.qty != before.qty:
        raise bad_value(QTY, before.qty, command.qty)


def check_effect(
    state: State, instrument: Instrument, parties: tuple[Party, Party], command: Any, new_price: int, new_qty: int
) -> None:
    """That volume, positions and cash can be moved so."""
    for party in parties:
        if instrument.number not in party.account.positions:
            raise Refused(Check.TRADE, instrument.trades, command.trade_id, index=party.index)
    if command.qty > instrument.volume:
        raise bad_value(QTY, instrument.volume, command.qty)
    for party in parties:
        way = 1 if party.side == Side.BUY else -1
        before = party.account.positions[instrument.number].qty
        after = before + way * (new_qty - command.qty)
        if abs(after) > LARGEST_POSITION and abs(after) > abs(before):
            bound = LARGEST_POSITION if after > 0 else -LARGEST_POSITION
            raise bad_value(NEW_QTY if new_qty else QTY, bound, after)
    for party in parties:
        way = 1 if party.side == Side.BUY else -1
        amount = way * (instrument.notional(command.price, command.qty) - instrument.notional(new_price, new_qty))
        account = party.account
        room = wire.MAX_CASH - account.cash if amount > 0 else account.cash - account.hold() + wire.MAX_CASH
        if abs(amount) > room:
            raise Refused(Check.CASH_RANGE, wire.MAX_CASH, amount, max(0, room), index=party.index)


def book(state: State, instrument: Instrument, party: Party, side: int, price: int, qty: int) -> None:
    """Have one of the two buy or sell."""
    account, position = party.account, state.position(party.account, instrument)
    cash, lot_cash = instrument.notional(price, qty), instrument.lot_cash(price)
    ledger.traded(state, account, cash if side == Side.SELL else -cash)
    account.realize(position.sell(qty, lot_cash) if side == Side.SELL else position.buy(qty, lot_cash))


def say(state: State, kind: int, party: Party, command: Any, price: int, qty: int, reason: int = 0) -> None:
    state.output.event(
        kind,
        party.account,
        side=party.side,
        reason=reason,
        flags=int(EventFlag.CROSS) if command.flags else 0,
        instrument=command.instrument,
        qty=qty,
        order_id=party.order_id,
        client_order_id=party.client_order_id,
        price=price,
        trade_id=as_u64(command.trade_id),
    )


def rows(state: State) -> bytes:
    """AmendmentRow of all, in the order in which the trades were first amended."""
    return b"".join(
        AMENDMENT_ROW.pack(trade_id=trade_id, price=one.price, instrument=number, qty=one.qty, changes=one.changes)
        for (number, trade_id), one in state.amendments.items()
    )
