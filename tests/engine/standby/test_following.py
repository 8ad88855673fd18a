"""A real standby of a real market: the same journal, the same state, looked at and not changed."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import openbell
import pytest
from openbell import wire
from openbell.discovery import PORTS

from engine.journal import chain
from engine.standby.frames import Ack, Hello, said_frame
from tests.engine.process.running import Running
from tests.engine.standby.standing import PRIMARY, Standing, same_files, until


def trade(engine: Running, count: int) -> int:
    """Orders of two accounts that meet now and then; the last seq afterwards."""
    with engine.client("alice") as alice, engine.client("bob") as bob:
        for client, side in ((alice, 0), (bob, 1)):
            made = np.zeros(count, wire.ORDER_COMMAND)
            made["kind"], made["account"], made["side"] = 1, client.account_id(), side
            made["price"] = 100_0000 + (np.arange(count) % 19 - 9) * 100
            made["qty"] = 1 + np.arange(count) % 7
            made["client_order_id"] = client.reserve_ids(count) + np.arange(count, dtype=np.uint64)
            client.send_batches(made, 200)
            client.cancel_all("BBB")
    with engine.operator() as operator:
        return operator.status().sequence


def test_a_standby_has_the_same_journal_and_shows_the_market(tmp_path: Path) -> None:
    with Running(tmp_path / "primary", PRIMARY) as engine:
        trade(engine, 2000)
        with Standing(tmp_path / "standby", engine.data) as standby:
            last_seq = trade(engine, 8000)  # over more than one segment
            standby.wait_for(last_seq)
            assert same_files(engine.data, standby.data) >= 2
            assert chain.head(standby.data / "journal") == chain.head(engine.data / "journal")
            until(lambda: standby.about()["compared_seq"] >= last_seq, "a comparison of states")

            theirs, ours = engine.operator(), standby.operator()
            assert ours.accounts() == theirs.accounts()
            assert ours.positions() == theirs.positions()
            assert ours.book("AAA", 100).bids == theirs.book("AAA", 100).bids
            told = ours.status().raw["standby"]
            assert (told["role"], told["lag"], told["epoch"], told["is_connected"]) == ("standby", 0, 1, True)
            assert told["primary"] == engine.ports["orders"].removeprefix("tcp://")
            row = until(lambda: [one for one in theirs.status().raw["standby"]["standbys"] if one["address"]], "it")[0]
            assert row["on_disk"] >= last_seq  # a TICK may have come
            assert row["caught_up"]
            assert row["address"] == standby.body()["ports"]["orders"].removeprefix("tcp://")
            with pytest.raises(openbell.OperatorRefused, match=f"the primary is {told['primary']}") as refused:
                ours.halt("AAA", reason="not here")
            assert (refused.value.code, refused.value.value) == ("standby", told["primary"])

            here, key = ",".join(standby.body()["ports"][name] for name in PORTS), engine.api_key("alice")
            with openbell.Client(here, api_key=key, account="alice", resume={1: 1}, keep_events=True) as client:
                assert client.info["role"] == "standby"
                assert client.info["primary"] == told["primary"]
                order = client.buy("AAA", 1, "90.00")
                with pytest.raises(openbell.Refused, match="this is a standby"):
                    order.wait_accepted(5.0)
                assert len(client.events(5.0)) > 1000  # its private stream is here, too
                with pytest.raises(openbell.Refused, match="standby"):
                    client.dead_man(5.0)
            with pytest.raises(openbell.LoginRefused, match="this is a standby"):
                openbell.Client(here, api_key=key, cancel_on_disconnect=True)
            with openbell.Client(standby.data, account="alice") as client:  # its directory tells of the primary
                assert client.info["role"] == "primary"

            with openbell.market_data(standby.data, channels="BXV") as data:
                before = data.last_trade("AAA")
                trade(engine, 100)
                update = next(one for one in data.updates(5.0) if isinstance(one, openbell.TradeUpdate))
                assert before is None or update.ts_ns > before.ts_ns


def test_both_go_on_after_an_end_of_either(tmp_path: Path) -> None:
    with Running(tmp_path / "primary", PRIMARY) as engine, Standing(tmp_path / "standby", engine.data) as standby:
        standby.wait_for(trade(engine, 3000))
        standby.kill()
        last_seq = trade(engine, 9000)
        standby.start()
        standby.wait_for(last_seq)
        assert standby.stop() == 0
        last_seq = trade(engine, 500)
        standby.start()
        standby.wait_for(last_seq)

        engine.kill()
        until(lambda: not standby.about()["is_connected"], "the news of the primary's end")
        with standby.operator() as operator:
            assert "the primary is not followed" in operator.status().warnings[0]
            assert operator.accounts()
        engine.start()
        last_seq = trade(engine, 500)
        standby.wait_for(last_seq)
        until(lambda: standby.about()["compared_seq"] >= last_seq, "a comparison of states")
        same_files(engine.data, standby.data)
        assert standby.about()["epoch"] == 2  # the primary was started twice
        with engine.operator() as operator:
            key = operator.add_key("eve", reason="a second one")
        assert key.secret in until(
            lambda: "".join(path.read_text() for path in (standby.data / "keys").glob("*-eve.2.json")), "the key"
        )


def test_it_begins_with_a_snapshot_where_it_is_asked_to(tmp_path: Path) -> None:
    with Running(tmp_path / "primary", PRIMARY) as engine:
        trade(engine, 9000)
        with engine.operator() as operator:
            operator.snapshot(reason="for a standby")
        last_seq = trade(engine, 100)
        with Standing(tmp_path / "standby", engine.data, PRIMARY, "--from-snapshot") as standby:
            standby.wait_for(last_seq)
            assert same_files(engine.data, standby.data) == 1
            last_seq = trade(engine, 3000)
            standby.wait_for(last_seq)
            with engine.operator() as theirs, standby.operator() as ours:
                assert ours.accounts() == theirs.accounts()
                assert ours.status().raw["trades"] == theirs.status().raw["trades"]
            until(lambda: standby.about()["compared_seq"] >= last_seq, "a comparison of states")
            standby.kill()
            standby.start()  # from its own files
            standby.wait_for(last_seq)


def test_what_a_standby_says_is_checked(tmp_path: Path) -> None:
    """Frames by hand: no token, another version, a frame before hello; nobody else notices."""
    with Running(tmp_path / "primary", PRIMARY) as engine:
        token = engine.operator()._token
        socket = engine.dealer("standby")
        for said, code in (
            (Ack(1, 1), b"not_logged_in"),
            (Hello("wrong", 1, "0", "me", "id"), b"bad_token"),
            (Hello(token, 99, "9.9", "me", "id"), b"bad_version"),
        ):
            socket.send(said_frame(said, 7))
            answer = socket.recv()
            assert code in answer, answer
        socket.send(b"\0" * 16)
        assert b"bad_frame" in socket.recv()
        socket.send(said_frame(Hello(token, 1, "0", "me", "id"), 8))
        assert b'"welcome"' in socket.recv_multipart()[0]
        assert b'"data"' in socket.recv_multipart()[0]
        time.sleep(0.1)
        socket.close()
        assert trade(engine, 10)
