"""The control port's protocol: operators' verbs, checked, done, answered when they are durable. No I/O.

docs/control.md lists the verbs; engine/ports/verbs has what they do.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Final

import msgspec
from openbell.records import frame
from openbell.wire import FrameType

from engine.keys import Keys, OperatorKey
from engine.market import Market
from engine.ports.frames import STANDBY, FrameError, body_of, error_frame, head_of, json_frame, number_of
from engine.ports.verbs import ALL, VERBS
from engine.ports.verbs.proposing import Proposals
from engine.ports.verbs.verb import Act, Deferred, Desk, Journaled, Process, Verb
from engine.sequencer import OPERATOR_BYTES, REASON_BYTES

MAX_FRAME_BYTES: Final = 1 << 16
TEXT_LIMIT: Final = 200  # characters of what somebody gave, in an answer


class Request(msgspec.Struct, forbid_unknown_fields=True):
    """QUERY of the control port."""

    verb: str
    token: str = ""
    args: msgspec.Raw = msgspec.Raw(b"{}")
    operator: str = ""
    reason: str = ""


class ControlProtocol:
    """Takes operators' requests. `spawn` runs a coroutine on the loop, for what takes a while. Raises ConfigError."""

    def __init__(
        self,
        market: Market,
        keys: Keys,
        process: Process,
        send: Callable[[bytes, bytes], bool],
        spawn: Callable[[Coroutine[Any, Any, None]], object],
    ) -> None:
        self._market = market
        self._keys = keys
        self._desk = Desk(market, keys, process)
        self._send = send
        self._spawn = spawn
        self.refusing: FrameError | None = None  # why nothing is changed: stopping
        self.restricting: FrameError | None = None  # why only what reduces risk is done: disk_full
        self._desk.refusing = lambda: self.refusing
        self._desk.restricting = lambda: self.restricting
        self._proposals = self._desk.proposals = Proposals(market.config.two_person, ALL)

    def receive(self, identity: bytes, message: bytes) -> None:
        """Take a frame."""
        number = number_of(message)
        try:
            kind, _, number = head_of(message)
            if kind == FrameType.HEARTBEAT:
                self._send(identity, frame(FrameType.HEARTBEAT, number))  # not what else was in it
            elif kind == FrameType.QUERY:
                self._request(identity, number, body_of(message, Request))
            else:
                raise FrameError("bad_frame", f"type {kind} means nothing here, QUERY does", field="type", value=kind)
        except FrameError as error:
            self._send(identity, error_frame(number, error))

    def _request(self, identity: bytes, number: int, request: Request) -> None:
        key = self._keys.operator(request.token)
        if key is None:
            raise FrameError("bad_token", "this token is none of an operator of this market", field="token")
        verb = VERBS.get(request.verb)
        if verb is None:
            known = ", ".join(VERBS)
            raise FrameError("bad_verb", f"there is no verb {request.verb[:40]!r}; there are: {known}", field="verb")
        name = _operator_name(key, request.operator)
        if verb.changes:
            self._check_change(key, request, verb)
        act = Act(name, request.reason, _arguments(request.args, verb.arguments), key)
        try:
            if verb.name in self._proposals.names:
                raise self._proposals.propose(self._desk, verb, act)
            result = verb.do(self._desk, act)
        except Journaled as error:
            self._later(identity, error_frame(number, error))
            return
        if isinstance(result, Deferred):
            self._spawn(self._finish(identity, number, result))
        else:
            self._reply(identity, number, result, verb)

    def _check_change(self, key: OperatorKey, request: Request, verb: Verb) -> None:
        """Whether this operator may change the market, and said why. Raises FrameError."""
        if key.role != "admin":
            raise FrameError("not_allowed", f"the role of this token is {key.role}: it may look only", field="token")
        if self.refusing is not None and not (verb.at_standby and self.refusing.code == STANDBY):
            raise self.refusing
        if self.restricting is not None and not verb.when_full:
            raise self.restricting
        if not request.reason.strip():
            raise FrameError("no_reason", f"{verb.name} needs a reason, which is journaled", field="reason")
        size = len(request.reason.encode())
        if size > REASON_BYTES or "\0" in request.reason:
            raise FrameError(
                "bad_args", f"reason has {size} bytes, the limit is {REASON_BYTES}, and no NUL",
                field="reason", limit=REASON_BYTES, value=size,
            )  # fmt: skip

    def _reply(self, identity: bytes, number: int, result: dict[str, Any], verb: Verb | None = None) -> None:
        """Answer when what was applied is durable."""
        data = json_frame(FrameType.REPLY, number, {"ok": True, "seq": self._market.core.seq, "result": result})

        def reply() -> None:
            self._send(identity, data)
            if verb is not None and verb.then is not None:
                verb.then(self._desk)

        if verb is not None and verb.at_once:
            reply()
        else:
            self._market.later(reply)

    def _later(self, identity: bytes, data: bytes) -> None:
        """Send it when what was applied is durable."""

        def send() -> None:
            self._send(identity, data)

        self._market.later(send)

    async def _finish(self, identity: bytes, number: int, deferred: Deferred) -> None:
        """Answer what takes a while."""
        try:
            result = await deferred.work
        except Journaled as error:
            self._later(identity, error_frame(number, error))
        except FrameError as error:
            self._send(identity, error_frame(number, error))
        except Exception:
            failed = FrameError("failed", "the engine could not do this; its log says why")
            self._send(identity, error_frame(number, failed))
            raise
        else:
            self._reply(identity, number, result)


def _operator_name(key: OperatorKey, given: str) -> str:
    """The name that is journaled: the token's, or where the token is of this machine, the one given."""
    if not given or given == key.name or not key.any_name:
        return key.name
    size = len(given.encode())
    if size > OPERATOR_BYTES or "\0" in given:
        raise FrameError(
            "bad_args", f"operator has {size} bytes, the limit is {OPERATOR_BYTES}, and no NUL",
            field="operator", limit=OPERATOR_BYTES, value=size,
        )  # fmt: skip
    return given


def _arguments(raw: msgspec.Raw, kind: type[msgspec.Struct]) -> msgspec.Struct:
    """A verb's arguments; null means not given. Raises FrameError."""
    try:
        body = msgspec.json.decode(raw)
        if not isinstance(body, dict):
            raise FrameError("bad_args", "args must be an object", field="args")
        return msgspec.convert({name: value for name, value in body.items() if value is not None}, kind)
    except msgspec.ValidationError as error:
        said, _, where = str(error).partition(" - at `$")
        said = said.replace("`", "")
        field = where.strip(".`")
        if not field:  # said of the whole: a field that is unknown, or missing
            raise FrameError("bad_args", f"args: {said}", field=said.rpartition("field ")[2]) from None
        value = body.get(field)
        text = f"{field}: {said[:1].lower()}{said[1:]}, got {value!r}"
        raise FrameError("bad_args", text[:TEXT_LIMIT], field=field, value=value) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise FrameError("bad_args", f"args: {error}", field="args") from None
