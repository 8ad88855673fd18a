"""The order port's protocol and clients that mean no good, or do not know what they do."""

from __future__ import annotations

import pytest
from openbell import wire
from openbell.records import frame
from openbell.wire import CommandKind, FrameType

from engine.ports.budget import QUERY_COST, QUERY_ROWS, QUERY_ROWS_A_S, SKIPPED_COST
from engine.sequencer import admin_command
from tests.engine.trading import Trading, command, json_frame, orders_frame

A, B, C = b"\0aaaa", b"\0bbbb", b"\0cccc"


@pytest.mark.parametrize("resume", [{"1": 1 << 70}, {"9" * 40: 1}, {"9" * 5000: 1}, {"1": 1 << 63}])
async def test_a_resume_of_impossible_numbers_is_refused(synced: Trading, resume: dict[str, int]) -> None:
    """It must not break the gate, behind which the answers to others wait."""
    synced.login(B, "bob")
    synced.durable()
    synced.take(B)
    synced.login(A, "alice", resume=resume)
    synced.put(B, orders_frame([command(account=2)]))
    synced.durable()
    assert [kind for kind, _ in synced.take(B)] == [FrameType.EVENTS]
    ((kind, body),) = synced.take(A)
    assert (kind, body["code"], body["field"]) == (FrameType.ERROR, "bad_frame", "resume")


@pytest.mark.parametrize("from_seq", [-1, 1 << 63, 1 << 70])
async def test_resume_frames_of_impossible_numbers(trading: Trading, from_seq: int) -> None:
    trading.login(A, "alice")
    ((kind, answer),) = trading.put(A, json_frame(FrameType.RESUME, {"account": 1, "from_seq": from_seq}))
    assert (kind, answer["code"], answer["field"]) == (FrameType.ERROR, "bad_frame", "from_seq")


async def test_a_broken_action_does_not_hold_up_what_waits_behind_it(synced: Trading) -> None:
    broken: list[Exception] = []
    synced.market.gate.broken = broken.append
    synced.login(B, "bob")
    synced.durable()
    synced.take(B)
    synced.put(B, orders_frame([command(account=2)]))

    def act() -> None:
        raise ZeroDivisionError

    synced.market.later(act)
    synced.put(B, orders_frame([command(account=2, client_order_id=2)]))
    synced.durable()
    assert [kind for kind, _ in synced.take(B)] == [FrameType.EVENTS, FrameType.EVENTS]
    assert [type(error) for error in broken] == [ZeroDivisionError]


async def test_a_login_shows_nothing_that_came_after_it(synced: Trading) -> None:
    """What is applied after the login may not be durable when the login's answer leaves."""
    synced.login(B, "alice")
    synced.durable()
    synced.put(B, orders_frame([command(client_order_id=1)]))
    synced.login(A, "alice")
    seq = synced.market.core.seq
    synced.put(B, orders_frame([command(client_order_id=77)]))
    synced.market.gate.open(seq)
    ((kind, body),) = synced.take(A)
    assert (kind, body["accounts"][0]["last_client_order_id"]) == (FrameType.LOGGED_IN, 1)


async def test_a_login_whose_answer_cannot_be_sent_leaves_no_listener(trading: Trading) -> None:
    """Whoever gets its place among the sessions next must not hear of its account."""
    trading.deaf.add(A)
    trading.login(A, "alice")
    trading.login(B, "bob")
    trading.take(B)
    trading.market.sequencer.admin(
        admin_command(CommandKind.DEPOSIT, operator="ann", reason="r", account=1, values=[5])
    )
    assert trading.take(B) == []


async def test_queries_without_end_are_refused_and_taken_again_later(trading: Trading) -> None:
    """They are answered on the loop: 2,000 of 10,000 rows kept everybody waiting for 16 seconds."""
    trading.login(A, "alice")
    query = json_frame(FrameType.QUERY, {"what": "orders"})
    answers = 0
    while (got := trading.put(A, query))[0][0] is FrameType.REPLY:
        answers += 1
    assert answers == QUERY_ROWS // QUERY_COST
    ((kind, body),) = got
    assert (kind, body["code"], body["field"], body["limit"]) == (FrameType.ERROR, "too_many", "rows", QUERY_ROWS_A_S)
    resume = json_frame(FrameType.RESUME, {"account": 1, "from_seq": 1})
    assert trading.put(A, resume)[0][1]["code"] == "too_many"
    trading.login(A, "alice")  # again on the same connection: no way around it
    assert trading.put(A, query)[0][1]["code"] == "too_many"
    trading.put(A, frame(FrameType.LOGOUT, 3))
    trading.login(A, "alice")  # nor this
    assert trading.put(A, query)[0][1]["code"] == "too_many"
    trading.login(C, "alice")  # on another one, beside it
    assert trading.put(C, query)[0][1]["code"] == "too_many"
    assert trading.login(B, "bob")[0][0] is FrameType.LOGGED_IN
    assert trading.put(B, query)[0][0] is FrameType.REPLY
    trading.orders.now_s += 1
    assert trading.put(A, query)[0][0] is FrameType.REPLY


