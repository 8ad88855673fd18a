"""The configuration of a market: TOML files to checked values. docs/configuration.md describes every field.

Every error names the file, the field, its limit and what was given, and nothing has happened by then.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeVar

import msgspec
from msgspec import Meta
from openbell import wire
from openbell.errors import near

from engine.extensions import no_extensions
from engine.volatility.checks import MAX_TICK_SIZE, TICK_STEPS, no_ticks, no_watch

DEFAULT_PORTS: Final = {"orders": 7701, "market_data": 7702, "snapshots": 7703, "control": 7704}
LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")
MAX_POSITION: Final = 1 << 40
MAX_COUNT: Final = (1 << 31) - 1
NEVER: Final = "never"
EMBEDDED_POSTGRES: Final = "embedded"
NO_POSTGRES: Final = "none"
_KEYS = {"instrument": "symbol", "account": "name", "operator": "name"}  # what names an entry of an array
_SECRETS = ("api_key", "token")  # never shown
_TIME = "a time of day, 00:00 to 23:59, or with seconds, 00:00:00 to 23:59:59"
_WORDS = {  # for what a pattern says
    "day_end": 'a time of day, 00:00 to 23:59, or "never"',
    "open": _TIME,
    "close": _TIME,
}
_CHOICES = {
    "durability": "fsync, memory",
    "state": "open, closed, halted",
    "role": "admin, viewer",
    "luld": "tier1, tier2",
}
_NAME_BYTES, _SYMBOL_BYTES, _CURRENCY_BYTES = 32, 32, 8
NumberT = TypeVar("NumberT", "Price", "Cash", "Percent")


class ConfigError(Exception):
    """The configuration cannot be used; the message says which field, what is allowed and what was given."""


class Price(int):
    """A price in 1e-4 of the currency. In a file: 184.25, or "184.25"."""

    places = 4
    most = wire.MAX_PRICE


class Cash(int):
    """Cash in 1e-6 of the currency. In a file: 1000000, or "1000000.00"."""

    places = 6
    most = wire.MAX_CASH


class Percent(int):
    """A percentage in basis points, at most 100 %. In a file: 5, or 2.5."""

    places = 2
    most = 10_000


Port = Annotated[int, Meta(ge=0, le=65535)]
Id = Annotated[int, Meta(ge=0, lt=1 << 24)]
Qty = Annotated[int, Meta(ge=0, le=wire.MAX_QTY)]
Position = Annotated[int, Meta(ge=0, le=MAX_POSITION)]
Count = Annotated[int, Meta(ge=0, le=MAX_COUNT)]
Name = Annotated[str, Meta(min_length=1, max_length=_NAME_BYTES)]
TimeOfDay = Annotated[str, Meta(pattern=r"^(([01]\d|2[0-3]):[0-5]\d|never)$")]
LocalTime = Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?\Z")]
Seconds = Annotated[int, Meta(ge=0, le=43_200)]
CurveKey = Annotated[str, Meta(min_length=40, max_length=40)]
Secret = Annotated[str, Meta(min_length=16, max_length=256)]


class Section(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A table of a file."""


class MarketSection(Section, frozen=True):
    """[market]. day_end: when DAY orders end, HH:MM UTC, or "never". memory_at_start: all that the capacities need is
    taken from the system then, so that no order waits for it later; else as it is used. rule201: short sales are
    restricted after a fall."""

    name: Name = "openbell"
    durability: Literal["fsync", "memory"] = "fsync"
    day_end: TimeOfDay = "00:00"
    memory_at_start: bool = True
    rule201: bool = False


class Capacity(Section, frozen=True):
    """[capacity]: sizes of the core's pools, see docs/core.md, CONFIGURE. They can be raised later, not lowered.

    timers: guards of orders, see docs/disconnect.md, SET_TIMERS.
    """

    accounts: Annotated[int, Meta(ge=1, le=1 << 24)] = 65_536
    instruments: Annotated[int, Meta(ge=1, le=1 << 24)] = 4_096
    orders: Annotated[int, Meta(ge=1, le=MAX_COUNT)] = 1_000_000
    pages: Annotated[int, Meta(ge=1, le=1 << 25)] = 65_536
    positions: Annotated[int, Meta(ge=1, le=MAX_COUNT)] = 262_144
    id_window: Annotated[int, Meta(ge=1, le=1 << 28)] = 1_000_000
    window_pages: Annotated[int, Meta(ge=2, le=4096)] = 64
    amendments: Annotated[int, Meta(ge=0, le=1 << 16)] = 4_096
    timers: Annotated[int, Meta(ge=0, le=1 << 20)] = 65_536


