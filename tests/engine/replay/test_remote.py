"""Replays into a running engine, through its ports: a real process, real sockets."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openbell
import pytest
from openbell import wire

from engine.cli.__main__ import main
from engine.replay.errors import ReplayError
from engine.replay.itch.file import write_day
from engine.replay.itch.replay import ItchReplay, survey, wanted_locates
from engine.replay.remote import RemoteMarket
from tests.engine.replay.days import action, add, directory, executed, written

ROOT = Path(__file__).resolve().parents[3]
SAMPLE = ROOT.parent / "shared/data"
CONFIGURATION = """
[market]
name = "replay"
durability = "memory"
memory_at_start = false
[ports]
orders = 0
market_data = 0
snapshots = 0
control = 0
[[instrument]]
symbol = "LOTS"
tick_size = 0.05
lot_size = 100
"""


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The data directory of an engine that runs."""
    data = tmp_path_factory.mktemp("market")
    configuration = data / "market.toml"
    configuration.write_text(CONFIGURATION)
    log = (data / "log").open("wb")
    process = subprocess.Popen(
        [sys.executable, "-m", "engine.process", "--data", data, "--config", configuration, "--no-postgres"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'client'}"},
        stderr=log,
    )
    try:
        deadline_s = time.monotonic() + 60
        while not (data / "run/engine.json").exists():
            assert process.poll() is None and time.monotonic() < deadline_s, (data / "log").read_text()
            time.sleep(0.02)
        yield data
    finally:
        process.terminate()
        try:
            assert process.wait(30) == 0, (data / "log").read_text()
        finally:
            process.kill()
            process.wait()
            log.close()


def address(engine: Path) -> str:
    return str(json.loads((engine / "run/engine.json").read_text())["ports"]["orders"])


def replayed(capsys: pytest.CaptureFixture[str], *arguments: object) -> dict[str, Any]:
    code = main(["replay", *map(str, arguments), "--json"])
    done = capsys.readouterr()
    assert code == 0, done.err
    report: dict[str, Any] = json.loads(done.out)
    return report


