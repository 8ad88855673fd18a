"""What commands of liquidations say by their `request`: docs/liquidation.md, "State"."""

from __future__ import annotations

from enum import IntEnum
from typing import Any, Final

from openbell.wire import CommandKind

NAME: Final = "liquidation"  # of each of these commands
KINDS: Final = frozenset((CommandKind.NOTE, CommandKind.SET_ACCOUNT_STATE, CommandKind.OPERATOR_CANCEL))
_NAME: Final = NAME.encode()


class Act(IntEnum):
    """What was done."""

    BEGUN = 1
    RESTORED = 2
    SLICE = 3
    EXHAUSTED = 4
    PASSED = 5
    STOP = 6
    START = 7
    CANCEL = 8
    AGAIN = 9
    ENDED = 10


def is_ours(command: Any) -> bool:
    """Whether a record of wire.ADMIN_COMMAND is one of these."""
    return bool(command["name"] == _NAME) and int(command["kind"]) in KINDS
