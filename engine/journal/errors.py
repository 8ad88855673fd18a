"""What can be wrong with a journal."""

from __future__ import annotations

from pathlib import Path


class JournalError(Exception):
    """The journal cannot be used; the message says why and what to do."""


class JournalDamaged(JournalError):
    """A file of the journal is not what was written. `path` and `offset` (bytes) say where."""

    def __init__(self, path: Path, offset: int, problem: str, advice: str) -> None:
        super().__init__(f"{path}, offset {offset}: {problem}. {advice}")
        self.path = path
        self.offset = offset
        self.problem = problem
        self.advice = advice
