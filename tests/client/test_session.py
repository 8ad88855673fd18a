"""The private stream from bytes: in order, none lost, none twice, over any number of reconnects."""

from __future__ import annotations

from typing import Any

import numpy as np
import openbell
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openbell import wire
from openbell.records import HEADER, MAGIC, frame, json_body, json_frame
from openbell.session import Answer, Beat, Events, LoggedIn, Lost, Refusal, Resumed, Session
from openbell.wire import FrameType


def records(*pairs: tuple[int, int]) -> bytes:
    """Events of (account, account_seq)."""
    made = np.zeros(len(pairs), wire.EVENT)
    for at, (account, seq) in enumerate(pairs):
        made[at]["account"], made[at]["account_seq"] = account, seq
    return made.tobytes()


def events(*pairs: tuple[int, int]) -> bytes:
    return frame(FrameType.EVENTS, 0, records(*pairs), len(pairs))


def logged_in(session: Session, **next_seqs: int) -> bytes:
    body = {
        "accounts": [{"id": int(name[1:]), "name": name, "next_seq": seq} for name, seq in next_seqs.items()],
        "instruments": [],
    }
    return json_frame(FrameType.LOGGED_IN, session.login_number, body)


def resumed(account: int, next_seq: int) -> bytes:
    return json_frame(FrameType.RESUMED, 0, {"account": account, "from_seq": 1, "next_seq": next_seq})


def ready(**next_seqs: int) -> Session:
    """A session that is logged in."""
    session = Session("key", "test")
    session.login()
    session.receive(logged_in(session, **next_seqs))
    return session


def taken(session: Session, message: bytes) -> list[tuple[int, int]]:
    """(account, account_seq) of the events that a frame gave."""
    found = []
    for notice in session.receive(message):
        if isinstance(notice, Events):
            found += [(int(one["account"]), int(one["account_seq"])) for one in notice.array]
    return found


def test_login_asks_for_nothing_at_first_and_for_what_is_missing_later() -> None:
    session = Session("key", "test")
    assert json_body(session.login()) == {"api_key": "key", "client": "test"}
    notices = session.receive(logged_in(session, a3=7, a4=1))
    assert [type(one) for one in notices] == [LoggedIn]
    assert session.complete
    assert taken(session, events((3, 7), (4, 1), (3, 8))) == [(3, 7), (4, 1), (3, 8)]
    assert json_body(session.login())["resume"] == {"3": 9, "4": 2}
    assert not session.complete


def test_a_first_login_may_ask_for_the_past() -> None:
    session = Session("key", "test", {3: 5})
    assert json_body(session.login())["resume"] == {"3": 5}
    session.receive(logged_in(session, a3=7))
    assert not session.complete
    assert taken(session, events((3, 5), (3, 6))) == [(3, 5), (3, 6)]
    assert [type(one) for one in session.receive(resumed(3, 7))] == [Resumed]
    assert session.complete


def test_a_resume_of_a_strange_account_is_refused() -> None:
    session = Session("key", "test", {9: 5})
    session.login()
    _, refusal = session.receive(logged_in(session, a3=7))
    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.body["value"], refusal.number) == ("not_your_account", 9, session.login_number)


def test_what_comes_twice_is_given_once() -> None:
    session = ready(a3=1)
    assert taken(session, events((3, 1), (3, 2))) == [(3, 1), (3, 2)]
    assert taken(session, events((3, 1), (3, 2), (3, 3))) == [(3, 3)]
    assert session.outgoing == []


def test_an_answer_to_the_login_that_comes_twice_is_taken_once() -> None:
    """It tells where streams were then: taken again, what came since would come once more."""
    session = Session("key", "test")
    session.login()
    answer = logged_in(session, a3=1)
    session.receive(answer)
    first = events((3, 1), (3, 2))
    assert session.receive(first)
    assert session.receive(answer) == []
    assert session.receive(first) == []
    assert session.next_seq == {3: 3}


def test_a_gap_asks_for_a_resume_once() -> None:
    session = ready(a3=1)
    assert taken(session, events((3, 1), (3, 3))) == [(3, 1)]
    assert taken(session, events((3, 4))) == []
    (asked,) = session.outgoing
    assert json_body(asked) == {"account": 3, "from_seq": 2}
    assert taken(session, events((3, 2), (3, 3), (3, 4))) == [(3, 2), (3, 3), (3, 4)]
    session.receive(resumed(3, 5))
    assert session.complete


