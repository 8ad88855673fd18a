"""The control port's protocol: who may do what, what is journaled, what is answered."""

from __future__ import annotations

import asyncio
import resource
from pathlib import Path
from typing import Any

import pytest
from openbell import wire
from openbell.records import frame
from openbell.wire import AccountFlag, AuctionKind, CommandKind, EventKind, FrameType, InstrumentState

from engine.amending.finder import MOST_WAITING, TradeFinder
from engine.ports.frames import FrameError
from tests.engine.ports.operating import A, Operating
from tests.engine.trading import Trading, command, decoded, json_frame, orders_frame


@pytest.fixture
async def op(trading: Trading) -> Operating:
    return Operating(trading)


async def test_looking(op: Operating) -> None:
    trading = op.trading
    trading.login(A, "both")
    trading.put(A, orders_frame([command(qty=4), command(client_order_id=2, qty=1)]))
    trading.put(A, orders_frame([command(account=2, side=1, qty=2, price=101_0000)]))
    assert op.ask("status", reason=None) == {"sequence": 5}
    book = op.ask("book", reason=None, args={"instrument": 0})
    assert (book["symbol"], book["bids"], book["asks"]) == ("AAA", [[99_0000, 5, 2]], [[101_0000, 2, 1]])
    orders = op.ask("orders", reason=None, args={"account": 1, "limit": 1, "instrument": None})
    assert (orders["total"], len(orders["rows"])) == (2, 1)
    assert (orders["rows"][0]["symbol"], orders["rows"][0]["account_name"]) == ("AAA", "alice")
    assert op.ask("orders", reason=None)["total"] == 3
    assert op.ask("orders", reason=None, args={"instrument": 1})["total"] == 0
    assert [row["qty"] for row in op.ask("positions", reason=None, args={"instrument": 0})["rows"]] == [100, 100]
    assert [row["name"] for row in op.ask("accounts", reason=None)["rows"]] == ["alice", "bob"]
    assert [row["name"] for row in op.ask("accounts", reason=None, args={"account": 2})["rows"]] == ["bob"]
    assert [row["symbol"] for row in op.ask("instruments", reason=None)["rows"]] == ["AAA", "BBB"]


async def test_instruments(op: Operating) -> None:
    def states() -> list[int]:
        return [row["state"] for row in op.ask("instruments", reason=None)["rows"]]

    assert op.ask("halt", args={"instrument": 0}) == {"instruments": [0]}
    assert states() == [InstrumentState.HALTED, InstrumentState.CLOSED]
    assert op.ask("resume") == {"instruments": [0, 1]}
    assert op.ask("halt") == {"instruments": [0, 1]}
    assert op.ask("close", args={"instrument": 1}) == {"instruments": [1]}
    assert states() == [InstrumentState.HALTED, InstrumentState.CLOSED]
    made = op.ask("set-instrument", args={"symbol": "CCC", "tick_size": 500, "currency": "EUR"})
    fields = ("instrument", "symbol", "tick_size", "lot_size", "currency", "state")
    assert [made[name] for name in fields] == [2, "CCC", 500, 1, "EUR", 0]
    made = op.ask("set-instrument", args={"instrument": 2, "collar_bps": 50})
    assert (made["symbol"], made["tick_size"], made["collar_bps"], made["currency"]) == ("CCC", 500, 50, "EUR")
    made = op.ask("set-instrument", args={"instrument": 7, "symbol": "DDD"})
    assert (made["instrument"], made["currency"]) == (7, "USD")


async def test_when_auctions_are_put_off(op: Operating) -> None:
    given = {"kind": 3, "market_orders": True, "price_bps": 500, "extension_ns": 10**9, "max_extensions": 2}
    assert op.ask("extensions", args=given | {"random_ns": 5}) == {"instruments": [0, 1]}
    assert op.ask("extensions", args={"instrument": 1, "kind": 3}) == {"instruments": [1]}
    assert op.trading.market.streams.counts[EventKind.EXTENSION_SET] == 3


async def test_auctions_where_nothing_is_called_to_one(op: Operating) -> None:
    before = op.trading.market.core.seq
    assert op.ask("run-auction") == {"auctions": []}
    assert op.trading.market.core.seq == before


