"""Accounts that something was refused for as too many: it is asked for again in a while. Without I/O."""

from __future__ import annotations

from typing import Final

AGAIN_S: Final = 1.0


class Postponed(set[int]):
    """Accounts. `due` is called often, and begins to count when it is called with the first of them."""

    def __init__(self) -> None:
        super().__init__()
        self._again_s = 0.0  # 0: not set yet

    def due(self, now_s: float) -> list[int]:
        """Those to ask for now, which are none of these any more."""
        if not self:
            self._again_s = 0.0
            return []
        if not self._again_s:
            self._again_s = now_s + AGAIN_S
        if now_s < self._again_s:
            return []
        self._again_s = 0.0
        due = sorted(self)
        self.clear()
        return due
