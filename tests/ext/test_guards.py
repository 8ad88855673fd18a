"""The table of guards in the core: against a plain dictionary, over snapshots, when it grows. docs/disconnect.md."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openbell import wire
from openbell.wire import ArmFlag, CommandKind, EventKind

from ext.core import Core
from ext.sequence import CommandBatch
from tests.ext.market import A, B, C, Market, record

SECOND_NS = 1_000_000_000
ROOM = 40

steps = st.lists(
    st.tuples(
        st.sampled_from(["arm", "arm", "arm", "disarm", "end", "tick", "grow", "restore"]),
        st.sampled_from([A, B, C]),
        st.integers(1, 30),
        st.integers(1, 40),
        st.booleans(),
    ),
    max_size=200,
)


def rows(core: Core) -> list[tuple[int, int, int, int]]:
    found = np.frombuffer(core.timers(), wire.TIMER_ROW)
    return [tuple(row) for row in found[["account", "session", "flags", "deadline_ns"]].tolist()]


@settings(max_examples=60, deadline=None)
@given(steps)
def test_it_is_a_dictionary_with_a_next_one(taken: list[Any]) -> None:
    m = Market()
    room = ROOM
    m.admin(CommandKind.SET_TIMERS, room)
    known: dict[tuple[int, int], tuple[int, int]] = {}
    for what, account, session, seconds, stays in taken:
        key, flags = (account, session), ArmFlag.ON_DISCONNECT if stays else 0
        if what == "arm":
            (event,) = m.apply(
                m.command(CommandKind.ARM, account=account, session=session, price=seconds * SECOND_NS, flags=flags)
            )
            full = key not in known and len(known) == room
            assert event.kind == (EventKind.ARM_REJECTED if full else EventKind.ARMED)
            if not full:
                known[key] = flags, m.ts_ns + seconds * SECOND_NS
        elif what == "disarm":
            m.apply(m.command(CommandKind.ARM, account=account, session=session))
            known.pop(key, None)
        elif what == "end":
            events = m.apply(m.command(CommandKind.DISCONNECT, account=account, session=session))
            assert len(events) == (known.pop(key, None) is not None)
        elif what == "tick":
            m.ts_ns += seconds * SECOND_NS
            fired = [(event.account, event.leaves) for event in m.apply(m.command(CommandKind.TICK))]
            due = sorted((ns, one) for one, (_, ns) in known.items() if 0 < ns <= m.ts_ns)
            assert fired == [one for _, one in due]
            for _, one in due:
                flags, _ = known.pop(one)
                if flags:
                    known[one] = flags, 0
        elif what == "grow":
            room += seconds
            m.admin(CommandKind.SET_TIMERS, room)
        else:
            before = m.core.state_hash()
            m.core = Core.restore(m.core.snapshot())
            assert m.core.state_hash() == before
        assert rows(m.core) == [(*one, *known[one]) for one in sorted(known)]
        assert m.core.timer_ns == min((ns for _, ns in known.values() if ns), default=0)
        assert m.core.stats()["timers"] == {"used": len(known), "capacity": room}


def test_a_damaged_snapshot_is_refused() -> None:
    m = Market()
    m.admin(CommandKind.SET_TIMERS, 2)
    m.apply(m.command(CommandKind.ARM, account=A, session=1, price=SECOND_NS))
    good = m.core.snapshot()
    place = good.rindex((A << 32 | 1).to_bytes(8, "little"))
    row, rest = good[place : place + 24], good[place + 24 :]
    for wrong in (
        (77 << 32 | 1).to_bytes(8, "little") + row[8:],  # an account that there is not
        row[:8] + (1 << 63).to_bytes(8, "little") + row[16:],  # a time before all times
        row[:-1],
    ):
        with pytest.raises(ValueError, match="damaged"):
            Core.restore(good[:place] + wrong + rest)


def test_the_hash_tells_what_is_armed() -> None:
    hashes = set()
    for seconds, session, flags in ((1, 1, 0), (2, 1, 0), (1, 2, 0), (1, 1, 2), (1, 1, 1)):
        m = Market()
        m.admin(CommandKind.SET_TIMERS, 2)
        m.apply(m.command(CommandKind.ARM, account=A, session=session, price=seconds * SECOND_NS, flags=flags))
        hashes.add(m.core.state_hash())
    assert len(hashes) == 5


def test_configure_leaves_it_alone() -> None:
    m = Market()
    m.admin(CommandKind.SET_TIMERS, 2)
    m.apply(m.command(CommandKind.ARM, account=A, session=1, price=SECOND_NS))
    before = rows(m.core)
    m.admin(CommandKind.CONFIGURE, 9, 9, 128, 64, 32, 64, 8)
    assert rows(m.core) == before


@pytest.mark.parametrize("kind", [CommandKind.TICK, CommandKind.ARM, CommandKind.DISCONNECT])
def test_the_engine_may_put_them_into_a_batch(kind: CommandKind) -> None:
    batch = CommandBatch(1)
    batch.add_admin(record(wire.ORDER_COMMAND, kind=kind, session=5, account=7))
    assert batch.seal(3) == 1
    (made,) = np.frombuffer(batch.commands, wire.ORDER_COMMAND)
    assert (made["kind"], made["session"], made["account"], made["seq"], made["ts_ns"]) == (kind, 5, 7, 1, 3)


@pytest.mark.parametrize("kind", [CommandKind.TICK, CommandKind.ARM, CommandKind.DISCONNECT, 8])
def test_a_client_may_not(kind: int) -> None:
    batch = CommandBatch(1)
    data = record(wire.ORDER_COMMAND, kind=kind, account=7)
    assert batch.add_orders(data, 0, 5, np.array([7], "<u4").tobytes()) == -1
    assert len(batch) == 0