async def test_accounts(op: Operating) -> None:
    op.trading.login(A, "both")
    op.trading.put(A, orders_frame([command(client_order_id=n) for n in (1, 2, 3)]))
    assert op.ask("kill", args={"account": 1}) == {"canceled": 3}
    assert op.ask("accounts", reason=None, args={"account": 1})["rows"][0]["state"] == 1
    assert op.ask("unkill", args={"account": 1}) == {}
    op.trading.put(A, orders_frame([command(client_order_id=n) for n in (4, 5)]))
    assert op.ask("cancel-all", args={"instrument": 1}) == {"canceled": 0}
    assert op.ask("cancel-all", args={"account": 1}) == {"canceled": 2}
    limits = op.ask("limits", args={"account": 1, "max_open_orders": 9, "short_allowed": True})
    assert (limits["max_open_orders"], limits["max_position"], limits["flags"]) == (9, 0, AccountFlag.SHORT_ALLOWED)
    limits = op.ask("limits", args={"account": 1, "max_position": 5, "credit_unlimited": True})
    assert (limits["max_open_orders"], limits["max_position"], limits["flags"]) == (9, 5, 3)
    assert op.ask("limits", args={"account": 1, "short_allowed": False})["flags"] == AccountFlag.CREDIT_UNLIMITED
    assert op.ask("deposit", args={"account": 2, "amount": 5}) == {"cash": 10**12 + 5}
    assert op.ask("deposit", args={"account": 2, "amount": -(10**12)}) == {"cash": 5}
    assert op.ask("deposit-shares", args={"account": 2, "instrument": 1, "qty": 3}) == {"position": 8}
    made = op.ask("set-account", args={"name": "dora", "max_messages": 3})
    assert (made["account"], made["name"], made["max_messages"], made["flags"]) == (0, "dora", 3, 0)
    assert op.ask("set-account", args={"account": 0, "name": "Dora"})["name"] == "Dora"


async def test_every_change_is_journaled_with_name_and_reason(op: Operating) -> None:
    op.ask("halt", reason="news pending", args={"instrument": 0, "halt_reason": wire.HaltReason.NEWS})
    op.ask("halt", args={"instrument": 99})
    op.ask("tick")
    token, _ = op.trading.keys.add_operator("eve")
    op.ask("unkill", token=token, args={"account": 1})
    op.ask("unkill", operator="", args={"account": 1})
    found = op.journal()
    assert found[["kind", "operator", "reason"]].tolist() == [
        (CommandKind.SET_INSTRUMENT_STATE, b"ann", b"news pending"),
        (CommandKind.SET_INSTRUMENT_STATE, b"ann", b"because"),
        (CommandKind.NOTE, b"ann", b"because"),
        (CommandKind.SET_ACCOUNT_STATE, b"eve", b"because"),  # a token of a person is that person
        (CommandKind.SET_ACCOUNT_STATE, b"local", b"because"),
    ]
    assert found["value0"].tolist()[:2] == [wire.HaltReason.NEWS, wire.HaltReason.NONE]


async def test_all_are_resumed_but_those_whose_session_does_not_trade(op: Operating) -> None:
    market = op.trading.market
    op.ask("halt", args={"instrument": 0})
    op.ask("close", args={"instrument": 1})
    market.asleep = lambda: {0, 1}
    assert op.ask("resume")["instruments"] == []
    assert op.ask("resume", args={"instrument": 1})["instruments"] == [1]
    op.ask("close", args={"instrument": 1})
    market.asleep = lambda: {1}
    assert op.ask("resume")["instruments"] == [0]
    assert market.instruments()["state"].tolist() == [wire.InstrumentState.OPEN, wire.InstrumentState.CLOSED]
    assert op.ask("halt")["instruments"] == [0]  # and are halted whatever their sessions do