class Ports(Section, frozen=True):
    """[ports]. A port of 0 takes a free one. client_keys: public CURVE keys (Z85) that may connect; empty: any.
    max_key_sessions: of one API key; 0: a quarter of max_sessions. max_key_guards: likewise; 0: a quarter of
    capacity.timers.

    send_queue, feed_queue: frames that wait for one slow client of the order port, one subscriber to market data.
    """

    host: str = "127.0.0.1"
    orders: Port = DEFAULT_PORTS["orders"]
    market_data: Port = DEFAULT_PORTS["market_data"]
    snapshots: Port = DEFAULT_PORTS["snapshots"]
    control: Port = DEFAULT_PORTS["control"]
    curve: bool = False
    client_keys: list[CurveKey] = []
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


class Journal(Section, frozen=True):
    """[journal]. pending_bytes: orders are refused ("overloaded") while more waits for the disk."""

    segment_bytes: Annotated[int, Meta(ge=1 << 20, le=1 << 34)] = 64 << 20
    pending_bytes: Annotated[int, Meta(ge=1 << 16, le=1 << 34)] = 64 << 20


class History(Section, frozen=True):
    """[history]: what is kept to resume from: events of all accounts together, trades, bars. bars_of_each: the last
    bars of each instrument and period, for those who come later."""

    events: Annotated[int, Meta(ge=1 << 10, le=1 << 32)] = 1_000_000
    trades: Annotated[int, Meta(ge=1, le=1 << 30)] = 100_000
    bars: Annotated[int, Meta(ge=1, le=1 << 30)] = 100_000
    bars_of_each: Annotated[int, Meta(ge=1, le=100_000)] = 60


class DepthClass(Section, frozen=True):
    """A [depth.N]: channel N of market data shows so many of the best levels a side, at most once an interval."""

    levels: Annotated[int, Meta(ge=1, le=1_000)] = 10
    interval_ms: Annotated[int, Meta(ge=10, le=60_000)] = 100


class Depth(Section, frozen=True):
    """[depth]: the classes of subscribers to conflated depth, by channel. None: there is no such class."""

    class_1: DepthClass | None = msgspec.field(default=DepthClass(), name="1")
    class_2: DepthClass | None = msgspec.field(default=DepthClass(levels=5, interval_ms=1_000), name="2")
    class_3: DepthClass | None = msgspec.field(default=None, name="3")
    class_4: DepthClass | None = msgspec.field(default=None, name="4")


class Snapshots(Section, frozen=True):
    """[snapshots]: the state is saved after so many commands, or so many seconds in which there was one. 0: not so."""

    every_commands: Annotated[int, Meta(ge=0, le=1 << 40)] = 2_000_000
    every_s: Annotated[float, Meta(ge=0, le=86400 * 30)] = 600.0


class Postgres(Section, frozen=True):
    """[postgres]. dsn: "embedded", "none", or postgresql://... port, system_user: of the embedded server."""

    dsn: str = EMBEDDED_POSTGRES
    port: Annotated[int, Meta(ge=1, le=65535)] | None = None
    system_user: str = "nobody"


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


class Breakers(Section, frozen=True):
    """[breakers]: halts of the whole market. index: symbols whose fall begins one; empty: there are none.
    reopening_call_s: so long orders are collected after one, for the auction that reopens."""

    index: list[Name] = []
    reopening_call_s: Annotated[int, Meta(ge=1, le=3_600)] = 300


class TickStep(Section, frozen=True, kw_only=True):
    """A step of an instrument's `ticks`: from this price on prices are multiples of tick."""

    from_price: Price = msgspec.field(default=Price(0), name="from")
    tick: Price


