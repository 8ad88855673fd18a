"""`openbell run` as a person or a service manager uses it: start, demo, stop, and what can go wrong."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import openbell as sdk
import pytest
from openbell.operator import Operator

from tests.engine.cli.running import Running, environment, openbell, until

STOP_S = 10.0  # far above the 2 s that it takes: the machine may be busy


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "m"


@pytest.fixture
def started(data: Path) -> Iterator[list[Running]]:
    made: list[Running] = []
    yield made
    for running in made:
        running.kill()


def start(started: list[Running], data: Path, *options: str) -> Running:
    running = Running(data, *options)
    started.append(running)
    return running.live()


def processes_of(data: Path) -> list[int]:
    """Processes whose command line names the directory."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if str(data).encode() in path.read_bytes():
                found.append(int(path.parent.name))
        except OSError:
            continue  # it ended
    return found


def test_an_empty_market_starts_tells_what_to_do_and_stops(data: Path, started: list[Running]) -> None:
    market = start(started, data, "--no-demo", "--no-postgres")
    assert market.said("ctl set-instrument ACME --new --price 100 --open --data")
    assert market.said("durability fsync")
    assert market.json("ctl", "instruments")["rows"] == []
    second = openbell("run", "--plain", "--no-demo", "--data", str(data), cwd=data.parent)
    assert second.returncode == 1
    assert "runs in" in second.stderr
    assert str(market.engine["pid"]) in second.stderr
    assert "ctl shutdown" in second.stderr
    assert market.stop() == 0
    assert market.said("stopped after")
    assert not (data / "run" / "engine.json").exists()
    assert processes_of(data) == []


def test_its_log_is_json_where_nobody_reads_along(data: Path, started: list[Running]) -> None:
    market = start(started, data, "--no-demo", "--no-postgres")
    assert market.stop() == 0
    lines = [json.loads(line) for line in market.lines]
    assert all(line["ts"] and line["level"] == "info" for line in lines)
    events = [line["event"] for line in lines]
    assert events[0] == f"starting the market in {data.resolve()}"
    assert "the market is live" in events, "which the engine says"
    assert "stopping in order ..." in events
    (after,) = [line for line in lines if line["event"] == "what to do next"]
    assert any("ctl status" in one for one in after["commands"])


@pytest.mark.slow
def test_what_was_acked_survives_ctrl_c_under_load(data: Path, started: list[Running]) -> None:
    market = start(started, data, "--no-postgres", "--demo-rate", "4")
    until(lambda: market.json("ctl", "status")["trades"] > 20, "the demo to trade")
    market.ctl("set-account", "ann", "--new", "--cash", "1000000")
    with sdk.connect(data, api_key=market.ctl("add-key", "ann")["api_key"]) as client:
        mine = [client.buy("NOVA", 1, "375.00", tif="GTC").wait_accepted() for _ in range(20)]
        ids = {order.client_order_id for order in mine}
        before = market.json("ctl", "status")
        code = market.stop()
    assert code == 0, market.text
    again = start(started, data, "--no-demo", "--no-postgres")
    after = again.json("ctl", "status")
    assert after["sequence"] >= before["durable_sequence"]
    assert after["trades"] >= before["trades"]
    live = {row["client_order_id"] for row in again.json("ctl", "orders", "--account", "ann")["rows"]}
    assert ids == live
    assert again.stop() == 0


