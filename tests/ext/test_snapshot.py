"""A restored core is the original: same bytes, same events for whatever comes, at any moment."""

from __future__ import annotations

import hashlib
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from openbell import wire
from openbell.wire import CommandKind, InstrumentState, OrderFlag, OrderType

from ext.core import Core
from tests.ext.market import A, Market, record

ACCOUNTS, INSTRUMENTS = 3, 2
START_NS = 1_000_000_000


def opening() -> list[bytes]:
    """Small pools, so that all of them run out now and then."""
    kinds: list[dict[str, Any]] = [
        {"kind": CommandKind.CONFIGURE, "values": (ACCOUNTS, INSTRUMENTS, 24, 8, 5, 16, 2)},
        {"kind": CommandKind.SET_SCHEDULE, "values": (START_NS + 50,)},
    ]
    for instrument in range(INSTRUMENTS):
        name = b"I%d" % instrument
        kinds.append({"kind": CommandKind.SET_INSTRUMENT, "instrument": instrument, "name": name, "values": (1, 1)})
        kinds.append(
            {"kind": CommandKind.SET_INSTRUMENT_STATE, "instrument": instrument, "state": InstrumentState.OPEN}
        )
    for account in range(ACCOUNTS):
        name = b"A%d" % account
        kinds.append({"kind": CommandKind.SET_ACCOUNT, "account": account, "flags": account % 2, "name": name})
        kinds.append({"kind": CommandKind.DEPOSIT, "account": account, "values": (10**9,)})
    return [admin(**fields) for fields in kinds]


def admin(values: tuple[int, ...] = (), **fields: Any) -> bytes:
    named = {f"value{place}": value for place, value in enumerate(values)}
    return record(wire.ADMIN_COMMAND, ts_ns=START_NS, **named, **fields)


def weighted(*kinds: tuple[st.SearchStrategy[Any], float]) -> st.SearchStrategy[Any]:
    """One of these, as often as its number says: one_of takes each as often."""
    places = [place for place, (_, weight) in enumerate(kinds) for _ in range(round(weight * 10))]
    return st.sampled_from(places).flatmap(lambda place: kinds[place][0])


account = st.integers(0, ACCOUNTS - 1)
instrument = st.integers(0, INSTRUMENTS - 1)
order_ids = st.builds(lambda generation, slot: generation << 32 | slot, st.sampled_from([1, 1, 2]), st.integers(1, 12))
new = st.fixed_dictionaries(
    {
        "kind": st.just(CommandKind.NEW_ORDER),
        "account": account,
        "instrument": instrument,
        "side": st.integers(0, 1),
        "price": st.sampled_from([1, 50, 64, 99, 100, 101, 130, 500, 100_000]),
        "qty": st.integers(1, 9),
        "tif": st.integers(0, 3),
        "order_type": st.sampled_from([0, 0, 0, 1]),
        "self_trade": st.integers(0, 4),
        "client_order_id": st.integers(1, 60),
    }
)
further = st.fixed_dictionaries(
    {
        "kind": st.just(CommandKind.NEW_SPECIAL),
        "order_type": st.just(OrderType.LIMIT),
        "tif": st.integers(0, 1),
        "self_trade_group": st.integers(0, 1),
        "group": st.integers(0, 1),
    }
)
kinds = st.sampled_from(
    [
        {"display_qty": 1},
        {"display_qty": 2},
        {"flags": OrderFlag.REDUCE_ONLY},
        {"flags": OrderFlag.POST_ONLY | OrderFlag.SLIDE},
        {"order_type": OrderType.STOP, "stop_price": 101},
        {"order_type": OrderType.STOP_LIMIT, "stop_price": 64, "flags": OrderFlag.REDUCE_ONLY},
        {"order_type": OrderType.TRAILING_STOP, "offset": 3},
        {"order_type": OrderType.MARKET_TO_LIMIT},
    ]
)
cancel = st.fixed_dictionaries({"kind": st.just(CommandKind.CANCEL), "account": account, "order_id": order_ids})
replace = st.fixed_dictionaries(
    {
        "kind": st.just(CommandKind.REPLACE),
        "account": account,
        "order_id": order_ids,
        "price": st.sampled_from([50, 64, 100, 101, 500]),
        "qty": st.integers(1, 9),
        "flags": st.sampled_from([0, 2, 4, 6]),
    }
)
mass = st.fixed_dictionaries(
    {
        "kind": st.just(CommandKind.MASS_CANCEL),
        "account": account,
        "instrument": st.just(wire.ANY),
        "side": st.just(2),
    }
)
tick = st.fixed_dictionaries({"kind": st.just(CommandKind.TICK)})
special = st.builds(
    lambda *given: record(wire.SPECIAL_COMMAND, **{**given[0], **given[1], **given[2]}), new, further, kinds
)
ordinary = weighted((new, 8), (cancel, 1), (replace, 3), (mass, 0.3), (tick, 0.5)).map(
    lambda fields: record(wire.ORDER_COMMAND, ts_ns=START_NS, **fields)
)
grow = st.just(admin(kind=CommandKind.CONFIGURE, values=(ACCOUNTS + 2, INSTRUMENTS + 1, 30, 9, 7, 16, 2)))
shares = st.builds(
    lambda who, which, lots: admin(kind=CommandKind.DEPOSIT_SHARES, account=who, instrument=which, values=(lots, 3)),
    account,
    instrument,
    st.integers(-5, 20),
)
streams = st.lists(weighted((ordinary, 10), (special, 6), (shares, 1), (grow, 0.3)), min_size=30, max_size=120)


