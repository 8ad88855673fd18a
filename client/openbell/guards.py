"""Guards of orders without I/O: dead-man timers and cancel on disconnect (docs/disconnect.md)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from openbell.errors import InvalidInput, OpenBellError
from openbell.events import Event, Reject, decode
from openbell.records import json_frame
from openbell.session import Events, Session
from openbell.wire import CancelReason, EventKind, FrameType

LEAST_TIMEOUT_S: Final = 1.0
MOST_TIMEOUT_S: Final = 3600.0
RENEWALS: Final = 3  # within a timeout: two may be lost
_GUARD_REASONS: Final = (CancelReason.DISCONNECT, CancelReason.DEAD_MAN)


@dataclass(frozen=True, slots=True)
class Spare:
    """Orders that a guard leaves alone: GTC and GTD ones; AT_OPEN, AT_CLOSE and AUCTION ones."""

    keep_gtc: bool = False
    keep_auction: bool = False

    def fields(self) -> dict[str, bool]:
        """As JSON, without what is False."""
        named = {"keep_gtc": self.keep_gtc, "keep_auction": self.keep_auction}
        return {name: True for name, value in named.items() if value}


def login_field(cancel_on_disconnect: bool | Spare) -> bool | dict[str, bool]:
    """`cancel_on_disconnect` of LOGIN."""
    return cancel_on_disconnect.fields() if isinstance(cancel_on_disconnect, Spare) else cancel_on_disconnect


class DeadMan:
    """What was armed. Its attributes change as events arrive; none is to be set from outside.

    account: its id. timeout_s: 0 where it was disarmed. whole_account: else of this login's orders. renews: the client
    renews it by itself. fires_ns: when it fires unless it is renewed, ns since 1970 UTC by the market's clock; 0: not
    at all. has_fired: it has, since it was armed or renewed last. failure: why it was not armed, or not renewed.
    """

    __slots__ = (
        "account", "client_order_id", "failure", "fires_ns", "frame", "has_fired", "is_answered", "on_disconnect",
        "renew_at_s", "renews", "spare", "timeout_s", "whole_account",
    )  # fmt: skip

    def __init__(
        self, account: int, timeout_s: float, whole_account: bool, on_disconnect: bool, spare: Spare, renews: bool,
        client_order_id: int,
    ) -> None:  # fmt: skip
        self.account, self.timeout_s, self.whole_account = account, timeout_s, whole_account
        self.on_disconnect, self.spare, self.renews = on_disconnect, spare, renews
        self.client_order_id = client_order_id
        self.frame = 0
        self.fires_ns = 0
        self.has_fired = False
        self.failure: OpenBellError | None = None
        self.is_answered = False
        self.renew_at_s = 0.0

    @property
    def key(self) -> tuple[int, bool]:
        """Of two with the same key the later one is in force."""
        return self.account, self.whole_account

    def result(self) -> DeadMan:
        """Itself. Raises what it was refused with."""
        if self.failure is not None:
            raise self.failure
        return self

    def body(self) -> dict[str, Any]:
        """ARM."""
        fields: dict[str, Any] = {"account": self.account, "client_order_id": self.client_order_id}
        fields |= {"timeout_s": self.timeout_s} if self.timeout_s else {}
        fields |= {"whole_account": True} if self.whole_account else {}
        fields |= {"on_disconnect": True} if self.on_disconnect else {}
        return fields | self.spare.fields()

    def __repr__(self) -> str:
        what = f"account {self.account}" if self.whole_account else f"this login's orders of account {self.account}"
        state = "fired" if self.has_fired else f"fires at {self.fires_ns} ns" if self.fires_ns else "disarmed"
        return f"<DeadMan of {what}: {state}>"


class Guards:
    """All of a client. next_id: makes ids that come back in answers."""

    def __init__(self, session: Session, next_id: Callable[[], int]) -> None:
        self._session = session
        self._next_id = next_id
        self._asked: dict[int, DeadMan] = {}  # by client_order_id: without an answer, or in force
        self._standing: dict[tuple[int, bool], DeadMan] = {}  # in force

    def __bool__(self) -> bool:
        return bool(self._asked)

    def spare(self, *, whole_account: bool, keep_gtc: bool | None, keep_auction: bool | None) -> Spare:
        """What a timer leaves alone. None: nothing, but as this login has it where the timer is a part of its guard."""
        login = self._session.cancel_on_disconnect
        kept = {} if whole_account or isinstance(login, bool) else login
        named = {"keep_gtc": keep_gtc, "keep_auction": keep_auction}
        return Spare(**{name: kept.get(name, False) if value is None else value for name, value in named.items()})

    def ask(
        self, account: int, timeout_s: float, *, whole_account: bool, spare: Spare, renews: bool = False,
        on_disconnect: bool | None = None,
    ) -> tuple[DeadMan, bytes]:  # fmt: skip
        """What was asked for, and the ARM frame. on_disconnect: by default as at login. Raises InvalidInput."""
        try:
            timeout_s = float(timeout_s)
        except (TypeError, ValueError):
            timeout_s = math.nan
        if not math.isfinite(timeout_s):
            raise InvalidInput("timeout_s must be a number of seconds", field="timeout_s")
        if timeout_s and not LEAST_TIMEOUT_S <= timeout_s <= MOST_TIMEOUT_S:
            limit = LEAST_TIMEOUT_S if timeout_s < LEAST_TIMEOUT_S else MOST_TIMEOUT_S
            raise InvalidInput(
                f"timeout_s must be 0, or {LEAST_TIMEOUT_S:g} to {MOST_TIMEOUT_S:g}, not {timeout_s:g}",
                field="timeout_s", limit=limit, value=timeout_s,
            )  # fmt: skip
        if on_disconnect is None:  # as this login has it
            on_disconnect = self._session.cancel_on_disconnect is not False
        made = DeadMan(
            account, timeout_s, whole_account, on_disconnect and not whole_account, spare, renews and timeout_s > 0,
            self._next_id(),
        )  # fmt: skip
        self._drop(self._standing.pop(made.key, None))
        self._asked[made.client_order_id] = self._standing[made.key] = made
        return made, self._frame(made)

    def ask_for_login(self, accounts: Iterable[int], enabled: bool, spare: Spare) -> list[tuple[DeadMan, bytes]]:
        """Cancel on disconnect, or not any more: what asks for it, an account each, and the frames."""
        self._session.cancel_on_disconnect = spare.fields() if enabled else False
        return [self.ask(account, 0, whole_account=False, spare=spare, on_disconnect=enabled) for account in accounts]

    def _frame(self, guard: DeadMan) -> bytes:
        guard.frame = self._session.next_number()
        return json_frame(FrameType.ARM, guard.frame, guard.body())

    def _drop(self, guard: DeadMan | None) -> None:
        if guard is not None:
            self._asked.pop(guard.client_order_id, None)
            if self._standing.get(guard.key) is guard:
                del self._standing[guard.key]

    # ------------------------------------------------------------ what the shell asks for

    def again(self) -> list[bytes]:
        """After a login: what has no answer, and what is to be renewed. Else a guard ends with its login."""
        for guard in [one for one in self._asked.values() if one.is_answered and not one.renews]:
            if not guard.whole_account:
                self._drop(guard)
        due = [one for one in self._asked.values() if not one.is_answered or one.renews]
        return [self._frame(one) for one in due]

    def renewals(self, now_s: float) -> list[bytes]:
        """The frames that are due now. Call it often, while logged in."""
        frames = []
        for guard in self._standing.values():
            if guard.renews and guard.is_answered and now_s >= guard.renew_at_s:
                if guard.renew_at_s:
                    frames.append(self._frame(guard))
                guard.renew_at_s = now_s + guard.timeout_s / RENEWALS
        return frames

    def pause_s(self, most_s: float) -> float:
        """How long the shell may sleep between two looks at `renewals`."""
        renewed = [one.timeout_s for one in self._standing.values() if one.renews]
        return min([most_s, *(timeout_s / RENEWALS / 2 for timeout_s in renewed)])

    # ------------------------------------------------------------ following

    def follow(self, events: Events) -> None:
        """Take note of answers, and of what has fired."""
        array = events.array
        kinds = array["kind"]
        ours = array[
            (kinds == EventKind.ARMED) | (kinds == EventKind.ARM_REJECTED) | (kinds == EventKind.MASS_CANCELED)
        ]
        for event in decode(ours.tobytes()) if len(ours) else ():
            if isinstance(event, Event) and event.kind == EventKind.MASS_CANCELED:
                if event.reason in _GUARD_REASONS:
                    self._fired(event)
                continue
            guard = self._asked.get(event.client_order_id)
            if guard is not None and guard.account == event.account:
                self._answer(guard, event)

    def _answer(self, guard: DeadMan, event: Event | Reject) -> None:
        guard.is_answered = True
        if isinstance(event, Reject):
            text = str(event)
            guard.failure = OpenBellError(text, code=text.split(":")[0], limit=event.limit, value=event.value)
            self._drop(guard)
            return
        guard.fires_ns, guard.has_fired, guard.failure = event.price, False, None
        if not event.price:
            self._drop(guard)

    def _fired(self, event: Event) -> None:
        """Of a whole account, or of this login."""
        guard = self._standing.get((event.account, event.leaves == 0))
        if guard is not None and (guard.whole_account or event.leaves == self._session.number):
            guard.has_fired, guard.fires_ns = True, 0
            if not guard.renews:
                self._drop(guard)

    def refused(self, number: int, error: OpenBellError) -> bool:
        """The frame `number` was refused by the port; whether it was one of these."""
        for guard in list(self._asked.values()):
            if guard.frame == number:
                guard.failure = error
                if not guard.is_answered:  # else it was a renewal, and the next one is due soon
                    guard.is_answered = True
                    self._drop(guard)
                return True
        return False
