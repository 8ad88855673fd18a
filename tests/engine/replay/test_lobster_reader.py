"""The reader of LOBSTER files: the sample, and rows that are wrong."""

from pathlib import Path

import pytest

from engine.replay.lobster.reader import LobsterError, depth_of, read_messages, read_orderbook

SAMPLE = Path(__file__).resolve().parents[4] / "shared/data"
MESSAGES = SAMPLE / "AAPL_2012-06-21_message_10.csv"
ORDERBOOK = SAMPLE / "AAPL_2012-06-21_orderbook_10.csv"
needs_sample = pytest.mark.skipif(not MESSAGES.exists(), reason="no ../shared/data with LOBSTER's sample")

GOOD = "34200.004241176,1,16113575,18,5853300,1"


def write(tmp_path: Path, *rows: str) -> Path:
    path = tmp_path / "rows.csv"
    path.write_text("".join(row + "\n" for row in rows))
    return path


@needs_sample
def test_sample() -> None:
    messages = list(read_messages(MESSAGES))
    assert len(messages) == 600
    first = messages[0]
    assert (first.ts_ns, first.type, first.order_id, first.size, first.price, first.buy) == (
        34_200_004_241_176, 1, 16_113_575, 18, 5_853_300, True,
    )  # fmt: skip
    assert {t: sum(m.type == t for m in messages) for t in (1, 3, 4, 5)} == {1: 287, 3: 206, 4: 71, 5: 36}
    rows = list(read_orderbook(ORDERBOOK))
    assert len(rows) == 600 and depth_of(ORDERBOOK) == 10
    assert rows[0].asks[0] == (5_859_400, 200) and rows[0].bids[0] == (5_853_300, 18)
    assert all(row.asks[0][0] > row.bids[0][0] for row in rows)


def test_times_are_exact_to_the_nanosecond(tmp_path: Path) -> None:
    path = write(
        tmp_path, "0.1,1,1,1,1,1", "34200,1,1,1,1,1", "34200.00426064,1,2,1,1,1", "34200.004260640000002,1,3,1,1,-1,XX"
    )
    assert [m.ts_ns for m in read_messages(path)] == [
        100_000_000,
        34_200_000_000_000,
        34_200_004_260_640,
        34_200_004_260_640,
    ]


@pytest.mark.parametrize(
    ("row", "column", "text"),
    [
        ("34200.1,1,5", "4", "missing: a message row has 6 columns, this has 3"),
        ("34200.1,8,5,1,1,1", "2 (type)", "must be 1..7, got 8"),
        ("34200.1,x,5,1,1,1", "2 (type)", "must be an integer, got 'x'"),
        ("34200.1,1,5,0,1,1", "4 (size)", "must be 1..4294967295, got 0"),
        ("34200.1,1,5,1,0,1", "5 (price)", "must be 1..4294967295, got 0"),
        ("34200.1,1,5,1,1,0", "6 (direction)", "must be 1 (buy) or -1 (sell), got 0"),
        ("34200.1,1,-5,1,1,1", "3 (order id)", "must be 0.."),
        ("noon,1,5,1,1,1", "1 (time)", "must be seconds after midnight, got 'noon'"),
        ("1.5e3,1,5,1,1,1", "1 (time)", "must be seconds after midnight"),
        ("34199,1,5,1,1,1", "1 (time)", "is before the row above"),
    ],
)
def test_errors_name_line_and_column(tmp_path: Path, row: str, column: str, text: str) -> None:
    path = write(tmp_path, GOOD, row)
    with pytest.raises(LobsterError) as caught:
        list(read_messages(path))
    assert f"{path}, line 2, column {column}" in str(caught.value) and text in str(caught.value)
    assert caught.value.line == 2


def test_halts_have_prices_of_their_own(tmp_path: Path) -> None:
    path = write(tmp_path, "1,7,0,0,-1,-1", "2,7,0,0,0,1", "3,7,0,0,1,1")
    assert [m.price for m in read_messages(path)] == [-1, 0, 1]
    with pytest.raises(LobsterError, match=r"must be 1\.\."):
        list(read_messages(write(tmp_path, "1,1,1,1,-1,-1")))


@pytest.mark.parametrize(
    ("row", "column"),
    [("1,2,3", "3"), ("1,2,3,4,5", "5"), ("10,1,9,1,8,1,7,1", "5"), ("10,1,9,1,11,1,9,1", "7"), ("10,a,9,1", "2")],
)
def test_orderbook_errors_name_line_and_column(tmp_path: Path, row: str, column: str) -> None:
    path = write(tmp_path, "10,1,9,1,11,1,8,1", row)
    with pytest.raises(LobsterError, match=f"line 2, column {column}:"):
        list(read_orderbook(path))


def test_empty_levels_are_left_out(tmp_path: Path) -> None:
    path = write(tmp_path, "10,1,9,2,9999999999,0,-9999999999,0")
    (row,) = read_orderbook(path)
    assert row.asks == ((10, 1),) and row.bids == ((9, 2),)


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="No such file"):
        list(read_messages(tmp_path / "none.csv"))
    binary = tmp_path / "binary.csv"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(LobsterError, match="is this a LOBSTER CSV file"):
        list(read_messages(binary))
    with pytest.raises(LobsterError, match="the file is empty"):
        depth_of(write(tmp_path))
