"""`openbell journal head` and `verify --chain`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine.cli.__main__ import main
from engine.journal import segment
from tests.engine.cli.test_journal import RUNNING, SETUP, said
from tests.engine.journal.test_chain import forge
from tests.engine.journal.test_published import RFC_PUBLIC, keys
from tests.engine.markets import Trading


@pytest.fixture
def market(tmp_path: Path) -> Trading:
    market = Trading(tmp_path, 4)
    market.trade(600)
    market.stop()
    return market


def test_head_and_verify(market: Trading, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    data = str(market.data)
    code, (found,) = said(capsys, "head", "--data", data)
    assert code == 0
    assert (found["head"], found["sequence"], found["from"]) == ("openbell-head/1", SETUP + 600, 1)
    assert main(["journal", "head", "--data", data]) == 0
    line = capsys.readouterr().out
    assert line.startswith("openbell-head/1 market=")
    assert line.count("\n") == 1
    code, (checked,) = said(capsys, "verify", "--chain", "--data", data, "--head", line.strip())
    assert code == 0
    links = len(segment.segments(market.data / "journal")) - 1
    assert links >= 2
    assert checked["chain"] == {"from": 1, "links": links, "why": None, "head": found, "heads": [found]}
    assert main(["journal", "verify", "--chain", "--data", data]) == 0
    assert f"The audit chain holds from seq 1 on, over {links} links." in capsys.readouterr().out
    (tmp_path / "log").write_text(line * 2, "utf-8")
    code, (checked,) = said(capsys, "verify", "--chain", "--data", data, "--head", tmp_path / "log")
    assert checked["chain"]["heads"] == [found, found]


def test_a_signed_head(market: Trading, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    data = str(market.data)
    private, public = keys(tmp_path)
    code, (found,) = said(capsys, "head", "--data", data, "--sign", private)
    assert (code, found["ed25519"][:64]) == (0, RFC_PUBLIC)
    text = json.dumps(found)
    assert said(capsys, "verify", "--chain", "--data", data, "--head", text, "--public", public)[0] == 0
    assert main(["journal", "verify", "--chain", "--data", data, "--head", text]) == 0
    assert "see that this is who it should be" in " ".join(capsys.readouterr().out.split())
    code, (refused,) = said(capsys, "verify", "--chain", "--data", data, "--head", text, "--public", "0" * 64)
    assert code == 1
    assert "not by 000" in refused["error"]
    code, (refused,) = said(capsys, "head", "--data", data, "--sign", public)
    assert code == 1
    assert "no private key" in refused["error"]["text"]


def test_verify_finds_a_forged_record(market: Trading, capsys: pytest.CaptureFixture[str]) -> None:
    data = str(market.data)
    head = json.dumps(said(capsys, "head", "--data", data)[1][0])
    first, second, *_ = segment.segments(market.data / "journal")
    end = segment.read_head(second).link.size
    forge(first.path, end - 72, qty=77)
    assert said(capsys, "verify", "--data", data)[0] == 0  # the records are in order
    code, (found,) = said(capsys, "verify", "--chain", "--data", data)
    assert (code, found["ok"], found["path"], found["offset"]) == (1, False, str(second.path), 72)
    assert "audit chain is broken" in found["error"]
    assert "chain" not in found
    forge(first.path, end - 72, qty=0)
    newest = segment.segments(market.data / "journal")[-1]
    forge(newest.path, segment.HEAD_BYTES, ts_ns=1)
    assert main(["journal", "verify", "--chain", "--data", data, "--head", head]) == 1


def test_wrong_usage(market: Trading, capsys: pytest.CaptureFixture[str]) -> None:
    data = str(market.data)
    for arguments, field in ((("--head", "x"), "head"), (("--chain", "--public", "x"), "public")):
        code, (refused,) = said(capsys, "verify", "--data", data, *arguments)
        assert (code, refused["error"]["field"]) == (2, field)
    code, (refused,) = said(capsys, "verify", "--chain", "--data", data, "--head", "no-such-file")
    assert code == 1
    assert "no-such-file" in refused["error"]["text"]


def test_of_a_running_market(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As far as it is durable; the head of then is one of now."""
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, "-c", RUNNING, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env
    ) as engine:
        assert engine.stdin is not None
        assert engine.stdout is not None
        assert engine.stdout.readline() == b"%d\n" % (SETUP + 100)
        code, (head,) = said(capsys, "head", "--data", tmp_path)
        assert (code, head["sequence"]) == (0, SETUP + 100)
        engine.stdin.write(b"700\n")
        engine.stdin.flush()
        assert engine.stdout.readline() == b"%d\n" % (SETUP + 800)
        code, (found,) = said(capsys, "verify", "--chain", "--data", tmp_path, "--head", json.dumps(head))
        assert (code, found["running"], found["chain"]["head"]["sequence"]) == (0, True, SETUP + 800)
        engine.stdin.close()
        assert engine.wait(20) == 0
