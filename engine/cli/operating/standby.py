"""What `openbell ctl` tells of a market's primary and its standbys (docs/standby.md)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from openbell.status import Status
from rich.text import Text

from engine.cli import show


def role_text(status: Status) -> Text:
    """Who it is, and how far the others are; empty where there are none and nobody asked for any."""
    told: Mapping[str, Any] = status.raw.get("standby") or {}
    if told.get("role") == "standby":
        return _of_standby(told)
    lines = []
    if told.get("epoch") or told.get("standbys"):
        lines.append(f"primary, epoch {told['epoch']}, {told['mode']}")
    lines += [
        f"standby {one['name']} {one['address']}: {one['on_disk']:,} on its disk, {_behind(one)}"
        f"{'' if one['caught_up'] else ', catching up'}"
        for one in told.get("standbys", ())
    ]
    return Text("\n".join(lines))


def _of_standby(told: Mapping[str, Any]) -> Text:
    head = f"standby of {told['primary'] or 'a primary not reached yet'}, epoch {told['epoch']}, promoted by "
    head += "an operator" if told["promote"] == "operator" else "itself"
    state = _behind(told) if told["is_connected"] else f"not connected: {told['trouble'] or 'not yet'}"
    compared = f"state compared up to {told['compared_seq']:,}" if told["compared_seq"] else "state not compared yet"
    return Text(f"{head}\n{state}; {compared}", "" if told["is_connected"] else "yellow")


def _behind(row: Mapping[str, Any]) -> str:
    if not row["lag"]:
        return "level"
    return f"{show.counted(row['lag'], 'command')} ({row['lag_ms']:,.1f} ms) behind"
