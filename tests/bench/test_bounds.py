"""The C++ bounds give the totals of the flow's plain book: a bound that skips work would flatter nobody."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest

from bench import flow
from bench.harness import Missing, native

OTHER_GENERATOR = Path(__file__).resolve().parents[3] / "shared" / "flow" / "flow.py"


@pytest.fixture(scope="module", params=["bound_a", "bound_b"])
def bound(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    try:
        return native.build(request.param, tmp_path_factory.mktemp("built"))
    except Missing as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("symbols", [1, 8])
@pytest.mark.parametrize("skip", [0, 3000])
def test_totals(bound: Path, tmp_path: Path, symbols: int, skip: int) -> None:
    path = flow.cached(tmp_path, 30_000, symbols, depth=300)
    answer = native.run(bound, path, passes=2, skip=skip)
    assert {name: answer[name] for name in asdict(flow.load(path).totals)} == asdict(flow.load(path).totals)
    assert answer["rejects"] == 0
    assert answer["events"] == 30_000
    assert answer["ns_per_event"] > 0


def test_thin_book_that_empties(bound: Path, tmp_path: Path) -> None:
    """Sides run empty and come back, which full books never do."""
    path = flow.cached(tmp_path, 30_000, 1, depth=2)
    answer = native.run(bound, path, passes=1)
    assert {name: answer[name] for name in asdict(flow.load(path).totals)} == asdict(flow.load(path).totals)


@pytest.mark.skipif(not OTHER_GENERATOR.exists(), reason="no ../shared/flow/flow.py beside this clone")
def test_totals_of_the_other_generators_flow(bound: Path, tmp_path: Path) -> None:
    line = [sys.executable, str(OTHER_GENERATOR), "--events", "50000", "--symbols", "8", "--out", str(tmp_path / "o")]
    subprocess.run(line, check=True, capture_output=True)
    answer = native.run(bound, tmp_path / "o.bin", passes=1)
    expected = asdict(flow.load(tmp_path / "o.bin").totals)
    assert {name: answer[name] for name in expected} == expected


@pytest.mark.parametrize("content", [b"", b"\0" * 15, b"\x07" + b"\0" * 15])
def test_files_that_are_no_flow_are_refused(bound: Path, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.bin"
    path.write_bytes(content)
    with pytest.raises(RuntimeError, match="bound: "):
        native.run(bound, path, passes=1)


def test_a_broken_source_shows_the_compilers_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native, "FLOOR", tmp_path)
    (tmp_path / "wrong.cpp").write_text("int main() { return nothing; }\n")
    try:
        with pytest.raises(RuntimeError, match="nothing"):
            native.build("wrong", tmp_path / "built")
    except Missing as error:
        pytest.skip(str(error))
    assert not list((tmp_path / "built").iterdir())
