"""`openbell match`: the totals of a flow, with risk and without, in batches of any size, and its refusals."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from bench import flow
from engine.cli.__main__ import main

OTHER_GENERATOR = Path(__file__).resolve().parents[4] / "shared" / "flow" / "flow.py"


def matched(capsys: pytest.CaptureFixture[str], path: Path, *options: str) -> dict[str, Any]:
    assert main(["match", str(path), "--json", "--passes", "1", *options]) == 0
    answer: dict[str, Any] = json.loads(capsys.readouterr().out)
    return answer


@pytest.mark.parametrize("symbols", [1, 8])
def test_totals_and_one_hash_whatever_the_batch(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, symbols: int
) -> None:
    path = flow.cached(tmp_path, 20_000, symbols, depth=200)
    hashes: dict[bool, set[str]] = {True: set(), False: set()}
    for options in ([], ["--batch", "1"], ["--risk"], ["--risk", "--batch", "7"], ["--risk", "--skip", "5000"]):
        answer = matched(capsys, path, *options)
        assert {name: answer[name] for name in asdict(flow.load(path).totals)} == asdict(flow.load(path).totals)
        assert (answer["rejects"], answer["events"]) == (0, 20_000)
        assert answer["ns_per_event"] > 0
        hashes["--risk" in options].add(answer["state_hash"])
    assert [len(each) for each in hashes.values()] == [1, 1]


def test_thin_book_and_many_symbols(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for events, symbols, depth in ((20_000, 1, 2), (20_000, 300, 20)):
        path = flow.cached(tmp_path, events, symbols, depth)
        answer = matched(capsys, path, "--risk")
        assert {name: answer[name] for name in asdict(flow.load(path).totals)} == asdict(flow.load(path).totals)


@pytest.mark.skipif(not OTHER_GENERATOR.exists(), reason="no ../shared/flow/flow.py beside this clone")
def test_totals_of_the_other_generators_flow(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    line = [sys.executable, str(OTHER_GENERATOR), "--events", "30000", "--symbols", "8", "--out", str(tmp_path / "o")]
    subprocess.run(line, check=True, capture_output=True)
    answer = matched(capsys, tmp_path / "o.bin", "--risk")
    assert answer["fills"] == json.loads((tmp_path / "o.json").read_text())["fills"]


def test_totals_that_differ_are_said(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = flow.cached(tmp_path, 2000, depth=100)
    beside = path.with_suffix(".json")
    beside.write_text(json.dumps(json.loads(beside.read_text()) | {"fills": 5}))
    assert main(["match", str(path), "--passes", "1"]) == 1
    assert "expected 5" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "options", "words"),
    [
        (b"", [], "0 bytes is not a whole number"),
        (b"\0" * 17, [], "17 bytes is not a whole number"),
        (b"\0" * 16, [], "record 0 has op 0"),
        (b"\1" + b"\0" * 15, ["--batch", "0"], "--batch must be 1..1048576, got 0"),
        (b"\1" + b"\0" * 15, ["--skip", "1"], "--skip must be 0..0, got 1"),
        (None, [], "No such file"),
    ],
)
def test_refused(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, content: bytes | None, options: list[str], words: str
) -> None:
    path = tmp_path / "some.bin"
    if content is not None:
        path.write_bytes(content)
    assert main(["match", str(path), *options]) == 2
    assert words in capsys.readouterr().err
