"""[ports]: where the market listens, and who may come."""

from __future__ import annotations

import re
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from engine.config.table import Section

DEFAULT_PORTS: Final = {"orders": 7701, "market_data": 7702, "snapshots": 7703, "control": 7704}
STANDBY: Final = "standby"  # a port that is there on request
LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")
Port = Annotated[int, Meta(ge=0, le=65535)]
CurveKey = Annotated[str, Meta(min_length=40, max_length=40)]


class Ports(Section, frozen=True):
    """[ports]. A port of 0 takes a free one. client_keys: public CURVE keys (Z85) that may connect; empty: any.
    max_key_sessions: of one API key; 0: a quarter of max_sessions. max_key_guards: likewise; 0: a quarter of
    capacity.timers. standby: where a standby follows; None: none may.

    send_queue, feed_queue: frames that wait for one slow client of the order port, one subscriber to market data.
    """

    host: str = "127.0.0.1"
    orders: Port = DEFAULT_PORTS["orders"]
    market_data: Port = DEFAULT_PORTS["market_data"]
    snapshots: Port = DEFAULT_PORTS["snapshots"]
    control: Port = DEFAULT_PORTS["control"]
    standby: Port | None = None
    curve: bool = False
    client_keys: list[CurveKey] = msgspec.field(default_factory=list)
    heartbeat_s: Annotated[float, Meta(ge=0.05, le=3600)] = 5.0
    max_sessions: Annotated[int, Meta(ge=1, le=100_000)] = 1_000
    max_key_sessions: Annotated[int, Meta(ge=0, le=100_000)] = 0
    max_key_guards: Annotated[int, Meta(ge=0, le=1 << 20)] = 0
    send_queue: Annotated[int, Meta(ge=10, le=1_000_000)] = 1_000
    feed_queue: Annotated[int, Meta(ge=10, le=1_000_000)] = 10_000

    @property
    def sessions_of_a_key(self) -> int:
        """How many sessions one API key may have."""
        return self.max_key_sessions or -(-self.max_sessions // 4)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach it."""
    return host in LOOPBACK or re.fullmatch(r"127(\.\d{1,3}){3}", host) is not None


def same_port(ports: Ports) -> str | None:
    """A port that two sockets would have."""
    seen: dict[int, str] = {}
    for name in (*DEFAULT_PORTS, STANDBY):
        port = getattr(ports, name)
        if port in seen:
            return f"ports.{name}: {port} is that of ports.{seen[port]} already"
        if port:
            seen[port] = name
    return None


def open_port(ports: Ports) -> str | None:
    """Beyond loopback everybody must be known, and nobody must be able to listen."""
    if is_loopback(ports.host):
        return None
    if not ports.curve:
        return (
            f"ports.host: {ports.host} can be reached from other machines: without encryption only loopback "
            "(127.0.0.1) may be bound; set ports.curve = true and ports.client_keys"
        )
    if not ports.client_keys:
        return (
            f"ports.client_keys: it is empty, and {ports.host} can be reached from other machines: list the public "
            "CURVE keys of those that may connect"
        )
    return None
