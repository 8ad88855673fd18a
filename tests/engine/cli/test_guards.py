"""`openbell order dead-man`, `ctl sessions`, `ctl disarm`, from end to end; and what the journal says of them."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import openbell
import pytest

from tests.engine.cli.running import Running, environment


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running = Running(tmp_path_factory.mktemp("guards") / "m", "--no-demo", "--no-postgres")
    try:
        running.live()
        running.ctl("set-instrument", "ACME", "--new", "--price", "100", "--open")
        running.ctl("set-account", "ann", "--new", "--cash", "1,000,000")
        running.ctl("add-key", "ann")
        yield running
    finally:
        running.kill()


def live(market: Running) -> int:
    return int(market.json("ctl", "orders", "--account", "ann")["total"])


def test_armed_seen_disarmed(market: Running) -> None:
    market.json("order", "buy", "ACME", "1", "99")
    armed = market.json("order", "dead-man", "60", "--keep-gtc")
    assert armed["timeout_s"] == 60
    (timer,) = market.json("ctl", "sessions")["timers"]
    assert (timer["account_name"], timer["session"], timer["deadline_ns"]) == ("ann", 0, armed["fires_ns"])
    shown = market.cli("ctl", "sessions").stdout
    assert "spares GTC and GTD" in shown
    assert "nobody is logged in" in shown
    with openbell.connect(market.data, account="ann", name="a program", cancel_on_disconnect=True):
        shown = market.cli("ctl", "sessions").stdout
        assert "a program" in shown
        assert "cancels" in shown
        assert "on disconnect" in shown
    refused = market.cli("ctl", "disarm", "ann", "--reason", "x")
    assert refused.returncode != 0
    assert "--yes" in refused.stderr
    done = market.cli("ctl", "disarm", "ann", "--yes", "--reason", "they are at lunch")
    assert done.stdout == "the dead-man timer of ann is disarmed\n"
    assert market.cli("ctl", "disarm", "ann", "--yes", "--reason", "again").stdout == "ann had no timer armed\n"
    assert market.json("ctl", "sessions")["timers"] == []
    assert live(market) == 1
    assert market.cli("order", "dead-man", "0").stdout.startswith("disarmed")
    journal = market.cli("journal", "show").stdout
    assert "all orders: armed for 60 s KEEP_GTC" in journal
    assert "they are at lunch" in journal
    assert "has ended" in journal
    market.ctl("cancel-all", "--yes")


def test_it_lapses(market: Running) -> None:
    market.json("order", "buy", "ACME", "1", "99")
    said = market.cli("order", "dead-man", "1").stdout
    assert said.startswith("armed: all orders are cancelled at ")
    time.sleep(1.6)
    assert live(market) == 0


def test_wrong_times(market: Running) -> None:
    for text in ("0.5", "3601", "-3", "soon"):
        done = market.cli("order", "dead-man", text)
        assert done.returncode != 0
        assert "timeout_s" in done.stderr or "no time" in done.stderr, done.stderr


def test_renewed_until_ctrl_c(market: Running) -> None:
    market.json("order", "buy", "ACME", "1", "99")
    program = [sys.executable, "-m", "engine.cli", "order", "dead-man", "1", "--renew", "--data", str(market.data)]
    child = subprocess.Popen(
        program, env=environment(), cwd=Path(market.data).parent, stdout=subprocess.PIPE, text=True
    )
    try:
        assert child.stdout is not None
        assert child.stdout.readline().startswith("armed")
        time.sleep(2.5)
        assert live(market) == 1
        child.send_signal(signal.SIGINT)
        assert child.wait(10) == 0
        assert "not renewed any more" in child.stdout.read()
    finally:
        child.kill()  # where it did not end: it would renew for ever
    time.sleep(1.6)
    assert live(market) == 0
