"""Where a market is: from an argument, the environment, or the file that a running engine leaves in its directory."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from openbell.errors import InvalidInput, MarketNotFound, near

ADDRESS_VARIABLE: Final = "OPENBELL_ADDRESS"
KEY_VARIABLE: Final = "OPENBELL_API_KEY"
TOKEN_VARIABLE: Final = "OPENBELL_OPERATOR_TOKEN"
DEFAULT_DIRECTORY: Final = "var"
LOCAL_CLIENT: Final = Path("keys", "curve-local.json")  # the CURVE keys of clients on the market's own machine
ORDERS_PORT: Final = 7701  # the other ports follow it
PORTS: Final = ("orders", "market_data", "snapshots", "control")


@dataclass(frozen=True, slots=True)
class Market:
    """The ZeroMQ endpoints of a market. server_key: its public CURVE key (Z85), None where it speaks in the clear.

    directory: the market's data directory, where it is on this machine. client_keys: the public and the secret CURVE
    key with which this machine may connect, where the market left some there.
    """

    orders: str
    market_data: str
    snapshots: str
    control: str
    server_key: str | None = None
    directory: Path | None = None
    client_keys: tuple[str, str] | None = field(default=None, repr=False)

    @classmethod
    def at(cls, endpoints: Iterable[str], server_key: str | None, directory: Path | None = None) -> Market:
        """The market whose four endpoints these are, in the order of PORTS."""
        orders, market_data, snapshots, control = endpoints
        return cls(orders, market_data, snapshots, control, server_key, directory)


def find_market(address: str | Path | None = None, server_key: str | None = None) -> Market:
    """The market at `address`, or at $OPENBELL_ADDRESS, or the one running in ./var.

    address: a data directory or its run/engine.json; or "host", "host:port", "tcp://host:port", where port is the order
    port (default 7701) and the ports of market data, snapshots and control are the next three; or these four endpoints
    in this order, separated by commas. Raises MarketNotFound, InvalidInput.
    """
    given = address if address is not None else os.environ.get(ADDRESS_VARIABLE)
    if given is None:
        found = _engine_file(Path(DEFAULT_DIRECTORY))
        if found is None:
            raise MarketNotFound(
                f"no market: none runs in ./{DEFAULT_DIRECTORY} (no {DEFAULT_DIRECTORY}/run/engine.json). Start one "
                f"with `./openbell run`, or give address= or ${ADDRESS_VARIABLE}: host:port or a data directory",
                code="no_market",
            )
        return _from_file(found, server_key)
    text = str(given)
    endpoints = text.split(",")
    if len(endpoints) == len(PORTS) and not isinstance(given, Path):
        return Market.at((_endpoint(part, None) for part in endpoints), server_key)
    if not text:
        raise InvalidInput("address is empty: give host:port or a data directory", field="address", value=text)
    if isinstance(given, Path) or "/" in text.removeprefix("tcp://") or text in (".", "..") or Path(text).is_dir():
        found = _engine_file(Path(text))
        if found is None:
            raise MarketNotFound(f"no market runs in {text}: there is no run/engine.json", code="no_market", value=text)
        return _from_file(found, server_key)
    if len(endpoints) != 1:
        raise InvalidInput(f"address {text!r} has {len(endpoints)} endpoints; give 1 or 4", field="address", value=text)
    first = _endpoint(text, ORDERS_PORT)
    host, _, port = first.rpartition(":")
    return Market.at((f"{host}:{int(port) + step}" for step in range(len(PORTS))), server_key)


def _engine_file(path: Path) -> Path | None:
    """The engine's file of a directory, or the file itself."""
    tries = [path, path / "run" / "engine.json", path / "engine.json"]
    return next((one for one in tries if one.is_file()), None)


def _from_file(path: Path, server_key: str | None) -> Market:
    try:
        body: dict[str, Any] = json.loads(path.read_text("utf-8"))
        ports = body.get("ports") or body.get("addresses") or body
        endpoints = [_endpoint(str(ports[name]), None) for name in PORTS]
    except (OSError, ValueError, KeyError) as error:
        raise MarketNotFound(f"{path} does not tell where the market is: {error!r}", code="no_market") from error
    key = server_key or body.get("server_key") or body.get("public_key") or None
    directory = path.resolve().parent.parent
    return replace(Market.at(endpoints, key, directory), client_keys=_client_keys(directory) if key else None)


