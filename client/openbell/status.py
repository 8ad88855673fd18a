"""What the control port tells, as typed values. Times in ns since 1970 UTC, latencies in microseconds, cash in 1e-6."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple, TypeVar

from openbell.market.book import Level
from openbell.prices import PriceLike, cash_units
from openbell.rows import InstrumentInfo, rows_of

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Latency:
    """Order frame taken to its first event sent, over the last seconds. count 0: no order came."""

    count: int = 0
    p50: float = 0.0
    p90: float = 0.0
    p99: float = 0.0
    max: float = 0.0


@dataclass(frozen=True, slots=True)
class JournalStatus:
    """The journal: what waits for the disk, how long a commit takes, how large it is, what is free on its disk; below
    least_free_bytes only cancels are taken."""

    pending_bytes: int = 0
    commit_us_p50: float = 0.0
    commit_us_p99: float = 0.0
    segment: str = ""
    bytes: int = 0
    free_bytes: int = 0
    least_free_bytes: int = 0
    only_cancels: bool = False


@dataclass(frozen=True, slots=True)
class ProjectorStatus:
    """How far Postgres is behind. state: starting, running, behind, waiting, off; lag: commands; text: why it waits."""

    state: str = "off"
    lag: int = 0
    lag_s: float = 0.0
    text: str = ""


@dataclass(frozen=True, slots=True)
class Recovered:
    """What the start did: from which snapshot, how many commands were replayed, what was torn off the journal's end."""

    snapshot_seq: int = 0
    replayed: int = 0
    seconds: float = 0.0
    torn: str | None = None


@dataclass(frozen=True, slots=True)
class Status:
    """A running market. `raw` is the whole answer."""

    market: str = ""
    durability: str = ""
    pid: int = 0
    started_ts_ns: int = 0
    ts_ns: int = 0
    sequence: int = 0
    durable_sequence: int = 0
    projected_sequence: int = 0
    orders: int = 0
    cancels: int = 0
    replaces: int = 0
    rejects: int = 0
    trades: int = 0
    events: int = 0
    frames: int = 0
    sessions: int = 0
    latency_us: Latency = field(default_factory=Latency)
    journal: JournalStatus = field(default_factory=JournalStatus)
    projector: ProjectorStatus = field(default_factory=ProjectorStatus)
    capacity: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    ports: Mapping[str, str] = field(default_factory=dict)
    postgres: str = ""
    recovered: Recovered = field(default_factory=Recovered)
    warnings: tuple[str, ...] = ()
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class BookInfo:
    """An instrument and its best price levels, best first. seq: the last command that it shows."""

    instrument: InstrumentInfo
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    seq: int


class Snapshot(NamedTuple):
    """A snapshot that was written: the file, and the last command in it."""

    path: str
    seq: int


class AuctionResult(NamedTuple):
    """An auction that was held. price: 1e-4, 0: nothing was traded; imbalance: lots of `side` (wire.Side) left over."""

    instrument: int
    price: int
    qty: int
    imbalance: int
    side: int


class Key(NamedTuple):
    """A new API key or token, and the file on the engine's machine that keeps it."""

    secret: str
    path: str


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of an account to change; None leaves one as it is, 0 means none.

    max_order_qty, max_position: lots; max_order_notional: cash, decimal text or an int of 1e-6; max_messages: a second.
    """

    max_order_qty: int | None = None
    max_order_notional: PriceLike | None = None
    max_position: int | None = None
    max_open_orders: int | None = None
    max_messages: int | None = None
    short_allowed: bool | None = None
    credit_unlimited: bool | None = None

    def arguments(self) -> dict[str, int | bool]:
        """Those given, in wire units. Raises InvalidInput."""
        given = {one.name: getattr(self, one.name) for one in fields(self)}
        if self.max_order_notional is not None:
            given["max_order_notional"] = cash_units(self.max_order_notional, field="max_order_notional")
        return {name: value for name, value in given.items() if value is not None}


def _of(kind: type[T], row: object) -> T:
    """A dataclass of the fields of `row` that it knows; its defaults for the others."""
    if not isinstance(row, Mapping):
        return kind()
    names = {one.name for one in fields(kind)}  # type: ignore[arg-type]
    return kind(**{name: value for name, value in row.items() if name in names and value is not None})


def status_of(answer: Mapping[str, Any]) -> Status:
    """The answer to `status`; what an older engine does not tell has its default."""
    plain = {name: value for name, value in answer.items() if value is not None}
    plain["latency_us"] = _of(Latency, answer.get("latency_us"))
    plain["journal"] = _of(JournalStatus, answer.get("journal"))
    plain["projector"] = _of(ProjectorStatus, answer.get("projector"))
    plain["recovered"] = _of(Recovered, answer.get("recovered"))
    plain["capacity"] = {name: (int(two[0]), int(two[1])) for name, two in (answer.get("capacity") or {}).items()}
    plain["warnings"] = tuple(map(str, answer.get("warnings") or ()))
    plain["raw"] = answer
    return _of(Status, plain)


def book_of(answer: Mapping[str, Any]) -> BookInfo:
    """The answer to `book`."""
    sides = [tuple(Level(*map(int, level)) for level in answer.get(side) or ()) for side in ("bids", "asks")]
    return BookInfo(rows_of(InstrumentInfo, [answer], {})[0], sides[0], sides[1], int(answer.get("seq", 0)))


def snapshot_of(answer: Mapping[str, Any]) -> Snapshot:
    """The answer to `snapshot`."""
    return Snapshot(str(answer.get("path", "")), int(answer.get("snapshot_seq") or answer.get("seq") or 0))


@dataclass(frozen=True, slots=True)
class SessionInfo:
    """A login. key: what its API key is called; accounts: ids; guarded: those of which something goes when it ends.
    up_s, silent_s: for how long."""

    session: int = 0
    client: str = ""
    key: str = ""
    accounts: list[int] = field(default_factory=list)
    guarded: list[int] = field(default_factory=list)
    up_s: float = 0.0
    silent_s: float = 0.0


@dataclass(frozen=True, slots=True)
class TimerInfo:
    """A guard of orders. session: whose, 0: all of the account; flags: wire.ArmFlag; deadline_ns 0: no timer."""

    account: int = 0
    account_name: str = ""
    session: int = 0
    flags: int = 0
    deadline_ns: int = 0


class Sessions(NamedTuple):
    """Who is logged in, and what guards orders, by account; ts_ns: the market's time now."""

    sessions: list[SessionInfo]
    timers: list[TimerInfo]
    ts_ns: int


def sessions_of(body: Mapping[str, Any]) -> Sessions:
    """The answer of `sessions`."""
    logins = [_of(SessionInfo, row) for row in body["sessions"]]
    timers = [_of(TimerInfo, row) for row in body["timers"]]
    return Sessions(logins, timers, int(body["ts_ns"]))
