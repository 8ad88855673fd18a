"""What can go wrong, one class a category. Each error carries what a program needs and says it in words."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from openbell.events import Reject
    from openbell.orders import Order


class OpenBellError(Exception):
    """The base of all errors of this package.

    code: a short word for programs; field, limit, value: what was refused, what is allowed, what was given (or None).
    """

    def __init__(
        self, text: str, *, code: str = "", field: str | None = None, limit: object = None, value: object = None
    ) -> None:
        super().__init__(text)
        self.code = code
        self.field = field
        self.limit = limit
        self.value = value


class InvalidInput(OpenBellError, ValueError):
    """An argument was wrong; nothing was sent."""

    def __init__(self, text: str, *, code: str = "bad_input", **rest: Any) -> None:
        super().__init__(text, code=code, **rest)


class MarketNotFound(OpenBellError, ConnectionError):
    """No address was given, and none was found."""


class ConnectionLost(OpenBellError, ConnectionError):
    """The market does not answer, or the client was closed."""


class TimedOut(OpenBellError, TimeoutError):
    """What was waited for did not happen in time. It may still happen: the order stands as its handle says."""


class LoginRefused(OpenBellError):
    """The market refused the login (code bad_api_key, stopping, ...)."""


class Refused(OpenBellError):
    """The market refused a whole frame (codes: see docs/architecture.md, Orders). Nothing of it took effect.

    frame: its number, as `send_batch` gave it. index: of the first command that was refused, where it was one's fault.
    """

    def __init__(self, text: str, *, frame: int = 0, index: int | None = None, **rest: Any) -> None:
        super().__init__(text, **rest)
        self.frame = frame
        self.index = index


class ResumeTooOld(OpenBellError):
    """Events of an account were missed and the market does not keep them any more.

    limit: the first account_seq that it has; value: the one that was asked for. Handles of orders were refreshed by a
    query; the events between are to be had from the database only.
    """

    def __init__(self, text: str, *, account: int, **rest: Any) -> None:
        super().__init__(text, **rest)
        self.account = account


class Overrun(OpenBellError):
    """What was received was not taken in time, and the bounded queue that kept it was emptied.

    limit: what the queue holds; value: how much was dropped. The stream goes on with what comes next.
    """


class OperatorRefused(OpenBellError):
    """The control port refused a verb."""


class NeedsApproval(OperatorRefused):
    """The verb waits for a second operator, as `proposal`; it was not done yet (docs/control.md, "Two persons")."""

    @property
    def proposal(self) -> int:
        """The number that it is approved by."""
        return int(str(self.value))


class OrderRejected(OpenBellError):
    """The market refused an order: `check`, `limit`, `value`, `headroom` in `reject`, in words in str()."""

    def __init__(self, text: str, *, order: Order, reject: Reject | None, **rest: Any) -> None:
        super().__init__(text, **rest)
        self.order = order
        self.reject = reject


class LinkRejected(OrderRejected):
    """The market refused one of several orders that are tied to each other; the text says what became of each.

    order: the first one that was refused; linked: all of them.
    """

    def __init__(self, text: str, *, linked: tuple[Order, ...], **rest: Any) -> None:
        super().__init__(text, **rest)
        self.linked = linked


class RequestRejected(OrderRejected):
    """The market refused to cancel or replace an order; the order stands as it was."""


class OrderCanceled(OpenBellError):
    """The order ended before it was filled whole; `order.filled` says how much was."""

    def __init__(self, text: str, *, order: Order, **rest: Any) -> None:
        super().__init__(text, **rest)
        self.order = order


def near(wanted: object, known: Iterable[str]) -> str:
    """What to say after an unknown name: the nearest ones, or some of those that there are."""
    names = {name.upper(): name for name in known}
    found = difflib.get_close_matches(str(wanted).upper(), names, n=3)
    if found:
        return f"; did you mean {' or '.join(names[one] for one in found)}?"
    few = ", ".join(sorted(names.values())[:8])
    return f"; there are: {few}{', ...' if len(names) > 8 else ''}" if few else "; there are none yet"


def refusal(body: Mapping[str, Any], kind: type[OpenBellError] = Refused, frame: int = 0) -> OpenBellError:
    """The error for the JSON body of an ERROR frame. A frame's was made for programs: its text gets all the rest."""
    code = str(body.get("code", "error"))
    text = str(body.get("text", "no text"))
    named: dict[str, Any] = {name: body.get(name) for name in ("field", "limit", "value")}
    if code == "needs_approval":
        return NeedsApproval(text, code=code, **named)
    if not issubclass(kind, Refused):
        return kind(text, code=code, **named)
    details = [f"{name} {body[name]}" for name in ("field", "limit", "value", "index") if body.get(name) is not None]
    more = f" ({', '.join(details)})" if details else ""
    return kind(f"{code}: {text}{more}", frame=frame, index=body.get("index"), code=code, **named)


@contextmanager
def readable(what: str) -> Iterator[None]:
    """Around the reading of what came from a market: OpenBellError (code "protocol") where a part of it is missing, or
    of another kind than it has to be."""
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        if isinstance(error, OpenBellError):
            raise
        raise OpenBellError(f"{what} cannot be read: {error!r}", code="protocol") from error
