"""What a standby tells of itself: how far it is, how far behind, whom it follows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from engine import status
from engine.doors import Doors
from engine.liquidation import views
from engine.world import here

if TYPE_CHECKING:
    from engine.standby.process import Standby

ROLE: Final = "standby"
QUIET_S: Final = 0.35  # without a beat: it may be gone
LATE_MS: Final = 1_000.0  # behind its primary: worth a word


class Seen:
    """What was heard of the primary last."""

    def __init__(self) -> None:
        self.is_heard = False  # it is connected
        self.was_stopped = False  # it has said that it stops
        self.durable_seq = self.epoch = 0
        self.heard_s = 0.0
        self._level_s = 0.0  # when everything was here last

    def heard(self, beat: dict[str, Any], applied_seq: int, applied_ts_ns: int, now_s: float) -> None:
        """A beat came."""
        self.is_heard, self.heard_s = True, now_s
        self.durable_seq, self.epoch = int(beat["durable"]), int(beat["epoch"])
        if applied_seq >= self.durable_seq:
            self._level_s = now_s

    def hears(self, now_s: float) -> bool:
        """The primary speaks, just now."""
        return self.is_heard and now_s - self.heard_s < QUIET_S

    def lag(self, applied_seq: int) -> int:
        """Commands."""
        return max(0, self.durable_seq - applied_seq)

    def lag_ms(self, applied_seq: int, now_s: float) -> float:
        """Since when not everything is here that is on disk at the primary, as far as it was heard; to 100 ms."""
        if self.lag(applied_seq) == 0 and self.is_heard:
            return 0.0
        return (now_s - self._level_s) * 1000 if self._level_s else 0.0


def part(standby: Standby) -> dict[str, Any]:
    """The part of `status` about the standby itself."""
    seen, core, now_s = standby.view, standby.following.core, here.clock.monotonic()
    return {
        "role": ROLE,
        "epoch": standby.following.beside.epochs.last,
        "primary": "" if standby.primary is None else standby.primary.address,
        "is_connected": seen.is_heard,
        "trouble": standby.trouble,
        "lag": seen.lag(core.seq),
        "lag_ms": round(seen.lag_ms(core.seq, now_s), 3),
        "silent_ms": round((now_s - seen.heard_s) * 1000, 1) if seen.heard_s else None,
        "compared_seq": standby.following.compared_seq,
        "promote": standby.config.standby.promote,
        "lease": standby.promotion.status(),
    }


def status_of(standby: Standby, doors: Doors) -> dict[str, Any]:
    """All of `status`."""
    market = standby.following.market
    about = part(standby)
    warnings = []
    if not about["is_connected"]:
        warnings.append(f"the primary is not followed: {about['trouble'] or 'it was not reached yet'}")
    elif about["lag_ms"] > LATE_MS:
        warnings.append(f"the standby is {about['lag']:,} commands behind ({about['lag_ms'] / 1000:.1f} s)")
    room = here.system.statvfs(standby.data)
    return {
        "market": standby.config.market.name,
        "durability": standby.config.market.durability,
        "pid": here.system.getpid(),
        "started_ts_ns": standby.started_ts_ns,
        "ts_ns": here.clock.time_ns(),
        **status.market_part(market),
        "projected_sequence": 0,
        **doors.figures(),
        "schedule": [],
        "settlement": status.settlement_part(market, 0, 0),
        "liquidation": views.counts(standby.liquidator),
        "journal": {
            **status.journal_part(market, Path(standby.data / "journal")),
            "free_bytes": room.f_bavail * room.f_frsize,
        },
        "projector": {"state": "off", "lag": 0, "lag_s": 0.0, "text": ""},
        "postgres": "",
        "recovered": standby.recovered.figures(),
        "standby": about,
        "warnings": warnings,
    }
