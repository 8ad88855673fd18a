"""run/engine.json: where a live market is, for the SDK on this machine."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from engine.world import files, here

FILE: Final = Path("run", "engine.json")  # in a market's directory


class EngineFile:
    """Written when the market is live, removed when it stops. Mode 0600."""

    def __init__(self, data: Path) -> None:
        self._path = data / FILE
        self.pid = here.system.getpid()
        self._body: dict[str, Any] = {}
        self._others: list[Mapping[str, str]] = []

    def write(self, *, ports: Mapping[str, str], server_key: str | None, **more: Any) -> None:
        """Tell where the ports are. Raises OSError."""
        self._body = {"pid": self.pid, "ports": dict(ports), "server_key": server_key, **more}
        self._write()

    def tell_others(self, others: Sequence[Mapping[str, str]]) -> None:
        """Where those are that take each other's place with this market. Raises OSError."""
        if others != self._others:
            self._others = list(others)
            if self._body:
                self._write()

    def _write(self) -> None:
        body = {**self._body, "others": self._others}
        temporary = self._path.with_suffix(".tmp")
        files.unlink(temporary, missing_ok=True)
        files.make(temporary, json.dumps(body, indent=1).encode())
        here.system.rename(temporary, self._path)

    def remove(self) -> None:
        """Nobody is live here."""
        self._body = {}
        files.unlink(self._path, missing_ok=True)
