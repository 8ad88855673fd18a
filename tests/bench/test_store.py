"""The benchmarks of the journal and of the database, small: that they run and say what they measured."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from engine.cli.__main__ import main


def measured(capsys: pytest.CaptureFixture[str], work: Path, *arguments: str) -> list[dict[str, Any]]:
    capsys.readouterr()
    code = main(["bench", *arguments, "--json", "--work", str(work)])
    answer = json.loads(capsys.readouterr().out)
    assert code == (0 if answer["reached"] else 1)
    rows: list[dict[str, Any]] = answer["rows"]
    assert all(row["figure"] > 0 for row in rows)
    return rows


@pytest.mark.slow
def test_recover(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = measured(capsys, tmp_path, "recover", "--commands", "20000", "--orders", "8000", "--rounds", "1")
    assert [row["unit"] for row in rows] == ["commands/s", "s", "s", "s"]
    assert "8,000 orders" in rows[1]["note"]
    assert not (tmp_path / "recover").exists()


@pytest.mark.slow
def test_project(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (row,) = measured(capsys, tmp_path, "project", "--events", "20000", "--rounds", "1")
    assert (row["unit"], row["limit"], row["better"]) == ("events/s", 0.7, "higher")
    assert row["floor"] > 0
    assert not (tmp_path / "project").exists()
