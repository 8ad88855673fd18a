"""The scanner: whole buffers, chunks cut anywhere, and streams that are wrong."""

import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ext.itch.generate import Generator
from ext.itch.messages import BY_TYPE, MESSAGES, decode, encode, timestamp_ns
from ext.itch.scan import ItchError, Scanner, split

HEAD = Path(__file__).resolve().parents[4] / "shared/data/nasdaq-itch50-head.bin"


def framed(*messages: bytes) -> bytes:
    return b"".join(len(m).to_bytes(2) + m for m in messages)


def day(messages: int = 5000, symbols: int = 5, seed: int = 3) -> bytes:
    generator, parts = Generator(messages, symbols, seed), []
    while chunk := generator.chunk():
        parts.append(chunk)
    return b"".join(parts)


def scan(data: bytes) -> tuple[Scanner, np.ndarray]:
    scanner = Scanner()
    steps = scanner.feed(data)
    scanner.finish()
    return scanner, steps


@pytest.mark.skipif(not HEAD.exists(), reason="no ../shared/data with the head of a real day")
def test_head_of_a_real_day() -> None:
    scanner, steps = scan(HEAD.read_bytes())
    assert scanner.counts_by_type() == {"S": 1, "R": 993, "H": 3, "Y": 3}
    assert scanner.messages == 1000 and scanner.unknown == 0
    assert [chr(t) for t in steps["type"]] == ["S", "H", "H", "H"]
    assert chr(steps["code"][0]) == "O"
    assert scanner.symbols_by_locate()[1] == "A" and len(scanner.symbols_by_locate()) == 993
    records, numbers = split(HEAD.read_bytes())["R"]
    assert records["stock"][1] == b"AA      " and records["round_lot_size"][1] == 100
    assert numbers[0] == 1  # the system event came first
    assert np.all(np.diff(timestamp_ns(records).astype(np.int64)) >= 0)


def test_steps_say_what_the_messages_say() -> None:
    common = {"stock_locate": 7, "tracking_number": 9, "timestamp": 0x0123456789AB}
    stream = framed(
        encode("A", **common, order_reference=1 << 60, side="B", shares=300, stock="AAPL", price=1_234_500),
        encode("F", **common, order_reference=2, side="S", shares=5, stock="AAPL", price=1_234_600, attribution="OBMM"),
        encode("E", **common, order_reference=2, executed_shares=1, match_number=77),
        encode("C", **common, order_reference=2, executed_shares=1, match_number=78, printable="N", execution_price=9),
        encode("X", **common, order_reference=2, cancelled_shares=2),
        encode("U", **common, original_order_reference=2, new_order_reference=3, shares=8, price=10),
        encode("D", **common, order_reference=3),
        encode("P", **common, order_reference=0, side="B", shares=4, stock="AAPL", price=11, match_number=79),
        encode("Q", **common, shares=1 << 40, stock="AAPL", cross_price=12, match_number=80, cross_type="O"),
        encode("B", **common, match_number=79),
        encode("H", **common, stock="AAPL", trading_state="H", reason="T1"),
        encode("h", **common, stock="AAPL", market_code="Q", halt_action="T"),
        encode("S", **common, event_code="Q"),
        encode("R", **common, stock="AAPL"),
    )
    scanner, steps = scan(stream)
    assert scanner.symbols_by_locate() == {7: "AAPL"}
    assert set(steps["locate"]) == {7} and set(steps["ts_ns"]) == {0x0123456789AB}
    rows = [
        (chr(s["type"]), int(s["reference"]), int(s["other"]), int(s["shares"]), int(s["price"]), chr(s["code"]))
        for s in steps
    ]
    assert rows == [
        ("A", 1 << 60, 0, 300, 1_234_500, "B"),
        ("F", 2, 0, 5, 1_234_600, "S"),
        ("E", 2, 77, 1, 0, "\0"),
        ("C", 2, 78, 1, 9, "N"),
        ("X", 2, 0, 2, 0, "\0"),
        ("U", 2, 3, 8, 10, "\0"),
        ("D", 3, 0, 0, 0, "\0"),
        ("P", 0, 79, 4, 11, "B"),
        ("Q", 0, 80, 1 << 40, 12, "O"),
        ("B", 0, 79, 0, 0, "\0"),
        ("H", 0, 0, 0, 0, "H"),
        ("h", 0, 0, 0, 0, "T"),
        ("S", 0, 0, 0, 0, "Q"),
    ]


