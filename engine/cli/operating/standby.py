"""What `openbell ctl` tells of a market's primary and its standbys (docs/standby.md)."""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping
from typing import Any, Final

from openbell.errors import OpenBellError, TimedOut
from openbell.operator import Operator
from openbell.status import Status
from rich.text import Text

from engine.cli import reach, show
from engine.cli.operating.act import Act, Said

LIVE_S: Final = 30.0  # until a standby that was promoted takes orders


def role_text(status: Status) -> Text:
    """Who it is, and how far the others are; empty where there are none and nobody asked for any."""
    told: Mapping[str, Any] = status.raw.get("standby") or {}
    if told.get("role") == "standby":
        return _of_standby(told)
    lines = []
    if told.get("epoch") or told.get("standbys"):
        lines.append(f"primary, epoch {told['epoch']}, {told['mode']}{_state(told)}")
    lines += [
        f"standby {one['name']} {one['address']}: {one['on_disk']:,} on its disk, {_behind(one)}"
        f"{'' if one['caught_up'] else ', catching up'}"
        for one in told.get("standbys", ())
    ]
    if held := told.get("lease"):
        left = f"good for {held['left_ms']:,.0f} ms" if held["left_ms"] > 0 else "it has ended: no answer leaves"
        lines.append("; ".join(filter(None, [f"lease in {held['database']}, {left}", held["trouble"]])))
    return Text("\n".join(lines))


def _state(told: Mapping[str, Any]) -> str:
    """Of mode "sync": whether that is so just now."""
    if told["mode"] != "sync" or told["state"] == "sync":
        return ""
    return ": waiting for a standby" if told["state"] == "waiting" else ": alone, answers leave without a standby"


def _of_standby(told: Mapping[str, Any]) -> Text:
    head = f"standby of {told['primary'] or 'a primary not reached yet'}, epoch {told['epoch']}, promoted by "
    head += "an operator" if told["promote"] == "operator" else "itself"
    state = _behind(told) if told["is_connected"] else f"not connected: {told['trouble'] or 'not yet'}"
    compared = f"state compared up to {told['compared_seq']:,}" if told["compared_seq"] else "state not compared yet"
    if held := told.get("lease"):
        whose = f"that of {held['address'] or '?'} (epoch {held['epoch']})" if held["epoch"] else "nobody's"
        compared += f"\nlease: {whose}, {held['left_ms']:,.0f} ms at most" if held["left_ms"] is not None else ""
        compared += f"\nlease: {held['trouble']}" if held["trouble"] else ""
    return Text(f"{head}\n{state}; {compared}", "" if told["is_connected"] else "yellow")


def _behind(row: Mapping[str, Any]) -> str:
    if not row["lag"]:
        return "level"
    return f"{show.counted(row['lag'], 'command')} ({row['lag_ms']:,.1f} ms) behind"


# ------------------------------------------------------------ promote


def _promote(op: Operator, args: argparse.Namespace) -> Said:
    began_s = time.monotonic()
    made = op.promote(reason=args.reason)
    address = reach.address(args)
    while True:
        try:
            with Operator(address, name=args.operator, timeout_s=1.0) as again:
                if (again.status().raw.get("standby") or {}).get("role") == "primary":
                    break
        except OpenBellError:
            pass  # its ports are opened anew
        if time.monotonic() - began_s > LIVE_S:
            raise TimedOut(f"it is not live after {LIVE_S:g} s: see its log", code="timeout", limit=LIVE_S)
        time.sleep(0.02)
    took_s = time.monotonic() - began_s
    how = "the one before has handed over" if made.handed_over else "the one before is fenced"
    text = f"it is the primary, epoch {made.epoch}, after {show.duration(took_s)}; {how}"
    if made.missing:
        text += f"; at least {show.counted(made.missing, 'command')} of the one before are not here"
    return Said({"ok": True, **made._asdict(), "seconds": round(took_s, 3)}, Text(text))


def _ask_promote(op: Operator, args: argparse.Namespace) -> str:
    told = op.status().raw.get("standby") or {}
    if told.get("role") != "standby":
        return "This is the primary already. Ask it all the same?"
    whose = told["primary"] or "a primary not reached yet"
    state = "it hands over" if told["is_connected"] else "it does not answer, and is fenced"
    return f"Make this standby the primary in the place of {whose} ({state}; {_behind(told)})?"


PROMOTING = {"promote": Act("make a standby the primary", _promote, changes=True, question=_ask_promote)}
