"""`openbell ctl` verbs of API keys and their limits, from end to end: what is shown, asked, journaled."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.engine.cli.running import Running
from tests.engine.cli.test_ctl import order
from tests.engine.cli.test_risk import done, shown


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("keys")
    (folder / "keys.toml").write_text('[market]\nname = "test"\n')
    running = Running(folder / "m", "--no-demo", "--no-postgres", "--config", str(folder / "keys.toml"))
    try:
        running.live()
        running.ctl("set-instrument", "ACME", "--new", "--price", "100", "--open")
        running.ctl("set-account", "ann", "--new", "--cash", "1,000,000")
        running.ctl("add-key", "ann")
        yield running
    finally:
        running.kill()


def test_from_no_limits_to_some_and_back(market: Running) -> None:
    text = "no limits of API keys yet: ./openbell ctl session-limit KEY messages HARD\n"
    assert shown(market, "ctl", "session-limit") == text
    assert shown(market, "ctl", "keys").splitlines()[2].split() == ["ann", "ann", "0", "–", "–", "–"]
    refused = market.cli("ctl", "session-limit", "ann", "open-orders", "1", "--reason", "a test")
    assert (refused.returncode, "add --yes" in refused.stderr) == (2, True)
    said = done(market, "session-limit", "ann", "open-notional", "1,000", "900")
    assert said == "key ann: open notional 1,000.00, soft 900.00; now 0.00\n"
    assert done(market, "session-limit", "ann", "order-volume", "50%").startswith("key ann: order volume 50 %")
    said = done(market, "session-limit", "ann", "order-qty", "20")
    assert said == "key ann: order qty 20 lots, soft none; now 0 lots\n"
    order(market, "ann", "buy", "ACME", "10", "90")
    lines = shown(market, "ctl", "keys").splitlines()
    assert lines[2].split() == ["ann", "ann", "0", "1", "900.00", "1"]
    assert "ann open notional 900.00 900.00 1,000.00 90.0 %".split() in [line.split() for line in lines]
    found = market.json("ctl", "keys")
    assert (found["keys"][0]["open_notional"], found["limits"][0]["hard"]) == (900_000_000, 1_000_000_000)
    more = market.cli("order", "buy", "ACME", "2", "90", "--account", "ann")
    assert more.returncode == 1
    assert "LIMIT_OPEN_NOTIONAL: open notional would be 1,080.00, the limit is 1,000.00" in more.stderr
    assert "of the API key" in more.stderr
    said = done(market, "session-limit", "ann", "open-notional", "none", "none")
    assert said == "key ann has no limit of open notional any more\n"
    unknown = market.cli("ctl", "session-limit", "anne", "messages", "1", "--reason", "a test", "--yes")
    assert (unknown.returncode, "no API key 'anne'; did you mean ann?" in unknown.stderr) == (2, True), unknown.stderr
    assert market.cli("ctl", "session-limit", "ann", "gross", "1").returncode == 2
    assert market.cli("ctl", "session-limit", "ann", "messages").returncode == 2
    assert "SET_KEY" in shown(market, "journal", "show", "--kind", "SET_KEY")


def test_a_key_gets_a_name(market: Running) -> None:
    market.ctl("add-key", "ann", "--key", "algo")
    market.ctl("add-key", "ann")
    names = [row["name"] for row in market.json("ctl", "keys")["keys"]]
    assert names == ["algo", "ann", "ann.2"]
