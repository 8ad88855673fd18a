"""What is wrong with a configuration's breakers, Rule 201 and tables of ticks, beyond single fields.

engine/config asks. Each gives a text that names the field, what is allowed and what was given, or None.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

from openbell.errors import near

if TYPE_CHECKING:
    from engine.config import Config, Instrument

MAX_TICK_SIZE: Final = 1 << 20
TICK_STEPS: Final = 4  # of a table of ticks


def no_ticks(where: str, one: Instrument) -> str | None:
    """What is wrong with a table of ticks (docs/bands.md, "Tick tables")."""
    before = None
    for index, step in enumerate(one.ticks):
        field, price, tick = f"{where}.ticks[{index}]", int(step.from_price), int(step.tick)
        if before is None and price:
            return f"{field}.from: the first step begins at 0, got {_units(price)}"
        if before is not None and price <= before.from_price:
            return f"{field}.from: expected more than {_units(before.from_price)}, the step before, got {_units(price)}"
        if not 1 <= tick <= MAX_TICK_SIZE or tick % one.tick_size:
            return (
                f"{field}.tick: expected a multiple of tick_size, {_units(one.tick_size)}, up to "
                f"{_units(MAX_TICK_SIZE)}, got {_units(tick)}"
            )
        for neighbour in (tick if before is None else int(before.tick), tick):
            if price % neighbour:
                return f"{field}.from: expected a multiple of {_units(neighbour)}, got {_units(price)}"
        before = step
    return None


def _units(price: int) -> Decimal:
    """A price for people."""
    return Decimal(price).scaleb(-4)


def no_watch(config: Config) -> str | None:
    """What is wrong with the breakers and with Rule 201: both look at the close of the day before."""
    sessions = {one.symbol: one.session for one in config.instrument}
    first = config.breakers.index[0] if config.breakers.index else None
    for index, symbol in enumerate(config.breakers.index):
        where = f"breakers.index[{index}]"
        if symbol not in sessions:
            return f"{where}: there is no [[instrument]] {symbol!r}{near(symbol, list(sessions))}"
        if symbol in config.breakers.index[:index]:
            return f"{where}: {symbol!r} is in it already"
        if first is not None and sessions[symbol] != sessions[first]:
            return f"{where}: {symbol} is of another session than {first}, and the index has the hours of one"
    if config.market.day_end == "never" and not any(_has_phases(config, name) for name in sessions.values()):
        for field, is_wanted in (("breakers.index", first is not None), ("market.rule201", config.market.rule201)):
            if is_wanted:
                return f'{field}: it needs the close of the day before, and none ever ends: market.day_end is "never"'
    return None


def _has_phases(config: Config, name: str | None) -> bool:
    session = None if name is None else config.sessions.get(name)
    return session is not None and (session.calendar != "always" or session.open is not None)
