"""A market as its files tell it, with all that is kept beside the core."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from openbell.wire import CommandKind

from engine import recovery
from engine.journal import notes
from engine.liquidation.liquidator import Liquidator
from engine.market import load_feed
from engine.recovery import Recovered
from engine.sequencer import Sequencer, admin_command
from engine.snapshots import HISTORY_COMMANDS
from engine.volatility.leftover import left_halted
from engine.volatility.watch import Watch
from ext.core import Core
from ext.feed import Feed
from ext.streams import Streams


def bring_back(
    data: Path,
    streams: Streams,
    feed: Feed,
    watch: Watch | None,
    liquidator: Liquidator,
    told: Callable[[str], None],
    *,
    history_commands: int = HISTORY_COMMANDS,
) -> Recovered:
    """Recover the market in `data`; what comes with a snapshot, and what follows it, goes into these. told: gets what
    an operator has to know of it. Raises as `recovery.recover`."""

    def on_start(extra: dict[str, Any]) -> None:
        load_feed(feed, extra)  # first: it may refuse the snapshot, and the watch does not
        if watch is not None:
            watch.load(extra)
        liquidator.load(extra)

    def on_core(core: Core) -> None:
        if watch is not None:
            watch.attach(core, feed)

    def on_events(events: bytes, market_data: bytes) -> None:
        streams.record(events)
        if watch is not None:
            watch.see(market_data)  # before the feed: what is new there is looked up as of before
        feed.add(market_data)

    recovered = recovery.recover(
        data, history_commands=history_commands, on_start=on_start, on_core=on_core, on_events=on_events,
        on_applied=liquidator.see,
    )  # fmt: skip
    left = left_halted(recovered.core, set() if watch is None else watch.breakers.halted)
    if left is not None:
        told(left)
    return recovered


def journal_notes(sequencer: Sequencer, directory: Path) -> None:
    """What was taken off the journal's end while no market ran becomes part of it; twice, where a start is cut off
    before `notes.clear`."""
    for text in notes.left(directory):
        sequencer.execute([admin_command(CommandKind.NOTE, operator=notes.OPERATOR, reason=text)])
