"""A market as its files tell it, with all that is kept beside the core."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from openbell.wire import CommandKind

from engine import recovery
from engine.config import Config
from engine.corporate.planned import PLANNED, Planned
from engine.gains import GAINS, Gains
from engine.journal import notes
from engine.liquidation.liquidator import LIQUIDATION, Liquidator
from engine.liquidation.wanted import terms_of
from engine.market import load_feed
from engine.recovery import Recovered
from engine.sequencer import Sequencer, admin_command
from engine.sessions.schedule import Timeline
from engine.snapshots import HISTORY_COMMANDS
from engine.standby.epochs import EPOCHS, Epochs
from engine.volatility.hours import RegularHours
from engine.volatility.leftover import left_halted
from engine.volatility.wanted import wanted_of
from engine.volatility.watch import WATCH, Watch
from ext.core import Core
from ext.feed import Feed
from ext.streams import Streams


@dataclass(slots=True)
class Beside:
    """What is kept beside a core, and follows from the journal as it does."""

    streams: Streams
    feed: Feed
    watch: Watch | None
    liquidator: Liquidator
    epochs: Epochs
    gains: Gains
    planned: Planned

    def load(self, extra: dict[str, Any]) -> None:
        """What came with a snapshot. Raises ValueError."""
        load_feed(self.feed, extra)  # first: it may refuse the snapshot, and the watch does not
        if self.watch is not None:
            self.watch.load(extra)
        self.liquidator.load(extra)
        self.epochs.load(extra)
        self.gains.load(extra)
        self.planned.load(extra)

    def attach(self, core: Core) -> None:
        """This is the core to go on with."""
        self.gains.attach(core)
        if self.watch is not None:
            self.watch.attach(core, self.feed)

    def see(self, commands: bytes, events: bytes, market_data: bytes) -> None:
        """What was applied, before anybody is told."""
        self.liquidator.see(commands, events)
        self.epochs.see(commands)
        self.gains.see(events)
        self.planned.see(commands, events)
        if self.watch is not None:
            self.watch.see(market_data)  # before the feed: what is new there is looked up as of before

    def state(self) -> dict[str, Any]:
        """What a snapshot has of it, as of the core."""
        state: dict[str, Any] = {LIQUIDATION: self.liquidator.state(), EPOCHS: self.epochs.state()}
        state |= {GAINS: self.gains.state(), PLANNED: self.planned.state()}
        if self.watch is not None:
            state[WATCH] = self.watch.state()
        return state


def beside_of(config: Config, timeline: Timeline, told: Callable[[str], None]) -> Beside:
    """All of it, empty. told: gets what an operator has to know of it."""
    history = config.history
    feed = Feed(history.trades, bars=history.bars, bars_of_each=history.bars_of_each)
    feed.want(b"")
    wanted = wanted_of(config)
    watch = Watch(wanted, RegularHours(timeline), told) if wanted else None
    return Beside(
        Streams(history.events), feed, watch, Liquidator(terms_of(config), told), Epochs(), Gains(told), Planned()
    )


def bring_back(
    data: Path, beside: Beside, told: Callable[[str], None], *, history_commands: int = HISTORY_COMMANDS
) -> Recovered:
    """Recover the market in `data`; what comes with a snapshot, and what follows it, goes into `beside`. told: gets
    what an operator has to know of it. Raises as `recovery.recover`."""
    on_applied, on_events = _listeners(beside)
    recovered = recovery.recover(
        data, history_commands=history_commands, on_start=beside.load, on_core=beside.attach, on_events=on_events,
        on_applied=on_applied,
    )  # fmt: skip
    left = left_halted(recovered.core, set() if beside.watch is None else beside.watch.breakers.halted)
    if left is not None:
        told(left)
    return recovered


def bring_up_to(data: Path, seq: int, beside: Beside, reached: Callable[[int], None]) -> Recovered:
    """What a start would have if the journal ended with `seq`, of a market that may run. `reached` is called with the
    last number of each piece of the journal. Raises as `recovery.recover_to`."""
    on_applied, on_events = _listeners(beside)

    def on_piece(events: bytes, market_data: bytes) -> None:
        on_events(events, market_data)
        reached(core[0].seq)

    core: list[Core] = []

    def on_core(found: Core) -> None:
        core.append(found)
        beside.attach(found)
        reached(found.seq)

    return recovery.recover_to(
        data, seq, on_start=beside.load, on_core=on_core, on_events=on_piece, on_applied=on_applied
    )


def _listeners(beside: Beside) -> tuple[recovery.OnApplied, recovery.OnEvents]:
    """What a replay calls so that all that is kept beside the core follows it."""
    seen: list[tuple[bytes, bytes]] = []

    def on_applied(commands: bytes, events: bytes) -> None:
        seen.append((commands, events))

    def on_events(events: bytes, market_data: bytes) -> None:
        beside.streams.record(events)
        beside.see(*seen.pop(), market_data)
        beside.feed.add(market_data)

    return on_applied, on_events


def journal_notes(sequencer: Sequencer, directory: Path) -> None:
    """What was taken off the journal's end while no market ran becomes part of it; twice, where a start is cut off
    before `notes.clear`."""
    for text in notes.left(directory):
        sequencer.execute([admin_command(CommandKind.NOTE, operator=notes.OPERATOR, reason=text)])
