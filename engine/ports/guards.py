"""What clients ask for of docs/disconnect.md: their requests checked, and made commands. No I/O."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, Final

import msgspec
import numpy as np
from openbell import wire
from openbell.records import struct_of
from openbell.wire import ArmFlag, CommandKind

from engine.ports.frames import FrameError

LEAST_TIMEOUT_S: Final = 1
MOST_TIMEOUT_S: Final = 3600
PROBE_S: Final = 1.0  # a client with a guard is sent a HEARTBEAT so often, to know that it is there
_COMMAND = struct_of(wire.ORDER_COMMAND)
_NAMES: Final = wire.ORDER_COMMAND.names or ()
_ZEROS: Final = dict.fromkeys(_NAMES, 0)


class Spared(msgspec.Struct, forbid_unknown_fields=True):
    """Orders that stay: `cancel_on_disconnect` of LOGIN."""

    keep_gtc: bool = False
    keep_auction: bool = False

    def flags(self) -> int:
        """As ArmFlag bits."""
        return (ArmFlag.KEEP_GTC if self.keep_gtc else 0) | (ArmFlag.KEEP_AUCTION if self.keep_auction else 0)


class Arm(Spared, forbid_unknown_fields=True):
    """ARM. client_order_id: comes back in ARMED; by default the frame's number."""

    account: int | None = None
    timeout_s: float = 0
    whole_account: bool = False
    on_disconnect: bool = False
    client_order_id: int | None = None

    @property
    def guards(self) -> bool:
        """It arms; else it disarms."""
        return self.timeout_s != 0 or self.on_disconnect

    def command(self, account: int, session: int, number: int) -> bytes:
        """The command that it is. Raises FrameError for what is out of range."""
        if self.whole_account and self.on_disconnect:
            raise FrameError(
                "bad_frame", "on_disconnect is of a session, and whole_account is not: ask for them one by one",
                field="on_disconnect",
            )  # fmt: skip
        timeout_s = self.timeout_s
        if timeout_s and not (math.isfinite(timeout_s) and LEAST_TIMEOUT_S <= timeout_s <= MOST_TIMEOUT_S):
            raise FrameError(
                "bad_frame", f"timeout_s must be 0 or {LEAST_TIMEOUT_S} to {MOST_TIMEOUT_S}, not {timeout_s:g}",
                field="timeout_s", limit=LEAST_TIMEOUT_S if timeout_s < LEAST_TIMEOUT_S else MOST_TIMEOUT_S,
                value=timeout_s,
            )  # fmt: skip
        client_order_id = number if self.client_order_id is None else self.client_order_id
        if not 0 <= client_order_id < 1 << 64:
            raise FrameError(
                "bad_frame", "client_order_id must be 0 to 2^64 - 1", field="client_order_id", value=client_order_id
            )
        flags = self.flags()
        flags |= ArmFlag.OF_ACCOUNT if self.whole_account else 0
        flags |= ArmFlag.ON_DISCONNECT if self.on_disconnect else 0
        return arm_command(account, session, flags, round(timeout_s * 10**9), client_order_id)


def arm_command(account: int, session: int, flags: int, timeout_ns: int = 0, client_order_id: int = 0) -> bytes:
    """ARM."""
    return _command(
        CommandKind.ARM, account=account, session=session, flags=int(flags), price=timeout_ns,
        client_order_id=client_order_id,
    )  # fmt: skip


def disconnect_command(account: int, session: int) -> bytes:
    """DISCONNECT."""
    return _command(CommandKind.DISCONNECT, account=account, session=session)


def _command(kind: CommandKind, **fields: int) -> bytes:
    return _COMMAND.pack(*{**_ZEROS, "kind": int(kind), **fields}.values())


def no_room(capacity: int, wanted: int) -> FrameError:
    """A login that asks for more guards than the core has room for."""
    text = f"the market has room for {capacity} guards of orders (capacity.timers)"
    return FrameError("too_many", text, field="cancel_on_disconnect", limit=capacity, value=wanted)


def ends_of_all(timers: np.ndarray[Any, np.dtype[Any]]) -> list[bytes]:
    """A DISCONNECT for each session of these TimerRows: none of them is connected any more."""
    return [
        disconnect_command(account, session)
        for account, session in zip(timers["account"].tolist(), timers["session"].tolist(), strict=True)
        if session
    ]


def ends_of(accounts: Iterable[int], session: int) -> list[bytes]:
    """A DISCONNECT of a session for each account that it guards."""
    return [disconnect_command(account, session) for account in sorted(accounts)]