@pytest.mark.slow
def test_the_demo_trades_in_every_symbol_and_workers_come_back(data: Path, started: list[Running]) -> None:
    market = start(started, data, "--no-postgres", "--demo-rate", "8")

    def all_trade() -> bool:
        rows = market.json("ctl", "instruments")["rows"]
        return len(rows) == 20 and all(row["trades"] > 2 and row["bid_price"] and row["ask_price"] for row in rows)

    until(all_trade, "trades in every symbol")
    status = market.json("ctl", "status")
    assert status["sessions"] >= 50
    assert status["rejects"] < status["orders"] / 20
    market.ctl("halt", "--all", "--yes")
    time.sleep(0.5)  # orders that were on their way
    before = market.json("ctl", "status")["rejects"]
    time.sleep(1.0)
    assert market.json("ctl", "status")["rejects"] < before + 10, "nobody goes on knocking"
    market.ctl("resume", "--all")
    until(lambda: market.json("ctl", "status")["trades"] > status["trades"] + 20, "trading to go on")
    workers = [pid for pid in processes_of(data) if b"engine.demo.worker" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    assert len(workers) == 2
    os.kill(workers[0], signal.SIGKILL)
    until(lambda: market.said("killed by SIGKILL"), "the death to be told")
    until(lambda: market.json("ctl", "status")["sessions"] >= 50, "its participants to be back")
    began_s = time.monotonic()
    assert market.stop(signal.SIGTERM) == 0
    assert time.monotonic() - began_s < STOP_S
    assert processes_of(data) == []


def test_a_second_ctrl_c_changes_nothing(data: Path, started: list[Running]) -> None:
    market = start(started, data, "--no-postgres", "--demo-rate", "4")
    for _ in range(3):
        market.process.send_signal(signal.SIGINT)
        time.sleep(0.02)
    assert market.end() == 0, market.text
    assert market.said("stopped after")
    assert processes_of(data) == []


def test_ctrl_c_before_it_is_live_is_no_failure(data: Path, started: list[Running]) -> None:
    market = Running(data, "--no-demo", "--no-postgres")
    started.append(market)
    until(lambda: market.said("starting the market"), "the start")
    assert market.stop() == 0, market.text
    assert market.said("stopped before the market was live") or market.said("stopped after")
    assert processes_of(data) == []


def test_an_operator_may_shut_it_down(data: Path, started: list[Running]) -> None:
    market = start(started, data, "--no-demo", "--no-postgres")
    market.ctl("shutdown", "--yes")
    assert market.end() == 0
    assert market.said("shut down by an operator")


def test_an_engine_that_is_killed_is_told_and_nothing_is_lost(data: Path, started: list[Running]) -> None:
    market = start(started, data, "--no-demo", "--no-postgres")
    market.ctl("set-account", "ann", "--new", "--cash", "5")
    os.kill(market.engine["pid"], signal.SIGKILL)
    assert market.end() == 1
    assert market.said("killed by SIGKILL; nothing acknowledged is lost")
    assert market.said("Start it again: ")
    again = start(started, data, "--no-demo", "--no-postgres")
    assert [row["cash"] for row in again.json("ctl", "accounts")["rows"] if row["name"] == "ann"] == [5_000_000]


def test_postgres_does_not_outlive_an_engine_that_is_killed(data: Path, started: list[Running]) -> None:
    market = start(started, data, "--no-demo")
    until(lambda: market.json("ctl", "status")["projector"]["state"] == "running", "the read models")
    market.ctl("set-account", "ann", "--new", "--cash", "5")
    os.kill(market.engine["pid"], signal.SIGKILL)
    assert market.end() == 1
    assert market.said("PostgreSQL, which it left running, is stopped")
    until(lambda: not processes_of(data), "the projector to end")
    again = start(started, data, "--no-demo")
    until(lambda: again.json("ctl", "status")["projector"]["state"] == "running", "the read models")
    until(lambda: again.json("ctl", "status")["projector"]["lag"] == 0, "all in Postgres")
    assert again.stop() == 0
    assert processes_of(data) == []


def test_an_engine_that_is_killed_during_the_first_start_leaves_nothing(data: Path, started: list[Running]) -> None:
    market = start(started, data, "--no-demo")
    until((data / "postgres" / "cluster.new" / "PG_VERSION").exists, "the making of the database")
    os.kill(market.engine["pid"], signal.SIGKILL)
    assert market.end() == 1
    assert not (data / "postgres" / "cluster").exists()
    until(lambda: not processes_of(data), "what made the database to end")


def test_ctrl_c_during_the_first_start_does_not_wait_for_the_database(data: Path, started: list[Running]) -> None:
    market = start(started, data, "--no-demo")
    until((data / "postgres" / "cluster.new" / "PG_VERSION").exists, "the making of the database")
    assert market.stop() == 0
    assert market.said("stopped after")
    assert not (data / "postgres" / "cluster").exists()
    assert processes_of(data) == []


def test_when_run_itself_is_killed_the_engine_stops_in_order(data: Path, started: list[Running]) -> None:
    market = start(started, data, "--no-postgres")
    market.process.kill()
    until(lambda: not processes_of(data), "all processes to end")
    assert not (data / "run" / "engine.json").exists(), "which the engine removes when it stops in order"


def test_a_port_in_use_is_named(data: Path) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        done = openbell(
            *("run", "--plain", "--no-demo", "--no-postgres", "--data", str(data)),
            *("--ports", "0", "--port", f"control={port}"),
            cwd=data.parent,
        )
    assert done.returncode == 1
    assert str(port) in done.stderr
    assert "Traceback" not in done.stderr
    assert processes_of(data) == []


def test_a_wrong_configuration_is_2(data: Path) -> None:
    path = data.parent / "wrong.toml"
    path.write_text("[ports]\nordres = 1\n")
    done = openbell("run", "--plain", "--data", str(data), "--config", str(path), cwd=data.parent)
    assert done.returncode == 2
    assert f"{path}: ports.ordres: there is no such field; did you mean orders?" in done.stderr
    assert done.stderr.splitlines()[-1].endswith("what it said is above")


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (["--config", "missing.toml"], "missing.toml"),
        (["--demo-rate", "0"], "0.01 to 100"),
        (["--port", "orders"], "NAME=NUMBER"),
        (["--port", "fix=1"], "NAME=NUMBER"),
        (["--ports", "80"], "1024"),
        (["--data", "/proc/nowhere"], "/proc/nowhere"),
    ],
)
def test_wrong_usage_is_2(options: list[str], word: str, tmp_path: Path) -> None:
    done = openbell("run", "--plain", *options, cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert word in done.stderr
    assert "Traceback" not in done.stderr


def test_a_service_manager_is_told(data: Path, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(60)
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "engine.cli",
                "run",
                "--no-demo",
                "--no-postgres",
                "--ports",
                "0",
                "--data",
                str(data),
            ],
            env=environment(NOTIFY_SOCKET=str(tmp_path / "notify")),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL,
            cwd=tmp_path,
        )
        try:
            assert manager.recv(1000).startswith(b"READY=1")
            process.send_signal(signal.SIGTERM)
            assert manager.recv(1000) == b"STOPPING=1"
            assert process.wait(60) == 0
        finally:
            process.kill()
            process.wait(10)