def test_a_resume_that_gives_less_than_it_said_is_asked_for_again() -> None:
    session = ready(a3=1)
    taken(session, events((3, 3)))
    session.outgoing.clear()
    taken(session, events((3, 1)))
    assert session.receive(resumed(3, 4)) == []
    assert [json_body(one) for one in session.outgoing] == [{"account": 3, "from_seq": 2}]


def test_events_of_the_session_before_are_dropped() -> None:
    session = ready(a3=1)
    session.login()
    assert taken(session, events((3, 1))) == []
    session.receive(logged_in(session, a3=2))
    assert taken(session, events((3, 1))) == [(3, 1)]


def test_an_answer_to_an_older_login_is_dropped() -> None:
    session = Session("key", "test")
    session.login()
    old = logged_in(session, a3=1)
    session.login()
    assert session.receive(old) == []
    assert not session.ready


def test_events_lost_for_good_are_told_and_the_stream_goes_on() -> None:
    session = ready(a3=1, a4=1)
    taken(session, events((3, 1), (4, 1)))
    session.login()
    session.receive(logged_in(session, a3=500, a4=500))
    refused = {"code": "resume_too_old", "text": "", "limit": 400, "value": 2, "account": 3}
    notices = session.receive(json_frame(FrameType.ERROR, session.login_number, refused))
    assert [(one.account, one.from_seq, one.first_seq) for one in notices if isinstance(one, Lost)] == [(3, 2, 400)]
    (asked,) = session.outgoing  # what is kept is not lost
    assert json_body(asked) == {"account": 3, "from_seq": 400}
    assert taken(session, events((3, 500), (4, 500))) == []  # both still have their past to come
    assert taken(session, events((3, 400), (4, 2))) == [(3, 400), (4, 2)]
    assert not session.complete
    number = session.resuming[3]
    session.receive(json_frame(FrameType.RESUMED, number, {"account": 3, "from_seq": 400, "next_seq": 401}))
    assert list(session.resuming) == [4]


def test_a_resume_that_is_refused_as_too_many_is_asked_for_again() -> None:
    session = ready(a3=1)
    taken(session, events((3, 1), (3, 4)))
    (asked,) = session.outgoing
    session.outgoing.clear()
    refused = {"code": "too_many", "text": "", "field": "rows", "limit": 10_000}
    assert session.receive(json_frame(FrameType.ERROR, session.resuming[3], refused)) == []
    assert session.due(5.0) == [] == session.due(5.9)
    assert not session.complete
    (again,) = session.due(6.0)
    assert json_body(again) == json_body(asked) == {"account": 3, "from_seq": 2}
    assert session.due(9.0) == []
    assert taken(session, events((3, 2), (3, 3), (3, 4))) == [(3, 2), (3, 3), (3, 4)]
    session.receive(json_frame(FrameType.RESUMED, session.resuming[3], {"account": 3, "from_seq": 2, "next_seq": 5}))
    assert session.complete


def test_a_market_that_knows_less_than_was_seen() -> None:
    session = ready(a3=1)
    taken(session, events((3, 1), (3, 2)))
    session.login()
    notices = session.receive(logged_in(session, a3=1))
    assert [type(one) for one in notices] == [LoggedIn, Lost]
    assert taken(session, events((3, 1))) == [(3, 1)]


def test_what_a_failover_has_lost_is_told_and_what_came_instead_is_taken() -> None:
    """The market has gone on: its next number says nothing of what was seen under the same ones."""
    session = Session("key", "test", {3: 1})
    session.login()
    body: dict[str, Any] = {"accounts": [{"id": 3, "name": "a3", "next_seq": 1}], "instruments": [], "epoch": 4}
    session.receive(json_frame(FrameType.LOGGED_IN, session.login_number, body))
    session.receive(json_frame(FrameType.RESUMED, session.login_number, {"account": 3, "from_seq": 1, "next_seq": 1}))
    assert taken(session, events((3, 1), (3, 2), (3, 3))) == [(3, 1), (3, 2), (3, 3)]
    assert json_body(session.login())["epoch"] == 4
    body = {"accounts": [{"id": 3, "name": "a3", "next_seq": 9, "rewind": 2}], "instruments": [], "epoch": 5}
    notices = session.receive(json_frame(FrameType.LOGGED_IN, session.login_number, body))
    lost = [(one.account, one.from_seq, one.first_seq) for one in notices if isinstance(one, Lost)]
    assert lost == [(3, 4, 2)]
    assert taken(session, events(*((3, seq) for seq in range(2, 9)))) == [(3, seq) for seq in range(2, 9)]
    session.receive(json_frame(FrameType.RESUMED, session.login_number, {"account": 3, "from_seq": 2, "next_seq": 9}))
    assert session.complete
    assert json_body(session.login())["epoch"] == 5


