"""What tests of guards of orders (docs/disconnect.md) share: waiting, looking, collecting events."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import openbell
from openbell import CancelReason, EventKind

from tests.engine.process.running import Running

HEARTBEAT_S = 0.4
PATIENCE_S = 10.0
MORE = f"[ports]\nheartbeat_s = {HEARTBEAT_S}\n"


def until(done: Callable[[], bool], within_s: float = PATIENCE_S) -> float:
    """Wait; how long it took."""
    began_s = time.monotonic()
    while not done():
        assert time.monotonic() - began_s < within_s, "it did not happen in time"
        time.sleep(0.02)
    return time.monotonic() - began_s


def live(engine: Running, account: str = "alice") -> int:
    """How many orders the account has."""
    with engine.operator() as operator:
        return operator.orders(account)[1]


def guards(engine: Running) -> list[tuple[int, int, int]]:
    """Account, session, flags."""
    with engine.operator() as operator:
        return [(one.account, one.session, one.flags) for one in operator.sessions().timers]


def sessions(engine: Running) -> list[int]:
    """Numbers of those who are logged in."""
    with engine.operator() as operator:
        return [one.session for one in operator.sessions().sessions]


def canceled(events: np.ndarray[Any, Any], reason: CancelReason) -> int:
    """How many orders ended for it."""
    return int(((events["kind"] == EventKind.CANCELED) & (events["reason"] == reason)).sum())


def collect(client: openbell.Client, enough: Callable[[np.ndarray[Any, Any]], bool]) -> np.ndarray[Any, Any]:
    """Private events until there are enough."""
    got = [client.events(0.1)]
    deadline_s = time.monotonic() + PATIENCE_S
    while not enough(np.concatenate(got)):
        assert time.monotonic() < deadline_s, "what was waited for did not come"
        got.append(client.events(0.1))
    return np.concatenate(got)
