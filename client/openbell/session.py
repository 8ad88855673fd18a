"""The order port's protocol without I/O: frames in, notices out; what has to be sent is in `outgoing`.

The private stream is exact: the events of each account come in order of account_seq, none lost and none twice, over any
number of reconnects. A gap is noticed by its number and closed by asking for a resume; duplicates are dropped.
"""

from __future__ import annotations

from collections.abc import Mapping
from struct import Struct
from typing import Any, Final

import numpy as np

from openbell import wire
from openbell.errors import OpenBellError, readable
from openbell.postponed import Postponed
from openbell.records import HEADER, MAGIC, frame, json_body, json_frame
from openbell.wire import FrameType

EVENT_SIZE: Final = wire.EVENT.itemsize
_SEQ_AND_ACCOUNT = Struct("<Q4xI")  # of an Event, from account_seq on
_SEQ_OFFSET = 16
_HEAD: Final = HEADER.size
_EVENTS = int(FrameType.EVENTS)
_FEW = 16  # events up to which a plain loop is quicker than NumPy
_COUNTING = np.arange(1 << 14, dtype=np.uint64)


class Events:
    """New events of the private stream: `count` records of `wire.EVENT` in `buffer` from `offset` on."""

    __slots__ = ("buffer", "count", "offset")

    def __init__(self, buffer: bytes, offset: int, count: int) -> None:
        self.buffer, self.offset, self.count = buffer, offset, count

    @property
    def array(self) -> np.ndarray[Any, np.dtype[Any]]:
        """The records as a NumPy array of `wire.EVENT`, without a copy."""
        return np.frombuffer(self.buffer, wire.EVENT, self.count, self.offset)


class LoggedIn:
    """The login was taken; `body` is the answer's JSON (docs/architecture.md, Orders)."""

    __slots__ = ("body",)

    def __init__(self, body: dict[str, Any]) -> None:
        self.body = body


class Answer:
    """A query's answer."""

    __slots__ = ("body", "number")

    def __init__(self, number: int, body: dict[str, Any]) -> None:
        self.number, self.body = number, body


class Refusal:
    """The frame `number` was refused; `body` is the ERROR's JSON."""

    __slots__ = ("body", "number")

    def __init__(self, number: int, body: dict[str, Any]) -> None:
        self.number, self.body = number, body

    @property
    def code(self) -> str:
        return str(self.body.get("code", ""))


class Resumed:
    """The account's stream is complete up to now."""

    __slots__ = ("account",)

    def __init__(self, account: int) -> None:
        self.account = account


class Lost:
    """Events of the account from `from_seq` on are not to be had any more; the first that is kept is `first_seq`."""

    __slots__ = ("account", "first_seq", "from_seq")

    def __init__(self, account: int, from_seq: int, first_seq: int) -> None:
        self.account, self.from_seq, self.first_seq = account, from_seq, first_seq


class Beat:
    """A sign of life."""

    __slots__ = ()


Notice = Events | LoggedIn | Answer | Refusal | Resumed | Lost | Beat
_BEAT = Beat()


