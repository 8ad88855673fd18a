"""Encrypted ports."""

from __future__ import annotations

import stat
from pathlib import Path

import openbell
import pytest
import zmq
from openbell.records import HEADER, json_frame
from openbell.wire import FrameType

from tests.engine.process.running import Running


def key_pair() -> tuple[str, str]:
    public, secret = zmq.curve_keypair()
    return public.decode(), secret.decode()


def test_trading_over_curve(tmp_path: Path) -> None:
    with Running(tmp_path, "[ports]\ncurve = true\n") as engine:
        with engine.client("alice") as alice:
            alice.buy("AAA", 1, "99.00").wait_accepted()
        with engine.operator() as operator:
            assert operator.status().orders == 1
        server_key = openbell.find_market(engine.data).server_key
        engine.stop()
        engine.start()
        assert openbell.find_market(engine.data).server_key == server_key
        plain = engine.dealer("orders", rcvtimeo=500)
        plain.send(json_frame(FrameType.LOGIN, 1, {"api_key": engine.api_key("alice")}))
        with pytest.raises(zmq.Again):
            plain.recv()
        plain.close()


def test_only_the_clients_that_are_listed(tmp_path: Path) -> None:
    public, secret = key_pair()
    more = f'[ports]\ncurve = true\nclient_keys = ["{public}"]\n'
    with Running(tmp_path, more) as engine:
        settings = openbell.SocketSettings(public_key=public, secret_key=secret)
        with engine.client("alice", settings=settings) as alice:
            alice.buy("AAA", 1, "99.00").wait_accepted()
        server_key = openbell.find_market(engine.data).server_key
        assert server_key is not None
        for port in ("orders", "snapshots", "control"):
            other_public, other_secret = key_pair()
            options = {"curve_serverkey": server_key.encode(), "curve_publickey": other_public.encode()}
            peer = engine.dealer(port, rcvtimeo=500, curve_secretkey=other_secret.encode(), **options)  # type: ignore[arg-type]
            peer.send(json_frame(FrameType.HEARTBEAT, 1, {}))
            with pytest.raises(zmq.Again):
                peer.recv()
            peer.close()
        known = engine.dealer(
            "snapshots",
            curve_serverkey=server_key.encode(),  # type: ignore[arg-type]
            curve_publickey=public.encode(),  # type: ignore[arg-type]
            curve_secretkey=secret.encode(),  # type: ignore[arg-type]
        )
        known.send(json_frame(FrameType.QUERY, 1, {"channel": "I"}))
        assert HEADER.unpack_from(known.recv_multipart()[0])[2] == FrameType.REPLY
        known.close()


def test_the_markets_own_machine_may_connect_beside_those_that_are_listed(tmp_path: Path) -> None:
    more = f'[ports]\ncurve = true\nclient_keys = ["{key_pair()[0]}"]\n'
    with Running(tmp_path, more) as engine:
        for _ in range(2):
            with engine.client("alice") as alice, openbell.market_data(engine.data, symbols="AAA") as data:
                alice.buy("AAA", 1, "99.00").wait_accepted()
                assert next(iter(data.updates(timeout_s=20))) is not None
            with engine.operator() as operator:
                assert operator.status().sessions <= 1
            engine.stop()
            engine.start()
        kept = engine.data / "keys" / "curve-local.json"
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600
        kept.unlink()  # as for a user who may not read it
        with pytest.raises(openbell.TimedOut), openbell.Operator(engine.data, timeout_s=0.5) as operator:
            operator.status()


def test_another_machine_connects_with_keys_of_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    public, secret = key_pair()
    with Running(tmp_path, f'[ports]\ncurve = true\nclient_keys = ["{public}"]\n') as engine:
        market = openbell.find_market(engine.data)
        assert market.server_key is not None
        address = f"{market.orders},{market.market_data},{market.snapshots},{market.control}"
        monkeypatch.setenv("OPENBELL_API_KEY", engine.api_key("alice"))
        monkeypatch.setenv("OPENBELL_SERVER_KEY", market.server_key)
        monkeypatch.setenv("OPENBELL_PUBLIC_KEY", public)
        monkeypatch.setenv("OPENBELL_SECRET_KEY", secret)
        with openbell.connect(address) as alice, openbell.market_data(address, symbols="AAA") as data:
            alice.buy("AAA", 1, "99.00").wait_accepted()
            assert data.is_live
        monkeypatch.setenv("OPENBELL_SECRET_KEY", "")
        with pytest.raises(openbell.InvalidInput, match="go together"):
            openbell.connect(address)
