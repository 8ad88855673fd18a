"""Dead-man timers and cancel on disconnect in the client, without I/O: what is sent, renewed, and followed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from openbell import CancelReason, InvalidInput, Spare, wire
from openbell.errors import Refused
from openbell.guards import RENEWALS, DeadMan, Guards, login_field
from openbell.records import HEADER, json_body, json_frame
from openbell.session import Events, Session
from openbell.wire import Check, EventKind, FrameType

SESSION = 9
ALL = Spare()


class Table:
    """Guards of a session that is logged in, and the market's answers, by hand."""

    def __init__(self, cancel_on_disconnect: bool | Spare = False) -> None:
        self.session = Session("key", "test", None, login_field(cancel_on_disconnect))
        self.ids = iter(range(100, 200))
        self.guards = Guards(self.session, lambda: next(self.ids))
        self.log_in()

    def log_in(self, session: int = SESSION) -> dict[str, Any]:
        sent = json_body(self.session.login())
        body = {"session": session, "accounts": [], "instruments": []}
        self.session.receive(json_frame(FrameType.LOGGED_IN, self.session.login_number, body))
        return sent

    def ask(self, timeout_s: float, whole_account: bool = True, spare: Spare = ALL, **more: Any) -> DeadMan:
        self.guard, self.sent = self.guards.ask(3, timeout_s, whole_account=whole_account, spare=spare, **more)
        return self.guard

    def hear(self, kind: EventKind, **fields: int) -> None:
        made = np.zeros(1, wire.EVENT)
        for name, value in {
            "kind": kind,
            "account": 3,
            "client_order_id": self.guard.client_order_id,
            **fields,
        }.items():
            made[name] = value
        self.guards.follow(Events(made.tobytes(), 0, 1))

    def armed(self, fires_ns: int = 5) -> None:
        self.hear(EventKind.ARMED, price=fires_ns)


def body_of(data: bytes) -> dict[str, Any]:
    assert HEADER.unpack_from(data)[2] == FrameType.ARM
    return json_body(data)


def test_what_a_login_says() -> None:
    assert "cancel_on_disconnect" not in Table().log_in()
    assert Table(True).log_in()["cancel_on_disconnect"] is True
    assert Table(Spare()).log_in()["cancel_on_disconnect"] == {}
    assert Table(Spare(keep_gtc=True)).log_in()["cancel_on_disconnect"] == {"keep_gtc": True}


def test_what_is_sent() -> None:
    table = Table()
    table.ask(30, spare=Spare(keep_auction=True))
    assert body_of(table.sent) == {
        "account": 3, "client_order_id": 100, "timeout_s": 30, "whole_account": True, "keep_auction": True
    }  # fmt: skip
    table.ask(0)
    assert body_of(table.sent) == {"account": 3, "client_order_id": 101, "whole_account": True}
    table = Table(True)
    table.ask(30, whole_account=False)
    assert body_of(table.sent)["on_disconnect"] is True, "what the login asked for stays"


@pytest.mark.parametrize("login", [False, True, Spare(), Spare(keep_gtc=True), Spare(keep_auction=True)])
def test_what_is_spared_where_it_is_not_said(login: bool | Spare) -> None:
    """A timer of the login is one guard with its cancel on disconnect: it does not take away what that spares."""
    table = Table(login)
    kept = login if isinstance(login, Spare) else Spare()
    unsaid: dict[str, bool | None] = {"keep_gtc": None, "keep_auction": None}
    assert table.guards.spare(whole_account=False, **unsaid) == kept
    assert table.guards.spare(whole_account=True, **unsaid) == Spare()
    for said in (True, False):
        assert table.guards.spare(whole_account=False, keep_gtc=said, keep_auction=said) == Spare(said, said)
    table.guards.ask_for_login([3], True, Spare(keep_gtc=True))
    assert table.guards.spare(whole_account=False, **unsaid) == Spare(keep_gtc=True)


@pytest.mark.parametrize("timeout_s", [0.5, -1, 3601, float("inf"), float("nan"), "x", None])
def test_what_is_refused_here(timeout_s: Any) -> None:
    with pytest.raises(InvalidInput) as refused:
        Table().ask(timeout_s)
    assert refused.value.field == "timeout_s"


