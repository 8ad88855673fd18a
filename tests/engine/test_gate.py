"""The gate: what leaves when, and in which order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from engine.gate import OPEN, Gate

steps = st.lists(
    st.one_of(
        st.tuples(st.just("hold"), st.integers(1, 3)),
        st.tuples(st.just("after"), st.just(0)),
        st.tuples(st.just("open"), st.integers(0, 12)),
    ),
    max_size=40,
)


@given(steps)
def test_nothing_leaves_before_it_is_durable_and_all_leaves_in_order(given: list[tuple[str, int]]) -> None:
    told: list[str] = []
    gate = Gate(lambda events, data, taken_ns: told.extend((events + data).decode().split()), 0)
    put: list[tuple[int, str]] = []
    seq = durable = 0
    for number, (step, value) in enumerate(given):
        if step == "hold":
            seq += value
            gate.hold(seq, f"e{number} ".encode(), f"d{number} ".encode(), number)
            put.append((seq, f"e{number}"))
        elif step == "after":
            gate.after(seq, lambda number=number: told.append(f"a{number}"))  # type: ignore[misc]
            put.append((seq, f"a{number}"))
        else:
            durable = min(max(durable, value), seq)
            gate.open(durable)
        due = [name for at, name in put if at <= durable]
        assert [name for name in told if name[0] != "d"] == due
        assert [name[1:] for name in told if name[0] == "d"] == [name[1:] for name in due if name[0] == "e"]
    assert len(gate) == sum(at > durable for at, _ in put)


def test_batches_that_became_durable_together_leave_together() -> None:
    told: list[tuple[bytes, bytes, int]] = []
    gate = Gate(lambda *args: told.append(args), 0)
    gate.hold(1, b"a", b"x", 11)
    gate.hold(2, b"b", b"", 12)
    gate.after(2, lambda: told.append((b"action", b"", 0)))
    gate.hold(3, b"c", b"y", 13)
    gate.hold(9, b"d", b"z", 14)
    assert gate.oldest_ns == 11
    gate.open(5)
    assert told == [(b"ab", b"x", 11), (b"action", b"", 0), (b"c", b"y", 13)]
    assert gate.oldest_ns == 14


def test_an_open_gate_holds_nothing() -> None:
    told: list[bytes] = []
    gate = Gate(lambda events, data, taken_ns: told.append(events), OPEN)
    gate.hold(1, b"a", b"", 0)
    gate.after(1, lambda: told.append(b"b"))
    gate.hold(2, b"c", b"", 0)
    assert told == [b"a", b"b", b"c"]
    assert gate.oldest_ns is None
