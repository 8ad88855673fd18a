"""The state as rows."""

from __future__ import annotations

from itertools import islice

from openbell import wire
from openbell.wire import BookKind, Side

from tests.reference import ledger, margin
from tests.reference.books import Order
from tests.reference.links import others
from tests.reference.records import (
    ACCOUNT_ROW,
    DEPTH,
    INSTRUMENT_ROW,
    MARKET_DATA,
    ORDER_ROW,
    POSITION_ROW,
    as_i64,
)
from tests.reference.state import State


def orders(state: State, account: int | None, instrument: int | None) -> bytes:
    """OrderRow: of an account newest first, else as in the books."""
    if account is not None:
        mine = reversed(state.accounts[account].orders)
        chosen = [order for order in mine if instrument in (None, order.instrument.number)]
    else:
        chosen = [
            order
            for each in state.instruments_ascending()
            if instrument in (None, each.number)
            for order in each.book.orders() + each.unseen
        ]
    return b"".join(order_row(order) for order in chosen)


def order_row(order: Order) -> bytes:
    shown = order.place == wire.Place.BOOK
    queue = order.instrument.book.sides[order.side][order.price] if shown else [order]
    ahead = queue[: queue.index(order)]
    return ORDER_ROW.pack(
        order_id=order.order_id,
        client_order_id=order.client_order_id,
        price=order.price,
        account=order.account.number,
        instrument=order.instrument.number,
        leaves=order.leaves,
        filled=order.filled,
        side=order.side,
        tif=order.tif,
        flags=order.flags,
        self_trade=order.self_trade,
        level_qty_ahead=sum(other.shown() for other in ahead),
        hold=order.hold(),
        order_type=order.order_type,
        place=order.place,
        peg=order.peg,
        modes=order.modes,
        group=order.group,
        shown=order.shown() if shown else 0,
        stop_price=trigger_of(order),
        offset=order.offset,
        expire_ns=order.expire_ns,
        session=order.session,
        cap=order.cap,
        **links_of(order),
    )


def trigger_of(order: Order) -> int:
    """The price that a waiting stop waits for; 0 of other orders, and of a trailing child, which gets it when awake."""
    waits = order.place == wire.Place.WAIT
    if order.place != wire.Place.STOP and not (waits and order.order_type != wire.OrderType.TRAILING_STOP):
        return 0
    return order.price if order.order_type == wire.OrderType.STOP else order.stop_price


def links_of(order: Order) -> dict[str, int]:
    """What it is tied to: its role, the next one of its ring or the child that it named, and its parent."""
    if order.children is not None:
        assert order.children.first is not None
        return {"role": wire.Role.PARENT, "link_id": order.children.first.client_order_id}
    tied = {"link_id": next((other.client_order_id for other in others(order)), 0)}
    if order.place == wire.Place.WAIT:
        parent = order.ring.parent if order.ring else None
        return tied | {"role": wire.Role.CHILD, "parent_id": parent.client_order_id if parent else 0}
    return tied | {"role": wire.Role.PEER if tied["link_id"] else wire.Role.NONE}


def accounts(state: State) -> bytes:
    return b"".join(
        ACCOUNT_ROW.pack(
            account=account.number,
            state=account.state,
            flags=account.flags,
            cash=account.cash,
            hold=account.hold(),
            short_proceeds=account.short_proceeds(),
            account_seq=account.account_seq,
            max_order_qty=account.max_order_qty,
            max_order_notional=account.max_order_notional,
            max_position=account.max_position,
            max_open_orders=account.max_open_orders,
            max_messages=account.max_messages,
            open_orders=len(account.resting()),
            realized_pnl=account.realized_pnl,
            last_client_order_id=account.last_client_order_id,
            plan=account.plan,
            risk_type=account.risk_type,
            settled=ledger.within_i64(account.settled()),
            unsettled=ledger.within_i64(account.unsettled()),
            withdrawals=account.withdrawn(),
            withdrawable=margin.withdrawable(state, account),
            fees=account.fees,
            currency=ledger.text(account.currency),
            name=account.name,
        )
        for account in state.accounts_ascending()
    )


def positions(state: State, account: int | None) -> bytes:
    return b"".join(
        POSITION_ROW.pack(
            account=position.account,
            instrument=position.instrument,
            qty=position.qty,
            cost=position.cost,
            realized_pnl=position.realized_pnl,
            open_buy=state.accounts[position.account].open_qty(position.instrument, Side.BUY),
            open_sell=state.accounts[position.account].open_qty(position.instrument, Side.SELL),
        )
        for position in state.positions
        if account in (None, position.account)
    )


def instruments(state: State) -> bytes:
    return b"".join(
        INSTRUMENT_ROW.pack(
            instrument=instrument.number,
            state=instrument.state,
            halt_reason=instrument.detail if instrument.state == wire.InstrumentState.HALTED else 0,
            auction_kind=instrument.detail if instrument.state == wire.InstrumentState.CALL else 0,
            short_restricted=instrument.is_short_restricted,
            tick_size=instrument.tick_size,
            lot_size=instrument.lot_size,
            reference_price=instrument.reference_price,
            collar_bps=instrument.collar_bps,
            max_order_qty=instrument.max_order_qty,
            max_order_notional=instrument.max_order_notional,
            bid_price=instrument.book.top().bid.price,
            ask_price=instrument.book.top().ask.price,
            bid_qty=instrument.book.top().bid.qty,
            ask_qty=instrument.book.top().ask.qty,
            trades=instrument.trades,
            volume=instrument.volume,
            orders=len(instrument.book.orders()),
            symbol=instrument.symbol,
            currency=ledger.text(instrument.currency),
            round_lot=instrument.round_lot,
            auction_ns=instrument.auction_ns if instrument.state == wire.InstrumentState.CALL else 0,
            band_lower=instrument.lower,
            band_upper=instrument.upper,
            extensions=instrument.extended,
            extension_reason=instrument.extended_for,
        )
        for instrument in state.instruments_ascending()
    )


def depth(state: State, instrument: int, levels: int) -> bytes:
    """Depth: totals of the best levels of each side."""
    book = state.instruments[instrument].book
    return b"".join(
        DEPTH.pack(
            seq=state.output.seq,
            ts_ns=state.output.ts_ns,
            instrument=instrument,
            side=side,
            price=price,
            level_qty=sum(order.shown() for order in queue),
            level_orders=len(queue),
        )
        for side in (Side.BUY, Side.SELL)
        for price, queue in islice(book.levels(side), levels)
    )


def book(state: State, instrument: int) -> bytes:
    """MarketData ADD records that build the book."""
    records = []
    for side in (Side.BUY, Side.SELL):
        for price, queue in state.instruments[instrument].book.levels(side):
            for place, order in enumerate(queue, 1):
                records.append(
                    MARKET_DATA.pack(
                        seq=state.output.seq,
                        ts_ns=state.output.ts_ns,
                        kind=BookKind.ADD,
                        side=side,
                        instrument=instrument,
                        order_id=order.order_id,
                        price=as_i64(price),
                        qty=order.shown(),
                        leaves=order.shown(),
                        level_qty=sum(other.shown() for other in queue[:place]),
                        level_orders=place,
                    )
                )
    return b"".join(records)
