"""Dead-man timers with a real engine: renewed, lapsed, disarmed, and with an engine that is killed meanwhile."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import openbell
import pytest
from openbell import CancelReason, EventKind, InvalidInput, Spare
from openbell.wire import ArmFlag

from tests.engine.process.guarding import MORE, PATIENCE_S, canceled, collect, guards, live, until
from tests.engine.process.running import Running


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with Running(tmp_path_factory.mktemp("dead_man"), MORE) as running:
        yield running


@pytest.fixture(autouse=True)
def _clean(engine: Running) -> Iterator[None]:
    yield
    with engine.operator() as operator:
        operator.cancel_all(reason="the next test")
        operator.disarm("alice", reason="the next test")


def test_it_fires_when_it_is_not_renewed(engine: Running) -> None:
    """The connection stands and lives: that alone renews nothing."""
    with engine.client("alice") as client:
        order = client.buy("AAA", 1, "80", tif="GTC").wait_accepted()
        before_ns = time.time_ns()
        guard = client.dead_man(1)
        fires_ns = guard.fires_ns
        assert 0.9e9 < fires_ns - before_ns < 2.5e9
        events = collect(client, lambda seen: bool((seen["kind"] == EventKind.MASS_CANCELED).any()))
        took_s = (time.time_ns() - fires_ns) / 1e9
        assert 0 <= took_s < 1.0, f"{took_s} s late"
        assert events["kind"].tolist()[-3:] == [EventKind.ARMED, EventKind.CANCELED, EventKind.MASS_CANCELED]
        armed, ended, mass = events[-3:]
        assert (int(armed["price"]), int(armed["reason"])) == (fires_ns, ArmFlag.OF_ACCOUNT)
        assert int(ended["reason"]) == int(mass["reason"]) == CancelReason.DEAD_MAN
        assert (int(mass["qty"]), int(mass["price"])) == (1, fires_ns)
        assert order.cancel_reason is CancelReason.DEAD_MAN
        assert (guard.has_fired, guard.fires_ns) == (True, 0)
        assert guards(engine) == []
        assert client.buy("AAA", 1, "80").wait_accepted().is_open, "and then it is off"


def test_renewing_keeps_and_disarming_ends_it(engine: Running) -> None:
    with engine.client("alice") as client:
        order = client.buy("AAA", 1, "80").wait_accepted()
        for _ in range(4):
            client.dead_man(1)
            time.sleep(0.5)
        client.poll()
        assert order.is_open
        assert client.dead_man(0).fires_ns == 0
        time.sleep(1.3)
        client.poll()
        assert order.is_open


def test_a_client_that_renews_by_itself(engine: Running) -> None:
    with engine.client("alice") as client:
        order = client.buy("AAA", 1, "80").wait_accepted()
        client.dead_man(1, renew=True)
        time.sleep(2.5)  # nothing is called: its thread does it
        client.poll()
        assert order.is_open
    began_s = time.monotonic()
    until(lambda: live(engine) == 0, 4.0)
    assert time.monotonic() - began_s < 2.5, "closed: nobody renews"


def test_another_session_of_the_account_may_renew(engine: Running) -> None:
    with engine.client("alice") as other:
        with engine.client("alice") as client:
            order = client.buy("AAA", 1, "80").wait_accepted()
            client.dead_man(1.2)
        other.dead_man(30)
        time.sleep(1.6)
        assert [one.client_order_id for one in other.orders()] == [order.client_order_id]
        assert other.dead_man(0).fires_ns == 0


def test_a_timer_of_a_session_alone(engine: Running) -> None:
    with engine.client("alice") as other, engine.client("alice") as client:
        kept = other.buy("AAA", 1, "81").wait_accepted()
        gone = client.buy("AAA", 1, "80").wait_accepted()
        client.dead_man(1, whole_account=False)
        collect(other, lambda seen: canceled(seen, CancelReason.DEAD_MAN) == 1)
        assert [one.client_order_id for one in other.orders()] == [kept.client_order_id]
        again = client.buy("AAA", 1, "80").wait_accepted()
        client.dead_man(60, whole_account=False)
        client.close()  # nobody could renew it any more
        events = collect(other, lambda seen: canceled(seen, CancelReason.DISCONNECT) == 1)
        assert again.client_order_id in events["client_order_id"].tolist()
        assert gone.client_order_id != again.client_order_id
        assert guards(engine) == []


ON_END = int(ArmFlag.ON_DISCONNECT | ArmFlag.KEEP_GTC)


def test_a_timer_of_a_login_that_spares_orders(engine: Running) -> None:
    """Both are one guard: what cancel on disconnect spares stays spared, unless the timer says otherwise."""
    with engine.client("alice", cancel_on_disconnect=Spare(keep_gtc=True)) as client:
        ((_, number, _),) = guards(engine)
        for timeout_s in (60, 0):
            client.dead_man(timeout_s, whole_account=False)
            assert guards(engine) == [(1, number, ON_END)]
        client.dead_man(60, whole_account=False, keep_gtc=False, keep_auction=True)
        assert guards(engine) == [(1, number, ArmFlag.ON_DISCONNECT | ArmFlag.KEEP_AUCTION)]
        client.dead_man(60)
        assert (1, 0, ArmFlag.OF_ACCOUNT) in guards(engine)


async def test_a_timer_of_an_asynchronous_login_that_spares_orders(engine: Running) -> None:
    async with openbell.connect_async(
        engine.data, account="alice", cancel_on_disconnect=Spare(keep_gtc=True)
    ) as client:
        await client.dead_man(60, whole_account=False)
        assert [flags for _, _, flags in guards(engine)] == [ON_END]


async def test_the_asynchronous_client(engine: Running) -> None:
    async with openbell.connect_async(engine.data, account="alice", cancel_on_disconnect=True) as client:
        order = client.buy("AAA", 1, "80")
        await order.wait_accepted()
        guard = await client.dead_man(1, renew=True)
        first_ns = guard.fires_ns
        await asyncio.sleep(2.2)
        assert order.is_open
        assert guard.fires_ns > first_ns
        with pytest.raises(InvalidInput) as refused:
            await client.dead_man(0.5)
        assert (refused.value.field, refused.value.limit) == ("timeout_s", 1)
        await client.dead_man(0)
        await client.cancel_on_disconnect(False)
    await asyncio.sleep(0.3)
    assert live(engine) == 1


@pytest.mark.parametrize("timeout_s", [0.999, -1, 3601, float("nan"), float("inf"), "soon"])
def test_timeouts_that_are_none(engine: Running, timeout_s: float) -> None:
    with engine.client("alice") as client, pytest.raises(InvalidInput) as refused:
        client.dead_man(timeout_s)
    assert refused.value.field == "timeout_s"


def test_an_engine_that_is_killed_does_not_stop_the_clock(tmp_path: Path) -> None:
    with Running(tmp_path, MORE) as engine:
        with engine.client("alice") as client:
            client.buy("AAA", 1, "80", tif="GTC").wait_accepted()
            guard = client.dead_man(1.5)
            seen = client.account_seq()
            engine.kill()
        time.sleep(max(0.0, guard.fires_ns / 1e9 - time.time()))
        engine.start()
        assert live(engine) == 0
        with engine.client("alice", resume={1: seen + 1}) as client:
            events = collect(client, lambda got: len(got) >= 2)
            assert events["account_seq"].tolist() == [seen + 1, seen + 2]
            assert events["kind"].tolist() == [EventKind.CANCELED, EventKind.MASS_CANCELED]
            assert events["reason"].tolist() == [CancelReason.DEAD_MAN] * 2
            assert (events["ts_ns"].astype(np.int64) >= guard.fires_ns).all()


def test_a_timer_that_is_not_due_goes_on_after_a_kill(tmp_path: Path) -> None:
    with Running(tmp_path, MORE) as engine, engine.client("alice") as client:
        order = client.buy("AAA", 1, "80", tif="GTC").wait_accepted()
        client.dead_man(6)
        engine.kill()
        engine.start()
        assert live(engine) == 1
        assert guards(engine) == [(1, 0, ArmFlag.OF_ACCOUNT)]
        client.wait_until(lambda: client.is_online, PATIENCE_S)
        assert order.is_open
        client.wait_until(lambda: order.is_done, PATIENCE_S)
        assert order.cancel_reason is CancelReason.DEAD_MAN


def test_an_operator_sees_and_disarms_it(engine: Running) -> None:
    with engine.client("alice", name="watched") as client:
        order = client.buy("AAA", 1, "80").wait_accepted()
        client.dead_man(2, keep_gtc=True)
        with engine.operator() as operator:
            found = operator.sessions()
            (timer,) = found.timers
            assert (timer.account_name, timer.session) == ("alice", 0)
            assert timer.flags == ArmFlag.OF_ACCOUNT | ArmFlag.KEEP_GTC
            assert 0 < timer.deadline_ns - found.ts_ns <= 2e9
            (login,) = [one for one in found.sessions if one.client == "watched"]
            assert (login.accounts, login.guarded) == ([1], [])
            assert operator.disarm("alice", reason="it is at lunch")
            assert not operator.disarm("alice", reason="again")
        time.sleep(2.3)
        client.poll()
        assert order.is_open