async def test_what_follows_an_auction(op: Operating) -> None:
    kinds = wire.AuctionKind
    asked = ((kinds.CLOSING, None), (kinds.CLOSING, 1), (kinds.OPENING, None), (kinds.HALT, 2))
    for kind, then in asked:
        op.ask("call", args={"instrument": 0, "kind": kind, "then": then})
    assert op.journal()[["value0", "value2"]].tolist() == [
        (kinds.CLOSING, wire.InstrumentState.CLOSED), (kinds.CLOSING, wire.InstrumentState.OPEN),
        (kinds.OPENING, wire.InstrumentState.OPEN), (kinds.HALT, wire.InstrumentState.HALTED),
    ]  # fmt: skip


async def traded(op: Operating) -> None:
    """Alice has bought 3 lots of bob at 101.00, and that is in the journal."""
    trading = op.trading
    trading.login(A, "both")
    trading.put(A, orders_frame([command(account=2, side=1, qty=3, price=101_0000)]))
    trading.put(A, orders_frame([command(client_order_id=2, qty=3, price=101_0000)]))
    while trading.market.journal.durable_seq < trading.market.core.seq:
        await asyncio.sleep(0.01)


async def test_a_trade_is_looked_at_busted_and_corrected(op: Operating) -> None:
    await traded(op)
    one = {"instrument": 0, "trade_id": 1}
    looked = await op.ask_slowly("trade", args=one)
    assert looked["trade"]["buyer"] == {"account": 1, "order_id": 2 + (1 << 32), "client_order_id": 2}
    assert looked["now"] == {"price": 101_0000, "qty": 3, "is_busted": False, "changes": 0}
    buyer, seller = looked["accounts"]
    assert (buyer["name"], buyer["cash"], buyer["position"]) == ("alice", [999_697_000_000, 10**12], [103, 100])
    assert (seller["side"], seller["position"], seller["warnings"], looked["refused"]) == (1, [97, 100], [], None)
    corrected = await op.ask_slowly("correct", args={**one, "price": 90_0000})
    assert corrected["now"] == {"price": 90_0000, "qty": 3, "is_busted": False, "changes": 1}
    assert corrected["accounts"][0]["cash"] == [999_697_000_000, 999_730_000_000]
    busted = await op.ask_slowly("bust", args=one)
    assert busted["now"]["is_busted"] and busted["before"]["price"] == 90_0000
    looked = await op.ask_slowly("trade", args={**one, "qty": 5})
    assert looked["refused"]["text"] == "BUSTED: trade 1 was busted before, and that is final"
    kinds = [CommandKind(kind) for kind in op.journal()["kind"]]
    assert kinds == [CommandKind.CORRECT_TRADE, CommandKind.BUST_TRADE]


@pytest.mark.parametrize(
    ("verb", "more", "code", "field", "text"),
    [
        ("bust", {"trade_id": 2}, "rejected", "TRADE", "TRADE: the instrument has no trade 2, its last one is 1"),
        ("bust", {"trade_id": 0}, "rejected", "TRADE", "TRADE: the instrument has no trade 0, its last one is 1"),
        ("bust", {"instrument": 7}, "bad_args", "instrument", "instrument 7 is not set up"),
        ("correct", {}, "bad_args", "price", "nothing to correct: give price, qty or both"),
        ("correct", {"price": 0}, "rejected", "VALUE", "VALUE: new price is 0.00, the least is 0.0001"),
        ("correct", {"qty": -1}, "bad_args", "qty", "qty must be 1 to 2,147,483,647, got -1"),
        ("correct", {"price": 1 << 41, "qty": 1 << 30}, "rejected", "ORDER_NOTIONAL", "the limit is 9,007,199,254.74"),
    ],
)
async def test_what_cannot_be_amended_is_refused(
    op: Operating, verb: str, more: dict[str, int], code: str, field: str, text: str
) -> None:
    await traded(op)
    before = op.trading.market.core.accounts()
    answer = await op.ask_slowly(verb, args={"instrument": 0, "trade_id": 1, **more})
    assert (answer["code"], answer["field"]) == (code, field)
    assert text in answer["text"]
    assert op.trading.market.core.accounts() == before


