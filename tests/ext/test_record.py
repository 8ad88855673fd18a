"""Journal records: checksums, reading, and every way in which a record can be wrong."""

from __future__ import annotations

import struct
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openbell import wire

from ext import record
from ext.sequence import CommandBatch

ROOT = Path(__file__).resolve().parents[2]
ORDER_RECORD, SPECIAL_RECORD, ADMIN_RECORD = 72, 136, 264
FIRST_SEQ = 7


def orders(count: int) -> np.ndarray[Any, Any]:
    commands = np.zeros(count, wire.ORDER_COMMAND)
    commands["kind"] = wire.CommandKind.NEW_ORDER
    commands["client_order_id"] = np.arange(1, count + 1)
    commands["price"] = 1_000_000
    commands["qty"] = 5
    return commands


def admin(kind: wire.CommandKind = wire.CommandKind.NOTE) -> bytes:
    command = np.zeros((), wire.ADMIN_COMMAND)
    command["kind"] = kind
    command["reason"] = b"a reason"
    return command.tobytes()


def specials(count: int) -> bytes:
    commands = np.zeros(count, wire.SPECIAL_COMMAND)
    commands["kind"] = wire.CommandKind.NEW_SPECIAL
    commands["expire_ns"] = np.arange(count) + (wire.CommandKind.NOTE << 32)
    commands["link_id"] = 1
    return commands.tobytes()


def sealed(count: int, admins: int = 0, first_seq: int = FIRST_SEQ, special: int = 0) -> CommandBatch:
    batch = CommandBatch(first_seq)
    for _ in range(admins):
        batch.add_admin(admin())
    assert batch.add_specials(specials(special), 0, 3, np.zeros(1, "<u4").tobytes()) == special
    assert batch.add_orders(orders(count).tobytes(), 0, 3, np.zeros(1, "<u4").tobytes()) == count
    batch.seal(1_000)
    return batch


