"""`openbell journal`, on a stopped market's directory and on a running one's."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from engine.cli.__main__ import main
from engine.journal import segment
from engine.journal.errors import JournalError
from engine.lock import MarketLock
from engine.recovery import recover
from tests.engine.journal.test_reader import flip
from tests.engine.markets import Trading

SETUP = 25  # commands that open the market

RUNNING = """
import sys, time
from pathlib import Path
from engine.lock import MarketLock
from engine.status_map import FILE, StatusMap
from tests.engine.markets import Trading
data = Path(sys.argv[1])
lock = MarketLock(data)
status = StatusMap.create(data / FILE)
market = Trading(data, 5)
def trade(count):
    market.trade(count)
    status.durable_seq = market.writer.durable_seq
    print(status.durable_seq, flush=True)
trade(100)
for line in sys.stdin:
    trade(int(line))
market.batch.add_orders(market.orders(5), 0, 7, bytes(4))
market.stop()
"""


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Trading:
    market = Trading(tmp_path_factory.mktemp("market"), 11)
    market.trade(300)
    market.snapshot()
    market.trade(100)
    market.stop()
    return market


def said(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, list[Any]]:
    """Exit code, and the JSON values of the lines."""
    capsys.readouterr()
    code = main(["journal", *map(str, arguments), "--json"])
    return code, [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_verify(stopped: Trading, capsys: pytest.CaptureFixture[str]) -> None:
    code, (found,) = said(capsys, "verify", "--data", stopped.data, "--replay")
    assert code == 0
    assert found["ok"]
    assert (found["commands"], found["first_seq"], found["last_seq"]) == (SETUP + 400, 1, SETUP + 400)
    assert sum(found["kinds"].values()) == SETUP + 400
    assert found["kinds"]["SET_ACCOUNT"] == 6
    assert found["state_hash"] == stopped.core.state_hash()
    assert [saved["problem"] for saved in found["snapshots"]] == [None]
    assert (found["running"], found["torn"], found["error"]) == (False, None, None)
    assert main(["journal", "verify", "--data", str(stopped.data)]) == 0
    assert "The journal is whole." in capsys.readouterr().out


def test_verify_names_what_is_damaged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    market = Trading(tmp_path, 2)
    market.trade(100)
    snapshot = market.snapshot()
    market.trade(20)
    market.stop()
    flip(snapshot, 1000)
    code, (found,) = said(capsys, "verify", "--data", tmp_path)
    assert code == 0  # the market starts without it
    assert "checksum of its content" in found["snapshots"][0]["problem"]
    assert main(["journal", "verify", "--data", str(tmp_path)]) == 0
    assert "A start passes over 1 snapshot" in capsys.readouterr().out
    path = segment.segments(tmp_path / "journal")[0].path
    flip(path, segment.HEAD_BYTES + 2000)
    code, (found,) = said(capsys, "verify", "--data", tmp_path)
    assert code == 1
    assert (found["ok"], found["path"]) == (False, str(path))
    assert segment.HEAD_BYTES < found["offset"] <= segment.HEAD_BYTES + 2000
    assert found["last_seq"] == found["commands"]  # the last good one
    assert f"seq {found['last_seq'] + 1} is not what was written" in found["error"]
    assert main(["journal", "verify", "--data", str(tmp_path)]) == 1
    said_to_people = capsys.readouterr()
    assert f"DAMAGED: {path}, offset {found['offset']}" in said_to_people.err.replace("\n", "")
    assert f"The last good command before it is seq {found['last_seq']}." in said_to_people.err
    assert "is whole" not in said_to_people.out


def test_verify_finds_all_that_a_start_refuses(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    market = Trading(tmp_path, 2)
    market.trade(400)
    snapshot = market.snapshot()
    market.stop()
    first, *_, last = segment.segments(tmp_path / "journal")
    content = last.path.read_bytes()
    last.path.unlink()
    with pytest.raises(JournalError) as refused:
        recover(tmp_path)
    code, (found,) = said(capsys, "verify", "--data", tmp_path)
    assert (code, found["error"], found["path"]) == (1, str(refused.value), str(snapshot))
    assert "its end is missing" in found["error"]
    last.path.write_bytes(content)
    first.path.unlink()
    assert said(capsys, "verify", "--data", tmp_path)[0] == 0  # the snapshot has it
    flip(snapshot, 1000)
    with pytest.raises(JournalError) as refused:
        recover(tmp_path)
    code, (found,) = said(capsys, "verify", "--data", tmp_path)
    assert (code, found["error"]) == (1, str(refused.value))
    assert "there is no valid snapshot" in found["error"]


def test_verify_replay_finds_a_snapshot_that_the_journal_does_not_give(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    market, other = Trading(tmp_path / "a", 2), Trading(tmp_path / "b", 3)
    for one in (market, other):
        one.trade(100)
    path = market.snapshot()
    path.write_bytes(other.snapshot().read_bytes())
    for one in (market, other):
        one.stop()
    code, (found,) = said(capsys, "verify", "--data", tmp_path / "a", "--replay")
    assert code == 0
    assert "the journal gives" in found["snapshots"][0]["problem"]


def test_no_journal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for act in ("verify", "show", "tail"):
        code, (found,) = said(capsys, act, "--data", tmp_path)
        assert code == 1
        assert "there is no journal" in str(found["error"])


def test_show_a_range(stopped: Trading, capsys: pytest.CaptureFixture[str]) -> None:
    code, rows = said(capsys, "show", "--data", stopped.data, "--from", "30", "--to", "33")
    assert code == 0
    assert [row["seq"] for row in rows] == [30, 31, 32, 33]
    code, rows = said(capsys, "show", "--data", stopped.data, "--from", str(SETUP + 399))
    assert [row["seq"] for row in rows] == [SETUP + 399, SETUP + 400]
    code, rows = said(capsys, "show", "--data", stopped.data)
    assert [row["seq"] for row in rows] == list(range(1, SETUP + 401))
    code, rows = said(capsys, "show", "--data", stopped.data, "--from", str(SETUP + 402))
    assert code == 1
    assert f"ends with seq {SETUP + 400}" in rows[0]["error"]["text"]


def test_show_filters(stopped: Trading, capsys: pytest.CaptureFixture[str]) -> None:
    everything = said(capsys, "show", "--data", stopped.data)[1]
    orders = [row for row in everything if row["kind"] in ("NEW_ORDER", "CANCEL", "REPLACE", "MASS_CANCEL")]
    for wanted in ("bob", "1"):
        rows = said(capsys, "show", "--data", stopped.data, "--account", wanted)[1]
        assert [row["kind"] for row in rows[:3]] == ["SET_ACCOUNT", "DEPOSIT", "DEPOSIT_SHARES"]
        assert rows[3:] == [row for row in orders if row["account"] == 1]
    rows = said(
        capsys, "show", "--data", stopped.data, "--instrument", "CORN", "--account", "alice", "--kind", "replace",
        "--from", "200",
    )[1]  # fmt: skip
    assert rows == [
        row for row in orders
        if (row["instrument"], row["account"], row["kind"]) == (2, 0, "REPLACE") and row["seq"] >= 200
    ]  # fmt: skip
    assert rows


def test_show_without_ticks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    market = Trading(tmp_path, 3)
    market.trade_specials(60)
    market.stop()
    _, everything = said(capsys, "show", "--data", market.data)
    ticks = [row for row in everything if row["kind"] == "TICK"]
    _, others = said(capsys, "show", "--data", market.data, "--no-ticks")
    assert ticks and others == [row for row in everything if row["kind"] != "TICK"]


@pytest.mark.parametrize(
    ("arguments", "field", "text"),
    [
        (("--account", "allice"), "account", "there is no account 'allice' in this journal; did you mean alice"),
        (("--instrument", "ACMY", "--to", "30"), "instrument", "did you mean ACME"),
        (("--kind", "order"), "kind", "did you mean NEW_ORDER"),
        (("--from", "10", "--to", "3"), "from", "--from 10 is after --to 3"),
    ],
)
def test_show_says_what_there_is_not(
    stopped: Trading, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], field: str, text: str
) -> None:
    code, rows = said(capsys, "show", "--data", stopped.data, *arguments)
    assert code == 2
    assert rows[-1]["error"]["field"] == field
    assert text in rows[-1]["error"]["text"]


def test_show_in_words(stopped: Trading, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["journal", "show", "--data", str(stopped.data), "--from", "11", "--to", "13"]) == 0
    lines = capsys.readouterr().out.splitlines()
    said_by = "; by tester: a test"
    assert [line.replace("  2023-11-14 22:13:20.001000000  ", " ") for line in lines] == [
        f"          11 SET_ACCOUNT           account 1 bob: SHORT_ALLOWED{said_by}",
        f"          12 DEPOSIT               account 1 (bob): 1,000,000,000.00{said_by}",
        f"          13 DEPOSIT_SHARES        account 1 (bob): 10,000 BELL at a cost of 50.00 a lot{said_by}",
    ]


def test_tail_of_a_stopped_market(stopped: Trading, capsys: pytest.CaptureFixture[str]) -> None:
    code, rows = said(capsys, "tail", "--data", stopped.data, "-n", "3")
    assert code == 0
    assert [row["seq"] for row in rows] == [SETUP + 398, SETUP + 399, SETUP + 400]
    assert len(said(capsys, "tail", "--data", stopped.data, "-n", "1,000")[1]) == SETUP + 400


def test_a_running_market(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    engine = subprocess.Popen(
        [sys.executable, "-c", RUNNING, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env
    )
    assert engine.stdin is not None
    assert engine.stdout is not None
    follower = None
    try:
        assert engine.stdout.readline() == b"%d\n" % (SETUP + 100)
        code, (found,) = said(capsys, "verify", "--data", tmp_path)
        assert (code, found["running"], found["last_seq"]) == (0, True, SETUP + 100)
        assert len(said(capsys, "show", "--data", tmp_path, "--from", "100")[1]) == SETUP + 1
        assert len(said(capsys, "tail", "--data", tmp_path, "--no-follow")[1]) == 10
        command = [sys.executable, "-m", "engine.cli", "journal", "tail", "-n", "1", "--json", "--data", str(tmp_path)]
        follower = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env)
        assert follower.stdout is not None
        assert json.loads(follower.stdout.readline())["seq"] == SETUP + 100
        for count in (20, 300, 40):
            engine.stdin.write(b"%d\n" % count)
            engine.stdin.flush()
            durable = int(engine.stdout.readline())
            seqs = [json.loads(follower.stdout.readline())["seq"] for _ in range(count)]
            assert seqs == list(range(durable - count + 1, durable + 1))
        engine.stdin.close()
        assert engine.wait(10) == 0
        rest, words = follower.communicate(timeout=10)
        assert (follower.returncode, rest) == (0, b"")
        assert b"the market has stopped" in words
    finally:
        for process in (engine, follower):
            if process is not None and process.poll() is None:
                process.send_signal(signal.SIGKILL)
                process.wait()


def test_a_damaged_journal_can_be_ended_earlier(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    market = Trading(tmp_path, 9)
    market.trade(100)
    market.snapshot()
    market.trade(400)
    market.snapshot()
    market.stop()
    whole = said(capsys, "show", "--data", tmp_path)[1]
    broken = segment.segments(tmp_path / "journal")[1]
    flip(broken.path, segment.HEAD_BYTES + 10 * 72 + 40)
    code, (found,) = said(capsys, "verify", "--data", tmp_path)
    assert code == 1
    assert f"the record of seq {broken.first_seq + 10} is not what was written" in found["error"]
    assert main(["journal", "cut", "--after", str(broken.first_seq + 9), "--data", str(tmp_path)]) == 2  # not asked
    before = {path.name: path.read_bytes() for path in (tmp_path / "journal").iterdir()}
    for wrong in (broken.first_seq + 10, 9_999):
        code, (refused,) = said(capsys, "cut", "--yes", "--after", str(wrong), "--data", tmp_path)
        assert code == 1
        assert "error" in refused
    assert {path.name: path.read_bytes() for path in (tmp_path / "journal").iterdir()} == before

    code, (done,) = said(capsys, "cut", "--yes", "--after", str(broken.first_seq + 9), "--data", tmp_path)
    assert (code, done["last_seq"]) == (0, broken.first_seq + 9)
    assert said(capsys, "show", "--data", tmp_path)[1] == whole[: broken.first_seq + 9]
    kept = Path(done["kept"])
    assert {path.name: path.read_bytes() for path in (kept / "journal").iterdir()} == {
        name: content for name, content in before.items() if name >= broken.path.name
    }
    assert len(list((kept / "snapshots").iterdir())) == 1
    recovered = recover(tmp_path)
    assert (recovered.next_seq, recovered.torn) == (broken.first_seq + 10, None)
    with MarketLock(tmp_path):
        assert said(capsys, "cut", "--yes", "--after", "30", "--data", tmp_path)[0] == 1


def test_a_journal_can_be_ended_between_two_segments(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    market = Trading(tmp_path, 9)
    market.trade(500)
    market.stop()
    first = segment.segments(tmp_path / "journal")[1].first_seq
    assert said(capsys, "cut", "--yes", "--after", str(first - 1), "--data", tmp_path)[0] == 0
    assert recover(tmp_path).next_seq == first
