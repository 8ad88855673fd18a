"""A generated day through the parsers of others: every message of every kind, byte for byte and field by field."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import itch_book
import itchcpp.parser
import numpy as np
import pytest
from itch.parser import MessageParser

from engine.replay.itch.file import write_day
from ext.itch.messages import BY_TYPE, timestamp_ns
from ext.itch.scan import split

DAY, MESSAGES, SYMBOLS, SEED = datetime.date(2025, 1, 2), 120_000, 12, 7
Records = dict[str, tuple[np.ndarray, np.ndarray]]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("itch") / "day.itch"
    write_day(file, MESSAGES, SYMBOLS, SEED)
    return file


@pytest.fixture(scope="module")
def ours(path: Path) -> Records:
    return split(path.read_bytes())


def raw(path: Path) -> Iterator[bytes]:
    data, at = path.read_bytes(), 0
    while at < len(data):
        length = int.from_bytes(data[at : at + 2])
        yield data[at + 2 : at + 2 + length]
        at += 2 + length


@pytest.mark.parametrize("parser", [MessageParser, itchcpp.parser.MessageParser], ids=["itchfeed", "itchcpp"])
def test_every_message_is_read_and_written_again_the_same(parser: Any, path: Path) -> None:
    seen = set()
    messages = raw(path)
    with path.open("rb") as file:
        for read in parser().parse_file(file):
            assert read.to_bytes() == next(messages)
            seen.add(read.message_type.decode())
    assert next(messages, None) is None
    assert seen == set(BY_TYPE)


def tables(path: Path, *names: str) -> dict[str, dict[str, np.ndarray]]:
    feed = itch_book.open(str(path), date=DAY, price_type="fixed")
    (batch,) = feed.batches(tables=names, rows=1 << 30)
    assert feed.stats["messages"] == MESSAGES and feed.stats["unknown"] == feed.stats["malformed"] == 0
    return {name: getattr(batch, name) for name in names}


def merged(ours: Records, types: str, field: str, missing: int = 0) -> np.ndarray:
    """A field of the messages of some types, in the order of the stream; `missing` where a type does not have it."""
    numbers = np.concatenate([ours[t][1] for t in types])
    columns = [
        ours[t][0][field].astype(np.int64)
        if field in (ours[t][0].dtype.names or ())
        else np.full(len(ours[t][0]), missing)
        for t in types
    ]
    return np.concatenate(columns)[np.argsort(numbers)]


def test_itch_book_reads_the_same_orders(path: Path, ours: Records) -> None:
    table = tables(path, "messages")["messages"]
    types = "AFECXDU"
    kinds = np.concatenate([np.full(len(ours[t][0]), ord(t)) for t in types])
    numbers = np.concatenate([ours[t][1] for t in types])
    assert np.array_equal(table["type"].view(np.uint8), kinds[np.argsort(numbers)])
    assert np.array_equal(table["locate"], merged(ours, types, "stock_locate"))
    at = {t: table["type"] == t.encode() for t in types}
    for t, field in (("A", "order_reference"), ("F", "order_reference"), ("D", "order_reference")):
        assert np.array_equal(table["order_id"][at[t]], ours[t][0][field])
    assert np.array_equal(table["order_id"][at["U"]], ours["U"][0]["new_order_reference"])
    assert np.array_equal(table["old_order_id"][at["U"]], ours["U"][0]["original_order_reference"])
    for t, field in (("A", "shares"), ("F", "shares"), ("U", "shares"), ("E", "executed_shares"),
                     ("C", "executed_shares"), ("X", "cancelled_shares")):  # fmt: skip
        assert np.array_equal(table["size"][at[t]], ours[t][0][field])
    for t in "AFU":
        assert np.array_equal(table["price"][at[t]], ours[t][0]["price"])
    assert np.array_equal(table["price"][at["C"]], ours["C"][0]["execution_price"])
    assert np.array_equal(table["printable"][at["C"]], ours["C"][0]["printable"] == b"Y")
    assert np.array_equal(table["side"][at["A"]], ours["A"][0]["side"])


def test_itch_book_reads_the_same_trades(path: Path, ours: Records) -> None:
    table = tables(path, "trades")["trades"]
    printable = ours["C"][0]["printable"] == b"Y"
    shown = {**ours, "C": (ours["C"][0][printable], ours["C"][1][printable])}
    assert np.array_equal(table["match_number"], merged(shown, "ECPQB", "match_number"))
    at = {t: table["kind"] == t.encode() for t in "ECPQB"}
    assert {t: int(rows.sum()) for t, rows in at.items()} == {t: len(shown[t][0]) for t in "ECPQB"}
    assert np.array_equal(table["price"][at["P"]], ours["P"][0]["price"])
    assert np.array_equal(table["price"][at["Q"]], ours["Q"][0]["cross_price"])
    assert np.array_equal(table["size"][at["Q"]], ours["Q"][0]["shares"])
    assert np.array_equal(table["cross_type"][at["Q"]], ours["Q"][0]["cross_type"])


def test_itch_book_reads_the_same_states_and_auctions(path: Path, ours: Records) -> None:
    read = tables(path, "noii", "halts", "reg_sho", "luld", "symbols", "system_events")
    midnight_ns = read["system_events"]["ts_event"][0] - timestamp_ns(ours["S"][0])[0].astype(np.int64)
    for name, t in (("noii", "I"), ("reg_sho", "Y"), ("luld", "J"), ("system_events", "S")):
        times_ns = timestamp_ns(ours[t][0]).astype(np.int64)
        assert np.array_equal(read[name]["ts_event"] - midnight_ns, times_ns) and len(times_ns) > 0
    noii, luld, halts = read["noii"], read["luld"], read["halts"]
    for theirs, mine in (("paired", "paired_shares"), ("imbalance", "imbalance_shares"), ("far_px", "far_price"),
                         ("near_px", "near_price"), ("ref_px", "reference_price"), ("cross_type", "cross_type"),
                         ("direction", "imbalance_direction"), ("variation", "price_variation")):  # fmt: skip
        assert np.array_equal(noii[theirs], ours["I"][0][mine])
    for theirs, mine in (("ref_px", "reference_price"), ("upper_px", "upper_price"), ("lower_px", "lower_price")):
        assert np.array_equal(luld[theirs], ours["J"][0][mine])
    assert np.array_equal(halts["state"][halts["kind"] == b"H"], ours["H"][0]["trading_state"])
    assert np.array_equal(halts["state"][halts["kind"] == b"h"], ours["h"][0]["halt_action"])
    assert np.array_equal(read["system_events"]["event"], ours["S"][0]["event_code"])
    assert np.array_equal(read["reg_sho"]["action"], ours["Y"][0]["reg_sho_action"])
    assert [str(name) for name in read["symbols"]["symbol"]] == [
        name.decode().rstrip() for name in ours["R"][0]["stock"]
    ]