def plain_crc32c(data: bytes) -> int:
    """The definition, bit by bit."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0x82F63B78 if crc & 1 else crc >> 1
    return crc ^ 0xFFFFFFFF


def test_checksum_of_the_standard() -> None:
    assert record.crc32c(b"123456789") == 0xE3069283  # check value of CRC-32C (RFC 3720)
    assert record.crc32c(bytes(32)) == 0x8A9136AA
    assert record.crc32c(b"") == 0


@given(st.binary(max_size=300), st.integers(0, 300))
def test_checksum_is_that_of_the_definition_and_goes_on(data: bytes, cut: int) -> None:
    assert record.crc32c(data) == plain_crc32c(data)
    assert record.crc32c(data[cut:], record.crc32c(data[:cut])) == plain_crc32c(data)


def test_table_gives_what_the_instruction_gives(tmp_path: Path) -> None:
    source = tmp_path / "table.c"
    source.write_text(
        "#define OB_CRC32C_TABLE\n"
        '#include "crc32c.h"\n'
        "#include <stdio.h>\n"
        "int main(void) {\n"
        "    unsigned char data[64];\n"
        "    for (int i = 0; i < 64; i++) data[i] = (unsigned char)(i * 7 + 1);\n"
        '    printf("%d %u %u", OB_CRC32C_INSTRUCTION, ob_record_crc(64, data, 64), ob_crc32c(0, data, 61));\n'
        "    return 0;\n"
        "}\n"
    )
    compiler = (sysconfig.get_config_var("CC") or "cc").split()[0]
    try:
        subprocess.run([compiler, "-O1", f"-I{ROOT / 'ext'}", "-o", tmp_path / "table", source], check=True)
    except FileNotFoundError:
        pytest.skip(f"there is no {compiler} on this machine")
    said = subprocess.run([tmp_path / "table"], capture_output=True, text=True, check=True).stdout
    data = bytes((i * 7 + 1) & 255 for i in range(64))
    assert said.split() == ["0", str(record.crc32c(struct.pack("<I", 64) + data)), str(record.crc32c(data[:61]))]


@given(st.integers(0, 5), st.integers(0, 3), st.integers(0, 3), st.integers(0, 100))
def test_reads_back_what_was_sealed(count: int, special: int, admins: int, zeros: int) -> None:
    batch = sealed(count, admins, special=special)
    data = b"\xff" * 64 + batch.records + bytes(zeros)
    commands, end, next_seq, status = record.scan(data, 64, FIRST_SEQ)
    assert (commands, status) == (batch.commands, record.END)
    assert end == 64 + count * ORDER_RECORD + special * SPECIAL_RECORD + admins * ADMIN_RECORD
    assert next_seq == FIRST_SEQ + count + special + admins


def test_stops_after_the_last_number_asked_for() -> None:
    batch = sealed(5)
    assert record.scan(batch.records, 0, FIRST_SEQ, FIRST_SEQ + 1) == (
        batch.commands[:128], 2 * ORDER_RECORD, FIRST_SEQ + 2, record.END,
    )  # fmt: skip
    assert record.scan(batch.records, 0, FIRST_SEQ, FIRST_SEQ - 1)[1:] == (0, FIRST_SEQ, record.END)


@pytest.mark.parametrize(
    ("size", "kind"),
    [(64, 32), (64, 64), (128, 1), (128, 31), (128, 64), (256, 5), (256, 32), (256, 63), (192, 32), (512, 64)],
)
def test_a_record_whose_length_is_not_that_of_its_kind_is_no_record(size: int, kind: int) -> None:
    command = bytearray(size)
    command[:8], command[16:18] = struct.pack("<Q", FIRST_SEQ), struct.pack("<H", kind)
    length = struct.pack("<I", size)
    data = length + struct.pack("<I", record.crc32c(length + command)) + command
    assert record.scan(data, 0, FIRST_SEQ) == (b"", 0, FIRST_SEQ, record.TORN)


@given(st.integers(1, 4), st.integers(0, 2), st.integers(0, 1), st.data())
def test_any_cut_is_torn_at_the_record_it_hits(count: int, special: int, admins: int, data: st.DataObject) -> None:
    batch = sealed(count, admins, special=special)
    ends = [0]
    for size in [ADMIN_RECORD] * admins + [SPECIAL_RECORD] * special + [ORDER_RECORD] * count:
        ends.append(ends[-1] + size)
    cut = data.draw(st.integers(0, len(batch.records)))
    broken = batch.records[:cut] + bytes(ADMIN_RECORD)
    whole = sum(broken[:end] == batch.records[:end] for end in ends) - 1  # zeros at a record's end may be cut unseen
    status = record.TORN if any(broken[ends[whole] :]) else record.END
    assert record.scan(broken, 0, FIRST_SEQ)[1:] == (ends[whole], FIRST_SEQ + whole, status)


@given(st.integers(2, 5), st.data())
def test_any_flipped_bit_is_found(count: int, data: st.DataObject) -> None:
    batch = sealed(count)
    bit = data.draw(st.integers(0, 8 * len(batch.records) - 1))
    broken = bytearray(batch.records)
    broken[bit // 8] ^= 1 << bit % 8
    hit = bit // 8 // ORDER_RECORD
    commands, end, next_seq, status = record.scan(bytes(broken) + bytes(64), 0, FIRST_SEQ)
    assert (end, next_seq) == (hit * ORDER_RECORD, FIRST_SEQ + hit)
    assert commands == batch.commands[: hit * 64]
    assert status == (record.TORN if hit == count - 1 else record.DAMAGED)


def test_a_hole_of_zeros_with_records_after_it_is_damage() -> None:
    batch = sealed(4)
    broken = batch.records[:ORDER_RECORD] + bytes(ORDER_RECORD) + batch.records[2 * ORDER_RECORD :]
    assert record.scan(broken, 0, FIRST_SEQ)[1:] == (ORDER_RECORD, FIRST_SEQ + 1, record.DAMAGED)


def test_a_wrong_number_is_told_from_damage() -> None:
    batch = sealed(3)
    assert record.scan(batch.records, 0, FIRST_SEQ + 1)[1:] == (0, FIRST_SEQ + 1, record.WRONG_SEQUENCE)
    gap = batch.records[:ORDER_RECORD] + batch.records[2 * ORDER_RECORD :]
    assert record.scan(gap, 0, FIRST_SEQ)[1:] == (ORDER_RECORD, FIRST_SEQ + 1, record.WRONG_SEQUENCE)


def test_old_records_after_a_torn_one_are_not_damage() -> None:
    old, new = sealed(2, first_seq=1), sealed(1)
    assert record.scan(new.records[:40] + bytes(32) + old.records, 0, FIRST_SEQ)[3] == record.TORN


@given(st.binary(max_size=400))
def test_anything_is_read_without_an_accident(data: bytes) -> None:
    commands, end, next_seq, _ = record.scan(data, 0, FIRST_SEQ)
    assert 0 <= end <= len(data)
    assert (next_seq > FIRST_SEQ) == bool(commands)


def test_commits_are_found_by_their_first_record() -> None:
    first, second = sealed(2), sealed(2, first_seq=FIRST_SEQ + 2)
    marked = record.commit_start(second.records)
    data = first.records + marked + second.records[ORDER_RECORD:] + bytes(80)
    assert record.find_commit(data, 0, FIRST_SEQ) == 2 * ORDER_RECORD
    assert record.find_commit(data, 2 * ORDER_RECORD + 8, FIRST_SEQ) is None
    assert record.find_commit(data, 0, FIRST_SEQ + 3) is None
    commands, _, next_seq, status = record.scan(data, 0, FIRST_SEQ)
    assert (commands, next_seq, status) == (first.commands + second.commands, FIRST_SEQ + 4, record.END)


def test_marks_only_valid_records() -> None:
    assert len(record.commit_start(sealed(1, 1).records)) == ADMIN_RECORD
    assert len(record.commit_start(sealed(1, special=1).records)) == SPECIAL_RECORD
    with pytest.raises(ValueError, match="not a valid journal record"):
        record.commit_start(bytes(ORDER_RECORD))


def test_an_offset_beyond_the_buffer_is_refused() -> None:
    for call in (record.scan, record.find_commit):
        with pytest.raises(ValueError, match="offset 73 is beyond the buffer's 72 bytes"):
            call(bytes(72), 73, 1)