def test_a_day_of_itch_gives_the_same_books_as_in_an_engine_of_its_own(
    engine: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "day.itch"
    write_day(path, 30_000, 6, 9)
    there = replayed(capsys, "itch", path, "--check", "--to", engine)
    own = replayed(capsys, "itch", path, "--check")
    assert there["executions"] == there["executions_matched"] > 1000
    assert there["rows"] == there["rows_equal"] > 1000 and there["rejects"] == 0
    different = ("state_hash", "seconds", "messages_per_s")
    assert {k: v for k, v in there.items() if k not in different} == {
        k: v for k, v in own.items() if k not in different
    }
    with openbell.Operator(engine) as operator:
        rows = {row.name: row for row in operator.accounts()}
        assert rows["replay"].open_orders == there["live_orders"]
        assert rows["replay-counterparty"].open_orders == 0
    assert main(["replay", "itch", str(path), "--to", str(engine)]) == 2
    assert "orders rest in SYM00001 there, the record needs an empty book" in capsys.readouterr().err


@pytest.mark.skipif(not SAMPLE.exists(), reason="no ../shared/data with LOBSTER's sample")
def test_the_sample_of_lobster_row_by_row(engine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    messages, orderbook = (SAMPLE / f"AAPL_2012-06-21_{kind}_10.csv" for kind in ("message", "orderbook"))
    report = replayed(capsys, "lobster", messages, "--check", orderbook, "--to", address(engine), "--data", engine)
    assert (report["rows"], report["rows_equal"], report["executions"], report["executions_matched"]) == (
        599, 587, 71, 71,
    )  # fmt: skip


def test_more_than_may_be_unanswered_is_sent_in_order(engine: Path, tmp_path: Path) -> None:
    messages = [action("T", 9), directory(9)]
    for n in range(1, 30_000, 2):
        messages += [add(n, "B", 5, 10_000, 9), executed(n, 5, 9)]
    path = written(tmp_path / "day", *messages)
    found = survey(path)
    with RemoteMarket(str(engine)) as market:
        report = ItchReplay(path, market, found, wanted_locates(found, [])).run()
    assert report.executions == report.executions_matched == 15_000
    assert report.live_orders == 0 and report.reasons == {} and report.commands == 30_000


def test_two_at_the_same_time_have_accounts_of_their_own(engine: Path, tmp_path: Path) -> None:
    days = [
        written(tmp_path / f"{n}", directory(n), action("T", n), add(1, "B", 5, 10_000, n), executed(1, 5, n))
        for n in (21, 22)
    ]
    found = [survey(path) for path in days]
    with RemoteMarket(str(engine)) as one, RemoteMarket(str(engine)) as two:
        assert len({one.maker, one.taker, two.maker, two.taker}) == 4
        reports = [
            ItchReplay(path, market, seen, wanted_locates(seen, [])).run()
            for path, seen, market in zip(days, found, (one, two), strict=True)
        ]
    assert [report.executions_matched for report in reports] == [1, 1]
    assert [report.reasons for report in reports] == [{}, {}]
    with RemoteMarket(str(engine)) as again:
        assert again.maker == one.maker


def test_somebody_else_who_trades_with_the_replay_is_told(engine: Path, tmp_path: Path) -> None:
    path = written(tmp_path / "day", directory(8), action("T", 8), add(1, "B", 5, 10_000, 8), executed(1, 5, 8))
    found = survey(path)

    class Interrupted(RemoteMarket):
        """Between the order of the record and its execution a stranger takes some of it."""

        def send(self, commands: bytes, ts_ns: int) -> bytes:
            order, execution = commands[:64], commands[64:]
            events = super().send(order, ts_ns) + self.settle()
            with openbell.Operator(engine) as operator:
                limits = openbell.Limits(short_allowed=True, credit_unlimited=True)
                stranger = operator.set_account(name="stranger", limits=limits, reason="a test")
                key = operator.add_key(stranger.account, reason="a test").secret
            with openbell.connect(engine, api_key=key) as client:
                client.sell("S8", 2, "1.00").wait_filled()
            return events + super().send(execution, ts_ns)

    with Interrupted(str(engine)) as market:
        report = ItchReplay(path, market, found, wanted_locates(found, [])).run()
    assert report.reasons == {"engine_filled_otherwise": 1, "traded_with_a_stranger": 1}
    assert not report.sound and report.executions_matched == 0


def test_what_does_not_fit_is_said_in_words(
    engine: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    day = written(tmp_path / "day", directory(), action("T"), add(1, "B", 5, 100))
    for arguments, code, text in (
        (["--to", tmp_path], 3, "no market runs in"),
        (["--to", "127.0.0.1:1"], 2, "no operator's token for tcp://127.0.0.1:4: give"),
        (["--to", "127.0.0.1:1", "--data", engine], 2, f"is at {address(engine)}, not at tcp://127.0.0.1:1"),
    ):
        assert main(["replay", "itch", str(day), *map(str, arguments)]) == code
        assert text in capsys.readouterr().err
        assert main(["replay", "itch", str(day), *map(str, arguments), "--json"]) == code
        assert text in json.loads(capsys.readouterr().out)["error"]["text"]
    with RemoteMarket(str(engine)) as market:
        with pytest.raises(ReplayError, match=r"LOTS is traded there with tick 500 \(1e-4\), lots of 100"):
            market.add_instrument("LOTS", 100)
        assert market.add_instrument("NEW", 100) == market.add_instrument("NEW", 100)
        assert market.settle() == b""
        market.set_state(market.add_instrument("NEW", 100), wire.InstrumentState.OPEN, 0)
        bids, asks = market.levels(market.add_instrument("NEW", 100))
        assert len(bids) == len(asks) == 0 and market.queues(market.add_instrument("NEW", 100)) == {}
    monkeypatch.setenv("OPENBELL_OPERATOR_TOKEN", "none of this market")
    assert main(["replay", "itch", str(day), "--to", str(engine)]) == 1
    assert "token" in capsys.readouterr().err
