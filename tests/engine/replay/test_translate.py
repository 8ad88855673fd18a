"""What every kind of message becomes in the engine, and how what no engine can give is told."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.replay.report import Report
from tests.engine.replay.days import (
    action,
    add,
    cancel,
    delete,
    directory,
    executed,
    executed_at,
    operational,
    replace,
    replayed,
    written,
)  # fmt: skip


def rows_of(report: Report) -> list[tuple[str, int | str, int | str, int]]:
    return [(d.reason, d.expected, d.actual, d.reference) for d in report.differences]


def run(folder: Path, *messages: bytes) -> tuple[Report, list[tuple[str, int, int]]]:
    """Replay messages of stock 1; the report, and what rests: (side, price, open shares) in the order of core.md."""
    report, market = replayed(written(folder / "day.itch", directory(), *messages), data=folder / "market")
    assert report.sound
    rows = market.orders(0)
    sides = ["BS"[side] for side in rows["side"].tolist()]
    return report, list(zip(sides, rows["price"].tolist(), rows["leaves"].tolist(), strict=True))


def test_every_order_message_changes_the_book_as_recorded(tmp_path: Path) -> None:
    report, book = run(
        tmp_path,
        action("T"),
        add(1, "B", 100, 10_000), add(2, "B", 50, 10_000), add(3, "B", 70, 9_900), add(4, "S", 30, 10_100),
        executed(1, 40),  # 60 left, still first
        cancel(2, 10),  # keeps its place
        replace(1, 5, 60, 10_000),  # goes behind 2
        executed_at(2, 15, 10_000),
        delete(3),
        executed(4, 30),  # the whole offer
    )  # fmt: skip
    assert book == [("B", 10_000, 25), ("B", 10_000, 60)]
    assert (report.executions, report.executions_matched, report.executed_shares) == (3, 3, 85)
    assert report.matched_shares == 85 and report.reasons == {} and report.rejects == 0
    assert report.messages_by_type == {"A": 4, "C": 1, "D": 1, "E": 2, "H": 1, "R": 1, "U": 1, "X": 1}


def test_an_execution_that_is_not_of_the_first_order_is_told_and_the_book_follows(tmp_path: Path) -> None:
    report, book = run(
        tmp_path, action("T"), add(1, "S", 10, 10_000), add(2, "S", 10, 10_000), add(3, "S", 10, 10_100),
        executed(2, 4), executed(3, 10),
    )  # fmt: skip
    assert book == [("S", 10_000, 10), ("S", 10_000, 6)]
    assert rows_of(report) == [("not_first_in_queue", 2, 1, 2), ("not_first_in_queue", 3, 1, 3)]
    assert (report.executions, report.executions_matched) == (2, 0)
    assert report.differences[0].symbol == "S1" and report.differences[0].where == "00:00:00.000000000 E"


def test_an_execution_at_another_price_hits_the_order_at_its_own(tmp_path: Path) -> None:
    report, book = run(tmp_path, action("T"), add(1, "S", 10, 10_000), executed_at(1, 4, 9_900))
    assert book == [("S", 10_000, 6)]
    assert rows_of(report) == [("executed_at_another_price", 9_900, 10_000, 1)]
    assert (report.executions, report.executions_matched) == (1, 1)


def test_in_a_halt_orders_wait_and_enter_in_their_order(tmp_path: Path) -> None:
    report, book = run(
        tmp_path,
        action("T"),
        add(1, "B", 100, 10_000), add(2, "B", 50, 10_000), add(3, "B", 30, 9_900), add(4, "B", 5, 9_800),
        action("H"),
        add(5, "B", 7, 10_000), cancel(1, 40), cancel(1, 10), replace(2, 6, 50, 10_000), delete(3),
        executed(4, 1),
        action("Q"),
        add(7, "S", 9, 10_100), delete(7),
        action("T"),
        add(8, "B", 1, 10_000),
    )  # fmt: skip
    assert book == [("B", 10_000, 50), ("B", 10_000, 7), ("B", 10_000, 50), ("B", 10_000, 1), ("B", 9_800, 4)]
    assert report.reasons == {"executed_in_a_halt": 1}


def test_both_kinds_of_halt_must_end(tmp_path: Path) -> None:
    report, book = run(
        tmp_path, action("T"), action("H"), operational("H"), action("T"), add(1, "B", 5, 100), operational("T"),
        add(2, "B", 6, 100),
    )  # fmt: skip
    assert book == [("B", 100, 5), ("B", 100, 6)] and report.reasons == {}
    halted, nothing = run(tmp_path / "other", action("T"), operational("H"), add(1, "B", 5, 100))
    assert nothing == [] and halted.live_orders == 1


@pytest.fixture(autouse=True)
def other(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()


def test_an_order_that_crosses_waits_until_it_does_not(tmp_path: Path) -> None:
    report, book = run(
        tmp_path, action("T"), add(1, "B", 5, 10_000), add(2, "S", 6, 10_000), add(3, "S", 7, 10_100), executed(2, 1),
        delete(1), executed(2, 1),
    )  # fmt: skip
    assert book == [("S", 10_000, 4), ("S", 10_100, 7)]
    assert rows_of(report) == [("crosses_the_book", 10_000, 10_000, 2), ("crosses_the_book", 1, 0, 2)]
    assert (report.executions, report.executions_matched) == (2, 1)


def test_a_replaced_order_that_crosses_leaves_the_engine(tmp_path: Path) -> None:
    report, book = run(
        tmp_path, action("T"), add(1, "B", 5, 10_000), add(2, "S", 6, 10_100), replace(2, 3, 6, 9_900), delete(1),
        add(4, "S", 1, 9_900),
    )  # fmt: skip
    assert book == [("S", 9_900, 6), ("S", 9_900, 1)] and report.reasons == {"crosses_the_book": 1}


def test_messages_that_do_not_fit_the_book_are_told(tmp_path: Path) -> None:
    report, book = run(
        tmp_path,
        action("T"),
        executed(9, 1), delete(9), cancel(9, 1), replace(9, 10, 5, 100),  # nothing has reference 9
        add(1, "B", 10, 100), add(1, "B", 11, 100),  # again
        add(2, "B", 0, 100),
        cancel(1, 12),  # all of its 11
        add(3, "B", 5, 100), executed(3, 6),
        add(4, "B", 5, 100), executed(4, 0), replace(4, 5, 0, 100),
    )  # fmt: skip
    assert book == []
    assert report.reasons == {
        "unknown_reference": 4, "duplicate_reference": 1, "no_shares": 3, "more_shares_than_the_order_has": 2,
    }  # fmt: skip
    assert (report.executions, report.executions_matched) == (3, 0)


def test_a_stream_that_begins_within_the_day_is_open(tmp_path: Path) -> None:
    path = written(tmp_path / "tail.itch", add(1, "B", 5, 123), executed(1, 2), action("H"), add(2, "B", 6, 123))
    report, market = replayed(path)
    assert (report.executions_matched, report.live_orders, report.instruments) == (1, 2, 1)
    assert market.orders(0)["leaves"].tolist() == [3] and market.orders(0)["price"].tolist() == [123]


def test_only_the_symbols_asked_for_are_replayed(tmp_path: Path) -> None:
    messages = [m for locate in (1, 2, 3) for m in (directory(locate), action("T", locate))]
    messages += [add(locate, "B", 10 * locate, 100, locate) for locate in (1, 2, 3)]
    report, market = replayed(written(tmp_path / "day.itch", *messages), symbols=("s2", "S3"))
    assert report.instruments == 2 and report.commands == 2
    assert [market.orders(instrument)["leaves"].tolist() for instrument in (0, 1)] == [[20], [30]]


REFERENCES, SHARES, PRICES = st.integers(1, 8), st.integers(0, 4), st.integers(98, 103)
SIDES, LOCATES = st.sampled_from("BS"), st.integers(1, 2)
MESSAGES = st.one_of(
    st.builds(add, REFERENCES, SIDES, SHARES, PRICES, LOCATES),
    st.builds(add, REFERENCES, SIDES, SHARES, PRICES, LOCATES),
    st.builds(executed, REFERENCES, SHARES),
    st.builds(executed_at, REFERENCES, SHARES, PRICES),
    st.builds(cancel, REFERENCES, SHARES),
    st.builds(delete, REFERENCES),
    st.builds(replace, REFERENCES, REFERENCES, SHARES, PRICES),
    st.builds(action, st.sampled_from("TTTHQP"), LOCATES),
    st.builds(operational, st.sampled_from("TTH"), LOCATES),
)


@settings(max_examples=150)
@given(st.lists(MESSAGES, max_size=80))
def test_whatever_the_messages_the_engine_does_what_is_expected_of_it(messages: list[bytes]) -> None:
    """No difference is ever the engine's, and all levels and queues are equal where nothing waits."""
    with tempfile.TemporaryDirectory() as folder:
        path = written(Path(folder) / "day.itch", directory(1), directory(2), action("T", 1), action("T", 2), *messages)
        report, _ = replayed(path)
    assert report.sound, report.differences
    assert report.rejects == 0
