"""Frames of commands that were not taken at a glance: what is wrong with them. No I/O."""

from __future__ import annotations

from collections.abc import Container
from typing import Any, Final

import numpy as np
from openbell import wire
from openbell.wire import CommandKind

from engine.ports.frames import HEAD_BYTES, FrameError

MAX_ORDERS: Final = 4096  # commands a frame
MAX_WAITING: Final = 1 << 17  # commands of a session that wait for their turn
# Kinds of commands that the two kinds of frames may have.
OF_ORDERS: Final = range(CommandKind.NEW_ORDER, CommandKind.MASS_CANCEL + 1)
OF_SPECIALS: Final = range(CommandKind.NEW_SPECIAL, CommandKind.NEW_SPECIAL + 1)
_GROWING: Final = (CommandKind.NEW_ORDER, CommandKind.REPLACE)  # of ORDERS: they may make the market larger
TOO_MUCH: Final = FrameError(
    "overloaded",
    f"{MAX_WAITING} commands of this session wait for their turn: only cancels are taken until there are fewer; wait "
    "for answers before you send more",
    field="count", limit=MAX_WAITING,
)  # fmt: skip


def check_only_cancels(message: bytes, count: int, why: FrameError) -> None:
    """Raise `why`, with its index, where an ORDERS frame of `count` commands, 1 or more, has one that is no cancel."""
    kinds = np.frombuffer(message, wire.ORDER_COMMAND, count, HEAD_BYTES)["kind"]
    growing = np.flatnonzero(np.isin(kinds, _GROWING))
    if len(growing):
        given = why.body
        raise FrameError(
            why.code, str(why), field=given.get("field"), limit=given.get("limit"), value=given.get("value"),
            index=int(growing[0]),
        )  # fmt: skip


def check_commands(message: bytes, count: int, dtype: np.dtype[Any], kinds: range, account_ids: Container[int]) -> None:
    """Raise FrameError for the first thing that is wrong with a frame of `count` commands. account_ids: the
    session's."""
    if not 1 <= count <= MAX_ORDERS:
        code = "too_many" if count else "bad_frame"
        raise FrameError(
            code, f"a frame has 1 to {MAX_ORDERS} commands, this one {count}",
            field="count", limit=MAX_ORDERS, value=count,
        )  # fmt: skip
    commands = np.frombuffer(message, dtype, count, HEAD_BYTES)
    for index, (kind, account) in enumerate(zip(commands["kind"].tolist(), commands["account"].tolist(), strict=True)):
        if kind not in kinds:
            raise FrameError(
                "bad_command", f"command {index}: kind {kind} is none of a trader",
                field="kind", limit=kinds[-1], value=kind, index=index,
            )  # fmt: skip
        if account not in account_ids:
            raise FrameError(
                "not_your_account", f"command {index}: this key may not use account {account}",
                field="account", value=account, index=index,
            )  # fmt: skip
