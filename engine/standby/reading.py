"""A market that is only looked at: no command of its own ever gets into its journal."""

from __future__ import annotations

from collections.abc import Sequence

from engine.ports.frames import STANDBY, FrameError
from engine.sequencer import NEVER_NS, Duty, Sequencer


class ReadOnly(Sequencer):
    """In the place of a sequencer. What would change the market is refused before it comes here."""

    def flush(self, taken_ns: int) -> None:
        """There is nothing to send on."""

    def is_due(self) -> bool:
        """What is due is done by the primary."""
        return False

    def set_due(self, duty: Duty, due_ns: int) -> None:
        """What is due is done by the primary."""
        self.due_ns = NEVER_NS

    def execute_at(self, commands: Sequence[bytes], ts_ns: int) -> list[bytes]:
        """Raises FrameError: it is not the primary."""
        raise FrameError(STANDBY, "this is a standby: it changes nothing")


def refusal(primary: str) -> FrameError:
    """Why orders and verbs that change the market are refused."""
    return FrameError(
        STANDBY, f"this is a standby, which only shows the market: the primary is {primary or 'not known'}",
        field="primary", value=primary,
    )  # fmt: skip