class Instrument(Section, frozen=True):
    """An [[instrument]]. id: given by the engine where it is left out. Quantities in lots, round_lot in shares;
    0: no limit, no round lot.

    session: of [sessions]; without one it is not opened and closed by a schedule. luld: which bands of Limit Up-Limit
    Down it has. ticks: coarser ticks than tick_size, by price.
    """

    symbol: Name
    id: Id | None = None
    tick_size: Price = Price(100)
    lot_size: Annotated[int, Meta(ge=1, le=MAX_TICK_SIZE)] = 1
    reference_price: Price = Price(0)
    collar_bps: Annotated[int, Meta(ge=0, le=10_000)] = 0
    max_order_qty: Qty = 0
    max_order_notional: Cash = Cash(0)
    currency: Annotated[str, Meta(min_length=1, max_length=_CURRENCY_BYTES)] = "USD"
    round_lot: Qty = 100
    state: Literal["open", "closed", "halted"] = "open"
    session: str | None = None
    luld: Literal["tier1", "tier2"] | None = None
    ticks: Annotated[list[TickStep], Meta(max_length=TICK_STEPS)] = []


class Account(Section, frozen=True):
    """An [[account]]. cash and positions (symbol to lots) are paid in when it is created. A limit of 0 means none."""

    name: Name
    id: Id | None = None
    cash: Cash = Cash(0)
    positions: dict[str, Annotated[int, Meta(ge=1, le=MAX_POSITION)]] = {}
    short_allowed: bool = False
    credit_unlimited: bool = False
    max_order_qty: Qty = 0
    max_order_notional: Cash = Cash(0)
    max_position: Position = 0
    max_open_orders: Count = 0
    max_messages: Count = 0
    api_key: Secret | None = None


class Operator(Section, frozen=True):
    """An [[operator]]. role "viewer": may look, not act."""

    name: Name
    token: Secret | None = None
    role: Literal["admin", "viewer"] = "admin"