def numbered(commands: list[bytes], first: int, ts_ns: int = START_NS) -> list[bytes]:
    """The same with seq, and time that goes on."""
    result = []
    for seq, command in enumerate(commands, first):
        head = np.array([seq, ts_ns + seq], "<u8").tobytes()
        result.append(head + command[16:])
    return result


def output(core: Core) -> tuple[bytes, bytes]:
    return core.take_events(), core.take_market_data()


@given(streams, st.integers(0, 120))
@settings(max_examples=100)
def test_snapshot_at_any_moment_goes_on_identically(stream: list[bytes], moment: int) -> None:
    commands = numbered(opening() + stream, 1)
    cut = len(opening()) + min(moment, len(stream))
    original, again = Core(), Core()
    for command in commands[:cut]:
        original.apply(command, True)
    again.apply(b"".join(commands[:cut]), True)
    assert output(original) == output(again)  # in one call or in many
    taken = original.snapshot()
    assert taken == again.snapshot()
    restored = Core.restore(taken)
    assert restored.snapshot() == taken
    assert (restored.seq, restored.ts_ns) == (original.seq, original.ts_ns)
    assert restored.state_hash() == hashlib.blake2b(taken, digest_size=16).hexdigest()
    rows = ("orders", "accounts", "positions", "instruments")
    for command in commands[cut:]:
        original.apply(command, True)
        restored.apply(command, True)
        assert output(original) == output(restored)
    assert [getattr(original, name)() for name in rows] == [getattr(restored, name)() for name in rows]
    assert original.snapshot() == restored.snapshot()


def busy_core() -> Core:
    core = Core()
    random = np.random.default_rng(5)
    commands = opening()
    for number in range(1, 40):
        side = int(random.integers(0, 2))
        order = {"kind": CommandKind.NEW_ORDER, "side": side, "price": 90 + int(random.integers(0, 20)) + 5 * side}
        order |= {"qty": 3, "account": number % 2, "instrument": number % 2, "client_order_id": number, "tif": 1}
        if number % 3:
            commands.append(record(wire.ORDER_COMMAND, ts_ns=START_NS, **order))
        else:
            order |= {"kind": CommandKind.NEW_SPECIAL, "display_qty": 1}
            commands.append(record(wire.SPECIAL_COMMAND, ts_ns=START_NS, **order))
    core.apply(b"".join(numbered(commands, 1)))
    return core


def test_hash_sees_what_totals_do_not() -> None:
    """Two orders of one price that swapped places: equal totals, another state."""
    hashes = set()
    for first, second in ((0, 1), (1, 0)):
        core = Core()
        orders = [
            record(wire.ORDER_COMMAND, kind=1, account=who, price=50, qty=2, client_order_id=7, tif=1)
            for who in (first, second)
        ]
        core.apply(b"".join(numbered(opening() + orders, 1)))
        hashes.add(core.state_hash())
    assert len(hashes) == 2


def test_cut_snapshots_are_refused() -> None:
    taken = busy_core().snapshot()
    for size in range(0, len(taken), 41):
        with pytest.raises(ValueError, match="snapshot"):
            Core.restore(taken[:size])
    with pytest.raises(ValueError, match="damaged"):
        Core.restore(taken + b"\0")


def test_damaged_snapshots_never_take_the_process_down(seed: int) -> None:
    """A flipped byte is refused, or gives a state that can be read: the file around it has the checksum."""
    taken = busy_core().snapshot()
    random = np.random.default_rng(seed)
    for place in random.integers(0, len(taken), 400).tolist():
        damaged = bytearray(taken)
        damaged[place] ^= 1 << int(random.integers(0, 8))
        try:
            core = Core.restore(bytes(damaged))
        except (ValueError, MemoryError):
            continue
        for rows in (core.orders, core.accounts, core.positions, core.instruments, core.snapshot):
            assert isinstance(rows(), bytes)


def test_a_free_slot_of_another_orders_id_is_refused() -> None:
    """The next order there would be known by it, and found where no slot is."""
    m = Market()
    order = m.buy(A, 500, 3)[0]
    m.cancel(A, order.order_id)
    free = struct.pack("<Q", order.order_id + (1 << 32))
    taken = m.core.snapshot()
    assert taken.count(free) == 1
    with pytest.raises(ValueError, match="damaged"):
        Core.restore(taken.replace(free, struct.pack("<Q", 2 << 32 | 0x70000000)))


def rows_of(data: bytes) -> NDArray[Any]:
    return np.frombuffer(data, wire.ORDER_ROW)


def test_an_empty_core_has_a_snapshot_too() -> None:
    core = Core.restore(Core().snapshot())
    assert (core.seq, core.snapshot()) == (0, Core().snapshot())
    core.apply(b"".join(numbered(opening(), 1)))
    assert len(rows_of(core.orders())) == 0