def test_chunks_cut_anywhere_give_the_same() -> None:
    data, cuts = day(), random.Random(5)
    whole, steps = scan(data)
    pieces, scanner, at = [], Scanner(), 0
    while at < len(data):
        size = cuts.choice([1, 1, 2, 3, 17, 40, 1000])
        pieces.append(scanner.feed(data[at : at + size]))
        at += size
    scanner.finish()
    assert np.array_equal(np.concatenate(pieces), steps)
    assert scanner.counts_by_type() == whole.counts_by_type()
    assert scanner.offset == len(data)


def test_split_gives_every_field_of_every_message() -> None:
    data = day()
    merged: dict[int, dict[str, int | str]] = {}
    for type_, (records, numbers) in split(data).items():
        for record, number in zip(records, numbers, strict=True):
            merged[int(number)] = decode(record.tobytes())
            assert record.dtype.itemsize == BY_TYPE[type_].length
    at = 0
    for number in range(len(merged)):
        length = int.from_bytes(data[at : at + 2])
        assert merged[number] == decode(data[at + 2 : at + 2 + length])
        at += 2 + length
    assert at == len(data)


def test_unknown_types_are_counted_and_passed_over() -> None:
    delete = encode("D", order_reference=5)
    scanner, steps = scan(framed(b"z" + bytes(70), delete, b"\xff", delete))
    assert scanner.counts_by_type() == {"D": 2, "z": 1, "\xff": 1}
    assert scanner.unknown == 2 and len(steps) == 2


def test_a_message_of_length_zero_ends_the_session() -> None:
    delete = framed(encode("D", order_reference=5))
    scanner, steps = scan(delete + b"\0\0")
    assert scanner.ended and len(steps) == 1
    assert len(split(delete + b"\0\0")["D"][0]) == 1
    for rest in (b"\0", delete):
        with pytest.raises(ItchError, match="offset 23: data after the message of length 0"):
            scan(delete + b"\0\0" + rest)
    with pytest.raises(ItchError, match="data after"):
        scanner.feed(b"\0")


@pytest.mark.parametrize("message", MESSAGES, ids=lambda m: m.type)
@pytest.mark.parametrize("change", [-1, 1])
def test_a_wrong_length_names_offset_type_and_lengths(message: object, change: int) -> None:
    known = BY_TYPE[message.type]  # type: ignore[attr-defined]
    good = framed(encode("D", order_reference=1))
    raw = encode(known.type)
    bad = framed(raw[:-1] if change < 0 else raw + b"\0")
    text = rf"offset 21: .* {known.type} \({known.name}\) has length {known.length + change}, .* says {known.length}"
    for read in (scan, split):
        with pytest.raises(ItchError, match=text) as caught:
            read(good + bad)
        assert caught.value.offset == 21


@pytest.mark.parametrize(
    ("cut", "text"), [(1, "1 byte of 2"), (2, "length is 19, 0 bytes are there"), (20, "18 bytes are there")]
)
def test_a_stream_cut_off_says_where(cut: int, text: str) -> None:
    data = framed(encode("D", order_reference=1)) * 2
    for read in (scan, split):
        with pytest.raises(ItchError, match=f"offset 21: .*{text}"):
            read(data[: 21 + cut])


def test_a_side_that_is_none_is_an_error() -> None:
    with pytest.raises(ItchError, match=r"offset 0: .*side is neither B nor S"):
        scan(framed(encode("A", order_reference=1, side="X", shares=1, price=100)))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400), st.lists(st.integers(1, 60), max_size=12))
def test_any_bytes_end_in_records_or_an_error(data: bytes, sizes: list[int]) -> None:
    def outcome(chunks: list[bytes]) -> tuple[str, int]:
        scanner = Scanner()
        try:
            steps = sum(len(scanner.feed(chunk)) for chunk in chunks)
            scanner.finish()
        except ItchError as error:
            return str(error), error.offset
        return "steps", steps

    chunks, at = [], 0
    for size in sizes:
        chunks.append(data[at : at + size])
        at += size
    assert outcome([data]) == outcome([*chunks, data[at:]])
