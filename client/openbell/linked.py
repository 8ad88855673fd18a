"""Orders that are tied to each other: what a caller says of each, their one frame, and one handle for all of them.

The rules are in docs/linked.md. Of the *legs* one cancels the others; an *entry* sets its legs free when it has ended.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, Generic, NamedTuple, TypeVar

from openbell.composing import OrderT
from openbell.desk import Desk
from openbell.drafts import Draft
from openbell.errors import InvalidInput, LinkRejected, OpenBellError
from openbell.orders import OrderState
from openbell.prices import PriceLike, checked_int
from openbell.records import HEADER, frame
from openbell.terms import choice
from openbell.wire import MAX_LEGS, Check, FrameType, OrderType, Role, SelfTrade, Side, TimeInForce

_LAST_ID: Final = 2**64 - 1
_HAVE_ENDED: Final = "; its legs have ended: if this was sent again, the entry was refused or ended the first time"
_TERMS: Final = ("stop", "trail", "trail_percent", "expire")
_FOR_ALL: Final = ("group", "self_trade_group")  # of an entry's terms: what its legs have, too
_LASTING: Final = frozenset({TimeInForce.DAY, TimeInForce.GTC})
_LEG_TIFS: Final = _LASTING | {TimeInForce.GTD}


@dataclass(frozen=True, slots=True)
class Leg:
    """One of several orders of which one cancels the others: a limit order, or a stop of any kind.

    price alone: a limit order; stop: a stop, with a price a stop-limit; trail, trail_percent: a trailing stop. tif: DAY
    or GTC, with expire GTD; by default that of the order that sets it free where that is one of these, else DAY.
    """

    price: PriceLike | None = None
    stop: PriceLike | None = None
    trail: PriceLike | None = None
    trail_percent: PriceLike | None = None
    tif: TimeInForce | str | None = None
    expire: datetime | int | None = None
    post_only: bool = False
    do_not_route: bool = False

    @property
    def is_stop(self) -> bool:
        """A stop of any kind."""
        return any(one is not None for one in (self.stop, self.trail, self.trail_percent))

    def terms(self) -> dict[str, Any]:
        """What of it is a term of an order."""
        given = {name: getattr(self, name) for name in _TERMS}
        return {name: value for name, value in given.items() if value is not None} | (
            {"do_not_route": True} if self.do_not_route else {}
        )


class Entry(NamedTuple):
    """The order that is to set others free, as `Desk.draft` takes it."""

    side: Side | str
    symbol: str
    qty: int
    price: PriceLike | None
    tif: TimeInForce | str | None
    post_only: bool
    terms: dict[str, Any]


class Ring(NamedTuple):
    """Orders of which one cancels the others."""

    side: Side | str
    symbol: str
    qty: int
    legs: Sequence[Leg]


def leg(given: PriceLike | Leg, field: str) -> Leg:
    """A leg by itself, or the price of a limit order. Raises InvalidInput."""
    made = given if isinstance(given, Leg) else Leg(given)
    if made.price is None and not made.is_stop:
        raise InvalidInput(f"{field} needs a price, stop, trail or trail_percent", field=field, value=given)
    if made.tif is not None and choice(made.tif, TimeInForce, "tif") not in _LEG_TIFS:
        raise InvalidInput(
            f"{field}: tif {made.tif!r} is none of DAY, GTC and GTD, as a leg waits", field="tif",
            limit="DAY, GTC, GTD", value=made.tif,
        )  # fmt: skip
    if made.post_only and made.is_stop:
        raise InvalidInput(f"{field}: post_only needs a limit order", field="post_only", value=True)
    return made


def exits(take_profit: PriceLike | Leg, stop_loss: PriceLike | Leg) -> list[Leg]:
    """The two legs of a bracket. Raises InvalidInput."""
    profit = leg(take_profit, "take_profit")
    loss = leg(stop_loss if isinstance(stop_loss, Leg) else Leg(stop=stop_loss), "stop_loss")
    if profit.is_stop:
        raise InvalidInput("take_profit is a limit order: it has a price alone", field="take_profit", value=take_profit)
    if not loss.is_stop:
        raise InvalidInput(
            "stop_loss is a stop: it has stop, trail or trail_percent", field="stop_loss", value=stop_loss
        )
    return [profit, loss]


def legs_of(given: PriceLike | Leg | Sequence[PriceLike | Leg], field: str) -> list[Leg]:
    """One leg, or several. Raises InvalidInput."""
    many = [given] if isinstance(given, Leg | str | int | Decimal) else list(given)
    made = [leg(one, field) for one in many]
    if not made:
        raise InvalidInput(f"{field} names no order", field=field, value=given)
    if len(made) > MAX_LEGS:
        raise InvalidInput(
            f"{field} has {len(made)} orders of which one cancels the others, the limit is {MAX_LEGS}", field=field,
            limit=MAX_LEGS, value=len(made),
        )  # fmt: skip
    if sum(not one.is_stop for one in made) > 1:
        raise InvalidInput(
            f"{field} has more than one limit order: all but one are stops", field=field, limit=1, value=given
        )
    return made


def opposite(side: Side | str) -> Side | str:
    """The side that closes what an order of this side opens; what is no side stays, and is refused later."""
    name = side.upper() if isinstance(side, str) else side
    return {"BUY": Side.SELL, "SELL": Side.BUY, Side.BUY: Side.SELL, Side.SELL: Side.BUY}.get(name, side)


def drafts(
    desk: Desk[OrderT],
    entry: Entry | None,
    ring: Ring,
    self_trade: SelfTrade | str,
    account: str | int | None,
    first_client_order_id: int | None,
) -> list[Draft]:
    """Drafts of all of it that share one frame: the legs, then the entry. Their ids ascend from the first one on.

    The same first id and the same orders give the same bytes but for the frame's number: sent again, the market answers
    as it did the first time. Raises InvalidInput.
    """
    count = len(ring.legs) + (entry is not None)
    if first_client_order_id is None:
        first = desk.reserve_ids(count)
    else:
        first = checked_int(first_client_order_id, "first_client_order_id", 1, _LAST_ID - count + 1)
    joins = Role.PEER if entry is None else Role.CHILD
    alone = Role.NONE if entry is None else Role.CHILD
    shared = {} if entry is None else {name: entry.terms[name] for name in _FOR_ALL if name in entry.terms}
    made = []
    for place, one in enumerate(ring.legs):
        tie = (joins, first) if place else (alone, 0)
        terms = _lasting(entry, one) | one.terms() | shared
        tif = terms.pop("tif", one.tif)
        made.append(
            desk.draft(ring.side, ring.symbol, ring.qty, one.price, tif, one.post_only, self_trade, account,
                       first + place, terms, tie)
        )  # fmt: skip
    if entry is not None:
        made.append(
            desk.draft(entry.side, entry.symbol, entry.qty, entry.price, entry.tif, entry.post_only, self_trade,
                       account, first + count - 1, entry.terms, (Role.PARENT, first))
        )  # fmt: skip
    number = made[0].frame
    data = frame(FrameType.SPECIALS, number, b"".join(one.data[HEADER.size :] for one in made), count)
    return [one._replace(frame=number, data=data) for one in made]


def _lasting(entry: Entry | None, one: Leg) -> dict[str, Any]:
    """How long a leg lives that does not say so itself: as long as its entry may."""
    if entry is None or one.tif is not None or one.expire is not None:
        return {}
    if "expire" in entry.terms:
        return {"expire": entry.terms["expire"]}
    name = entry.tif.upper() if isinstance(entry.tif, str) else entry.tif
    return {"tif": entry.tif} if name in {*_LASTING, *(tif.name for tif in _LASTING)} else {}


class Linked(Generic[OrderT]):
    """Orders that were sent together, tied to each other: the handle of each, and what is true of all.

    entry: the order that sets the legs free when it has ended, with as many lots as it traded; None where they were
    free from the begin. legs: those of which one cancels the others.
    """

    def __init__(self, entry: OrderT | None, legs: Sequence[OrderT]) -> None:
        self.entry = entry
        self.legs: tuple[OrderT, ...] = tuple(legs)

    @property
    def orders(self) -> tuple[OrderT, ...]:
        """All of them, in the order in which they were sent: the legs, then the entry."""
        return self.legs if self.entry is None else (*self.legs, self.entry)

    def __iter__(self) -> Iterator[OrderT]:
        return iter(self.orders)

    @property
    def take_profit(self) -> OrderT | None:
        """The leg that came as a limit order."""
        return next((one for one in self.legs if one.order_type == OrderType.LIMIT), None)

    @property
    def stop_loss(self) -> OrderT | None:
        """The first leg that is a stop."""
        return next((one for one in self.legs if one.is_stop), None)

    @property
    def first_client_order_id(self) -> int:
        """To send all of it again: the same call with this id is answered as the first one was."""
        return self.legs[0].client_order_id

    @property
    def is_answered(self) -> bool:
        """The market has answered each of them."""
        return all(one.state is not OrderState.SENT for one in self.orders)

    @property
    def is_done(self) -> bool:
        """Nothing can happen to any of them any more."""
        return all(one.is_done for one in self.orders)

    def name_of(self, order: OrderT) -> str:
        """What one of them is here: "entry", "leg 1", ..."""
        return "entry" if order is self.entry else f"leg {self.legs.index(order) + 1}"

    def __str__(self) -> str:
        return "\n".join(f"{self.name_of(one)}: {one}" for one in self.entry_first)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {'; '.join(str(self).splitlines())}>"

    @property
    def entry_first(self) -> tuple[OrderT, ...]:
        """All of them, in the order in which people think of them: the entry, then the legs."""
        return self.legs if self.entry is None else (self.entry, *self.legs)

    def error(self) -> OpenBellError | None:
        """Why it is not as it was asked for: the first of them that was refused, which took the others along."""
        for one in self.orders:
            if one.failure is not None:
                return one.failure
            error = one.error() if one.state is OrderState.REJECTED else None
            if error is not None:
                said = f"{self.name_of(one)}: {error}{_HAVE_ENDED if self._has_no_legs(one) else ''}\n{self}"
                return LinkRejected(
                    said, order=one, reject=one.reject, linked=self.orders,
                    code=error.code, field=error.field, limit=error.limit, value=error.value,
                )  # fmt: skip
        return None

    def _has_no_legs(self, order: OrderT) -> bool:
        """Whether an entry was refused because its legs, which the market knows, are no more."""
        is_of_link = order.reject is not None and order.reject.check == Check.LINK
        return is_of_link and order is self.entry and all(leg.reject is None for leg in self.legs)

    def _raise_rejected(self) -> None:
        error = self.error()
        if error is not None:
            raise error

    def _waiting_for(self, what: str) -> str:
        """What a wait waits for, in words."""
        return f"the {what} of linked orders {self.first_client_order_id} and on ({'; '.join(str(self).splitlines())})"

    def to_cancel(self) -> list[OrderT]:
        """The live ones whose cancel ends all of it, in this order.

        The entry first: one whose legs were cancelled before it could still trade, and nothing would close that. Its
        cancel ends its legs where it has not traded, and sets them free where it has; then one leg takes the others.
        """
        entry = self.entry if self.entry is not None and not self.entry.is_done else None
        leg = next((one for one in self.legs if not one.is_done), None)
        return [one for one in (entry, leg) if one is not None]


def cancels(desk: Desk[OrderT], orders: Sequence[OrderT]) -> bytes | None:
    """One frame that asks for the cancels of live orders in this order; None while offline, or for no order.

    Nothing comes between them. One that an earlier one has ended is refused, which its handle need not hear of.
    """
    if not orders:
        return None
    for one in orders:
        desk.cancel(one)
    asked = [one.requests[-1] for one in orders]
    number = asked[0].frame
    data = frame(FrameType.ORDERS, number, b"".join(one.data[HEADER.size :] for one in asked), len(asked))
    for one, request in zip(orders, asked, strict=True):
        one.requests[-1] = request._replace(frame=number, data=data)
    return data if desk.online else None


LinkedT = TypeVar("LinkedT", bound=Linked[Any])
