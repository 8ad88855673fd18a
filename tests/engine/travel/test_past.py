"""The states that a market had, against a core that is brought there command by command from the first one."""

from __future__ import annotations

import shutil
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from openbell import wire
from openbell.errors import InvalidInput

from engine import snapshots
from engine.journal import segment
from engine.journal.commands import split
from engine.journal.errors import JournalError
from engine.journal.reader import JournalReader
from engine.lock import MarketLock
from engine.status_map import FILE, StatusMap
from engine.travel.moment import Moment
from engine.travel.past import Past
from ext.core import Core
from tests.engine.journal.batches import contents
from tests.engine.markets import NAMES, START_NS, SYMBOLS, Trading

GOLDEN = Path(__file__).parents[1] / "journal" / "golden"


def brute(data: Path, seq: int) -> Core:
    """The state by the longest way: every command by itself, from the first one on."""
    core = Core()
    for run in split(contents(data / "journal")):
        for command in run:
            if core.seq < seq:
                core.apply(command.tobytes())
    assert core.seq == seq
    return core


def test_any_command(market: Trading, seed: int) -> None:
    past = Past(market.data)
    assert (past.first, past.last) == (1, market.seq)
    saved = [one.seq for one in snapshots.listed(market.data)]
    picked = np.random.default_rng(seed).integers(1, past.last + 1, 6).tolist()
    for seq in sorted({1, *picked, *saved, saved[0] - 1, saved[1] + 1, past.last}):
        view = past.at(seq)
        assert (view.seq, view.core.state_hash()) == (seq, brute(market.data, seq).state_hash()), seq


def test_any_time(market: Trading) -> None:
    times: list[int] = []
    for run in split(contents(market.data / "journal")):
        times += run["ts_ns"].tolist()
    past = Past(market.data)
    moments = {times[0], times[0] + 1, times[300] - 1, times[300], times[-1], times[-1] + 10**15}
    for ts_ns in moments:
        expected = sum(one <= ts_ns for one in times)
        text = f"{datetime.fromtimestamp(ts_ns // 10**9, UTC):%Y-%m-%dT%H:%M:%S}.{ts_ns % 10**9:09}Z"
        assert (past.seq(text), past.at(text).seq) == (expected, expected), text
    as_datetime = datetime.fromtimestamp((times[300] + 1000) / 1e9, UTC)
    assert past.at(as_datetime).seq == sum(one <= round(as_datetime.timestamp() * 1e6) * 1000 for one in times)


def test_a_view_shows_what_the_core_has(market: Trading) -> None:
    """Books by adding up orders one by one; accounts, positions and orders by all their fields."""
    view = Past(market.data).at(market.seq - 150)
    core = brute(market.data, view.seq)
    orders = np.frombuffer(core.orders(), wire.ORDER_ROW)
    assert len(orders) > 20
    for number, symbol in enumerate(SYMBOLS):
        totals: dict[tuple[int, int], list[int]] = defaultdict(lambda: [0, 0])
        for row in orders[(orders["instrument"] == number) & (orders["place"] == wire.Place.BOOK)]:
            total = totals[int(row["side"]), int(row["price"])]
            total[0] += int(row["shown"])
            total[1] += 1
        book = view.book(symbol, 1000)
        assert (book.instrument.symbol, book.seq) == (symbol, view.seq)
        sides = enumerate((book.bids, book.asks))
        found = {(side, level.price): [*level[1:]] for side, levels in sides for level in levels}
        assert found == totals
        assert [level.price for level in book.bids] == sorted((level.price for level in book.bids), reverse=True)
        assert [level.price for level in book.asks] == sorted(level.price for level in book.asks)
        assert view.book(symbol, 2).bids == book.bids[:2]
    for number, name in enumerate(NAMES):
        (row,) = (one for one in np.frombuffer(core.accounts(), wire.ACCOUNT_ROW) if one["account"] == number)
        account = view.account(name)
        assert (account.name, account.cash, account.hold) == (name, int(row["cash"]), int(row["hold"]))
        assert view.account(str(number)) == view.account(number) == account
        positions = np.frombuffer(core.positions(number), wire.POSITION_ROW)
        assert [(one.symbol, one.qty, one.cost) for one in view.positions(name)] == [
            (SYMBOLS[row["instrument"]], row["qty"], row["cost"]) for row in positions
        ]
        mine = [one.order_id for one in view.orders(name)]
        assert mine == np.frombuffer(core.orders(number), wire.ORDER_ROW)["order_id"].tolist()
    assert [one.order_id for one in view.orders()] == orders["order_id"].tolist()
    assert {one.symbol for one in view.orders(instrument="bell")} == {"BELL"}


