"""A snapshot made beside the engine is the one that the engine itself would have made, to the last byte."""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import dataclass
from pathlib import Path

import openbell
import pytest

from engine import config as configuration
from engine import snapshots
from engine.config import Config
from engine.market import FEED
from engine.saver.beside import Beside, NotSaved
from engine.saver.request import config_file, read_config
from engine.snapshots import Snapshot, unpacked
from ext.feed import Feed
from tests.engine.process.running import CONFIGURATION, Running
from tests.engine.saver.processes import WATCHED, half_files, numbers, trade

NEVER = "[snapshots]\nevery_commands = 0\nevery_s = 0\n"


@dataclass(frozen=True)
class Market:
    """Three snapshots that an engine made itself, and what it made them of."""

    data: Path
    config: Config
    seqs: list[int]

    def snapshot(self, seq: int) -> Snapshot:
        return snapshots.load(snapshots.folder(self.data) / f"{seq:018d}{snapshots.SUFFIX}")

    def bytes(self, seq: int) -> bytes:
        return (snapshots.folder(self.data) / f"{seq:018d}{snapshots.SUFFIX}").read_bytes()

    def copy(self, folder: Path, *kept: int) -> Path:
        """The market with these snapshots."""
        copied = shutil.copytree(self.data, folder / "copy")
        for one in snapshots.listed(copied):
            if one.seq not in kept:
                one.path.unlink()
        return copied


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Market:
    folder = tmp_path_factory.mktemp("same")
    with Running(folder, WATCHED + NEVER) as engine, engine.operator() as operator:
        # Who watches depth leaves a mark in the feed, which is no part of what happened.
        with openbell.MarketData(engine.data, channels="1", symbols=["AAA"]):
            for _ in range(3):
                trade(engine, 400)
                with engine.client("dan") as dan, engine.client("bob") as bob:
                    bob.sell("BBB", 50, "49.5").wait_accepted()
                    dan.buy("BBB", 50, "49.5").wait_filled()
                operator.snapshot(reason="to compare with")
        trade(engine, 100)
        engine.kill()
    files = [folder / "market.toml", folder / "more.toml"]
    made = Market(engine.data, configuration.load(files), numbers(engine.data))
    assert len(made.seqs) == 3
    return made


async def ask(data: Path, market: Market, seq: int, of: Snapshot) -> str:
    """Have that snapshot made in `data`, by what `of` says that the engine had told."""
    feed = Feed(1, bars=1, bars_of_each=market.config.history.bars_of_each)
    feed.load(unpacked(of.extra[FEED]))
    warned: list[str] = []
    beside = Beside(asyncio.get_running_loop(), data, market.config, warned.append)
    beside.start()
    try:
        told = await beside.save(seq, of.ts_ns, list(feed.sequences), of.extra["counts"])
    finally:
        beside.end()
    assert warned == []
    assert told.path is not None
    return told.path


@pytest.mark.parametrize("base", [None, 0, 1])
async def test_it_is_the_same_file(market: Market, tmp_path: Path, base: int | None) -> None:
    seq = market.seqs[2]
    data = market.copy(tmp_path, *([] if base is None else [market.seqs[base]]))
    before = {path.name: path.read_bytes() for path in (data / "journal").iterdir()}
    path = Path(await ask(data, market, seq, market.snapshot(seq)))
    made, own = snapshots.load(path), market.snapshot(seq)
    assert (made.seq, made.ts_ns, made.state_hash) == (own.seq, own.ts_ns, own.state_hash)
    assert list(made.extra) == list(own.extra)
    for name, value in own.extra.items():
        assert made.extra[name] == value, name
    assert set(own.extra) == {FEED, "counts", "liquidation", "epochs", "watch", "gains", "actions"}
    assert path.read_bytes() == market.bytes(seq)
    assert {path.name: path.read_bytes() for path in (data / "journal").iterdir()} == before
    assert half_files(data) == []


async def test_one_after_the_other(market: Market, tmp_path: Path) -> None:
    """Each begins with the one before, which was made beside as well."""
    data = market.copy(tmp_path)
    for seq in market.seqs:
        assert Path(await ask(data, market, seq, market.snapshot(seq))).read_bytes() == market.bytes(seq)
    assert numbers(data) == market.seqs


@pytest.mark.parametrize("what", ["the time", "the numbers of market data", "the numbers of events by kind"])
async def test_what_the_journal_does_not_give_is_not_saved(market: Market, tmp_path: Path, what: str) -> None:
    """The engine was elsewhere than the journal says, or the snapshot that it began with is wrong."""
    first, _, last = market.seqs
    data = market.copy(tmp_path, first)
    own, other = market.snapshot(last), market.snapshot(first)
    extra = {
        **own.extra,
        **({FEED: other.extra[FEED]} if "market data" in what else {}),
        **({"counts": other.extra["counts"]} if "kind" in what else {}),
    }
    ts_ns = own.ts_ns + 1 if what == "the time" else own.ts_ns
    wrong = Snapshot(own.seq, ts_ns, own.market_id, own.state_hash, extra, own.state)
    with pytest.raises(NotSaved, match=f"{what} after seq {last}: .* in the engine. One of the two is wrong"):
        await ask(data, market, last, wrong)
    assert numbers(data) == [first]
    assert half_files(data) == []


async def test_a_snapshot_that_is_damaged_is_not_begun_with(market: Market, tmp_path: Path) -> None:
    first, second, last = market.seqs
    data = market.copy(tmp_path, first, second)
    path = snapshots.listed(data)[-1].path
    damaged = bytearray(path.read_bytes())
    damaged[-100] ^= 1
    path.write_bytes(damaged)
    assert Path(await ask(data, market, last, market.snapshot(last))).read_bytes() == market.bytes(last)


async def test_it_needs_the_journal_up_to_there(market: Market, tmp_path: Path) -> None:
    data = market.copy(tmp_path, market.seqs[0])
    own = market.snapshot(market.seqs[2])
    beyond = Snapshot(own.seq + 10**6, own.ts_ns, own.market_id, own.state_hash, own.extra, own.state)
    with pytest.raises(NotSaved):
        await ask(data, market, beyond.seq, beyond)
    assert numbers(data) == [market.seqs[0]]


async def test_a_later_one_is_there_already(market: Market, tmp_path: Path) -> None:
    data = market.copy(tmp_path, market.seqs[2])
    with pytest.raises(NotSaved, match=f"there is a snapshot of seq {market.seqs[2]} already"):
        await ask(data, market, market.seqs[1], market.snapshot(market.seqs[1]))


def test_no_secret_goes_to_the_process(tmp_path: Path) -> None:
    secret = "a-key-that-nobody-else-has"
    path = tmp_path / "market.toml"
    path.write_text(f'{CONFIGURATION}\n[[operator]]\nname = "ann"\nrole = "admin"\ntoken = "{secret}"\n', "utf-8")
    config = configuration.load([path])
    assert config.operator[0].token == secret
    read = read_config(config_file(config))
    assert (read.operator, read.account, read.postgres.dsn) == ([], [], "none")
    assert (read.instrument, read.market, read.sessions) == (config.instrument, config.market, config.sessions)
