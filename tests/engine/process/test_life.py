"""The engine's process: start, stop, and why it does not start."""

from __future__ import annotations

import json
import re
import signal
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from engine import recovery, snapshots
from engine.journal.writer import JournalWriter
from engine.sequencer import tick_command
from ext.sequence import CommandBatch
from tests.engine.process.running import CONFIGURATION, Running, environment


def run(*arguments: str) -> tuple[int, str]:
    """Run an engine that ends by itself: its exit code and its last line."""
    command = [sys.executable, "-m", "engine.process", *arguments]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, check=False, timeout=60)
    lines = done.stderr.strip().splitlines()
    return done.returncode, lines[-1] if lines else ""


def test_the_engine_file(tmp_path: Path) -> None:
    engine = Running(tmp_path)
    body = engine.start()
    path = engine.data / "run" / "engine.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert set(body["ports"]) == {"orders", "market_data", "snapshots", "control"}
    assert all(place.startswith("tcp://127.0.0.1:") for place in body["ports"].values())
    assert len(set(body["ports"].values())) == 4
    assert (body["durability"], body["server_key"], body["market"]) == ("fsync", None, "test")
    assert engine.stop() == 0
    assert not path.exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_in_order_and_goes_on_where_it_was(tmp_path: Path, number: int) -> None:
    with Running(tmp_path) as engine:
        with engine.client("alice") as client:
            order = client.buy("AAA", 7, "99.50").wait_accepted()
        assert engine.stop(number) == 0
        saved = snapshots.listed(engine.data)
        engine.start()
        with engine.client("alice") as client, engine.operator() as operator:
            (found,) = client.orders()
            assert (found.order_id, found.leaves, found.price) == (order.order_id, 7, 99_5000)
            status = operator.status()
            assert status.sequence == saved[-1].seq + 1  # the TICK of a start
            assert (status.orders, status.durability) == (1, "fsync")
            assert status.recovered.replayed == saved[-1].seq  # all of it: so short a journal is the history
        assert engine.stop() == 0
        assert [one.seq for one in snapshots.listed(engine.data)] == [saved[-1].seq, saved[-1].seq + 1]


def test_two_signals_are_as_one(tmp_path: Path) -> None:
    with Running(tmp_path) as engine:
        assert engine.process is not None
        engine.process.send_signal(signal.SIGINT)
        assert engine.stop(signal.SIGINT) == 0


def test_shutdown_by_an_operator(tmp_path: Path) -> None:
    with Running(tmp_path) as engine:
        with engine.operator() as operator:
            operator.shutdown(reason="enough")
        assert engine.process is not None
        assert engine.process.wait(20) == 0


def test_one_engine_a_directory(tmp_path: Path) -> None:
    with Running(tmp_path) as engine:
        assert engine.process is not None
        code, said = run(*engine.command()[3:])
        assert code == 1
        assert f"in use by another engine (process {engine.process.pid})" in said
        with engine.operator() as operator:
            assert operator.status().pid == engine.process.pid


def test_a_port_in_use(tmp_path: Path) -> None:
    (tmp_path / "market.toml").write_text(CONFIGURATION)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        arguments = ["--data", str(tmp_path / "data"), "--config", str(tmp_path / "market.toml")]
        code, said = run(*arguments, "--port", f"control={port}")
    assert code == 1
    assert f"ports.control: cannot bind 127.0.0.1:{port}: Address already in use (another market?" in said
    assert not (tmp_path / "data" / "run" / "engine.json").exists()


def test_a_wrong_configuration_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text("[ports]\norders = 70000\n")
    code, said = run("--data", str(tmp_path / "data"), "--config", str(tmp_path / "bad.toml"))
    assert (code, said) == (2, f"openbell engine: {tmp_path}/bad.toml: ports.orders: expected int <= 65535, got 70000")
    assert not (tmp_path / "data").exists()
    (tmp_path / "open.toml").write_text('[ports]\nhost = "0.0.0.0"\n')
    code, said = run("--data", str(tmp_path / "data"), "--config", str(tmp_path / "open.toml"))
    assert code == 2
    assert "without encryption only loopback" in said


def test_a_directory_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "run").write_text("a file")
    code, said = run("--data", str(tmp_path / "data"))
    assert (code, said) == (1, f"openbell engine: {tmp_path}/data/run: File exists")


def test_a_damaged_journal_stops_the_start(tmp_path: Path) -> None:
    with Running(tmp_path) as engine:
        with engine.client("alice") as client:
            for _ in range(20):
                client.buy("AAA", 1, "99.00").wait_accepted()
        engine.kill()
        (segment,) = (engine.data / "journal").glob("*.obj")
        data = bytearray(segment.read_bytes())
        data[4096 + 300] ^= 1
        segment.write_bytes(data)
        code, said = run(*engine.command()[3:])
        assert code == 1
        assert segment.name in said
        assert not (engine.data / "run" / "engine.json").exists()


@pytest.mark.parametrize("arguments", [[], ["--port", "x=1"], ["--port", "orders=70000"], ["--durability", "disk"]])
def test_wrong_usage(tmp_path: Path, arguments: list[str]) -> None:
    assert run(*(["--data", str(tmp_path)] if arguments else []), *arguments)[0] == 2


def test_the_log_is_json_lines_where_nobody_looks(tmp_path: Path) -> None:
    with Running(tmp_path, '[market]\ndurability = "memory"\n') as engine:
        assert engine.stop() == 0
        lines = [json.loads(line) for line in engine.log.read_text().splitlines()]
    events = [line["event"] for line in lines]
    assert "the market is live" in events
    assert "durability is memory: a crash may lose what was acknowledged" in events
    assert all({"ts", "level", "event"} <= set(line) for line in lines)


def test_a_clock_that_was_ahead_is_told(tmp_path: Path) -> None:
    with Running(tmp_path) as engine:
        with engine.operator() as operator:
            assert not [text for text in operator.status().warnings if "clock" in text]
        assert engine.stop() == 0
        found = recovery.recover(engine.data)
        batch = CommandBatch(found.next_seq, found.core.ts_ns)
        batch.add_admin(tick_command())
        batch.seal(time.time_ns() + 7200 * 10**9)
        writer = JournalWriter(
            engine.data / "journal", next_seq=found.next_seq, durability="fsync", market_id=found.market_id
        )
        writer.submit(batch.records, batch.last_seq)
        writer.close()
        engine.start()
        with engine.operator() as operator:
            (text,) = [text for text in operator.status().warnings if "clock" in text]
        assert re.search(r"is 7,[12]\d\d s behind the journal's time", text)


def test_a_start_with_fsync_ends_what_memory_left_open(tmp_path: Path) -> None:
    with Running(tmp_path, "", "--durability", "memory") as engine:
        mark = engine.data / "journal" / "unsynced"
        assert mark.exists()
        engine.kill()
        assert mark.exists()
    with Running(tmp_path) as engine:
        assert not mark.exists()
        assert engine.stop() == 0


def test_the_configuration_of_a_second_start(tmp_path: Path) -> None:
    engine = Running(tmp_path)
    with engine:
        assert engine.stop() == 0
    again = Running(tmp_path, '[[account]]\nname = "dora"\ncash = 5\n[[account]]\nname = "alice"\nmax_messages = 9\n')
    with again, again.operator() as operator:
        rows = {row.name: row for row in operator.accounts()}
        assert rows["dora"].cash == 5_000_000
        assert rows["alice"].max_messages == 9
        assert again.api_key("dora")
