"""Encrypted ports."""

from __future__ import annotations

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
