"""What an operator does with a market's standby (docs/standby.md)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

PROMOTE_TIMEOUT_S: Final = 60.0  # a lease has to end first


class Promotion(NamedTuple):
    """A standby that becomes the primary. handed_over: the one before has given it everything; else missing: how many
    commands at least it had, when it was heard of last, that are not here."""

    epoch: int
    handed_over: bool
    missing: int


class StandbyVerbs(ABC):
    """A part of `Operator`."""

    @abstractmethod
    def _change(
        self, verb: str, arguments: Mapping[str, Any], reason: str, timeout_s: float | None = None
    ) -> dict[str, Any]:
        """A verb that changes the market."""

    def promote(self, *, reason: str, timeout_s: float = PROMOTE_TIMEOUT_S) -> Promotion:
        """Make the standby that this is connected to the primary; it is that a moment after the answer.

        Raises OperatorRefused: another one is the primary, or may be.
        """
        answer = self._change("promote", {}, reason, timeout_s)
        return Promotion(int(answer["epoch"]), bool(answer["handed_over"]), int(answer["missing"]))
