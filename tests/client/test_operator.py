"""The operator's client against a real engine: results, names, refusals, and an engine that goes away."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import openbell
import pytest
from openbell import Limits, Operator
from openbell.errors import ConnectionLost, InvalidInput, MarketNotFound, OperatorRefused
from openbell.status import status_of
from openbell.wire import AccountFlag, AccountState, InstrumentState

from tests.engine.cli.running import Running

WHY = "a test"


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running = Running(tmp_path_factory.mktemp("operator") / "m", "--no-demo", "--no-postgres")
    try:
        yield running.live()
    finally:
        running.kill()


@pytest.fixture
def op(market: Running) -> Iterator[Operator]:
    with Operator(market.data, name="ann") as made:
        yield made


@pytest.fixture(scope="module")
def acme(market: Running) -> int:
    with Operator(market.data, name="ann") as made:
        row = made.set_instrument(symbol="ACME", tick_size="0.05", lot_size=10, reference_price="100", reason=WHY)
        made.resume("ACME", reason=WHY)
        made.set_account(name="ben", reason=WHY)
        return row.instrument


def test_status_is_typed_and_whole(op: Operator, market: Running) -> None:
    status = op.status()
    assert status.market == "test"
    assert status.durability == "fsync"
    assert status.pid == market.engine["pid"]
    assert status.sequence == status.durable_sequence > 0
    assert status.ports["control"] == op.market.control
    assert status.projector.state == "off"
    assert status.capacity["orders"][0] == 0 < status.capacity["orders"][1]
    assert status.raw["sequence"] == status.sequence
    assert 0 <= status.ts_ns - status.started_ts_ns < 600 * 10**9


def test_what_an_older_or_newer_engine_tells_is_taken() -> None:
    status = status_of({"sequence": 5, "new_figure": 1, "latency_us": {"p50": 2.0, "p98": 1}, "journal": None})
    assert (status.sequence, status.latency_us.p50, status.journal.pending_bytes, status.warnings) == (5, 2.0, 0, ())


def test_instruments_accounts_and_money(op: Operator, acme: int) -> None:
    changed = op.set_instrument("ACME", collar_bps=500, max_order_notional="2500.5", reason=WHY)
    assert (changed.tick_size, changed.lot_size, changed.collar_bps) == (500, 10, 500), "what is not given stays"
    assert changed.max_order_notional == 2_500_500_000
    assert changed.state == InstrumentState.OPEN
    limits = Limits(max_order_qty=7, max_messages=0, short_allowed=True)
    account = op.limits("ben", limits, reason=WHY)
    assert (account.max_order_qty, account.flags) == (7, AccountFlag.SHORT_ALLOWED)
    assert op.deposit("ben", "100.000001", reason=WHY) == 100_000_001
    assert op.deposit("ben", -1, reason=WHY) == 100_000_000, "an int counts units of the wire"
    assert op.deposit_shares("ben", "ACME", 30, cost="1000", reason=WHY) == 30
    (position,) = op.positions("ben")
    assert (position.symbol, position.qty, position.cost) == ("ACME", 30, 30 * 1_000_000_000)
    assert op.account("ben").free == 100_000_000


def test_names_and_ids_serve_alike(op: Operator, acme: int) -> None:
    assert op.instrument_id("ACME") == op.instrument_id("acme") == op.instrument_id(str(acme)) == acme
    assert op.book("ACME").instrument == op.book(acme).instrument
    assert op.symbols()[acme] == "ACME"
    ben = op.account_id("ben")
    assert op.account_names()[ben] == "ben"
    with pytest.raises(InvalidInput, match="'ACNE' is not traded here; did you mean ACME"):
        op.book("ACNE")
    with pytest.raises(InvalidInput, match=r"no account 'zoe'; there are: ben"):
        op.account("zoe")


def test_orders_are_seen_counted_and_cancelled(op: Operator, acme: int, market: Running) -> None:
    op.deposit("ben", "1000000", reason=WHY)
    op.limits("ben", Limits(max_order_qty=0), reason=WHY)
    op.set_instrument("ACME", max_order_notional=0, reason=WHY)
    with openbell.connect(market.data, api_key=op.add_key("ben", reason=WHY).secret) as client:
        for step in range(5):
            client.buy("ACME", 1, f"99.{step}0").wait_accepted()
    rows, total = op.orders("ben", "ACME", limit=2)
    assert (len(rows), total) == (2, 5)
    assert [tuple(level) for level in op.book("ACME", 2).bids] == [(994_000, 1, 1), (993_000, 1, 1)]
    assert op.cancel_all("ben", reason=WHY) == 5
    assert op.kill("ben", reason=WHY) == 0
    assert op.account("ben").state == AccountState.BLOCKED
    op.unkill("ben", reason=WHY)


def test_a_change_says_after_which_command_it_is_durable(op: Operator, acme: int) -> None:
    op.halt("ACME", reason=WHY)
    first = op.last_seq
    op.resume("ACME", reason=WHY)
    assert op.last_seq == first + 1
    assert op.status().durable_sequence >= op.last_seq


@pytest.mark.parametrize(
    ("reason", "said"), [("", "needs a reason"), (" ", "needs a reason"), ("ü" * 49, "98 bytes, the limit is 96")]
)
def test_a_reason_is_needed_and_must_fit(op: Operator, reason: str, said: str) -> None:
    before = op.status().sequence
    with pytest.raises(InvalidInput, match=said):
        op.snapshot(reason=reason)
    assert op.status().sequence == before


def test_refusals_say_which_field_and_limit(op: Operator, acme: int) -> None:
    with pytest.raises(OperatorRefused, match="CASH_RANGE") as caught:
        op.deposit("ben", "-999999999", reason=WHY)
    assert caught.value.code == "rejected"
    assert caught.value.field == "CASH_RANGE"
    assert caught.value.value == 999_999_999_000_000
    with pytest.raises(OperatorRefused) as caught:
        op.ask("halt", {"instrument": acme, "colour": "red"}, reason=WHY)
    assert (caught.value.code, caught.value.field) == ("bad_args", "colour")
    with pytest.raises(OperatorRefused) as caught:
        op.ask("explode")
    assert caught.value.code == "bad_verb"
    with pytest.raises(InvalidInput, match="more than 6 decimal places"):
        op.deposit("ben", "0.0000001", reason=WHY)
    with pytest.raises(InvalidInput, match="give one of them"):
        op.add_key(reason=WHY)
    assert op.status().sequence > 0, "the connection is good for more"


def test_a_viewer_may_look_and_not_act(op: Operator, market: Running) -> None:
    token = op.add_key(operator="vic", role="viewer", reason=WHY).secret
    with Operator(market.data, name="vic", token=token) as viewer:
        assert viewer.status().sequence > 0
        with pytest.raises(OperatorRefused) as caught:
            viewer.snapshot(reason=WHY)
        assert caught.value.code == "not_allowed"
    with Operator(market.data, token="wrong") as stranger, pytest.raises(OperatorRefused) as caught:
        stranger.status()
    assert caught.value.code == "bad_token"


def test_an_engine_that_stops_or_dies_is_noticed_soon(tmp_path: Path) -> None:
    running = Running(tmp_path / "m", "--no-demo", "--no-postgres")
    try:
        running.live()
        op = Operator(tmp_path / "m", timeout_s=60)
        pid = op.status().pid
        os.kill(pid, signal.SIGSTOP)
        began_s = time.monotonic()
        with pytest.raises(openbell.TimedOut, match=r"gave no answer to 'status' within 0\.2 s"):
            op.status(timeout_s=0.2)
        os.kill(pid, signal.SIGCONT)
        assert op.status().pid == pid, "the late answer to the question before is not taken for this one's"
        os.kill(pid, signal.SIGKILL)
        with pytest.raises(ConnectionLost, match=r"gone without a word|has stopped"):
            op.status()
        assert time.monotonic() - began_s < 30, "not the whole timeout"
        op.close()
        with pytest.raises(MarketNotFound):
            Operator(tmp_path / "nothing")
    finally:
        running.kill()
