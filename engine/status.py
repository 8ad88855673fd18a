"""What `status` tells (docs/control.md): figures of the market and of the process around it."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any, Final

from engine.market import CHANNELS, Market
from engine.status_map import ProjectorState, StatusMap
from engine.world import here

CLOCK_BEHIND_S: Final = 1.0  # the journal's time never goes back: a clock that was corrected has to catch up
NEARLY_FULL: Final = 0.9  # of a pool
SWEEP_LATE_S: Final = 1.0  # a round of the sweep of marks that lasts longer is worth a word
STATES: Final = {
    ProjectorState.ABSENT: "off",
    ProjectorState.STARTING: "behind",
    ProjectorState.CATCHING_UP: "behind",
    ProjectorState.LIVE: "running",
    ProjectorState.WAITING: "waiting",
    ProjectorState.FAILED: "waiting",
    ProjectorState.STOPPED: "off",
}


def market_part(market: Market) -> dict[str, Any]:
    """Counters, latency, pools."""
    count, values = market.latency_ns.percentiles(0.5, 0.9, 0.99, 1.0)
    return {
        "sequence": market.core.seq,
        "durable_sequence": market.journal.durable_seq,
        "applied_ts_ns": market.core.ts_ns,
        **market.counters(),
        "latency_us": {
            "count": count,
            **{name: value / 1000 for name, value in zip(("p50", "p90", "p99", "max"), values, strict=True)},
        },
        "capacity": market.capacity(),
        "channels": dict(zip(CHANNELS, market.feed.sequences, strict=True)),
    }


def settlement_part(market: Market, next_date: int, next_ts_ns: int) -> dict[str, Any]:
    """Which business day was the last that is over, which one is the next; 0: none."""
    return {
        "last_date": market.core.settle_date,
        "days": market.config.ledger.settlement_days,
        "next_date": next_date,
        "next_ts_ns": next_ts_ns,
    }


def journal_part(market: Market, directory: Path) -> dict[str, Any]:
    """What waits for the disk, how long that takes, how much there is."""
    _, (p50, p99) = market.commit_ns.percentiles(0.5, 0.99)
    names = here.system.listdir(directory)
    segments = sorted(name for name in names if name.endswith(".obj"))
    size = sum(_blocks(directory / name) for name in names) * 512
    return {
        "pending_bytes": market.journal.pending_bytes,
        "commit_us_p50": p50 / 1000,
        "commit_us_p99": p99 / 1000,
        "segment": segments[-1] if segments else "",
        "bytes": size,
    }


def _blocks(path: Path) -> int:
    """Of 512 bytes that a file takes; 0: it is gone, or no file."""
    try:
        found = here.system.stat(path)
    except FileNotFoundError:
        return 0
    return found.st_blocks if stat.S_ISREG(found.st_mode) else 0


def projector_part(status: StatusMap, durable_seq: int, text: str, *, wanted: bool) -> dict[str, Any]:
    """How far Postgres is. text: what is known of why it is not further; wanted: it runs, or is being started."""
    try:
        state = ProjectorState(status.projector_state)
    except ValueError:
        state = ProjectorState.FAILED
    lag = max(0, durable_seq - status.projected_seq) if state is not ProjectorState.ABSENT else 0
    behind_s = (here.clock.time_ns() - status.projected_ts_ns) / 1e9 if lag and status.projected_ts_ns else 0.0
    named = "starting" if wanted and state is ProjectorState.ABSENT else STATES[state]
    return {"state": named, "lag": lag, "lag_s": round(behind_s, 3), "text": text}


def warnings(answer: dict[str, Any]) -> list[str]:
    """What an operator should know, in words."""
    told = []
    if answer["durability"] == "memory":
        told.append("durability is memory: a crash may lose what was acknowledged")
    behind_s = (answer["applied_ts_ns"] - answer["ts_ns"]) / 1e9
    if behind_s > CLOCK_BEHIND_S:
        told.append(
            f"the clock is {behind_s:,.0f} s behind the journal's time: it was ahead once. Until it has caught up time "
            "stands still for the market: message rates count as within one second, and no day ends"
        )
    for name, (used, capacity) in answer["capacity"].items():
        if used > NEARLY_FULL * capacity:
            field = f"ledger.{name}" if name == "withdrawals" else f"capacity.{name}"
            told.append(f"{name}: {used:,} of {capacity:,} in use; raise {field}")
    told += risk_warnings(answer["risk"])
    room = answer["journal"]
    if room["only_cancels"]:
        told.append(
            f"the disk of the journal is nearly full: {room['free_bytes']:,} bytes are free, and below "
            f"{room['least_free_bytes']:,} only cancels are taken. Make room"
        )
    if answer["projector"]["state"] == "waiting":
        told.append(f"Postgres is not written: {answer['projector']['text'] or 'it does not answer'}")
    return told


def risk_warnings(risk: dict[str, Any]) -> list[str]:
    """What an operator should know of accounts that are watched."""
    told = []
    called, far = (risk["levels"][name] for name in ("CALL", "LIQUIDATION"))
    if called + far:
        count = f"{called + far:,} account{'' if called + far == 1 else 's'}"
        told.append(f"{count} below what must be kept, {far:,} far below: openbell risk")
    if risk["behind_s"] >= SWEEP_LATE_S:
        text = f"marks are {risk['behind_s']:.1f} s behind: a TICK marks {risk['marks_each_tick']:,} positions at most"
        told.append(f"{text}; ctl risk --marks N has it mark more")
    if risk["watched"] and not risk["marks_each_tick"]:
        told.append("accounts are watched, and positions never marked: ctl risk --marks N")
    return told
