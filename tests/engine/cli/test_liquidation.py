"""`openbell ctl liquidation`, from end to end: what is shown, planned, stopped and started."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.engine.cli.running import Running, until
from tests.engine.cli.test_ctl import order

CONFIGURATION = """
[market]
name = "test"
[risk]
mark_interval_ms = 5
[liquidation]
interval_ms = 20
"""


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("liquidation")
    (folder / "market.toml").write_text(CONFIGURATION)
    running = Running(folder / "m", "--no-demo", "--no-postgres", "--config", str(folder / "market.toml"))
    try:
        running.live()
        running.ctl("set-instrument", "ACME", "--new", "--price", "100", "--open")
        for name, cash in (("ann", "10,000"), ("ben", "1,000,000"), ("cid", "1,000,000")):
            running.ctl("set-account", name, "--new", "--cash", cash)
            running.ctl("add-key", name)
        running.ctl("deposit-shares", "ben", "ACME", "5,000", "--cost", "100")
        done(running, "margin", "ACME", "--initial-long", "50", "--maintenance-long", "25")
        done(running, "account-risk", "ann", "margin")
        order(running, "ben", "sell", "ACME", "150", "100")
        order(running, "ann", "buy", "ACME", "150", "100")
        yield running
    finally:
        running.kill()


def shown(market: Running, *arguments: str, code: int = 0) -> str:
    done = market.cli("ctl", *arguments)
    assert done.returncode == code, (done.stdout, done.stderr)
    return done.stdout if code == 0 else done.stderr


def done(market: Running, *arguments: str) -> str:
    return shown(market, *arguments, "--reason", "a test", "--yes")


def stage(market: Running) -> str:
    rows = market.json("ctl", "liquidation")["rows"]
    return str(rows[0]["stage"]) if rows else ""


def test_from_nobody_called_to_the_end(market: Running) -> None:
    assert shown(market, "liquidation") == "nobody is called, liquidated or stopped\n"
    plan = shown(market, "liquidation", "plan", "ann")
    assert plan.splitlines()[:2] == [
        "ann: normal, equity 10,000.00, to keep 3,750.00",
        "It does not begin (it is neither called nor below the level of liquidation); if it did, this would be done:",
    ]
    order(market, "ben", "sell", "ACME", "1", "40")
    order(market, "cid", "buy", "ACME", "1", "40")  # 1,000.00 of 1,500.00
    until(lambda: stage(market) == "waiting", "it to wait")
    table = shown(market, "liquidation")
    (line,) = [line for line in table.splitlines() if line.startswith("ann")]
    assert line.split()[:3] == ["ann", "waiting", "liquidation"]
    assert line.split()[5:] == "1,000.00 1,500.00 0 0.00 ACME: NO_BID".split()
    assert table.splitlines()[-1] == "1 waiting"
    (line,) = [line for line in shown(market, "status").splitlines() if line.startswith("liquidations")]
    assert line.split() == ["liquidations", "1", "waiting"]

    said = done(market, "liquidation", "stop", "ann")
    assert said == "ann: stopped; the account stays as it is. liquidation start lets it go on\n"
    assert "by " in shown(market, "liquidation", "list", "ann")
    assert "is stopped already" in shown(market, "liquidation", "stop", "ann", "--reason", "x", "--yes", code=1)
    order(market, "cid", "buy", "ACME", "1,000", "40")
    lines = shown(market, "liquidation", "plan", "ann").splitlines()
    assert lines[0] == "ann: liquidation, equity 1,000.00, to keep 1,500.00"
    assert lines[1].startswith("It does not begin (stopped by ")
    # 1,000 - 1.2n >= 1.1 x 10 x (150 - n): 67 lots, in slices of at most 25 percent; the rest anew.
    assert [line.split()[:8] for line in lines[4:6]] == [
        "1 sell 37 of 150 ACME at 38.80,".split(), "2 sell 28 of 113 ACME at 38.80,".split(),
    ]  # fmt: skip
    assert "restored: equity" in lines[-1]

    assert done(market, "liquidation", "start", "ann").startswith("ann: not stopped any more")
    until(lambda: stage(market) == "", "the end of it")
    assert "reduce only" in shown(market, "accounts")
    journal = market.cli("journal", "show").stdout
    assert "by liquidation: begins: equity 1,000.00 is 66.6 % of 1,500.00" in journal
    assert (
        "by liquidation: sell 37 of 150 ACME at 38.80, 25 % a slice; equity 1,000.00 is 66.6 % of 1,500.00" in journal
    )
    assert "by liquidation: restored: " in journal


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("liquidation", "plan"), "liquidation plan needs an account: name or id"),
        (("liquidation", "stop", "--reason", "x"), "liquidation stop needs an account: name or id"),
        (("liquidation", "plan", "anne"), "there is no account 'anne'; did you mean ann?"),
        (("liquidation", "plan", "ben"), "has no margin: there is nothing to liquidate it for"),
        (("liquidation", "halt", "ann"), "there is no 'halt'; there are: list, plan, start, stop"),
        (("liquidation", "start", "ben", "--reason", "x", "--yes"), "is not stopped: nothing to take back"),
        (("liquidation", "stop", "ben"), "--yes"),
        (("liquidation", "stop", "ben", "--yes"), "needs --reason"),
    ],
)
def test_mistakes_are_told(market: Running, arguments: tuple[str, ...], said: str) -> None:
    answer = market.cli("ctl", *arguments)
    assert answer.returncode in (1, 2)
    assert said in answer.stderr
