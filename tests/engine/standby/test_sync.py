"""Answers that wait for a standby, and what happens when there is none; the gate that sees to it."""

from __future__ import annotations

import signal
from functools import partial
from pathlib import Path

import openbell
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.gate import OPEN
from engine.standby.gate import NEVER_NS, GuardedGate
from tests.engine.process.running import Running
from tests.engine.standby.standing import Standing, until

SYNC = '[ports]\nstandby = 0\n[standby]\nmode = "sync"\ngone_after_ms = 300\nwhen_gone = "{}"\n'

steps = st.lists(
    st.one_of(
        st.tuples(st.just("hold"), st.integers(1, 3)),
        st.tuples(st.just("after"), st.just(0)),
        st.tuples(st.just("open"), st.integers(0, 12)),
        st.tuples(st.just("confirm"), st.integers(0, 12)),
        st.tuples(st.just("lease"), st.integers(0, 8)),
        st.tuples(st.just("time"), st.integers(0, 4)),
    ),
    max_size=60,
)


@given(steps, st.booleans())
def test_nothing_leaves_without_disk_standby_and_lease(given: list[tuple[str, int]], in_memory: bool) -> None:
    """What leaves is durable and confirmed, it leaves in order, and none of it while there is no lease."""
    now = 0
    told: list[int] = []

    def release(events: bytes, data: object, taken_ns: int) -> None:
        assert now < gate.good_until_ns
        told.extend(map(int, events.split()))

    gate = GuardedGate(release, OPEN if in_memory else 0, lambda: now)
    gate.good_until_ns = 5
    gate.confirmed_seq = 0
    seq = durable = confirmed = left = 0
    held: list[int] = []
    for step, value in given:
        if step == "hold":
            seq += value
            held.append(seq)
            gate.hold(seq, f"{seq} ".encode(), memoryview(b"data"), 0)
        elif step == "after":
            held.append(seq)
            gate.after(seq, partial(told.append, seq))
        elif step == "open":
            durable = min(max(durable, value), seq)
            gate.open(durable)
        elif step == "confirm":
            confirmed = max(confirmed, value)
            gate.confirmed_seq = confirmed
            gate.open_again()
        elif step == "lease":
            gate.good_until_ns = max(gate.good_until_ns, now + value)
            gate.open_again()
        else:
            now += value
        assert told == held[: len(told)]
        if not in_memory:
            assert all(one <= min(durable, confirmed) for one in told)
        if now >= gate.good_until_ns and step != "lease":
            assert len(told) == left or step == "time"
        left = len(told)
    gate.good_until_ns, gate.confirmed_seq = NEVER_NS, OPEN
    gate.open(seq)
    assert told == held


def test_answers_wait_for_the_standby_and_orders_are_refused_without_one(tmp_path: Path) -> None:
    more = SYNC.format("wait")
    with (
        Running(tmp_path / "primary", more) as engine,
        Standing(tmp_path / "standby", engine.data, more) as standby,
        engine.client("alice") as client,
    ):

        def is_taken() -> bool:
            try:
                return client.buy("AAA", 1, "90.00").wait_accepted().is_open
            except openbell.Refused as error:
                assert error.code == "no_standby"  # it began without one
                return False

        until(is_taken, "an order")
        standby.signal(signal.SIGSTOP)
        order = client.buy("AAA", 2, "90.00")
        with pytest.raises(openbell.TimedOut):
            order.wait_accepted(0.2)
        with engine.operator() as operator:  # which is answered all the same

            def told() -> bool:
                return operator.status().raw["standby"]["state"] == "waiting"

            until(told, "the news")
            assert "no answer leaves" in operator.status().warnings[-1]

            def is_refused() -> bool:
                try:
                    client.buy("AAA", 3, "90.00").wait_accepted(0.2)
                except openbell.Refused as error:
                    return error.code == "no_standby"
                except openbell.TimedOut:
                    return False
                return False

            until(is_refused, "a refusal")
            standby.signal(signal.SIGCONT)
            order.wait_accepted()
            until(lambda: operator.status().raw["standby"]["state"] == "sync", "the standby")
            assert operator.orders("alice")[1] >= 2


def test_a_market_goes_on_alone_where_it_is_to_and_journals_that(tmp_path: Path) -> None:
    more = SYNC.format("async")
    with Running(tmp_path / "primary", more) as engine, Standing(tmp_path / "standby", engine.data, more) as standby:
        with engine.client("alice") as client, engine.operator() as operator:
            client.buy("AAA", 1, "90.00").wait_accepted()
            assert operator.status().raw["standby"]["state"] == "sync"
            standby.kill()
            client.buy("AAA", 2, "90.00").wait_accepted(5.0)
            assert operator.status().raw["standby"]["state"] == "alone"
            assert "answers leave without one" in operator.status().warnings[-1]
            standby.start()
            until(lambda: operator.status().raw["standby"]["state"] == "sync", "the standby")
            last = client.buy("AAA", 3, "90.00").wait_accepted()
            assert last.is_open
            standby.wait_for(operator.status().sequence)
        texts = (standby.data / "journal" / f"{1:018d}.obj").read_bytes()
        assert b"no standby for 300 ms: answers leave without one" in texts
        assert b"a standby has caught up: answers wait for it" in texts
