"""What an order would do (docs/risk.md, "What an order would do"): the core is asked, and nothing changes."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from openbell import wire
from openbell.wire import CommandKind, EventKind

from engine.market import Market
from engine.ports.frames import FrameError
from engine.ports.rows import rows_of

_LAYOUTS: Final[dict[int, np.dtype[Any]]] = {
    CommandKind.NEW_ORDER: wire.ORDER_COMMAND,
    CommandKind.NEW_SPECIAL: wire.SPECIAL_COMMAND,
}


def preview_of(market: Market, command: bytes, account: int, key: int = 0) -> dict[str, Any]:
    """The event that an order of this account would get, and the account's RiskRow before and after it; null where it
    is not watched. key: with which it would come. Raises FrameError."""
    kind = int(np.frombuffer(command.ljust(wire.ORDER_COMMAND.itemsize, b"\0"), wire.ORDER_COMMAND, 1)["kind"][0])
    layout = _LAYOUTS.get(kind)
    if layout is None or len(command) != layout.itemsize:
        sizes = " or ".join(f"a {CommandKind(one).name} of {dtype.itemsize}" for one, dtype in _LAYOUTS.items())
        text = f"command must be {sizes} bytes, got kind {kind} of {len(command)}"
        raise FrameError("bad_query", text, field="command", value=len(command))
    asked = np.frombuffer(command, layout).copy()
    given = int(asked["account"][0])
    if given != account:
        text = f"the order is of account {given}, what is asked for of account {account}"
        raise FrameError("bad_query", text, field="command", limit=account, value=given)
    asked["key"] = key
    event, before, after = market.core.preview_order(asked.tobytes())
    refused = np.frombuffer(event, wire.EVENT)["kind"][0] == EventKind.REJECTED
    (told,) = rows_of(np.frombuffer(event, wire.REJECT if refused else wire.EVENT))
    return {"event": told, "before": _row(before), "after": _row(after)}


def _row(data: bytes) -> dict[str, Any] | None:
    return next(iter(rows_of(np.frombuffer(data, wire.RISK_ROW))), None)
