"""Commands of three lengths, told apart again, and in words."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openbell import wire
from openbell.wire import CommandKind

from engine.journal.commands import Names, as_dict, split, words

KINDS = (CommandKind.NEW_ORDER, CommandKind.NEW_SPECIAL, CommandKind.NOTE, CommandKind.BUST_TRADE)
DTYPES = (wire.ORDER_COMMAND, wire.SPECIAL_COMMAND, wire.ADMIN_COMMAND, wire.AMEND_COMMAND)
ALONE = DTYPES[2:]


def made(which: int, seq: int, filling: int) -> bytes:
    """A command that is full of bytes which could be kinds."""
    dtype = DTYPES[which]
    command = np.frombuffer(bytearray([filling]) * dtype.itemsize, dtype)
    command["seq"], command["kind"] = seq, KINDS[which]
    return command.tobytes()


@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from([0, 1, 32, 64, 255])), max_size=30))
def test_split_gives_each_command_as_it_was(drawn: list[tuple[int, int]]) -> None:
    commands = [made(which, seq, filling) for seq, (which, filling) in enumerate(drawn)]
    runs = list(split(b"".join(commands)))
    assert [one.tobytes() for run in runs for one in run] == commands
    assert all(len(run) == 1 for run in runs if run.dtype in ALONE)
    neighbours = [(before.dtype, after.dtype) for before, after in pairwise(runs)]
    assert all(before != after for before, after in neighbours if before not in ALONE)


def special(**fields: Any) -> Any:
    command = np.zeros((), wire.SPECIAL_COMMAND)
    command["kind"], command["qty"], command["client_order_id"] = CommandKind.NEW_SPECIAL, 1_000, 7
    for name, value in fields.items():
        command[name] = value
    return command


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        (
            {"order_type": 3, "stop_price": 11_0000, "price": 11_5000, "tif": 4, "expire_ns": 86400 * 10**9},
            "buy 1,000 ACME STOP_LIMIT at 11.50 GTD, stop 11.00, expires 1970-01-02 00:00:00.000000000, client id 7",
        ),
        (
            {"order_type": 4, "offset": 250, "modes": 1, "side": 1, "flags": 64},
            "sell 1,000 ACME TRAILING_STOP DAY REDUCE_ONLY, offset 250 bps, client id 7",
        ),
        ({"order_type": 4, "offset": 2500}, "buy 1,000 ACME TRAILING_STOP DAY, offset 0.25, client id 7"),
        (
            {"order_type": 6, "peg": 3, "offset": -100, "price": 9_0000},
            "buy 1,000 ACME PEGGED at 9.00 DAY, peg MIDPOINT, offset -0.01, client id 7",
        ),
        ({"order_type": 6, "peg": 1}, "buy 1,000 ACME PEGGED DAY, peg PRIMARY, client id 7"),
        ({"role": 2, "price": 90000}, "buy 1,000 ACME at 9.00 DAY, CHILD, client id 7"),
        (
            {"role": 3, "link_id": 5, "price": 90000},
            "buy 1,000 ACME at 9.00 DAY, PARENT, tied to client id 5, client id 7",
        ),
        (
            {"price": 9_0000, "display_qty": 100, "group": 3, "self_trade_group": 4, "self_trade": 4},
            "buy 1,000 ACME at 9.00 DAY DECREMENT, shows 100, group 3, self-trade group 4, client id 7",
        ),
        (
            {"price": 9_0000, "tif": 5, "modes": 2, "discretion": 500, "min_qty": 20},
            "buy 1,000 ACME at 9.00 AT_OPEN, discretion 0.05, min 20, IMBALANCE_ONLY, client id 7",
        ),
        ({"order_type": 5}, "buy 1,000 ACME MARKET_TO_LIMIT DAY, client id 7"),
    ],
)
def test_a_special_in_words(fields: dict[str, Any], said: str) -> None:
    names = Names()
    names.instruments[0], names.accounts[0] = "ACME", "alice"
    assert words(special(**fields), names).endswith("  NEW_SPECIAL           account 0 (alice): " + said)


def test_a_special_as_json() -> None:
    row = as_dict(special(stop_price=5, peg=2))
    assert (row["kind"], row["stop_price"], row["peg"]) == ("NEW_SPECIAL", 5, 2)
    assert not [name for name in row if name.startswith("reserved")]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "all orders in ACME, number 0"),
        ({"side": 1}, "all sell orders in ACME, number 0"),
        ({"flags": 3, "qty": 9, "session": 4}, "all orders of session 4 of group 9 in ACME, number 0"),
    ],
)
def test_a_mass_cancel_in_words(fields: dict[str, Any], said: str) -> None:
    command = np.zeros((), wire.ORDER_COMMAND)
    command["kind"], command["side"] = CommandKind.MASS_CANCEL, wire.SIDE_BOTH
    for name, value in fields.items():
        command[name] = value
    names = Names()
    names.instruments[0] = "ACME"
    assert words(command, names).endswith(f"account 0: {said}")


@pytest.mark.parametrize(
    ("kind", "fields", "said"),
    [
        (CommandKind.SET_INSTRUMENT_STATE, {"state": 2, "value0": 2}, "ACME: HALTED, NEWS"),
        (CommandKind.SET_INSTRUMENT_STATE, {"state": 2}, "ACME: HALTED"),
        (
            CommandKind.SET_INSTRUMENT_STATE,
            {"state": 3, "value0": 1, "value1": 1_500_000_000, "value2": 1},
            "ACME: CALL for OPENING at 1970-01-01 00:00:01.500000000, then OPEN",
        ),
        (CommandKind.RUN_AUCTION, {"instrument": wire.ANY}, "any instrument"),
        (CommandKind.NOTE, {"name": b"approve 3 deposit", "account": 2}, "approve 3 deposit: account 2"),
        (CommandKind.NOTE, {"name": b"shutdown"}, "shutdown"),
        (
            CommandKind.SET_BANDS,
            {"value0": 95_0000, "value1": 105_5000, "value2": 100_0000},
            "ACME: bands 95.00 to 105.50 around 100.00",
        ),
        (CommandKind.SET_BANDS, {}, "ACME: no bands"),
        (CommandKind.SET_SHORT_SALE, {"value0": 1}, "ACME: short sales restricted"),
        (CommandKind.SET_SHORT_SALE, {}, "ACME: short sales free"),
        (
            CommandKind.SET_TICKS,
            {"value1": 1, "value2": 1_0000, "value3": 100},
            "ACME: ticks of 0.0001 from 0.00 on, 0.01 from 1.00 on",
        ),
        (CommandKind.SET_TICKS, {}, "ACME: no table of ticks"),
        (
            CommandKind.SET_FEE,
            {
                "account": 3,
                "state": 1,
                "flags": 3,
                "value0": 5_000_000,
                "value3": 10**6,
                "value7": 31,
                "name": b"std",
                "instrument": 2500,
            },
            (
                "fee plan 3 std, component 1: commission 0.005 a share, at least 1.00, by order, "
                "keeps back 0.25 % of buy orders"
            ),
        ),
        (
            CommandKind.SET_FEE,
            {
                "account": 3,
                "flags": 4,
                "value1": -20_000,
                "value2": 30_000,
                "value4": 10**6,
                "value5": 10**7,
                "value6": 10_000,
                "value7": 1 + 4 + 16 + 32 + 128,
            },
            (
                "fee plan 3, component 0: venue -0.002 % of the value + 0.03 a fill, at most 1.00, at most 1 % of the "
                "value, by fill, buyers, makers and auctions, rounded down to 0.01"
            ),
        ),
        (CommandKind.SET_FEE, {"account": 3, "state": 7}, "fee plan 3, component 7: taken out"),
        (
            CommandKind.CHARGE,
            {"instrument": wire.ANY, "value0": -5_000_000, "value1": 9},
            "account 0: dividend -5.00",
        ),
        (
            CommandKind.CHARGE,
            {"value0": 12_500_000, "value1": 8, "value2": 4711},
            "account 0: borrow of ACME 12.50, reference 4711",
        ),
        (CommandKind.HOLD_CASH, {"value0": 10**9, "value1": 7}, "account 0: withdrawal 7, 1,000.00"),
        (CommandKind.POST_CASH, {"value1": 7}, "account 0: withdrawal 7"),
        (CommandKind.RELEASE_CASH, {"value1": 7}, "account 0: withdrawal 7"),
        (
            CommandKind.SETTLE,
            {"value0": 20261130, "value1": 2},
            "business day 2026-11-30 is over; its trades settle after 2 more",
        ),
        (CommandKind.SETTLE, {"value0": 20261130}, "business day 2026-11-30 is over; its trades settle at once"),
        (CommandKind.SET_LEDGER, {"value0": 4096}, "4,096 withdrawals"),
        (
            CommandKind.SET_ACCOUNT,
            {"name": b"al", "value5": int.from_bytes(b"USD", "little"), "value6": 3},
            "account 0 al: no flags currency USD, fee plan 3",
        ),
        (
            CommandKind.SET_ACCOUNT,
            {"flags": 255, "value1": wire.KEEP, "value5": wire.KEEP},
            "account 0 : max order notional kept, currency kept, fee plan none",
        ),
    ],
)
def test_states_and_auctions_in_words(kind: CommandKind, fields: dict[str, int], said: str) -> None:
    (command,) = np.zeros(1, wire.ADMIN_COMMAND)
    command["kind"], command["operator"], command["reason"] = kind, b"olga", b"news"
    for name, value in fields.items():
        command[name] = value
    names = Names()
    names.instruments[0] = "ACME"
    assert words(command, names).endswith(f"{said}; by olga: news")
