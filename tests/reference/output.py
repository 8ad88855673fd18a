"""Events and market data that a command gives, in their order."""

from __future__ import annotations

from collections import deque
from typing import Any, NamedTuple

from openbell import wire
from openbell.wire import BookKind, DataFlag, EventKind

from tests.reference.accounts import Account
from tests.reference.auctions import Crossing
from tests.reference.books import Instrument, Order, Top
from tests.reference.records import EVENT, MARKET_DATA, REJECT, TOP, as_i64, as_u64

DAY_NS = 86_400_000_000_000
LAST_FILLS = 80  # two a trade


class Failure(NamedTuple):
    """A check that failed."""

    check: wire.Check
    limit: int
    value: int
    headroom: int = 0
    flags: int = 0  # desks up, of limits


class Filled(NamedTuple):
    """One side of a trade."""

    account: int
    instrument: int
    side: int
    flags: int
    price: int
    qty: int
    trade_id: int
    order_id: int
    client_order_id: int


class Output:
    """What the market says about the command in hand."""

    def __init__(self) -> None:
        self.events = bytearray()
        self.market_data = bytearray()
        self.seq = 0
        self.ts_ns = 0
        self.fills: deque[Filled] = deque(maxlen=LAST_FILLS)  # for those who make up what operators amend
        self._tops: dict[int, tuple[Instrument, Top]] = {}  # before this command, of what it touched

    def begin(self, seq: int, ts_ns: int) -> None:
        self.seq, self.ts_ns = seq, ts_ns
        self._tops = {}

    def end(self) -> None:
        """A Top of each instrument whose best levels are not what they were."""
        for instrument, before in self._tops.values():
            top = instrument.book.top()
            if top != before:
                self.market_data += TOP.pack(
                    seq=self.seq,
                    ts_ns=self.ts_ns,
                    kind=BookKind.TOP,
                    state=instrument.state,
                    instrument=instrument.number,
                    bid_price=top.bid.price,
                    ask_price=top.ask.price,
                    bid_qty=top.bid.qty,
                    ask_qty=top.ask.qty,
                    bid_orders=top.bid.orders,
                    ask_orders=top.ask.orders,
                )

    # Events

    def event(self, kind: int, owner: Account | None = None, /, **fields: Any) -> None:
        """An event of the account `owner`, numbered there, or of the market."""
        if owner is not None:
            owner.account_seq += 1
            fields |= {"account": owner.number, "account_seq": owner.account_seq}
        self.events += EVENT.pack(seq=self.seq, ts_ns=self.ts_ns, kind=kind, **fields)

    def order_event(self, kind: int, order: Order, **fields: Any) -> None:
        """An event of an order."""
        said = {"price": order.price} | fields
        if kind == EventKind.FILL:
            self.fills.append(
                Filled(
                    order.account.number,
                    order.instrument.number,
                    order.side,
                    said["flags"],
                    said["price"],
                    said["qty"],
                    said["trade_id"],
                    order.order_id,
                    order.client_order_id,
                )
            )
        self.event(
            kind,
            order.account,
            side=order.side,
            instrument=order.instrument.number,
            order_id=order.order_id,
            client_order_id=order.client_order_id,
            filled=order.filled,
            **said,
        )

    def reject(self, kind: int, failure: Failure, owner: Account | None, /, **fields: Any) -> None:
        """A refusal; `fields` has the account's number, for one that is not set up."""
        if owner is not None:
            owner.account_seq += 1
            fields["account_seq"] = owner.account_seq
        self.events += REJECT.pack(
            seq=self.seq,
            ts_ns=self.ts_ns,
            kind=kind,
            check=failure.check,
            limit=as_i64(failure.limit),
            value=as_i64(failure.value),
            headroom=failure.headroom,
            flags=failure.flags,
            **fields,
        )

    def amount_event(self, kind: int, account: Account, amount: int, result: int, **fields: Any) -> None:
        """CASH and SHARES: both numbers are signed."""
        self.event(kind, account, price=amount, trade_id=as_u64(result), **fields)

    # Market data

    def touch(self, instrument: Instrument) -> None:
        """Before each change of a book."""
        self._tops.setdefault(instrument.number, (instrument, instrument.book.top()))

    def book_change(self, kind: int, order: Order, qty: int, leaves: int, trade_no: int = 0, flags: int = 0) -> None:
        """After a change of a book."""
        level = order.instrument.book.level(order.side, order.price)
        self.market_data += MARKET_DATA.pack(
            seq=self.seq,
            ts_ns=self.ts_ns,
            kind=kind,
            side=order.side,
            flags=flags,
            instrument=order.instrument.number,
            order_id=order.order_id,
            price=order.price,
            qty=qty,
            leaves=leaves,
            level_qty=level.qty,
            level_orders=level.orders,
            trade_no=trade_no,
        )

    def hidden_trade(self, maker: Order, price: int, qty: int, trade_no: int) -> None:
        """A trade of an order that does not show, or not at that price."""
        self.of_instrument(
            BookKind.HIDDEN_TRADE, maker.instrument, side=maker.side, price=price, qty=qty, trade_no=trade_no
        )

    def time(self, day_end_ns: int) -> None:
        """Of a TICK. day_end_ns: when the day ends, which may have come; 0: never."""
        ends = 0 < day_end_ns <= self.ts_ns
        while 0 < day_end_ns <= self.ts_ns:
            day_end_ns += DAY_NS
        self.market_data += MARKET_DATA.pack(
            seq=self.seq,
            ts_ns=self.ts_ns,
            kind=BookKind.TIME,
            flags=DataFlag.DAY_END if ends else 0,
            price=day_end_ns,
        )

    def status(self, instrument: Instrument) -> None:
        restricted = int(DataFlag.SHORT_RESTRICTED) if instrument.is_short_restricted else 0
        self.of_instrument(
            BookKind.STATUS,
            instrument,
            state=instrument.state,
            flags=instrument.detail | restricted,
            price=instrument.reference_price,
            qty=instrument.round_lot,
            level_qty=instrument.auction_ns,
            level_orders=instrument.extended,
            trade_no=instrument.extended_for,
        )

    def of_instrument(self, kind: int, instrument: Instrument, **fields: Any) -> None:
        self.market_data += MARKET_DATA.pack(
            seq=self.seq, ts_ns=self.ts_ns, kind=kind, instrument=instrument.number, **fields
        )

    # Auctions

    def executed_in_auction(self, order: Order, qty: int) -> None:
        """After a displayed order traded; qty: lots that it shows less."""
        trade_no = order.instrument.trades & 0xFFFFFFFF
        self.book_change(BookKind.EXECUTE, order, qty, order.shown(), trade_no, flags=DataFlag.CROSS)

    def cross(self, instrument: Instrument, kind: int, price: int, lots: int, pairs: int) -> None:
        self.of_instrument(
            BookKind.CROSS,
            instrument,
            state=kind,
            price=price,
            qty=lots & 0xFFFFFFFF,
            level_qty=lots,
            level_orders=pairs,
            trade_no=instrument.trades & 0xFFFFFFFF if pairs else 0,
        )

    def indicative(self, instrument: Instrument, found: Crossing) -> None:
        self.of_instrument(
            BookKind.INDICATIVE,
            instrument,
            state=instrument.auction_kind,
            price=found.price,
            qty=found.volume & 0xFFFFFFFF,
            level_qty=found.volume,
            leaves=abs(found.imbalance) & 0xFFFFFFFF,
            side=int(found.imbalance < 0),
        )
