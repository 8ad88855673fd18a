"""[sessions.NAME]: phases of the day, and when auctions are put off."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from engine.config.table import NAME_BYTES, Position, Section
from engine.extensions import no_extensions
from engine.units import Percent

LocalTime = Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?\Z")]
Seconds = Annotated[int, Meta(ge=0, le=43_200)]


class Extension(Section, frozen=True):
    """A [sessions.NAME.extensions.KIND]: when auctions of this kind are put off, by extension_s each time; and by how
    much their end is random. imbalance: lots; widen_percent: added to price_percent with each extension."""

    market_orders: bool = False
    imbalance: Position = 0
    imbalance_percent: Percent = Percent(0)
    price_percent: Percent = Percent(0)
    widen_percent: Percent = Percent(0)
    from_last: bool = False
    extension_s: Annotated[int, Meta(ge=1, le=86_400)] = 120
    max_extensions: Annotated[int, Meta(ge=1, le=100)] = 2
    random_end_s: Annotated[int, Meta(ge=0, le=3_600)] = 0


class Extensions(Section, frozen=True):
    """[sessions.NAME.extensions]: by kind of auction, whoever calls it. None: held at its time."""

    opening: Extension | None = None
    closing: Extension | None = None
    halt: Extension | None = None
    volatility: Extension | None = None


class Session(Section, frozen=True):
    """A [sessions.NAME]. calendar: "always", or the code of an exchange; open, close: local, else the calendar's.

    "always" without open and close: no phases at all. time_zone is that of "always"; an exchange has its own.
    """

    calendar: Annotated[str, Meta(min_length=1, max_length=32)] = "always"
    time_zone: str = "UTC"
    open: LocalTime | None = None
    close: LocalTime | None = None
    opening_call_s: Seconds = 600
    closing_call_s: Seconds = 300
    post_s: Annotated[int, Meta(ge=1, le=43_200)] = 900
    post_trading: bool = False
    extensions: Extensions = Extensions()


def no_session(where: str, name: str, session: Session) -> str | None:
    """What no session can be like. What its calendar has to do with it, the calendar says (engine/sessions)."""
    if not 1 <= len(name.encode()) <= NAME_BYTES:
        return f"{where}: its name may have 1 to {NAME_BYTES} bytes, got {len(name.encode())}"
    found = no_extensions(where, session)
    if found:
        return found
    if session.calendar != "always":
        if session.time_zone != "UTC":
            return f'{where}.time_zone: only of calendar "always"; {session.calendar} has its own'
        return None
    if (session.open is None) != (session.close is None):
        missing = "open" if session.open is None else "close"
        return f'{where}.{missing} is missing: calendar "always" has no times of its own; give both or neither'
    return None
