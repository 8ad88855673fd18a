"""Where a market is found, and what is said when it is not."""

from __future__ import annotations

import json
from pathlib import Path

import openbell
import pytest
from openbell.connection import SocketSettings
from openbell.discovery import find_api_key, find_market, find_operator_token
from openbell.rows import AccountInfo, OrderInfo, rows_of


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("OPENBELL_ADDRESS", "OPENBELL_API_KEY", "OPENBELL_OPERATOR_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def leave(directory: Path, **body: object) -> Path:
    """What a running engine leaves."""
    (directory / "run").mkdir(parents=True)
    (directory / "keys").mkdir()
    ports = {
        name: f"tcp://127.0.0.1:{9000 + at}"
        for at, name in enumerate(("orders", "market_data", "snapshots", "control"))
    }
    path = directory / "run" / "engine.json"
    path.write_text(json.dumps({"ports": ports, **body}))
    return path


@pytest.mark.parametrize("address", ["host", "host:7701", "tcp://host:7701"])
def test_the_other_ports_follow_the_order_port(address: str) -> None:
    market = find_market(address)
    assert market.orders == "tcp://host:7701"
    assert (market.market_data, market.snapshots, market.control) == tuple(
        f"tcp://host:{port}" for port in (7702, 7703, 7704)
    )


def test_four_endpoints() -> None:
    market = find_market("a:1,b:2,tcp://c:3,ipc://d", server_key="k")
    assert market == openbell.Market("tcp://a:1", "tcp://b:2", "tcp://c:3", "ipc://d", "k")


@pytest.mark.parametrize("address", ["", "host:", "host:0", "host:65536", "host:x", ":5", "a:1,b:2"])
def test_an_address_that_is_none(address: str) -> None:
    with pytest.raises(openbell.InvalidInput) as caught:
        find_market(address)
    assert caught.value.field == "address"


def test_the_market_of_a_directory(tmp_path: Path) -> None:
    path = leave(tmp_path / "var", public_key="p" * 40)
    for address in (None, tmp_path / "var", str(tmp_path / "var"), path):
        market = find_market(address)
        assert (market.orders, market.server_key) == ("tcp://127.0.0.1:9000", "p" * 40)
        assert market.directory == tmp_path / "var"


def test_the_environment_is_asked_before_the_directory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    leave(tmp_path / "var")
    monkeypatch.setenv("OPENBELL_ADDRESS", "elsewhere:5")
    assert find_market().orders == "tcp://elsewhere:5"


def test_no_market_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(openbell.MarketNotFound, match="openbell run"):
        find_market()
    with pytest.raises(openbell.MarketNotFound, match=r"no run/engine\.json"):
        find_market(tmp_path)
    (tmp_path / "engine.json").write_text("{")
    with pytest.raises(openbell.MarketNotFound, match="does not tell where"):
        find_market(tmp_path)


def test_keys_of_the_directory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    leave(tmp_path / "var")
    keys = tmp_path / "var" / "keys"
    (keys / "account-1-alice.json").write_text(
        json.dumps({"kind": "account", "id": 1, "name": "alice", "api_key": "A"})
    )
    (keys / "account-2-bob.json").write_text(json.dumps({"kind": "account", "id": 2, "name": "bob", "api_key": "B"}))
    (keys / "curve.json").write_text(json.dumps({"kind": "curve", "public_key": "p", "secret_key": "s"}))
    (keys / "operator-local.json").write_text(json.dumps({"kind": "operator", "name": "local", "token": "T"}))
    (keys / "broken.json").write_text("{")
    market = find_market()
    assert [find_api_key(market, one) for one in (None, "alice", "bob", 2)] == ["A", "A", "B", "B"]
    with pytest.raises(openbell.MarketNotFound, match=r"account 'carol'; there are: alice, bob"):
        find_api_key(market, "carol")
    assert find_operator_token(market) == find_operator_token(market, "local") == "T"
    assert find_operator_token(market, "other") is None
    monkeypatch.setenv("OPENBELL_API_KEY", "E")
    assert find_api_key(market, "alice") == "E"


def test_no_key_says_what_to_do() -> None:
    with pytest.raises(openbell.MarketNotFound, match=r"tcp://host:7701: .*OPENBELL_API_KEY, or .* data directory"):
        find_api_key(find_market("host"))


def test_no_token_says_what_to_do() -> None:
    with openbell.Operator("host") as operator, pytest.raises(openbell.MarketNotFound, match="OPENBELL_OPERATOR_TOKEN"):
        operator.status()


def test_curve_keys_are_looked_at_before_they_are_used() -> None:
    with pytest.raises(openbell.InvalidInput, match="40"):
        SocketSettings(server_key="short")
    with pytest.raises(openbell.InvalidInput, match="go together"):
        SocketSettings(public_key="p" * 40)
    assert "s" * 40 not in repr(SocketSettings(public_key="p" * 40, secret_key="s" * 40))


def test_rows_take_what_they_know() -> None:
    answer = [{"order_id": 5, "instrument": 2, "price": 10, "of_a_later_release": 1}]
    (row,) = rows_of(OrderInfo, answer, {2: "BOLT"})
    assert (row.order_id, row.symbol, row.price, row.leaves) == (5, "BOLT", 10, 0)
    assert AccountInfo(cash=10, hold=3, short_proceeds=2).free == 5