async def test_logins_are_charged(trading: Trading) -> None:
    """Each is answered with all instruments, and what it resumes."""
    logins = 0
    while (got := trading.login(A, "alice"))[0][0] is FrameType.LOGGED_IN:
        logins += 1
        assert logins < 10_000
    assert logins > QUERY_ROWS // (QUERY_COST + 10)
    ((kind, body),) = got
    assert (kind, body["code"], body["limit"]) == (FrameType.ERROR, "overloaded", QUERY_ROWS_A_S)
    query = json_frame(FrameType.QUERY, {"what": "orders"})
    assert trading.put(A, query)[0][0] is FrameType.REPLY  # it is logged in still, and has not asked for anything
    assert trading.login(C, "alice")[0][1]["code"] == "overloaded"  # on another connection: no way around it
    assert trading.login(B, "bob")[0][0] is FrameType.LOGGED_IN
    trading.orders.now_s += 1
    assert trading.login(C, "alice")[0][0] is FrameType.LOGGED_IN


async def test_what_a_login_resumes_is_charged(trading: Trading) -> None:
    trading.login(A, "alice")
    for first in range(1, 2001, 100):
        commands = [command(client_order_id=first + one, price=1_0000, tif=0) for one in range(100)]
        trading.put(A, orders_frame(commands))
        trading.put(A, orders_frame([command(wire.CommandKind.MASS_CANCEL, instrument=2**32 - 1, side=2)]))
    kept = trading.streams.range(1)[1]
    logins = 0
    while trading.login(B, "alice", resume={"1": 1})[0][0] is FrameType.LOGGED_IN:
        logins += 1
        assert logins < 10_000
    assert logins <= 1 + QUERY_ROWS / (SKIPPED_COST * kept)


async def test_fills_are_charged_when_they_are_asked_for(synced: Trading) -> None:
    """Else a slow disk lets a client have as many answers made as it can send queries meanwhile."""
    synced.login(A, "both")
    trades = [command(client_order_id=1, price=0, order_type=1), command(account=2, client_order_id=1, side=1)]
    synced.put(A, orders_frame(reversed(trades)))
    synced.durable()
    query = json_frame(FrameType.QUERY, {"what": "fills", "account": 1})
    synced.put(A, orders_frame([command(client_order_id=5)]))  # what all answers wait for
    synced.take(A)
    waiting = QUERY_ROWS // QUERY_COST
    refusal = next(got for _ in range(waiting + 1) if (got := synced.put(A, query)))
    assert refusal[0][1]["code"] == "too_many"
    synced.durable()
    replies = [body for kind, body in synced.take(A) if kind is FrameType.REPLY]
    assert waiting * 0.8 < len(replies) <= waiting
    assert [row["qty"] for row in replies[0]["rows"]] == [1]


async def test_what_fills_were_charged_too_much_is_given_back(synced: Trading) -> None:
    """There are many events, and a fill is hardly one of them."""
    synced.login(A, "alice")
    for first in range(1, 10_000, 1000):
        synced.put(A, orders_frame([command(client_order_id=first + one, price=1_0000) for one in range(90)]))
        synced.put(A, orders_frame([command(wire.CommandKind.MASS_CANCEL, instrument=2**32 - 1, side=2)]))
    synced.durable()
    kept = 1 + synced.streams.range(1)[1] - synced.streams.range(1)[0]
    query = json_frame(FrameType.QUERY, {"what": "fills"})
    asked = int(QUERY_ROWS / (QUERY_COST + kept * (1 + SKIPPED_COST)))
    assert 10 < asked < 30
    for _ in range(3):
        synced.put(A, orders_frame([command(client_order_id=1, price=0)]))  # refused: but that is to be durable
        assert [synced.put(A, query) for _ in range(asked)] == [[]] * asked
        synced.durable()
        assert [body["rows"] for kind, body in synced.take(A) if kind is FrameType.REPLY] == [[]] * asked


async def test_what_was_applied_is_journaled_though_sending_it_failed(trading: Trading) -> None:
    """With durability "memory" answers leave before the journal gets the command."""
    trading.login(A, "alice")
    send = trading.market.send_events

    def fail(frames: list[tuple[int, bytes]]) -> None:
        raise MemoryError

    trading.market.send_events = fail
    with pytest.raises(MemoryError):
        trading.put(A, orders_frame([command()]))
    trading.market.send_events = send
    trading.put(A, orders_frame([command(client_order_id=2)]))
    state = trading.market.core.state_hash()
    trading.close()
    again = Trading(trading.folder)
    assert again.market.core.state_hash() == state
    again.close()
