"""`openbell ctl sessions`: who is logged in, and what guards orders."""

from __future__ import annotations

import argparse

from openbell import wire
from openbell.operator import Operator
from openbell.status import SessionInfo, TimerInfo
from rich.console import Group
from rich.text import Text

from engine.cli import show
from engine.cli.operating.act import Said


def sessions(op: Operator, args: argparse.Namespace) -> Said:
    """Both tables."""
    found = op.sessions()
    names = op.account_names()
    logged_in = [
        (
            str(one.session),
            one.client,
            one.key,
            _named(one, names),
            show.duration(one.up_s),
            show.duration(one.silent_s),
            "cancels" if one.guarded else "",
        )
        for one in found.sessions
    ]
    columns = (">session", "client", "key", "accounts", ">up", ">silent", "on disconnect")
    timers = [
        (
            one.account_name,
            str(one.session) if one.session else "all",
            show.duration(max(0, one.deadline_ns - found.ts_ns) / 1e9) if one.deadline_ns else show.NOTHING,
            _flags(one),
        )
        for one in found.timers
    ]
    value = {
        "ts_ns": found.ts_ns,
        "sessions": [show.plain(one) for one in found.sessions],
        "timers": [show.plain(one) for one in found.timers],
    }
    return Said(
        value,
        Group(
            show.table(columns, logged_in, empty="nobody is logged in"),
            Text(),
            show.table(("account", ">session", ">fires in", "how"), timers, empty="no orders are guarded"),
        ),
    )


def _named(one: SessionInfo, names: dict[int, str]) -> str:
    """Its accounts, the first few."""
    shown = ", ".join(names.get(number, str(number)) for number in one.accounts[:3])
    return shown + (f" and {len(one.accounts) - 3} more" if len(one.accounts) > 3 else "")


def _flags(one: TimerInfo) -> str:
    """What it does beside its timer."""
    said = {
        wire.ArmFlag.ON_DISCONNECT: "on disconnect",
        wire.ArmFlag.KEEP_GTC: "spares GTC and GTD",
        wire.ArmFlag.KEEP_AUCTION: "spares auctions'",
    }
    return ", ".join(text for flag, text in said.items() if one.flags & flag)
