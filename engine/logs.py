"""The engine's log: one line an event on standard error, for a person at a terminal, as JSON for everything else."""

from __future__ import annotations

import datetime
import json
import sys
from typing import Any, Final, TextIO

from engine.world import here

LEVELS: Final = ("debug", "info", "warning", "error")


class Log:
    """Writes events. `info("ports are open", orders="tcp://...")`; values are what JSON can hold."""

    def __init__(self, stream: TextIO | None = None, as_json: bool | None = None, level: str = "info") -> None:
        """as_json: by default unless `stream` (standard error) is a terminal."""
        self._stream = stream if stream is not None else sys.stderr
        self._as_json = not self._stream.isatty() if as_json is None else as_json
        self._least = LEVELS.index(level)

    def debug(self, event: str, **values: Any) -> None:
        self._write("debug", event, values)

    def info(self, event: str, **values: Any) -> None:
        self._write("info", event, values)

    def warning(self, event: str, **values: Any) -> None:
        self._write("warning", event, values)

    def error(self, event: str, **values: Any) -> None:
        self._write("error", event, values)

    def _write(self, level: str, event: str, values: dict[str, Any]) -> None:
        if LEVELS.index(level) < self._least:
            return
        now = datetime.datetime.fromtimestamp(here.clock.time(), datetime.UTC)
        if self._as_json:
            body = {"ts": now.isoformat(timespec="microseconds"), "level": level, "event": event, **values}
            line = json.dumps(body, default=str)
        else:
            shown = "  ".join(f"{name}={value}" for name, value in values.items())
            mark = "" if level == "info" else f"{level}: "
            line = f"{now.astimezone():%H:%M:%S}  {mark}{event}" + (f"  {shown}" if shown else "")
        try:
            print(line, file=self._stream, flush=True)
        except (OSError, ValueError):
            pass  # whoever read it went away; trading goes on
