"""What a halt of the whole market has left behind that nobody ends by himself."""

from __future__ import annotations

from collections.abc import Set
from typing import Final

import numpy as np
from openbell import wire
from openbell.wire import HaltReason, InstrumentState

from ext.core import Core

MOST_NAMED: Final = 10


def left_halted(core: Core, held: Set[int]) -> str | None:
    """For people: the instruments that are halted with the whole market and that no breaker holds (by their ids): an
    operator halted them, or the breakers were taken out of the configuration, or their index is another one now. None
    where there are none."""
    rows = np.frombuffer(core.instruments(), wire.INSTRUMENT_ROW)
    rows = rows[(rows["state"] == InstrumentState.HALTED) & (rows["halt_reason"] == HaltReason.MARKET_WIDE)]
    symbols = [
        symbol.decode() for number, symbol in rows[["instrument", "symbol"]].tolist() if number not in held
    ]  # fmt: skip
    if not symbols:
        return None
    more = f" and {len(symbols) - MOST_NAMED} more" if len(symbols) > MOST_NAMED else ""
    named = ", ".join(symbols[:MOST_NAMED])
    return f"{named}{more}: halted with the whole market, and no breaker will end that: an operator has to"