def test_the_sdk_operates_it_too(data: Path, started: list[Running]) -> None:
    start(started, data, "--no-demo", "--no-postgres")
    with Operator(data, name="ann") as op:
        row = op.set_instrument(symbol="ACME", tick_size="0.01", reference_price="100", lot_size=1, reason="a test")
        assert op.instrument_id("ACME") == row.instrument
        op.resume("ACME", reason="a test")
        account = op.set_account(name="ben", reason="a test")
        assert op.deposit("ben", "12.50", reason="a test") == 12_500_000
        key = op.add_key("ben", reason="a test").secret
        with sdk.connect(data, api_key=key) as client:
            order = client.buy("ACME", 0 + 1, "0.10").wait_accepted()
            orders, total = op.orders(account.account)
            assert total == 1
            assert orders[0].client_order_id == order.client_order_id
            book = op.book("ACME")
            assert [tuple(level) for level in book.bids] == [(1000, 1, 1)]
            assert book.asks == ()


@pytest.mark.slow
def test_at_a_terminal_there_is_a_screen_and_ctrl_c_leaves_it_in_order(data: Path) -> None:
    master, slave = os.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-m", "engine.cli", "run", "--ports", "0", "--no-postgres", "--data", str(data)],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env=environment(TERM="xterm-256color"),
        cwd=data.parent,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    os.close(slave)
    seen = bytearray()

    def read() -> None:
        while True:
            try:
                got = os.read(master, 65536)
            except OSError:  # the other end is closed
                return
            if not got:
                return
            seen.extend(got)

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    try:
        until(lambda: b"TIDE" in seen or b" more: " in seen, "the screen with the instruments")
        screen = seen.decode("utf-8", "replace")
        for word in (
            "OpenBell",
            "durability fsync",
            "50 participants in 2 processes",
            "Ctrl-C stops in order",
            "watch NOVA",
        ):
            assert word in screen
        os.write(master, b"\x03")  # as the key does: the terminal sends SIGINT to whoever is in front
        assert process.wait(60) == 0
        reader.join(5)
        after = seen.decode("utf-8", "replace").rpartition("\x1b[?1049l")[2]  # where the screen is left
        assert "stopping in order" in after
        assert "stopped after" in after
        assert "Traceback" not in after
    finally:
        process.kill()
        process.wait(10)
        os.close(master)
    assert processes_of(data) == []
