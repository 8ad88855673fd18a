"""`openbell replay` and `openbell generate` as a person runs them: output, JSON, exit codes, and their page."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from engine.cli.__main__ import main
from engine.replay.report import ENGINE_REASONS, REASONS
from ext.itch.differences import REASON_NAMES
from ext.itch.messages import MESSAGES
from tests.engine.replay.days import action, add, directory, executed, written

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs/replay.md").read_text("utf-8")
SAMPLE = ROOT.parent / "shared/data"
needs_sample = pytest.mark.skipif(not SAMPLE.exists(), reason="no ../shared/data with LOBSTER's sample")


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    code = main([str(argument) for argument in arguments])
    done = capsys.readouterr()
    return code, done.out, done.err


def as_json(capsys: pytest.CaptureFixture[str], *arguments: object) -> dict[str, Any]:
    code, out, _ = run(capsys, *arguments, "--json")
    assert code == 0
    answer: dict[str, Any] = json.loads(out)
    return answer


def test_a_generated_day_is_replayed_and_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "day.itch.gz"
    made = as_json(capsys, "generate", "itch", "--messages", 20_000, "--symbols", 4, "--seed", 5, "--out", path)
    assert (made["messages"], made["symbols"], made["seed"], made["bytes"]) == (20_000, 4, 5, path.stat().st_size)
    report = as_json(capsys, "replay", "itch", path, "--check", "--data", tmp_path / "kept")
    assert report["messages"] == 20_000 and report["live_orders"] == made["live_orders"]
    assert report["executions"] == report["executions_matched"] > 0
    assert report["rows"] == report["rows_equal"] > 0
    assert report["differences_total"] == sum(report["reasons"].values()) == len(report["differences"])
    assert set(report["meaning"]) == set(report["reasons"])
    verified = as_json(capsys, "journal", "verify", "--replay", "--data", tmp_path / "kept")
    assert verified["state_hash"] == report["state_hash"]
    code, out, _ = run(capsys, "replay", "itch", path, "--symbol", "sym00002")
    assert code == 0 and "of 1 instrument, 0 rejected" in out
    assert re.search(r"executions +([\d,]+), of which the engine matched \1\n", out)


@needs_sample
def test_the_sample_of_lobster(capsys: pytest.CaptureFixture[str]) -> None:
    messages, orderbook = (SAMPLE / f"AAPL_2012-06-21_{kind}_10.csv" for kind in ("message", "orderbook"))
    report = as_json(capsys, "replay", "lobster", messages, "--check", orderbook)
    assert (report["rows"], report["rows_equal"], report["executions"], report["executions_matched"]) == (
        599, 587, 71, 71,
    )  # fmt: skip
    assert {d["reason"] for d in report["differences"]} == {"level_revealed", "level_went_unseen"}
    assert all(d["where"].startswith("row ") and d["symbol"] == "AAPL" for d in report["differences"])
    code, out, _ = run(capsys, "replay", "lobster", messages, "--check", orderbook, "--speed", 1e6)
    assert code == 0 and "rows compared      599; 587 are determined; equal 587" in out


def test_what_does_not_fit_is_said_in_words_with_code_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    none = tmp_path / "none"
    day = written(tmp_path / "day", directory(), action("T"), add(1, "B", 5, 100), executed(1, 5))
    cut = tmp_path / "cut"
    cut.write_bytes(day.read_bytes()[:-1])
    for arguments, text in (
        (("itch", none), "No such file"),
        (("lobster", none), "No such file"),
        (("itch", cut), r"offset 106: the stream ends inside a message: its length is 31, 30 bytes are there"),
        (("itch", day, "--symbol", "S2"), "symbol 'S2' is not in the file's stock directory of 1; there are: S1"),
        (("lobster", day), "is this a LOBSTER CSV file"),
    ):
        code, out, err = run(capsys, "replay", *arguments)
        assert (code, out) == (2, "") and re.search(text, err), err
    for arguments, text in (
        (("--messages", 10), "messages must be at least 1010 for 100 symbols, got 10"),
        (("--messages", -5), "messages must be above 0, got -5"),
        (("--symbols", -1), "symbols must be above 0, got -1"),
        (("--messages", "many"), "--messages: 'many' is not a whole number"),
        (("--symbols", 0), "symbols must be 1..65535, got 0"),
        (("--seed", -1), "seed must be 0..18446744073709551615, got -1"),
    ):
        code, _, err = run(capsys, "generate", "itch", *arguments, "--out", none)
        assert code == 2 and text in err
    assert not none.exists()


def test_the_page_has_every_message_type_and_every_reason() -> None:
    rows = re.findall(r"^\| (\w) \| ([\w ]+) \| (\d+) \|", PAGE, flags=re.MULTILINE)
    assert rows == [(m.type, m.name.replace("_", " "), str(m.length)) for m in MESSAGES]
    reasons = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", PAGE, flags=re.MULTILINE))
    assert reasons == REASONS
    assert set(REASON_NAMES) <= set(REASONS) and set(REASONS) >= ENGINE_REASONS
