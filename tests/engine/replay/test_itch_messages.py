"""The table of ITCH 5.0 messages, against the specification's lengths and somebody else's implementation."""

import struct
import subprocess
import sys
from pathlib import Path

import pytest
from itch import messages as peer

from ext.itch.messages import ALPHA1, BY_TYPE, MESSAGES, SIZES, decode, dtype_of, encode

ROOT = Path(__file__).resolve().parents[3]


def filled(type_: str) -> dict[str, int | str]:
    """A value for every field of a message, no two the same where that is possible."""
    values: dict[str, int | str] = {}
    for number, field in enumerate(BY_TYPE[type_].fields[1:], 1):
        size = SIZES[field.kind]
        if field.kind.startswith("alpha"):
            values[field.name] = "BSYNPTQA"[number % 8] if field.kind == ALPHA1 else f"{'XYZWVUTS'[:size]}"
        else:
            values[field.name] = int.from_bytes(bytes(range(number, number + size)))
    return values


def test_types_and_lengths_are_those_of_the_peer() -> None:
    assert {m.type: m.length for m in MESSAGES} == {
        key.decode(): cls.message_size for key, cls in peer.messages.items()
    }


@pytest.mark.parametrize("type_", [m.type for m in MESSAGES])
def test_fields_sit_where_the_peer_reads_them(type_: str) -> None:
    raw = encode(type_, **filled(type_))
    read = peer.messages[type_.encode()](raw)
    ours = decode(raw)
    assert ours == {"message_type": type_, **filled(type_)}
    mine = [ours[f.name] for f in BY_TYPE[type_].fields[4:]]
    theirs = struct.unpack(read.message_format, raw[1:])[4:]
    assert mine == [v.decode().rstrip() if isinstance(v, bytes) else v for v in theirs]
    assert (read.stock_locate, read.tracking_number, read.timestamp) == (
        ours["stock_locate"], ours["tracking_number"], ours["timestamp"],
    )  # fmt: skip


@pytest.mark.parametrize("type_", [m.type for m in MESSAGES])
def test_dtype_is_packed_to_the_length(type_: str) -> None:
    assert dtype_of(type_).itemsize == BY_TYPE[type_].length


def test_encode_names_the_bad_field() -> None:
    with pytest.raises(ValueError, match=r"shares is 0..4294967295, got 4294967296"):
        encode("A", shares=1 << 32)
    with pytest.raises(ValueError, match="no field 'colour'"):
        encode("A", colour=1)
    with pytest.raises(ValueError, match="stock has at most 8 characters"):
        encode("A", stock="TOOLONGNAME")
    with pytest.raises(ValueError, match="stock is alpha8, got 5"):
        encode("A", stock=5)
    with pytest.raises(ValueError, match="unknown ITCH message type 'z'"):
        encode("z")


def test_decode_refuses_wrong_lengths_and_types() -> None:
    with pytest.raises(ValueError, match=r"message D \(order_delete\) has 18 bytes, must have 19"):
        decode(b"D" + bytes(17))
    with pytest.raises(ValueError, match="unknown ITCH message type"):
        decode(b"")


def test_layout_header_is_made_from_the_table() -> None:
    made = subprocess.run(
        [sys.executable, "-m", "ext.itch.messages"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert (ROOT / "ext/itch/layout.pxd").read_text() == made
