"""What keeps a standby from following, or a market from being the primary."""

from __future__ import annotations


class StandbyError(Exception):
    """It cannot be; the message says why and what to do. code: for programs."""

    def __init__(self, text: str, code: str = "standby") -> None:
        super().__init__(text)
        self.code = code
