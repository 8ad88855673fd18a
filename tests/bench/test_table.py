"""Rows, limits and verdicts, as a person and as a program read them."""

from __future__ import annotations

import json

import pytest

from bench.table import Limit, Report, Row


@pytest.mark.parametrize(
    ("row", "ratio", "reached"),
    [
        (Row("a", 30.0, "ns", floor=20.0, limit=Limit(1.5)), 1.5, True),
        (Row("a", 30.1, "ns", floor=20.0, limit=Limit(1.5)), 1.505, False),
        (Row("a", 2.0, "M/s", floor=4.0, limit=Limit(0.5, "higher")), 0.5, True),
        (Row("a", 1.9, "M/s", floor=4.0, limit=Limit(0.5, "higher")), 0.475, False),
        (Row("a", 60.0, "ns", limit=Limit(60)), None, True),
        (Row("a", 61.0, "ns", limit=Limit(60)), None, False),
        (Row("a", None, "ns", floor=20.0, limit=Limit(1.5), note="not installed"), None, False),
        (Row("a", 30.0, "ns", floor=20.0), 1.5, None),
        (Row("a", None, "ns", note="not installed"), None, None),
    ],
)
def test_verdict(row: Row, ratio: float | None, reached: bool | None) -> None:
    assert row.ratio == pytest.approx(ratio) if ratio is not None else row.ratio is None
    assert row.reached is reached


def test_json_has_every_row_and_the_machine(capsys: pytest.CaptureFixture[str]) -> None:
    report = Report("core")
    report.add(Row("core", 30.0, "ns/event", floor=20.0, limit=Limit(1.5), note="256 a batch"))
    report.add(Row("wire", 300.0, "us", floor=100.0, limit=Limit(1.25)))
    assert report.show(as_json=True) == 1
    answer = json.loads(capsys.readouterr().out)
    assert answer["reached"] is False
    assert answer["rows"][0] == {
        "what": "core",
        "figure": 30.0,
        "unit": "ns/event",
        "floor": 20.0,
        "ratio": 1.5,
        "limit": 1.5,
        "better": "lower",
        "reached": True,
        "note": "256 a batch",
    }
    assert {"cpu", "cores", "load", "kernel", "python", "when"} <= set(answer["machine"])


def test_table_says_verdicts_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    report = Report("core")
    report.add(Row("core", 30.0, "ns/event", floor=20.0, limit=Limit(1.5)))
    report.add(Row("throughput", 1_234_567.0, "orders/s", floor=4e6, limit=Limit(0.5, "higher")))
    report.add(Row("peer", None, "ns/event", note="not installed"))
    assert report.show(as_json=False) == 1
    lines = capsys.readouterr().out.splitlines()
    assert any("30.0" in line and "1.50x" in line and "<= 1.5x" in line and " reached" in line for line in lines)
    assert any("1,234,567" in line and ">= 0.5x" in line and "not reached" in line for line in lines)
    assert any(line == "peer: not installed" for line in lines)


def test_exit_code_is_0_when_no_limit_was_missed(capsys: pytest.CaptureFixture[str]) -> None:
    report = Report("core")
    report.add(Row("core", 20.0, "ns/event", floor=20.0, limit=Limit(1.5)))
    report.add(Row("peer", None, "ns/event", note="not installed"))
    assert report.show(as_json=False) == 0
    assert "reached" in capsys.readouterr().out