class Session:
    """One login after another, and the private stream over all of them."""

    def __init__(
        self,
        api_key: str,
        client: str,
        resume: Mapping[int, int] | None = None,
        cancel_on_disconnect: bool | Mapping[str, bool] = False,
    ) -> None:
        """resume: account -> first account_seq wanted at the first login (absent: events from now on).

        cancel_on_disconnect: as in LOGIN (docs/disconnect.md).
        """
        self.cancel_on_disconnect = cancel_on_disconnect
        self.wants_primary = False  # a standby's answer is none
        self.standby: Mapping[str, Any] | None = None  # what a standby has answered instead
        self.number = 0  # of the present login, as the market counts them
        self.epoch = 0  # of the primary that it was logged in to last
        self._api_key = api_key
        self._client = client
        self._number = 0
        self.login_number = 0  # of the last LOGIN frame
        self.ready = False
        self.login_lost = False  # the market forgot this login: another one is due
        self.next_seq: dict[int, int | None] = dict(resume or {})  # None: whatever comes next
        self.resuming: dict[int, int] = {}  # account -> number of the frame that asked
        self.outgoing: list[bytes] = []
        self._postponed = Postponed()  # accounts whose resume was refused for now

    def next_number(self) -> int:
        """The number of the next frame sent."""
        self._number += 1
        return self._number

    def login(self) -> bytes:
        """The LOGIN frame of a new connection, which asks for everything not seen yet."""
        self.ready = self.login_lost = False
        self.standby = None
        self.outgoing.clear()
        self._postponed.clear()
        wanted = {account: seq for account, seq in self.next_seq.items() if seq is not None}
        self.login_number = self.next_number()
        self.resuming = dict.fromkeys(wanted, self.login_number)
        body: dict[str, Any] = {"api_key": self._api_key, "client": self._client}
        if self.cancel_on_disconnect is not False:
            body["cancel_on_disconnect"] = self.cancel_on_disconnect
        if self.epoch:
            body["epoch"] = self.epoch
        if wanted:
            body["resume"] = {str(account): seq for account, seq in wanted.items()}
        return json_frame(FrameType.LOGIN, self.login_number, body)

    def heartbeat(self) -> bytes:
        """A HEARTBEAT frame; the market answers with one."""
        return frame(FrameType.HEARTBEAT, self.next_number())

    def logout(self) -> bytes:
        """A LOGOUT frame."""
        self.ready = False
        return frame(FrameType.LOGOUT, self.next_number())

    def query(self, what: str, **arguments: Any) -> tuple[int, bytes]:
        """A QUERY's number and frame."""
        number = self.next_number()
        return number, json_frame(FrameType.QUERY, number, {"what": what, **arguments})

    @property
    def complete(self) -> bool:
        """Logged in, and no part of the stream is being replayed."""
        return self.ready and not self.resuming

    def receive(self, message: bytes) -> list[Notice]:
        """Take one frame from the market. Raises OpenBellError (code "protocol") for what is no frame."""
        if len(message) < HEADER.size:
            raise OpenBellError(f"a frame of {len(message)} bytes from the market has no head", code="protocol")
        magic, version, kind, count, number = HEADER.unpack_from(message)
        if magic != MAGIC or version != wire.VERSION:
            raise OpenBellError(
                f"a frame from the market has magic {magic:#06x}, version {version}; expected {MAGIC:#06x}, "
                f"version {wire.VERSION}: is this the order port of an OpenBell of this release?",
                code="protocol",
            )
        if kind == _EVENTS:
            return self._events(message, count)
        if kind == FrameType.HEARTBEAT:
            return [_BEAT]
        with readable(f"a frame of type {kind} from the market"):
            body = json_body(message)
            if kind == FrameType.REPLY:
                return [Answer(number, body)]
            if kind == FrameType.ERROR:
                return self._error(number, body)
            if kind == FrameType.LOGGED_IN:
                return self._logged_in(number, body)
            if kind == FrameType.RESUMED:
                return self._resumed(int(body["account"]), int(body["next_seq"]))
        raise OpenBellError(f"a frame of unknown type {kind} from the market", code="protocol")

    # ------------------------------------------------------------ events

    def _events(self, message: bytes, count: int) -> list[Notice]:
        if len(message) != _HEAD + count * EVENT_SIZE:
            raise OpenBellError(f"an EVENTS frame of {count} events has {len(message)} bytes", code="protocol")
        if not self.ready:
            return []  # of the session before
        if count <= _FEW:
            taken = self._take_few(message, count)
        else:
            taken = self._take_many(np.frombuffer(message, wire.EVENT, count, HEADER.size))
        if taken is None:
            return [Events(message, _HEAD, count)]
        if not taken.any():
            return []
        records = np.frombuffer(message, wire.EVENT, count, HEADER.size)[taken]
        return [Events(records.tobytes(), 0, len(records))]

    def _take_few(self, message: bytes, count: int) -> np.ndarray[Any, np.dtype[np.bool_]] | None:
        """Which events are new, one by one; None for all."""
        next_seq = self.next_seq
        mask: np.ndarray[Any, np.dtype[np.bool_]] | None = None
        offset = _HEAD + _SEQ_OFFSET
        for index in range(count):
            seq, account = _SEQ_AND_ACCOUNT.unpack_from(message, offset)
            offset += EVENT_SIZE
            if seq == next_seq.get(account):
                next_seq[account] = seq + 1
            elif not self._take_odd(seq, account):
                if mask is None:
                    mask = np.ones(count, np.bool_)
                mask[index] = False
        return mask

    def _take_many(self, events: np.ndarray[Any, np.dtype[Any]]) -> np.ndarray[Any, np.dtype[np.bool_]] | None:
        """Which events are new, account by account; None for all."""
        accounts, seqs = events["account"], events["account_seq"]
        account = int(accounts[0])
        if (accounts == account).all():
            if self._goes_on(account, seqs):
                return None
        elif all(self._would_go_on(int(one), seqs[accounts == one]) for one in np.unique(accounts)):
            for one in np.unique(accounts):
                self._goes_on(int(one), seqs[accounts == one])
            return None
        mask = np.ones(len(events), np.bool_)
        for place, (account, seq) in enumerate(zip(accounts.tolist(), seqs.tolist(), strict=True)):
            if seq == self.next_seq.get(account):
                self.next_seq[account] = seq + 1
            else:
                mask[place] = self._take_odd(seq, account)
        return mask

    def _would_go_on(self, account: int, seqs: np.ndarray[Any, np.dtype[np.uint64]]) -> bool:
        """Whether these are just the next events of the account."""
        expected = self.next_seq.get(account)
        if expected is None or len(seqs) > len(_COUNTING):
            return False
        return bool((seqs - np.uint64(expected) == _COUNTING[: len(seqs)]).all())

    def _goes_on(self, account: int, seqs: np.ndarray[Any, np.dtype[np.uint64]]) -> bool:
        """Take these when they are just the next events of the account."""
        if not self._would_go_on(account, seqs):
            return False
        self.next_seq[account] = int(seqs[-1]) + 1
        return True

    def _take_odd(self, seq: int, account: int) -> bool:
        """Whether to take an event whose account_seq is not the one expected."""
        if seq == 0:
            return True  # of no account's stream
        expected = self.next_seq.get(account)
        if expected is None:
            self.next_seq[account] = seq + 1
            return True
        if seq > expected and account not in self.resuming:
            self.outgoing.append(self._resume(account, expected))
        return False  # seen before, or comes again with the resume

    def _resume(self, account: int, from_seq: int) -> bytes:
        """A RESUME frame."""
        number = self.resuming[account] = self.next_number()
        return json_frame(FrameType.RESUME, number, {"account": account, "from_seq": from_seq})

    def due(self, now_s: float) -> list[bytes]:
        """The frames that ask again for what was refused as too many a while ago. Call it often, while logged in."""
        return [self._resume(account, self.next_seq.get(account) or 0) for account in self._postponed.due(now_s)]

    # ------------------------------------------------------------ the rest

    def _logged_in(self, number: int, body: dict[str, Any]) -> list[Notice]:
        if number != self.login_number or self.ready:
            return []  # of an older login, or the same answer again: what it says of the streams was true then
        if self.wants_primary and body.get("role") == "standby":
            self.standby = body
            return []
        self.ready = True
        self.number = int(body.get("session", 0))
        self.epoch = int(body.get("epoch", 0))
        notices: list[Notice] = [LoggedIn(body)]
        for row in body["accounts"]:
            account, next_seq = int(row["id"]), int(row["next_seq"])
            expected, rewind = self.next_seq.get(account), int(row.get("rewind", 0))
            if expected is not None and 0 < rewind < expected:
                # A standby became the primary without what was seen last: from there on there is something else.
                notices.append(Lost(account, expected, rewind))
                self.next_seq[account] = expected = rewind
            if expected is not None and expected > next_seq:
                # The market knows less than we have seen: it lost its journal, or is another one.
                self.resuming.pop(account, None)
                notices.append(Lost(account, expected, next_seq))
                expected = None
            if expected is None:
                self.next_seq[account] = next_seq
        known = {int(row["id"]) for row in body["accounts"]}
        for account in [account for account in self.resuming if account not in known]:
            del self.resuming[account]
            del self.next_seq[account]
            text = f"resume names account {account}, which this key may not use"
            body = {"code": "not_your_account", "text": text, "field": "resume", "value": account}
            notices.append(Refusal(number, body))
        return notices

    def _resumed(self, account: int, next_seq: int) -> list[Notice]:
        if self.resuming.pop(account, None) is None:
            return []
        expected = self.next_seq.get(account)
        if expected is not None and expected < next_seq:
            self.outgoing.append(self._resume(account, expected))  # not all of what was promised came: ask again
            return []
        return [Resumed(account)]

    def _error(self, number: int, body: dict[str, Any]) -> list[Notice]:
        code = body.get("code")
        if self.standby is not None and number == self.login_number:
            return []  # what a standby lacks, its primary may have
        if code == "standby" and self.wants_primary and number == self.login_number:
            self.standby = body
            return []
        if code == "not_logged_in":
            self.login_lost = self.ready
            self.ready = False
        if code == "too_many" and number != self.login_number and number in self.resuming.values():
            self._postponed.update(account for account, asking in self.resuming.items() if asking == number)
            return []
        if code != "resume_too_old":
            return [Refusal(number, body)]
        asked = [account for account, asking in self.resuming.items() if asking == number]
        if body.get("account") is not None:
            asked = [account for account in asked if account == int(body["account"])]
        elif len(asked) > 1:
            asked = [account for account in asked if self.next_seq.get(account) == body.get("value")] or asked
        notices: list[Notice] = []
        for account in asked:
            from_seq, first_seq = self.next_seq.get(account) or 0, int(body.get("limit") or 0)
            notices.append(Lost(account, from_seq, first_seq))
            if first_seq > from_seq:  # what is kept is not lost
                self.next_seq[account] = first_seq
                self.outgoing.append(self._resume(account, first_seq))
            else:
                del self.resuming[account]
                self.next_seq[account] = None
        return notices
