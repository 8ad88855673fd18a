"""The warnings of a child's log, as they come: for a screen that hides the log."""

from __future__ import annotations

import json
from pathlib import Path

LOUD = ("warning", "error", "critical")
_MOST_BYTES = 1 << 20  # read at once; whatever is beyond is skipped


class Warnings:
    """Reads a log of JSON lines from where it ended when this was made."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._rest = b""
        try:
            self._offset = log.stat().st_size
        except OSError:
            self._offset = 0  # not written yet

    def new(self) -> list[str]:
        """What has come since the last call, in words."""
        try:
            with self._log.open("rb") as file:
                size = file.seek(0, 2)
                if size < self._offset:  # set aside, and begun anew
                    self._offset, self._rest = 0, b""
                file.seek(self._offset)
                text = self._rest + file.read(_MOST_BYTES)
        except OSError:
            return []
        self._offset = size
        *lines, self._rest = text.split(b"\n")
        return [said for line in lines if (said := in_words(line))]


def in_words(line: bytes) -> str | None:
    """A line of the engine's log, if it is loud: "the journal is behind: orders are refused (pending_bytes 9)"."""
    try:
        body = json.loads(line)
        level, event = body.pop("level"), body.pop("event")
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    if level not in LOUD:
        return None
    body.pop("ts", None)
    details = ", ".join(f"{name} {value}" for name, value in body.items())
    return f"{event} ({details})" if details else str(event)
