"""A standby takes the place of its primary, and never while that one may acknowledge anything."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import openbell
import pytest
from openbell.session import Session

from engine.standby.epochs import Epochs
from engine.store.embedded import EmbeddedPostgres
from tests.engine.process.running import ROOT, Running, environment
from tests.engine.process.test_planned import weekday
from tests.engine.standby.standing import PRIMARY, Standing, until
from tests.engine.standby.test_following import trade


def leased(dsn: str, lease_ms: int = 1500, **more: object) -> str:
    fields = {"lease": dsn, "lease_ms": lease_ms, "checkpoint_s": 0.2, **more}
    text = "".join(f"{name} = {json.dumps(value)}\n" for name, value in fields.items())
    return f"[ports]\nstandby = 0\n[journal]\nsegment_bytes = 1048576\n[standby]\n{text}"


def is_primary(standby: Standing) -> bool:
    try:
        return bool(standby.about()["role"] == "primary")
    except openbell.OpenBellError:
        return False  # its ports are opened anew


def ctl(standby: Standing, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "engine.cli", "ctl", *arguments, "--data", str(standby.data), "--operator", "ann"]
    return subprocess.run(command, env=environment(), cwd=ROOT, capture_output=True, text=True, timeout=60)


def epochs_of(data: Path) -> list[tuple[int, str, str]]:
    """Number, operator and reason of each epoch in a journal."""
    shown = subprocess.run(
        [sys.executable, "-m", "engine.cli", "journal", "show", "--kind", "NOTE", "--json", "--data", str(data)],
        env=environment(), capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    rows = [json.loads(line) for line in shown.stdout.splitlines()]
    return [(row["value0"], row["operator"], row["reason"]) for row in rows if row["name"] == "epoch"]


def test_an_operator_promotes_while_the_primary_lives_and_nothing_is_lost(tmp_path: Path, dsn: str) -> None:
    more = leased(dsn)
    with Running(tmp_path / "primary", more) as engine, Standing(tmp_path / "standby", engine.data, more) as standby:
        seen_seq = trade(engine, 500)
        with engine.client("alice") as client:
            client.buy("AAA", 3, "90.00").wait_accepted()
        assert ctl(standby, "promote", "--reason", "planned").returncode == 2  # nobody to ask, and no --yes
        watching = openbell.Client(standby.data, account="alice", keep_events=True)
        done = ctl(standby, "promote", "--yes", "--reason", "planned")
        assert done.returncode == 0, done.stderr
        assert "it is the primary, epoch 2" in done.stdout
        assert "the one before has handed over" in done.stdout
        assert engine.process is not None
        assert engine.process.wait(10) == 0
        with standby.operator() as operator:
            assert operator.status().sequence > seen_seq
        with openbell.Client(standby.data, account="alice") as client:
            assert client.info["role"] == "primary"
            assert len([one for one in client.orders() if one.price == 90_0000]) == 1
            client.sell("AAA", 1, "120.00").wait_accepted()
            # Who was logged in at the standby goes on where it was, and is no hindrance to others.
            watching.wait_until(lambda: watching.info["role"] == "primary" and watching.is_online, 10.0)
            assert watching.sell("AAA", 1, "121.00").wait_accepted().is_open
            assert watching.account_seq() >= client.account_seq()
            watching.close()
        assert epochs_of(standby.data) == [
            (1, "standby", "a start of the primary"), (2, "ann", "planned")
        ]  # fmt: skip
        # The one before, started as if nothing had happened, finds out before it journals anything.
        with pytest.raises(AssertionError, match="it is not the primary any more"):
            engine.start()
        # As a standby of the new one it goes on.
        back = Standing(tmp_path / "primary", standby.data, more)
        with back:
            back.wait_for(trade_at(standby, 20))
            assert back.about()["epoch"] == 2


def gains_of(operator: openbell.Operator) -> list[tuple[int, int, int, int]]:
    """What does not depend on marks, which follow by TICKs."""
    return [(one.account, one.instrument, one.cost_fifo, one.realized_fifo) for one in operator.gains()]


def test_what_is_planned_and_what_was_gained_goes_along(tmp_path: Path, dsn: str) -> None:
    more = leased(dsn) + '[market]\nday_end = "23:59"\n'
    with Running(tmp_path / "primary", more) as engine, Standing(tmp_path / "standby", engine.data, more) as standby:
        trade(engine, 50)
        with engine.operator() as operator:
            operator.plan_dividend("AAA", "0.25", ex=weekday(3), pay=weekday(20), reason="of the quarter")
            planned = operator.planned_actions()
            lots, gained = operator.lots(), gains_of(operator)
            standby.wait_for(operator.status().sequence)
        assert planned and lots.total
        with standby.operator() as operator:
            assert operator.planned_actions() == planned
            assert operator.lots() == lots
        done = ctl(standby, "promote", "--yes", "--reason", "planned")
        assert done.returncode == 0, done.stderr
        with standby.operator() as operator:
            assert operator.planned_actions() == planned
            assert operator.lots() == lots
            assert gains_of(operator) == gained
            (split,) = operator.plan_split("BBB", 2, 1, on=weekday(5), reason="as the company said")
            assert split.number == planned[-1].number + 1
            assert operator.remove_action(planned[0].number, reason="not this year") == planned[0]
        trade_at(standby, 5)


def trade_at(standby: Standing, count: int) -> int:
    """Some orders at a standby that is the primary by now."""
    with openbell.Client(standby.data, account="bob") as client:
        for _ in range(count):
            client.sell("BBB", 1, "55.00").wait_accepted()
    with standby.operator() as operator:
        return operator.status().sequence


def test_a_paused_primary_that_wakes_up_lets_nothing_out(tmp_path: Path, dsn: str) -> None:
    more = leased(dsn, promote="supervised", promote_after_ms=300)
    with Running(tmp_path / "primary", more) as engine, Standing(tmp_path / "standby", engine.data, more) as standby:
        with engine.client("alice") as client:
            client.buy("AAA", 3, "90.00").wait_accepted()
            key = engine.api_key("alice")
            assert engine.process is not None
            socket = engine.dealer("orders")
            socket.send(Session(key, "by hand").login())
            assert b"accounts" in socket.recv()
            session = Session(key, "by hand")
            session.next_number()
            engine.process.send_signal(signal.SIGSTOP)
            time.sleep(0.2)  # what was under way has arrived
            while socket.poll(0):
                socket.recv()
            # While it sleeps its clients go on sending; their frames wait in the machine.
            for _ in range(50):
                socket.send(session.query("orders", account=1)[1])
            until(lambda: is_primary(standby), "the promotion", 20)
            engine.process.send_signal(signal.SIGCONT)
            assert engine.process.wait(10) == 1
            answers = []
            while socket.poll(200):
                answers.append(socket.recv())
            assert [one for one in answers if b'"rows"' in one] == []
            said = engine.log.read_text().strip().splitlines()[-1]
            assert "fenced: this market's journal is of epoch 1, and the lease of epoch 2" in said
            assert "openbell standby --of 127.0.0.1:" in said
        assert trade_at(standby, 5)


def test_a_primary_that_renews_its_lease_cannot_be_replaced(tmp_path: Path, dsn: str) -> None:
    """The standby has lost it, and it lives."""
    more = leased(dsn, 800)
    with Running(tmp_path / "primary", more) as engine, Standing(tmp_path / "standby", engine.data, more) as standby:
        trade(engine, 10)
        path = engine.data / "run" / "engine.json"
        kept = path.read_text()
        body = json.loads(kept)
        path.write_text(json.dumps({**body, "ports": {**body["ports"], "control": "tcp://127.0.0.1:9"}}))
        # Its connection breaks, and it does not find the primary any more.
        standby.kill()
        standby.start()
        with standby.operator() as operator, pytest.raises(openbell.OperatorRefused, match="renews its lease") as held:
            operator.promote(reason="a mistake")
        assert held.value.code == "held"
        path.write_text(kept)
        until(lambda: standby.about()["is_connected"], "the primary again")
        assert trade(engine, 10)


def test_without_a_lease_only_a_primary_that_answers_is_replaced(tmp_path: Path) -> None:
    with Running(tmp_path / "primary", PRIMARY) as engine, Standing(tmp_path / "standby", engine.data) as standby:
        trade(engine, 10)
        with engine.operator() as operator, pytest.raises(openbell.OperatorRefused, match="this is the primary"):
            operator.promote(reason="a mistake")
        engine.kill()
        until(lambda: not standby.about()["is_connected"], "the news")
        with standby.operator() as operator, pytest.raises(openbell.OperatorRefused, match="without a lease"):
            operator.promote(reason="it is dead")
        engine.start()
        until(lambda: standby.about()["is_connected"], "the primary again")
        with standby.operator() as operator:
            assert operator.promote(reason="planned").handed_over
        until(lambda: is_primary(standby), "the promotion")
        assert engine.process is not None
        assert engine.process.wait(10) == 0
        assert trade_at(standby, 3)


def test_the_market_goes_on_for_as_long_as_the_lease_when_its_database_is_gone(tmp_path: Path) -> None:
    postgres = EmbeddedPostgres(tmp_path / "lease")
    dsn = asyncio.run(postgres.start())
    try:
        with Running(tmp_path / "primary", leased(dsn, 1500)) as engine, engine.client("alice") as client:
            client.buy("AAA", 1, "90.00").wait_accepted()
            asyncio.run(postgres.stop())
            client.buy("AAA", 1, "90.00").wait_accepted()  # the lease is good still

            def warned(text: str) -> bool:
                with engine.operator() as operator:
                    return any(text in one for one in operator.status().warnings)

            until(lambda: warned("the lease has ended, and no answer leaves"), "the end of the lease")
            order = client.buy("AAA", 1, "90.00")
            with pytest.raises((openbell.TimedOut, openbell.Refused)):
                order.wait_accepted(0.5)
            asyncio.run(postgres.start())
            until(lambda: not warned("the lease"), "the lease")

            def is_taken() -> bool:
                try:
                    return client.buy("AAA", 1, "90.00").wait_accepted(5.0).is_open
                except openbell.Refused:
                    return False

            until(is_taken, "an order")
    finally:
        asyncio.run(postgres.stop())


def test_epochs_are_kept_with_snapshots() -> None:
    known = Epochs([(1, 5), (2, 99)])
    again = Epochs()
    again.load({"epochs": known.state()})
    assert again.last == 2
