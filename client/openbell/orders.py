"""Order handles: each follows its order's state by the private events, without I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from enum import Enum
from typing import Any, NamedTuple

from openbell import wire
from openbell.errors import OpenBellError, OrderCanceled, OrderRejected, RequestRejected
from openbell.events import Event, Reject, field_of
from openbell.prices import format_cash, format_price, to_decimal
from openbell.records import HEADER
from openbell.terms import Further, type_in_words
from openbell.wire import (
    CancelReason,
    Check,
    EventFlag,
    EventKind,
    OrderFlag,
    OrderType,
    Place,
    RestateReason,
    Role,
    Rule,
    Side,
    TimeInForce,
)


class OrderState(Enum):
    """Where an order is in its life."""

    SENT = "sent"  # not answered yet
    ACCEPTED = "accepted"
    PARTLY_FILLED = "partly filled"
    FILLED = "filled"
    CANCELED = "canceled"
    REJECTED = "rejected"
    UNKNOWN = "unknown"  # it ended, and events that tell how are lost for good (see errors.ResumeTooOld)


# Plain ints: an enum's member costs a look-up each time.
_ACCEPTED, _FILL, _CANCELED, _REPLACED, _TRIGGERED, _RESTATED, _BUSTED, _CORRECTED, _CHARGED = map(
    int,
    (
        EventKind.ACCEPTED, EventKind.FILL, EventKind.CANCELED, EventKind.REPLACED, EventKind.TRIGGERED,
        EventKind.RESTATED, EventKind.TRADE_BUSTED, EventKind.TRADE_CORRECTED, EventKind.CHARGED,
    ),
)  # fmt: skip
_PRICED = frozenset({OrderType.LIMIT, OrderType.MARKET, OrderType.MARKET_TO_LIMIT})  # of which IOC is one
_STOPS = frozenset({OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TRAILING_STOP})
_ACTIVE = int(RestateReason.ACTIVE)
_FLAGS_PLACE = HEADER.size + int(dict(wire.ORDER_COMMAND.fields or {})["flags"][1])  # in the frame of an order
_DUPLICATE, _MAKER, _CROSS = map(int, (EventFlag.DUPLICATE, EventFlag.MAKER, EventFlag.CROSS))
_DONE = frozenset({OrderState.FILLED, OrderState.CANCELED, OrderState.REJECTED, OrderState.UNKNOWN})


class Fill(NamedTuple):
    """One trade of an order. qty in lots, price in 1e-4, ts_ns since 1970 UTC. In an auction nobody is the maker.
    fees: cash of 1e-6 that was charged for it, below 0 a rebate; of rows of the query "fills" not known: 0."""

    qty: int
    price: int
    ts_ns: int
    trade_id: int
    is_maker: bool
    is_auction: bool = False
    fees: int = 0

    @classmethod
    def of_row(cls, row: Mapping[str, Any]) -> Fill:
        """The fill of a row of the query "fills"."""
        qty, price, ts_ns, trade_id = (int(row[name]) for name in ("qty", "price", "ts_ns", "trade_id"))
        flags = int(row["flags"])
        return cls(qty, price, ts_ns, trade_id, bool(flags & _MAKER), bool(flags & _CROSS))


class Request(NamedTuple):
    """A cancel or replace that is not answered yet."""

    kind: EventKind  # the kind of event that refuses it
    frame: int  # number of the frame that carried it
    data: bytes  # that frame, for sending it again
    price: int
    qty: int
    flags: int  # OrderFlag


class Order:
    """An order and what became of it. Its attributes change as events arrive; none is to be set from outside.

    symbol, side, qty (lots, total), price (1e-4), order_type, tif, further (what only special orders have, or None),
    client_order_id, order_id (the engine's, 0 before), state, filled and leaves (lots, an iceberg's reserve included),
    fees (cash of 1e-6 charged for its fills so far, those of busted ones included),
    fills (those that count: without what was busted, with what was corrected as it is now), busted (fills as they were
    when an operator busted or corrected them; state, filled and leaves do not change with it), reject, cancel_reason,
    is_triggered (of a stop), is_waiting (for the end of the order that it is a child of).

    price, once accepted: of a market order the effective one, of a stop its stop price (of a trailing one that of its
    acceptance: it moves without an event), when it was triggered the one that it goes to.
    """

    __slots__ = (
        "__weakref__",
        "_paid",
        "_waits",
        "account",
        "busted",
        "cancel_reason",
        "cap",
        "client_order_id",
        "data",
        "failure",
        "fees",
        "filled",
        "fills",
        "frame",
        "further",
        "instrument",
        "is_triggered",
        "leaves",
        "order_id",
        "order_type",
        "price",
        "qty",
        "reject",
        "request_reject",
        "requests",
        "side",
        "state",
        "symbol",
        "tif",
    )

    def __init__(
        self,
        symbol: str,
        account: int,
        instrument: int,
        side: Side,
        qty: int,
        price: int,
        order_type: OrderType,
        tif: TimeInForce,
        client_order_id: int,
        further: Further | None = None,
    ) -> None:
        self.symbol, self.account, self.instrument = symbol, account, instrument
        self.side, self.qty, self.price, self.order_type, self.tif = side, qty, price, order_type, tif
        self.client_order_id = client_order_id
        self.further = further
        self.cap = price  # of a pegged order: the price that was asked for last, 0: none
        self.is_triggered = False
        self._waits = further is not None and further.role == Role.CHILD
        self.order_id = 0
        if further is not None and order_type == OrderType.STOP:
            self.price = further.stop_price
        self.state = OrderState.SENT
        self.filled, self.leaves = 0, qty
        self.fills: list[Fill] = []
        self.busted: list[Fill] = []
        self.reject: Reject | None = None  # why the order was refused
        self.request_reject: Reject | OpenBellError | None = None  # why the last cancel or replace was refused
        self.cancel_reason: CancelReason | None = None
        self.failure: OpenBellError | None = None  # the frame that carried it was refused
        self.requests: list[Request] = []
        self.frame = 0  # number of the frame that carried it
        self.data = b""  # that frame, for sending it again
        self._paid = 0
        self.fees = 0

    # ------------------------------------------------------------ looking

    @property
    def is_done(self) -> bool:
        """Nothing can happen to it any more."""
        return self.state in _DONE

    @property
    def is_open(self) -> bool:
        """Accepted, and not done."""
        return self.state in (OrderState.ACCEPTED, OrderState.PARTLY_FILLED)

    @property
    def is_answered(self) -> bool:
        """The order and all its cancels and replaces have their answer."""
        return self.state is not OrderState.SENT and (not self.requests or self.is_done)

    @property
    def is_stop(self) -> bool:
        """A stop of any kind, triggered or not."""
        return self.order_type in _STOPS

    @property
    def is_waiting(self) -> bool:
        """A child (docs/linked.md) whose parent has not ended: it cannot trade yet."""
        return self._waits and not self.is_done

    @property
    def asked_price(self) -> int:
        """The price that a REPLACE of the quantity alone must name."""
        return self.cap if self.order_type == OrderType.PEGGED else self.price

    @property
    def average_price(self) -> Decimal | None:
        """Mean price of its fills in the currency; None without one."""
        qty = sum(fill.qty for fill in self.fills)
        return to_decimal(self._paid) / qty if qty else None

    @property
    def price_text(self) -> str:
        """Its price as text: "101.25"."""
        return format_price(self.price)

    def __str__(self) -> str:
        verb = "buy" if self.side == Side.BUY else "sell"
        what = f"{verb} {self.qty} {self.symbol}"
        price = self.cap if self.order_type == OrderType.PEGGED else self.price
        what += type_in_words(self.order_type, price, self.further)
        text = f"{what}: {self.state.value}"
        if self.is_waiting and self.is_open:
            text += ", waits for the end of another order"
        elif self.is_stop and self.is_open:
            text += ", triggered" if self.is_triggered else ", waits for its trigger"
        if self.fills and (average := self.average_price) is not None:
            count = len(self.fills)
            lots = sum(fill.qty for fill in self.fills) if self.busted else self.filled
            text += f" {lots} at {_shown(average)} in {count} fill{'s' if count > 1 else ''}"
        if self.fees:
            text += f", fees {format_cash(self.fees)}"
        if self.busted:
            text += f", {len(self.busted)} of its trades busted or corrected"
        if self.state is OrderState.REJECTED:
            text += f", {(self.reject and self._in_words(self.reject)) or self.failure}"
        elif self.state is OrderState.CANCELED and self.cancel_reason is not None:
            text += f" ({self.cancel_reason.name})"
        return text

    def __repr__(self) -> str:
        return f"<Order {self.client_order_id} {self}>"

    def error(self) -> OpenBellError | None:
        """Why it will not be filled whole, as an exception; None while it may be, or when it was."""
        if self.failure is not None:
            return self.failure
        if self.state is OrderState.REJECTED:
            reject = self.reject
            if reject is None:
                return OrderRejected(f"order rejected: {self}", order=self, reject=None)
            return OrderRejected(
                self._in_words(reject),
                order=self,
                reject=reject,
                code=str(reject).split(":")[0],
                field=self._field_of(reject),
                limit=reject.limit,
                value=reject.value,
            )
        if self.state is OrderState.CANCELED:
            reason = self.cancel_reason.name if self.cancel_reason is not None else "UNKNOWN"
            return OrderCanceled(
                f"order ended with {self.filled} of {self.qty} filled: {reason}", order=self, code=reason
            )
        if self.state is OrderState.UNKNOWN:
            return OpenBellError(
                f"the order ended with at least {self.filled} of {self.qty} filled; events that tell how are lost",
                code="unknown",
            )
        return None

    def _in_words(self, reject: Reject) -> str:
        """A refusal of this order; of a tif that no call takes, what to give instead."""
        is_at_once = self.tif in (TimeInForce.IOC, TimeInForce.FOK) and self.order_type in _PRICED
        if reject.check != Check.COMBINATION or reject.limit != Rule.TIF or not is_at_once:
            return str(reject)
        by_default = ", which a market order is without a tif" if self.order_type == OrderType.MARKET else ""
        return (
            f"{reject}: the instrument is in a call, where orders wait for an auction: nothing is {self.tif.name} there"
            f"{by_default}; tif DAY, GTC or AUCTION takes part in it"
        )

    def _field_of(self, reject: Reject) -> str | None:
        """The field that a refusal of this order is about: several have ticks, a trailing stop's price is no field."""
        if self.further is not None and reject.check == Check.STOP_SIDE and self.order_type == OrderType.TRAILING_STOP:
            return "offset"
        is_price = self.order_type != OrderType.STOP and reject.value == self.price
        if self.further is not None and reject.check == Check.TICK_SIZE and not is_price:
            for name in ("stop_price", "offset", "discretion"):  # in the order in which they are checked
                if getattr(self.further, name) == reject.value:
                    return name
        return field_of(reject.check, reject.limit)

    def request_error(self) -> OpenBellError | None:
        """Why the last cancel or replace was refused; None when it was not."""
        reject = self.request_reject
        if reject is None or isinstance(reject, OpenBellError):
            return reject
        text = str(reject)
        return RequestRejected(
            text, order=self, reject=reject, code=text.split(":")[0], field=field_of(reject.check, reject.limit),
            limit=reject.limit, value=reject.value,
        )  # fmt: skip

    def _raise_rejected(self) -> None:
        error = self.error() if self.state is OrderState.REJECTED else None
        if error is not None:
            raise error

    def _raise_request_rejected(self) -> None:
        error = None if self.is_done else self.request_error()
        if error is not None:
            raise error

    def _waiting_for(self, what: str) -> str:
        """What a wait waits for, in words."""
        return f"the {what} of order {self.client_order_id} ({self})"

    # ------------------------------------------------------------ following

    def is_of(self, event: Event) -> bool:
        """Whether an ACCEPTED may be of this order, which was not answered before: another one of its account may have
        had the same number first, by another login or by the house (docs/liquidation.md)."""
        if (event.instrument, event.side, event.qty) != (self.instrument, self.side, self.qty):
            return False
        may_slide = len(self.data) > _FLAGS_PLACE and self.data[_FLAGS_PLACE] & OrderFlag.SLIDE
        return self.order_type != OrderType.LIMIT or bool(may_slide) or event.price == self.price

    def apply(self, event: Event) -> None:
        """Follow one event of this order."""
        kind = event.kind
        if kind == _FILL:
            self.fills.append(Fill(event.qty, event.price, event.ts_ns, event.trade_id, bool(event.flags & _MAKER),
                                   bool(event.flags & _CROSS)))  # fmt: skip
            self._paid += event.qty * event.price
            self.filled, self.leaves = event.filled, event.leaves
            self.state = OrderState.PARTLY_FILLED if event.leaves else OrderState.FILLED
        elif kind == _ACCEPTED:
            self.order_id = event.order_id
            if self.state is OrderState.SENT:
                self.state = OrderState.ACCEPTED
                if not event.flags & _DUPLICATE:
                    self.price, self.leaves = event.price, event.leaves
        elif kind == _CANCELED:
            self.filled, self.leaves = event.filled, 0
            self.cancel_reason = CancelReason(event.reason)
            self.state = OrderState.CANCELED
        elif kind == _REPLACED:
            self.price, self.qty = event.price, event.qty
            self.filled, self.leaves = event.filled, event.leaves
            answered = self._answered(EventKind.REPLACE_REJECTED)
            self.cap = event.price if answered is None else answered.price
            if self.order_type == OrderType.STOP and self.further is not None and not self.is_triggered:
                self.further = self.further._replace(stop_price=event.price)
            self.request_reject = None
        elif kind == _RESTATED:
            self.price, self.qty = event.price, event.qty
            self.filled, self.leaves = event.filled, event.leaves
            if event.reason == _ACTIVE:
                self._waits = False
        elif kind == _TRIGGERED:
            self.price, self.is_triggered = event.price, True
        elif kind == _BUSTED:
            self._bust(event)
        elif kind == _CORRECTED:
            self._correct(event)
        elif kind == _CHARGED:
            self._charge(event)

    def _charge(self, event: Event) -> None:
        """A fee for one of its fills, the last one or one of the last."""
        self.fees += event.price
        for place in reversed(range(len(self.fills))):
            fill = self.fills[place]
            if fill.trade_id == event.trade_id:
                self.fills[place] = fill._replace(fees=fill.fees + event.price)
                return

    def _bust(self, event: Event) -> None:
        """One of its fills does not count any more; nothing where that is not known here."""
        for fill in self.fills:
            if fill.trade_id == event.trade_id:
                self.fills.remove(fill)
                self.busted.append(fill)
                self._paid -= fill.qty * fill.price
                return

    def _correct(self, event: Event) -> None:
        """What it is instead, right after its bust: at the time at which it was made."""
        was = next((fill for fill in reversed(self.busted) if fill.trade_id == event.trade_id), None)
        if was is not None:
            self.fills.append(was._replace(qty=event.qty, price=event.price))
            self._paid += event.qty * event.price

    def refused(self, reject: Reject) -> None:
        """Follow a reject of this order or of a cancel or replace of it."""
        if reject.kind == EventKind.REJECTED:
            if self.state is OrderState.SENT:
                self.state, self.reject, self.leaves = OrderState.REJECTED, reject, 0
        elif self._answered(EventKind(reject.kind)):
            self.request_reject = reject

    def frame_refused(self, number: int, error: OpenBellError) -> bool:
        """The frame `number` was refused by the port; whether it concerned this order."""
        if self.frame == number and self.state is OrderState.SENT:
            self.state, self.failure, self.leaves = OrderState.REJECTED, error, 0
            return True
        for request in self.requests:
            if request.frame == number:
                self.requests.remove(request)
                self.request_reject = error
                return True
        return False

    def _answered(self, kind: EventKind) -> Request | None:
        for request in self.requests:
            if request.kind == kind:
                self.requests.remove(request)
                return request
        return None

    def refresh(self, order_id: int, price: int, leaves: int, filled: int) -> None:
        """Take over the state of a row of the query "orders"."""
        self.order_id, self.price, self.leaves, self.filled = order_id, price, leaves, filled
        self.qty = leaves + filled
        self.state = OrderState.PARTLY_FILLED if filled else OrderState.ACCEPTED

    def refresh_place(self, place: int, stop_price: int, cap: int) -> None:
        """Whether such a row says that it waits, and of a stop for which price; a trailing one's is its price."""
        self._waits = place == Place.WAIT
        if self.order_type == OrderType.PEGGED:
            self.cap = cap
        if self.is_stop:
            self.is_triggered = place not in (Place.STOP, Place.WAIT)
            if stop_price and self.further is not None and self.order_type != OrderType.TRAILING_STOP:
                self.further = self.further._replace(stop_price=stop_price)

    def refresh_ended(self, made: Sequence[Mapping[str, Any]]) -> None:
        """It is not live any more, and its last events are lost: what its fills tell, as `refresh_fills` has them."""
        whole = self.filled >= self.qty or any(not row["leaves"] for row in made)
        self.state = OrderState.FILLED if whole else OrderState.UNKNOWN
        self.leaves = 0

    def refresh_fills(
        self, made: Sequence[Mapping[str, Any]], amended: Mapping[tuple[int, int], tuple[int, int]]
    ) -> None:
        """Take over the fills that the market keeps, rows of the query "fills" as they were made, and `amend`."""
        known = {fill.trade_id for fill in (*self.fills, *self.busted)}
        new = [fill for fill in map(Fill.of_row, made) if fill.trade_id not in known]
        if new:
            self.fills = sorted([*self.fills, *new], key=lambda fill: fill.trade_id)
            self._paid += sum(fill.qty * fill.price for fill in new)
        self.filled = max([self.filled, *(int(row["filled"]) for row in made)])
        self.amend(amended)

    def amend(self, amended: Mapping[tuple[int, int], tuple[int, int]]) -> None:
        """Have its fills be what they are now: (instrument, trade_id) -> (price, lots), 0 lots: busted."""
        for fill in list(self.fills):
            price, qty = amended.get((self.instrument, fill.trade_id), (fill.price, fill.qty))
            if (price, qty) != (fill.price, fill.qty):
                self.fills.remove(fill)
                self.busted.append(fill)
                if qty:
                    self.fills.append(fill._replace(price=price, qty=qty))
                self._paid += qty * price - fill.qty * fill.price

    def changed(self) -> None:
        """Called after each change; the asynchronous handle wakes those who wait."""


def _shown(average: Decimal) -> str:
    """An average price with two to six places."""
    text = f"{average:.6f}"
    whole, _, fraction = text.partition(".")
    return f"{whole}.{fraction.rstrip('0').ljust(2, '0')}"
