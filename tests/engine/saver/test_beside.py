"""Snapshots that are made beside a real engine: when they are due, and when either of the two is killed."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from engine import config as configuration
from engine import snapshots
from engine.journal.verify import verify
from engine.process import Engine
from engine.saver import saving
from tests.engine.process.running import Running
from tests.engine.process.test_overload import engine_of
from tests.engine.saver.processes import (
    WATCHED,
    half_files,
    keeper_of,
    lives,
    numbers,
    said,
    saved_beside,
    trade,
    until,
    worker_of,
)  # fmt: skip
from tests.engine.standby.standing import PRIMARY, Standing

pytestmark = pytest.mark.timeout(900)  # on a busy machine it takes its time: it is the last that is served
DUE = "[snapshots]\nevery_commands = 300\nevery_s = 0\n"


def pid_of(engine: Running) -> int:
    assert engine.process is not None
    return engine.process.pid


def has_saved(engine: Running, count: int) -> bool:
    """Whether so many snapshots were made beside it."""
    return len(saved_beside(engine)) >= count


def held(engine: Running) -> int:
    """Have a snapshot be due, and its process stand still; its pid."""
    trade(engine, 400)
    worker: int = until(lambda: worker_of(pid_of(engine)), "a process that saves")
    os.kill(worker, signal.SIGSTOP)
    return worker


@pytest.mark.parametrize("durability", ["fsync", "memory"])
def test_it_is_made_when_it_is_due_and_is_what_the_journal_gives(tmp_path: Path, durability: str) -> None:
    with Running(tmp_path, WATCHED + DUE, "--durability", durability) as engine:
        for count in (1, 2):
            trade(engine, 400)
            until(partial(has_saved, engine, count), "a snapshot")
        made = saved_beside(engine)
        assert engine.stop() == 0
        assert set(made) <= set(numbers(engine.data))
        found = verify(engine.data, replay=True)
        assert found.error is None
        assert [one["problem"] for one in found.snapshots] == [None] * len(found.snapshots)
        keeper = keeper_of(pid_of(engine))
        assert keeper is None or not lives(keeper)
        assert said(engine, "a snapshot was not written") == []


async def test_a_market_goes_on_from_it(tmp_path: Path) -> None:
    with Running(tmp_path, WATCHED + DUE) as running:
        trade(running, 400)
        until(lambda: saved_beside(running), "a snapshot")
        trade(running, 20)
        running.kill()
        (seq,) = saved_beside(running)[-1:]
    engine = Engine(running.data, configuration.load([tmp_path / "market.toml", tmp_path / "more.toml"]))
    engine.history_commands = 0
    await engine.start()
    try:
        assert engine.recovered.snapshot_seq == seq
        assert engine.recovered.replayed > 0
        assert engine.recovered.ignored == []
    finally:
        await engine.stop()
    assert verify(running.data, replay=True).error is None


def test_the_engine_is_killed_meanwhile(tmp_path: Path) -> None:
    with Running(tmp_path, DUE) as engine:
        worker = held(engine)
        keeper = keeper_of(pid_of(engine))
        assert keeper is not None
        engine.kill()
        until(lambda: not lives(worker) and not lives(keeper), "the end of both")
        assert numbers(engine.data) == []
        engine.start()
        trade(engine, 400)
        until(lambda: saved_beside(engine), "a snapshot")
        assert engine.stop() == 0
        assert half_files(engine.data) == []
        assert verify(engine.data, replay=True).error is None


def test_the_process_is_killed_meanwhile(tmp_path: Path) -> None:
    with Running(tmp_path, DUE) as engine:
        worker = held(engine)
        os.kill(worker, signal.SIGKILL)
        (line,) = until(lambda: said(engine, "a snapshot was not written"), "a warning")
        assert line["level"] == "warning"
        assert line["why"] == "the process that saves has ended with code -9: "
        assert line["again_s"] == saving.AGAIN_S
        with engine.operator() as operator:
            assert f"no snapshot was written: {line['why']}" in operator.status().warnings
        trade(engine, 10)  # the market goes on
        assert numbers(engine.data) == []


def test_both_processes_are_killed_meanwhile(tmp_path: Path) -> None:
    with Running(tmp_path, DUE) as engine:
        worker, keeper = held(engine), keeper_of(pid_of(engine))
        assert keeper is not None
        os.kill(keeper, signal.SIGKILL)
        os.kill(worker, signal.SIGCONT)
        (line,) = until(lambda: said(engine, "a snapshot was not written"), "a warning")
        assert line["why"] == "the process that saves has ended"
        until(lambda: not lives(worker), "the end of the worker")  # nobody waits for it any more
        trade(engine, 10)
        with engine.operator() as operator:
            operator.snapshot(reason="by the engine itself")
        assert len(numbers(engine.data)) == 1


async def test_it_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saving, "AGAIN_S", 0.2)
    engine, log = engine_of(tmp_path, "[snapshots]\nevery_s = 0.5\n")
    await engine.start()
    try:
        worker = await _soon(lambda: worker_of(os.getpid()))
        for pid in (keeper_of(os.getpid()), worker):
            os.kill(pid, signal.SIGKILL)
        await _soon(lambda: "a snapshot was not written" in log.getvalue())
        before = len(log.getvalue())
        await _soon(lambda: '"beside": true' in log.getvalue()[before:])
    finally:
        await engine.stop()
    assert verify(tmp_path, replay=True).error is None


async def _soon(done: Callable[[], Any]) -> int:
    for _ in range(6000):
        if found := done():
            return int(found)
        await asyncio.sleep(0.02)
    raise AssertionError("waited in vain")


def test_one_that_is_asked_for_comes_first(tmp_path: Path) -> None:
    with Running(tmp_path, DUE) as engine:
        worker = held(engine)
        with engine.operator() as operator:
            operator.snapshot(reason="before maintenance")
        until(lambda: not lives(worker), "the end of what is not needed any more")
        (seq,) = numbers(engine.data)
        trade(engine, 400)  # and the next one is made beside again
        until(lambda: saved_beside(engine), "a snapshot")
        assert numbers(engine.data)[0] == seq
        assert said(engine, "a snapshot was not written") == []


def test_a_stop_in_order_does_not_wait_for_it(tmp_path: Path) -> None:
    with Running(tmp_path, DUE) as engine:
        worker = held(engine)
        assert engine.stop() == 0
        until(lambda: not lives(worker), "its end")
        (seq,) = numbers(engine.data)
        assert verify(engine.data, replay=True).last_seq == seq


def test_it_may_be_done_by_the_engine(tmp_path: Path) -> None:
    with Running(tmp_path, DUE + "beside = false\n") as engine:
        trade(engine, 400)
        (line, *_) = until(lambda: said(engine, "snapshot written"), "a snapshot")
        assert "beside" not in line
        assert keeper_of(pid_of(engine)) is None
        assert line["snapshot_seq"] in numbers(engine.data)


def test_a_standby_saves_beside_itself_too(tmp_path: Path) -> None:
    with (
        Running(tmp_path / "primary", PRIMARY + DUE) as engine,
        Standing(tmp_path / "standby", engine.data, PRIMARY + DUE) as standby,
    ):
        standby.wait_for(trade(engine, 1000))
        until(lambda: '"beside": true' in standby.words(), "a snapshot of the standby")
        until(lambda: saved_beside(engine), "a snapshot of the primary")
        assert standby.stop() == 0
        found = verify(standby.data, replay=True)
        assert found.error is None
        assert [one["problem"] for one in found.snapshots] == [None] * len(found.snapshots)
        assert len(snapshots.listed(standby.data)) >= 1
