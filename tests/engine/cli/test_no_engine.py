"""What the verbs say and return where no engine runs, and to wrong usage."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


def openbell(*arguments: str, cwd: Path, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("OPENBELL_")}
    return subprocess.run(
        [sys.executable, "-m", "engine.cli", *arguments],
        cwd=cwd,
        env={**clean, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'client'}", **(env or {})},
        capture_output=True,
        text=True,
        timeout=60,
        stdin=subprocess.DEVNULL,
        check=False,
    )


@pytest.mark.parametrize(
    "verb", ["ctl status", "ctl halt --all --yes --reason why", "order list", "order buy X 1", "top", "watch X"]
)
def test_without_an_engine_it_is_3_and_says_how_to_start_one(verb: str, tmp_path: Path) -> None:
    done = openbell(*verb.split(), cwd=tmp_path)
    assert done.returncode == 3, done.stderr
    assert done.stdout == ""
    assert done.stderr.startswith(f"openbell {' '.join(verb.split()[: 1 if verb in ('top', 'watch X') else 2])}: ")
    assert "openbell run" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_error_is_json_where_json_is_wanted(tmp_path: Path) -> None:
    for arguments in (["ctl", "--json", "status"], ["ctl", "status", "--json"], ["order", "list", "--json"]):
        done = openbell(*arguments, cwd=tmp_path)
        assert done.returncode == 3
        assert json.loads(done.stdout)["error"]["code"] == "no_market"
        assert done.stderr == ""


def test_a_directory_without_a_market_is_named(tmp_path: Path) -> None:
    done = openbell("ctl", "status", "--data", str(tmp_path / "gone"), cwd=tmp_path)
    assert done.returncode == 3
    assert str(tmp_path / "gone") in done.stderr


@pytest.mark.parametrize(
    ("verb", "word"),
    [
        ("ctl", "VERB"),
        ("order buy NOVA 10 --tif ioc 412.50", "arguments: 412.50: what is no option's goes before the options"),
        ("ctl set-account eve --new --yes", "unrecognized arguments: --yes (openbell ctl set-account --help)"),
        ("order buy NOVA 10 --stp 5", "order buy: unrecognized arguments: --stp 5 (openbell order buy --help)"),
        ("ctl stats", "VERB: there is no 'stats'; did you mean status"),
        ("ctl status --timeout nan", "--timeout: 'nan' is no time in seconds"),
        ("order buy NOVA 1 --wait -5", "--wait: '-5' is no time in seconds"),
        ("watch NOVA --for inf", "--for: 'inf' is no time in seconds"),
        ("top --every 0", "--every: '0' is no time in seconds"),
        ("ctl set-instrument NOVA --price 0", "--price: 0 is not above 0"),
        ("ctl set-instrument NOVA --tick -0.01", "--tick: -0.01 is not above 0"),
        ("ctl book NOVA --levels 0", "--levels: 0 is below 1"),
        ("ctl set-account eve --new --cash -5", "--cash: -5 is below 0"),
        ("run --port orders=70000", "orders: '70000' is no port: 0 to 65535"),
        ("ctl halt", "--all"),
        ("ctl deposit alice 1e6", "not a decimal number"),
        ("ctl deposit-shares alice NOVA 1.5", "not a whole number"),
        ("ctl status --address nowhere:0", "port"),
        ("order buy NOVA -5", "below 0"),
        ("order buy NOVA 5 --tif NEVER", "--tif"),
        ("order cancel", "ID"),
        ("ctl orders --limit many", "not a whole number"),
    ],
)
def test_wrong_usage_is_2(verb: str, word: str, tmp_path: Path) -> None:
    done = openbell(*verb.split(), cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert word in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith(f"openbell {verb.split()[0]}")


def test_it_tells_its_version(tmp_path: Path) -> None:
    done = openbell("--version", cwd=tmp_path)
    assert (done.returncode, done.stdout.split()[0]) == (0, "openbell")


def test_wrong_usage_is_json_where_json_is_wanted(tmp_path: Path) -> None:
    done = openbell("ctl", "deposit", "alice", "abc", "--json", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (2, "")
    error = json.loads(done.stdout)["error"]
    assert error["code"] == "bad_input"
    assert error["text"].startswith("AMOUNT: 'abc' is not a decimal number")


@pytest.mark.parametrize("verb", ["ctl", "order", "top", "watch", "ctl limits", "order buy"])
def test_every_verb_has_help(verb: str, tmp_path: Path) -> None:
    done = openbell(*verb.split(), "--help", cwd=tmp_path)
    assert done.returncode == 0
    assert done.stdout.startswith(f"usage: openbell {verb}")
    assert "--json" in done.stdout


def test_help_imports_no_verb_and_no_library() -> None:
    code = "import sys; from engine.cli.__main__ import main; main(['--help']); print(sorted(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True, cwd=ROOT
    )
    loaded = done.stdout.splitlines()[-1]
    assert not [name for name in ("numpy", "zmq", "rich", "openbell") if f"'{name}'" in loaded]
