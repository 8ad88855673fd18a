"""`openbell watch` in a pipe, on a real engine: what is there when it begins, and bars."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from tests.engine.cli.running import openbell
from tests.engine.process.running import Running


def watch(engine: Running, *more: str) -> list[dict[str, Any]]:
    done = openbell("watch", "aaa", "--data", str(engine.data), "--for", "0.5", "--json", *more, cwd=engine.data.parent)
    assert (done.returncode, done.stderr) == (0, "")
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_what_is_there_and_bars(tmp_path: Path) -> None:
    with Running(tmp_path) as engine:
        with engine.client("alice") as alice, engine.client("bob") as bob, engine.operator() as operator:
            alice.buy("AAA", 300, "99.00").wait_accepted()
            bob.sell("AAA", 100, "99.00").wait_filled()
            operator.halt("AAA", halt_reason="NEWS", reason="a test")
        deadline_s = time.monotonic() + 10
        while not (bars := watch(engine, "--bars", "1")):
            assert time.monotonic() < deadline_s
        (bar,) = bars
        assert (bar["update"], bar["symbol"], bar["period_s"], bar["volume"]) == ("bar", "AAA", 1, 100)
        shown = {update["update"]: update for update in watch(engine)}
        assert (shown["status"]["state"], shown["status"]["flags"]) == (2, 2)
        assert (shown["statistics"]["close"], shown["statistics"]["volume"]) == (99_0000, 100)
        assert (shown["top"]["bid_price"], shown["top"]["bid_qty"]) == (99_0000, 200)
        wrong = openbell("watch", "AAA", "--data", str(engine.data), "--bars", "7", cwd=tmp_path)
        assert wrong.returncode == 2
        assert "period_s 7 is not one of 1, 60, 300, 3600, 86400" in wrong.stderr
