"""Where a market may be: one address, or those of a primary and its standbys, of which one is the primary."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol, Self

from openbell.discovery import ADDRESS_VARIABLE, Market, find_market, others_of
from openbell.errors import InvalidInput, OpenBellError
from openbell.session import Session

SEPARATOR: Final = ";"  # of several addresses in one text
LOGIN_AGAIN_S: Final = 2.0  # after that long without an answer
REOPEN_S: Final = 0.1  # least time between two connections
MOVED_S: Final = 0.5  # without a login for that long the address is looked up again


class Connection(Protocol):
    """What is known of one that was opened (connection.Watch)."""

    is_connected: bool
    is_refused: bool


Address = str | Path | Sequence[str | Path] | None


class Places:
    """The markets at an address, or several; `market` is the one to go to.

    address: as for `find_market`; several as a sequence, or in one text (or $OPENBELL_ADDRESS) with ";" between them. A
    directory stands for the market in it and for the others that its run/engine.json tells of. Raises MarketNotFound,
    InvalidInput.
    """

    def __init__(self, address: Address | Market, server_key: str | None) -> None:
        self._server_key = server_key
        self._fixed = address if isinstance(address, Market) else None
        self._given = [] if isinstance(address, Market) else _split(address)
        self._known = self._find()
        self.market = self._known[0]

    @classmethod
    def of(cls, given: Self | Address | Market, server_key: str | None) -> Places:
        """`given` itself where it is one, as of another connection to the same market, with its own place in it."""
        if isinstance(given, Places):
            made = cls(given.market, server_key)
            made._fixed, made._given, made._known = given._fixed, given._given, given._known
            return made
        return cls(given, server_key)

    @property
    def are_several(self) -> bool:
        """There is more than one."""
        return len(self._known) > 1

    def _find(self) -> list[Market]:
        """All that can be found now, without those twice. Raises what was wrong with the first, where there is none."""
        if self._fixed is not None:
            return [self._fixed]
        found: list[Market] = []
        errors: list[OpenBellError] = []
        for one in self._given:
            try:
                market = find_market(one, self._server_key)
            except OpenBellError as error:
                if isinstance(error, InvalidInput):
                    raise
                errors.append(error)
                continue
            found.append(market)
            found += others_of(market)
        known: list[Market] = []
        for market in found:
            if all(market.orders != one.orders for one in known):
                known.append(market)
        if not known:
            raise errors[0]
        return known

    def look_again(self) -> bool:
        """Look again where they are, and go to the next one where there are several; whether `market` is another."""
        before = self.market
        try:
            self._known = self._find()
        except OpenBellError:
            pass  # it may come back where it was
        places = [market.orders for market in self._known]
        if len(places) == 1:
            self.market = self._known[0]
        else:
            at = places.index(before.orders) if before.orders in places else -1
            self.market = self._known[(at + 1) % len(places)]
        return self.market != before

    def go_to(self, address: str) -> None:
        """Have `look_again` give the market whose order port has this address, where it is one of them."""
        for place, market in enumerate(self._known):
            if market.orders.removeprefix("tcp://") == address:
                self.market = self._known[place - 1]


def _split(address: Address) -> list[str | Path | None]:
    """One address after the other; None: the market in ./var."""
    if address is None:
        address = os.environ.get(ADDRESS_VARIABLE)
    if address is None:
        return [None]
    if isinstance(address, str):
        return [*filter(None, map(str.strip, address.split(SEPARATOR)))] or [address]
    if isinstance(address, Path):
        return [address]
    if not address:
        raise InvalidInput("address is an empty list: give one or more", field="address")
    return list(address)


def is_late(session: Session, places: Places, connection: Connection, since_s: float) -> bool:
    """Whether a login that was sent so long ago is to be tried anew, where there are several at the next one."""
    if session.ready or session.standby is not None:
        return False
    if since_s > LOGIN_AGAIN_S:
        return True
    if places.are_several:  # one that is there may take its time
        return (connection.is_refused and since_s > REOPEN_S) or (not connection.is_connected and since_s > MOVED_S)
    return since_s > MOVED_S and places.look_again()


def at_standby(session: Session, places: Places, since_s: float) -> bool | None:
    """Of several the one that was asked is no primary: True: ask it again, as it may be the next one; False: ask the
    next one; None: neither, for now."""
    told = session.standby
    if told is None or since_s < REOPEN_S:
        return None
    if told.get("hears_primary", True):
        places.go_to(str(told.get("primary") or told.get("value") or ""))
        return False
    return True
