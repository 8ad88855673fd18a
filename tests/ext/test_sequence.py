"""The sequencer's batch: what it takes, what it refuses, and what it writes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openbell import wire

from ext.record import crc32c
from ext.sequence import CommandBatch

ALLOWED = np.array([2, 5, 9], "<u4").tobytes()
NO_KIND = max(wire.CommandKind) + 1
RECORD = np.dtype([("length", "<u4"), ("crc", "<u4"), ("command", wire.ORDER_COMMAND)])


def orders(accounts: list[int], kinds: list[int] | None = None) -> np.ndarray[Any, Any]:
    commands = np.zeros(len(accounts), wire.ORDER_COMMAND)
    commands["kind"] = wire.CommandKind.NEW_ORDER if kinds is None else kinds
    commands["account"] = accounts
    commands["seq"] = 99
    commands["ts_ns"] = -5
    commands["client_order_id"] = np.arange(1, len(accounts) + 1)
    return commands


def admin(kind: int = wire.CommandKind.DEPOSIT) -> bytes:
    command = np.zeros((), wire.ADMIN_COMMAND)
    command["kind"] = kind
    command["value0"] = 123
    command["reason"] = b"x" * 96
    return command.tobytes()


def special(**fields: int) -> np.ndarray[Any, Any]:
    command = np.zeros(1, wire.SPECIAL_COMMAND)
    for name, value in {"kind": wire.CommandKind.NEW_SPECIAL, **fields}.items():
        command[name] = value
    return command


def tick() -> bytes:
    command = np.zeros((), wire.ORDER_COMMAND)
    command["kind"] = wire.CommandKind.TICK
    return command.tobytes()


@given(st.lists(st.sampled_from([2, 5, 9]), max_size=2000), st.integers(0, 1 << 32 - 1), st.integers(1, 1 << 60))
def test_numbers_stamps_and_checksums(accounts: list[int], session: int, first_seq: int) -> None:
    sent = orders(accounts)
    batch = CommandBatch(first_seq)
    assert batch.add_orders(b"head" * 4 + sent.tobytes(), 16, session, ALLOWED) == len(accounts)
    assert len(batch) == batch.seal(77) == len(accounts)
    sent["seq"] = np.arange(len(accounts)) + first_seq
    sent["ts_ns"] = 77
    sent["session"] = session
    assert batch.commands == sent.tobytes()
    records = np.frombuffer(batch.records, RECORD)
    assert records["command"].tobytes() == batch.commands
    assert (records["length"] == 64).all()
    for one in records[:50]:
        assert one["crc"] == crc32c(one["length"].tobytes() + one["command"].tobytes())


def test_the_key_of_the_session_goes_over_what_the_client_wrote() -> None:
    sent, further = orders([2, 5]), special(account=9)
    sent["key"], further["key"] = [255, 3], 77
    for key in (0, 1, 255):
        batch = CommandBatch(1)
        batch.add_orders(sent.tobytes(), 0, 4, ALLOWED, key)
        batch.add_specials(further.tobytes(), 0, 4, ALLOWED, key)
        batch.add_orders(sent.tobytes(), 0, 4, ALLOWED)
        batch.seal(1)
        assert [batch.commands[place] for place in (23, 64 + 23, 128 + 23, 256 + 23)] == [key, key, key, 0]


def test_admin_commands_and_ticks_among_orders() -> None:
    batch = CommandBatch(1)
    batch.add_admin(admin())
    batch.add_orders(orders([5]).tobytes(), 0, 0, ALLOWED)
    batch.add_admin(tick())
    assert batch.seal(5) == 3
    assert [len(batch.commands), len(batch.records)] == [256 + 64 + 64, 256 + 64 + 64 + 3 * 8]
    first = np.frombuffer(batch.commands[:256], wire.ADMIN_COMMAND)[0]
    assert (first["seq"], first["ts_ns"], first["value0"], first["reason"]) == (1, 5, 123, b"x" * 96)
    assert np.frombuffer(batch.commands[256:], wire.ORDER_COMMAND)["seq"].tolist() == [2, 3]
    assert int.from_bytes(batch.records[4:8], "little") == crc32c(batch.records[:4] + batch.commands[:256])


@pytest.mark.parametrize(
    ("accounts", "kinds", "index"),
    [([2, 5, 3], [1, 1, 1], 2), ([1, 2], [1, 1], 0), ([10], [1], 0), ([2, 5, 9], [4, 5, 1], 1), ([2, 2], [2, 0], 1)],
)
def test_a_refused_frame_adds_nothing(accounts: list[int], kinds: list[int], index: int) -> None:
    batch = CommandBatch(1)
    batch.add_orders(orders([2]).tobytes(), 0, 0, ALLOWED)
    assert batch.add_orders(orders(accounts, kinds).tobytes(), 0, 0, ALLOWED) == -1 - index
    assert batch.seal(1) == 1


def test_special_commands_among_the_others() -> None:
    batch = CommandBatch(7)
    batch.add_orders(orders([5]).tobytes(), 0, 3, ALLOWED)
    sent = special(account=9, stop_price=2**40, group=77)
    assert batch.add_specials(b"head" * 4 + sent.tobytes() * 3, 16, 4, ALLOWED) == 3
    batch.add_admin(admin(wire.CommandKind.RUN_AUCTION))
    batch.add_orders(orders([2]).tobytes(), 0, 5, ALLOWED)
    assert batch.seal(50) == 6
    assert len(batch.records) == len(batch.commands) + 6 * 8
    taken = np.frombuffer(batch.commands[64 : 64 + 3 * 128], wire.SPECIAL_COMMAND)
    for seq, one in enumerate(taken, 8):
        sent["seq"], sent["ts_ns"], sent["session"] = seq, 50, 4
        assert one.tobytes() == sent.tobytes()
    record = batch.records[72 : 72 + 136]
    assert int.from_bytes(record[:4], "little") == 128
    assert int.from_bytes(record[4:8], "little") == crc32c(record[:4] + record[8:])
    assert record[8:] == taken[0].tobytes()


@pytest.mark.parametrize(
    ("kind", "account"), [(wire.CommandKind.NEW_ORDER, 5), (33, 5), (wire.CommandKind.NEW_SPECIAL, 3), (64, 5)]
)
def test_a_refused_frame_of_specials_adds_nothing(kind: int, account: int) -> None:
    batch = CommandBatch(1)
    good = special(account=5).tobytes()
    assert batch.add_specials(good * 2 + special(kind=kind, account=account).tobytes(), 0, 0, ALLOWED) == -3
    assert batch.add_orders(good, 0, 0, ALLOWED) == -1  # not in a frame of orders
    assert batch.seal(1) == 0


def test_a_session_without_accounts_is_refused() -> None:
    assert CommandBatch(1).add_orders(orders([0]).tobytes(), 0, 0, b"") == -1


def test_every_admin_command_is_taken() -> None:
    for kind in wire.CommandKind:
        if kind >= wire.ADMIN_KIND:
            CommandBatch(1).add_admin(admin(kind))


def test_bytes_that_are_no_commands_are_refused() -> None:
    batch = CommandBatch(1)
    with pytest.raises(ValueError, match="65 bytes from 0 on are not whole commands"):
        batch.add_orders(bytes(65), 0, 0, ALLOWED)
    with pytest.raises(ValueError, match="64 bytes from 128 on"):
        batch.add_orders(bytes(64), 128, 0, ALLOWED)
    with pytest.raises(ValueError, match="64 bytes from 0 on are not whole commands of 128 bytes"):
        batch.add_specials(bytes(64), 0, 0, ALLOWED)
    for wrong in (b"", bytes(64), bytes(256), admin()[:64], admin(5), admin(NO_KIND), special(), tick() + bytes(192)):
        with pytest.raises(ValueError, match="neither an AdminCommand nor one of the engine's"):
            batch.add_admin(wrong)
    assert batch.seal(1) == 0
    assert batch.records == batch.commands == b""


@pytest.mark.parametrize("kind", [kind for kind in wire.CommandKind if kind >= wire.ADMIN_KIND])
def test_every_kind_of_an_admin_command_is_taken(kind: wire.CommandKind) -> None:
    batch = CommandBatch(1)
    batch.add_admin(admin(kind))
    assert batch.seal(1) == 1


def test_the_next_batch_goes_on() -> None:
    batch = CommandBatch(10, last_ts_ns=50)
    batch.add_admin(tick())
    batch.seal(40)
    assert np.frombuffer(batch.commands, wire.ORDER_COMMAND)["ts_ns"][0] == 50  # time never falls
    kept = batch.records
    copy = bytes(bytearray(kept))
    batch.clear()
    assert (batch.next_seq, batch.last_seq, len(batch), batch.records) == (11, 10, 0, b"")
    batch.add_orders(orders([2] * 3).tobytes(), 0, 0, ALLOWED)
    assert batch.last_seq == 13
    batch.seal(60)
    assert kept == copy
    assert np.frombuffer(batch.commands, wire.ORDER_COMMAND)["seq"].tolist() == [11, 12, 13]
    batch.clear()
    batch.add_admin(admin())
    batch.clear()  # not sealed: no number is used up
    assert batch.next_seq == 14


def test_a_sealed_batch_takes_nothing() -> None:
    batch = CommandBatch(1)
    batch.seal(1)
    with pytest.raises(ValueError, match="sealed"):
        batch.seal(2)
    with pytest.raises(ValueError, match="sealed"):
        batch.add_admin(tick())
    with pytest.raises(ValueError, match="sealed"):
        batch.add_orders(orders([2]).tobytes(), 0, 0, ALLOWED)
