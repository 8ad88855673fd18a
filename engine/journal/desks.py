"""Commands of desks, API keys and limits in words (docs/desks.md, docs/session-limits.md)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from openbell.limits import limit_text
from openbell.wire import AccountState, AdminFlag, CommandKind, Limit


def _desk(number: int) -> str:
    return f"desk {number}" if number else "no desk"


def _set_desk(command: Any, account: str, instrument: str) -> str:
    name, parent = command["name"].decode("utf-8", "replace"), int(command["value0"])
    return f"desk {int(command['account'])} {name}".rstrip() + (f", below desk {parent}" if parent else ", a firm")


def _member(command: Any, account: str, instrument: str) -> str:
    return f"{account}: in {_desk(int(command['value0']))}"


def _state(command: Any, account: str, instrument: str) -> str:
    state, cancels = int(command["state"]), int(command["flags"]) & AdminFlag.CANCEL_ORDERS
    name = AccountState(state).name if state in AccountState._value2member_map_ else f"AccountState {state}"
    return f"desk {int(command['account'])}: {name}{' CANCEL_ORDERS' if cancels else ''}"


def _limit(command: Any, account: str, instrument: str) -> str:
    state, hard, soft = (int(command[field]) for field in ("state", "value0", "value1"))
    holder, flags = account, int(command["flags"])
    if flags & AdminFlag.OF_KEY:
        holder = f"API key {int(command['account'])}"
    elif flags & AdminFlag.OF_DESK:
        holder = f"desk {int(command['account'])}"
    if state not in Limit._value2member_map_:
        return f"{holder}: Limit {state} {hard:,}, soft {soft:,}"
    shown = [limit_text(state, value) if value else "none" for value in (hard, soft)]
    return f"{holder}: {Limit(state).name} {shown[0]}, soft {shown[1]}"


def _key(command: Any, account: str, instrument: str) -> str:
    name = command["name"].decode("utf-8", "replace")
    return f"API key {int(command['account'])} {name}".rstrip()


WORDS: Final[dict[int, Callable[[Any, str, str], str]]] = {
    CommandKind.SET_DESK: _set_desk,
    CommandKind.SET_MEMBER: _member,
    CommandKind.SET_DESK_STATE: _state,
    CommandKind.SET_LIMIT: _limit,
    CommandKind.SET_KEY: _key,
}
