"""Who is looked at when."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from engine.liquidation.agenda import Agenda
from engine.sequencer import NEVER_NS

OPEN, MOVED = (1, 100), (1, 101)


def test_the_longest_first_and_the_lower_id_of_those_at_one_time() -> None:
    agenda = Agenda()
    for account, due_ns in ((5, 20), (9, 10), (3, 20), (4, 30)):
        agenda.set(account, due_ns)
    assert agenda.due_ns == 10
    assert agenda.take(25, 2) == [9, 3]
    assert agenda.take(25, 2) == [5]
    assert (agenda.take(25, 2), agenda.due_ns, len(agenda)) == ([], 30, 1)


def test_what_is_set_last_counts() -> None:
    agenda = Agenda()
    agenda.set(1, 10)
    agenda.set(1, 30)
    assert agenda.take(20, 9) == []
    agenda.set(1, 5)
    assert agenda.take(20, 9) == [1]
    assert agenda.take(40, 9) == []
    agenda.set(1, 50)
    agenda.drop(1)
    assert (agenda.due_ns, agenda.due_of(1)) == (NEVER_NS, 0)


def test_those_that_wait_are_woken_when_their_instrument_is_another_one() -> None:
    agenda = Agenda()
    agenda.idle(1, 1_000, [(0, OPEN), (1, OPEN)])
    agenda.idle(2, 1_000, [(1, OPEN)])
    agenda.wake(10, {0: OPEN, 1: OPEN}.__getitem__)
    assert (agenda.take(10, 9), agenda.has_waiting) == ([], True)
    agenda.wake(20, {0: MOVED, 1: OPEN}.__getitem__)
    assert agenda.take(20, 9) == [1]
    agenda.wake(30, {0: OPEN, 1: MOVED}.__getitem__)
    assert (agenda.take(30, 9), agenda.has_waiting) == ([2], False)


def test_who_has_a_time_of_its_own_by_now_is_not_woken() -> None:
    agenda = Agenda()
    agenda.idle(1, 1_000, [(0, OPEN)])
    agenda.set(1, 500)  # it traded elsewhere: an interval later
    agenda.wake(20, {0: MOVED}.__getitem__)
    agenda.rouse(1, 20)
    assert (agenda.due_of(1), agenda.is_idle(1)) == (500, False)


def test_those_that_wait_for_different_things_are_both_woken() -> None:
    agenda = Agenda()
    agenda.idle(1, 1_000, [(0, OPEN)])
    agenda.idle(2, 1_000, [(0, MOVED)])  # it became so between
    agenda.wake(10, {0: MOVED}.__getitem__)
    assert agenda.take(10, 9) == [1, 2]


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 50), st.booleans()), max_size=60))
def test_nobody_is_forgotten_or_taken_twice(acts: list[tuple[int, int, bool]]) -> None:
    agenda, wanted = Agenda(), dict[int, int]()
    for account, due_ns, is_set in acts:
        if is_set:
            agenda.set(account, due_ns)
            wanted[account] = due_ns
        else:
            agenda.drop(account)
            wanted.pop(account, None)
    found = []
    while one := agenda.take(50, 2):
        found += one
    assert found == [account for _, account in sorted((due_ns, account) for account, due_ns in wanted.items())]
