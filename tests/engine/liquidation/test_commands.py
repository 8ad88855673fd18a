"""Reasons fit, whatever the numbers; what is journaled tells all that is known."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from openbell import wire
from openbell.wire import AccountState, CommandKind, OrderFlag, OrderType, RiskLevel, SelfTrade, Side, TimeInForce

from engine.liquidation import acts, commands
from engine.liquidation.acts import Act
from engine.liquidation.cases import Case
from engine.liquidation.slices import Passed, Slice, Why
from engine.liquidation.standing import Standing, Terms
from engine.sequencer import REASON_BYTES
from tests.engine.liquidation.made import cash, holding, quote, standing

cash_units = st.integers(-(1 << 63), (1 << 63) - 1)
lots = st.integers(1, wire.MAX_QTY)
texts = st.text(min_size=1, max_size=32).filter(lambda text: len(text.encode()) <= 32 and "\0" not in text)
A = quote(0)


def read(command: bytes) -> Any:
    dtype = wire.ADMIN_COMMAND if len(command) == wire.ADMIN_COMMAND.itemsize else wire.ORDER_COMMAND
    return np.frombuffer(command, dtype)[0]


def account(equity: int, maintenance: int) -> Standing:
    return replace(standing(0), equity=equity, maintenance=maintenance)


@given(cash_units, st.integers(0, (1 << 63) - 1), texts, lots, st.integers(1, wire.MAX_PRICE), st.sampled_from(Why))
def test_reasons_fit(equity: int, maintenance: int, symbol: str, qty: int, price: int, why: Why) -> None:
    whose, of = account(equity, maintenance), quote(0, symbol.replace("\0", "0"))
    case = Case(7, RiskLevel.CALL, 1, 2, 0, equity, maintenance, qty, qty, equity, -equity)
    found = Slice(holding(of, qty, 1), Side.SELL, qty, price, qty, True, "max_order_notional")
    words = [commands.why_passed(Passed(0, why, price, 255), {0: of})] * 8
    made = [
        commands.begin(whose, case, (1 << 62)),
        commands.close_again(whose),
        commands.restored(whose, case, AccountState.ACTIVE),
        commands.exhausted(whose),
        commands.passed_over(whose, [commands.code_of(Passed(0, why))] * 8, words),
        commands.cancel(whose, 0, of.symbol),
        commands.slice_commands(whose, found, of, Terms(), 1)[0],
    ]
    for command in made:
        row = read(command)
        assert 0 < len(row["reason"]) <= REASON_BYTES
        assert acts.is_ours(row)
        row["reason"].decode()


def test_a_text_that_is_too_long_is_cut_between_its_letters() -> None:
    assert commands.fitting("ä" * 50) == "ä" * 48
    assert commands.fitting("a" * 90, "b" * 6, "c") == "a" * 90 + "b" * 6
    assert commands.fitting("a" * 90, "b" * 7, "c") == "a" * 90


def test_a_slice_is_a_note_and_an_order() -> None:
    whose = standing(2_000, holding(A, 100, 100))
    found = Slice(whose.holdings[0], Side.SELL, 25, 97_0000, 31, True, "slice")
    note, order = map(read, commands.slice_commands(whose, found, A, Terms(), 5))
    assert (note["kind"], note["request"], note["account"], note["instrument"]) == (CommandKind.NOTE, Act.SLICE, 7, 0)
    assert [int(note[f"value{index}"]) for index in range(8)] == [
        42, Side.SELL, 25, 97_0000, 100_0000, cash(2_000), cash(2_500), 1,
    ]  # fmt: skip
    assert {name: int(order[name]) for name in order.dtype.names} == {
        "seq": 0, "ts_ns": 0, "kind": CommandKind.NEW_ORDER, "side": Side.SELL, "order_type": OrderType.LIMIT,
        "tif": TimeInForce.IOC, "flags": OrderFlag.REDUCE_ONLY, "self_trade": SelfTrade.CANCEL_OLDEST, "key": 0,
        "account": 7, "instrument": 0, "client_order_id": 42, "order_id": 0, "price": 97_0000, "qty": 25, "session": 0,
    }  # fmt: skip


def test_the_number_of_a_slice() -> None:
    whose = standing(0)
    assert commands.next_id(whose, 9) == 42
    assert commands.next_id(replace(whose, last_client_order_id=0), 9) == 1
    assert commands.next_id(replace(whose, last_client_order_id=(1 << 64) - 2), 9) == (1 << 64) - 1
    assert commands.next_id(replace(whose, last_client_order_id=(1 << 64) - 1), 9) == 9


def test_what_an_operator_writes_is_no_command_of_ours() -> None:
    row = read(commands.stop(7, "ann", "talks"))
    assert (row["operator"], row["reason"], acts.is_ours(row)) == (b"ann", b"talks", True)
    other = row.copy()
    other["name"] = b"disarm"
    assert not acts.is_ours(other)
    other["name"], other["kind"] = b"liquidation", CommandKind.SET_ACCOUNT  # an account may be called so
    assert not acts.is_ours(other)
