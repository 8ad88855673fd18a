"""Who and what is in the demo market: its instruments, its participants and how they are funded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from openbell import wire


class Listing(NamedTuple):
    """An instrument of the demo. price and tick_size in 1e-4 of the currency; volatility a second, relative."""

    symbol: str
    price: int
    tick_size: int
    volatility: float


# Symbols of no listed company; prices from a few dollars to some hundreds, calm and nervous ones.
LISTINGS = (
    Listing("ANVL", 184_2500, 100, 0.00016),
    Listing("BRZE", 42_1000, 100, 0.00022),
    Listing("CRWN", 311_8000, 500, 0.00012),
    Listing("DUNE", 18_3500, 100, 0.00030),
    Listing("EMBR", 67_9000, 100, 0.00020),
    Listing("FJRD", 129_4000, 100, 0.00014),
    Listing("GLYF", 23_7500, 100, 0.00028),
    Listing("HARP", 88_1500, 100, 0.00018),
    Listing("INKW", 54_6000, 100, 0.00021),
    Listing("JUNO", 203_3000, 100, 0.00013),
    Listing("KELP", 12_8500, 100, 0.00035),
    Listing("LUMN", 76_4000, 100, 0.00019),
    Listing("MOSS", 36_2500, 100, 0.00024),
    Listing("NOVA", 412_5000, 500, 0.00015),
    Listing("OPAL", 98_7000, 100, 0.00017),
    Listing("PINE", 28_9000, 100, 0.00026),
    Listing("QUIL", 149_0500, 100, 0.00016),
    Listing("RUNE", 61_7500, 100, 0.00020),
    Listing("SOLR", 9_4500, 100, 0.00040),
    Listing("TIDE", 115_2000, 100, 0.00018),
)
SYMBOLS = tuple(listing.symbol for listing in LISTINGS)

COLLAR_BPS = 1000
MAX_ORDER_QTY = 50_000
FIRST_ACCOUNT = 1000  # accounts of the demo are 1000, 1001, ...; lower ones are for people
MAKERS, NOISE, MOMENTUM = 16, 25, 8
SYMBOLS_A_MAKER = 5
MILLION = 1_000_000 * wire.CASH_SCALE


@dataclass(frozen=True, slots=True)
class Participant:
    """One of the demo's participants. cash in 1e-6 of the currency; shares: lots of each symbol at the start. risk: how
    it is watched: "margin", "cash", as in a configuration."""

    account: int
    name: str
    role: str
    symbols: tuple[str, ...]
    cash: int
    shares: int
    short_allowed: bool
    max_position: int
    max_open_orders: int
    max_messages: int

    @property
    def risk(self) -> str:
        """Who may sell short has margin; of the others it is only worked out what they are worth."""
        return "margin" if self.short_allowed else "cash"


def participants() -> list[Participant]:
    """All of them, always the same: every symbol has four market makers, and everybody else may trade everything."""
    cast: list[Participant] = []

    def join(
        role: str,
        number: int,
        symbols: tuple[str, ...],
        millions: int,
        shares: int,
        short_allowed: bool,
        max_position: int,
        max_messages: int,
    ) -> None:
        name = f"{role}-{number:02d}"
        account = FIRST_ACCOUNT + len(cast)
        cast.append(
            Participant(
                account, name, role, symbols, millions * MILLION, shares, short_allowed, max_position, 400, max_messages
            )
        )

    for number in range(MAKERS):
        own = tuple(SYMBOLS[(number * SYMBOLS_A_MAKER + place) % len(SYMBOLS)] for place in range(SYMBOLS_A_MAKER))
        join("maker", number + 1, own, 50, 5_000, True, 60_000, 5_000)
    for number in range(NOISE):
        join("noise", number + 1, SYMBOLS, 20, 4_000, False, 40_000, 1_000)
    for number in range(MOMENTUM):
        join("momentum", number + 1, SYMBOLS[number % 2 :: 2], 20, 0, True, 20_000, 1_000)
    join("seller", 1, SYMBOLS, 5, 60_000, False, 120_000, 1_000)
    return cast


def workers(count: int) -> list[list[Participant]]:
    """The participants dealt to `count` worker processes, so that each has some of every role."""
    cast = participants()
    return [cast[number::count] for number in range(count)]