def test_what_there_is_not(market: Trading) -> None:
    past = Past(market.data)
    for when, text, limit in (
        (market.seq + 1, f"when: seq {market.seq + 1:,} is beyond the last command, {market.seq:,}", market.seq),
        ("0", "when: seq 0 is before the first command, 1", 1),
        ("1999-12-31T00:00Z", "before the first command of 2023-11-14 22:13:20.001000000 UTC", START_NS + 1_000_000),
        ("2999-12-31T00:00Z", "and yet to come; the last command is of 2023-11-14", market.ts_ns),
    ):
        with pytest.raises(InvalidInput) as told:
            past.at(when)
        assert text in str(told.value)
        assert (told.value.field, told.value.limit) == ("when", limit)
    view = past.at(3)
    with pytest.raises(InvalidInput, match=r"instrument: there was no instrument 'CORN' at seq 3; .*ACME") as told:
        view.book("CORN")
    assert (told.value.field, told.value.value) == ("instrument", "CORN")
    with pytest.raises(InvalidInput, match=r"account: there was no account 'alice' at seq 3; there are none yet"):
        view.account("alice")


def test_of_no_market(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="there is no journal"):
        Past(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_folder_of_the_journal_will_do(market: Trading) -> None:
    assert Past(market.data / "journal").data.resolve() == market.data.resolve()


def test_a_journal_whose_beginning_was_moved_away(market: Trading, shortened: Path) -> None:
    data, kept = shortened, snapshots.listed(shortened)[-1].seq
    past = Past(data)
    assert 1 < past.journal_first <= kept + 1
    assert past.first == kept
    for seq in (kept, kept + 1, past.last):
        assert past.at(seq).core.state_hash() == brute(market.data, seq).state_hash()
    text = f"seq {kept - 1:,} is before what is kept: the journal begins with {past.journal_first:,}, its first snap"
    with pytest.raises(InvalidInput, match=text) as told:
        past.at(kept - 1)
    assert told.value.limit == kept
    with pytest.raises(InvalidInput, match=r"before the first snapshot that is kept, of seq"):
        past.at("2023-11-14T22:13:20.001Z")
    for saved in snapshots.listed(data):
        saved.path.unlink()
    with pytest.raises(JournalError, match="there is no snapshot from there on"):
        Past(data)


def test_a_snapshot_that_is_damaged_is_passed_over(market: Trading, tmp_path: Path) -> None:
    data = tmp_path / "copy"
    shutil.copytree(market.data, data)
    path = snapshots.listed(data)[-1].path
    path.write_bytes(path.read_bytes()[:-1])
    assert Past(data).at(market.seq).core.state_hash() == market.core.state_hash()


def test_a_running_market_is_read_as_far_as_it_is_durable(market: Trading, tmp_path: Path) -> None:
    data = tmp_path / "copy"
    shutil.copytree(market.data, data)
    with MarketLock(data):
        status = StatusMap.create(data / FILE)
        with pytest.raises(JournalError, match="no command yet, or none that is durable"):
            Past(data)
        status.durable_seq = market.seq - 40
        past = Past(data)
        assert past.last == past.at("-1s").seq == market.seq - 40
        with pytest.raises(InvalidInput, match="is beyond the last command"):
            past.at(market.seq)
        status.close()


def test_times_in_a_journal_of_an_earlier_release(tmp_path: Path) -> None:
    """Its segments have shorter heads."""
    shutil.copytree(GOLDEN / "version1" / "journal", tmp_path / "journal")
    past = Past(tmp_path)
    assert len(segment.segments(past.journal)) > 1
    with JournalReader(past.journal, 1) as reader:
        times = [int(row["ts_ns"]) for data in iter(reader.read, b"") for run in split(data) for row in run]
    for ts_ns in times:
        assert past.seq(Moment("then", ts_ns=ts_ns)) == np.searchsorted(times, ts_ns, "right")