def others_of(market: Market) -> list[Market]:
    """The markets that take each other's place with that of a directory, as its file tells: its standbys, or its
    primary and what else that has. None where there is no file."""
    found = None if market.directory is None else _engine_file(market.directory)
    if market.directory is None or found is None:
        return []
    try:
        body = json.loads(found.read_text("utf-8"))
        rows = [[_endpoint(str(row[name]), None) for name in PORTS] for row in body.get("others", [])]
    except (OSError, ValueError, KeyError, TypeError, InvalidInput):
        return []
    return [
        replace(Market.at(row, market.server_key, market.directory), client_keys=market.client_keys) for row in rows
    ]


def _client_keys(directory: Path) -> tuple[str, str] | None:
    """The CURVE keys of this machine's clients, where they may be read."""
    try:
        body = json.loads((directory / LOCAL_CLIENT).read_text("utf-8"))
        return str(body["public_key"]), str(body["secret_key"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _endpoint(text: str, default_port: int | None) -> str:
    """A tcp or ipc endpoint of "host", "host:port" or a whole endpoint. Raises InvalidInput."""
    if text.startswith(("ipc://", "inproc://")):
        return text
    body = text.strip().removeprefix("tcp://")
    host, colon, port = body.rpartition(":")
    if not colon and default_port is not None:
        host, port = body, str(default_port)
    if not host or not port.isdigit() or not 1 <= int(port) <= 65535:
        raise InvalidInput(
            f"address {text!r} is not host:port with a port of 1 to 65535", field="address", limit=65535, value=text
        )
    return f"tcp://{host}:{port}"


def find_api_key(market: Market, account: str | int | None = None) -> str:
    """$OPENBELL_API_KEY, or the key that the market left for `account` in its directory. Raises MarketNotFound.

    Without an account: that of the key made first, so that an account added later never takes its place. Keys
    in the directory are readable by the user who runs the market only.
    """
    given = os.environ.get(KEY_VARIABLE)
    if given:
        return given
    kept = _kept_keys(market, "account")
    for name, row in kept:
        if account is None or account in (name, row.get("id"), row.get("account")):
            return str(row["api_key"])
    known = near(account, (name for name, _ in kept)) if kept else ""
    whose = "" if account is None else f" for account {account!r}{known}"
    hint = f"give api_key= or ${KEY_VARIABLE}"
    if market.directory is None:
        hint += ", or as address the data directory of a market on this machine, which has its keys"
    raise MarketNotFound(f"no API key{whose or f' for {market.orders}'}: {hint}", code="no_key", field="api_key")


def find_operator_token(market: Market, operator: str | None = None) -> str | None:
    """$OPENBELL_OPERATOR_TOKEN, or the token that the market left in its directory, or None."""
    given = os.environ.get(TOKEN_VARIABLE)
    if given:
        return given
    for name, row in _kept_keys(market, "operator"):
        if operator is None or operator == name:
            return str(row.get("token") or row.get("api_key"))
    return None


def _kept_keys(market: Market, kind: str) -> list[tuple[str, dict[str, Any]]]:
    """Name and content of the keys of a kind in the market's directory, in the order in which they were made."""
    if market.directory is None:
        return []
    kept: list[tuple[str, dict[str, Any]]] = []
    for path in sorted((market.directory / "keys").glob("*.json")):
        try:
            body = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError):
            continue  # another user's, or being written
        kept.extend(
            (str(row.get("name", path.stem)), row)
            for row in (body if isinstance(body, list) else body.get(f"{kind}s", [body]))
            if isinstance(row, dict) and row.get("kind", kind) == kind and ("api_key" in row or "token" in row)
        )
    kept.sort(key=lambda one: int(one[1].get("made_ts_ns", 0)))
    return kept
