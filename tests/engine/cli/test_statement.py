"""`openbell statement`: of a stopped market with the embedded server, and what it says to bad input."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.cli.__main__ import main
from tests.engine.ledgers import Days
from tests.engine.markets import Trading


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    data = tmp_path_factory.mktemp("statement") / "m"
    market = Trading(data, 11)
    Days(market).pass_by(2)
    market.stop()
    assert main(["project", "--data", str(data)]) == 0
    yield data


def said(capsys: pytest.CaptureFixture[str], data: Path, *arguments: str) -> tuple[int, str, str]:
    capsys.readouterr()
    code = main(["statement", *arguments, "--data", str(data)])
    told = capsys.readouterr()
    return code, told.out, told.err.replace("\n", " ")


def test_in_all_forms(market: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, text, _ = said(capsys, market, "alice")
    assert (code, text.startswith("STATEMENT\n")) == (0, True)
    assert max(map(len, text.splitlines())) <= 100
    code, table, _ = said(capsys, market, "0", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(table)))
    assert code == 0
    assert f"{float(rows[-1]['balance']):,.6f}" in text
    out = tmp_path / "alice.pdf"
    code, nothing, told = said(capsys, market, "alice", "--format", "pdf", "--out", str(out))
    assert (code, nothing) == (0, "")
    assert out.read_bytes().startswith(b"%PDF")
    assert f"{out.stat().st_size:,} bytes" in told
    code, text, _ = said(capsys, market, "alice", "--from", "2023-11-15", "--to", "2023-11-15")
    assert code == 0
    assert "opening balance" in text


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (["alise"], 2, "account: there is no account 'alise'; did you mean alice?"),
        (["alice", "--from", "2026-12-01", "--to", "2026-11-30"], 2, "from: 2026-12-01 is after to: 2026-11-30"),
        (["alice", "--to", "30.11.2026"], 2, "to: '30.11.2026' is not a day such as 2026-11-30"),
        (["alice", "--format", "pdf"], 2, "out: a PDF goes to a file: --out FILE"),
        (["alice", "--out", "/nowhere/at/all.txt"], 1, "out: /nowhere/at/all.txt: No such file or directory"),
        (
            ["alice", "--dsn", "postgresql://me:secret@127.0.0.1:1/x"],
            1,
            "cannot connect to postgresql://me@127.0.0.1:1/x",
        ),
        (["alice", "--dsn", "mysql://x"], 1, 'postgres.dsn: expected "embedded" or postgresql://'),
    ],
)
def test_bad_input(
    market: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, text: str
) -> None:
    found, out, told = said(capsys, market, *arguments)
    assert (found, out) == (code, "")
    assert told.startswith("openbell statement: ")
    assert text in told
    assert "secret" not in told


def test_without_a_market_or_a_database(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, told = said(capsys, tmp_path / "mistyped", "alice")
    assert code == 1
    assert "there is no journal" in told
    Trading(tmp_path / "m", 1).stop()
    code, _, told = said(capsys, tmp_path / "m", "alice")
    assert code == 1
    assert "`openbell project` makes it" in told
