"""Cancel on disconnect and dead-man timers at the order port: docs/disconnect.md, From a client."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from openbell.records import frame
from openbell.wire import ArmFlag, CancelReason, CommandKind, EventKind, FrameType

from engine.ports.budget import QUERY_COST, QUERY_ROWS
from engine.ports.frames import FrameError
from engine.ports.guards import PROBE_S
from engine.ports.orders import MAX_ERRORS
from engine.sequencer import tick_command
from tests.engine.trading import Trading, checked, command, json_frame, orders_frame

A, B, C = b"\0aaaa", b"\0bbbb", b"\0cccc"
SECOND_NS = 10**9


def guards(trading: Trading) -> list[tuple[int, int, int]]:
    rows = trading.market.timers()
    return [tuple(row) for row in rows[["account", "session", "flags"]].tolist()]


def settle(trading: Trading) -> None:
    """As at the end of a wake-up."""
    trading.orders.settle()
    trading.market.sequencer.flush(0)


def arm(trading: Trading, identity: bytes, number: int = 5, **body: Any) -> list[tuple[FrameType, Any]]:
    return trading.put(identity, json_frame(FrameType.ARM, body, number))


def kinds_of(got: list[tuple[FrameType, Any]]) -> list[tuple[int, int]]:
    """Kind and reason of all events."""
    return [(int(e["kind"]), int(e["reason"])) for kind, body in got if kind is FrameType.EVENTS for e in body]


async def test_a_login_may_ask_for_it(trading: Trading) -> None:
    ((kind, body),) = trading.login(A, "both", cancel_on_disconnect=True)
    assert (kind, body["cancel_on_disconnect"]) == (FrameType.LOGGED_IN, True)
    assert guards(trading) == [(1, body["session"], 2), (2, body["session"], 2)]
    ((_, body),) = trading.login(B, "alice", cancel_on_disconnect={"keep_gtc": True, "keep_auction": True})
    assert guards(trading)[1] == (1, body["session"], 14)
    ((_, body),) = trading.login(C, "bob")
    assert body["cancel_on_disconnect"] is False
    assert len(guards(trading)) == 3


@pytest.mark.parametrize("wanted", ["yes", 1, {"keep_all": True}, {"keep_gtc": "no"}])
async def test_a_login_that_asks_wrongly(trading: Trading, wanted: Any) -> None:
    ((kind, body),) = trading.login(A, "alice", cancel_on_disconnect=wanted)
    assert (kind, body["code"]) == (FrameType.ERROR, "bad_frame")
    assert trading.orders.sessions == 0


async def test_the_login_is_answered_when_the_guard_is_durable(synced: Trading) -> None:
    assert synced.login(A, "alice", cancel_on_disconnect=True) == []
    assert len(guards(synced)) == 1
    synced.durable()
    ((kind, _),) = synced.take(A)
    assert kind is FrameType.LOGGED_IN


@pytest.mark.parametrize("how", ["logout", "again", "silent", "errors", "gone", "deaf"])
async def test_every_end_of_a_session_counts(trading: Trading, how: str) -> None:
    trading.login(A, "alice", cancel_on_disconnect=True)
    trading.login(B, "alice")
    trading.put(A, orders_frame([command(), command(client_order_id=2)]))
    trading.put(B, orders_frame([command(client_order_id=3)]))
    trading.take(B)
    if how == "logout":
        trading.put(A, frame(FrameType.LOGOUT, 9))
    elif how == "again":
        trading.login(A, "alice")
    elif how == "silent":
        trading.sweep(2.0)
        trading.put(B, frame(FrameType.HEARTBEAT, 1))
        trading.sweep(3.5)
    elif how == "errors":
        for _ in range(MAX_ERRORS):
            trading.put(A, b"nonsense")
    elif how == "gone":
        trading.deaf.add(A)
        trading.orders.sweep(PROBE_S)
    else:
        trading.deaf.add(A)
        trading.put(B, orders_frame([command(client_order_id=4)]))
    settle(trading)
    assert {int(row["client_order_id"]) for row in trading.market.orders(account=1)} <= {3, 4}
    got = kinds_of(trading.take(B))
    assert got.count((EventKind.CANCELED, CancelReason.DISCONNECT)) == 2
    assert got[-1] == (EventKind.MASS_CANCELED, CancelReason.DISCONNECT)
    assert guards(trading) == []


async def test_what_it_sent_last_goes_too(trading: Trading) -> None:
    """Orders and the logout of one wake-up."""
    trading.login(A, "alice", cancel_on_disconnect=True)
    trading.orders.receive(A, orders_frame([command()]))
    trading.orders.receive(A, frame(FrameType.LOGOUT, 2))
    settle(trading)
    assert len(trading.market.orders(account=1)) == 0


async def test_those_with_a_guard_are_asked_whether_they_are_there(trading: Trading) -> None:
    trading.login(A, "alice", cancel_on_disconnect=True)
    trading.login(B, "bob")
    trading.take(A), trading.take(B)
    trading.orders.sweep(0.5 * PROBE_S)
    assert trading.take(A) == []
    trading.orders.sweep(PROBE_S)
    trading.orders.sweep(1.5 * PROBE_S)
    assert trading.take(A) == [(FrameType.HEARTBEAT, 0)]
    assert trading.take(B) == []


async def test_arm_is_answered_by_an_event(trading: Trading) -> None:
    trading.login(A, "alice")
    ((kind, events),) = arm(trading, A, 77, timeout_s=2.5, whole_account=True, keep_gtc=True)
    (event,) = events
    assert kind is FrameType.EVENTS
    assert (event["kind"], event["reason"]) == (EventKind.ARMED, ArmFlag.OF_ACCOUNT | ArmFlag.KEEP_GTC)
    assert event["client_order_id"] == 77
    assert int(event["price"]) - int(event["ts_ns"]) == 2.5 * SECOND_NS
    ((_, events),) = arm(trading, A, 78, whole_account=True, client_order_id=5)
    assert (events[0]["client_order_id"], events[0]["price"]) == (5, 0)
    assert guards(trading) == []


async def test_a_guard_asked_for_later_is_of_the_session(trading: Trading) -> None:
    trading.login(A, "alice")
    arm(trading, A, on_disconnect=True)
    trading.put(A, orders_frame([command()]))
    trading.put(A, frame(FrameType.LOGOUT, 9))
    settle(trading)
    assert len(trading.market.orders(account=1)) == 0


async def test_operators_see_what_the_core_has(trading: Trading) -> None:
    trading.login(A, "alice", cancel_on_disconnect=True)
    trading.login(B, "both")
    arm(trading, B, account=2, timeout_s=1)
    assert [row["guarded"] for row in trading.orders.rows()] == [[1], [2]]
    arm(trading, A)
    arm(trading, B, account=2)
    assert [row["guarded"] for row in trading.orders.rows()] == [[], []]
    assert [row["client"] for row in trading.orders.rows()] == ["test", "test"]
    trading.orders.sweep(PROBE_S)
    trading.take(A), trading.take(B)
    trading.orders.sweep(3 * PROBE_S / 2)
    assert (trading.take(A), trading.take(B)) == ([], []), "and nobody is asked any more"


async def test_refusals_name_field_and_limit(trading: Trading) -> None:
    trading.login(A, "both")
    for body, code, field, limit in (
        ({"timeout_s": 5}, "bad_frame", "account", None),
        ({"timeout_s": 5, "account": 9}, "not_your_account", "account", None),
        ({"timeout_s": 0.9, "account": 1}, "bad_frame", "timeout_s", 1),
        ({"timeout_s": -2, "account": 1}, "bad_frame", "timeout_s", 1),
        ({"timeout_s": 3601, "account": 1}, "bad_frame", "timeout_s", 3600),
        ({"on_disconnect": True, "whole_account": True, "account": 1}, "bad_frame", "on_disconnect", None),
        ({"account": 1, "client_order_id": 1 << 64}, "bad_frame", "client_order_id", None),
        ({"account": "alice"}, "bad_frame", "account", None),
    ):
        ((kind, answer),) = arm(trading, A, 6, **body)
        assert (kind, answer["code"], answer.get("field")) == (FrameType.ERROR, code, field), body
        assert (answer.get("limit"), answer["number"]) == (limit, 6)
    assert guards(trading) == []
    ((_, answer),) = arm(trading, B, timeout_s=5)
    assert answer["code"] == "not_logged_in"


async def test_binary_commands_of_that_kind_are_none_of_a_trader(trading: Trading) -> None:
    trading.login(A, "alice")
    for kind in (CommandKind.ARM, CommandKind.DISCONNECT):
        ((_, body),) = trading.put(A, orders_frame([command(kind)]))
        assert (body["code"], body["field"], body["value"]) == ("bad_command", "kind", kind)


async def test_more_than_a_session_may_ask_for(trading: Trading) -> None:
    trading.login(A, "alice")
    for _ in range(QUERY_ROWS // QUERY_COST):
        assert arm(trading, A, timeout_s=5)[0][0] is FrameType.EVENTS
    ((kind, body),) = arm(trading, A, timeout_s=5)
    assert (kind, body["code"], body["field"]) == (FrameType.ERROR, "too_many", "rows")


async def test_an_overload_lets_renewals_pass_and_a_stop_does_not(trading: Trading) -> None:
    trading.login(A, "alice")
    trading.orders.refusing = FrameError("overloaded", "too much")
    assert arm(trading, A, timeout_s=5)[0][0] is FrameType.EVENTS
    trading.orders.refusing = FrameError("stopping", "the end")
    assert arm(trading, A, timeout_s=5)[0][1]["code"] == "stopping"


@pytest.fixture
async def cramped(tmp_path: Path) -> AsyncIterator[Trading]:
    """With room for one guard."""
    made = Trading(tmp_path, timers=1)
    yield made
    made.close()


async def test_a_login_that_finds_no_room(cramped: Trading) -> None:
    ((kind, body),) = cramped.login(A, "both", cancel_on_disconnect=True)
    assert (kind, body["code"], body["field"]) == (FrameType.ERROR, "too_many", "cancel_on_disconnect")
    assert (body["limit"], body["value"], cramped.orders.sessions) == (1, 2, 0)


@pytest.mark.parametrize("lost", ["refused", "fired"])
async def test_a_second_login_counts_the_guards_that_the_core_has(cramped: Trading, lost: str) -> None:
    """Of the login before on this connection: not those that were refused, or whose timer fired."""
    ((_, first),) = cramped.login(B, "bob")
    if lost == "refused":
        cramped.login(A, "alice")
        arm(cramped, A, timeout_s=60, whole_account=True)
        ((_, events),) = arm(cramped, B, on_disconnect=True)
        assert events[0]["kind"] == EventKind.ARM_REJECTED
    else:
        arm(cramped, B, timeout_s=1)
        cramped.market.sequencer.execute_at([tick_command()], cramped.market.core.ts_ns + 2 * SECOND_NS)
        cramped.login(A, "alice")
        arm(cramped, A, timeout_s=60, whole_account=True)
    assert guards(cramped) == [(1, 0, ArmFlag.OF_ACCOUNT)]
    cramped.take(B)
    ((kind, body),) = cramped.login(B, "bob", cancel_on_disconnect=True)
    assert (kind, body["code"], body["field"]) == (FrameType.ERROR, "too_many", "cancel_on_disconnect")
    assert (body["limit"], body["value"]) == (1, 2)
    assert [row["session"] for row in cramped.orders.rows() if row["accounts"] == [2]] == [first["session"]]
    arm(cramped, A, whole_account=True)
    ((kind, body),) = cramped.login(B, "bob", cancel_on_disconnect=True)
    assert (kind, body["cancel_on_disconnect"]) == (FrameType.LOGGED_IN, True)
    assert guards(cramped) == [(2, body["session"], ArmFlag.ON_DISCONNECT)]


@pytest.fixture
async def shared(tmp_path: Path) -> AsyncIterator[Trading]:
    """With room for eight guards, of which one API key may have two."""
    made = Trading(tmp_path, timers=8)
    yield made
    made.close()


async def test_one_key_has_a_share_of_the_guards(shared: Trading) -> None:
    """Not all of the table, however it asks for them; and what it has it may renew and say anew."""
    shared.login(A, "both")
    arm(shared, A, account=1, timeout_s=60)
    arm(shared, A, account=1, timeout_s=60, whole_account=True)
    for more in ({"account": 2, "on_disconnect": True}, {"account": 2, "timeout_s": 9, "whole_account": True}):
        ((kind, body),) = arm(shared, A, **more)
        told = [body[name] for name in ("code", "field", "limit", "value")]
        assert (kind, told) == (FrameType.ERROR, ["too_many", "account", 2, 3])
        assert "ports.max_key_guards" in body["text"]
    assert arm(shared, A, account=1, timeout_s=90)[0][0] is FrameType.EVENTS
    assert arm(shared, A, account=1, timeout_s=90, whole_account=True)[0][0] is FrameType.EVENTS
    ((kind, body),) = shared.login(C, "both", cancel_on_disconnect=True)
    told = [body[name] for name in ("code", "field", "limit", "value")]
    assert (kind, told) == (FrameType.ERROR, ["too_many", "cancel_on_disconnect", 2, 4])
    ((kind, body),) = shared.login(B, "bob", cancel_on_disconnect=True)  # another key: there is room
    assert (kind, body["cancel_on_disconnect"]) == (FrameType.LOGGED_IN, True)
    shared.take(A)
    arm(shared, A, account=1)
    assert arm(shared, A, account=2, on_disconnect=True)[0][0] is FrameType.EVENTS
    assert len(guards(shared)) == 3


async def test_of_a_share_only_what_the_core_has_counts(shared: Trading) -> None:
    """Neither timers that fired, nor those of sessions that have ended; those of accounts do, after a restart, too."""
    shared.login(A, "both")
    arm(shared, A, account=1, timeout_s=1)
    arm(shared, A, account=2, timeout_s=1, whole_account=True)
    assert arm(shared, A, account=2, timeout_s=60)[0][1]["code"] == "too_many"
    shared.market.sequencer.execute_at([tick_command()], shared.market.core.ts_ns + 2 * SECOND_NS)
    shared.take(A)
    assert guards(shared) == []
    assert arm(shared, A, account=1, on_disconnect=True)[0][0] is FrameType.EVENTS
    assert arm(shared, A, account=2, on_disconnect=True)[0][0] is FrameType.EVENTS
    ((kind, _),) = shared.login(A, "both", cancel_on_disconnect=True)  # in place of those two
    assert kind is FrameType.LOGGED_IN
    shared.put(A, frame(FrameType.LOGOUT, 9))
    settle(shared)
    shared.login(A, "both")
    for account in (1, 2):
        assert arm(shared, A, account=account, timeout_s=60, whole_account=True)[0][0] is FrameType.EVENTS
    shared.close()
    again = Trading(shared.folder, timers=8)
    again.login(A, "both")
    ((kind, body),) = arm(again, A, account=1, on_disconnect=True)
    assert (kind, body["limit"], body["value"]) == (FrameType.ERROR, 2, 3)
    again.close()


async def test_guards_that_are_asked_for_at_once_count(shared: Trading) -> None:
    """In one wake-up: the core has none of them yet."""
    shared.login(A, "both")
    for account, more in ((1, {}), (2, {}), (1, {"whole_account": True})):
        body = {"account": account, "timeout_s": 60, **more}
        shared.orders.receive(A, json_frame(FrameType.ARM, body))
    shared.market.sequencer.flush(0)
    assert guards(shared) == [(1, 1, 0), (2, 1, 0)]
    assert [body["code"] for kind, body in shared.take(A) if kind is FrameType.ERROR] == ["too_many"]


def test_one_key_has_a_quarter_of_the_guards_where_nothing_is_said() -> None:
    assert checked("").guards_of_a_key == 16_384
    assert checked("[capacity]\ntimers = 5").guards_of_a_key == 2
    assert checked("[ports]\nmax_key_guards = 7").guards_of_a_key == 7


async def test_a_second_login_takes_the_place_of_the_first(cramped: Trading) -> None:
    cramped.login(A, "alice", cancel_on_disconnect=True)
    ((kind, body),) = cramped.login(A, "alice", cancel_on_disconnect=True)
    assert (kind, body["cancel_on_disconnect"]) == (FrameType.LOGGED_IN, True)
    assert guards(cramped) == [(1, body["session"], ArmFlag.ON_DISCONNECT)]


async def test_a_login_whose_guard_is_refused_is_none(cramped: Trading) -> None:
    """Should the core refuse in spite of the look before: no word of it is taken back, nothing stays behind."""
    for _ in range(2):
        cramped.login(A, "both")
        with pytest.raises(FrameError) as refused:  # two accounts, and room for one
            cramped.orders._guard(cramped.orders._sessions[A], True)
        told = refused.value.body
        assert [told[name] for name in ("code", "field", "limit", "value")] == [
            "too_many",
            "cancel_on_disconnect",
            1,
            2,
        ]
        settle(cramped)
        assert (cramped.orders.sessions, guards(cramped)) == (0, [])
    ((kind, body),) = cramped.login(A, "alice", cancel_on_disconnect=True)
    assert (kind, body["cancel_on_disconnect"]) == (FrameType.LOGGED_IN, True)


async def test_an_arm_behind_a_login_is_none_of_its_answer(synced: Trading) -> None:
    """It may be refused yet."""
    synced.login(B, "bob", cancel_on_disconnect=True)
    synced.login(A, "alice")
    arm(synced, A, on_disconnect=True)
    synced.durable()
    assert synced.take(A)[0][1]["cancel_on_disconnect"] is False


@pytest.mark.parametrize("same_key", [True, False])
async def test_a_session_that_ends_while_it_is_replaced(trading: Trading, same_key: bool) -> None:
    """Its client does not read what came before its second login: that ends it once."""
    trading.login(A, "alice", cancel_on_disconnect=True)
    trading.login(B, "alice")
    trading.deaf.add(A)
    trading.orders.receive(B, orders_frame([command()]))
    trading.login(A, "alice" if same_key else "bob", cancel_on_disconnect=True)
    trading.deaf.discard(A)
    settle(trading)
    assert trading.orders.sessions == 1
    assert sum(len(use.sessions) for use in trading.orders._uses.values()) == 1
    trading.put(B, frame(FrameType.LOGOUT, 9))
    ((kind, _),) = trading.login(A, "alice", cancel_on_disconnect=True)
    assert kind is FrameType.LOGGED_IN
