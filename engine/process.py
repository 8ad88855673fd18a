"""The engine as a process: `python -m engine.process --data DIR [--config FILE]...` (docs/control.md).

Builds a market from its directory, opens its ports, keeps it going, and stops it in order.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any, Final

import uvloop

from engine import status, system
from engine.amending.facts import Facts
from engine.amending.finder import TradeFinder
from engine.arguments import arguments_of, configure
from engine.backlog import Backlog
from engine.bring_back import Beside, beside_of, bring_back, journal_notes
from engine.config import NO_POSTGRES, Config, ConfigError
from engine.corporate.actor import Actor
from engine.doors import Doors
from engine.engine_file import EngineFile
from engine.files import make_folder
from engine.journal import notes, unsynced
from engine.journal.errors import JournalError
from engine.journal.relaxed import RelaxedJournal
from engine.journal.writer import MEMORY, JournalWriter
from engine.key_setup import make_keys
from engine.keys import LOCAL_OPERATOR, Keys, KeysError
from engine.liquidation import views
from engine.liquidation.liquidator import Liquidator
from engine.lock import InUse, MarketLock
from engine.logs import Log
from engine.lookout import Lookout
from engine.market import Market
from engine.ports.frames import FrameError
from engine.ports.guards import ends_of_all
from engine.ports.socket import PortError
from engine.projector.launch import Projection
from engine.risk.marker import Marker
from engine.saver.saving import Saving
from engine.sequencer import tick_command
from engine.sessions import keeper
from engine.sessions.keeper import Keeper
from engine.settlement.settler import Settler, business_days_of
from engine.setup import Setup
from engine.snapshots import HISTORY_COMMANDS, SnapshotError
from engine.standby.epochs import Epochs
from engine.standby.errors import StandbyError
from engine.standby.primary import PrimarySide
from engine.standby.warm import Warm
from engine.status_map import FILE as STATUS_FILE
from engine.status_map import StatusMap
from engine.world import here

TIMER_S: Final = 0.1
MINUTE_S: Final = 60  # TICKs come on the full minute: DAY orders end then
CALL_TICK_S: Final = 1  # and each second in which an instrument is in a call
SOON_S: Final = 0.0002  # after the time at which something is due
PERIOD_S: Final = 5.0  # of the histograms
STOP_DURABLE_S: Final = 1.5
SETUP_PATIENCE_S: Final = 30.0  # of a start with the journal
STOPPING: Final = FrameError("stopping", "the market is stopping")
FAILURES: Final = (ConfigError, KeysError, InUse, JournalError, SnapshotError, PortError, StandbyError, OSError)


class Engine:
    """A market that runs in this process, on the running loop. `await start()`, `await wait()`, `await stop()`.

    Raises one of FAILURES from `start`, in words for people; nothing is left open then.
    """

    history_commands = HISTORY_COMMANDS  # what a start replays at least

    def __init__(self, data: Path, config: Config, log: Log | None = None, warm: Warm | None = None) -> None:
        """warm: of a standby that becomes the primary."""
        self.data = data.resolve()
        self.config = config
        self.log = log or Log()
        self.failure: str | None = None  # why it stopped by itself
        self.market: Market
        self._keeper: Keeper
        self._beside: Beside
        self._settler: Settler
        self.actor: Actor
        self.liquidator: Liquidator
        self._marker: Marker
        self._loop: asyncio.AbstractEventLoop
        self._asked_to_stop = asyncio.Event()
        self._stopping = self._has_stopped = False
        self._warm = warm
        self._lock: MarketLock | None = None
        self._doors: Doors | None = None
        self._backlog: Backlog | None = None
        self._projection: Projection | None = None
        self._journal: JournalWriter | RelaxedJournal | None = None
        self._lookout: Lookout | None = None
        self._file = EngineFile(self.data)
        self._primary = PrimarySide(self.data, config, self, self.log, None if warm is None else warm.begun)
        self._tasks: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._saving: Saving
        self._finder = TradeFinder(self.data)
        self._turned_s = here.clock.monotonic()
        self._ticked_minute = int(here.clock.time()) // MINUTE_S
        self.started_ts_ns = 0

    # ------------------------------------------------------------ start

    async def start(self) -> None:
        """Recover, apply the configuration, open the ports. The market is live when it returns."""
        self._loop = asyncio.get_running_loop()
        self._loop.set_exception_handler(self._on_loop_exception)
        try:
            await self._start()
        except BaseException:
            self._close()
            await self._primary.give_back(in_order=False)
            raise

    async def _start(self) -> None:
        began_s = here.clock.monotonic()
        timeline = keeper.timeline_of(self.config, here.clock.time_ns())
        make_folder(self.data)
        self._lock = MarketLock(self.data) if self._warm is None else self._warm.lock
        self._file.remove()  # of an engine that was killed
        self._saving = Saving(
            self.data, self.config, self.log, lambda: self.market, lambda: self._beside,
            lambda: self.failure is not None,
        )  # fmt: skip
        self._saving.start()
        if self._warm is not None:
            beside, self.recovered = self._warm.beside, self._warm.recovered
        else:
            beside = beside_of(self.config, timeline, self.log.warning)
            self.recovered = bring_back(self.data, beside, self.log.warning, history_commands=self.history_commands)
            self._report_recovery()
        self._beside, self.liquidator = beside, beside.liquidator
        await self._primary.take_lease(self.recovered.market_id, beside.epochs)
        self._saving.begin()
        writer = JournalWriter(
            self.data / "journal",
            next_seq=self.recovered.next_seq,
            durability=self.config.market.durability,
            market_id=self.recovered.market_id,
            segment_bytes=self.config.journal.segment_bytes,
        )
        in_memory = self.config.market.durability == MEMORY
        self._journal = RelaxedJournal(self._loop, writer) if in_memory else writer
        if not in_memory:
            unsynced.clear(writer.directory)  # the writer has synced what an engine with "memory" left
        self._lookout = None if in_memory else Lookout(self._loop, writer, self._on_durable, self._work)
        parts = self.config, self.recovered, self._journal, beside.streams, beside.feed
        self.market = Market(*parts, here.clock.time_ns, self._primary.gate)
        self.market.gains = beside.gains
        self.market.sequencer.see = beside.gains.see
        self.market.sequencer.failed = lambda error: self.fail(f"the core failed: {error!r}")
        self.status_map = StatusMap.create(self.data / STATUS_FILE)
        self.status_map.durable_seq = self._journal.durable_seq
        self._loop.add_reader(self._journal.fileno(), self._on_durable)
        self.keys = Keys(self.data)
        self._keeper = Keeper(self.market, timeline, self.log.warning, here.clock.time_ns)
        if beside.watch is not None:
            beside.watch.start(self.market)  # after the keeper: what is due at one time he does first
        days = business_days_of(self.config, timeline)
        self._settler = Settler(self.market, days, self.log.warning, here.clock.time_ns)
        self.actor = Actor(self.market, beside.planned, days, self.log.warning, here.clock.time_ns)
        self._marker = Marker(self._loop, self.market, self._is_open, self._after_sends)
        self.liquidator.start(self.market, here.clock.time_ns, self._is_open)
        sessions = keeper.definitions_of(self.config, timeline)
        setup = Setup(self.market, self.config, self.data, here.clock.time_ns, sessions)
        known, others = beside.epochs, self._file.tell_others
        self._primary.begin(self._loop, self.market, self.recovered.market_id, self.keys, known, others)
        if self.market.core.seq:
            self._primary.journal_epoch()  # before everything else: from here on the journal is of this primary
        self._end_sessions()
        self._settler.begin()
        self.actor.begin()
        self._keeper.begin(setup)
        if self.market.core.seq:
            # A day that ended meanwhile ends before anybody can trade: DAY orders of yesterday with those of today.
            # So do orders whose dead-man timer ran out.
            self.market.sequencer.execute([tick_command()])
        journal_notes(self.market.sequencer, self.data / "journal")
        await self._apply_configuration(setup)
        if not beside.epochs.last:
            self._primary.journal_epoch()  # of a new market, which begins with its capacities
        notes.clear(self.data / "journal")
        if self.config.market.memory_at_start:
            self.market.core.touch_memory()
            beside.streams.touch_memory()
        self._doors = Doors(self._loop, self.market, self.keys, self, self.log, self._primary.sender)
        self._backlog = Backlog(
            self.market, self._doors, self.data / "journal", self.log, lambda: self._primary.blocked
        )
        self._doors.open()
        self._doors.orders.role["epoch"] = beside.epochs.last
        self._doors.orders.begun_after = beside.epochs.first_seq_unknown_to
        self._primary.open(self._doors.addresses["orders"].removeprefix("tcp://"))
        self.liquidator.begin()
        self._on_timer()
        self._set_tick()
        self._marker.begin()
        self.started_ts_ns = here.clock.time_ns()
        self._start_projection()
        here.memory.settle()
        self._file.write(
            ports=self._doors.addresses,
            server_key=self._doors.server_key,
            market=self.config.market.name,
            durability=self.config.market.durability,
            started_ts_ns=self.started_ts_ns,
        )
        self.log.info(
            "the market is live", seconds=round(here.clock.monotonic() - began_s, 3), sequence=self.market.core.seq,
            durability=self.config.market.durability, **self._doors.addresses,
        )  # fmt: skip
        if self.market.in_memory:
            self.log.warning("durability is memory: a crash may lose what was acknowledged")

    @property
    def epochs(self) -> Epochs:
        """Of the journal that it goes on with."""
        return self._beside.epochs

    def _end_sessions(self) -> None:
        """No session outlives an engine: what those of before guard goes, before an auction that was missed is held."""
        ended = ends_of_all(self.market.timers())
        if ended:
            self.market.sequencer.execute_at(ended, self.market.core.ts_ns)
            self.log.info("sessions of before have ended", guards=len(ended))

    def _start_projection(self) -> None:
        """Begin to start Postgres and the projector; the market waits for neither."""
        wanted = self.config.postgres
        if wanted.dsn != NO_POSTGRES:
            self._projection = Projection(
                self.data, wanted.dsn, port=wanted.port, system_user=wanted.system_user,
                told=lambda line: self.log.warning("read models", what=line),
            )  # fmt: skip
            self._projection.start()

    def _report_recovery(self) -> None:
        found = self.recovered
        if found.torn is not None:
            self.log.warning("the end of the journal was torn and is cut off", what=found.torn)
        for text in found.ignored:
            self.log.warning("a snapshot cannot be used", what=text)
        if found.replayed or found.snapshot_seq:
            self.log.info(
                "recovered", snapshot_seq=found.snapshot_seq, replayed=found.replayed, seconds=round(found.seconds, 3)
            )

    async def _apply_configuration(self, setup: Setup) -> None:
        """Bring the state in line with the files, and make the keys that are missing."""
        applied = setup.apply()
        self._keeper.settle(setup)
        for text in applied.warnings:
            self.log.warning(text)
        if not await self._until_durable(SETUP_PATIENCE_S):
            raise JournalError(self.failure or f"journal: nothing was written within {SETUP_PATIENCE_S:g} s")
        setup.remember()
        if applied.commands:
            self.log.info("the configuration was applied", commands=applied.commands)
        for account in self.config.account:
            number = applied.accounts[account.name]
            if account.api_key is not None or not self.keys.has_key(number):
                self.keys.add_account(number, account.name, account.api_key)
        for name in make_keys(self.keys, self.config.key, applied.accounts):
            self.log.warning(f"key {name} of the configuration: no API key has that name, and it has no accounts")
        for operator in self.config.operator:
            if operator.token is not None or not self.keys.has_operator(operator.name):
                self.keys.add_operator(operator.name, operator.role, operator.token)
        if not self.keys.has_operator(LOCAL_OPERATOR):
            self.keys.add_operator(LOCAL_OPERATOR, any_name=True)

    # ------------------------------------------------------------ running

    async def wait(self) -> None:
        """Until somebody asks for the end, or something broke (`failure`)."""
        await self._asked_to_stop.wait()

    def shut_down(self) -> None:
        """Ask for the end; `wait` returns then."""
        self._asked_to_stop.set()

    def fail(self, why: str) -> None:
        """Something broke that cannot be mended: take nothing more, and end."""
        if self.failure is None:
            self.failure = why
            self.log.error("the market cannot go on", why=why)
            if self._doors is not None:
                self._doors.refuse(FrameError("stopping", "the market has failed and is stopping"))
        self._asked_to_stop.set()

    def rest(self, why: FrameError | None) -> None:
        """Journal nothing more of its own, and refuse all, saying why; None: go on."""
        self._stopping = why is not None
        if self._doors is not None:
            self._doors.refuse(why)

    def _on_durable(self) -> None:
        """The journal has written."""
        if self.failure is not None:
            return
        try:
            self.market.on_durable(self._tell_durable)
        except JournalError as error:
            self.fail(str(error))
            return
        self._after_sends()
        self.look_out()

    def _tell_durable(self, seq: int) -> None:
        """Who reads the journal, and who follows it, hears of it before anybody has an answer."""
        self.status_map.tell_durable(seq)
        self._primary.on_durable(seq)

    def _work(self) -> int:
        """How many commands were applied since the start."""
        return self.market.sequencer.commands

    def look_out(self) -> None:
        """A commit may have begun that is done soon."""
        if self._lookout is not None:
            self._lookout.begin()

    def _on_timer(self) -> None:
        try:
            if self.failure is None and not self._stopping:
                self._do_what_is_due()
        finally:  # what else the timer does goes on whatever that was
            self._timer = self._loop.call_later(self._pause_s(), self._on_timer)
        now_s = here.clock.monotonic()
        self.status_map.applied_seq = self.market.core.seq
        if self._backlog is not None and self._doors is not None and not self._stopping:
            self._backlog.look(now_s)
            self._doors.sweep(now_s)
        if now_s - self._turned_s > PERIOD_S:
            self._turned_s = now_s
            self.market.latency_ns.turn()
            self.market.commit_ns.turn()
        if not self._stopping:  # what is left of a disk that is nearly full is for cancels
            self._saving.save_when_due(now_s, may=self._backlog is None or not self._backlog.is_short)

    def _pause_s(self) -> float:
        """Until the timer has to look again: a phase begins on time also where nobody sends anything."""
        if self._stopping or self.failure is not None:
            return TIMER_S
        due_ns = self.market.sequencer.due_ns
        timer_ns = self.market.core.timer_ns
        due_s = ((min(due_ns, timer_ns) if timer_ns else due_ns) - here.clock.time_ns()) / 1e9
        return min(TIMER_S, max(0.0, due_s) + SOON_S)

    def _do_what_is_due(self) -> None:
        """Phases of sessions that begin now, dead-man timers that run out."""
        sequencer = self.market.sequencer
        is_due = here.clock.time_ns() >= sequencer.due_ns
        if is_due:
            sequencer.flush(here.clock.perf_counter_ns())
        if 0 < self.market.core.timer_ns <= here.clock.time_ns():
            is_due = True
            sequencer.execute([tick_command()])
        if is_due and self._doors is not None:
            self._doors.after_sends()

    def _set_tick(self) -> None:
        """Look whether a TICK is due, on the full second."""
        now_s = here.clock.time()
        self._loop.call_later(CALL_TICK_S - now_s % CALL_TICK_S + 0.001, self._on_second)

    def _on_second(self) -> None:
        if self._has_stopped or self.failure is not None:
            return
        self._set_tick()
        minute, due_ns = int(here.clock.time()) // MINUTE_S, self.market.feed.due_ns
        is_due = self.market.is_calling() or 0 < due_ns <= here.clock.time_ns()
        if (is_due or minute != self._ticked_minute) and not self._stopping:
            self._ticked_minute = minute
            self.market.sequencer.execute([tick_command()])
            self._after_sends()

    def _is_open(self) -> bool:
        """Whether the engine itself may have something journaled: not while the journal is behind, as orders wait for
        it then."""
        is_behind = self._doors is None or self._doors.is_paused or self._doors.is_refusing
        return not (is_behind or self._stopping or self.failure is not None)

    def _after_sends(self) -> None:
        if self._doors is not None:
            self._doors.after_sends()

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run it beside everything else."""
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _on_loop_exception(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        self.log.error("an error inside the engine", what=str(context.get("message", "")), error=repr(error))

    async def save(self) -> tuple[str, int]:
        """Write a snapshot of the state now: its path and its sequence. Raises FrameError (failed)."""
        return await self._saving.save()

    # ------------------------------------------------------------ status

    async def promote(self, operator: str, reason: str) -> dict[str, Any]:
        """Raises FrameError: it is the primary."""
        raise FrameError("not_standby", "this is the primary already")

    async def find_trade(self, instrument: int, trade_id: int) -> Facts:
        """The facts of a trade whose command is on disk. Raises TradeNotFound, FinderBusy, SearchTimeout, OSError."""
        return await self._finder.find(instrument, trade_id, self.market.journal.durable_seq)

    def status(self) -> dict[str, Any]:
        """Everything that the verb `status` tells."""
        assert self._doors is not None
        assert self._backlog is not None
        market = self.market
        durable_seq = market.journal.durable_seq
        answer = {
            "market": self.config.market.name,
            "durability": self.config.market.durability,
            "pid": self._file.pid,
            "started_ts_ns": self.started_ts_ns,
            "ts_ns": here.clock.time_ns(),
            **status.market_part(market),
            "projected_sequence": self.status_map.projected_seq,
            **self._doors.figures(),
            "schedule": self._keeper.status(),
            "settlement": self._settler.status(),
            "risk": self._marker.status(),
            "liquidation": views.counts(self.liquidator),
            "journal": {**status.journal_part(market, self.data / "journal"), **self._backlog.figures()},
            "projector": status.projector_part(
                self.status_map, durable_seq, self._trouble(), wanted=self._projection is not None
            ),
            "standby": self._primary.status(),
            "postgres": "" if self._projection is None else self._projection.label,
            "recovered": self.recovered.figures(),
        }
        answer["warnings"] = status.warnings(answer) + self._keeper.warnings() + self._primary.warnings()
        answer["warnings"] += self._saving.warnings()
        return answer

    def sessions(self) -> list[dict[str, Any]]:
        """Who is logged in."""
        assert self._doors is not None
        return self._doors.sessions()

    def _trouble(self) -> str:
        """What keeps the read models from being written, for people."""
        return "" if self._projection is None else self._projection.trouble or ""

    # ------------------------------------------------------------ stop

    async def stop(self) -> None:
        """Stop in order: take no more orders, make everything durable, send it, save the state."""
        if self._has_stopped:
            return
        self._stopping = self._has_stopped = True
        began_s = here.clock.monotonic()
        if self._doors is not None:
            self._doors.refuse(STOPPING)
        if self.failure is None:
            self.market.sequencer.flush(here.clock.perf_counter_ns())
            if not await self._until_durable(STOP_DURABLE_S):
                self.log.warning("stopping before everything was sent: the journal is slow", held=len(self.market.gate))
            else:
                await asyncio.gather(self._save_at_the_end(), self._stop_projection())
        await self._stop_projection()
        self._close()
        await self._primary.give_back(in_order=self.failure is None)
        self.log.info("the market has stopped", seconds=round(here.clock.monotonic() - began_s, 3))

    async def _save_at_the_end(self) -> None:
        if not self._primary.is_shut:
            await self._saving.save_at_the_end()

    async def _stop_projection(self) -> None:
        """End the projector, which writes what is durable by now, and Postgres."""
        projection, self._projection = self._projection, None
        if projection is not None:
            await projection.stop()

    async def _until_durable(self, timeout_s: float) -> bool:
        """Wait until everything applied is durable and sent; whether it is."""
        deadline_s = here.clock.monotonic() + timeout_s
        while len(self.market.gate) or self.market.journal.durable_seq < self.market.core.seq:
            if here.clock.monotonic() > deadline_s or self.failure is not None:
                return False
            await asyncio.sleep(0.001)
        return True

    def _close(self) -> None:
        """Let go of everything, in the order in which nothing is lost."""
        if self._timer is not None:
            self._timer.cancel()
            self._marker.end()
        if hasattr(self, "_saving"):
            self._saving.end()
        self._primary.close(in_order=self.failure is None)
        if self._doors is not None:
            self._doors.close()
        if self._lookout is not None:
            self._lookout.end()
        if self._journal is not None:
            self._loop.remove_reader(self._journal.fileno())
            try:
                self._journal.close()
            except JournalError as error:
                self.failure = self.failure or str(error)
                self.log.error("the journal was not closed in order", why=str(error))
            self._journal = None
        if self._lock is not None:
            self._file.remove()
            self._lock.release()
            self._lock = None


async def serve(engine: Engine) -> int:
    """Run an engine until a signal or a verb ends it. Returns the exit code."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, engine.shut_down)
    try:
        await engine.start()
    except FAILURES as error:
        text = str(error)
        if isinstance(error, OSError) and error.filename is not None:
            text = f"{error.filename}: {error.strerror}"
        print(f"openbell engine: {text}", file=sys.stderr, flush=True)
        return 1
    return await run(engine)


async def run(engine: Engine) -> int:
    """Wait for the end of an engine that is started. Returns the exit code."""
    await engine.wait()
    await engine.stop()
    if engine.failure is not None:
        print(f"openbell engine: {engine.failure}", file=sys.stderr, flush=True)
        return 1
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the engine. Returns the exit code: 0 stopped in order, 1 could not start or failed, 2 wrong usage."""
    args = arguments_of(arguments)
    system.keep_memory()
    system.allow_files()
    try:
        config = configure(args)
    except ConfigError as error:
        print(f"openbell engine: {error}", file=sys.stderr, flush=True)
        return 2

    async def work() -> int:
        return await serve(Engine(args.data, config))

    return uvloop.run(work())


if __name__ == "__main__":
    sys.exit(main())