@pytest.mark.parametrize("verb", ["trade", "bust"])
async def test_a_search_that_fails_names_its_limit(op: Operating, verb: str) -> None:
    await traded(op)

    async def refused() -> tuple[Any, ...]:
        answer = await op.ask_slowly(verb, args={"instrument": 0, "trade_id": 1})
        assert answer["field"] == "trade_id"
        return answer["code"], answer.get("limit"), answer["text"]

    op.process.finder = TradeFinder(op.trading.folder, patience_s=0.001)
    code, limit, text = await refused()
    assert (code, limit) == ("failed", 0.001)
    assert "was ended after 0.001 s" in text

    op.process.finder = TradeFinder(op.trading.folder)
    waiting = [asyncio.create_task(op.process.find_trade(0, 1)) for _ in range(MOST_WAITING)]
    await asyncio.sleep(0)
    assert await refused() == (
        "overloaded", 8, "8 trades are looked for already, and one after the other: try again",
    )  # fmt: skip
    assert {facts.trade_id for facts in await asyncio.gather(*waiting)} == {1}

    op.process.finder = TradeFinder(op.trading.folder)
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, before[1]))  # no further file, and so no process
    try:
        code, limit, text = await refused()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    assert (code, limit) == ("failed", None)
    assert text.startswith("the trade was not found: ")
    assert "Too many open files" in text


async def test_a_trade_that_is_not_as_it_was_shown_stays(op: Operating) -> None:
    """Somebody else has corrected it since; what is named of it has to be as it is."""
    await traded(op)
    one = {"instrument": 0, "trade_id": 1}
    await op.ask_slowly("correct", args={**one, "price": 90_0000, "shown_price": 101_0000, "shown_qty": 3})
    before = op.trading.market.core.accounts()
    for verb, more in (("bust", {}), ("correct", {"qty": 2})):
        for shown, field, limit in (
            ({"shown_price": 101_0000, "shown_qty": 3}, "shown_price", 90_0000),
            ({"shown_price": 90_0000, "shown_qty": 4}, "shown_qty", 3),
        ):
            answer = await op.ask_slowly(verb, args={**one, **more, **shown})
            assert (answer["code"], answer["field"], answer["limit"]) == ("rejected", field, limit)
            assert answer["value"] == shown[field]
            assert "trade 1 is 3 lots at 90.00 now, not as it was shown: look at it again" in answer["text"]
    assert op.trading.market.core.accounts() == before
    busted = await op.ask_slowly("bust", args={**one, "shown_price": 90_0000, "shown_qty": 3})
    assert busted["now"]["is_busted"]


async def test_what_limits_forbid_is_reported(op: Operating) -> None:
    """Alice has sold what she bought, and has no cash left."""
    await traded(op)
    op.trading.put(A, orders_frame([command(account=2, client_order_id=8, qty=103, price=50_0000)]))
    op.trading.put(A, orders_frame([command(client_order_id=9, side=1, qty=103, price=50_0000)]))
    cash = int(op.trading.market.account(1)["cash"][0])
    op.ask("deposit", args={"account": 1, "amount": -cash})
    op.ask("limits", args={"account": 2, "max_position": 150})
    while op.trading.market.journal.durable_seq < op.trading.market.core.seq:
        await asyncio.sleep(0.01)
    looked = await op.ask_slowly("trade", args={"instrument": 0, "trade_id": 1, "price": 200_0000, "qty": 3})
    assert looked["accounts"][0]["warnings"] == ["its free cash is -297.00"]
    busted = await op.ask_slowly("bust", args={"instrument": 0, "trade_id": 1})
    assert busted["accounts"][0]["warnings"] == [
        "its free cash is 0.00", "it holds -3 lots, offers 0, and may not sell short",
    ] or busted["accounts"][0]["warnings"] == ["it holds -3 lots, offers 0, and may not sell short"]  # fmt: skip
    assert busted["accounts"][1]["warnings"] == ["it holds 203 lots, its limit is 150"]


