"""`openbell ctl proposals`, `approve` and `decline` from end to end: two people, two tokens, one deposit."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine.cli.running import Running


@pytest.fixture
def market(tmp_path: Path) -> Running:
    more = tmp_path / "more.toml"
    more.write_text('[market]\nname = "test"\n[two_person]\nverbs = ["deposit"]\nvalid_s = 600\n', "utf-8")
    return Running(tmp_path / "m", "--no-demo", "--no-postgres", "--config", str(more))


def test_one_proposes_and_another_approves(market: Running) -> None:
    try:
        market.live()
        market.ctl("set-account", "alice", "--new")
        market.ctl("add-key", "--for-operator", "bob")
        why = ("--reason", "because", "--operator", "ann")
        waits = market.cli("ctl", "deposit", "alice", "1,250.50", *why)
        assert waits.returncode == 1
        assert (
            "deposit waits for a second operator, at most 600 s: proposal 1, done by openbell ctl approve 1"
            in waits.stderr
        )
        listed = market.cli("ctl", "proposals").stdout
        assert "deposit alice amount 1,250.50" in listed and "ann" in listed
        assert "a second operator is needed for: deposit" in listed
        own = market.cli("ctl", "approve", "1", "--yes", *why)
        assert own.returncode == 1 and "a second operator needs one of his own" in own.stderr
        unknown = market.cli("ctl", "approve", "7", "--reason", "so said")
        assert unknown.returncode == 2 and "no proposal 7 waits: see openbell ctl proposals" in unknown.stderr
        done = market.cli("ctl", "approve", "1", "--yes", "--reason", "so said", "--operator", "bob")
        assert done.returncode == 0, done.stderr
        assert "deposit alice amount 1,250.50: done, as ann proposed" in done.stdout
        (row,) = market.json("ctl", "accounts")["rows"]
        assert row["cash"] == 1_250_500_000
        market.cli("ctl", "deposit", "alice", "9", "--reason", "again")
        assert "declined, not done" in market.cli("ctl", "decline", "2", "--reason", "no").stdout
        told = market.cli("journal", "show", "--kind", "NOTE").stdout
        for text in ("propose 1 deposit", "approve 1 deposit", "propose 2 deposit", "decline 2 deposit"):
            assert text in told
    finally:
        market.kill()


def test_a_verb_that_there_is_not(tmp_path: Path) -> None:
    more = tmp_path / "more.toml"
    more.write_text('[two_person]\nverbs = ["deposits"]\n', "utf-8")
    market = Running(tmp_path / "m", "--no-demo", "--no-postgres", "--config", str(more))
    try:
        market.process.wait(60)
        assert any("two_person.verbs[0]: 'deposits' is no verb" in line and "deposit" in line for line in market.lines)
    finally:
        market.kill()