def test_events_of_no_account_pass() -> None:
    session = ready(a3=1)
    assert taken(session, events((0, 0), (3, 1))) == [(0, 0), (3, 1)]


def test_a_login_that_the_market_forgot() -> None:
    session = ready(a3=1)
    (notice,) = session.receive(json_frame(FrameType.ERROR, 9, {"code": "not_logged_in", "text": ""}))
    assert isinstance(notice, Refusal)
    assert session.login_lost
    assert not session.ready
    session.login()
    assert session.login_lost is False


def test_other_frames() -> None:
    session = ready(a3=1)
    (beat,) = session.receive(frame(FrameType.HEARTBEAT, 1))
    assert isinstance(beat, Beat)
    number, data = session.query("orders", account=3)
    assert json_body(data) == {"what": "orders", "account": 3}
    (answer,) = session.receive(json_frame(FrameType.REPLY, number, {"rows": []}))
    assert isinstance(answer, Answer)
    assert answer.number == number


WRONG = [
    (b"", "no head"),
    (b"OB", "no head"),
    (HEADER.pack(0x1234, 1, 66, 0, 0), "magic 0x1234"),
    (HEADER.pack(MAGIC, 9, 66, 0, 0), "version 9"),
    (HEADER.pack(MAGIC, 1, 66, 2, 0) + bytes(80), "2 events has 96 bytes"),
    (HEADER.pack(MAGIC, 1, 68, 1, 0) + b"{", "type 68"),
    (HEADER.pack(MAGIC, 1, 68, 2, 0) + b"[]", "must be an object"),
    (HEADER.pack(MAGIC, 1, 99, 2, 0) + b"{}", "unknown type 99"),
]


@pytest.mark.parametrize(("message", "why"), WRONG)
def test_what_is_no_frame(message: bytes, why: str) -> None:
    with pytest.raises(openbell.OpenBellError, match=why) as caught:
        ready(a3=1).receive(message)
    assert caught.value.code == "protocol"


class Market:
    """A market's side of the stream, whose line loses and repeats."""

    def __init__(self) -> None:
        self.history: dict[int, int] = {3: 0, 4: 0}
        self.session = Session("key", "test")
        self.seen: list[tuple[int, int]] = []
        self.log_in()

    def log_in(self) -> None:
        asked = json_body(self.session.login()).get("resume", {})
        next_seqs = {f"a{account}": seq + 1 for account, seq in self.history.items()}
        self.take(logged_in(self.session, **next_seqs))
        for account, seq in asked.items():
            self.resume(int(account), seq)

    def take(self, message: bytes) -> None:
        self.seen += taken(self.session, message)

    def resume(self, account: int, from_seq: int) -> None:
        missed = [(account, seq) for seq in range(from_seq, self.history[account] + 1)]
        if missed:
            self.take(events(*missed))
        self.take(resumed(account, self.history[account] + 1))

    def answer(self) -> None:
        asked, self.session.outgoing = self.session.outgoing, []
        for message in asked:
            body: dict[str, Any] = json_body(message)
            self.resume(body["account"], body["from_seq"])


@given(
    st.lists(
        st.one_of(
            st.tuples(
                st.lists(st.sampled_from([3, 4]), min_size=1, max_size=40),
                st.sampled_from(["", "", "drop", "repeat", "late", "again", "cut"]),
            ),
            st.sampled_from(["answer", "log in"]),
        ),
        max_size=30,
    )
)
@settings(max_examples=200)
def test_every_event_once_and_in_order(steps: list[Any]) -> None:
    market = Market()
    late: list[bytes] = []
    for step in steps:
        if step == "answer":
            market.answer()
        elif step == "log in":
            market.log_in()
        else:
            pairs = []
            for account in step[0]:
                market.history[account] += 1
                pairs.append((account, market.history[account]))
            message = events(*pairs)
            if step[1] == "late":
                late.append(message)
            elif step[1] == "cut":
                market.take(events(*pairs[len(pairs) // 2 :]))
            elif step[1] != "drop":
                market.take(message)
            if step[1] == "repeat":
                market.take(message)
            if step[1] == "again":
                for one in late:
                    market.take(one)
    market.answer()
    market.log_in()
    for account, last in market.history.items():
        assert [seq for of, seq in market.seen if of == account] == list(range(1, last + 1))
    assert market.session.complete
