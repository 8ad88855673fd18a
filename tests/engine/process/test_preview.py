"""What an order would do, asked of a real engine: by clients of their own accounts, and by operators."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import openbell
import pytest
from openbell import wire
from openbell.errors import InvalidInput, OperatorRefused, OrderRejected
from openbell.risk import command_text
from openbell.wire import Check, EventKind

from engine.cli.__main__ import main
from tests.engine.process.running import Running

CASH = wire.CASH_SCALE
MARGIN = """
[[account]]
name = "dan"
id = 4
cash = 10_000
short_allowed = true
risk = "margin"
"""


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Running]:
    with Running(tmp_path, MARGIN) as running:
        yield running


@pytest.fixture
def dan(engine: Running) -> Iterator[openbell.Client]:
    with engine.client("dan") as client:
        yield client


def test_what_an_order_would_do_and_then_does(engine: Running, dan: openbell.Client) -> None:
    before = dan.risk()
    taken = dan.preview("buy", "AAA", 150, "100")
    assert taken.is_accepted and isinstance(taken.event, openbell.Event)
    assert (taken.event.kind, taken.event.qty, taken.event.leaves, taken.event.order_id) == (
        EventKind.ACCEPTED,
        150,
        150,
        0,
    )
    assert taken.before is not None and taken.after is not None and before is not None
    assert taken.before.excess == before.excess == 10_000 * CASH
    assert (taken.after.initial, taken.after.excess, taken.after.equity) == (7_500 * CASH, 2_500 * CASH, 10_000 * CASH)
    assert str(taken) == "it would be accepted; excess 10,000.00, with it 2,500.00"
    assert (dan.risk(), dan.orders()) == (before, [])  # nothing has changed
    order = dan.buy("AAA", 150, "100").wait_accepted()
    after = dan.risk()
    assert after is not None and (after.initial, after.excess) == (taken.after.initial, taken.after.excess)
    refused = dan.preview("BUY", "AAA", 51, "100")
    assert not refused.is_accepted and isinstance(refused.event, openbell.Reject)
    assert refused.event.check == Check.MARGIN
    with pytest.raises(OrderRejected) as error:
        dan.buy("AAA", 51, "100").wait_accepted()
    assert str(refused.event) == str(error.value)
    order.cancel()


def test_orders_of_all_kinds_and_of_several_accounts(engine: Running, dan: openbell.Client) -> None:
    stop = dan.preview("sell", "AAA", 10, stop="95", tif="GTC")
    assert stop.is_accepted and stop.after is not None and stop.after.initial == 500 * CASH
    gone = dan.preview("sell", "AAA", 10, stop="105", tif="GTC")
    assert isinstance(gone.event, openbell.Reject) and gone.event.check == Check.STOP_SIDE
    with engine.client("eve") as eve:
        taken = eve.preview("buy", "AAA", 1)
        assert (taken.is_accepted, taken.before, taken.after) == (True, None, None)
        short = eve.preview("sell", "AAA", 1, "100")
        assert str(short).startswith("it would be refused: SHORT_SALE: sells 1 lots, free to sell are 0 lots")
        record = np.zeros(1, wire.ORDER_COMMAND)
        record["kind"], record["account"] = wire.CommandKind.NEW_ORDER, 4
        of_dan, cut = command_text(record.tobytes()), command_text(record.tobytes()[:-1])
        for what, said in (
            ({"account": 4, "command": of_dan}, "not_your_account: this key may not use account 4"),
            ({"account": 3, "command": of_dan}, "the order is of account 4, what is asked for of"),
            ({"account": 3}, "preview needs command: the order, as base64"),
            ({"account": 3, "command": ""}, "command must be a NEW_ORDER of 64 or a NEW_SPECIAL of 128 bytes"),
            ({"account": 3, "command": cut}, "got kind 1 of 63"),
            ({"account": 3, "command": "no base64"}, "command"),
        ):
            with pytest.raises(openbell.Refused, match=said):
                eve.query("preview", **what)
        with pytest.raises(InvalidInput, match="qty 0 is out of range"):
            eve.preview("buy", "AAA", 0)

    async def ask() -> openbell.Preview:
        async with openbell.connect_async(engine.data, account="dan") as client:
            return await client.preview("sell", "AAA", 10, stop="95", tif="GTC")

    told = asyncio.run(ask())
    assert (told.before, told.after) == (stop.before, stop.after)


def test_operators_ask_for_any_account(
    engine: Running, dan: openbell.Client, capsys: pytest.CaptureFixture[str]
) -> None:
    with engine.operator() as operator:
        sequence = operator.status().sequence
        found = operator.preview("dan", "sell", "AAA", 201, "100")
        assert isinstance(found.event, openbell.Reject) and found.event.check == Check.MARGIN
        assert operator.preview("dan", "sell", "AAA", 200, "100").is_accepted
        with pytest.raises(OperatorRefused, match="account 77 is not set up"):
            operator.ask("preview", {"account": 77, "command": ""})
        assert operator.status().sequence == sequence

    def said(*words: str, code: int = 0) -> str:
        assert main(["risk", *words, "--data", str(engine.data)]) == code
        out = capsys.readouterr()
        return out.out if code == 0 else out.err

    lines = said("what-if", "dan", "buy", "150", "AAA", "--price", "100").splitlines()
    assert lines[0] == "buy 150 AAA at 100 for dan: it would be accepted"
    assert lines[-1].split() == "excess 10,000.00 2,500.00".split()
    assert said("what-if", "dan", "buy", "201", "AAA", "--price", "100").startswith(
        "buy 201 AAA at 100 for dan: it would be refused: MARGIN: would need 10,050.00, and the account's equity leaves"
    )
    assert "nobody watches the account" in said("what-if", "eve", "buy", "1", "aaa")
    body: Any = json.loads(said("what-if", "dan", "sell", "10", "AAA", "--json"))
    assert (body["is_accepted"], body["after"]["initial"]) == (True, 500 * CASH)
    for words, told in (
        (("what-if", "dan", "buy"), "expected what-if ACCOUNT buy|sell LOTS SYM, got 'what-if dan buy'"),
        (("what-if", "dan", "hold", "1", "AAA"), "side 'hold' is none of"),
        (("what-if", "dan", "buy", "none", "AAA"), "LOTS: 'none' is not a whole number"),
        (("what-if", "dan", "buy", "1", "AAB"), "'AAB' is not traded here; did you mean"),
        (("what-if", "don", "buy", "1", "AAA"), "there is no account 'don'; did you mean dan?"),
        (("dan", "eve"), "risk takes one ACCOUNT, or what-if ACCOUNT"),
        (("dan", "--price", "5"), "--price is of what-if ACCOUNT"),
    ):
        assert told in said(*words, code=2)
