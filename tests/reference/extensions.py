"""Auctions that are put off, and calls with a random end. docs/auctions.md, "Extensions"."""

from __future__ import annotations

from typing import Any, NamedTuple

from openbell.wire import AuctionKind, EventKind, ExtensionFlag, ExtensionReason

from tests.reference import cross
from tests.reference.books import BUY, SELL, Extension, Instrument, Order
from tests.reference.refusals import in_range, instrument_of
from tests.reference.state import State

DAY_NS = 86_400_000_000_000
MOST_EXTENSIONS = 100
MOST_LEFT = 1 << 40
LARGEST = (1 << 63) - 1
FLAGS_INDEX, KIND_INDEX = 8, 9
WORD = 1 << 64


class Outlook(NamedTuple):
    """Of an auction, were it now: price (0: none), lots that each side trades, lots left, those of market orders."""

    price: int
    traded: int
    left: int
    market: int


def set_extension(state: State, command: Any) -> None:
    instrument = instrument_of(state, command)
    wanted = Extension(*(getattr(command, f"value{index}") for index in range(8)), flags=command.flags)
    in_range(KIND_INDEX, command.state, min(AuctionKind), max(AuctionKind))
    extends = wanted.extension_ns != 0
    in_range(FLAGS_INDEX, command.flags, 0, 3 if extends else 0)
    has_reason = command.flags & ExtensionFlag.MARKET_ORDERS or wanted.lots or wanted.lots_bps or wanted.price_bps
    ranges = (
        (0, DAY_NS if has_reason else 0),
        (1, MOST_EXTENSIONS) if extends else (0, 0),
        (0, MOST_LEFT if extends else 0),
        (0, 10_000 if extends else 0),
        (0, 10_000 if extends else 0),
        (0, 10_000 if extends and wanted.price_bps else 0),
        (0, DAY_NS),
        (0, LARGEST if wanted.random_ns else 0),
    )
    for index, (value, bounds) in enumerate(zip(wanted, ranges, strict=False)):
        in_range(index, value, *bounds)
    instrument.extensions[command.state] = wanted
    state.output.event(
        EventKind.EXTENSION_SET,
        instrument=instrument.number,
        qty=command.request,
        reason=command.state,
        price=wanted.extension_ns,
    )


def mixed(word: int) -> int:
    """The finalizer of SplitMix64."""
    word = (word ^ word >> 30) * 0xBF58476D1CE4E5B9 % WORD
    word = (word ^ word >> 27) * 0x94D049BB133111EB % WORD
    return word ^ word >> 31


def end_of_call(instrument: Instrument) -> int:
    """When the auction is held whose time is set now."""
    extension = instrument.extensions.get(instrument.auction_kind)
    if not instrument.auction_ns or extension is None or not extension.random_ns:
        return instrument.auction_ns
    word = extension.seed + instrument.auction_ns * 0x9E3779B97F4A7C15 + instrument.number * 0xBF58476D1CE4E5B9
    return min(LARGEST, instrument.auction_ns + mixed(word % WORD) % (extension.random_ns + 1))


def begin(instrument: Instrument) -> None:
    """A call begins, or begins again."""
    instrument.extended = instrument.extended_for = instrument.extended_at = 0
    instrument.ends_ns = end_of_call(instrument)


def outlook(instrument: Instrument) -> Outlook:
    """What would come of the auction."""
    price, volume, imbalance = cross.indicative(instrument)
    orders = cross.present(instrument)
    offset = 0
    if price and imbalance:
        smaller = SELL if imbalance > 0 else BUY
        late = [order for order in orders if cross.is_imbalance_only(order) and order.side == smaller]
        offset = min(abs(imbalance), lots_at(late, price))
    traded = volume + offset
    market = 0
    for side in (BUY, SELL):
        own = [order for order in orders if order.order_type in cross.UNPRICED and order.side == side]
        market += sum(order.leaves for order in own) - (min(lots_at(own, price), traded) if price else 0)
    return Outlook(price, traded, abs(imbalance) - offset, market)


def lots_at(orders: list[Order], price: int) -> int:
    return sum(order.leaves for order in orders if cross.would_trade_at(order, price))


def reason_to_extend(instrument: Instrument, extension: Extension, found: Outlook) -> ExtensionReason | None:
    """The first that holds."""
    if extension.flags & ExtensionFlag.MARKET_ORDERS and found.market > 0:
        return ExtensionReason.MARKET_ORDERS
    limits = [extension.lots] if extension.lots else []
    limits += [found.traded * extension.lots_bps // 10_000] if extension.lots_bps else []
    if any(found.left > limit for limit in limits):
        return ExtensionReason.IMBALANCE
    reference = instrument.reference_price
    if extension.flags & ExtensionFlag.FROM_LAST and instrument.extended_at:
        reference = instrument.extended_at
    bps = extension.price_bps + instrument.extended * extension.widen_bps
    is_far = abs(found.price - reference) > reference * bps // 10_000
    return ExtensionReason.PRICE if extension.price_bps and found.price and reference and is_far else None


def extend(state: State, instrument: Instrument, ts_ns: int) -> bool:
    """Whether the auction that is due is put off; that is done then."""
    extension = instrument.extensions.get(instrument.auction_kind)
    if extension is None or instrument.extended >= extension.most:
        return False
    found = outlook(instrument)
    reason = reason_to_extend(instrument, extension, found)
    if reason is None:
        return False
    instrument.extended += 1
    instrument.extended_for = reason
    instrument.extended_at = found.price or instrument.extended_at
    time_ns = min(LARGEST, instrument.auction_ns + extension.extension_ns)
    instrument.auction_ns = time_ns if time_ns > ts_ns else min(LARGEST, ts_ns + extension.extension_ns)
    instrument.ends_ns = end_of_call(instrument)
    left = found.market if reason == ExtensionReason.MARKET_ORDERS else found.left
    state.output.event(
        EventKind.AUCTION_EXTENDED,
        instrument=instrument.number,
        side=instrument.auction_kind,
        reason=reason,
        qty=instrument.extended,
        price=found.price,
        leaves=left % (1 << 32),
        trade_id=instrument.auction_ns,
    )
    state.output.status(instrument)
    return True
