"""When auctions are put off: what a session of the configuration says of it, as values of SET_EXTENSION.

The rules are in docs/auctions.md, "Extensions"; why the core follows them: docs/decisions/0014-extensions.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, Protocol

from openbell.wire import AuctionKind, ExtensionFlag

from engine.world import here

SECOND_NS: Final = 10**9
SEED_BITS: Final = 63
# The values of SET_EXTENSION in their order, by the names of the configuration.
VALUES: Final = (
    "extension_s", "max_extensions", "imbalance", "imbalance_percent", "price_percent", "widen_percent", "random_end_s",
    "seed",
)  # fmt: skip
_RANDOM, _FLAGS = 6, 8
Wanted = dict[str, list[int]]  # by kind of auction: the values but the seed (0), then the flags


class Extension(Protocol):
    """A table [sessions.NAME.extensions.KIND]; percentages in basis points."""

    @property
    def market_orders(self) -> bool: ...
    @property
    def imbalance(self) -> int: ...
    @property
    def imbalance_percent(self) -> int: ...
    @property
    def price_percent(self) -> int: ...
    @property
    def widen_percent(self) -> int: ...
    @property
    def from_last(self) -> bool: ...
    @property
    def extension_s(self) -> int: ...
    @property
    def max_extensions(self) -> int: ...
    @property
    def random_end_s(self) -> int: ...


def kinds(session: Any) -> Iterator[tuple[str, AuctionKind, Extension]]:
    """Of a session: the kinds of auctions that something is said of."""
    for kind in AuctionKind:
        name = kind.name.lower()
        extension = getattr(session.extensions, name)
        if extension is not None:
            yield name, kind, extension


def extends(one: Extension) -> bool:
    """Whether there is a reason to put an auction off."""
    return bool(one.market_orders or one.imbalance or one.imbalance_percent or one.price_percent)


def longest_s(one: Extension) -> int:
    """So much later than its time an auction can be."""
    return (one.max_extensions * one.extension_s if extends(one) else 0) + one.random_end_s


def outlasts(session: Any, longest_ns: int) -> bool:
    """Whether a closing auction that is so much later than the close is not over when the day of the session ends.

    Also without a closing call: what watches volatility calls for the close, and calls under way become it.
    """
    has_close = session.calendar != "always" or session.close is not None
    return has_close and longest_ns >= session.post_s * SECOND_NS


def no_extensions(where: str, session: Any) -> str | None:
    """What is wrong with those of a session."""
    for name, kind, one in kinds(session):
        found = _no_extension(f"{where}.extensions.{name}", one)
        if found:
            return found
        if kind is AuctionKind.CLOSING and outlasts(session, longest_s(one) * SECOND_NS):
            return (
                f"{where}.extensions.{name}: the closing auction can come {longest_s(one)} s after the close, and the "
                f"day ends {session.post_s} s after it: expected less than post_s"
            )
    return None


def _no_extension(where: str, one: Extension) -> str | None:
    if not extends(one) and not one.random_end_s:
        reasons = "market_orders, imbalance, imbalance_percent, price_percent or random_end_s"
        return f"{where}: it says nothing: expected {reasons}"
    if not one.price_percent:
        for name in ("widen_percent", "from_last"):
            if getattr(one, name):
                return f"{where}.{name}: only with price_percent"
    if extends(one) and one.random_end_s >= one.extension_s:
        return f"{where}.random_end_s: expected less than extension_s, {one.extension_s}, got {one.random_end_s}"
    return None


def wanted_of(session: Any) -> Wanted:
    """What a session wants of its instruments; nothing where there is none."""
    return {} if session is None else {name: _values(one) for name, _, one in kinds(session)}


def _values(one: Extension) -> list[int]:
    put_off = extends(one)
    flags = ExtensionFlag.MARKET_ORDERS * one.market_orders | ExtensionFlag.FROM_LAST * one.from_last
    return [
        one.extension_s * SECOND_NS * put_off, one.max_extensions * put_off, one.imbalance, one.imbalance_percent,
        one.price_percent, one.widen_percent, one.random_end_s * SECOND_NS, 0, int(flags),
    ]  # fmt: skip


def changes(wanted: Wanted, before: Wanted) -> Iterator[tuple[AuctionKind, list[int], int]]:
    """Kind, values and flags of SET_EXTENSION for what is not as it was; a kind that nothing is said of any more is
    never put off again."""
    for kind in AuctionKind:
        name = kind.name.lower()
        if wanted.get(name) == before.get(name):
            continue
        *values, flags = wanted.get(name) or [0] * (_FLAGS + 1)
        if values[_RANDOM]:
            values[-1] = here.secrets.randbits(SEED_BITS)
        yield kind, values, flags


def words_of(one: Extension) -> str:
    """In words: "put off by 120 s, at most twice, ...; random end within 30 s"."""
    reasons = ["market orders would be left"] if one.market_orders else []
    if one.imbalance:
        reasons.append(f"more than {one.imbalance:,} lots would be left")
    if one.imbalance_percent:
        reasons.append(f"more than {percent(one.imbalance_percent)} of what trades would be left")
    if one.price_percent:
        of = "the last extension's" if one.from_last else "the reference"
        wider = f", {percent(one.widen_percent)} more with each extension" if one.widen_percent else ""
        reasons.append(f"the price is more than {percent(one.price_percent)} from {of}{wider}")
    parts = []
    if reasons:
        times = "once" if one.max_extensions == 1 else f"{one.max_extensions} times"
        parts.append(f"put off by {one.extension_s} s, at most {times}, while {', or '.join(reasons)}")
    if one.random_end_s:
        parts.append(f"random end within {one.random_end_s} s")
    return "; ".join(parts)


def percent(bps: int) -> str:
    """Basis points as percent: 500 is 5%."""
    return f"{bps / 100:g}%"