async def test_keys(op: Operating) -> None:
    made = await op.ask_slowly("add-key", args={"account": 2})
    assert op.trading.keys.accounts(made["api_key"]) == [2]
    assert Path(made["path"]).name == "account-2-bob.3.json"
    viewer = (await op.ask_slowly("add-key", args={"operator": "zoe", "role": "viewer"}))["token"]
    assert op.ask("accounts", reason=None, token=viewer)["rows"]
    body = op.ask("halt", token=viewer)
    assert (body["code"], body["field"]) == ("not_allowed", "token")
    assert op.ask("add-key", args={})["field"] == "account"
    assert op.ask("add-key", args={"account": 1, "operator": "x"})["field"] == "account"
    assert op.ask("add-key", args={"account": 9})["field"] == "account"
    assert op.ask("add-key", args={"operator": "x" * 33})["limit"] == 32


async def test_snapshot_and_shutdown(op: Operating) -> None:
    assert await op.ask_slowly("snapshot") == {"path": "path", "snapshot_seq": 7}
    assert op.ask("shutdown") == {}
    assert op.process.asked == ["save", "shut down"]
    assert (await op.ask_slowly("snapshot"))["code"] == "failed"
    op.protocol.refusing = FrameError("stopping", "the market is stopping")
    assert op.ask("halt")["code"] == "stopping"
    assert op.ask("status", reason=None) == {"sequence": 5}


REFUSED = [
    ({"verb": "frob"}, "bad_verb", "verb"),
    ({"verb": "halt", "token": "wrong"}, "bad_token", "token"),
    ({"verb": "halt", "reason": ""}, "no_reason", "reason"),
    ({"verb": "halt", "reason": "  "}, "no_reason", "reason"),
    ({"verb": "halt", "reason": "x" * 97}, "bad_args", "reason"),
    ({"verb": "halt", "reason": "a\0b"}, "bad_args", "reason"),
    ({"verb": "halt", "operator": "x" * 33}, "bad_args", "operator"),
    ({"verb": "halt", "args": {"instrument": "AAA"}}, "bad_args", "instrument"),
    ({"verb": "halt", "args": {"symbol": "AAA"}}, "bad_args", "symbol"),
    ({"verb": "halt", "args": {"instrument": -1}}, "bad_args", "instrument"),
    ({"verb": "halt", "args": [1]}, "bad_args", "args"),
    ({"verb": "halt", "args": {"instrument": 5}}, "rejected", "INSTRUMENT"),
    ({"verb": "halt", "args": {"halt_reason": 6}}, "bad_args", "halt_reason"),
    ({"verb": "call", "args": {}}, "bad_args", "kind"),
    ({"verb": "call", "args": {"kind": 5}}, "bad_args", "kind"),
    ({"verb": "call", "args": {"kind": 1, "then": 3}}, "bad_args", "then"),
    ({"verb": "call", "args": {"kind": 1, "instrument": 5}}, "rejected", "INSTRUMENT"),
    ({"verb": "run-auction", "args": {"instrument": 0}}, "rejected", "INSTRUMENT_STATE"),
    ({"verb": "run-auction", "args": {"instrument": 5}}, "bad_args", "instrument"),
    ({"verb": "extensions", "args": {}}, "bad_args", "kind"),
    ({"verb": "extensions", "args": {"kind": 5}}, "bad_args", "kind"),
    ({"verb": "extensions", "args": {"kind": 1, "instrument": 5}}, "rejected", "INSTRUMENT"),
    ({"verb": "extensions", "args": {"kind": 1, "extension_ns": 5}}, "rejected", "VALUE"),
    ({"verb": "kill", "args": {}}, "bad_args", "account"),
    ({"verb": "kill", "args": {"account": 9}}, "rejected", "ACCOUNT"),
    ({"verb": "book", "args": {"instrument": 9}}, "bad_args", "instrument"),
    ({"verb": "book", "args": {"instrument": 0, "levels": 0}}, "bad_args", "levels"),
    ({"verb": "orders", "args": {"account": 9}}, "bad_args", "account"),
    ({"verb": "orders", "args": {"limit": 10_001}}, "bad_args", "limit"),
    ({"verb": "limits", "args": {"account": 1, "max_position": -2}}, "rejected", "VALUE"),
    ({"verb": "limits", "args": {"account": 1, "max_position": 2**64}}, "bad_args", "max_position"),
    ({"verb": "limits", "args": {"account": 9}}, "bad_args", "account"),
    ({"verb": "deposit", "args": {"account": 1, "amount": 0}}, "rejected", "VALUE"),
    ({"verb": "deposit", "args": {"account": 1, "amount": -(10**13)}}, "rejected", "CASH_RANGE"),
    ({"verb": "deposit", "args": {"account": 1, "amount": 1.5}}, "bad_args", "amount"),
    ({"verb": "set-instrument", "args": {}}, "bad_args", "symbol"),
    ({"verb": "set-instrument", "args": {"symbol": "AAA"}}, "rejected", "NAME"),
    ({"verb": "set-instrument", "args": {"symbol": "x" * 33}}, "bad_args", "name"),
    ({"verb": "set-instrument", "args": {"symbol": "E", "currency": "DOUBLOONS"}}, "bad_args", "currency"),
    ({"verb": "set-instrument", "args": {"instrument": 8, "symbol": "E"}}, "rejected", "CAPACITY"),
    ({"verb": "set-account", "args": {}}, "bad_args", "name"),
    ({"verb": "set-account", "args": {"name": "alice"}}, "rejected", "NAME"),
    ({"verb": "tick", "args": {"x": 1}}, "bad_args", "x"),
]


