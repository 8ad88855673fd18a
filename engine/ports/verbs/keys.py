"""Verbs of API keys: which there are, and what all sessions of one may do together. The rules are in
docs/session-limits.md."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta
from openbell.errors import near
from openbell.limits import KEY_LIMITS
from openbell.wire import AdminFlag, CommandKind, Limit

from engine.config.keys import MOST_KEYS
from engine.config.table import NAME_BYTES
from engine.ports.frames import FrameError
from engine.ports.rows import rows_of, table_of
from engine.ports.verbs.verb import I64, Act, Arguments, Desk, Row, Verb

LimitNumber = Annotated[int, Meta(ge=int(min(Limit)), le=int(max(Limit)))]
OF_KEY = int(AdminFlag.OF_KEY)


class SessionLimitArguments(Arguments, kw_only=True):
    """key: what it is called. What is left out stays. 0: none."""

    key: str
    limit: LimitNumber
    hard: I64 | None = None
    soft: I64 | None = None


def _limits(rows: Row, number: int | None = None) -> Row:
    found: Row = rows[rows["flags"] == OF_KEY]
    return found if number is None else found[found["holder"] == number]


def _keys(desk: Desk, act: Act) -> dict[str, Any]:
    """All keys by name: the accounts that they may use, and of those that the core knows what they have in the market;
    and all limits of keys."""
    known = {row["name"]: row for row in rows_of(desk.market.keys())}
    accounts = desk.keys.names()
    logged_in: dict[str, int] = {}
    for session in desk.process.sessions():
        logged_in[session["key"]] = logged_in.get(session["key"], 0) + 1
    unknown = {"key": 0, "messages": 0, "open_orders": 0, "open_notional": 0}
    keys = [
        {**known.get(name, {**unknown, "name": name}), "accounts": accounts.get(name, []),
         "sessions": logged_in.get(name, 0)}
        for name in sorted({*known, *accounts})
    ]  # fmt: skip
    return {"keys": keys, "limits": table_of(_limits(desk.market.limits()))}


def _session_limit(desk: Desk, act: Act) -> dict[str, Any]:
    given: SessionLimitArguments = act.arguments
    if given.limit not in KEY_LIMITS:
        names = ", ".join(one.name for one in KEY_LIMITS)
        text = f"{Limit(given.limit).name} is no limit of a key, only {names}: positions are of accounts"
        raise FrameError("bad_args", text, field="limit", value=given.limit)
    if given.hard is None and given.soft is None:
        raise FrameError("bad_args", "nothing to set: give hard, soft or both", field="hard")
    number = _number(desk, act, given.key)
    rows = _limits(desk.market.limits(), number)
    present = next(((int(row["hard"]), int(row["soft"])) for row in rows if row["limit"] == given.limit), (0, 0))
    values = [now if new is None else new for now, new in zip(present, (given.hard, given.soft), strict=True)]
    desk.change(CommandKind.SET_LIMIT, act, account=number, state=given.limit, flags=OF_KEY, values=values)
    return {"limits": rows_of(_limits(desk.market.limits(), number))}


def _number(desk: Desk, act: Act, name: str) -> int:
    """The key's number in the core, which gets to know it here. Raises FrameError."""
    numbers, names = desk.market.key_numbers(), desk.keys.names()
    if name in numbers:
        return numbers[name]
    if name not in names:
        raise FrameError("bad_args", f"there is no API key {name!r}{near(name, names)}", field="key", value=name)
    if len(name.encode()) > NAME_BYTES:
        text = f"the name of an API key that is limited has at most {NAME_BYTES} bytes"
        raise FrameError("bad_args", text, field="key", limit=NAME_BYTES, value=len(name.encode()))
    number = desk.market.new_key_number()
    if number is None:
        text = f"{MOST_KEYS} API keys have limits, and no more may"
        raise FrameError("rejected", text, field="CAPACITY", limit=MOST_KEYS)
    desk.change(CommandKind.SET_KEY, act, account=number, name=name)
    desk.market.mark_keys()
    return number


KEYS = (
    Verb("keys", Arguments, _keys, changes=False),
    Verb("session-limit", SessionLimitArguments, _session_limit, when_full=True),
)
