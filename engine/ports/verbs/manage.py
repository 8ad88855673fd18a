"""Verbs of the market as a whole: keys, snapshots, time, its end. What changes no state is journaled as a NOTE."""

from __future__ import annotations

import asyncio
from typing import Any, Literal

from engine.config.table import NAME_BYTES as KEY_NAME_BYTES
from engine.keys import KeysError
from engine.ports.frames import FrameError
from engine.ports.verbs.verb import U32, Act, Arguments, Deferred, Desk, Verb, note
from engine.sequencer import OPERATOR_BYTES, tick_command


class AddKeyArguments(Arguments):
    account: U32 | None = None
    operator: str | None = None
    role: Literal["admin", "viewer"] = "admin"
    api_key: str | None = None
    key: str | None = None  # what a new API key is called


def _add_key(desk: Desk, act: Act) -> Deferred:
    given: AddKeyArguments = act.arguments
    if (given.account is None) == (given.operator is None):
        raise FrameError("bad_args", "a key is of an account or of an operator: give one of them", field="account")
    if given.api_key is not None and (given.account is None or desk.keys.accounts(given.api_key) is None):
        raise FrameError("bad_args", "api_key must be one that an account of this market has", field="api_key")
    if given.key is not None:
        _check_name(desk, given.key, given.account, given.api_key)
    if given.account is not None:
        name = desk.account(given.account)["name"][0].decode()
        note(desk, act, "add-key", account=given.account)
        return Deferred(_write_key(desk, given.account, name, given.role, given.api_key, given.key))
    assert given.operator is not None
    size = len(given.operator.encode())
    if not 1 <= size <= OPERATOR_BYTES or "\0" in given.operator:
        raise FrameError(
            "bad_args", f"operator must have 1 to {OPERATOR_BYTES} bytes, got {size}",
            field="operator", limit=OPERATOR_BYTES, value=size,
        )  # fmt: skip
    note(desk, act, f"add-key {given.operator}")
    return Deferred(_write_key(desk, None, given.operator, given.role))


def _check_name(desk: Desk, name: str, account: int | None, api_key: str | None) -> None:
    """Whether a key may be called so. Raises FrameError."""
    size = len(name.encode())
    if account is None:
        raise FrameError("bad_args", "key is what an API key is called: it needs an account", field="key")
    if not 1 <= size <= KEY_NAME_BYTES or "\0" in name or not name.strip():
        raise FrameError(
            "bad_args", f"key must have 1 to {KEY_NAME_BYTES} bytes, got {size}",
            field="key", limit=KEY_NAME_BYTES, value=size,
        )  # fmt: skip
    called = None if api_key is None else desk.keys.name_of(api_key)
    if called is not None and called != name:
        raise FrameError("bad_args", f"this API key is called {called!r} already", field="key", value=name)


async def _write_key(
    desk: Desk, account: int | None, name: str, role: str, api_key: str | None = None, key_name: str | None = None
) -> dict[str, Any]:
    try:
        if account is not None:
            secret, path = await asyncio.to_thread(desk.keys.add_account, account, name, api_key, key_name)
            return {"api_key": secret, "path": str(path)}
        secret, path = await asyncio.to_thread(desk.keys.add_operator, name, role)
        return {"token": secret, "path": str(path)}
    except (OSError, KeysError) as error:
        raise FrameError("failed", f"the key was not written: {error}") from error


def _snapshot(desk: Desk, act: Act) -> Deferred:
    note(desk, act, "snapshot")
    return Deferred(_save(desk))


async def _save(desk: Desk) -> dict[str, Any]:
    path, seq = await desk.process.save()
    return {"path": path, "snapshot_seq": seq}


def _shutdown(desk: Desk, act: Act) -> dict[str, Any]:
    note(desk, act, "shutdown")
    return {}


def _tick(desk: Desk, act: Act) -> dict[str, Any]:
    note(desk, act, "tick")
    desk.market.sequencer.execute([tick_command()])
    return {}


def _promote(desk: Desk, act: Act) -> Deferred:
    return Deferred(desk.process.promote(act.operator, act.reason))


MANAGING = (
    Verb("add-key", AddKeyArguments, _add_key),
    Verb("snapshot", Arguments, _snapshot, when_full=True),
    Verb("shutdown", Arguments, _shutdown, then=lambda desk: desk.process.shut_down(), when_full=True),
    Verb("tick", Arguments, _tick),
    Verb("promote", Arguments, _promote, when_full=True, at_standby=True),
)
