"""`openbell standby`: a process that follows a market and shows it (docs/standby.md)."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, Final

import openbell
from openbell.connection import SocketSettings
from openbell.discovery import PORTS

from engine import config as configuration
from engine.amending.facts import Facts
from engine.amending.finder import TradeFinder
from engine.bring_back import beside_of
from engine.config import Config
from engine.corporate.actor import Actor
from engine.doors import Doors
from engine.engine_file import EngineFile
from engine.files import make_folder, write_whole
from engine.journal.errors import JournalError
from engine.journal.sealer import hash_of
from engine.journal.segment import name_of
from engine.keys import Keys
from engine.liquidation.liquidator import Liquidator
from engine.lock import MarketLock
from engine.logs import Log
from engine.process import Engine, run
from engine.recovery import Recovered
from engine.saver.saving import Saving
from engine.sessions import keeper
from engine.settlement.days import BusinessDays
from engine.settlement.settler import business_days_of
from engine.setup import APPLIED
from engine.standby import start, view
from engine.standby.errors import StandbyError
from engine.standby.following import Following
from engine.standby.frames import STREAM, Ack, Hello, Pong
from engine.standby.link import PASSING, Link, Primary, look_up
from engine.standby.promotion import Promotion
from engine.standby.reading import refusal
from engine.standby.source import Chunk
from engine.standby.warm import Warm
from engine.status_map import FILE as STATUS_FILE
from engine.status_map import StatusMap
from engine.world import files, here

TIMER_S: Final = 0.1
TRY_AGAIN_S: Final = 0.3
# What waiting makes better: the other refusals of a primary end a standby.
PASSING_CODES: Final = frozenset({"old_primary", "no_primary", "no_port", "not_logged_in", "stopping"})


class Standby:
    """A standby of the market at `of` in this process, on the running loop. `await start()`, `wait()`, `stop()`.

    Raises one of engine.process.FAILURES from `start`. `failure`: why it stopped by itself.
    """

    def __init__(
        self, data: Path, config: Config, of: str, *, from_snapshot: bool = False, log: Log | None = None,
        settings: SocketSettings | None = None, token: str | None = None,
    ) -> None:  # fmt: skip
        """token: of an operator of the primary (default: as the SDK finds one)."""
        self.data, self.config, self.of = data.resolve(), config, of
        self.log = log or Log()
        self.failure: str | None = None
        self._from_snapshot, self._token = from_snapshot, token
        self._settings = settings or SocketSettings.from_environment()
        self._loop: asyncio.AbstractEventLoop
        self._asked_to_stop = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._lock: MarketLock | None = None
        self._doors: Doors | None = None
        self.link: Link | None = None
        self._following_task: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._file = EngineFile(self.data)
        self._finder = TradeFinder(self.data)
        self._snapshot: bytearray | None = None  # as far as it has come
        self._snapshot_seq = self._snapshot_bytes = 0
        self.primary: Primary | None = None
        self.following: Following
        self.recovered: Recovered
        self.liquidator: Liquidator  # it only looks
        self._days: BusinessDays | None
        self.id = ""  # of the directory
        self.trouble = ""  # why it does not follow now
        self._has_followed = False
        self.view = view.Seen()
        self.promotion: Promotion
        self.started_ts_ns = 0

    @property
    def actor(self) -> Actor:
        """What is planned; it only looks."""
        following = self.following
        return Actor(following.market, following.beside.planned, self._days, self.log.warning, here.clock.time_ns)

    # ------------------------------------------------------------ start

    async def start(self) -> None:
        """Bring back what is there, show it, and begin to follow. With an empty directory it waits for the primary."""
        self._loop = asyncio.get_running_loop()
        try:
            await self._start()
        except BaseException:
            await self._close()
            raise

    async def _start(self) -> None:
        make_folder(self.data)
        self._lock = MarketLock(self.data)
        self._file.remove()
        self._saving = Saving(
            self.data, self.config, self.log, lambda: self.following.market, lambda: self.following.beside,
            lambda: self.failure is not None,
        )  # fmt: skip
        self._saving.start()
        timeline = keeper.timeline_of(self.config, here.clock.time_ns())
        beside, self.recovered = start.begin(
            self.data, lambda: beside_of(self.config, timeline, self.log.warning), self.log.warning
        )
        self.liquidator = beside.liquidator
        self._days = business_days_of(self.config, timeline)
        self.id = start.own_id(self.data)
        self.status_map = StatusMap.create(self.data / STATUS_FILE)
        self.keys = Keys(self.data)
        self.following = Following(
            self._loop, self.data, self.config, beside, self.recovered, self.log.warning, self._fail
        )
        self.following.on_durable = self._on_durable
        self._saving.begin()
        self.status_map.durable_seq = self.following.mirror.durable_seq
        self.started_ts_ns = here.clock.time_ns()
        self.promotion = Promotion(self, self.log)
        if self.following.market_id:
            self._open_doors()
        self.promotion.begin()
        self._following_task = self._loop.create_task(self._follow())
        self._on_timer()

    def _open_doors(self) -> None:
        """There is a market to show."""
        if self._doors is not None:
            return
        market = self.following.market
        self._doors = doors = Doors(self._loop, market, self.keys, self, self.log)
        doors.open()
        doors.orders.begun_after = self.following.beside.epochs.first_seq_unknown_to
        self._refuse()
        self._file.write(
            ports=doors.addresses, server_key=doors.server_key, market=self.config.market.name,
            durability=self.config.market.durability, started_ts_ns=self.started_ts_ns, role=view.ROLE,
        )  # fmt: skip
        self.log.info("the standby shows the market", sequence=market.core.seq, **doors.addresses)

    def _refuse(self) -> None:
        """Orders, and what else would change the market, are for the primary."""
        if self._doors is not None:
            address = "" if self.primary is None else self.primary.address
            self._doors.refuse(refusal(address))
            epoch = self.following.beside.epochs.last
            self._doors.orders.role = {"role": view.ROLE, "primary": address, "epoch": epoch}
            self._doors.orders.role["hears_primary"] = self.view.hears(here.clock.monotonic())

    # ------------------------------------------------------------ following

    async def _follow(self) -> None:
        """One connection after the other."""
        while not self._asked_to_stop.is_set():
            try:
                self.primary = await asyncio.to_thread(look_up, self.of, self._settings, self._token)
                hello = await asyncio.to_thread(self._hello, self.primary.token)
                self.link = Link(self._loop, self.primary, self._settings, self._heard)
                await self.link.run(hello)
                self._lost("the connection to the primary is lost")
            except StandbyError as error:
                if error.code not in PASSING_CODES or not self._has_followed:
                    self._fail(str(error))
                    return
                self._lost(str(error))
            except PASSING as error:
                self._lost(str(error))
            except Exception as error:
                self._fail(f"the standby cannot follow: {error}")
                return
            await asyncio.sleep(TRY_AGAIN_S)

    def _lost(self, why: str) -> None:
        if why != self.trouble:
            self.log.warning("the primary is not followed", why=why)
        self.trouble = why
        self.link = None
        self.promotion.interrupted(why)
        self.view.is_heard = False
        self.following.interrupted()
        self._refuse()

    def _hello(self, token: str) -> Hello:
        """What is here. Blocks."""
        following = self.following
        hello = Hello(
            token,
            STREAM,
            openbell.__version__,
            here.system.uname().nodename,
            self.id,
            from_snapshot=self._from_snapshot,
        )
        if following.segment:
            path = self.data / "journal" / name_of(following.segment)
            hello.market, hello.next_seq = following.market_id.hex(), following.next_seq
            hello.segment, hello.offset = following.segment, following.offset
            deadline_s = here.clock.monotonic() + TRY_AGAIN_S
            while following.mirror.pending_bytes:
                here.clock.sleep(0.001)  # the thread writes what came last
                if here.clock.monotonic() > deadline_s:  # what is said here counts as confirmed
                    raise OSError("the disk is slow: what came last is not on it yet")
            hello.digest = hash_of(path, following.offset).hex()
            hello.epoch = following.beside.epochs.last
        return hello

    def own_address(self) -> str:
        """Of the order port here, for clients."""
        return self._ports().get("orders", "").removeprefix("tcp://")

    def _ports(self) -> dict[str, str]:
        return {} if self._doors is None else dict(self._doors.addresses)

    def _heard(self, body: dict[str, Any], data: bytes) -> None:
        """A frame of the primary. Raises StandbyError, JournalError."""
        what = body.get("what")
        following = self.following
        if what == "data":
            following.take(Chunk(body["segment"], body["offset"], body["size"], body["seq"], data))
        elif what == "beat":
            self._beat(body)
        elif what == "mark":
            following.mark(body["seq"])
        elif what == "hash":
            following.tell_hash(body["seq"], body["hash"])
        elif what == "keys":
            self.keys.take_over(body["files"])
        elif what == "snapshot":
            self._take_snapshot(data)
        elif what == "welcome":
            self._welcome(body)
        elif what == "handed_over":
            self.promotion.handed_over(body["seq"])
        elif what == "stopping":
            self.view.was_stopped = True
            self.log.info("the primary stops in order", sequence=body["seq"])

    def _beat(self, body: dict[str, Any]) -> None:
        core = self.following.core
        self.view.heard(body, core.seq, core.ts_ns, here.clock.monotonic())
        if self.link is not None:
            self.link.say(Pong(body["sent_ns"], core.seq, self._ports()))

    def _welcome(self, body: dict[str, Any]) -> None:
        self.trouble, self._has_followed = "", True
        self.following.received_bytes = 0
        self.view.is_heard, self.view.was_stopped, self.view.durable_seq = True, False, body["durable"]
        self.keys.take_over(body["keys"])
        if body["applied"]:
            write_whole(self.data / APPLIED, body["applied"])
        if self.primary is not None:
            there = self.primary.market
            self._file.tell_others([{name: getattr(there, name) for name in PORTS}])
        self.log.info("the primary is followed", epoch=body["epoch"], from_seq=self.following.next_seq)
        if not self.following.market_id:
            start.leave_mark(self.data)
            self._snapshot_seq, self._snapshot_bytes = body["snapshot_seq"], body["snapshot_bytes"]
            self._snapshot = bytearray()
            self._market_id = bytes.fromhex(body["market"])
            self._begin_when_whole()
        self._refuse()

    def _take_snapshot(self, part: bytes) -> None:
        if self._snapshot is None:
            raise StandbyError("a part of a snapshot came that was not asked for")
        self._snapshot += part
        self.following.received_bytes += len(part)
        self._acknowledge(self.following.mirror.durable_seq)
        self._begin_when_whole()

    def _begin_when_whole(self) -> None:
        if self._snapshot is None or len(self._snapshot) < self._snapshot_bytes:
            return
        snapshot, self._snapshot = bytes(self._snapshot), None
        self.following.begin_with(self._market_id, snapshot)
        self._saving.saved_seq = self._snapshot_seq
        if not self._snapshot_seq:
            self._finish_beginning()

    def _finish_beginning(self) -> None:
        """What is on disk is enough to begin with after a crash."""
        self._snapshot_seq = 0
        mark = self.data / start.FOLDER / start.UNFINISHED
        if files.exists(mark) and start.has_all(self.data):
            start.remove_mark(self.data)

    def _on_durable(self, durable_seq: int) -> None:
        self.status_map.tell_durable(durable_seq)
        self._acknowledge(durable_seq)
        if durable_seq >= self._snapshot_seq and files.exists(self.data / start.FOLDER / start.UNFINISHED):
            start.keep_snapshot(self.data, self._snapshot_seq)
            self._finish_beginning()
        if self._doors is None and self.following.market_id:
            self._loop.call_soon(self._open_doors)

    def _acknowledge(self, durable_seq: int) -> None:
        if self.link is not None:
            self.link.say(Ack(durable_seq, self.following.received_bytes))

    # ------------------------------------------------------------ running

    def _on_timer(self) -> None:
        self._timer = self._loop.call_later(TIMER_S, self._on_timer)
        now_s = here.clock.monotonic()
        self.status_map.applied_seq = self.following.core.seq
        if self._doors is not None:
            self._doors.orders.role["hears_primary"] = self.view.hears(now_s)
            self._doors.sweep(now_s)
        self._saving.save_when_due(now_s)

    def _fail(self, why: str) -> None:
        """It cannot go on."""
        if self.failure is None:
            self.failure = why
            self.log.error("the standby cannot go on", why=why)
        self._asked_to_stop.set()

    async def wait(self) -> None:
        """Until somebody asks for the end, or it cannot go on."""
        await self._asked_to_stop.wait()

    def shut_down(self) -> None:
        """Ask for the end."""
        self._asked_to_stop.set()

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run it beside everything else."""
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def look_out(self) -> None:
        """No commit begins here."""

    # ------------------------------------------------------------ what verbs ask

    def status(self) -> dict[str, Any]:
        """Everything that the verb `status` tells."""
        assert self._doors is not None
        return view.status_of(self, self._doors)

    def sessions(self) -> list[dict[str, Any]]:
        """Who is logged in here."""
        assert self._doors is not None
        return self._doors.sessions()

    async def save(self) -> tuple[str, int]:
        """Write a snapshot of the state now. Raises FrameError."""
        return await self._saving.save()

    async def promote(self, operator: str, reason: str) -> dict[str, Any]:
        """Become the primary, when the answer has left. Raises FrameError."""
        return await self.promotion.ask(operator, reason)

    async def find_trade(self, instrument: int, trade_id: int) -> Facts:
        """The facts of a trade whose command is on disk. Raises TradeNotFound, FinderBusy, SearchTimeout, OSError."""
        return await self._finder.find(instrument, trade_id, self.following.mirror.durable_seq)

    # ------------------------------------------------------------ stop

    async def stop(self) -> None:
        """Stop in order: what came is on disk, the state is saved."""
        if self.failure is None and self.following.market_id:
            await self._saving.save_at_the_end()
        await self._close()
        self.log.info("the standby has stopped", sequence=self.following.core.seq)

    async def become_primary(self) -> Engine:
        """An engine that goes on with what is here, in this process, at the same ports. It is started."""
        began_s, begun = here.clock.monotonic(), self.promotion.begun
        assert begun is not None
        assert self._lock is not None
        addresses = {} if self._doors is None else self._doors.addresses
        numbers = {name: int(address.rpartition(":")[2]) for name, address in addresses.items()}
        lock, self._lock = self._lock, None
        await self._close()
        following = self.following
        warm = Warm(
            following.beside, Recovered(following.core, following.core.seq + 1, following.market_id), lock, begun
        )
        engine = Engine(self.data, configuration.replace(self.config, "ports", **numbers), self.log, warm)
        await engine.start()
        self.log.warning(
            "the standby is the primary", seconds=round(here.clock.monotonic() - began_s, 3),
            since_heard=round(here.clock.monotonic() - self.view.heard_s, 3),
        )  # fmt: skip
        return engine

    async def _close(self) -> None:
        self._asked_to_stop.set()
        if hasattr(self, "promotion"):
            await self.promotion.end()
        if self._timer is not None:
            self._timer.cancel()
        if hasattr(self, "_saving"):
            self._saving.end()
        if self._following_task is not None:
            self._following_task.cancel()
            await asyncio.gather(self._following_task, return_exceptions=True)
        if self._doors is not None:
            self._doors.orders.leave_streams()
            self._doors.close()
            self._doors = None
        if hasattr(self, "following"):
            try:
                await self.following.close()
            except JournalError as error:
                self.failure = self.failure or str(error)
        if self._lock is not None:
            self._file.remove()
            self._lock.release()
            self._lock = None


async def serve(standby: Standby) -> int:
    """Run a standby until a signal or a verb ends it. Returns the exit code."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, standby.shut_down)
    await standby.start()
    await standby.wait()
    if standby.promotion.begun is not None and standby.failure is None:
        engine = await standby.become_primary()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, engine.shut_down)
        return await run(engine)
    await standby.stop()
    if standby.failure is not None:
        print(f"openbell standby: {standby.failure}", file=sys.stderr, flush=True)
        return 1
    return 0
