"""What a standby must not follow: each mistake is named, with what to do."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from openbell import wire
from openbell.wire import CommandKind

from engine import snapshots
from engine.journal import segment
from engine.journal.commands import split
from engine.journal.reader import JournalReader
from ext.core import Core
from tests.engine.process.running import Running
from tests.engine.standby.standing import PRIMARY, Standing, until
from tests.engine.standby.test_following import trade


@pytest.fixture(scope="module")
def primary(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with Running(tmp_path_factory.mktemp("primary"), PRIMARY) as engine:
        trade(engine, 500)
        yield engine


def copy_of(engine: Running, folder: Path) -> Path:
    """A directory with the market's files as they are now."""
    (folder / "market").mkdir(parents=True)
    for name in ("journal", "snapshots", "keys"):
        if (engine.data / name).exists():
            shutil.copytree(engine.data / name, folder / "market" / name)
    return folder


def test_the_directory_of_another_market(primary: Running, tmp_path: Path) -> None:
    with Running(tmp_path / "other", PRIMARY) as other:
        trade(other, 10)
    said = Standing(tmp_path / "other", primary.data).refused()
    assert "the standby's directory has the journal of market" in said
    assert "give it a directory of its own (--data)" in said


def test_the_directory_of_the_primary_itself(primary: Running, tmp_path: Path) -> None:
    standby = Standing(tmp_path, primary.ports["orders"].removeprefix("tcp://"))
    standby.data = primary.data
    standby.of = ",".join(primary.ports[name] for name in ("orders", "market_data", "snapshots", "control"))
    assert "is in use by another engine" in standby.refused()


def test_a_standby_that_is_ahead(primary: Running, tmp_path: Path) -> None:
    """As where the primary's machine has lost its last files, and a copy was put there."""
    with Running(tmp_path / "later", PRIMARY) as later:
        first = trade(later, 10)
        copy_of(later, tmp_path / "copy")
        last = trade(later, 10)
    with Running(tmp_path / "copy", PRIMARY) as restored:
        said = Standing(tmp_path / "later", restored.data).refused()
    assert first < last
    assert f"up to seq {last} of epoch 1, which ended with seq {first}" in said
    assert "restored from an older copy" in said
    assert f"openbell journal cut --after {first}" in said


def test_a_journal_that_went_on_by_itself(primary: Running, tmp_path: Path) -> None:
    """Two starts of one market's files: what the one journaled was never part of the other."""
    folder = copy_of(primary, tmp_path / "copy")
    with Running(folder, PRIMARY) as twin:
        trade(twin, 20)
    trade(primary, 100)
    said = Standing(folder, primary.data).refused()
    assert "is of epoch 2, this primary's of epoch 1: another one has been the primary since" in said


def test_a_journal_that_was_changed(primary: Running, tmp_path: Path) -> None:
    folder = copy_of(primary, tmp_path / "copy")
    newest = segment.segments(folder / "market" / "journal")[-1]
    head = segment.read_head(newest)
    with newest.path.open("r+b") as file:
        file.write(dataclasses.replace(head, created_ns=head.created_ns + 1).pack())
    said = Standing(folder, primary.data).refused()
    assert "is not this one" in said
    assert "openbell journal verify --chain" in said


def test_a_primary_without_a_port_for_it(tmp_path: Path) -> None:
    with Running(tmp_path / "plain") as plain:
        assert "takes no standby: give it a port" in Standing(tmp_path / "standby", plain.data).refused()


def test_a_standby_of_a_standby(primary: Running, tmp_path: Path) -> None:
    with Standing(tmp_path / "first", primary.data) as first:
        said = Standing(tmp_path / "second", first.data).refused()
        assert "is a standby itself; the primary that it follows is 127.0.0.1:" in said


def test_a_state_that_is_another_one_stops_the_standby(primary: Running, tmp_path: Path) -> None:
    """Its journal is right and its snapshot is not: as after a fault of its memory, or a bug of one release."""
    trade(primary, 8000)
    with primary.operator() as operator:
        operator.snapshot(reason="for a standby")
    folder = copy_of(primary, tmp_path / "copy")
    data = folder / "market"
    saved = snapshots.listed(data)[-1]
    found, wrong = snapshots.load(saved.path), Core()
    with JournalReader(data / "journal") as reader:
        while commands := reader.read(saved.seq):
            wrong.apply(richer(commands))
    assert wrong.seq == saved.seq
    assert wrong.state_hash() != found.state_hash
    snapshots.save(data, wrong, found.extra)
    segment.segments(data / "journal")[0].path.unlink()  # so that the snapshot is needed
    standby = Standing(folder, primary.data)
    standby.launch()
    trade(primary, 10)
    process = standby.process
    assert process is not None
    until(lambda: process.poll() is not None, "the standby's end")
    said = standby.words().strip().splitlines()[-1]
    assert process.returncode == 1
    assert "the state after seq" in said
    assert "Do not promote this standby" in said
    assert not saved.path.exists()  # it has what is wrong in it


def richer(commands: bytes) -> bytes:
    """The same with 1e-6 more in each deposit."""
    made = []
    for rows in split(commands):
        if rows.dtype == wire.ADMIN_COMMAND and rows["kind"][0] == CommandKind.DEPOSIT:
            rows = rows.copy()
            rows["value0"] += 1
        made.append(rows.tobytes())
    return b"".join(made)