class Config(Section, frozen=True):
    """All of it."""

    market: MarketSection = MarketSection()
    capacity: Capacity = Capacity()
    ports: Ports = Ports()
    journal: Journal = Journal()
    history: History = History()
    depth: Depth = Depth()
    snapshots: Snapshots = Snapshots()
    postgres: Postgres = Postgres()
    sessions: dict[str, Session] = {}
    breakers: Breakers = Breakers()
    instrument: list[Instrument] = []
    account: list[Account] = []
    operator: list[Operator] = []

    @property
    def guards_of_a_key(self) -> int:
        """How many guards of orders one API key may have."""
        return self.ports.max_key_guards or -(-self.capacity.timers // 4)


def load(paths: Sequence[Path]) -> Config:
    """Read files one after the other: tables of a later one win key by key, arrays are joined by symbol or name.
    Sessions are tables.

    No file: the defaults. Raises ConfigError.
    """
    whole: dict[str, Any] = {}
    for path in paths:
        try:
            text = path.read_text("utf-8")
        except OSError as error:
            raise ConfigError(f"{path}: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise ConfigError(f"{path}: not UTF-8 text: {error.reason} at byte {error.start}") from error
        try:
            body = tomllib.loads(text, parse_float=Decimal)
        except tomllib.TOMLDecodeError as error:
            raise ConfigError(f"{path}: no TOML: {error}") from error
        checked(body, str(path))  # so that an error names its file
        _merge(whole, body)
    where = ", ".join(map(str, paths)) or "the configuration"
    config = checked(whole, where)
    problem = _no_sessions(config) or no_watch(config)  # of all files together: each may say something of it
    if problem:
        raise ConfigError(f"{where}: {problem}")
    return config


def checked(body: dict[str, Any], where: str) -> Config:
    """A parsed TOML document as configuration. Raises ConfigError that begins with `where`."""
    try:
        _convert_sessions(body.get("sessions"))
        config = msgspec.convert(body, Config, dec_hook=_number)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{where}: {_in_words(str(error), body)}") from None
    problem = _problem(config)
    if problem:
        raise ConfigError(f"{where}: {problem}")
    return config


def _convert_sessions(sessions: object) -> None:
    """Each of them by itself: of what is wrong in a dict msgspec says "[...]", not its name."""
    for name, one in sessions.items() if isinstance(sessions, dict) else ():
        try:
            msgspec.convert(one, Session, dec_hook=_number)
        except msgspec.ValidationError as error:
            said, at, path = str(error).partition(" - at `$")
            raise msgspec.ValidationError(f"{said} - at `$.sessions.{name}{path}{'' if at else '`'}") from None


def replace(config: Config, section: str, **values: object) -> Config:
    """The configuration with other values in one table, of the right types. Raises ConfigError."""
    body = msgspec.to_builtins(getattr(config, section))
    table = msgspec.convert({**body, **values}, type(getattr(config, section)))
    replaced = msgspec.structs.replace(config, **{section: table})
    problem = _problem(replaced)
    if problem:
        raise ConfigError(f"the command line: {problem}")
    return replaced


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach it."""
    return host in LOOPBACK or re.fullmatch(r"127(\.\d{1,3}){3}", host) is not None


def _merge(whole: dict[str, Any], body: dict[str, Any]) -> None:
    """Take a later file in."""
    for name, value in body.items():
        if name in _KEYS:
            key = _KEYS[name]
            entries = whole.setdefault(name, [])
            by_key = {entry.get(key): entry for entry in entries}
            for entry in value:
                known = by_key.get(entry.get(key))
                if known is None:
                    entries.append(dict(entry))
                else:
                    known.update(entry)
        elif name == "sessions":
            for session, table in value.items():
                whole.setdefault(name, {}).setdefault(session, {}).update(table)
        else:
            whole.setdefault(name, {}).update(value)


def _number(kind: type[NumberT], value: object) -> NumberT:
    """For msgspec: a decimal number to units. Raises ValueError."""
    if isinstance(value, kind):
        return value
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        raise ValueError(f"Expected a decimal number, got {value!r}")
    try:
        units = Decimal(value).scaleb(kind.places)
    except InvalidOperation:
        units = Decimal("NaN")
    if not units.is_finite():
        raise ValueError(f'Expected a decimal number such as "184.25", got {value!r}')
    if units != int(units):
        raise ValueError(f"Expected at most {kind.places} decimal places, got {value}")
    if not 0 <= units <= kind.most:
        raise ValueError(f"Expected 0 to {Decimal(kind.most).scaleb(-kind.places):f}, got {value}")
    return kind(int(units))


def _in_words(text: str, body: dict[str, Any]) -> str:
    """msgspec's "Expected ... - at `$.ports.orders`" as "ports.orders: expected ..., got 70000"."""
    said, _, where = text.partition(" - at `$")
    unknown = re.fullmatch(r"Object contains unknown field `(.*)`", said)
    missing = re.fullmatch(r"Object missing required field `(.*)`", said)
    path = where.rstrip("`").lstrip(".")
    if unknown or missing:
        field = (unknown or missing)[1]  # type: ignore[index]
        full = f"{path}.{field}" if path else field
        return f"{full}: there is no such field{near(field, _fields(path))}" if unknown else f"{full} is missing"
    value: Any = body
    try:
        for name, index in re.findall(r"([^.\[\]]+)|\[(\d+)\]", path):
            value = value[int(index) if index else name]
    except (KeyError, IndexError, TypeError):
        value = None  # in a dict, whose keys msgspec does not name
    field = path.rpartition(".")[2]
    if said.startswith("Invalid enum value") and field in _CHOICES:
        said = f"Expected one of {_CHOICES[field]}"
    if "matching regex" in said and field in _WORDS:
        said = f"Expected {_WORDS[field]}"
    if field in _SECRETS:
        value = None
    said = f"{said[:1].lower()}{said[1:]}".replace("`", "")
    got = "" if value is None or ", got " in said or isinstance(value, dict | list) else f", got {value!r}"
    return f"{path or 'the file'}: {said}{got}"


def _fields(path: str) -> list[str]:
    """The fields of the table at `path`, for example "ports" or "account[2]"; of the whole where it is empty."""
    if re.search(r"\.ticks\[\d+\]$", path):
        return [field.encode_name for field in msgspec.structs.fields(TickStep)]
    entries: dict[str, type[Section]] = {"instrument": Instrument, "account": Account, "operator": Operator}
    tables = {name: type(table) for name, table in msgspec.structs.asdict(Config()).items()}
    if path.startswith("sessions."):
        tables = {".extensions": Extensions, ".extensions.": Extension}
        within = re.search(r"\.extensions\.?", path)
        return [field.name for field in msgspec.structs.fields(tables[within[0]] if within else Session)]
    if path.startswith("depth."):
        return [field.name for field in msgspec.structs.fields(DepthClass)]
    kind = entries.get(path.partition("[")[0]) or tables.get(path) or Config
    return [field.encode_name for field in msgspec.structs.fields(kind)] if issubclass(kind, Section) else []


def _problem(config: Config) -> str | None:
    """What is wrong beyond single fields."""
    capacity = config.capacity
    if capacity.window_pages & (capacity.window_pages - 1):
        return f"capacity.window_pages: expected a power of two, 2 to 4096, got {capacity.window_pages}"
    for kind, entries, most in (
        ("instrument", config.instrument, capacity.instruments),
        ("account", config.account, capacity.accounts),
        ("operator", config.operator, MAX_COUNT),
    ):
        found = _twice(kind, entries) or _beyond(kind, entries, most)
        if found:
            return found
    for index, one in enumerate(config.instrument):
        where = f"instrument[{index}] ({one.symbol})"
        if not 1 <= one.tick_size <= MAX_TICK_SIZE:
            limit = Decimal(MAX_TICK_SIZE).scaleb(-4)
            return f"{where}.tick_size: expected 0.0001 to {limit}, got {Decimal(one.tick_size).scaleb(-4)}"
        if one.max_order_notional > wire.MAX_NOTIONAL:
            return f"{where}.max_order_notional: expected at most {wire.MAX_NOTIONAL // wire.CASH_SCALE}"
        found = no_ticks(where, one)
        if found:
            return found
        if len(one.symbol.encode()) > _SYMBOL_BYTES or len(one.currency.encode()) > _CURRENCY_BYTES:
            return f"{where}: symbol and currency may have {_SYMBOL_BYTES} and {_CURRENCY_BYTES} bytes"
    for index, account in enumerate(config.account):
        where = f"account[{index}] ({account.name})"
        if len(account.name.encode()) > _NAME_BYTES:
            return f"{where}.name: expected at most {_NAME_BYTES} bytes, got {len(account.name.encode())}"
        if account.max_order_notional > wire.MAX_NOTIONAL:
            return f"{where}.max_order_notional: expected at most {wire.MAX_NOTIONAL // wire.CASH_SCALE}"
    return _no_database(config.postgres.dsn) or _same_port(config.ports) or _open_port(config.ports)


def _no_sessions(config: Config) -> str | None:
    """What is wrong with sessions, and with whose session it is."""
    for name, session in config.sessions.items():
        found = _no_session(f"sessions.{name}", name, session)
        if found:
            return found
    for index, one in enumerate(config.instrument):
        if one.session is not None and one.session not in config.sessions:
            hint = near(one.session, list(config.sessions)) if config.sessions else ""
            return f"instrument[{index}] ({one.symbol}).session: there is no [sessions.{one.session}]{hint}"
    return None


def _no_session(where: str, name: str, session: Session) -> str | None:
    """What no session can be like. What its calendar has to do with it, the calendar says (engine/sessions)."""
    if not 1 <= len(name.encode()) <= _NAME_BYTES:
        return f"{where}: its name may have 1 to {_NAME_BYTES} bytes, got {len(name.encode())}"
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


def _twice(kind: str, entries: Sequence[Any]) -> str | None:
    """An id, a symbol or a name that two entries have."""
    for field in ("id", _KEYS[kind], "token"):  # one API key may be of several accounts
        seen: dict[object, int] = {}
        for index, entry in enumerate(entries):
            value = getattr(entry, field, None)
            if value is None:
                continue
            if value in seen:
                shown = "the same" if field == "token" else repr(value)
                return f"{kind}[{index}].{field}: {shown} is that of {kind}[{seen[value]}] already"
            seen[value] = index
    return None


def _beyond(kind: str, entries: Sequence[Any], most: int) -> str | None:
    """More entries than the capacity has, or an id beyond it."""
    if len(entries) > most:
        return f"{kind}: {len(entries)} of them, capacity.{kind}s is {most}"
    for index, entry in enumerate(entries):
        number = getattr(entry, "id", None)
        if number is not None and number >= most:
            return f"{kind}[{index}].id: expected less than capacity.{kind}s, {most}, got {number}"
    return None


def _no_database(dsn: str) -> str | None:
    """What names no database. The text given is not shown: a password may be in it."""
    if dsn in (EMBEDDED_POSTGRES, NO_POSTGRES) or dsn.startswith(("postgresql://", "postgres://")):
        return None
    return f'postgres.dsn: expected "{EMBEDDED_POSTGRES}", "{NO_POSTGRES}" or postgresql://USER:PASSWORD@HOST/DATABASE'


def _same_port(ports: Ports) -> str | None:
    """A port that two sockets would have."""
    seen: dict[int, str] = {}
    for name in DEFAULT_PORTS:
        port = getattr(ports, name)
        if port in seen:
            return f"ports.{name}: {port} is that of ports.{seen[port]} already"
        if port:
            seen[port] = name
    return None


def _open_port(ports: Ports) -> str | None:
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
