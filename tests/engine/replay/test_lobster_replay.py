"""LOBSTER's sample row by row, and small recordings that show what each difference is called."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from openbell import wire

from engine.replay.errors import ReplayError
from engine.replay.lobster.replay import LobsterReplay, survey, symbol_of
from engine.replay.market import OwnMarket
from engine.replay.report import Report

SAMPLE = Path(__file__).resolve().parents[4] / "shared/data"
MESSAGES = SAMPLE / "AAPL_2012-06-21_message_10.csv"
ORDERBOOK = SAMPLE / "AAPL_2012-06-21_orderbook_10.csv"
needs_sample = pytest.mark.skipif(not MESSAGES.exists(), reason="no ../shared/data with LOBSTER's sample")

EMPTY = "9999999999,0,-9999999999,0"


def replayed(messages: Path, orderbook: Path | None, folder: Path) -> tuple[Report, OwnMarket]:
    rows, tick_size = survey(messages, orderbook)
    market = OwnMarket(folder / "market", 1, rows)
    try:
        return LobsterReplay(messages, market, orderbook=orderbook, tick_size=tick_size).run(), market
    finally:
        market.close()


def written(folder: Path, rows: list[tuple[str, str]]) -> tuple[Path, Path]:
    """A message file and an orderbook file; the times are made up."""
    messages, orderbook = folder / "XYZ_2020-01-02_message_2.csv", folder / "XYZ_2020-01-02_orderbook_2.csv"
    messages.write_text("".join(f"{34200 + at},{message}\n" for at, (message, _) in enumerate(rows)))
    orderbook.write_text("".join(f"{levels}\n" for _, levels in rows))
    return messages, orderbook


def listed(report: Report) -> list[tuple[str, str, int | str, int | str]]:
    return [(d.where, d.reason, d.expected, d.actual) for d in report.differences]


@needs_sample
def test_every_row_that_the_sample_determines_is_equal_and_every_execution_hits_its_order(tmp_path: Path) -> None:
    report, _ = replayed(MESSAGES, ORDERBOOK, tmp_path)
    assert (report.messages, report.rows) == (600, 599)
    assert report.executions == report.executions_matched == 71
    assert report.executed_shares == report.matched_shares > 0
    assert report.rows_equal == report.rows_determined == 587  # the other 12 reveal what no message told
    assert report.reasons == {"level_revealed": 11, "level_went_unseen": 3}
    assert len({d.where.split(",")[0] for d in report.differences}) == 599 - 587
    assert report.sound and report.rejects == 0
    assert report.messages_by_type == {"new order": 287, "delete": 206, "execution": 71, "hidden execution": 36}


@needs_sample
def test_the_sample_without_its_orderbook_still_runs(tmp_path: Path) -> None:
    report, _ = replayed(MESSAGES, None, tmp_path)
    assert report.messages == 600 and report.rows == 0 and not report.checked
    assert set(report.reasons) == {"unknown_order", "not_first_in_queue"} or set(report.reasons) == {"unknown_order"}
    assert report.executions_matched > 0 and report.sound


def test_levels_of_the_first_row_are_orders_ahead_of_all(tmp_path: Path) -> None:
    messages, orderbook = written(
        tmp_path,
        [
            ("1,1,10,1000000,1", "1000100,30,1000000,25,1000200,40,999900,70"),  # 15 rested there before
            ("4,99,5,1000000,1", "1000100,30,1000000,20,1000200,40,999900,70"),  # one of those
            ("2,98,4,1000000,1", "1000100,30,1000000,16,1000200,40,999900,70"),
            ("3,97,6,1000000,1", "1000100,30,1000000,10,1000200,40,999900,70"),  # the last of them
            ("4,1,10,1000000,1", f"1000100,30,999900,70,1000200,40,{EMPTY.split(',', 2)[2]}"),
            ("5,0,7,1000050,-1", f"1000100,30,999900,70,1000200,40,{EMPTY.split(',', 2)[2]}"),
            ("6,0,7,1000050,-1", f"1000100,30,999900,70,1000200,40,{EMPTY.split(',', 2)[2]}"),
        ],
    )
    report, market = replayed(messages, orderbook, tmp_path)
    assert (report.rows, report.rows_equal, report.executions, report.executions_matched) == (6, 6, 2, 2)
    assert report.prints == 2 and report.reasons == {} and report.instruments == 1
    instrument = np.frombuffer(market.core.instruments(), wire.INSTRUMENT_ROW)[0]
    assert (instrument["symbol"], instrument["tick_size"]) == (b"XYZ", 100)


def test_levels_that_come_into_sight_are_adopted_and_told(tmp_path: Path) -> None:
    messages, orderbook = written(
        tmp_path,
        [
            ("1,1,10,1000000,1", "1000100,30,1000000,10,1000200,40,999900,70"),
            ("1,2,10,1000050,1", "1000100,30,1000050,10,1000200,40,1000000,10"),  # 999900 goes out of sight
            ("3,2,10,1000050,1", "1000100,30,1000000,10,1000200,40,999900,60"),  # it comes back with 10 less
            ("3,7,30,1000100,-1", "1000200,40,1000000,10,1000300,5,999900,60"),  # 1000300 was never seen
            ("3,1,10,1000000,1", "1000200,40,999900,60,1000300,5,999800,3"),
            ("1,3,4,999900,1", "1000200,40,999900,64,1000300,5,999800,3"),
        ],
    )  # fmt: skip
    report, _ = replayed(messages, orderbook, tmp_path)
    assert (report.rows, report.rows_equal, report.rows_determined) == (5, 2, 2)
    assert listed(report) == [
        ("row 3, bid 999900", "level_went_unseen", 60, 70),
        ("row 4, ask 1000300", "level_revealed", 5, 0),
        ("row 5, bid 999800", "level_revealed", 3, 0),
    ]
    assert report.sound


def test_a_row_that_is_wrong_within_sight_is_a_difference_of_the_engine(tmp_path: Path) -> None:
    messages, orderbook = written(
        tmp_path,
        [
            ("1,1,10,1000000,1", "1000100,30,1000000,10"),
            ("1,2,5,1000000,1", "1000100,30,1000000,16"),
            ("4,1,16,1000000,1", "1000100,30,-9999999999,0"),  # the order has 10
        ],
    )
    report, _ = replayed(messages, orderbook, tmp_path)
    assert report.reasons["level_differs"] == 2 and not report.sound
    assert ("row 2, bid 1000000", "level_differs", 16, 15) in listed(report)
    assert report.reasons["unknown_order"] == 1


def test_a_halt_stops_the_engine_and_resuming_opens_it(tmp_path: Path) -> None:
    messages, orderbook = written(
        tmp_path,
        [
            ("1,1,10,1000000,1", "1000100,30,1000000,10"),
            ("7,0,0,-1,-1", "1000100,30,1000000,10"),
            ("7,0,0,0,-1", "1000100,30,1000000,10"),
            ("7,0,0,1,-1", "1000100,30,1000000,10"),
            ("4,1,10,1000000,1", "1000100,30,-9999999999,0"),
        ],
    )
    report, _ = replayed(messages, orderbook, tmp_path)
    assert (report.rows_equal, report.executions_matched, report.reasons) == (4, 1, {})


def test_files_of_different_recordings_are_refused_in_words(tmp_path: Path) -> None:
    rows = [("1,1,10,1000000,1", "1000100,30,1000000,10")] + [
        (f"1,{n},1,1000000,1", f"1000100,30,1000000,{9 + n}") for n in range(2, 40)
    ]
    messages, orderbook = written(tmp_path, rows)
    report, _ = replayed(messages, orderbook, tmp_path)
    assert report.rows_equal == report.rows == 38
    lines = orderbook.read_text().splitlines()
    for change, text in (
        (lines[:20], "ends after row 20, .* goes on: they are not of the same recording"),
        (["1000100,30,999900,10", *lines[1:]], "line 1: it does not show the order that line 1 of .* adds"),
        ([lines[0], *["1000100,31,1000000,10"] * 38], "line 12: 11 of the first 12 rows show another book"),
    ):
        orderbook.write_text("\n".join(change) + "\n")
        with pytest.raises(ReplayError, match=text):
            replayed(messages, orderbook, tmp_path / str(len(text)))


@pytest.mark.parametrize(
    ("name", "symbol"),
    [("AAPL_2012-06-21_message_10.csv", "AAPL"), ("day.csv", "DAY"), ("brk.b_2020-01-02_m.csv", "BRK.B")],
)
def test_the_symbol_is_in_the_name_of_the_file(name: str, symbol: str) -> None:
    assert symbol_of(Path(name)) == symbol


def test_the_tick_fits_all_prices(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_text("1,1,1,1,100,1\n2,1,2,1,200,1\n3,7,0,0,-1,-1\n")
    assert survey(path) == (3, 100)
    path.write_text("1,1,1,1,100,1\n2,5,2,1,250,1\n")  # a hidden order, which rests in no book
    assert survey(path) == (2, 100)
    book = tmp_path / "b.csv"
    book.write_text("250,1,100,1\n" * 2)
    assert survey(path, book) == (2, 1)
    path.write_text("1,1,1,1,100,1\n2,1,2,1,250,1\n")
    assert survey(path) == (2, 1)
    path.write_text("")
    with pytest.raises(ReplayError, match="the file is empty"):
        survey(path)
