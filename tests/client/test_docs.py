"""The documents' code runs: every block of docs/sdk.md in order, those of others, on the market of configs/."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openbell
import pytest

from tests.client.conftest import ROOT, Engine

BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    made = Engine(tmp_path_factory.mktemp("docs"), ROOT / "configs" / "market.toml")
    made.start()
    yield made
    made.stop()


@pytest.fixture(autouse=True)
def _beside_the_market(market: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENBELL_ADDRESS", "OPENBELL_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(market.data.parent)


def blocks(path: Path) -> list[tuple[int, str]]:
    """First line's number and text of each Python block."""
    text = path.read_text("utf-8")
    return [(text[: found.start(1)].count("\n"), found[1]) for found in BLOCK.finditer(text)]


def run(path: Path, namespace: dict[str, Any]) -> None:
    """Execute the blocks of a document; a failure shows the document's line."""
    for line, code in blocks(path):
        exec(compile("\n" * line + code, str(path), "exec"), namespace)


def test_the_sdk_guide(capsys: pytest.CaptureFixture[str]) -> None:
    path = ROOT / "docs" / "sdk.md"
    assert len(blocks(path)) >= 8
    run(path, {"__name__": "docs"})
    said = capsys.readouterr().out
    # What the document says is printed.
    assert "buy 60 ANVL @ 184.20: canceled (USER)\n" in said
    assert "\n1,000,000.00\n" in said
    assert "BUYING_POWER: needs 1,842,500.00, free 998,156.50 (" in said
    assert "standard: commission 0.005 a share, at least 1.00, at most 1 % of the value, by order" in said
    assert "qty 1 qty 0 is out of range: 1 to 2,147,483,647\n" in said
    assert "CANCELED BUY 50 @ 184.20 (USER)" in said
    assert "ADD bid 5 @ 184.00" in said
    assert "ANVL bid 184.00: 5 in 1 orders\n" in said


def test_the_readme(capsys: pytest.CaptureFixture[str]) -> None:
    with openbell.connect(account="bob") as bob:
        bob.sell("ANVL", 4, "184.25").wait_accepted()
        bob.sell("ANVL", 10, "184.30").wait_accepted()
        run(ROOT / "README.md", {"__name__": "readme"})
        bob.cancel_all()
    said = capsys.readouterr().out
    assert said.startswith("bought 4 at 184.25\nbought 6 at 184.30\n")
    assert "symbol='ANVL'" in said


def test_the_page_about_market_data(capsys: pytest.CaptureFixture[str]) -> None:
    with openbell.connect(account="bob") as bob:
        for price in ("184.25", "184.30"):
            bob.sell("ANVL", 4, price).wait_accepted()
        run(ROOT / "docs" / "market-data.md", {"__name__": "docs"})
        bob.cancel_all()
    assert capsys.readouterr().out.startswith("2 levels, up to number ")


def test_the_ten_lines_are_ten_lines() -> None:
    ((_, code),) = blocks(ROOT / "README.md")
    assert len(code.splitlines()) <= 10