@pytest.mark.parametrize(("request_", "code", "field"), REFUSED, ids=[str(one[0])[:60] for one in REFUSED])
async def test_what_is_refused_changes_nothing(op: Operating, request_: dict[str, Any], code: str, field: str) -> None:
    rows = [op.ask(what, reason=None) for what in ("accounts", "instruments")]
    verb = request_.pop("verb")
    body = op.ask(verb, **request_)
    assert (body["code"], body.get("field")) == (code, field)
    assert body["text"]
    assert [op.ask(what, reason=None) for what in ("accounts", "instruments")] == rows


IN_WORDS = [
    ("deposit", {"account": 1, "amount": 0}, "VALUE: amount is 0: nothing would move"),
    ("deposit", {"account": 1, "amount": -(10**15)}, "CASH_RANGE: takes 1,000,000,000.00, free to take are 1,000,"),
    ("deposit", {"account": 1, "amount": 2**62}, "the balance would be beyond 4,611,686,018,427.387904"),
    ("deposit-shares", {"account": 1, "instrument": 0, "qty": -(10**9)}, "VALUE: takes 1,000,000,000 lots, free to"),
    ("deposit-shares", {"account": 1, "instrument": 0, "qty": 1, "cost": -5}, "cost is -0.000005, the least is 0.00"),
    ("limits", {"account": 1, "max_position": -2}, "VALUE: max_position is -2 lots, the least is 0 lots"),
    ("limits", {"account": 1, "max_position": 2**64}, "max_position: expected int <= 9223372036854775807, got 1844"),
    ("set-instrument", {"instrument": 0, "collar_bps": 10_001}, "VALUE: collar_bps is 10,001, the most is 10,000"),
    ("set-instrument", {"instrument": 0, "tick_size": 0}, "VALUE: tick_size is 0.00, the least is 0.0001"),
    ("set-instrument", {"symbol": "AAA"}, "NAME: the name is "),
    ("set-instrument", {"instrument": 8, "symbol": "E"}, "CAPACITY: id 8 is beyond the capacity of 8"),
    ("halt", {"instrument": 5}, "INSTRUMENT: instrument 5 is not set up"),
    ("run-auction", {"instrument": 0}, "INSTRUMENT_STATE: the instrument is OPEN, not in a call"),
    ("extensions", {"kind": 1, "imbalance": 1, "extension_ns": 9, "max_extensions": 101}, "extensions is 101, the mo"),
    ("extensions", {"kind": 1, "extension_ns": 10**9}, "VALUE: extension is 1 s, the most is 0 s"),
    ("extensions", {"kind": 1, "imbalance": -1}, "VALUE: imbalance is -1 lots, the least is 0 lots"),
    ("kill", {"account": 9}, "ACCOUNT: account 9 is not set up"),
    ("book", {"instrument": 0, "levels": 0}, "levels: expected int >= 1, got 0"),
    ("halt", {"symbol": "AAA"}, "args: Object contains unknown field symbol"),
]  # fmt: skip


