"""`openbell ctl` verbs of desks and limits, from end to end: what is shown, asked, journaled."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.engine.cli.running import Running
from tests.engine.cli.test_ctl import order
from tests.engine.cli.test_risk import done, shown

CONFIGURATION = """
[market]
name = "test"
"""


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("desks")
    (folder / "desks.toml").write_text(CONFIGURATION)
    running = Running(folder / "m", "--no-demo", "--no-postgres", "--config", str(folder / "desks.toml"))
    try:
        running.live()
        running.ctl("set-instrument", "ACME", "--new", "--price", "100", "--open")
        for name in ("ann", "ben"):
            running.ctl("set-account", name, "--new", "--cash", "1,000,000")
            running.ctl("add-key", name)
            done(running, "account-risk", name, "cash")
        yield running
    finally:
        running.kill()


def test_from_no_desk_to_a_firm_that_is_stopped(market: Running) -> None:
    assert shown(market, "ctl", "desks") == "no desks yet: ./openbell ctl desk set NAME\n"
    assert done(market, "desk", "set", "house") == "desk house (1) is a firm\n"
    assert done(market, "desk", "set", "equities", "--parent", "house") == "desk equities (2) is below house\n"
    assert done(market, "desk", "set", "equities", "--rename", "cash") == "desk cash (2) is below house\n"
    assert done(market, "member", "ann", "cash", asks=False) == "ann is in desk cash now\n"
    assert done(market, "member", "ben", "cash", asks=False) == "ben is in desk cash now\n"
    said = done(market, "limit", "gross", "--desk", "house", "--hard", "2,000", "--soft", "1,500")
    assert said == "desk house: gross 2,000.00, soft 1,500.00; now 0.00\n"
    assert done(market, "limit", "order-volume", "--account", "ann", "--hard", "50%").startswith(
        "ann: order volume 50 %"
    )
    order(market, "ann", "buy", "ACME", "10", "90")
    lines = shown(market, "ctl", "desks").splitlines()
    assert lines[2].split()[:9] == "house 1 active 0 2 1,000.00 1,000.00 1,000.00 1".split()
    assert lines[3].split()[:5] == "cash 2 active 2 2".split()
    limits = [line for line in lines if line.startswith("desk house")]
    assert limits[0].split() == "desk house gross 1,000.00 1,500.00 2,000.00 50.0 %".split()
    risk = shown(market, "risk", "ann")
    assert "order volume" in risk
    assert "desk house" in risk
    assert "desk house" in shown(market, "risk")
    assert "2,000.00" in shown(market, "ctl", "limit")
    assert market.json("ctl", "desks")["desks"][0]["gross"] == 1_000_000_000

    refused = market.cli("ctl", "kill-desk", "house", "--reason", "a test")
    assert refused.returncode == 2
    assert "add --yes" in refused.stderr
    said = done(market, "kill-desk", "house")
    assert said == "desk house is blocked: 2 accounts stopped, 1 order cancelled\n"
    assert "blocked from above" in shown(market, "ctl", "desks")
    assert done(market, "unkill-desk", "cash") == "desk cash is active; above it still blocked\n"
    assert done(market, "unkill-desk", "house") == "desk house is active\n"
    assert done(market, "kill-desk", "cash", "--state", "reduce-only", "--keep-orders").startswith(
        "desk cash is reduce only: 2 accounts stopped, 0 orders"
    )
    assert done(market, "desk", "move", "cash", "--parent", "none") == "desk cash (2) is a firm\n"
    assert done(market, "member", "ben", "none", asks=False) == "ben is in no desk now\n"
    assert done(market, "limit", "gross", "--desk", "house", "--hard", "none", "--soft", "none") == (
        "desk house has no limit of gross any more\n"
    )


def test_what_does_not_go_is_said(market: Running) -> None:
    assert "there is no desk 'nobody'" in shown(market, "ctl", "member", "ann", "nobody", "--reason", "a test", code=2)
    assert "give --account or --desk" in shown(
        market, "ctl", "limit", "gross", "--hard", "1", "--reason", "a test", "--yes", code=2
    )
    assert "whole number" in shown(
        market, "ctl", "limit", "messages", "--account", "ann", "--hard", "1.5", "--reason", "a test", "--yes", code=2
    )
    assert "desk move needs --parent" in shown(
        market, "ctl", "desk", "move", "house", "--reason", "a test", "--yes", code=2
    )


def test_all_of_it_is_journaled_with_author_and_reason(market: Running) -> None:
    text = "".join(
        shown(market, "journal", "show", "--kind", kind)
        for kind in ("set_limit", "set_desk", "set_desk_state", "set_member")
    )
    for words in (
        "desk 1 house, a firm", "desk 2 equities, below desk 1", "account 0 (ann): in desk 2",
        "desk 1: GROSS 2,000.00, soft 1,500.00", "account 0 (ann): ORDER_VOLUME 50 %, soft none",
        "desk 1: BLOCKED CANCEL_ORDERS", "account 1 (ben): in no desk",
    ):  # fmt: skip
        assert words in text, words
    assert "a test" in text
