"""run/engine.json: where a live market is, for the SDK on this machine."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

FILE: Final = Path("run", "engine.json")  # in a market's directory


class EngineFile:
    """Written when the market is live, removed when it stops. Mode 0600."""

    def __init__(self, data: Path) -> None:
        self._path = data / FILE
        self.pid = os.getpid()

    def write(self, *, ports: Mapping[str, str], server_key: str | None, **more: Any) -> None:
        """Tell where the ports are. Raises OSError."""
        body = {"pid": self.pid, "ports": dict(ports), "server_key": server_key, **more}
        temporary = self._path.with_suffix(".tmp")
        temporary.unlink(missing_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(body, file, indent=1)
        temporary.rename(self._path)

    def remove(self) -> None:
        """Nobody is live here."""
        self._path.unlink(missing_ok=True)