def test_an_answer_and_a_lapse() -> None:
    table = Table()
    guard = table.ask(30)
    assert not guard.is_answered
    table.armed(77)
    assert (guard.result().fires_ns, guard.has_fired) == (77, False)
    table.hear(EventKind.MASS_CANCELED, reason=CancelReason.MASS)
    assert not guard.has_fired
    table.hear(EventKind.MASS_CANCELED, reason=CancelReason.DEAD_MAN, account=4)
    assert not guard.has_fired
    table.hear(EventKind.MASS_CANCELED, reason=CancelReason.DEAD_MAN, leaves=0)
    assert (guard.fires_ns, guard.has_fired) == (0, True)
    assert not table.guards


def test_a_lapse_of_another_session_is_none_of_this() -> None:
    table = Table()
    guard = table.ask(30, whole_account=False)
    table.armed(77)
    table.hear(EventKind.MASS_CANCELED, reason=CancelReason.DEAD_MAN, leaves=SESSION + 1)
    assert not guard.has_fired
    table.hear(EventKind.MASS_CANCELED, reason=CancelReason.DEAD_MAN, leaves=SESSION)
    assert guard.has_fired


def test_a_refusal_by_the_core_and_by_the_port() -> None:
    table = Table()
    guard = table.ask(30)
    made = np.zeros(1, wire.REJECT)
    for name, value in {
        "kind": EventKind.ARM_REJECTED, "account": 3, "client_order_id": 100, "check": Check.TIMER_CAPACITY,
        "limit": 5, "value": 6,
    }.items():  # fmt: skip
        made[name] = value
    table.guards.follow(Events(made.tobytes(), 0, 1))
    with pytest.raises(Exception, match="TIMER_CAPACITY: would be 6 guards, the market has room for 5 guards"):
        guard.result()
    guard = table.ask(30)
    error = Refused("no", code="stopping")
    assert table.guards.refused(guard.frame, error)
    assert not table.guards.refused(guard.frame, error)
    with pytest.raises(Refused, match="no"):
        guard.result()


def test_renewals_come_in_time_and_only_when_wanted() -> None:
    table = Table()
    table.ask(30)
    table.armed()
    assert table.guards.renewals(1e9) == []
    guard = table.ask(30, renews=True)
    assert table.guards.renewals(1e9) == [], "not before it is armed"
    table.armed()
    assert table.guards.renewals(0.0) == []
    assert table.guards.renewals(30 / RENEWALS - 0.1) == []
    (data,) = table.guards.renewals(30 / RENEWALS)
    assert body_of(data) == body_of(table.sent)
    assert table.guards.renewals(30 / RENEWALS + 1) == []
    assert guard.frame == HEADER.unpack_from(data)[4]
    assert table.guards.pause_s(60.0) == 5.0
    assert table.guards.pause_s(1.0) == 1.0
    assert table.guards.refused(guard.frame, Refused("no", code="overloaded"))
    assert len(table.guards.renewals(90.0)) == 1, "the next one is due all the same"
    table.ask(0)
    table.armed(0)
    assert table.guards.renewals(1e9) == []


def test_after_a_reconnect() -> None:
    table = Table()
    waiting = table.ask(30)
    (data,) = table.guards.again()
    assert body_of(data) == body_of(table.sent)
    table.armed()
    assert waiting.is_answered
    assert table.guards.again() == [], "it stands without this"
    renewing = table.ask(20, renews=True)
    table.armed()
    (data,) = table.guards.again()
    assert body_of(data)["client_order_id"] == renewing.client_order_id
    table.ask(20, whole_account=False)
    table.armed()
    assert len(table.guards.again()) == 1, "one of a login ended with it"


def test_cancel_on_disconnect_later() -> None:
    table = Table()
    asked = table.guards.ask_for_login([3, 4], True, Spare(keep_gtc=True))
    assert [body_of(data) for _, data in asked] == [
        {"account": account, "client_order_id": number, "on_disconnect": True, "keep_gtc": True}
        for account, number in ((3, 100), (4, 101))
    ]
    assert table.log_in()["cancel_on_disconnect"] == {"keep_gtc": True}
    ((_, data), *_) = table.guards.ask_for_login([3], False, Spare())
    assert body_of(data) == {"account": 3, "client_order_id": 102}
    assert "cancel_on_disconnect" not in table.log_in()
