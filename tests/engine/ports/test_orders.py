"""The order port's protocol, frames in and frames out, over a real market."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from openbell import wire
from openbell.records import HEADER, MAGIC, frame
from openbell.wire import CommandKind, EventKind, FrameType

from engine.ports.frames import FrameError
from engine.ports.orders import MAX_ERRORS
from tests.engine.trading import KEYS, Trading, checked, command, decoded, json_frame, orders_frame

A, B, C, D = b"\0aaaa", b"\0bbbb", b"\0cccc", b"\0dddd"


def kinds(got: list[tuple[FrameType, Any]]) -> list[FrameType]:
    return [kind for kind, _ in got]


def events_of(got: list[tuple[FrameType, Any]]) -> list[tuple[int, int]]:
    """Kind and account_seq of all events."""
    return [
        (int(one["kind"]), int(one["account_seq"])) for kind, body in got if kind is FrameType.EVENTS for one in body
    ]


def error_of(got: list[tuple[FrameType, Any]]) -> dict[str, Any]:
    assert kinds(got) == [FrameType.ERROR]
    body: dict[str, Any] = got[0][1]
    return body


# ------------------------------------------------------------ login


async def test_login_tells_what_a_client_needs(trading: Trading) -> None:
    ((kind, body),) = trading.login(A, "alice")
    assert kind is FrameType.LOGGED_IN
    assert body["accounts"] == [{"id": 1, "name": "alice", "next_seq": 4, "last_client_order_id": 0}]
    assert body["instruments"] == [
        {"id": 0, "symbol": "AAA", "tick_size": 100, "lot_size": 1, "currency": "USD", "state": 1},
        {"id": 1, "symbol": "BBB", "tick_size": 100, "lot_size": 1, "currency": "USD", "state": 0},
    ]
    assert (body["durability"], body["heartbeat_s"], body["market"], body["number"]) == ("memory", 1.0, "test", 1)
    assert [row["id"] for row in trading.login(B, "both")[0][1]["accounts"]] == [1, 2]
    assert trading.orders.sessions == 2


async def test_a_wrong_key(trading: Trading) -> None:
    body = error_of(trading.put(A, json_frame(FrameType.LOGIN, {"api_key": "wrong"}, 9)))
    assert (body["code"], body["field"], body["number"]) == ("bad_api_key", "api_key", 9)
    assert error_of(trading.put(A, orders_frame([command()])))["code"] == "not_logged_in"


async def test_no_more_sessions_than_configured(trading: Trading) -> None:
    for identity in (A, B, C):
        trading.login(identity, "alice")
    body = error_of(trading.login(D, "alice"))
    assert (body["code"], body["limit"], body["value"]) == ("too_many", 3, 4)
    assert kinds(trading.login(A, "bob")) == [FrameType.LOGGED_IN]  # again on the same connection: replaces
    trading.put(B, frame(FrameType.LOGOUT, 1))
    assert kinds(trading.login(D, "alice")) == [FrameType.LOGGED_IN]


async def test_no_more_sessions_of_one_key_than_configured(trading: Trading) -> None:
    """One client cannot keep the others out."""
    trading.orders.max_key_sessions = 2
    trading.login(A, "alice")
    trading.login(B, "alice")
    body = error_of(trading.login(C, "alice"))
    assert (body["code"], body["field"], body["limit"], body["value"]) == ("too_many", "sessions", 2, 3)
    assert kinds(trading.login(A, "alice")) == [FrameType.LOGGED_IN]  # again on the same connection
    assert kinds(trading.login(C, "bob")) == [FrameType.LOGGED_IN]
    assert error_of(trading.login(C, "alice"))["code"] == "too_many"
    assert trading.orders.sessions == 3  # who is refused keeps what it had
    trading.login(B, "bob")
    assert kinds(trading.login(C, "alice")) == [FrameType.LOGGED_IN]
    for identity in (A, B, C):
        trading.put(identity, frame(FrameType.LOGOUT, 1))
    for identity in (A, B):
        assert kinds(trading.login(identity, "alice")) == [FrameType.LOGGED_IN]


def test_one_key_has_a_quarter_of_the_sessions_where_nothing_is_said() -> None:
    for sessions, wanted in ((1000, 250), (5, 2), (1, 1)):
        config = checked(f"[ports]\nmax_sessions = {sessions}\n")
        assert config.ports.sessions_of_a_key == wanted
    assert checked("[ports]\nmax_key_sessions = 7\n").ports.sessions_of_a_key == 7


async def test_a_second_login_takes_the_place_of_the_first(trading: Trading) -> None:
    trading.login(A, "alice")
    trading.login(A, "bob")
    assert error_of(trading.put(A, orders_frame([command()])))["code"] == "not_your_account"
    got = trading.put(A, orders_frame([command(account=2)]))
    assert events_of(got) == [(EventKind.ACCEPTED, 5)]


# ------------------------------------------------------------ commands


async def test_commands_are_answered_by_events(trading: Trading) -> None:
    trading.login(A, "alice")
    trading.login(B, "bob")
    got = trading.put(A, orders_frame([command(qty=5), command(client_order_id=2, price=98_0000)]))
    assert events_of(got) == [(EventKind.ACCEPTED, 4), (EventKind.ACCEPTED, 5)]
    assert len(got) == 1
    trading.take(A)
    got = trading.put(B, orders_frame([command(account=2, side=1, qty=3)]))
    assert events_of(got) == [(EventKind.ACCEPTED, 5), (EventKind.FILL, 6)]
    assert events_of(trading.take(A)) == [(EventKind.FILL, 6)]


async def test_several_sessions_of_an_account_get_the_same(trading: Trading) -> None:
    trading.login(A, "alice")
    trading.login(B, "both")
    trading.take(B)
    got = trading.put(A, orders_frame([command()]))
    other = trading.take(B)
    assert events_of(got) == events_of(other) == [(EventKind.ACCEPTED, 4)]


async def test_the_session_is_filled_in(trading: Trading) -> None:
    number = trading.login(A, "alice")[0][1]["session"]
    message = orders_frame([command(session=77)])
    trading.orders.receive(A, message)
    trading.market.sequencer.batch.seal(0)
    assert np.frombuffer(trading.market.sequencer.batch.commands, wire.ORDER_COMMAND)["session"].tolist() == [number]


@pytest.mark.parametrize(
    ("made", "code", "field", "index"),
    [
        ([command(), command(account=2)], "not_your_account", "account", 1),
        ([command(account=99)], "not_your_account", "account", 0),
        ([command(CommandKind.TICK)], "bad_command", "kind", 0),
        ([command(), command(), command(CommandKind.DEPOSIT)], "bad_command", "kind", 2),
        ([command().view("u1")[:0]], "bad_frame", "count", None),
        ([command()] * 4097, "too_many", "count", None),
    ],
)
async def test_a_frame_is_refused_whole(
    trading: Trading, made: list[Any], code: str, field: str, index: int | None
) -> None:
    trading.login(A, "alice")
    before = trading.market.core.state_hash()
    body = error_of(trading.put(A, orders_frame(made, number=31)))
    assert (body["code"], body["field"], body.get("index"), body["number"]) == (code, field, index, 31)
    assert trading.market.core.state_hash() == before


def specials_frame(count: int = 1, **fields: int) -> bytes:
    made = np.zeros(count, wire.SPECIAL_COMMAND)
    for name, value in {"kind": CommandKind.NEW_SPECIAL, "account": 1, **fields}.items():
        made[name] = value
    return frame(FrameType.SPECIALS, 31, made.tobytes(), count)


async def test_specials_are_sequenced(trading: Trading) -> None:
    number = trading.login(A, "alice")[0][1]["session"]
    trading.orders.receive(A, specials_frame(4096, stop_price=7))
    batch = trading.market.sequencer.batch
    assert batch.seal(0) == 4096
    taken = np.frombuffer(batch.commands, wire.SPECIAL_COMMAND)
    assert (set(taken["session"].tolist()), set(taken["stop_price"].tolist())) == ({number}, {7})


@pytest.mark.parametrize(
    ("message", "code", "field", "index"),
    [
        (specials_frame(2, account=2), "not_your_account", "account", 0),
        (specials_frame(2, kind=CommandKind.NEW_ORDER), "bad_command", "kind", 0),
        (specials_frame(4097), "too_many", "count", None),
        (specials_frame(0), "bad_frame", "count", None),
        (specials_frame(2)[:-64], "bad_frame", "count", None),
        (orders_frame([command(CommandKind.NEW_SPECIAL)], number=31), "bad_command", "kind", 0),
    ],
)
async def test_a_frame_of_specials_is_refused_whole(
    trading: Trading, message: bytes, code: str, field: str, index: int | None
) -> None:
    trading.login(A, "alice")
    before = trading.market.core.state_hash()
    body = error_of(trading.put(A, message))
    assert (body["code"], body["field"], body.get("index"), body["number"]) == (code, field, index, 31)
    assert trading.market.core.state_hash() == before


async def test_the_largest_frame_is_taken(trading: Trading) -> None:
    trading.login(A, "alice")
    got = trading.put(A, orders_frame([command(client_order_id=n + 1) for n in range(4096)]))
    assert len(events_of(got)) == 4096
    assert all(len(body) <= 1024 for _, body in got)


def broken(head: bytes, body: bytes = b"") -> bytes:
    return head + body


BAD = [
    (b"", "length"),
    (b"\0" * 15, "length"),
    (b"\0" * 16, "magic"),
    (HEADER.pack(MAGIC, 2, FrameType.ORDERS, 0, 5), "version"),
    (HEADER.pack(MAGIC, 1, FrameType.EVENTS, 0, 5), "type"),
    (HEADER.pack(MAGIC, 1, 99, 0, 5), "type"),
    (HEADER.pack(MAGIC, 1, FrameType.ORDERS, 2, 5) + bytes(64), "count"),
    (HEADER.pack(MAGIC, 1, FrameType.ORDERS, 1, 5) + bytes(63), "count"),
    (HEADER.pack(MAGIC, 1, FrameType.ORDERS, 0xFFFFFFFF, 5) + bytes(64), "count"),
    (HEADER.pack(MAGIC, 1, FrameType.LOGIN, 3, 5) + b"{}", "count"),
    (HEADER.pack(MAGIC, 1, FrameType.HEARTBEAT, 0, 5) + b"{}", "count"),
    (frame(FrameType.LOGIN, 5, b"{"), None),
    (frame(FrameType.LOGIN, 5, b"\xff\xfe"), None),
    (frame(FrameType.LOGIN, 5, b"[]"), None),
    (frame(FrameType.LOGIN, 5, b"[" * 60_000), None),
    (frame(FrameType.LOGIN, 5, b'{"api_key": 3}'), "api_key"),
    (frame(FrameType.LOGIN, 5, b"{}"), "api_key"),
    (frame(FrameType.LOGIN, 5, b'{"api_key": "' + b"x" * 70_000 + b'"}'), "count"),
]


@pytest.mark.parametrize(("message", "field"), BAD)
@pytest.mark.parametrize("logged_in", [False, True])
async def test_what_is_no_frame_is_named(trading: Trading, message: bytes, field: str | None, logged_in: bool) -> None:
    if logged_in:
        trading.login(A, "alice")
    body = error_of(trading.put(A, message))
    assert (body["code"], body.get("field")) == ("bad_frame", field)
    assert body["number"] == (5 if len(message) >= 16 and field != "magic" else 0)
    assert trading.orders.sessions == int(logged_in)


async def test_bad_resume_in_a_login(trading: Trading) -> None:
    for resume in ({"x": 1}, {"1": -1}, {"-1": 1}):
        assert error_of(trading.login(A, "alice", resume=resume))["field"] == "resume"
    assert trading.orders.sessions == 0


# ------------------------------------------------------------ many errors


async def test_after_many_errors_a_session_is_closed_until_the_next_login(trading: Trading) -> None:
    trading.login(A, "alice")
    for _ in range(MAX_ERRORS):
        assert error_of(trading.put(A, b"x"))["code"] == "bad_frame"
    assert trading.orders.sessions == 0
    assert trading.put(A, b"x") == []
    assert trading.put(A, orders_frame([command()])) == []
    assert kinds(trading.login(A, "alice")) == [FrameType.LOGGED_IN]
    assert events_of(trading.put(A, orders_frame([command()]))) == [(EventKind.ACCEPTED, 4)]


async def test_a_stranger_is_not_answered_for_ever(trading: Trading) -> None:
    answers = sum(len(trading.put(A, b"x")) for _ in range(3 * MAX_ERRORS))
    assert answers == MAX_ERRORS
    assert kinds(trading.login(B, "alice")) == [FrameType.LOGGED_IN]


# ------------------------------------------------------------ the private stream


async def test_resuming(trading: Trading) -> None:
    trading.login(A, "alice")
    for number in range(1, 6):
        trading.put(A, orders_frame([command(client_order_id=number)]))
    got = trading.login(B, "alice", resume={"1": 5})
    assert kinds(got) == [FrameType.LOGGED_IN, FrameType.EVENTS, FrameType.RESUMED]
    assert events_of(got) == [(EventKind.ACCEPTED, seq) for seq in range(5, 9)]
    assert {**got[2][1], "number": 0} == {"account": 1, "from_seq": 5, "next_seq": 9, "number": 0}
    got = trading.put(B, json_frame(FrameType.RESUME, {"account": 1, "from_seq": 8}, 6))
    assert kinds(got) == [FrameType.EVENTS, FrameType.RESUMED]
    assert events_of(got) == [(EventKind.ACCEPTED, 8)]
    got = trading.put(B, json_frame(FrameType.RESUME, {"account": 1, "from_seq": 9}, 7))
    assert kinds(got) == [FrameType.RESUMED]
    assert got[0][1]["number"] == 7
    trading.take(B)
    trading.put(A, orders_frame([command(client_order_id=6)]))
    assert events_of(trading.take(B)) == [(EventKind.ACCEPTED, 9)]


async def test_a_resume_from_the_beginning(trading: Trading) -> None:
    got = trading.login(A, "alice", resume={"1": 0})
    assert events_of(got) == [(EventKind.ACCOUNT_SET, 1), (EventKind.CASH, 2), (EventKind.SHARES, 3)]


async def test_a_resume_of_somebody_elses_account(trading: Trading) -> None:
    got = trading.login(A, "alice", resume={"2": 1})
    assert kinds(got) == [FrameType.LOGGED_IN, FrameType.ERROR]
    assert (got[1][1]["code"], got[1][1]["account"]) == ("not_your_account", 2)


async def test_a_resume_from_before_what_is_kept(tmp_path: Path) -> None:
    trading = Trading(tmp_path, events=1024)
    trading.login(A, "alice")
    for number in range(1, 3001, 500):
        trading.put(A, orders_frame([command(client_order_id=number + n) for n in range(500)]))
    got = trading.login(B, "alice", resume={"1": 7})
    first, last = trading.streams.range(1)
    assert kinds(got) == [FrameType.LOGGED_IN, FrameType.ERROR]
    error = got[1][1]
    assert (error["code"], error["limit"], error["value"], error["account"]) == ("resume_too_old", first, 7, 1)
    trading.take(B)
    trading.put(A, orders_frame([command(client_order_id=9999)]))
    assert events_of(trading.take(B)) == [(EventKind.REJECTED, last + 1)]  # live events go on
    trading.close()


async def test_a_client_that_does_not_read_loses_its_session_and_nothing_else(trading: Trading) -> None:
    trading.login(A, "alice")
    trading.login(B, "both")
    trading.take(B)
    trading.deaf.add(B)
    trading.put(A, orders_frame([command()]))
    assert trading.orders.sessions == 1
    assert trading.orders.dropped == 1
    trading.put(A, orders_frame([command(client_order_id=2)]))
    trading.orders.sweep(1.0)
    assert trading.take(B) == []
    trading.deaf.clear()
    trading.orders.sweep(2.0)
    trading.orders.sweep(3.0)
    body = error_of(trading.take(B))  # once
    assert (body["code"], body["number"]) == ("not_logged_in", 0)
    body = error_of(trading.put(B, frame(FrameType.HEARTBEAT, 3)))
    assert body["code"] == "not_logged_in"
    assert "did not read" in body["text"]
    got = trading.login(B, "both", resume={"1": 4})
    assert events_of(got) == [(EventKind.ACCEPTED, 4), (EventKind.ACCEPTED, 5)]


# ------------------------------------------------------------ heartbeats


async def test_heartbeats_are_answered(trading: Trading) -> None:
    trading.login(A, "alice")
    assert trading.put(A, frame(FrameType.HEARTBEAT, 42)) == [(FrameType.HEARTBEAT, 42)]
    assert error_of(trading.put(B, frame(FrameType.HEARTBEAT, 42)))["code"] == "not_logged_in"


async def test_silent_clients_are_logged_out_and_their_orders_stay(trading: Trading) -> None:
    trading.orders.sweep(100.0)
    trading.login(A, "alice")
    trading.login(B, "bob")
    trading.put(A, orders_frame([command()]))
    trading.sweep(102.9)
    trading.put(B, orders_frame([command(account=2)]))
    trading.take(A)
    trading.sweep(103.1)
    body = error_of(trading.take(A))
    assert body["code"] == "not_logged_in"
    assert "silent" in body["text"]
    assert trading.orders.sessions == 1
    assert len(trading.market.orders(account=1)) == 1


@pytest.mark.parametrize("how", ["stalled", "paused"])
async def test_time_in_which_the_engine_reads_nothing_is_no_silence_of_its_clients(trading: Trading, how: str) -> None:
    """What they sent meanwhile waits unread: it counts from when it is taken, or they are silent from then on."""
    trading.orders.sweep(100.0)
    trading.login(A, "alice", cancel_on_disconnect=True)
    trading.put(A, orders_frame([command()]))
    trading.sweep(101.0)
    if how == "stalled":
        trading.orders.sweep(110.0)
    else:
        for tenth in range(1, 91):
            trading.orders.sweep(101.0 + tenth / 10, is_reading=False)
    assert trading.orders.sessions == 1
    assert [round(row["silent_s"], 3) for row in trading.orders.rows()] == [1.0]
    trading.sweep(111.9)
    assert trading.orders.sessions == 1
    trading.sweep(112.1)
    assert trading.orders.sessions == 0


# ------------------------------------------------------------ refusing


async def test_stopping(trading: Trading) -> None:
    trading.login(A, "alice")
    trading.orders.refusing = FrameError("stopping", "the market is stopping")
    for _ in range(2 * MAX_ERRORS):
        assert error_of(trading.put(A, orders_frame([command()])))["code"] == "stopping"
    assert error_of(trading.login(B, "bob"))["code"] == "stopping"
    assert trading.put(A, frame(FrameType.HEARTBEAT, 1)) == [(FrameType.HEARTBEAT, 1)]
    assert kinds(trading.put(A, json_frame(FrameType.QUERY, {"what": "orders"}))) == [FrameType.REPLY]


async def test_overloaded_clients_may_log_in(trading: Trading) -> None:
    trading.orders.refusing = FrameError("overloaded", "too much")
    assert kinds(trading.login(A, "alice")) == [FrameType.LOGGED_IN]
    assert error_of(trading.put(A, orders_frame([command()])))["code"] == "overloaded"
    trading.orders.refusing = None
    assert events_of(trading.put(A, orders_frame([command()]))) == [(EventKind.ACCEPTED, 4)]


# ------------------------------------------------------------ queries


async def test_queries(trading: Trading) -> None:
    trading.login(A, "alice")
    trading.login(B, "bob")
    trading.put(A, orders_frame([command(client_order_id=n, qty=n, price=90_0000 + n * 100) for n in (1, 2, 3)]))
    trading.put(B, orders_frame([command(account=2, side=1, qty=1, price=90_0000)]))

    def ask(**query: Any) -> dict[str, Any]:
        ((kind, body),) = trading.put(A, json_frame(FrameType.QUERY, query, 8))
        assert kind is FrameType.REPLY
        assert body["number"] == 8
        assert body["seq"] == trading.market.core.seq
        return dict(body)

    orders = ask(what="orders", account=1)
    assert [(row["client_order_id"], row["leaves"], row["account"]) for row in orders["rows"]] == [
        (3, 2, 1),
        (2, 2, 1),
        (1, 1, 1),
    ]
    assert "reserved" not in orders["rows"][0]
    assert orders["total"] == 3
    page = ask(what="orders", limit=1, offset=1)
    assert [row["client_order_id"] for row in page["rows"]] == [2]
    assert page["total"] == 3
    assert ask(what="positions")["rows"][0]["qty"] == 101
    assert ask(what="account")["rows"][0]["name"] == "alice"
    assert [row["symbol"] for row in ask(what="instruments")["rows"]] == ["AAA", "BBB"]
    assert [(row["qty"], row["trade_id"], row["kind"]) for row in ask(what="fills")["rows"]] == [(1, 1, 2)]
    assert ask(what="orders", instrument=1)["rows"] == []


@pytest.mark.parametrize(
    ("query", "code", "field"),
    [
        ({"what": "gold"}, "bad_query", "what"),
        ({}, "bad_query", "what"),
        ({"what": "orders", "account": 2}, "not_your_account", "account"),
        ({"what": "orders", "account": "x"}, "bad_query", "account"),
        ({"what": "orders", "limit": -1}, "bad_query", "limit"),
        ({"what": "orders", "limit": 10_001}, "bad_query", "limit"),
        ({"what": "orders", "offset": -1}, "bad_query", "offset"),
        ({"what": "orders", "colour": 1}, "bad_query", "colour"),
    ],
)
async def test_bad_queries(trading: Trading, query: dict[str, Any], code: str, field: str) -> None:
    trading.login(A, "alice")
    body = error_of(trading.put(A, json_frame(FrameType.QUERY, query)))
    assert (body["code"], body["field"]) == (code, field)


async def test_a_key_of_several_accounts_must_name_one(trading: Trading) -> None:
    trading.login(A, "both")
    assert error_of(trading.put(A, json_frame(FrameType.QUERY, {"what": "orders"})))["field"] == "account"
    assert kinds(trading.put(A, json_frame(FrameType.QUERY, {"what": "orders", "account": 2}))) == [FrameType.REPLY]


# ------------------------------------------------------------ durability


async def test_nothing_leaves_before_it_is_durable(synced: Trading) -> None:
    assert kinds(synced.login(A, "alice")) == [FrameType.LOGGED_IN]
    assert synced.put(A, orders_frame([command()])) == []
    assert synced.put(A, json_frame(FrameType.QUERY, {"what": "orders"})) == []
    assert synced.put(A, json_frame(FrameType.QUERY, {"what": "fills"})) == []
    assert synced.put(A, json_frame(FrameType.RESUME, {"account": 1, "from_seq": 4})) == []
    assert synced.login(B, "both", resume={"1": 1}) == []
    assert synced.put(A, frame(FrameType.HEARTBEAT, 1)) == [(FrameType.HEARTBEAT, 1)]
    synced.take(A)
    synced.durable()
    assert kinds(synced.take(A)) == [
        FrameType.EVENTS, FrameType.REPLY, FrameType.REPLY, FrameType.EVENTS, FrameType.RESUMED,
    ]  # fmt: skip
    got = synced.take(B)
    assert kinds(got) == [FrameType.LOGGED_IN, FrameType.EVENTS, FrameType.RESUMED]
    assert [seq for _, seq in events_of(got)] == [1, 2, 3, 4]


async def test_a_login_that_ends_before_it_is_answered(synced: Trading) -> None:
    synced.login(B, "bob")
    synced.put(B, orders_frame([command(account=2)]))
    assert synced.login(A, "alice") == []
    synced.put(A, frame(FrameType.LOGOUT, 1))
    synced.login(A, "bob")
    synced.durable()
    got = synced.take(A)
    assert kinds(got) == [FrameType.LOGGED_IN]
    assert [row["id"] for row in got[0][1]["accounts"]] == [2]


# ------------------------------------------------------------ noise


async def test_random_frames_harm_nobody(trading: Trading, seed: int) -> None:
    random = np.random.default_rng(seed)
    trading.login(A, "alice")
    good = [
        orders_frame([command(client_order_id=7)]),
        json_frame(FrameType.LOGIN, {"api_key": KEYS["bob"]}),
        json_frame(FrameType.QUERY, {"what": "orders"}),
        json_frame(FrameType.RESUME, {"account": 1, "from_seq": 1}),
    ]
    mutate: list[Callable[[bytearray], None]] = [
        lambda data: data.__setitem__(int(random.integers(len(data))), int(random.integers(256))),
        lambda data: data.__delitem__(slice(int(random.integers(len(data))), None)),
        lambda data: data.extend(random.bytes(int(random.integers(1, 200)))),
    ]
    for _ in range(3000):
        data = bytearray(good[int(random.integers(len(good)))])
        for _ in range(int(random.integers(1, 4))):
            if data:
                mutate[int(random.integers(3))](data)
        for kind, _ in trading.put(B, bytes(data)):
            assert kind in (
                FrameType.ERROR, FrameType.LOGGED_IN, FrameType.REPLY, FrameType.EVENTS, FrameType.RESUMED,
                FrameType.HEARTBEAT,
            )  # fmt: skip
    before = len(trading.market.orders(account=1))
    got = trading.put(A, orders_frame([command(client_order_id=10**9)]))
    assert EventKind.ACCEPTED in [kind for kind, _ in events_of(got)]
    assert len(trading.market.orders(account=1)) == before + 1
    assert decoded(trading.sent[-1][1])[0] is FrameType.EVENTS
