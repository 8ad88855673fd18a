"""Verbs that need a second operator: who may approve, what is journaled, what waits and for how long."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import msgspec
import pytest
from openbell.wire import CommandKind, EventKind

from engine.config import ConfigError
from engine.config.two_person import TwoPerson
from engine.ports.frames import FrameError
from engine.ports.verbs.proposing import MOST
from tests.engine.ports.operating import Operating
from tests.engine.trading import Trading

VERBS = ["deposit", "halt", "add-key", "shutdown", "limits"]
DEPOSIT = {"account": 2, "amount": 5}


def operating(trading: Trading, **wanted: Any) -> Operating:
    two_person = TwoPerson(**{"verbs": VERBS, **wanted})
    trading.market.config = msgspec.structs.replace(trading.market.config, two_person=two_person)
    return Operating(trading)


@pytest.fixture
async def op(trading: Trading) -> Operating:
    return operating(trading)


@pytest.fixture
def bob(op: Operating) -> dict[str, str]:
    """What a second operator asks with."""
    return second(op)


def second(op: Operating, name: str = "bob") -> dict[str, str]:
    token, _ = op.trading.keys.add_operator(name)
    return {"token": token, "operator": ""}


def cash(op: Operating) -> int:
    (row,) = op.ask("accounts", reason=None, args={"account": 2})["rows"]
    return int(row["cash"])


async def test_a_second_operator_has_it_done(op: Operating, bob: dict[str, str]) -> None:
    before = cash(op)
    waits = op.ask("deposit", "a bonus", args=DEPOSIT)
    assert (waits["code"], waits["field"], waits["value"]) == ("needs_approval", "proposal", 1)
    assert waits["text"] == (
        "deposit waits for a second operator, at most 900 s: proposal 1, done by openbell ctl approve 1"
    )
    assert cash(op) == before
    listed = op.ask("proposals", reason=None)
    assert (listed["verbs"], listed["valid_s"]) == (sorted(VERBS), 900)
    (row,) = listed["rows"]
    assert (row["proposal"], row["verb"], row["operator"], row["reason"]) == (1, "deposit", "ann", "a bonus")
    assert row["args"] == DEPOSIT and row["until_ts_ns"] - row["ts_ns"] == 900 * 10**9
    done = op.ask("approve", "agreed by mail", args={"proposal": 1}, **bob)
    assert (done["verb"], done["result"]) == ("deposit", {"cash": before + 5})
    assert cash(op) == before + 5
    assert op.ask("proposals", reason=None)["rows"] == []
    again = op.ask("approve", args={"proposal": 1}, **bob)
    assert (again["code"], again["field"], again["value"]) == ("rejected", "proposal", 1)
    found = op.journal()
    assert [tuple(one) for one in found[["kind", "name", "operator", "reason", "account"]].tolist()] == [
        (CommandKind.NOTE, b"propose 1 deposit", b"ann", b"a bonus", 2),
        (CommandKind.NOTE, b"approve 1 deposit", b"bob", b"agreed by mail", 2),
        (CommandKind.DEPOSIT, b"", b"ann", b"a bonus", 2),
    ]


async def test_nobody_approves_what_he_proposed_himself(op: Operating, bob: dict[str, str]) -> None:
    op.ask("deposit", args=DEPOSIT)
    other = op.ask("approve", args={"proposal": 1}, operator="carol")  # the same token, under another name
    assert (other["code"], other["field"]) == ("not_allowed", "token")
    ann = second(op, "ann")  # the same name, with another token
    same = op.ask("approve", args={"proposal": 1}, **ann)
    assert (same["code"], same["field"]) == ("not_allowed", "operator")
    token, _ = op.trading.keys.add_operator("eve", "viewer")
    viewer = op.ask("approve", args={"proposal": 1}, token=token)
    assert (viewer["code"], viewer["field"]) == ("not_allowed", "token")
    op.ask("halt", args={"instrument": 0}, **bob)
    own = op.ask("approve", args={"proposal": 2}, **bob)
    assert (own["code"], own["field"]) == ("not_allowed", "token")
    assert [row["proposal"] for row in op.ask("proposals", reason=None)["rows"]] == [1, 2]
    assert op.trading.market.streams.counts[EventKind.CASH] == 2, "those of the fixture"


async def test_what_is_wrong_is_said_at_once_and_what_fails_then_is_used_up(op: Operating, bob: dict[str, str]) -> None:
    assert op.ask("deposit", args={"account": 2, "amount": "much"})["code"] == "bad_args"
    assert op.ask("deposit", "", args=DEPOSIT)["code"] == "no_reason"
    assert op.ask("proposals", reason=None)["rows"] == []
    assert op.ask("deposit", args={"account": 2, "amount": -(10**15)})["code"] == "needs_approval"
    refused = op.ask("approve", args={"proposal": 1}, **bob)
    assert (refused["code"], refused["field"]) == ("rejected", "CASH_RANGE")
    assert op.ask("proposals", reason=None)["rows"] == []


async def test_declined_by_whoever_proposed_it(op: Operating) -> None:
    before = cash(op)
    op.ask("deposit", args=DEPOSIT)
    declined = op.ask("decline", "a typing error", args={"proposal": 1})
    assert (declined["proposal"], declined["verb"]) == (1, "deposit")
    assert op.ask("decline", args={"proposal": 1})["code"] == "rejected"
    assert cash(op) == before
    assert op.journal()["name"].tolist() == [b"propose 1 deposit", b"decline 1 deposit"]


async def test_it_waits_for_so_long(trading: Trading) -> None:
    op = operating(trading, valid_s=2)  # a file may not say less than 10
    bob = second(op)
    op.ask("deposit", args=DEPOSIT)
    (row,) = op.ask("proposals", reason=None)["rows"]
    assert row["until_ts_ns"] == row["ts_ns"] + 2 * 10**9
    while time.time_ns() <= row["until_ts_ns"]:
        await asyncio.sleep(0.05)
    assert op.ask("proposals", reason=None)["rows"] == []
    late = op.ask("approve", args={"proposal": 1}, **bob)
    assert (late["code"], late["value"]) == ("rejected", 1)
    assert "2 s or a restart ended it" in late["text"]


async def test_so_many_wait(op: Operating) -> None:
    for _ in range(MOST):
        assert op.ask("deposit", args=DEPOSIT)["code"] == "needs_approval"
    more = op.ask("deposit", args=DEPOSIT)
    assert (more["code"], more["limit"]) == ("too_many", MOST)


async def test_what_takes_a_while_and_what_follows_an_answer(op: Operating, bob: dict[str, str]) -> None:
    op.ask("add-key", args={"account": 1})
    made = await op.ask_slowly("approve", args={"proposal": 1}, **bob)
    assert made["result"]["api_key"] and made["verb"] == "add-key"
    op.ask("shutdown")
    assert op.process.asked == []
    assert op.ask("approve", args={"proposal": 2}, **bob)["result"] == {}
    assert op.process.asked == ["shut down"]


async def test_while_the_disk_is_nearly_full(op: Operating, bob: dict[str, str]) -> None:
    op.ask("halt", args={"instrument": 0})
    op.ask("add-key", args={"account": 1})
    op.protocol.restricting = FrameError("disk_full", "the disk is nearly full")
    assert op.ask("add-key", args={"account": 2})["code"] == "disk_full"
    assert op.ask("approve", args={"proposal": 2}, **bob)["code"] == "disk_full"
    assert op.ask("approve", args={"proposal": 1}, **bob)["result"] == {"instruments": [0]}
    assert [row["proposal"] for row in op.ask("proposals", reason=None)["rows"]] == [2]


@pytest.mark.parametrize(
    ("name", "hint"),
    [("halts", "did you mean halt?"), ("status", "is no verb that changes"), ("approve", "is no verb that changes")],
)
async def test_verbs_that_cannot_need_a_second_operator(trading: Trading, name: str, hint: str) -> None:
    with pytest.raises(ConfigError, match=r"two_person\.verbs\[1\]") as refused:
        operating(trading, verbs=["deposit", name])
    assert hint in str(refused.value)