@pytest.mark.parametrize(("verb", "args", "words"), IN_WORDS, ids=[f"{one[0]} {one[1]}" for one in IN_WORDS])
async def test_a_refusal_tells_value_and_limit_in_their_units(
    op: Operating, verb: str, args: dict[str, Any], words: str
) -> None:
    assert words in op.ask(verb, args=args)["text"]


NO_REQUESTS = [
    b"",
    b"\0" * 16,
    frame(FrameType.ORDERS, 1, bytes(64), 1),
    frame(FrameType.QUERY, 1, b"{"),
    frame(FrameType.QUERY, 1, b"3"),
    frame(FrameType.QUERY, 1, b'{"verb": 1}'),
    frame(FrameType.QUERY, 1, b'{"verb": "status", "colour": 1}'),
]


@pytest.mark.parametrize("message", NO_REQUESTS)
async def test_no_requests(op: Operating, message: bytes) -> None:
    op.protocol.receive(A, message)
    ((kind, body),) = map(decoded, op.sent)
    assert (kind, body["code"]) == (FrameType.ERROR, "bad_frame")


async def test_ids_run_out(op: Operating) -> None:
    for number in range(6):
        assert op.ask("set-instrument", args={"symbol": f"N{number}"})["instrument"] == number + 2
    body = op.ask("set-instrument", args={"symbol": "N9"})
    assert (body["code"], body["field"], body["limit"]) == ("rejected", "CAPACITY", 8)


async def test_answers_wait_for_the_disk(synced: Trading) -> None:
    operating = Operating(synced)
    body = {"verb": "halt", "token": operating.token, "reason": "r", "args": {}}
    operating.protocol.receive(A, json_frame(FrameType.QUERY, body, 3))
    operating.protocol.receive(A, json_frame(FrameType.QUERY, {"verb": "accounts", "token": operating.token}, 4))
    assert operating.sent == []
    # What the engine tells of itself does not: an operator sees why nothing leaves.
    operating.protocol.receive(A, json_frame(FrameType.QUERY, {"verb": "status", "token": operating.token}, 5))
    assert [decoded(one)[1]["number"] for one in operating.sent] == [5]
    synced.durable()
    assert [decoded(one)[1]["number"] for one in operating.sent] == [5, 3, 4]


async def test_what_the_core_refuses_is_told_when_it_is_durable(synced: Trading) -> None:
    operating = Operating(synced)
    operating.request("deposit", "because", args={"account": 1, "amount": -(10**15)})
    assert operating.sent == []
    synced.durable()
    assert [decoded(sent)[1]["code"] for sent in operating.sent] == ["rejected"]


async def test_no_closing_auction_is_put_off_past_the_end_of_its_day(tmp_path: Path) -> None:
    more = (
        '[[instrument]]\nsymbol = "CCC"\nid = 2\nreference_price = 10\nsession = "us"\n'
        '[sessions.us]\ncalendar = "XNYS"\nclosing_call_s = 0\npost_s = 900\n'
    )
    trading, second_ns = Trading(tmp_path, more=more), 10**9
    try:
        operating = Operating(trading)
        longer = {
            "kind": int(AuctionKind.CLOSING), "market_orders": True, "extension_ns": 400 * second_ns,
            "max_extensions": 2, "random_ns": 100 * second_ns,
        }  # fmt: skip
        seq = trading.market.core.seq
        for named in ({"instrument": 2}, {}):
            refused = operating.ask("extensions", args=longer | named)
            assert (refused["code"], refused["field"]) == ("rejected", "extension_ns")
            assert (refused["limit"], refused["value"]) == (900 * second_ns, 900 * second_ns)
            assert "CCC could come 900 s after the close" in refused["text"]
        assert trading.market.core.seq == seq
        assert operating.ask("extensions", args=longer | {"random_ns": 99 * second_ns, "instrument": 2})[
            "instruments"
        ] == [2]
        assert operating.ask("extensions", args=longer | {"instrument": 0})["instruments"] == [0], "it has no close"
        halt = longer | {"kind": int(AuctionKind.HALT), "instrument": 2}
        assert operating.ask("extensions", args=halt)["instruments"] == [2]
    finally:
        trading.close()
