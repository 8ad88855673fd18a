"""A proof notices a core that is wrong: one record, one row, one snapshot, one command too many."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from openbell.wire import EventKind

from ext.core import Core
from tests.prove.report import side_by_side, told
from tests.prove.session import ROUND, Difference, Result, Session
from tests.prove.smaller import smaller
from tests.reference.commands import Command, buy, cancel, configure, tick
from tests.reference.compare import Step
from tests.reference.records import EVENT, MARKET_DATA, ORDER_ROW

SEED = 6
PLAIN = next(number for number, world in enumerate(ROUND) if world.name == "plain")
SEEDS = range(SEED, SEED + 20)  # in one of which each fault has its occasion


class Altered:
    """The core with a fault; subclasses say which. `faults`: how often it has been wrong."""

    faults = 0

    def __init__(self, core: Core | None = None) -> None:
        self.core = Core() if core is None else core

    def __getattr__(self, name: str) -> Any:
        return getattr(self.core, name)

    @classmethod
    def restore(cls, snapshot: bytes) -> Altered:
        return cls(Core.restore(snapshot))

    @classmethod
    def cut(cls, data: bytes, size: int) -> bytes:
        """Without the last record, where there is one."""
        cls.faults += bool(data)
        return data[:-size]


class WrongPrice(Altered):
    """Fills of three lots from command `since` on say a price that is one too high."""

    since = 200

    def take_events(self) -> bytes:
        data = bytearray(self.core.take_events())
        for offset in range(0, len(data), EVENT.size):
            event = EVENT.unpack(bytes(data), offset)
            if event.seq >= self.since and event.kind == EventKind.FILL and event.qty == 3:
                data[offset : offset + EVENT.size] = EVENT.pack(**event._asdict() | {"price": event.price + 1})
                type(self).faults += 1
        return bytes(data)


class AlwaysWrongPrice(WrongPrice):
    since = 0


class LostRecord(Altered):
    def take_market_data(self) -> bytes:
        data = self.core.take_market_data()
        return self.cut(data, MARKET_DATA.size) if self.core.seq > 300 else data


class WrongRow(Altered):
    def orders(self, account: int | None = None, instrument: int | None = None) -> bytes:
        data = self.core.orders(account, instrument)
        if self.core.seq < 400 or not data:
            return data
        row = ORDER_ROW.unpack(data, 0)
        type(self).faults += 1
        return ORDER_ROW.pack(**row._asdict() | {"hold": row.hold + 1}) + data[ORDER_ROW.size :]


class Forgetful(Altered):
    """What it restores has lost an order."""

    @classmethod
    def restore(cls, snapshot: bytes) -> Altered:
        core = Core.restore(snapshot)
        if core.seq > 100 and core.orders():
            row = ORDER_ROW.unpack(core.orders(), 0)
            core.apply(cancel(row.account, order_id=row.order_id).encode(core.seq + 1, core.ts_ns))
            core.take_events()
            cls.faults += 1
        return cls(core)


class Lenient(Altered):
    def apply(self, commands: bytes, market_data: bool = False) -> int:
        try:
            return self.core.apply(commands, market_data)
        except ValueError:
            type(self).faults += 1
            return 0


class Batches(Altered):
    """Two commands a call and more: the last one's market data is lost."""

    def apply(self, commands: bytes, market_data: bool = False) -> int:
        self.many = len(commands) > 512
        return self.core.apply(commands, market_data)

    def take_market_data(self) -> bytes:
        data = self.core.take_market_data()
        return self.cut(data, MARKET_DATA.size) if self.many else data


def run(core: Any, seed: int = SEED) -> Result:
    return Session(seed, PLAIN, core).run()


@cache
def first_fault(core: Any) -> tuple[int, Difference]:
    """The first session in which `core` was wrong: its seed, and what the proof says of it."""
    for seed in SEEDS:
        core.faults = 0
        difference = run(core, seed).difference
        assert (difference is not None) == (core.faults > 0), f"seed {seed}: {difference}, {core.faults} faults"
        if difference is not None:
            return seed, difference
    raise AssertionError(f"{core.__name__} had no occasion to be wrong with the seeds {SEEDS}")


def test_a_session_is_the_same_again_and_finds_nothing() -> None:
    results = [run(Core) for _ in range(2)]
    assert [result.difference for result in results] == [None, None]
    first, second = ((each.commands, each.events, each.market_data, each.met) for each in results)
    assert first == second
    assert results[0].events > 1000


def test_other_numbers_and_seeds_give_other_sessions() -> None:
    met = [Session(seed, number).run().met for seed, number in ((SEED, 0), (SEED + 1, 0), (SEED, 17))]
    assert met[0] != met[1] != met[2] != met[0]


@pytest.mark.parametrize(
    ("core", "least", "said"),
    [
        (WrongPrice, 200, "events differ"),
        (LostRecord, 301, "market data differ"),
        (WrongRow, 400, "rows of"),
        (Forgetful, 100, "assert (self.core.seq, self.core.ts_ns) == "),
        (Lenient, 1, "core: 0, model: ValueError|core took wrong input"),
        (Batches, 1, "in batches"),
    ],
)
def test_a_wrong_core_is_noticed(core: Any, least: int, said: str) -> None:
    seed, difference = first_fault(core)
    assert any(part in difference.text for part in said.split("|")), difference.text
    assert difference.command >= least
    shown = told(difference, seed)
    assert f"./openbell prove --seed {seed} --session {PLAIN}" in shown
    assert f"command {difference.command}" in shown


def test_what_an_order_would_get_is_asked_only_for_the_time_that_it_comes_at() -> None:
    session = Session(SEED, PLAIN)
    session.pair.step(Step(configure()))
    due = buy(1, 1, 100, 1)
    session.pair.step(Step(tick()))
    assert session._foretold(Step(due)) is not None
    assert session._foretold(Step(due, after_ns=1)) is None
    session.pair.step(Step(Command({"kind": 63}), after_ns=1))  # refused by both: the core's time stands
    assert session._foretold(Step(due)) is None


def test_both_sides_are_shown_beside_each_other() -> None:
    seed, difference = first_fault(WrongPrice)
    assert len(difference.core) == len(difference.model) >= 3
    differ = [mine != theirs for mine, theirs in zip(difference.core, difference.model, strict=True)].count(True)
    assert differ >= 2  # both sides of a trade
    assert differ % 2 == 0
    lines = [line for line in told(difference, seed).splitlines() if "≠" in line]
    assert len(lines) >= 2


def test_sides_of_unequal_length_and_long_records() -> None:
    lines = side_by_side(["a", "b" * 100], ["a"])
    assert lines[1].split() == ["a", "|", "a"]
    assert lines[2].split() == ["b" * 78, "≠", "-"]
    assert lines[3].split() == ["b" * 22, "≠"]


def test_few_commands_are_left() -> None:
    _, difference = first_fault(AlwaysWrongPrice)
    fewer, text = smaller(difference.steps, 20.0, AlwaysWrongPrice)
    assert "events differ" in text
    # Capacities, an instrument that opens, two accounts with cash or shares, two orders that meet.
    assert len(fewer) <= 15 < len(difference.steps)


def test_what_does_not_differ_is_not_made_smaller() -> None:
    session = Session(SEED, PLAIN)
    session.run()
    assert smaller(session.steps[:300]) == (session.steps[:300], "")
