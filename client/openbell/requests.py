"""Handles of what is asked for beside orders, without I/O: mass cancels, queries, an operator's verbs."""

from __future__ import annotations

from typing import Any, NamedTuple

from openbell import wire
from openbell.errors import OpenBellError, OperatorRefused, refusal
from openbell.records import HEADER, MAGIC, json_body
from openbell.wire import FrameType


class MassCancel:
    """A cancel of many orders; `count` is set when it was answered, with `failure` where it was refused.

    session_only: it is of the orders of one login, and means none of another.
    """

    __slots__ = ("account", "client_order_id", "count", "data", "failure", "frame", "session_only")

    def __init__(self, account: int, client_order_id: int, frame: int, data: bytes, session_only: bool = False) -> None:
        self.account, self.client_order_id, self.frame, self.data = account, client_order_id, frame, data
        self.session_only = session_only
        self.count: int | None = None
        self.failure: OpenBellError | None = None

    @property
    def is_answered(self) -> bool:
        """The market has said how many orders it cancelled, or refused."""
        return self.count is not None

    def result(self) -> int:
        """The number of orders cancelled. Raises what it was refused with."""
        if self.failure is not None:
            raise self.failure
        return self.count or 0


class Query:
    """A question to the market; `body` is its answer, `failure` its refusal."""

    __slots__ = ("body", "data", "failure", "frame")

    def __init__(self, frame: int, data: bytes) -> None:
        self.frame, self.data = frame, data
        self.body: dict[str, Any] | None = None
        self.failure: OpenBellError | None = None

    @property
    def is_answered(self) -> bool:
        """It was answered or refused."""
        return self.body is not None or self.failure is not None

    def result(self) -> dict[str, Any]:
        """The answer. Raises what it was refused with."""
        if self.failure is not None:
            raise self.failure
        return self.body or {}


class VerbAnswer(NamedTuple):
    """What the control port answers. seq: the last command that it shows."""

    seq: int
    result: dict[str, Any]


def answer_of(message: bytes, number: int, where: str) -> VerbAnswer | None:
    """A frame from the control port at `where`; None for one that does not answer the request `number`.

    Raises OperatorRefused; OpenBellError (code "protocol") for what is no answer.
    """
    magic, version, kind, _, answered = HEADER.unpack_from(message) if len(message) >= HEADER.size else (0, 0, 0, 0, 0)
    if magic != MAGIC or version != wire.VERSION:
        raise OpenBellError(f"{where} is no control port of this release", code="protocol")
    if answered not in (number, 0):
        return None
    try:
        body = json_body(message)
        if kind == FrameType.ERROR:
            raise refusal(body, OperatorRefused)
        if kind != FrameType.REPLY:
            return None
        return VerbAnswer(int(body.get("seq", 0)), dict(body.get("result") or {}))
    except (TypeError, ValueError) as error:
        raise OpenBellError(f"an answer of {where} cannot be read: {error}", code="protocol") from error
